import { readTransactions } from '../../api/history';
import { agentScopeFields } from '../../descriptions/agentScope';
import { transactionFilters } from '../../descriptions/history';
import { pagingFields, readLimit } from '../../descriptions/paging';
import { readHistoryQuery } from '../historyQuery';
import type { RowOperation } from '../operation';

export const getMany: RowOperation = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many transactions',
		description: 'List what agents earned and spent, newest first',
	},
	fields: [...agentScopeFields, ...pagingFields, transactionFilters],

	async execute(context) {
		const limit = readLimit(context.n8n, context.itemIndex);
		const query = await readHistoryQuery(context, Date.now());
		return await readTransactions(context.client, { ...query, limit });
	},
};
