import type { IBuilderHint } from 'n8n-workflow';

const VALUES =
	'Amounts are texts in USDC with up to 6 decimals, such as "25.50". Agents, keys and sellers ' +
	'are addresses: 0x and 40 hexadecimal digits.';

/** What n8n's AI workflow builders read of the action node. */
export const builderHint: IBuilderHint = {
	searchHint:
		'Wallets of AI agents that pay with USDC (x402). Get, Get Many, Export, Summarize and ' +
		'Reconcile only read. Create, Add, Update, Revoke, Delete and Rotate change an account that ' +
		`holds money: use them only if the user asks for it. ${VALUES}`,
	relatedNodes: [
		{
			nodeType: 'n8n-nodes-ampersend.ampersendTrigger',
			relationHint: 'Starts a workflow on payments: use it in place of Get Many on a schedule',
		},
		{
			nodeType: 'n8n-nodes-base.httpRequest',
			relationHint: 'Calls the seller: before Payment: Authorize, and after it with the header',
		},
		{
			nodeType: 'n8n-nodes-base.googleSheets',
			relationHint: 'Takes the rows of Transaction: Get Many; match them by ID',
		},
	],
};

/** The same of the trigger. */
export const triggerBuilderHint: IBuilderHint = {
	searchHint:
		'Starts a workflow when a payment of an AI agent arrives, settles, fails or is denied, or ' +
		`when its balance is low or its budget used. ${VALUES}`,
	relatedNodes: [
		{ nodeType: 'n8n-nodes-ampersend.ampersend', relationHint: 'Reads or changes agents' },
		{ nodeType: 'n8n-nodes-base.slack', relationHint: 'Tells people about a payment' },
		{
			nodeType: 'n8n-nodes-base.googleSheets',
			relationHint: 'Appends or updates a row for each event; match by eventId',
		},
	],
};
