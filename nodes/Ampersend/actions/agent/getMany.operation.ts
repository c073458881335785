import { listAgents, take } from '../../api/paginate';
import { pagingFields, readLimit } from '../../descriptions/paging';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toAgentOutput } from './output';

export const getMany: Operation = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many agents',
		description: 'List the agents of the account with their balances',
	},
	fields: pagingFields,

	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const agents = await take(listAgents(client), readLimit(n8n, itemIndex));
		return toItems(agents.map(toAgentOutput));
	},
};
