import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

import { ParameterError, looksSecret, quote, requireText } from './parameter';

/** An Ethereum address: `0x` and 40 hexadecimal digits. */
export type Address = string;

/** Which agents: every one of the account, or those of these addresses. */
export type AgentScope = 'all' | Address[];

const SHAPE = /^0x[0-9a-fA-F]{40}$/;

export function isAddress(text: string): boolean {
	return SHAPE.test(text);
}

/** The spelling whose letter case is a checksum (EIP-55). */
function checksummed(address: Address): Address {
	const digits = address.slice(2).toLowerCase();
	const hash = bytesToHex(keccak_256(utf8ToBytes(digits)));
	return `0x${[...digits]
		.map((digit, index) => (parseInt(hash.charAt(index), 16) >= 8 ? digit.toUpperCase() : digit))
		.join('')}`;
}

/** The key under which addresses are compared: their letter case is no part of them. */
export function addressKey(address: Address): string {
	return address.toLowerCase();
}

export function sameAddress(one: Address, other: Address): boolean {
	return addressKey(one) === addressKey(other);
}

/**
 * Checks one address; the spelling given is kept.
 * @throws ParameterError for a wrong shape, or a mixed-case spelling whose checksum does not hold
 */
export function parseAddress(parameter: string, value: unknown): Address {
	const text = requireText(parameter, value);
	if (!isAddress(text)) {
		throw new ParameterError(
			parameter,
			`${quote(text)} is not an address.`,
			'An address is 0x followed by 40 hexadecimal digits. Copy it again, whole.',
		);
	}
	const digits = text.slice(2);
	const mixedCase = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
	if (mixedCase && checksummed(text) !== text) {
		throw new ParameterError(
			parameter,
			`${quote(text)} does not match its checksum, so at least one character is wrong.`,
			'Copy the address again from its source. Where only the letter case was changed on purpose, write it all in lower case.',
		);
	}
	return text;
}

const ZERO = `0x${'0'.repeat(40)}`;

/**
 * Nobody holds the zero address: whatever is paid to it is lost, and no key signs for it.
 * @throws ParameterError where it is among the addresses
 */
export function rejectZeroAddress(parameter: string, ...addresses: Address[]): void {
	if (!addresses.includes(ZERO)) return;
	throw new ParameterError(
		parameter,
		`"${ZERO}" is the zero address, which belongs to nobody.`,
		'Give the address that you mean. Programs put zeros where an address is missing.',
	);
}

/** Keeps the first spelling of each address. */
export function uniqueAddresses(addresses: Iterable<Address>): Address[] {
	const byKey = new Map<string, Address>();
	for (const address of addresses) {
		const key = addressKey(address);
		if (!byKey.has(key)) byKey.set(key, address);
	}
	return [...byKey.values()];
}

/** What stands between commas, white space, line breaks, or the brackets and quotes of JSON. */
function wordsOf(parameter: string, text: string): string[] {
	if (looksSecret(text)) {
		throw new ParameterError(
			parameter,
			'holds something that looks like a secret, so it is not shown.',
			'Give addresses only: 0x followed by 40 hexadecimal digits. Whoever saw a private key may use it: replace it.',
		);
	}
	return text.split(/[\s,;"'[\]]+/).filter((word) => word !== '');
}

/** Room for more than ten thousand addresses. */
const MOST_LIST_CHARACTERS = 500_000;

/** An entry counts as one character at least, so that the number of entries is bounded too. */
function sizeOf(entries: unknown[]): number {
	return entries.reduce<number>(
		(size, entry) => size + 1 + (typeof entry === 'string' ? entry.length : 0),
		0,
	);
}

/**
 * Reads a list of addresses: an array, or text with commas, white space or line breaks between
 * them. Empty entries and duplicates (in any letter case) are dropped.
 * @throws ParameterError naming the first entry that is no address
 */
export function parseAddresses(parameter: string, value: unknown): Address[] {
	if (value === undefined || value === null) return [];
	const entries = Array.isArray(value) ? value : [value];
	if (sizeOf(entries) > MOST_LIST_CHARACTERS) {
		throw new ParameterError(
			parameter,
			`holds more than ${MOST_LIST_CHARACTERS} characters.`,
			'Give fewer addresses at once.',
		);
	}
	const words: unknown[] = entries.flatMap((entry: unknown) =>
		typeof entry === 'string' ? wordsOf(parameter, entry) : [entry],
	);
	return uniqueAddresses(
		words.map((word) => {
			if (typeof word === 'string') return parseAddress(parameter, word);
			throw new ParameterError(
				parameter,
				`${quote(word)} is not an address.`,
				'Give text or a list of texts: addresses with commas or line breaks between them.',
			);
		}),
	);
}

/** Room for every link that a dashboard or an explorer makes. */
const MOST_LINK_CHARACTERS = 2_048;

/**
 * The first address in a link, where no further digit makes it a longer number (a transaction
 * hash).
 */
const IN_LINK = /(0x[0-9a-fA-F]{40})(?![0-9a-fA-F])/;

/**
 * Reads what a resource locator holds: an address, a link with one in it, or the locator itself.
 * @throws ParameterError naming the locator, where there is no address
 */
export function parseLocator(parameter: string, locator: unknown): Address {
	const value =
		typeof locator === 'object' && locator !== null && 'value' in locator ? locator.value : locator;
	if (typeof value === 'string' && value.length > MOST_LINK_CHARACTERS) {
		throw new ParameterError(
			parameter,
			`has ${value.length} characters, which is more than an address or a link has.`,
			'Copy the address alone: 0x followed by 40 hexadecimal digits.',
		);
	}
	if (typeof value !== 'string' || !/^\w+:\/\//.test(value.trim())) {
		return parseAddress(parameter, value);
	}
	const found = IN_LINK.exec(value);
	if (found) return parseAddress(parameter, found[1]);
	throw new ParameterError(
		parameter,
		'the link holds no address.',
		'Copy a link that has 0x and 40 hexadecimal digits in it, or choose By Address.',
	);
}
