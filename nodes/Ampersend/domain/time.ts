/** A smaller epoch value is in seconds: in milliseconds it would be in early 1973. */
const FIRST_MILLISECOND_VALUE = 1e11;

/**
 * Epoch value of an activity row, in milliseconds. The service doesn't publish its unit.
 * @param value seconds or milliseconds since 1970, as the wire has it: a number or its digits
 */
export function epochToMs(value: number | string): number {
	const epoch = Number(value);
	return epoch < FIRST_MILLISECOND_VALUE ? epoch * 1000 : epoch;
}

/** ISO 8601 in UTC. @param ms epoch milliseconds, as a number or its digits */
export function toIso(ms: number | string): string {
	return new Date(Number(ms)).toISOString();
}

/** The same for a time that may be absent; null where it is. */
export function toIsoOrNull(ms: number | string | null | undefined): string | null {
	return ms === undefined || ms === null ? null : toIso(ms);
}

/** How far back the service can list history (SDK, agent-client.ts). */
export type Preset = '1d' | '30d' | 'all';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Clocks may differ, and the service may cut at midnight. */
const MARGIN_MS = 60 * 60 * 1000;

/** The smallest preset that surely reaches back to `from`. @param from epoch ms; absent for all */
export function presetCovering(from: number | undefined, now: number): Preset {
	if (from === undefined) return 'all';
	if (from >= now - DAY_MS + MARGIN_MS) return '1d';
	if (from >= now - 30 * DAY_MS + MARGIN_MS) return '30d';
	return 'all';
}

/** Whether text names a time zone (IANA), such as `Europe/Berlin`. */
export function isTimeZone(text: string): boolean {
	try {
		return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
	} catch {
		return false;
	}
}

/** In most zones no day starts within such a span: their offsets are multiples of it. */
const QUARTER_MS = 15 * 60 * 1000;

/**
 * Returns a function that gives the day of a time, epoch ms, as `2026-10-01`.
 * @param timeZone IANA name
 */
export function daysIn(timeZone: string): (ms: number) => string {
	const format = new Intl.DateTimeFormat('en-CA', {
		timeZone,
		year: 'numeric',
		month: '2-digit',
		day: '2-digit',
	});
	/** By quarter; null where a day starts within it. */
	const days = new Map<number, string | null>();
	const dayOfQuarter = (quarter: number): string | null => {
		const first = format.format(quarter * QUARTER_MS);
		const last = format.format((quarter + 1) * QUARTER_MS - 1);
		return first === last ? first : null;
	};
	return (ms) => {
		const quarter = Math.floor(ms / QUARTER_MS);
		const known = days.get(quarter);
		const day = known === undefined ? dayOfQuarter(quarter) : known;
		if (known === undefined) days.set(quarter, day);
		return day ?? format.format(ms);
	};
}
