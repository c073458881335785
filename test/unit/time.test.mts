import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	daysIn,
	firstOfTwice,
	isoIn,
	isTimeZone,
	presetCovering,
	readTime,
	toIso,
} from '../../nodes/Ampersend/domain/time';

const NOW = Date.UTC(2026, 10, 15, 12);
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

describe('a time of the wire', () => {
	it.each<[string, number | string]>([
		['seconds', 1_794_744_000],
		['seconds with a fraction', 1_794_744_000.007],
		['milliseconds', 1_794_744_000_007],
		['microseconds', 1_794_744_000_007_999],
		['nanoseconds', 1_794_744_000_007_900_000],
		['seconds as digits', '1794744000'],
		['milliseconds as digits', '1794744000007'],
		['microseconds as digits', '1794744000007999'],
		['nanoseconds as digits', '1794744000007900000'],
		['ISO 8601', '2026-11-15T12:00:00.007Z'],
		['ISO 8601 with microseconds', '2026-11-15T12:00:00.007999Z'],
		['ISO 8601 of another zone', '2026-11-15T17:30:00.007+05:30'],
		['ISO 8601 without seconds', '2026-11-15T12:00Z'],
		['as Python writes it', '2026-11-15 12:00:00.007999+00:00'],
		['as SQL writes it', '2026-11-15 17:30:00.007+0530'],
		['with the hours of a zone', '2026-11-15 14:00:00.007+02'],
	])('is the same moment in %s', (_, value) => {
		expect([NOW, NOW + 7]).toContain(readTime(value));
	});

	it.each<[string, number | string]>([
		['zero', 0],
		['a negative number', -1_794_744_000],
		['a day count', 20_772],
		['seconds before 2000', 946_684_799],
		['seconds from 2100 on', 4_102_444_800],
		['more than nanoseconds', 1e30],
		['no number', NaN],
		['an infinite number', Infinity],
		['zero as digits', '0'],
		['nothing', ''],
		['a space', ' '],
		['another notation', '1.794744e9'],
		['hexadecimal digits', '0x6af94b40'],
		['a time without a zone', '2026-11-15T12:00:00'],
		['a day', '2026-11-15'],
		['a day that no month has', '2026-02-30T12:00:00Z'],
		['an hour that no day has', '2026-11-15T25:00:00Z'],
		["Go's time of nothing", '0001-01-01T00:00:00Z'],
		['a far end', '9999-12-31T23:59:59Z'],
		['words', 'Nov 15 2026 12:00 UTC'],
	])('is not read from %s', (_, value) => {
		expect(readTime(value)).toBeNaN();
	});

	it('is recognized by its size, for every moment of this century', () => {
		const moment = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) - 1 });
		fc.assert(
			fc.property(moment, (ms) => {
				const seconds = Math.floor(ms / 1000);
				expect(readTime(seconds)).toBe(seconds * 1000);
				expect(readTime(ms / 1000)).toBe(ms);
				for (const zeros of ['', '000', '000000']) {
					expect(readTime(`${ms}${zeros}`)).toBe(ms);
					expect(readTime(Number(`${ms}${zeros}`))).toBe(ms);
				}
				expect(readTime(new Date(ms).toISOString())).toBe(ms);
			}),
		);
	});

	it('is written as ISO 8601 in UTC, with milliseconds', () => {
		expect(toIso(NOW + 7)).toBe('2026-11-15T12:00:00.007Z');
	});
});

describe('the requested preset', () => {
	it('is all without a start', () => {
		expect(presetCovering(undefined, NOW)).toBe('all');
	});

	it.each([
		[0, '1d'],
		[22 * HOUR, '1d'],
		[23 * HOUR + 1, '30d'],
		[DAY, '30d'],
		[29 * DAY, '30d'],
		[30 * DAY, 'all'],
		[400 * DAY, 'all'],
	])('for a start %d ms ago is %s', (ago, preset) => {
		expect(presetCovering(NOW - ago, NOW)).toBe(preset);
	});

	it('always reaches back to the start, with an hour to spare', () => {
		const reach = { '1d': DAY, '30d': 30 * DAY, all: Infinity };
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 60 * DAY }), (ago) => {
				expect(reach[presetCovering(NOW - ago, NOW)]).toBeGreaterThanOrEqual(ago + HOUR);
			}),
		);
	});

	it('covers a start in the future', () => {
		expect(presetCovering(NOW + DAY, NOW)).toBe('1d');
	});
});

