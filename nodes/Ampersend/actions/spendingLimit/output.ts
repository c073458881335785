import * as z from 'zod/v4-mini';

import type { Address } from '../../domain/address';
import { withFurther } from '../../domain/json';
import { amountFields, amountShape } from '../../domain/money';
import { toIsoOrNull } from '../../domain/time';
import type { SpendConfig } from '../../schemas/spendConfig';

const text = z.nullable(z.string());

/** Limits as they leave the node; null is no limit. Fields that the service adds follow unchanged. */
export const spendingLimitOutput = z.object({
	agentAddress: z.string(),
	/** False where the agent has no limits yet. */
	configured: z.boolean(),
	autoTopUp: z.boolean(),
	...amountShape({ dailyLimit: text, monthlyLimit: text, perTransactionLimit: text }),
	createdAt: text,
	updatedAt: text,
});

/** @param config undefined where the agent has no limits yet */
export function toSpendingLimitOutput(
	agentAddress: Address,
	config: SpendConfig | undefined,
): z.infer<typeof spendingLimitOutput> {
	const {
		agent_address = agentAddress,
		auto_topup_allowed = false,
		daily_limit = null,
		monthly_limit = null,
		per_transaction_limit = null,
		created_at,
		updated_at,
		...further
	}: Partial<SpendConfig> = config ?? {};
	return withFurther<z.infer<typeof spendingLimitOutput>>(
		{
			agentAddress: agent_address,
			configured: config !== undefined,
			autoTopUp: auto_topup_allowed,
			...amountFields({
				dailyLimit: daily_limit,
				monthlyLimit: monthly_limit,
				perTransactionLimit: per_transaction_limit,
			}),
			createdAt: toIsoOrNull(created_at),
			updatedAt: toIsoOrNull(updated_at),
		},
		further,
	);
}
