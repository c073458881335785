import { getApprovalOperation } from '../approval';
import type { Resource } from '../operation';
import { create } from './create.operation';
import { get } from './get.operation';
import { getMany } from './getMany.operation';
import { requestApproval } from './requestApproval.operation';
import { update } from './update.operation';

export const agent: Resource = {
	option: {
		name: 'Agent',
		value: 'agent',
		description: 'An AI agent whose wallet pays and earns USDC',
	},
	operations: [create, get, getApprovalOperation('agent'), getMany, requestApproval, update],
};
