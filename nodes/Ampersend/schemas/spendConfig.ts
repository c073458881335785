import * as z from 'zod/v4-mini';

import { eachLimit } from '../domain/limits';
import { address, ifFits, micro, signedMicro, timestamp } from './common';

/** What is sent: every field, always. Limits in micro-USDC, `null` for no limit. */
export const spendConfigInput = z.object({
	auto_topup_allowed: z.boolean(),
	...eachLimit('wire', () => z.nullable(micro)),
});

/** Source: SDK, agent.ts: AgentSpendConfigDTO. */
export const spendConfig = z.looseObject({
	agent_address: z.optional(address),
	...spendConfigInput.shape,
	/**
	 * What is left of the limits, null for no limit. Only in an agent's session. Below 0 if more is
	 * used than a limit that was lowered.
	 */
	daily_remaining_usdc_micro: z.optional(z.nullable(signedMicro)),
	monthly_remaining_usdc_micro: z.optional(z.nullable(signedMicro)),
	created_at: ifFits(z.optional(timestamp)),
	updated_at: ifFits(z.optional(timestamp)),
});

export type SpendConfig = z.infer<typeof spendConfig>;
export type SpendConfigInput = z.infer<typeof spendConfigInput>;

/** What an agent without any settings has. */
export const unsetSpendConfig: SpendConfigInput = {
	auto_topup_allowed: false,
	...eachLimit('wire', () => null),
};
