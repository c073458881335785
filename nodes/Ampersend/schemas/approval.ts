import * as z from 'zod/v4-mini';

import { address } from './common';

const text = z.string().check(z.minLength(1));

/** Where an owner approves a new agent or agent key. Source: SDK, types.ts: ApprovalResponse. */
export const approvalRequest = z.looseObject({
	token: text,
	status_url: text,
	user_approve_url: text,
});

/** What became of a request. Source: SDK, types.ts: ApprovalStatus. */
export const approval = z.looseObject({
	/** `pending`, `resolved`, `rejected`, `blocked`, or one that is new. */
	status: text,
	/** Only if resolved. */
	agent: z.optional(
		z.nullable(z.looseObject({ address, agent_key_address: z.optional(z.nullable(address)) })),
	),
	/** ISO 8601; absent while it is pending. */
	resolved_at: z.optional(z.nullable(z.string())),
});

export type ApprovalRequest = z.infer<typeof approvalRequest>;
export type Approval = z.infer<typeof approval>;