describe('the day of a time', () => {
	it('starts in the middle of a quarter of an hour where the zone has such an offset', () => {
		// Liberia was at -00:44:30 until 1972.
		const midnight = Date.UTC(1971, 5, 1, 0, 44, 30);
		const dayOf = daysIn('Africa/Monrovia');
		for (const [ms, day] of [
			[midnight - 1, '1971-05-31'],
			[midnight, '1971-06-01'],
			[midnight - 1, '1971-05-31'],
		] as const) {
			expect(dayOf(ms)).toBe(day);
		}
	});

	it('is right in +05:37, where this Node.js has offsets as zones', () => {
		const zone = '+05:37';
		if (!isTimeZone(zone)) return;
		const midnight = Date.UTC(2026, 0, 1, 18, 23);
		const dayOf = daysIn(zone);
		expect(dayOf(midnight)).toBe('2026-01-02');
		expect(dayOf(midnight - 1)).toBe('2026-01-01');
	});
});

describe('a time in a time zone', () => {
	it.each([
		'UTC',
		'America/New_York',
		'America/St_Johns',
		// Six days from one change to the next, in October 2000.
		'America/Noronha',
		'Australia/Lord_Howe',
		// No day of 30 December 2011.
		'Pacific/Apia',
	])('has the offset that Intl gives, whatever came before: %s', (timeZone) => {
		const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
		const offsetAt = (ms: number): string => {
			const parts = format.formatToParts(ms);
			const zone = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
			return zone.slice('GMT'.length).replace('+00:00', '') || 'Z';
		};
		const isoOf = isoIn(timeZone);
		const expectRight = (ms: number) => {
			expect(isoOf(ms).slice('2026-10-01T08:00:00.000'.length)).toBe(offsetAt(ms));
			expect(Date.parse(isoOf(ms))).toBe(ms);
		};
		for (let day = Date.UTC(2000, 9); day < Date.UTC(2001, 10); day += DAY) {
			expectRight(day);
			if (offsetAt(day) === offsetAt(day + DAY)) continue;
			for (let ms = day; ms <= day + DAY; ms += 15 * 60_000) [ms - 1, ms].forEach(expectRight);
		}
		const time = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2037, 0) });
		fc.assert(fc.property(time, expectRight));
	});
});

describe('a time that a clock shows twice', () => {
	it.each([
		// Midnight of 1 November 2026 comes twice in Havana, and 2:30 on 25 October in Berlin.
		['America/Havana', Date.UTC(2026, 10, 1, 4), Date.UTC(2026, 10, 1, 5)],
		['Europe/Berlin', Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)],
		['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 14, 45), Date.UTC(2026, 3, 4, 15, 15)],
	])('is its first one: %s', (zone, first, second) => {
		expect(firstOfTwice(zone, first)).toBe(first);
		expect(firstOfTwice(zone, second)).toBe(first);
	});

	it.each(['UTC', 'Europe/Berlin', 'America/Havana', 'America/St_Johns'])(
		'is no other time of the year: %s',
		(zone) => {
			const isoOf = isoIn(zone);
			for (let ms = Date.UTC(2026, 0); ms < Date.UTC(2027, 0); ms += 15 * 60_000) {
				const first = firstOfTwice(zone, ms);
				expect(isoOf(first).slice(0, 19)).toBe(isoOf(ms).slice(0, 19));
				if (first !== ms) expect(ms - first).toBe(HOUR);
			}
		},
	);
});

it('a time in ISO 8601 is as Date writes it, whatever came before', () => {
	const time = fc.integer({ min: -8.64e15, max: 8.64e15 });
	fc.assert(
		fc.property(time, fc.nat(2 * 86_400_000), (ms, later) => {
			for (const each of [ms, Math.min(8.64e15, ms + later), ms]) {
				expect(toIso(each)).toBe(new Date(each).toISOString());
			}
		}),
	);
	expect(() => toIso(NaN)).toThrow(RangeError);
});
