import { readTransactions } from '../../api/history';
import { agentScopeFields } from '../../descriptions/agentScope';
import { transactionFilters } from '../../descriptions/history';
import { pagingFields, readLimit } from '../../descriptions/paging';
import { readHistoryQuery } from '../historyQuery';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';

export const getMany: Operation = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many transactions',
		description: 'List what agents earned and spent, newest first',
	},
	fields: [...agentScopeFields, ...pagingFields, transactionFilters],

	async execute(context): Promise<OperationOutput[]> {
		const limit = readLimit(context.n8n, context.itemIndex);
		const query = await readHistoryQuery(context, Date.now());
		return toItems(await readTransactions(context.client, { ...query, limit }));
	},
};
