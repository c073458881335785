import { getManyOperation } from '../history';
import { transactions } from './history';

export const getMany = getManyOperation(transactions, {
	action: 'Get many transactions',
	description: 'List what agents earned and spent, newest first',
});
