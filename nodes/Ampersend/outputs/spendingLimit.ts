import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import type { Budget } from '../domain/budget';
import { isLow } from '../domain/budget';
import { eachLimit } from '../domain/limits';
import { amountFields, amountShape, isMicro } from '../domain/money';
import { simplifiedTo } from '../domain/simplify';
import type { Agent } from '../schemas/agent';
import type { SpendConfig } from '../schemas/spendConfig';
import { unsetSpendConfig } from '../schemas/spendConfig';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, copied, time } = outputsOf<
	SpendConfig,
	{ agentAddress: Address; isConfigured: boolean }
>();

const remaining = (key: 'daily_remaining_usdc_micro' | 'monthly_remaining_usdc_micro') =>
	amount(z.optional(textOrNull), ({ [key]: micro }) => (micro?.startsWith('-') ? '0' : micro), key);

/** A limit that is null isn't set. */
const output = outputOf({
	...amounts(eachLimit('name', ({ wire }) => amount(textOrNull, (config) => config[wire], wire))),
	/** What is left of the limits today and this month (UTC). Only in an agent's session. */
	...amounts({
		dailyRemaining: remaining('daily_remaining_usdc_micro'),
		monthlyRemaining: remaining('monthly_remaining_usdc_micro'),
	}),
	autoTopUp: copied('auto_topup_allowed', z.boolean()),
	/** False where the agent has no limits yet. */
	configured: computed(z.boolean(), (_, { isConfigured }) => isConfigured),
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
	agentAddress: computed(
		text,
		({ agent_address }, { agentAddress }) => agent_address ?? agentAddress,
		'agent_address',
	),
});

export const spendingLimitOutput = output.schema;

/** @param config undefined where the agent has no limits yet */
export function toSpendingLimitOutput(
	agentAddress: Address,
	config: SpendConfig | undefined,
): z.infer<typeof spendingLimitOutput> {
	const isConfigured = config !== undefined;
	return output.of(config ?? unsetSpendConfig, { agentAddress, isConfigured });
}

const owner = {
	/** Null if it could not be read. */
	name: textOrNull,
	/** As the service sent it, where it isn't a whole number of micro-USDC. */
	balance: z.optional(text),
	/** Null if it could not be read, or isn't a whole number of micro-USDC. */
	...amountShape({ balance: textOrNull }),
};

/** The name and balance of an agent, as far as they could be read. */
export type Owner = Partial<Pick<Agent, 'name' | 'balance'>>;

function toOwner({ name = null, balance }: { name?: string | null; balance?: string }) {
	const isKnown = balance !== undefined && isMicro(balance);
	return {
		name,
		...(balance !== undefined && !isKnown && { balance }),
		...amountFields({ balance: isKnown ? balance : null }),
	};
}

export const readSpendingLimitOutput = z.object({ ...owner, ...spendingLimitOutput.shape });

const ofLimits = [
	'dailyLimitUsdc',
	'dailyRemainingUsdc',
	'monthlyLimitUsdc',
	'monthlyRemainingUsdc',
	'perTransactionLimitUsdc',
	'autoTopUp',
	'configured',
] as const;

export const simplifiedSpendingLimit = simplifiedTo(
	readSpendingLimitOutput,
	['name', 'balanceUsdc', ...ofLimits],
	'agentAddress',
);

/** The same after an update, which reads no name. */
export const simplifiedUpdatedLimit = simplifiedTo(
	spendingLimitOutput,
	[...ofLimits, 'updatedAt'],
	'agentAddress',
);

/** @param config undefined where the agent has no limits yet */
export function toReadSpendingLimit(
	agentAddress: Address,
	agent: Owner,
	config: SpendConfig | undefined,
): z.infer<typeof readSpendingLimitOutput> {
	return { ...toOwner(agent), ...toSpendingLimitOutput(agentAddress, config) };
}

/** What an agent has, may spend, and has spent. */
export interface Spending {
	agent: Owner & { address: Address };
	config: SpendConfig | undefined;
	day: Budget;
	month: Budget;
}

const percent = z.nullable(z.number());

const { agentAddress: addressType, ...limitTypes } = spendingLimitOutput.shape;

export const spendingOutput = z.object({
	...owner,
	...limitTypes,
	/** What is left of the limit today or this month (UTC). Null without a limit. */
	...amountShape({ dailyRemaining: textOrNull, monthlyRemaining: textOrNull }),
	/**
	 * What counts against the limits today and this month (UTC). With an API key: payments that are
	 * settled, or authorized and open. Null where it need not be read, because there is no limit.
	 */
	...amountShape({ dailyUsed: textOrNull, monthlyUsed: textOrNull }),
	/** Of the limit, with two decimals, rounded down. Null without a limit. */
	dailyUsedPercent: percent,
	/** Of the limit, with two decimals, rounded down. Null without a limit. */
	monthlyUsedPercent: percent,
	/**
	 * Whether the balance is 0, or below the filter Balance Below; without the filter, below the
	 * daily limit. Null if the balance isn't a whole number of micro-USDC.
	 */
	isLow: z.nullable(z.boolean()),
	/** Whether nothing is left of the daily or the monthly limit. */
	isSpent: z.boolean(),
	/**
	 * `service`: what is used is exact. `activity`: the node has added it up from transactions. Null
	 * without a limit.
	 */
	usedFrom: textOrNull,
	agentAddress: addressType,
});

export const simplifiedSpending = simplifiedTo(
	spendingOutput,
	[
		'name',
		'balanceUsdc',
		'isLow',
		'isSpent',
		'dailyLimitUsdc',
		'dailyUsedUsdc',
		'dailyUsedPercent',
		'monthlyLimitUsdc',
		'monthlyUsedPercent',
	],
	'agentAddress',
);

/** @param threshold of a low balance, in micro-USDC; undefined for the daily limit */
export function toSpendingOutput(
	{ agent, config, day, month }: Spending,
	threshold: bigint | undefined,
): z.infer<typeof spendingOutput> {
	const { balance = '' } = agent;
	const sources = [day, month].flatMap(({ limit, source }) => (limit === null ? [] : source));
	const left = {
		daily_remaining_usdc_micro: day.remaining?.toString() ?? null,
		monthly_remaining_usdc_micro: month.remaining?.toString() ?? null,
	};
	const { agentAddress, ...limits } = output.of(
		{ ...(config ?? unsetSpendConfig), ...left },
		{ agentAddress: agent.address, isConfigured: config !== undefined },
	);
	const unspent = amountFields({
		dailyRemaining: day.remaining,
		monthlyRemaining: month.remaining,
	});
	return {
		...toOwner(agent),
		...limits,
		...unspent,
		...amountFields({ dailyUsed: day.used, monthlyUsed: month.used }),
		dailyUsedPercent: day.percent,
		monthlyUsedPercent: month.percent,
		isLow: isMicro(balance) ? isLow(BigInt(balance), threshold ?? day.limit) : null,
		isSpent: [day, month].some((budget) => budget.remaining === 0n),
		usedFrom: sources.includes('activity') ? 'activity' : (sources[0] ?? null),
		agentAddress,
	};
}
