import * as z from 'zod/v4-mini';

import { address, ifFits, timestamp } from './common';

/** Source: SDK, management.ts: AgentResponse. */
export const agent = z.looseObject({
	address,
	name: z.string(),
	balance: z.string(),
	/** The trigger tells a new agent by it. */
	createdAt: timestamp,
	updatedAt: ifFits(timestamp),
});

export type Agent = z.infer<typeof agent>;
