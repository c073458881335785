import * as z from 'zod/v4-mini';

import { address, micro, timestamp } from './common';

/**
 * Amount of an activity row, in micro-USDC (assumed: the SDK does not name the unit). A number that
 * is no safe integer has already lost digits, so it is refused rather than shown.
 */
const activityAmount = z.union([
	z.number().check(
		z.refine((value) => Number.isSafeInteger(value) && value >= 0, 'is not whole micro-USDC'),
	),
	micro,
]);

/** A transaction, earned or spent. Source: SDK, agent.ts: UnifiedAgentActivityDTO. The statuses are an open set. */
export const activity = z.looseObject({
	type: z.enum(['earn', 'spend']),
	id: z.string().check(z.minLength(1)),
	agent_address: address,
	receiver: address,
	amount: activityAmount,
	status: z.string().check(z.minLength(1)),
	timestamp,
	tx_hash: z.nullable(z.string()),
	chain_caip2id: z.nullable(z.string()),
});

export type Activity = z.infer<typeof activity>;

export const activityPage = z.looseObject({
	activity: z.array(activity),
	hasNextPage: z.boolean(),
	totalCount: z.number().check(z.int(), z.nonnegative()),
});
