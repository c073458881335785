import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	daysIn,
	epochToMs,
	isTimeZone,
	presetCovering,
	toIso,
} from '../../nodes/Ampersend/domain/time';

const NOW = Date.UTC(2026, 10, 15, 12);
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

describe('the time of a row', () => {
	it.each([
		['seconds', 1_794_744_000],
		['seconds as digits', '1794744000'],
		['milliseconds', 1_794_744_000_000],
		['milliseconds as digits', '1794744000000'],
	])('is the same moment in %s', (_, value) => {
		expect(epochToMs(value)).toBe(1_794_744_000_000);
	});

	it('is recognized as seconds or milliseconds by its size, for every date of this century', () => {
		const second = fc.integer({ min: Date.UTC(2000, 0) / 1000, max: Date.UTC(2100, 0) / 1000 });
		fc.assert(
			fc.property(
				second,
				(epoch) => epochToMs(epoch) === epoch * 1000 && epochToMs(epoch * 1000) === epoch * 1000,
			),
		);
	});

	it('is written as ISO 8601 in UTC, with milliseconds', () => {
		expect(toIso(NOW + 7)).toBe('2026-11-15T12:00:00.007Z');
		expect(toIso(String(NOW))).toBe('2026-11-15T12:00:00.000Z');
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
