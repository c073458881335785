import * as z from 'zod/v4-mini';

import { address, ifFits, micro, timestamp } from './common';

/** What is sent: every field, always. Amounts in micro-USDC. */
export const autoCollectInput = z.object({
	enabled: z.boolean(),
	target_address: z.nullable(address),
	threshold: micro,
	minimum_remaining: z.nullable(micro),
});

/** Source: SDK, agent.ts: AgentAutoCollectConfigDTO. */
export const autoCollect = z.looseObject({
	agent_address: z.optional(address),
	...autoCollectInput.shape,
	created_at: ifFits(z.optional(timestamp)),
	updated_at: ifFits(z.optional(timestamp)),
});

export type AutoCollect = z.infer<typeof autoCollect>;
export type AutoCollectInput = z.infer<typeof autoCollectInput>;
