import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

import { ParameterError, findForeignCharacter, quote, requireText, valueOf } from './parameter';
import { isLikePrivateKey, looksSecret } from './secret';
import { firstFew } from './text';

/** An Ethereum address: `0x` and 40 hexadecimal digits. */
export type Address = string;

/** Which agents: every one of the account, or those of these addresses. */
export type AgentScope = 'all' | Address[];

const SHAPE = /^0x[0-9a-fA-F]{40}$/;

/** Addresses that a message names. */
const MAX_NAMED = 5;

const COPY_AGAIN = 'Copy the whole address again.';
const COPY_FROM_SOURCE =
	'Chat apps and word processors add and replace characters: copy the address from its source.';

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

/** Whether an address has both cases, and they aren't its checksum: a character is wrong. */
export function isMisspelled(address: Address): boolean {
	const digits = address.slice(2);
	const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
	return isMixed && checksummed(address) !== address;
}

/** What is wrong with a word that isn't an address, and what to do. */
function faultOf(word: string): [complaint: string, advice: string] {
	const foreign = findForeignCharacter(word);
	if (foreign) return [`has ${foreign}, which no address has.`, COPY_FROM_SOURCE];
	const [, digits] = /^0x([0-9a-f]+)$/i.exec(word) ?? [];
	const isnt = `${quote(word)} is not an address`;
	if (word.startsWith('0X')) return [`${isnt}: it begins with 0X.`, 'Begin it with 0x.'];
	if (digits) return [`${isnt}: it has ${digits.length} digits after 0x.`, COPY_AGAIN];
	if (isAddress(`0x${word}`)) return [`${isnt}: it has no 0x.`, 'Put 0x before it.'];
	if (word.endsWith('.eth')) {
		return [`${isnt}: it is a name.`, 'Enter the address that it stands for.'];
	}
	return [`${isnt}.`, COPY_AGAIN];
}

/** @throws ParameterError for a wrong shape, or for mixed case with a wrong checksum */
function checkAddress(parameter: string, word: string): Address {
	if (!isAddress(word)) {
		const [complaint, advice] = faultOf(word);
		throw new ParameterError(
			parameter,
			complaint,
			`An address is 0x followed by 40 hexadecimal digits. ${advice}`,
		);
	}
	if (isMisspelled(word)) {
		throw new ParameterError(
			parameter,
			`${quote(word)} doesn't match its checksum, so at least one character is wrong.`,
			'Copy the address again from its source. If you changed upper and lower case on purpose, ' +
				'enter it in lower case.',
		);
	}
	return word;
}

export const ZERO = `0x${'0'.repeat(40)}`;

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

/** Longer than any link of a dashboard or an explorer. */
const MAX_LINK_CHARACTERS = 2_048;

/** A part of a link that may be an address with a character of another alphabet in it. */
const DIGITS = /[0-9a-fA-F]{8}/;

/** Before an address, its blockchain (CAIP-10). Accounts have the same address on each. */
const CHAIN = /^eip155:\d{1,32}:(?=0x)/;

function isLink(text: string): boolean {
	return /^\w{1,32}:\/\//.test(text);
}

function tooLong(parameter: string, length: number): ParameterError {
	return new ParameterError(
		parameter,
		`is too long for an address or a link (${length} characters).`,
		'Enter only the address: 0x followed by 40 hexadecimal digits.',
	);
}

/** @throws ParameterError naming the addresses */
function rejectSeveral(parameter: string, what: string, addresses: Address[]): never {
	throw new ParameterError(
		parameter,
		`${what} ${addresses.length} addresses: ${firstFew(addresses, MAX_NAMED)}.`,
		'Enter only the address that you mean.',
	);
}

function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

/**
 * The address in a link. One with several is ambiguous: an explorer's link can name a token's
 * contract and one of its holders.
 * @throws ParameterError if there is none, or more than one
 */
