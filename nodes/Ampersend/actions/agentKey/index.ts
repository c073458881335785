import { getApprovalOperation } from '../approval';
import type { Resource } from '../operation';
import { add } from './add.operation';
import { getMany } from './getMany.operation';
import { requestApproval } from './requestApproval.operation';
import { revoke } from './revoke.operation';

export const agentKey: Resource = {
	option: {
		name: 'Agent Key',
		value: 'agentKey',
		description: 'A key that can act for an agent and spend its USDC',
	},
	operations: [add, getApprovalOperation('agent key'), getMany, requestApproval, revoke],
};
