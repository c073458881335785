/** Times of the service are of this century, so each unit has values that no other one has. */
const [FIRST_MS, LAST_MS] = [Date.UTC(2000, 0), Date.UTC(2100, 0) - 1];

/** Milliseconds in a second, a millisecond, a microsecond and a nanosecond. */
const UNITS_MS = [1e3, 1, 1e-3, 1e-6];

/** A division leaves a value a little below or above a whole millisecond. */
const ROUNDING_MS = 5e-4;

const DIGITS = /^\d{1,20}$/;

/** ISO 8601, and as Python and SQL write it: day, time of the day, sign and digits of the zone. */
const ISO =
	/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:Z|([+-]\d\d)(?::?(\d\d))?)?$/;

/** Whether a text is a time without a zone. It could be any of a day, so it can't be read. */
export function hasNoZone(text: string): boolean {
	const [match, , time = '?'] = ISO.exec(text) ?? [];
	return match?.endsWith(time) ?? false;
}

/** Ms of a time in ISO 8601; NaN if it isn't one. A date such as 30 February is none. */
function parseIso(text: string): number {
	const [, day = '', time, hours, minutes = '00'] = ISO.exec(text) ?? [];
	const midnight = Date.parse(day);
	const isDay = !Number.isNaN(midnight) && toIso(midnight).startsWith(day);
	const zone = hours === undefined ? 'Z' : `${hours}:${minutes}`;
	return isDay && !hasNoZone(text) ? Date.parse(`${day}T${time}${zone}`) : NaN;
}

/**
 * A time of the wire. The service doesn't publish a unit for each, so its size tells it.
 * @param value seconds, milliseconds, microseconds or nanoseconds since 1970, as a number or its
 * digits, or ISO 8601 with a zone
 * @returns epoch ms, whole; NaN if it's in no unit a time of this century
 */
export function readTime(value: number | string): number {
	const isIso = typeof value === 'string' && !DIGITS.test(value);
	const units = isIso ? [1] : UNITS_MS;
	const epoch = isIso ? parseIso(value) : Number(value);
	for (const unit of units) {
		const ms = Math.floor(epoch * unit + ROUNDING_MS);
		if (ms >= FIRST_MS && ms <= LAST_MS) return ms;
	}
	return NaN;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The day of the latest time, because rows of one day come together. */
let latestDay = { number: NaN, text: '' };

const digits = (value: number, count: number): string => String(value).padStart(count, '0');
const SIXTY = Array.from({ length: 60 }, (_, i) => digits(i, 2));

/** ISO 8601 in UTC. @param ms epoch milliseconds */
export function toIso(ms: number): string {
	const number = Math.floor(ms / DAY_MS);
	if (number !== latestDay.number) {
		latestDay = { number, text: new Date(ms).toISOString().slice(0, -'00:00:00.000Z'.length) };
	}
	const ofDay = ms - number * DAY_MS;
	const [hour, minute] = [Math.floor(ofDay / 3_600_000), Math.floor(ofDay / 60_000) % 60];
	const [second, rest] = [Math.floor(ofDay / 1000) % 60, Math.trunc(ofDay % 1000)];
	const time = `${SIXTY[hour]}:${SIXTY[minute]}:${SIXTY[second]}`;
	return `${latestDay.text}${time}.${digits(rest, 3)}Z`;
}

/** The same for a time that may be absent; null where it is. */
export function toIsoOrNull(ms: number | null | undefined): string | null {
	return ms === undefined || ms === null ? null : toIso(ms);
}

/** How far back the service can list history (SDK, agent-client.ts). */
export type Preset = '1d' | '30d' | 'all';

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

/** Within few such spans a time zone changes its offset: in St. John's it did at 00:01. */
const QUARTER_MS = 15 * 60 * 1000;

/** As `Intl` writes it: `GMT+05:30`. No zone has had seconds since 1972. */
const OFFSET = /([+-])(\d\d):(\d\d)(?::(\d\d))?/;

type OffsetAt = (ms: number) => number;

/**
 * Remembers the offset of each span that starts and ends with the same one. No zone has changed it
 * twice within six days since 2000 (tz database).
 */
function rememberedBySpan(spanMs: number, offsetAt: OffsetAt): OffsetAt {
	/** Null where it changes within the span. */
	const offsets = new Map<number, number | null>();
	return (ms) => {
		const span = Math.floor(ms / spanMs);
		let offset = offsets.get(span);
		if (offset === undefined) {
			const first = offsetAt(span * spanMs);
			offset = first === offsetAt((span + 1) * spanMs - 1) ? first : null;
			offsets.set(span, offset);
		}
		return offset ?? offsetAt(ms);
	};
}

/**
 * Returns a function that gives the offset of a time zone, in ms, at a time (epoch ms).
 * @param timeZone IANA name
 */
function offsetsIn(timeZone: string): OffsetAt {
	const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
	return (ms) => {
		const zone = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
		const [, sign, hours, minutes, seconds] = OFFSET.exec(zone) ?? [];
		const ofDay = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0);
		return (sign === '-' ? -1 : 1) * ofDay * 1000;
	};
}

/**
 * The first of the times that a clock shows twice, where it's set back; the time itself otherwise.
 * @param timeZone IANA name
 * @param ms one of the two, epoch ms
 */
export function firstOfTwice(timeZone: string, ms: number): number {
	const offsetAt = offsetsIn(timeZone);
	const before = offsetAt(ms - DAY_MS);
	const first = ms + offsetAt(ms) - before;
	return first < ms && offsetAt(first) === before ? first : ms;
}

/**
 * Returns a function that gives a time in ISO 8601 with the offset of a time zone.
 * @param timeZone IANA name
 */
export function isoIn(timeZone: string): (ms: number) => string {
	const offsetAt = rememberedBySpan(DAY_MS, rememberedBySpan(QUARTER_MS, offsetsIn(timeZone)));
	let latest = { offset: 0, text: 'Z' };
	return (ms) => {
		const offset = offsetAt(ms);
		if (offset !== latest.offset) {
			const minutes = Math.floor(Math.abs(offset) / 60_000);
			const zone = `${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}`;
			latest = { offset, text: offset === 0 ? 'Z' : (offset < 0 ? '-' : '+') + zone };
		}
		return toIso(ms + offset).slice(0, -1) + latest.text;
	};
}

/**
 * Returns a function that gives the day of a time, epoch ms, as `2026-10-01`.
 * @param timeZone IANA name
 */
export function daysIn(timeZone: string): (ms: number) => string {
	const isoOf = isoIn(timeZone);
	return (ms) => isoOf(ms).slice(0, '2026-10-01'.length);
}

/** A day that is so many days after another, as `2026-10-01`. */
export function dayAfter(day: string, days: number): string {
	return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, day.length);
}

/** The first day of the month that is so many months after that of a day. */
export function monthAfter(day: string, months: number): string {
	const [year = NaN, month = NaN] = day.split('-').map(Number);
	return new Date(Date.UTC(year, month - 1 + months)).toISOString().slice(0, day.length);
}

/** The week of a day, as `2026-W40` (ISO 8601: it starts on Monday, and week 1 has 4 January). */
export function weekOf(day: string): string {
	const thursday = dayAfter(day, 3 - ((new Date(day).getUTCDay() + 6) % 7));
	const year = thursday.slice(0, 4);
	const days = (Date.parse(thursday) - Date.parse(`${year}-01-01`)) / DAY_MS;
	return `${year}-W${digits(Math.floor(days / 7) + 1, 2)}`;
}
