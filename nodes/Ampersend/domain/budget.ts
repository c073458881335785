import type { FilterableRow } from './filter';
import { directionOf } from './filter';
import { toIso } from './time';

/** Limits are of UTC days and UTC months (Ampersend's documentation). */
export const periods = ['day', 'month'] as const;
export type Period = (typeof periods)[number];

/** When the period of a time starts. Both epoch ms. */
export function startOf(period: Period, at: number): number {
	const date = new Date(at);
	const day = period === 'day' ? date.getUTCDate() : 1;
	return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day);
}

/** The period of a time, as `2026-10-01` or `2026-10`. */
export function nameOf(period: Period, at: number): string {
	return toIso(at).slice(0, period === 'day' ? 10 : 7);
}

/**
 * What uses up a limit. The service doesn't publish it. It tells what is left of the limits with
 * an authorization (SDK, types.ts), so what is authorized counts until it fails. A status that
 * isn't known counts nothing.
 */
const USING = new Set(['authorized', 'settled']);

export function usesLimit(row: FilterableRow): boolean {
	return directionOf(row) === 'spend' && USING.has(row.status.toLowerCase());
}

/** What was spent up to a time: payments from before it need not be read again. Micro-USDC. */
export interface Spent {
	/** Epoch ms, exclusive. `day` and `month` are the parts of its periods up to it. */
	upTo: number;
	day: bigint;
	/** Null if payments were read from the start of the day only. */
	month: bigint | null;
}

/**
 * Since when payments have to be read to know what was spent in the periods of `now`.
 * @param longest the period that matters, or the longer one
 */
export function unknownSince(known: Spent | undefined, now: number, longest: Period): number {
	const start = startOf(longest, now);
	if (!known || (longest === 'month' && known.month === null)) return start;
	// A clock that was ahead knows nothing of what came meanwhile.
	return known.upTo <= now && known.upTo >= start ? known.upTo : start;
}

/**
 * What was spent in the day and the month of `now`, up to a time.
 * @param known from earlier rows
 * @param rows those since `unknownSince`, or more, in any order
 * @param longest `day` if only the day matters; `month` is null then
 * @param upTo epoch ms, exclusive; absent for all rows
 */
export function spentAfter(
	known: Spent | undefined,
	rows: FilterableRow[],
	now: number,
	longest: Period,
	upTo = Infinity,
): Spent {
	const from = unknownSince(known, now, longest);
	const sumOf = (period: Period): bigint => {
		const start = startOf(period, now);
		let sum = known?.upTo === from && from >= start ? (known[period] ?? 0n) : 0n;
		for (const row of rows) {
			const isIn = row.at >= from && row.at < upTo && startOf(period, row.at) === start;
			if (isIn && usesLimit(row)) sum += row.amount;
		}
		return sum;
	};
	return { upTo, day: sumOf('day'), month: longest === 'month' ? sumOf('month') : null };
}

const wire = {
	day: { limit: 'daily_limit', remaining: 'daily_remaining_usdc_micro' },
	month: { limit: 'monthly_limit', remaining: 'monthly_remaining_usdc_micro' },
} as const satisfies Record<Period, object>;

/** Limits as the service sends them: micro-USDC, null for none. What is left, only in a session. */
type Limits = Record<(typeof wire)[Period]['limit'], string | null> &
	Partial<Record<(typeof wire)[Period]['remaining'], string | null | undefined>>;

/** What an agent may spend in a period. Micro-USDC. */
export interface Budget {
	/** Null for no limit. */
	limit: bigint | null;
	/** Null if it isn't known. */
	used: bigint | null;
	/** Null without a limit, too. It's 0 at least. */
	remaining: bigint | null;
	/** Used of the limit, with two decimals, rounded down. All of a limit of 0 is used. */
	percent: number | null;
	/** Where `used` is from: the service's own count, or the agent's payments. */
	source: 'service' | 'activity' | null;
}

/** Whether a balance is low: below a threshold, if there is one, or 0. All in micro-USDC. */
export function isLow(balance: bigint, threshold: bigint | null): boolean {
	return balance === 0n || (threshold !== null && balance < threshold);
}

export const atLeast0 = (amount: bigint): bigint => (amount > 0n ? amount : 0n);

/** With two decimals, rounded down: 79.999 % hasn't reached 80 %. */
export function percentOf(used: bigint, limit: bigint): number {
	return limit === 0n ? 100 : Number((used * 10_000n) / limit) / 100;
}

/** @param spent in the period, by the agent's payments; absent if they weren't read */
export function budgetOf(period: Period, limits: Limits, spent?: bigint | null): Budget {
	const { [wire[period].limit]: limitText, [wire[period].remaining]: left = null } = limits;
	const limit = limitText === null ? null : BigInt(limitText);
	const known = limit === null || left === null ? undefined : atLeast0(limit - BigInt(left));
	const used = known ?? spent ?? null;
	if (used === null) return { limit, used: null, remaining: null, percent: null, source: null };
	return {
		limit,
		used,
		remaining: limit && atLeast0(limit - used),
		percent: limit === null ? null : percentOf(used, limit),
		source: known === undefined ? 'activity' : 'service',
	};
}
