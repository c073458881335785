import { exportOperation } from '../history';
import { transactions } from './history';

export const exportTransactions = exportOperation(transactions, {
	action: 'Export transactions',
	description: 'Write what agents earned and spent to a file, newest first',
});
