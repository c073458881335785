import type { Resource } from '../operation';
import { exportTransactions } from './export.operation';
import { getMany } from './getMany.operation';
import { summarize } from './summarize.operation';

export const transaction: Resource = {
	option: {
		name: 'Transaction',
		value: 'transaction',
		description: 'What an agent earned or spent, settled or not, with its direction',
	},
	operations: [exportTransactions, getMany, summarize],
};
