import { readTransactions } from '../../api/lists/merge';
import { transactionFilters } from '../../descriptions/historyFilters';
import { simplifiedTransaction, toTransactionOutput, transactionOutput } from './output';

export const transactions = {
	noun: 'transactions',
	fileName: 'transactions',
	filters: transactionFilters,
	readRows: readTransactions,
	output: transactionOutput,
	simplified: simplifiedTransaction,
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
