import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { addressKey } from '../../nodes/Ampersend/domain/address';
import {
	allowlistModes,
	changeAllowlist,
	compareAllowlists,
	without,
} from '../../nodes/Ampersend/domain/allowlist';

const seller = (n: number, letterCase: 'lower' | 'upper' = 'lower') => {
	const digits = n.toString(16).padStart(38, 'a') + 'ff';
	return `0x${letterCase === 'upper' ? digits.toUpperCase() : digits}`;
};

const sellers = fc.array(
	fc
		.record({
			n: fc.nat({ max: 8 }),
			letterCase: fc.constantFrom('lower' as const, 'upper' as const),
		})
		.map(({ n, letterCase }) => seller(n, letterCase)),
);
const keys = (list: string[]) => new Set(list.map(addressKey));

describe('a changed allowlist', () => {
	it('keeps what was there and adds what was not', () => {
		const changed = changeAllowlist('add', [seller(1), seller(2)], [seller(2, 'upper'), seller(3)]);
		expect(changed).toEqual([seller(1), seller(2), seller(3)]);
	});

	it('loses what is removed, in any letter case, and nothing else', () => {
		const changed = changeAllowlist(
			'remove',
			[seller(1), seller(2), seller(3)],
			[seller(2, 'upper'), seller(4)],
		);
		expect(changed).toEqual([seller(1), seller(3)]);
	});

	it('is the given sellers where it is replaced', () => {
		expect(changeAllowlist('replace', [seller(1)], [seller(2), seller(2, 'upper')])).toEqual([
			seller(2),
		]);
		expect(changeAllowlist('replace', [seller(1)], [])).toEqual([]);
	});

	it('is the set that each mode stands for, without duplicates', () => {
		fc.assert(
			fc.property(fc.constantFrom(...allowlistModes), sellers, sellers, (mode, current, given) => {
				const changed = changeAllowlist(mode, current, given);
				const wanted = {
					add: keys([...current, ...given]),
					remove: new Set([...keys(current)].filter((key) => !keys(given).has(key))),
					replace: keys(given),
				}[mode];
				expect(keys(changed)).toEqual(wanted);
				expect(changed).toHaveLength(wanted.size);
			}),
		);
	});

	it('is the same when it is changed the same way again', () => {
		fc.assert(
			fc.property(fc.constantFrom(...allowlistModes), sellers, sellers, (mode, current, given) => {
				const once = changeAllowlist(mode, current, given);
				expect(changeAllowlist(mode, once, given)).toEqual(once);
			}),
		);
	});

	it('leaves the lists that it was given as they were', () => {
		fc.assert(
			fc.property(fc.constantFrom(...allowlistModes), sellers, sellers, (mode, current, given) => {
				const before = structuredClone([current, given]);
				changeAllowlist(mode, current, given);
				expect([current, given]).toEqual(before);
			}),
		);
	});
});

describe('the list that the service answered', () => {
	it('differs in nothing where only order and letter case do', () => {
		expect(compareAllowlists([seller(1), seller(2)], [seller(2, 'upper'), seller(1)])).toEqual({
			unexpected: [],
			missing: [],
		});
	});

	it('is told apart by what it lacks and what it holds besides', () => {
		expect(compareAllowlists([seller(1), seller(2)], [seller(2), seller(3)])).toEqual({
			unexpected: [seller(3)],
			missing: [seller(1)],
		});
	});

	it('is taken apart without losing an entry', () => {
		fc.assert(
			fc.property(sellers, sellers, (list, other) => {
				const rest = without(list, other);
				expect(rest.every((address) => !keys(other).has(addressKey(address)))).toBe(true);
				expect(
					keys([...rest, ...list.filter((address) => keys(other).has(addressKey(address)))]),
				).toEqual(keys(list));
			}),
		);
	});
});
