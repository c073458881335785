import { readTransactions } from '../../api/lists/merge';
import { transactionFilters } from '../../descriptions/historyFilters';
import { simplifiedTransaction, transactionOutput } from '../../outputs/transaction';
import { historyOperations } from '../history';
import type { Resource } from '../operation';
import { reconcile } from './reconcile.operation';
import { summarize } from './summarize.operation';

const operations = historyOperations({
	noun: 'transactions',
	fileName: 'transactions',
	filters: transactionFilters,
	readRows: readTransactions,
	output: transactionOutput,
	simplified: simplifiedTransaction,
	getMany: {
		action: 'Get many transactions',
		description: 'List what agents earned and spent, newest first',
	},
	export: {
		action: 'Export transactions',
		description: 'Write what agents earned and spent to a file, newest first',
	},
});

export const transaction: Resource = {
	option: {
		name: 'Transaction',
		value: 'transaction',
		description: 'What an agent earned or spent, settled or not, with its direction',
	},
	operations: [...operations, reconcile, summarize],
};
