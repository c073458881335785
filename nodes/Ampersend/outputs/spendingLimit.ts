import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import { eachLimit } from '../domain/limits';
import { simplifiedTo } from '../domain/simplify';
import type { SpendConfig } from '../schemas/spendConfig';
import { unsetSpendConfig } from '../schemas/spendConfig';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, copied, time } = outputsOf<
	SpendConfig,
	{ agentAddress: Address; isConfigured: boolean }
>();

const remaining = (key: 'daily_remaining_usdc_micro' | 'monthly_remaining_usdc_micro') =>
	amount(z.optional(textOrNull), (config) => config[key], key);

/** A limit that is null isn't set. */
const output = outputOf({
	agentAddress: computed(
		text,
		({ agent_address }, { agentAddress }) => agent_address ?? agentAddress,
		'agent_address',
	),
	/** False where the agent has no limits yet. */
	configured: computed(z.boolean(), (_, { isConfigured }) => isConfigured),
	autoTopUp: copied('auto_topup_allowed', z.boolean()),
	...amounts(eachLimit('name', ({ wire }) => amount(textOrNull, (config) => config[wire], wire))),
	/** What is left of the limits today and this month (UTC). Only in an agent's session. */
	...amounts({
		dailyRemaining: remaining('daily_remaining_usdc_micro'),
		monthlyRemaining: remaining('monthly_remaining_usdc_micro'),
	}),
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
});

export const spendingLimitOutput = output.schema;

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

/** @param config undefined where the agent has no limits yet */
export function toSpendingLimitOutput(
	agentAddress: Address,
	config: SpendConfig | undefined,
): z.infer<typeof spendingLimitOutput> {
	const isConfigured = config !== undefined;
	return output.of(config ?? unsetSpendConfig, { agentAddress, isConfigured });
}
