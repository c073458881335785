import * as z from 'zod/v4-mini';

import { address, ifFits, timestamp } from './common';

/** Assumed: nothing public shows the shape of an agent key. */
export const agentKey = z.looseObject({
	address,
	name: z.optional(ifFits(z.string())),
	created_at: z.optional(ifFits(timestamp)),
});

export type AgentKey = z.infer<typeof agentKey>;
