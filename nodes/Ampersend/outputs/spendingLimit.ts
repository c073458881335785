import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import type { Budget } from '../domain/budget';
import { isLow } from '../domain/budget';
import { eachLimit } from '../domain/limits';
import { isMicro } from '../domain/money';
import { simplifiedTo } from '../domain/simplify';
import type { Agent } from '../schemas/agent';
import type { SpendConfig } from '../schemas/spendConfig';
import { unsetSpendConfig } from '../schemas/spendConfig';
import { outputOf, outputsOf, text, textOrNull } from './output';

interface OfLimits {
	agentAddress: Address;
	/** False where the agent has no limits yet. */
	isConfigured: boolean;
}

/** The name and balance of an agent, as far as they could be read. */
export type Owner = Partial<Pick<Agent, 'name' | 'balance'>>;

interface OfOwned extends OfLimits {
	owner: Owner;
}

/** What an agent has, may spend, and has spent. */
export interface Spending {
	agent: Owner & { address: Address };
	config: SpendConfig | undefined;
	day: Budget;
	month: Budget;
}

interface OfSpending extends OfOwned {
	day: Budget;
	month: Budget;
	/** Of a low balance, in micro-USDC; undefined for the daily limit. */
	threshold: bigint | undefined;
}

const { amount, amounts, computed, copied, time } = outputsOf<SpendConfig, OfLimits>();

const remaining = (key: 'daily_remaining_usdc_micro' | 'monthly_remaining_usdc_micro') =>
	amount(z.optional(textOrNull), ({ [key]: micro }) => (micro?.startsWith('-') ? '0' : micro), key);

/** A limit that is null isn't set. */
const limitFields = {
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
};

const addressField = {
	agentAddress: computed(
		text,
		({ agent_address }, { agentAddress }) => agent_address ?? agentAddress,
		'agent_address',
	),
};

const limitOutput = outputOf({ ...limitFields, ...addressField });

export const spendingLimitOutput = limitOutput.schema;

/** @param config undefined where the agent has no limits yet */
export function toSpendingLimitOutput(
	agentAddress: Address,
	config: SpendConfig | undefined,
): z.infer<typeof spendingLimitOutput> {
	const isConfigured = config !== undefined;
	return limitOutput.of(config ?? unsetSpendConfig, { agentAddress, isConfigured });
}

const owned = outputsOf<SpendConfig, OfOwned>();

const ownerFields = {
	/** Null if it could not be read. */
	name: owned.computed(textOrNull, (_, { owner }) => owner.name ?? null),
	/** As the service sent it, where it isn't a whole number of micro-USDC. */
	balance: owned.computed(z.optional(text), (_, { owner: { balance } }) =>
		balance === undefined || isMicro(balance) ? undefined : balance,
	),
	/** Null if it could not be read, or isn't a whole number of micro-USDC. */
	...owned.amounts({
		balance: owned.amount(textOrNull, (_, { owner: { balance = '' } }) =>
			isMicro(balance) ? balance : null,
		),
	}),
};

const ownedLimitOutput = outputOf({ ...ownerFields, ...limitFields, ...addressField });

export const readSpendingLimitOutput = ownedLimitOutput.schema;

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
	owner: Owner,
	config: SpendConfig | undefined,
): z.infer<typeof readSpendingLimitOutput> {
	const isConfigured = config !== undefined;
	return ownedLimitOutput.of(config ?? unsetSpendConfig, { owner, agentAddress, isConfigured });
}

const spent = outputsOf<SpendConfig, OfSpending>();

const percent = z.nullable(z.number());

/** Where what is used was read, of the limits that there are. */
function usedFrom({ day, month }: OfSpending): string | null {
	const sources = [day, month].flatMap(({ limit, source }) => (limit === null ? [] : source));
	return sources.includes('activity') ? 'activity' : (sources[0] ?? null);
}

function isOwnerLow({ owner, day, threshold }: OfSpending): boolean | null {
	const { balance = '' } = owner;
	return isMicro(balance) ? isLow(BigInt(balance), threshold ?? day.limit) : null;
}

const spendingFields = outputOf({
	...ownerFields,
	...limitFields,
	/** What is left of the limit today or this month (UTC). Null without a limit. */
	...spent.amounts({
		dailyRemaining: spent.amount(
			textOrNull,
			(_, { day }) => day.remaining,
			'daily_remaining_usdc_micro',
		),
		monthlyRemaining: spent.amount(
			textOrNull,
			(_, { month }) => month.remaining,
			'monthly_remaining_usdc_micro',
		),
		/**
		 * What counts against the limits today and this month (UTC). With an API key: payments that are
		 * settled, or authorized and open. Null where it need not be read, because there is no limit.
		 */
		dailyUsed: spent.amount(textOrNull, (_, { day }) => day.used),
		monthlyUsed: spent.amount(textOrNull, (_, { month }) => month.used),
	}),
	/** Of the limit, with two decimals, rounded down. Null without a limit. */
	dailyUsedPercent: spent.computed(percent, (_, { day }) => day.percent),
	/** Of the limit, with two decimals, rounded down. Null without a limit. */
	monthlyUsedPercent: spent.computed(percent, (_, { month }) => month.percent),
	/**
	 * Whether the balance is 0, or below the filter Balance Below; without the filter, below the
	 * daily limit. Null if the balance isn't a whole number of micro-USDC.
	 */
	isLow: spent.computed(z.nullable(z.boolean()), (_, context) => isOwnerLow(context)),
	/** Whether nothing is left of the daily or the monthly limit. */
	isSpent: spent.computed(z.boolean(), (_, { day, month }) =>
		[day, month].some((budget) => budget.remaining === 0n),
	),
	/**
	 * `service`: what is used is exact. `activity`: the node has added it up from transactions. Null
	 * without a limit.
	 */
	usedFrom: spent.computed(textOrNull, (_, context) => usedFrom(context)),
	...addressField,
});

export const spendingOutput = spendingFields.schema;

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
	{ agent: owner, config, day, month }: Spending,
	threshold: bigint | undefined,
): z.infer<typeof spendingOutput> {
	const isConfigured = config !== undefined;
	const context = { owner, agentAddress: owner.address, isConfigured, day, month, threshold };
	return spendingFields.of(config ?? unsetSpendConfig, context);
}
