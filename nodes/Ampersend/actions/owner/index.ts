import type { Resource } from '../operation';
import { get } from './get.operation';

export const owner: Resource = {
	option: { name: 'Owner', value: 'owner' },
	operations: [get],
};
