import { listAgentKeys, take } from '../../api/paginate';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { pagingFields, readLimit } from '../../descriptions/paging';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toAgentKeyOutput } from './output';

export const getMany: Operation = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many agent keys',
		description: 'List the keys that may act for an agent',
	},
	fields: [agentLocator, ...pagingFields],

	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const keys = await take(listAgentKeys(client, address), readLimit(n8n, itemIndex));
		return toItems(keys.map((key) => toAgentKeyOutput(address, key)));
	},
};
