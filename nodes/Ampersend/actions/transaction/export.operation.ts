import { readTransactions } from '../../api/history';
import { agentScopeFields } from '../../descriptions/agentScope';
import { fileFields, readFileTarget, writeFile } from '../../descriptions/file';
import { transactionFilters } from '../../descriptions/history';
import type { Transaction } from '../../domain/transaction';
import { readHistoryQuery } from '../historyQuery';
import type { FileOperation } from '../operation';

/** Columns of the CSV file, in order. */
const columns = [
	'occurredAt',
	'agentName',
	'agentAddress',
	'direction',
	'amountUsdc',
	'amountUsdcMicro',
	'status',
	'counterparty',
	'transactionHash',
	'explorerUrl',
	'chain',
	'id',
] as const satisfies Array<keyof Transaction>;

export const exportTransactions: FileOperation = {
	option: {
		name: 'Export',
		value: 'export',
		action: 'Export transactions',
		description: 'Write what agents earned and spent into a file, newest first',
	},
	fields: [...agentScopeFields, transactionFilters, ...fileFields],

	async exportFile(context) {
		const now = Date.now();
		const file = readFileTarget(context, 'transactions', now);
		const query = await readHistoryQuery(context, now);
		const rows = await readTransactions(context.client, { ...query, limit: Infinity });
		return await writeFile(context.n8n, file, { rows, columns, ...query });
	},
};
