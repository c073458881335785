import type { Address } from '../domain/address';
import { verificationCodeOf } from '../domain/address';
import type { Approval, ApprovalRequest } from '../schemas/approval';
import { outputOf, outputsOf, text, textOrNull } from './output';

const request = outputsOf<ApprovalRequest, { agentKeyAddress: Address }>();

export const approvalRequestOutput = outputOf({
	/** Six digits that the dashboard shows, too: the owner compares them. */
	verificationCode: request.computed(text, (_, { agentKeyAddress }) =>
		verificationCodeOf(agentKeyAddress),
	),
	agentKeyAddress: request.computed(text, (_, { agentKeyAddress }) => agentKeyAddress),
	/** Where the owner approves, in a browser. */
	approveUrl: request.copied('user_approve_url', text),
	/** Null if it isn't a link. */
	statusUrl: request.copied('status_url', textOrNull),
	/** For Get Approval. */
	token: request.copied('token', text),
});

const { computed, copied } = outputsOf<Approval>();

export const approvalOutput = outputOf({
	/** `pending`, `resolved`, `rejected`, `blocked`, or one that is new. */
	status: copied('status', text),
	/** ISO 8601; null while it is pending. */
	resolvedAt: computed(textOrNull, ({ resolved_at }) => resolved_at ?? null, 'resolved_at'),
	/** Of the agent that is new or has the new key; null unless resolved. */
	agentAddress: computed(textOrNull, ({ agent }) => agent?.address ?? null, 'agent'),
	agentKeyAddress: computed(textOrNull, ({ agent }) => agent?.agent_key_address ?? null),
});
