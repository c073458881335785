import * as z from 'zod/v4-mini';

import { address, someText } from './common';

/** Where an owner approves a new agent or agent key. Source: SDK, types.ts: ApprovalResponse. */
export const approvalRequest = z.looseObject({
	token: someText,
	status_url: someText,
	user_approve_url: someText,
});

/** What became of a request. Source: SDK, types.ts: ApprovalStatus. */
export const approval = z.looseObject({
	/** `pending`, `resolved`, `rejected`, `blocked`, or one that is new. */
	status: someText,
	/** Only if resolved. */
	agent: z.optional(
		z.nullable(z.looseObject({ address, agent_key_address: z.optional(z.nullable(address)) })),
	),
	/** ISO 8601; absent while it is pending. */
	resolved_at: z.optional(z.nullable(z.string())),
});

export type ApprovalRequest = z.infer<typeof approvalRequest>;
export type Approval = z.infer<typeof approval>;
