import * as z from 'zod/v4-mini';

import { address, micro, timestamp } from './common';

const limit = z.nullable(micro);

/** Source: SDK, agent.ts: AgentSpendConfigDTO; `null` means unlimited. */
export const spendConfig = z.looseObject({
	agent_address: z.optional(address),
	auto_topup_allowed: z.boolean(),
	daily_limit: limit,
	monthly_limit: limit,
	per_transaction_limit: limit,
	created_at: z.optional(timestamp),
	updated_at: z.optional(timestamp),
});

export type SpendConfig = z.infer<typeof spendConfig>;

/** What is sent: every field, always. Limits in micro-USDC, `null` for unlimited. */
export type SpendConfigInput = Pick<
	SpendConfig,
	'auto_topup_allowed' | 'daily_limit' | 'monthly_limit' | 'per_transaction_limit'
>;
