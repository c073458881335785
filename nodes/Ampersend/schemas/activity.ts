import * as z from 'zod/v4-mini';

import { address, ifFits, micro, sentTime, someCount, someText } from './common';
import { whatSaysMore } from './envelope';
import { withoutProofs } from './proofs';

/**
 * An amount in micro-USDC (assumed: the SDK does not name the unit), as a number or as text. A
 * number that is no safe integer has already lost digits, so it is rejected rather than shown.
 */
export const wholeMicro = z.union([
	micro,
	z
		.number()
		.check(
			z.refine((value) => Number.isSafeInteger(value) && value >= 0, 'is not whole micro-USDC'),
		),
]);

/**
 * A transaction. Source: SDK, agent.ts: UnifiedAgentActivityDTO. The types (`earn` and `spend` are
 * known) and the statuses are open sets: one that is new must not keep the others from being read.
 */
const activity = z
	.looseObject({
		type: someText,
		id: someText,
		agent_address: address,
		/** Null where it isn't known: such a row is still a payment. */
		receiver: ifFits(address),
		amount: wholeMicro,
		status: someText,
		/** As it was sent: the trigger shows the row. */
		timestamp: sentTime,
		tx_hash: ifFits(z.string()),
		chain_caip2id: ifFits(z.string()),
	})
	.check(z.overwrite(withoutProofs));

export type Activity = z.infer<typeof activity>;

export const activityPage = z
	.looseObject({
		activity: z.array(activity),
		hasNextPage: z.boolean(),
		/** Saves requests only: nothing rests on it. */
		totalCount: z.catch(z.optional(someCount), undefined),
	})
	.check(
		// A cursor also says that more rows follow. Which rows a count is of is known only to who asks.
		z.overwrite((page) => ({
			...page,
			hasNextPage: whatSaysMore(page, page.activity.length, Infinity) !== undefined,
		})),
	);
