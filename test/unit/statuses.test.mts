import { describe, expect, it } from '@jest/globals';

import { usesLimit } from '../../nodes/Ampersend/domain/budget';
import { knownOfPaymentEvents, knownOfTransactions } from '../../nodes/Ampersend/domain/filter';
import { movedBy } from '../../nodes/Ampersend/domain/moved';
import { outcomeOf } from '../../nodes/Ampersend/domain/reconcile';

const rowOf = (direction: string, status: string) => ({
	at: 0,
	amount: 5n,
	direction,
	status,
	counterparty: null,
});

describe('What a status says of the money', () => {
	it.each([
		['earn', 'received', 5n],
		['earn', 'settled', 5n],
		['spend', 'settled', -5n],
		['spend', 'received', 0n],
		['spend', 'authorized', 0n],
		['spend', 'denied', 0n],
		['spend', 'failed', 0n],
		['earn', 'authorized', 0n],
		['spend', 'a new one', 0n],
		['refund', 'settled', 0n],
		['toString', 'settled', 0n],
		['SPEND', 'settled', -5n],
		['Earn', 'received', 5n],
		['spend', 'SETTLED', -5n],
	])('%s, %s: it moves %s', (direction, status, moved) => {
		expect(movedBy(rowOf(direction, status))).toBe(moved);
	});

	it.each(knownOfTransactions.statuses)('is the same for sums, limits and Reconcile: %s', (one) => {
		const spend = rowOf('spend', one);
		const outcome = outcomeOf(spend);
		expect(movedBy(spend) !== 0n).toBe(outcome === 'moved');
		expect(usesLimit(spend)).toBe(outcome === 'moved' || outcome === 'open');
	});

	it.each(knownOfPaymentEvents.statuses)(
		'of an event moves nothing but by the books: %s',
		(one) => {
			const spend = rowOf('spend', one);
			expect(outcomeOf(spend) === 'moved').toBe(movedBy(spend) !== 0n);
		},
	);

	it('counts towards a limit in any letter case', () => {
		expect(usesLimit(rowOf('SPEND', 'Authorized'))).toBe(true);
	});

	it('is known of each status of a payment event but one, which nobody has explained', () => {
		const unclear = knownOfPaymentEvents.statuses.filter(
			(status) => outcomeOf({ status }) === undefined,
		);
		expect(unclear).toEqual(['unmanaged']);
	});
});
