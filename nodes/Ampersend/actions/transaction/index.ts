import type { Resource } from '../operation';
import { exportTransactions } from './export.operation';
import { getMany } from './getMany.operation';
import { summarize } from './summarize.operation';

export const transaction: Resource = {
	option: { name: 'Transaction', value: 'transaction' },
	operations: [exportTransactions, getMany, summarize],
};
