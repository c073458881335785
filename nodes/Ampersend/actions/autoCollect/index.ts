import type { Resource } from '../operation';
import { get } from './get.operation';
import { update } from './update.operation';

export const autoCollect: Resource = {
	option: {
		name: 'Auto-Collect',
		value: 'autoCollect',
		description: "When and where an agent's earnings are collected",
	},
	operations: [get, update],
};
