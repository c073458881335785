import type { Resource } from '../operation';
import { get } from './get.operation';
import { update } from './update.operation';

export const allowlist: Resource = {
	option: { name: 'Allowlist', value: 'allowlist' },
	operations: [get, update],
};
