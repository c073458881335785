import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { nextWait, parseRetryAfter } from '../../nodes/Ampersend/api/retry';

const NOW = Date.UTC(2026, 10, 15, 12);
const policy = { attempts: 4, budgetMs: 60_000 };

const anyAttempt = fc.record({
	number: fc.integer({ min: 1, max: 12 }),
	repeatable: fc.boolean(),
	elapsedMs: fc.nat({ max: 120_000 }),
	retryAfterMs: fc.option(fc.nat({ max: 120_000 }), { nil: undefined }),
});
const anyPolicy = fc.record({
	attempts: fc.integer({ min: 1, max: 10 }),
	budgetMs: fc.nat({ max: 120_000 }),
});
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the wait before another attempt', () => {
	it('is undefined for a request that must not be repeated', () => {
		fc.assert(
			fc.property(anyAttempt, anyPolicy, anyRandom, (attempt, anyOf, random) => {
				expect(nextWait({ ...attempt, repeatable: false }, anyOf, random)).toBeUndefined();
			}),
		);
	});

	it('is undefined after the last attempt', () => {
		fc.assert(
			fc.property(anyAttempt, anyPolicy, anyRandom, (attempt, anyOf, random) => {
				const last = { ...attempt, number: Math.max(attempt.number, anyOf.attempts) };
				expect(nextWait(last, anyOf, random)).toBeUndefined();
			}),
		);
	});

	it('is in whole milliseconds and ends within the budget', () => {
		fc.assert(
			fc.property(anyAttempt, anyPolicy, anyRandom, (attempt, anyOf, random) => {
				const wait = nextWait(attempt, anyOf, random);
				if (wait === undefined) return;
				expect(Number.isInteger(wait)).toBe(true);
				// Rounded up to a whole millisecond after the comparison.
				expect(attempt.elapsedMs + wait).toBeLessThan(anyOf.budgetMs + 1);
			}),
		);
	});

	it('is exactly what the service asks for, and undefined if that exceeds the budget', () => {
		fc.assert(
			fc.property(
				fc.nat({ max: 120_000 }),
				fc.nat({ max: 60_000 }),
				anyRandom,
				(retryAfterMs, elapsedMs, random) => {
					const wait = nextWait(
						{ number: 1, repeatable: true, elapsedMs, retryAfterMs },
						policy,
						random,
					);
					expect(wait).toBe(elapsedMs + retryAfterMs <= policy.budgetMs ? retryAfterMs : undefined);
				},
			),
		);
	});

	it('doubles from half a second to eight seconds, and half of it is random', () => {
		const bounds = [1, 2, 3, 4, 5, 6, 7].map((number) => {
			const attempt = { number, repeatable: true, elapsedMs: 0 };
			const patient = { attempts: 10, budgetMs: 60_000 };
			return [nextWait(attempt, patient, 0), nextWait(attempt, patient, 1 - 1e-9)];
		});
		expect(bounds).toEqual([
			[250, 500],
			[500, 1000],
			[1000, 2000],
			[2000, 4000],
			[4000, 8000],
			[4000, 8000],
			[4000, 8000],
		]);
	});
});

describe('Retry-After', () => {
	it.each([
		['0', 0],
		['1', 1_000],
		[' 120 ', 120_000],
		[3, 3_000],
		[new Date(NOW + 90_000).toUTCString(), 90_000],
		[new Date(NOW - 90_000).toUTCString(), 0],
		['Fri, 31 Dec 1999 23:59:59 GMT', 0],
	])('%j asks for a wait of %d ms', (header, ms) => {
		expect(parseRetryAfter(header, NOW)).toBe(ms);
	});

	it.each([
		['soon'],
		[''],
		['  '],
		['-5'],
		['1.5'],
		['1e3'],
		['12 s'],
		[undefined],
		[null],
		[['3']],
		[{}],
		[true],
		[NaN],
	])('%j is ignored', (header) => {
		expect(parseRetryAfter(header, NOW)).toBeUndefined();
	});

	const DAY = 86_400_000;
	it.each([
		['86400'],
		['86401'],
		['9'.repeat(400)],
		['9'.repeat(1_000_000)],
		[Number.MAX_SAFE_INTEGER],
		['Fri, 31 Dec 9999 23:59:59 GMT'],
		['Sat, 01 Jan 275760 00:00:00 GMT'],
	])('of a day or more counts as a day (%#)', (header) => {
		expect(parseRetryAfter(header, NOW)).toBe(DAY);
	});

	it('is never negative, never above a day and never throws, for any header', () => {
		fc.assert(
			fc.property(fc.anything(), (header) => {
				const wait = parseRetryAfter(header, NOW);
				expect(wait === undefined || (wait >= 0 && wait <= DAY)).toBe(true);
			}),
		);
	});
});
