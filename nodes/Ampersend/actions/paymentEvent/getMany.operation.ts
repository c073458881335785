import { readPaymentEvents } from '../../api/history';
import { agentScopeFields } from '../../descriptions/agentScope';
import { paymentEventFilters } from '../../descriptions/history';
import { pagingFields, readLimit } from '../../descriptions/paging';
import { readHistoryQuery } from '../historyQuery';
import type { RowOperation } from '../operation';

export const getMany: RowOperation = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many payment events',
		description: 'List the payments that agents made or tried to make, newest first',
	},
	fields: [...agentScopeFields, ...pagingFields, paymentEventFilters],

	async execute(context) {
		const limit = readLimit(context.n8n, context.itemIndex);
		const query = await readHistoryQuery(context, Date.now());
		return await readPaymentEvents(context.client, { ...query, limit });
	},
};
