import type { Resource } from '../operation';
import { create } from './create.operation';
import { get } from './get.operation';
import { getMany } from './getMany.operation';
import { update } from './update.operation';

export const agent: Resource = {
	option: { name: 'Agent', value: 'agent' },
	operations: [create, get, getMany, update],
};
