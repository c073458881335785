import { listAgentKeys } from '../../api/lists/accountLists';
import { take } from '../../api/lists/take';
import { agentLocator } from '../../descriptions/locators';
import { hintAtLimit, pagingFields, readLimit } from '../../descriptions/paging';
import { parseLocator } from '../../domain/address';
import { agentKeyOutput } from '../../outputs/agentKey';
import type { RowOperation } from '../operation';

export const getMany: RowOperation<typeof agentKeyOutput.schema> = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many agent keys',
		description: 'List the keys that can act for the agent',
	},
	fields: [agentLocator, ...pagingFields],
	output: agentKeyOutput.schema,

	async execute({ n8n, client, read, hint }) {
		const address = read(agentLocator, parseLocator);
		const limit = readLimit(read);
		const keys = await take(listAgentKeys(client, address), limit);
		hintAtLimit(keys, limit, 'agent keys', { n8n, hint });
		return keys.map((key) => agentKeyOutput.of(key, { agentAddress: address }));
	},
};
