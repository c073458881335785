import * as z from 'zod/v4-mini';

import { isToken } from '../domain/identifier';
import { address, ifFits, link, someText } from './common';

/** Where an owner approves a new agent or agent key. Source: SDK, types.ts: ApprovalResponse. */
export const approvalRequest = z.looseObject({
	/** Get Approval has to take it. */
	token: someText.check(z.refine(isToken, 'has an unexpected format')),
	status_url: ifFits(link),
	user_approve_url: link,
});

/** What became of a request. Source: SDK, types.ts: ApprovalStatus. */
export const approval = z.looseObject({
	/** `pending`, `resolved`, `rejected`, `blocked`, or one that is new. */
	status: someText,
	/** Only if resolved. */
	agent: z.optional(
		z.nullable(z.looseObject({ address, agent_key_address: ifFits(z.optional(address)) })),
	),
	/** ISO 8601; absent while it is pending. */
	resolved_at: ifFits(z.optional(z.string())),
});

export type ApprovalRequest = z.infer<typeof approvalRequest>;
export type Approval = z.infer<typeof approval>;
