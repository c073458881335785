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

	it('loses only what is removed, in any letter case', () => {
		const changed = changeAllowlist(
			'remove',
			[seller(1), seller(2), seller(3)],
			[seller(2, 'upper'), seller(4)],
		);
		expect(changed).toEqual([seller(1), seller(3)]);
	});

	it('has only the given sellers if it is replaced', () => {
		expect(changeAllowlist('replace', [seller(1)], [seller(2), seller(2, 'upper')])).toEqual([
			seller(2),
		]);
		expect(changeAllowlist('replace', [seller(1)], [])).toEqual([]);
	});

	it('is the expected set in each mode, without duplicates', () => {
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

	it('stays the same if the same change is made again', () => {
		fc.assert(
			fc.property(fc.constantFrom(...allowlistModes), sellers, sellers, (mode, current, given) => {
				const once = changeAllowlist(mode, current, given);
				expect(changeAllowlist(mode, once, given)).toEqual(once);
			}),
		);
	});

	it('does not modify the given lists', () => {
		fc.assert(
			fc.property(fc.constantFrom(...allowlistModes), sellers, sellers, (mode, current, given) => {
				const before = structuredClone([current, given]);
				changeAllowlist(mode, current, given);
				expect([current, given]).toEqual(before);
			}),
		);
	});
});

describe("the service's resulting list", () => {
	it('is equal if only order and letter case differ', () => {
		expect(compareAllowlists([seller(1), seller(2)], [seller(2, 'upper'), seller(1)])).toEqual({
			unexpected: [],
			missing: [],
		});
	});

	it('differs by its missing and its unexpected entries', () => {
		expect(compareAllowlists([seller(1), seller(2)], [seller(2), seller(3)])).toEqual({
			unexpected: [seller(3)],
			missing: [seller(1)],
		});
	});

	it('is split without losing an entry', () => {
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
