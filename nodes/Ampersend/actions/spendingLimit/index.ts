import type { Resource } from '../operation';
import { get } from './get.operation';
import { getMany } from './getMany.operation';
import { update } from './update.operation';

export const spendingLimit: Resource = {
	option: {
		name: 'Spending Limit',
		value: 'spendingLimit',
		description:
			'How much an agent can spend in a day, in a month and in one payment, and auto top-up',
	},
	operations: [get, getMany, update],
};
