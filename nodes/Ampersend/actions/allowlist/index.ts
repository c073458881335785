import type { Resource } from '../operation';
import { get } from './get.operation';
import { update } from './update.operation';

export const allowlist: Resource = {
	option: {
		name: 'Allowlist',
		value: 'allowlist',
		description: 'The sellers that an agent can pay',
	},
	operations: [get, update],
};
