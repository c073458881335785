import { numberIn } from './json.mts';

export const unitsMs = { s: 1_000, ms: 1, µs: 1 / 1_000, ns: 1 / 1_000_000 } as const;

export type TimeUnit = keyof typeof unitsMs;

/** Ampersend is younger. */
const EARLIEST_MS = Date.UTC(2020, 0);
const DAY_MS = 24 * 60 * 60_000;
const YEAR_MS = 365 * DAY_MS;

/**
 * The unit of an epoch time, by the service's own clock: only one puts it between 2020 and a year
 * from now, because they are a thousand times apart.
 * @param now epoch ms
 */
export function timeUnitOf(value: unknown, now: number): TimeUnit | undefined {
	const number = numberIn(value);
	const units = Object.keys(unitsMs) as TimeUnit[];
	return units.find((unit) => {
		const ms = number * unitsMs[unit];
		return ms >= EARLIEST_MS && ms <= now + YEAR_MS;
	});
}

/** How rows are ordered by a field with a number; undefined if they don't show it. */
export function orderOf(
	values: readonly number[],
): 'newest first' | 'oldest first' | 'none' | undefined {
	const steps = values.slice(1).map((value, i) => Math.sign(value - (values[i] ?? value)));
	const [rises, falls] = [steps.includes(1), steps.includes(-1)];
	if (!rises && !falls) return undefined;
	if (rises && falls) return 'none';
	return falls ? 'newest first' : 'oldest first';
}

/** Same transaction, two lists: how many times the other amount an amount is. */
export function ratioOf(amount: unknown, other: unknown): string | undefined {
	const [one, two] = [numberIn(amount), numberIn(other)];
	if (!(one > 0) || !(two > 0)) return undefined;
	const ratio = one / two;
	if (ratio === 1) return 'the same number';
	const power = Math.round(Math.log10(ratio));
	const isPower = Math.abs(ratio / 10 ** power - 1) < 1e-9;
	return isPower ? `10^${power} times` : 'another number';
}
