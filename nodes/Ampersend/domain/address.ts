import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

import { ParameterError, looksSecret, quote, requireText, valueOf } from './parameter';

/** An Ethereum address: `0x` and 40 hexadecimal digits. */
export type Address = string;

/** Which agents: every one of the account, or those of these addresses. */
export type AgentScope = 'all' | Address[];

const SHAPE = /^0x[0-9a-fA-F]{40}$/;

export function isAddress(text: string): boolean {
	return SHAPE.test(text);
}

/** The spelling whose letter case is a checksum (EIP-55). */
export function checksummed(address: Address): Address {
	const digits = address.slice(2).toLowerCase();
	const hash = bytesToHex(keccak_256(utf8ToBytes(digits)));
	return `0x${[...digits]
		.map((digit, index) => (parseInt(hash.charAt(index), 16) >= 8 ? digit.toUpperCase() : digit))
		.join('')}`;
}

/**
 * Six digits by which an owner recognizes the key that an agent asked for: the dashboard shows the
 * same (SDK, setup.ts).
 */
export function verificationCodeOf(address: Address): string {
	const hash = bytesToHex(keccak_256(hexToBytes(address.slice(2))));
	return (BigInt(`0x${hash}`) % 1_000_000n).toString().padStart(6, '0');
}

/**
 * Enough of an address to recognize it.
 * @param digits shown of each end: beside a name few are enough, but somebody can make an address
 * that looks like another one
 */
export function shortAddress(address: Address, digits = 4): string {
	return `${address.slice(0, 2 + digits)}…${address.slice(-digits)}`;
}

/** What addresses are compared by: their letter case doesn't count. */
export function addressKey(address: Address): string {
	return address.toLowerCase();
}

export function sameAddress(one: Address | null, other: Address): boolean {
	return one !== null && (one === other || addressKey(one) === addressKey(other));
}

/**
 * Checks one address, and keeps its letter case.
 * @throws ParameterError for a wrong shape, or for mixed case with a wrong checksum
 */
export function parseAddress(parameter: string, value: unknown): Address {
	const text = requireText(parameter, value);
	if (!isAddress(text)) {
		throw new ParameterError(
			parameter,
			`${quote(text)} is not an address.`,
			'An address is 0x followed by 40 hexadecimal digits. Copy the whole address again.',
		);
	}
	const digits = text.slice(2);
	const mixedCase = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
	if (mixedCase && checksummed(text) !== text) {
		throw new ParameterError(
			parameter,
			`${quote(text)} doesn't match its checksum, so at least one character is wrong.`,
			'Copy the address again from its source. If you changed upper and lower case on purpose, ' +
				'enter it in lower case.',
		);
	}
	return text;
}

const ZERO = `0x${'0'.repeat(40)}`;

/**
 * Nobody owns the zero address: what is paid to it is lost, and no key signs for it.
 * @throws ParameterError where it is one of the addresses
 */
export function rejectZeroAddress(parameter: string, ...addresses: Address[]): void {
	if (!addresses.includes(ZERO)) return;
	throw new ParameterError(
		parameter,
		`"${ZERO}" is the zero address, which belongs to nobody.`,
		'Enter the address you want to use. Software fills in zeros where an address is missing.',
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

/** The words between commas, white space, line breaks, and the brackets and quotes of JSON. */
function wordsOf(parameter: string, text: string): string[] {
	if (looksSecret(text)) {
		throw new ParameterError(
			parameter,
			'contains something that looks like a secret, so it is not shown.',
			'Enter addresses only: 0x followed by 40 hexadecimal digits. ' +
				'If it was a private key, replace it: anyone who saw it can use it.',
		);
	}
	return text.split(/[\s,;"'[\]]+/).filter((word) => word !== '');
}

/** Room for more than ten thousand addresses. */
const MOST_LIST_CHARACTERS = 500_000;

/** An entry counts as at least one character, so the number of entries has a limit too. */
function sizeOf(entries: unknown[]): number {
	return entries.reduce<number>(
		(size, entry) => size + 1 + (typeof entry === 'string' ? entry.length : 0),
		0,
	);
}

/**
 * Reads a list of addresses: an array, or text with commas, white space or line breaks between
 * them. Empty entries and duplicates (in any letter case) are dropped.
 * @throws ParameterError naming the first entry that isn't an address
 */
export function parseAddresses(parameter: string, value: unknown): Address[] {
	if (value === undefined || value === null) return [];
	const entries = Array.isArray(value) ? value : [value];
	if (sizeOf(entries) > MOST_LIST_CHARACTERS) {
		throw new ParameterError(
			parameter,
			`has more than ${MOST_LIST_CHARACTERS} characters.`,
			'Enter fewer addresses at once.',
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
				'Enter addresses separated by commas or line breaks, or use a list of texts.',
			);
		}),
	);
}

/** Longer than any link of a dashboard or an explorer. */
const MOST_LINK_CHARACTERS = 2_048;

/** The first address in a link. More digits would make it a longer number: a transaction hash. */
const IN_LINK = /(0x[0-9a-fA-F]{40})(?![0-9a-fA-F])/;

function isLink(text: string): boolean {
	return /^\w+:\/\//.test(text.slice(0, MOST_LINK_CHARACTERS).trim());
}

/**
 * Reads a resource locator, or its value: an address, or a link that contains one.
 * @throws ParameterError naming the locator, where it has no address
 */
export function parseLocator(parameter: string, locator: unknown): Address {
	const value = valueOf(locator);
	if (typeof value === 'string' && value.length > MOST_LINK_CHARACTERS) {
		throw new ParameterError(
			parameter,
			`is too long for an address or a link (${value.length} characters).`,
			'Enter only the address: 0x followed by 40 hexadecimal digits.',
		);
	}
	if (typeof value !== 'string' || !isLink(value)) return parseAddress(parameter, value);
	const found = IN_LINK.exec(value);
	if (found) return parseAddress(parameter, found[1]);
	throw new ParameterError(
		parameter,
		'the link contains no address.',
		'Copy a link that contains 0x and 40 hexadecimal digits, or choose By Address.',
	);
}

/**
 * The same for a locator that can have several addresses.
 * @returns none if it's empty
 */
export function parseLocators(parameter: string, locator: unknown): Address[] {
	const value = valueOf(locator);
	const isOne = typeof value === 'string' && isLink(value);
	return isOne ? [parseLocator(parameter, value)] : parseAddresses(parameter, value);
}
