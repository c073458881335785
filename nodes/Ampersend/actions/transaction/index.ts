import type { Resource } from '../operation';
import { exportTransactions } from './export.operation';
import { getMany } from './getMany.operation';

export const transaction: Resource = {
	option: { name: 'Transaction', value: 'transaction' },
	operations: [exportTransactions, getMany],
};
