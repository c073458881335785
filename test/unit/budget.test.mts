import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	budgetOf,
	nameOf,
	spentAfter,
	startOf,
	unknownSince,
	usesLimit,
	type Spent,
} from '../../nodes/Ampersend/domain/budget';

const NOW = Date.UTC(2026, 9, 15, 12);
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

interface RowInit {
	direction?: string;
	status?: string;
}

const row = (
	at: number,
	amount: bigint,
	{ direction = 'spend', status = 'settled' }: RowInit = {},
) => ({
	at,
	amount,
	direction,
	status,
	counterparty: null,
});

describe('periods', () => {
	it('are days and months in UTC', () => {
		const last = Date.UTC(2026, 10, 1) - 1;
		expect([startOf('day', last), startOf('month', last)]).toEqual([
			Date.UTC(2026, 9, 31),
			Date.UTC(2026, 9, 1),
		]);
		expect([nameOf('day', last), nameOf('month', last)]).toEqual(['2026-10-31', '2026-10']);
		expect(nameOf('month', last + 1)).toBe('2026-11');
	});
});

describe('what uses a limit', () => {
	it.each([
		['spend', 'settled', true],
		['spend', 'authorized', true],
		['spend', 'Settled', true],
		['spend', 'denied', false],
		['spend', 'failed', false],
		['spend', 'reversed', false],
		['earn', 'received', false],
		['earn', 'settled', false],
		['refund', 'settled', false],
	])('%s %s: %s', (direction, status, uses) => {
		expect(usesLimit(row(NOW, 1n, { direction, status }))).toBe(uses);
	});
});

describe('what was spent', () => {
	it('is of the day and of the month', () => {
		const rows = [
			row(startOf('month', NOW) - 1, 1n),
			row(startOf('month', NOW), 10n),
			row(startOf('day', NOW) - 1, 100n),
			row(startOf('day', NOW), 1000n),
			row(NOW, 10_000n),
			row(NOW, 100_000n, { status: 'denied' }),
			row(startOf('day', NOW) + DAY, 1_000_000n),
		];
		expect(spentAfter(undefined, rows, NOW, 'month')).toMatchObject({
			day: 11_000n,
			month: 1_011_110n,
		});
	});

	it('is the same if it is added up from one poll to the next, over days and months', () => {
		const spend = fc.record({
			after: fc.integer({ min: 0, max: 3 * DAY }),
			amount: fc.bigInt(0n, 99n),
			/** Whether only the day matters. */
			isDaily: fc.boolean(),
		});
		fc.assert(
			fc.property(
				fc.array(spend, { maxLength: 40 }),
				fc.integer({ min: 0, max: 2 * DAY }),
				(all, window) => {
					let now = NOW;
					let known: Spent | undefined;
					const rows: Array<ReturnType<typeof row>> = [];
					for (const { after, amount, isDaily } of all) {
						now += after;
						rows.push(row(now, amount));
						const longest = isDaily ? 'day' : 'month';
						const from = unknownSince(known, now, longest);
						const read = rows.filter(({ at }) => at >= from);
						const { day, month } = spentAfter(undefined, rows, now, longest);
						expect(spentAfter(known, read, now, longest)).toMatchObject({ day, month });
						known = spentAfter(known, read, now, longest, Math.max(from, now - window));
					}
				},
			),
		);
	});
});

describe('a budget', () => {
	const limits = { daily_limit: '1000', monthly_limit: null };

	it('is what the service says, if it does', () => {
		const session = {
			...limits,
			daily_remaining_usdc_micro: '250',
			monthly_remaining_usdc_micro: null,
		};
		expect(budgetOf('day', session, 999n)).toEqual({
			limit: 1000n,
			used: 750n,
			remaining: 250n,
			percent: 75,
			source: 'service',
		});
	});

	it('is added up otherwise, and needs no limit for that', () => {
		expect(budgetOf('day', limits, 799n)).toEqual({
			limit: 1000n,
			used: 799n,
			remaining: 201n,
			percent: 79.9,
			source: 'activity',
		});
		expect(budgetOf('month', limits, 7n)).toEqual({
			limit: null,
			used: 7n,
			remaining: null,
			percent: null,
			source: 'activity',
		});
	});

	it('is unknown without either', () => {
		expect(budgetOf('day', limits)).toEqual({
			limit: 1000n,
			used: null,
			remaining: null,
			percent: null,
			source: null,
		});
	});

	it.each([
		['0', 0n, 100, 0n],
		['3', 2n, 66.66, 1n],
		['1000000', 799_999n, 79.99, 200_001n],
		['10', 25n, 250, 0n],
		[`1${'0'.repeat(70)}`, 8n * 10n ** 69n, 80, 2n * 10n ** 69n],
	])('of %s with %s used is used to %s %', (daily_limit, used, percent, remaining) => {
		expect(budgetOf('day', { ...limits, daily_limit }, used)).toMatchObject({ percent, remaining });
	});

	it('has no more used than the limit shows, if more is left than that', () => {
		const raised = { ...limits, daily_remaining_usdc_micro: '2000' };
		expect(budgetOf('day', raised)).toMatchObject({ used: 0n, remaining: 1000n, percent: 0 });
	});
});
