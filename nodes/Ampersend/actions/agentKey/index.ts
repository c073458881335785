import type { Resource } from '../operation';
import { add } from './add.operation';
import { getMany } from './getMany.operation';
import { revoke } from './revoke.operation';

export const agentKey: Resource = {
	option: { name: 'Agent Key', value: 'agentKey' },
	operations: [add, getMany, revoke],
};
