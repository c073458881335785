import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { RowOperation } from '../operation';
import { agentOutput, toAgentOutput } from './output';

export const get: RowOperation<typeof agentOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get agent',
		description: 'Get an agent and its balance',
	},
	fields: [agentLocator],
	output: agentOutput,

	async execute({ n8n, client, itemIndex }) {
		const address = readLocator(n8n, agentLocator, itemIndex);
		return toAgentOutput(await send(client, routes.getAgent, { path: { address } }));
	},
};
