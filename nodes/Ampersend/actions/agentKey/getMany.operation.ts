import { listAgentKeys } from '../../api/lists/accountLists';
import { take } from '../../api/lists/take';
import { agentLocator } from '../../descriptions/locators';
import { pagingFields, readLimit } from '../../descriptions/paging';
import { parseLocator } from '../../domain/address';
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

	async execute({ client, read }) {
		const address = read(agentLocator, parseLocator);
		const keys = await take(listAgentKeys(client, address), readLimit(read));
		return keys.map((key) => toAgentKeyOutput(address, key));
	},
};
