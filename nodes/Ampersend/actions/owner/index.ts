import type { Resource } from '../operation';
import { get } from './get.operation';

export const owner: Resource = {
	option: {
		name: 'Owner',
		value: 'owner',
		description: 'The account that owns the agent, and its wallet',
	},
	operations: [get],
};
