import type { Resource } from '../operation';
import { get } from './get.operation';
import { update } from './update.operation';

export const autoCollect: Resource = {
	option: { name: 'Auto-Collect', value: 'autoCollect' },
	operations: [get, update],
};
