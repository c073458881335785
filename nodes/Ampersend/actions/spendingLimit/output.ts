import * as z from 'zod/v4-mini';

import type { Address } from '../../domain/address';
import { withRest } from '../../domain/json';
import { eachLimit } from '../../domain/limits';
import { amountFields, amountShape } from '../../domain/money';
import { simplifiedTo } from '../../domain/simplify';
import { toIsoOrNull } from '../../domain/time';
import type { SpendConfig } from '../../schemas/spendConfig';
import { spendConfig, unsetSpendConfig } from '../../schemas/spendConfig';

const text = z.nullable(z.string());

/** Limits as they leave the node; null: no limit. Fields that the service adds follow unchanged. */
export const spendingLimitOutput = z.object({
	agentAddress: z.string(),
	/** False where the agent has no limits yet. */
	configured: z.boolean(),
	autoTopUp: z.boolean(),
	...amountShape(eachLimit('name', () => text)),
	/** What is left of the limits today and this month (UTC). Only in an agent's session. */
	...amountShape({ dailyRemaining: z.optional(text), monthlyRemaining: z.optional(text) }),
	createdAt: text,
	updatedAt: text,
});

/** A null is a limit that isn't set. */
export const simplifiedSpendingLimit = simplifiedTo(
	spendingLimitOutput,
	[
		'dailyLimitUsdc',
		'dailyRemainingUsdc',
		'monthlyLimitUsdc',
		'monthlyRemainingUsdc',
		'perTransactionLimitUsdc',
		'autoTopUp',
		'configured',
		'updatedAt',
	],
	'agentAddress',
	{ keepsNull: true },
);
type SpendingLimitOutput = z.infer<typeof spendingLimitOutput>;

/** @param config undefined where the agent has no limits yet */
export function toSpendingLimitOutput(
	agentAddress: Address,
	config: SpendConfig | undefined,
): SpendingLimitOutput {
	const {
		agent_address = agentAddress,
		auto_topup_allowed,
		created_at,
		updated_at,
		daily_remaining_usdc_micro: dailyRemaining,
		monthly_remaining_usdc_micro: monthlyRemaining,
		...others
	}: SpendConfig = config ?? unsetSpendConfig;
	const further = Object.entries(others).filter(
		([name]) => !Object.hasOwn(spendConfig.shape, name),
	);
	return withRest<SpendingLimitOutput>(
		{
			agentAddress: agent_address,
			configured: config !== undefined,
			autoTopUp: auto_topup_allowed,
			...amountFields(eachLimit('name', ({ wire }) => others[wire])),
			...(dailyRemaining !== undefined && amountFields({ dailyRemaining })),
			...(monthlyRemaining !== undefined && amountFields({ monthlyRemaining })),
			createdAt: toIsoOrNull(created_at),
			updatedAt: toIsoOrNull(updated_at),
		},
		Object.fromEntries(further),
	);
}
