import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator, readAgent } from '../../descriptions/locators';
import { allowlistOutput, toAllowlistOutput } from '../../outputs/allowlist';
import type { RowOperation } from '../operation';

export const get: RowOperation<typeof allowlistOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get allowlist',
		description: 'Get the addresses of the sellers that the agent can pay',
	},
	inSession: 'also',
	fields: [agentLocator],
	output: allowlistOutput,

	async execute(context) {
		const { client } = context;
		const address = readAgent(context);
		const sellers = await send(client, routes.getAllowlist, { path: { address } });
		return toAllowlistOutput(address, sellers);
	},
};
