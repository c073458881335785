import * as z from 'zod/v4-mini';

import { address, micro, timestamp } from './common';

/** Source: SDK, agent.ts: AgentAutoCollectConfigDTO. */
export const autoCollect = z.looseObject({
	agent_address: z.optional(address),
	enabled: z.boolean(),
	target_address: z.nullable(address),
	threshold: micro,
	minimum_remaining: z.nullable(micro),
	created_at: z.optional(timestamp),
	updated_at: z.optional(timestamp),
});

export type AutoCollect = z.infer<typeof autoCollect>;

/** What is sent: every field, always. Amounts in micro-USDC. */
export type AutoCollectInput = Pick<
	AutoCollect,
	'enabled' | 'target_address' | 'threshold' | 'minimum_remaining'
>;
