import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { formatUsdc, parsePositiveUsdc } from '../../domain/money';
import { readChoice } from '../../domain/parameter';
import { fundingLinkOutput } from '../../outputs/owner';
import type { RowOperation } from '../operation';

const amountField = { displayName: 'Amount (USDC)', name: 'amount' } as const;
const destinationField = { displayName: 'Destination', name: 'destination' } as const;

/**
 * The amount in USDC as the service wants it (SDK, agent-client.ts: above 0, at most six decimals,
 * no leading zeros); undefined for none.
 */
function parseAmount(parameter: string, value: unknown): string | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	const advice = 'Enter an amount above 0, or leave it empty to let the owner choose.';
	return formatUsdc(parsePositiveUsdc(parameter, value, advice));
}

export const get: RowOperation<typeof fundingLinkOutput.schema> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get funding link',
		description:
			'Get a link to the page where the owner can add USDC to the agent. This moves no money.',
	},
	inSession: 'only',
	fields: [
		{
			...amountField,
			type: 'string',
			default: '',
			placeholder: 'e.g. 25.50',
			description: 'Fills in the amount on the page. Leave it empty to let the owner choose.',
		},
		{
			...destinationField,
			type: 'options',
			options: [
				{ name: 'Agent', value: 'agent', description: "The agent's own balance" },
				{ name: 'Main Account', value: 'main', description: "The owner's main account" },
			],
			default: 'agent',
			description: 'Where the USDC goes',
		},
	],
	output: fundingLinkOutput.schema,

	async execute({ client, read }) {
		const amount = read(amountField, parseAmount);
		const destination = read(destinationField, (parameter, value) =>
			readChoice(parameter, value, ['agent', 'main'], 'agent'),
		);
		const query = { ...(amount !== undefined && { amount }), destination };
		return fundingLinkOutput.of(await send(client, routes.getFundingLink, { path: {}, query }));
	},
};
