import { describe, expect, it } from '@jest/globals';
import { checksummed, isAddress, randomAddress } from '../../tools/emulator/addresses.mts';

describe('checksummed', () => {
	// The test cases of EIP-55.
	it.each([
		'0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
		'0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
		'0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
		'0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
	])('spells %s', (address) => {
		expect(checksummed(address.toLowerCase())).toBe(address);
	});
});

describe('randomAddress', () => {
	it('returns checksummed and lower-case addresses', () => {
		const made = Array.from({ length: 60 }, randomAddress);
		expect(made.every(isAddress)).toBe(true);
		expect(new Set(made).size).toBe(60);
		const lower = made.filter((address) => address === address.toLowerCase());
		expect(lower.length).toBeGreaterThan(0);
		expect(lower.length).toBeLessThan(60);
		const others = made.filter((address) => !lower.includes(address));
		expect(others.map(checksummed)).toEqual(others);
	});
});
