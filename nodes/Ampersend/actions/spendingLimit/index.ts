import type { Resource } from '../operation';
import { get } from './get.operation';
import { update } from './update.operation';

export const spendingLimit: Resource = {
	option: { name: 'Spending Limit', value: 'spendingLimit' },
	operations: [get, update],
};
