import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toAllowlistOutput } from './output';

export const get: Operation = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get an allowlist',
		description: 'Read the sellers that an agent may pay',
	},
	fields: [agentLocator],

	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const sellers = await send(client, routes.getAllowlist, { path: { address } });
		return toItems([toAllowlistOutput(address, sellers)]);
	},
};
