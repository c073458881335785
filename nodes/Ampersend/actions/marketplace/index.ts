import type { Resource } from '../operation';
import { get } from './get.operation';
import { search } from './search.operation';

export const marketplace: Resource = {
	option: {
		name: 'Marketplace',
		value: 'marketplace',
		description: 'Agents that sell something to other agents',
	},
	operations: [get, search],
};
