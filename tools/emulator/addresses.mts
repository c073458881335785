import { randomBytes } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

export const isAddress = (text: string): boolean => /^0x[0-9a-fA-F]{40}$/.test(text);

/** Two spellings of one address differ only in letter case. */
export const addressId = (address: string): string => address.toLowerCase();

/** Spells an address with the EIP-55 checksum in its letter case. */
export function checksummed(address: string): string {
	const digits = address.slice(2).toLowerCase();
	const hash = bytesToHex(keccak_256(utf8ToBytes(digits)));
	const cased = [...digits].map((digit, i) =>
		parseInt(hash.charAt(i), 16) >= 8 ? digit.toUpperCase() : digit,
	);
	return `0x${cased.join('')}`;
}

/**
 * A new address. Half of them are checksummed and half lower case: a client has to handle both.
 */
export function randomAddress(): string {
	const bytes = randomBytes(20);
	const lower = `0x${bytes.toString('hex')}`;
	return (bytes[19] ?? 0) % 2 === 0 ? checksummed(lower) : lower;
}

export const randomHash = (): string => `0x${randomBytes(32).toString('hex')}`;
