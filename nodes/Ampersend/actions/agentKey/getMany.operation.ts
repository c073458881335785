import { listAgentKeys } from '../../api/lists/accountLists';
import { take } from '../../api/lists/take';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { pagingFields, readLimit } from '../../descriptions/paging';
import type { RowOperation } from '../operation';
import { agentKeyOutput, toAgentKeyOutput } from './output';

export const getMany: RowOperation<typeof agentKeyOutput> = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many agent keys',
		description: 'List the keys that can act for the agent',
	},
	fields: [agentLocator, ...pagingFields],
	output: agentKeyOutput,

	async execute({ n8n, client, itemIndex }) {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const keys = await take(listAgentKeys(client, address), readLimit(n8n, itemIndex));
		return keys.map((key) => toAgentKeyOutput(address, key));
	},
};
