import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { FilterableRow, RowFilter } from '../../nodes/Ampersend/domain/filter';
import { matcherOf } from '../../nodes/Ampersend/domain/filter';

const address = (digit: string) => `0x${digit.repeat(40)}`;

const row: FilterableRow = {
	at: 10,
	amount: 5n,
	direction: 'spend',
	status: 'settled',
	counterparty: address('A'),
};

const passes = (filter: RowFilter, change: Partial<FilterableRow> = {}) =>
	matcherOf(filter)({ ...row, ...change });

describe('A filter', () => {
	it('without conditions lets everything pass', () => {
		expect(passes({})).toBe(true);
		expect(passes({}, { at: 0, amount: 0n, counterparty: null, direction: undefined })).toBe(true);
	});

	it.each<[keyof RowFilter, RowFilter, RowFilter]>([
		['directions', { directions: ['earn', 'spend'] }, { directions: ['earn'] }],
		['statuses', { statuses: ['denied', 'settled'] }, { statuses: ['denied'] }],
		['counterparties', { counterparties: [address('a')] }, { counterparties: [address('b')] }],
		['minimumMicro', { minimumMicro: '5' }, { minimumMicro: '6' }],
		['from', { from: 10 }, { from: 11 }],
		['to', { to: 11 }, { to: 10 }],
	])('of %s lets only matching rows pass', (_, wide, narrow) => {
		expect(passes(wide)).toBe(true);
		expect(passes(narrow)).toBe(false);
	});

	it.each(['directions', 'statuses', 'counterparties'] as const)(
		'with an empty list of %s lets nothing pass',
		(part) => {
			expect(passes({ [part]: [] })).toBe(false);
		},
	);

	it('of counterparties lets no row without one pass', () => {
		expect(passes({ counterparties: [address('a')] }, { counterparty: null })).toBe(false);
	});

	it('compares amounts that a number could not hold', () => {
		const amount = 2n ** 200n;
		expect(passes({ minimumMicro: amount.toString() }, { amount })).toBe(true);
		expect(passes({ minimumMicro: (amount + 1n).toString() }, { amount })).toBe(false);
	});

	it('shares no time with one that starts where its range ends', () => {
		fc.assert(
			fc.property(
				fc.nat(),
				fc.nat(),
				(border, at) => passes({ to: border }, { at }) !== passes({ from: border }, { at }),
			),
		);
	});
});
