import type { INodeProperties, IPollFunctions } from 'n8n-workflow';

/** The events that the known statuses of an activity row give (SDK, agent.ts); the set is open. */
export const eventsField: INodeProperties = {
	displayName: 'Trigger On',
	name: 'events',
	type: 'multiOptions',
	options: [
		{
			name: 'Payment Authorized',
			value: 'payment.authorized',
			description: 'An agent was allowed to pay; the payment is not settled yet',
		},
		{
			name: 'Payment Denied',
			value: 'payment.denied',
			description: 'A payment was not allowed, e.g. by a limit or the allowlist',
		},
		{
			name: 'Payment Failed',
			value: 'payment.failed',
			description: 'A payment was tried and did not go through',
		},
		{
			name: 'Payment Received',
			value: 'payment.received',
			description: 'An agent was paid',
		},
		{
			name: 'Payment Settled',
			value: 'payment.settled',
			description: 'A payment of an agent is final',
		},
	],
	default: [],
	description:
		'Which payment events start the workflow. None selected means every one, those of statuses that Ampersend adds later included.',
};

/** Names of the wanted events, e.g. `payment.denied`; empty for all. An expression may leave `payment.` out. */
export function readEvents(context: IPollFunctions): string[] {
	const value: unknown = context.getNodeParameter(eventsField.name, []);
	return (Array.isArray(value) ? value : [value])
		.flatMap((entry) => String(entry ?? '').split(/[\s,]+/))
		.filter((name) => name !== '')
		.map((name) => (name.startsWith('payment.') ? name : `payment.${name}`));
}
