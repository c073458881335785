import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { knownOfPaymentEvents, knownOfTransactions } from '../../nodes/Ampersend/domain/filter';
import { compareRows, outcomeOf, sumOf } from '../../nodes/Ampersend/domain/reconcile';

const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
const NOW = Date.UTC(2026, 10, 15, 12);

const row = fc.record({
	at: fc.integer({ min: NOW - 3 * 86_400_000, max: NOW }),
	amount: fc.bigInt({ min: 0n, max: 4n }),
	status: fc.constantFrom('settled', 'failed', 'expired', 'authorized', 'new', 'newer'),
});
const side = fc.array(row, { maxLength: 8 });

/** Of what only one list has, or has with another amount. */
const amountsIn = ({ findings }: ReturnType<typeof compareRows>) =>
	findings.filter(({ finding }) => finding !== 'statusContradicts');

describe('What differs', () => {
	it('explains the difference of the sums, whatever the rows are', () => {
		fc.assert(
			fc.property(side, side, (transactions, events) => {
				const found = amountsIn(compareRows({ transactions, events }, NOW));
				const explained = found.reduce(
					(sum, one) => sum + sumOf(one.transactions) - sumOf(one.events),
					0n,
				);
				expect(explained).toBe(sumOf(transactions) - sumOf(events));
			}),
			{ seed, numRuns: 2_000 },
		);
	});

	it('is nothing if both lists are the same, in any order', () => {
		const both = side.chain((rows) =>
			fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
		);
		fc.assert(
			fc.property(both, ([transactions, events]) => {
				expect(compareRows({ transactions, events }, NOW)).toEqual({ findings: [], unclear: [] });
			}),
			{ seed, numRuns: 2_000 },
		);
	});

	it('is the same with the lists exchanged', () => {
		const opposite = {
			onlyInTransactions: 'onlyInPaymentEvents',
			onlyInPaymentEvents: 'onlyInTransactions',
		} as Record<string, string>;
		fc.assert(
			fc.property(side, side, (transactions, events) => {
				const found = amountsIn(compareRows({ transactions, events }, NOW));
				const other = amountsIn(compareRows({ transactions: events, events: transactions }, NOW));
				const words = found.map((one) => [one.finding, sumOf(one.transactions), sumOf(one.events)]);
				const others = other.map((one) => [
					opposite[one.finding] ?? one.finding,
					sumOf(one.events),
					sumOf(one.transactions),
				]);
				expect(words.map(String).sort()).toEqual(others.map(String).sort());
			}),
			{ seed, numRuns: 2_000 },
		);
	});

	it('takes time in proportion to the rows of a batch', () => {
		const rows = Array.from({ length: 200_000 }, (_, i) => ({
			at: NOW,
			amount: BigInt(i),
			status: 'settled',
		}));
		const events = rows.map((one) => ({ ...one, amount: one.amount + 1n }));
		expect(compareRows({ transactions: rows, events }, NOW).findings).toMatchObject([
			{ finding: 'amountDiffers', transactions: [rows[0]], events: [events.at(-1)] },
		]);
	});
});

describe('The statuses', () => {
	it('that are known have an outcome, but for the one whose meaning nobody publishes', () => {
		const known = [...knownOfTransactions.statuses, ...knownOfPaymentEvents.statuses];
		expect(known.filter((status) => outcomeOf({ status }) === undefined)).toEqual([
			'received',
			'unmanaged',
		]);
	});
});
