import * as z from 'zod/v4-mini';

import { address, timestamp } from './common';

/** Assumed: nothing public shows the shape of an agent key. */
export const agentKey = z.looseObject({
	address,
	name: z.optional(z.nullable(z.string())),
	created_at: z.optional(timestamp),
});

export type AgentKey = z.infer<typeof agentKey>;