function addressInLink(parameter: string, link: string): Address {
	if (link.length > MAX_LINK_CHARACTERS) throw tooLong(parameter, link.length);
	const parts = link.split(/[/?&=#:,;]+/).map(decoded);
	const foreign = parts
		.filter((part) => DIGITS.test(part))
		.map(findForeignCharacter)
		.find((found) => found !== undefined);
	if (foreign !== undefined) {
		throw new ParameterError(
			parameter,
			`the link has ${foreign} where an address can be.`,
			COPY_FROM_SOURCE,
		);
	}
	// More digits would make it a longer number: a transaction hash.
	const words = link.match(/0x[0-9a-fA-F]{40}(?![0-9a-fA-F])/g) ?? [];
	const addresses = uniqueAddresses(words.map((word) => checkAddress(parameter, word)));
	const [address] = addresses;
	if (addresses.length > 1) rejectSeveral(parameter, 'the link contains', addresses);
	if (address !== undefined) return address;
	throw new ParameterError(
		parameter,
		'the link contains no address.',
		'Copy a link that contains 0x and 40 hexadecimal digits, or choose By Address.',
	);
}

/** A comma within a link belongs to it, unless an address or a link follows. */
function splitLinks(text: string): string[] {
	const words: string[] = [];
	for (const piece of text.split(/[,;]+/)) {
		const isNext = piece === '' || isLink(piece) || /^(?:0x|eip155:)/.test(piece);
		const last = isNext ? undefined : words.pop();
		words.push(last === undefined ? piece : `${last},${piece}`);
	}
	return words;
}

/** The words between commas, white space, line breaks, and the brackets and quotes of JSON. */
function wordsOf(text: string): string[] {
	return (
		text
			.trim()
			// JavaScript counts the byte order mark as white space.
			.split(/(?:[^\S\ufeff]|["'[\]])+/)
			.flatMap((word) => (isLink(word) ? splitLinks(word) : word.split(/[,;]+/)))
			.filter((word) => word !== '')
	);
}

/** @throws ParameterError where a secret may be among the words */
function rejectSecret(parameter: string, words: string[]): void {
	// A link can have the hash of a transaction, and no message shows a link.
	const others = words.filter((word) => !isLink(word));
	if (!looksSecret(others.join(' '))) return;
	const isKey = others.some(isLikePrivateKey);
	throw new ParameterError(
		parameter,
		(isKey ? 'is as long as a private key' : 'contains something that looks like a secret') +
			', so it is not shown.',
		'Enter an address: 0x followed by 40 hexadecimal digits. If it was a secret, n8n has ' +
			'stored it: remove it here, and replace it.',
	);
}

function readWord(parameter: string, word: string): Address {
	if (isLink(word)) return addressInLink(parameter, word);
	return checkAddress(parameter, word.replace(CHAIN, ''));
}

/**
 * Reads one address: alone, with its blockchain before it (CAIP-10), or in a link. Keeps its letter
 * case.
 * @throws ParameterError where there is none, or more than one
 */
export function parseAddress(parameter: string, value: unknown): Address {
	const text = requireText(parameter, value);
	if (text.length > MAX_LINK_CHARACTERS) throw tooLong(parameter, text.length);
	const words = wordsOf(text);
	rejectSecret(parameter, words);
	const hasAny = words.some((word) => isLink(word) || isAddress(word.replace(CHAIN, '')));
	// A name of several words is quoted whole.
	const read = hasAny ? words : [text];
	const addresses = uniqueAddresses(read.map((word) => readWord(parameter, word)));
	const [address = text] = addresses;
	if (addresses.length > 1) rejectSeveral(parameter, 'has', addresses);
	return address;
}

/** Room for more than ten thousand addresses. */
const MAX_LIST_CHARACTERS = 500_000;

/** An entry counts as at least one character, so the number of entries has a limit too. */
function sizeOf(entries: unknown[]): number {
	return entries.reduce<number>(
		(size, entry) => size + 1 + (typeof entry === 'string' ? entry.length : 0),
		0,
	);
}

/** The same for an address that can't be the zero address. */
export function parseUsableAddress(parameter: string, value: unknown): Address {
	const address = parseAddress(parameter, value);
	rejectZeroAddress(parameter, address);
	return address;
}

/**
 * Reads a list of addresses, each as `parseAddress` does: an array, or text with commas, white
 * space or line breaks between them. Empty entries and duplicates (in any letter case) are dropped.
 * @throws ParameterError naming the first entry that isn't an address
 */
export function parseAddresses(parameter: string, value: unknown): Address[] {
	if (value === undefined || value === null) return [];
	const entries: unknown[] = Array.isArray(value) ? value : [value];
	if (sizeOf(entries) > MAX_LIST_CHARACTERS) {
		throw new ParameterError(
			parameter,
			`has more than ${MAX_LIST_CHARACTERS} characters.`,
			'Enter fewer addresses at once.',
		);
	}
	return uniqueAddresses(
		entries.flatMap((entry) => {
			if (typeof entry !== 'string') {
				throw new ParameterError(
					parameter,
					`${quote(entry)} is not an address.`,
					'Enter addresses separated by commas or line breaks, or use a list of texts.',
				);
			}
			const words = wordsOf(entry);
			rejectSecret(parameter, words);
			return words.map((word) => readWord(parameter, word));
		}),
	);
}

/** The same for a resource locator, or its value. */
export function parseLocator(parameter: string, locator: unknown): Address {
	return parseAddress(parameter, valueOf(locator));
}
