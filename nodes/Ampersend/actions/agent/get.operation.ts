import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toAgentOutput } from './output';

export const get: Operation = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get an agent',
		description: 'Read one agent with its balance',
	},
	fields: [agentLocator],

	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		return toItems([toAgentOutput(await send(client, routes.getAgent, { path: { address } }))]);
	},
};
