import { readTransactions } from '../../api/history';
import { transactionFilters } from '../../descriptions/historyFilters';
import { toTransactionOutput } from './output';

export const transactions = {
	fileName: 'transactions',
	filters: transactionFilters,
	read: readTransactions,
	toOutput: toTransactionOutput,
	columns: [
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
	],
} as const;
