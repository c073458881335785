import * as z from 'zod/v4-mini';

import { address, timestamp } from './common';

/** Source: SDK, management.ts: AgentResponse. */
export const agent = z.looseObject({
	address,
	name: z.string(),
	balance: z.string(),
	createdAt: timestamp,
	updatedAt: timestamp,
});

export type Agent = z.infer<typeof agent>;
