import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	addressKey,
	isAddress,
	parseAddress,
	parseAddresses,
	sameAddress,
	uniqueAddresses,
} from '../../nodes/Ampersend/domain/address';
import { ParameterError } from '../../nodes/Ampersend/domain/parameter';

/** The test cases of EIP-55, section "Test Cases". */
const allCaps = [
	'0x52908400098527886E0F7030069857D2E4169EE7',
	'0x8617E340B3D01FA5F11F306F4090FD50E238070D',
];
const allLower = [
	'0xde709f2102306220921060314715629080e2fb77',
	'0x27b1fdb04752bbc536007a920d24acb045561c26',
];
const mixed = [
	'0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
	'0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
	'0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
	'0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
];
const [one = '', two = '', three = ''] = mixed;

const upper = (address: string) => `0x${address.slice(2).toUpperCase()}`;

function rejectionOf(read: () => unknown): ParameterError {
	try {
		read();
	} catch (error) {
		if (error instanceof ParameterError) return error;
		throw error;
	}
	throw new Error('it was accepted');
}

describe('one address', () => {
	it.each([...allCaps, ...allLower, ...mixed])('%s of EIP-55 is returned unchanged', (address) => {
		expect(parseAddress('Agent', address)).toBe(address);
	});

	it('is accepted in a single letter case, which has no checksum', () => {
		for (const address of mixed) {
			expect(parseAddress('Agent', address.toLowerCase())).toBe(address.toLowerCase());
			expect(parseAddress('Agent', upper(address))).toBe(upper(address));
		}
	});

	it('is rejected in mixed case with any one letter in the wrong case', () => {
		for (const address of mixed) {
			for (let i = 2; i < address.length; i++) {
				const letter = address.charAt(i);
				const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
				if (other === letter) continue;
				const wrong = address.slice(0, i) + other + address.slice(i + 1);
				const { message, description } = rejectionOf(() => parseAddress('Agent', wrong));
				expect(message).toMatch(/^Agent: .*doesn't match its checksum/);
				expect(description).toContain('lower case');
			}
		}
	});

	it('can have white space around it', () => {
		expect(parseAddress('Agent', ` ${one}\n`)).toBe(one);
	});

	it.each([
		['one digit short', one.slice(0, -1), ': it has 39 digits after 0x'],
		['one digit too long', `${one.toLowerCase()}0`, ': it has 41 digits after 0x'],
		['without 0x', one.slice(2), ': it has no 0x'],
		['with 0X', `0X${one.slice(2)}`, ': it begins with 0X'],
		["with a letter that isn't a digit", `${one.slice(0, -1)}g`, ''],
		['with white space inside', `${one.slice(0, 20)} ${one.slice(20)}`, ''],
		['as a name', 'research.eth', ': it is a name'],
		['with a path after it', `${one}/keys`, ''],
	])('is rejected %s, and the message shows the format', (_, text, complaint) => {
		const { message, description, parameter } = rejectionOf(() => parseAddress('Agent', text));
		expect(message).toBe(`Agent: "${text}" is not an address${complaint}.`);
		expect(description).toContain('0x followed by 40 hexadecimal digits');
		expect(parameter).toBe('Agent');
	});

	it.each([[{}], [[]]])("%j isn't text", (value) => {
		expect(rejectionOf(() => parseAddress('Agent', value)).message).toContain('is not text.');
	});

	it.each([[''], ['  '], [undefined], [null]])('%j is empty', (value) => {
		expect(rejectionOf(() => parseAddress('Agent', value)).message).toBe('Agent: is empty.');
	});

	it('is compared without its letter case', () => {
		expect(sameAddress(one, one.toLowerCase())).toBe(true);
		expect(sameAddress(one, two)).toBe(false);
		expect(addressKey(one)).toBe(one.toLowerCase());
		expect(isAddress(upper(one))).toBe(true);
	});

	it('is not repeated in the message if it is a pasted secret', () => {
		const secrets = [
			randomBytes(32).toString('hex'),
			`0x${randomBytes(32).toString('hex')}`,
			`0x${randomBytes(32).toString('hex').toUpperCase()}`,
			`sk_test_${randomBytes(24).toString('hex')}`,
			`sk_live_${randomBytes(24).toString('hex')}`,
		];
		for (const secret of secrets) {
			for (const read of [parseAddress, parseAddresses]) {
				const rejection = rejectionOf(() => read('Agent Key Address', secret));
				expect(rejection.message + rejection.description).not.toContain(secret.slice(8, 24));
				expect(rejection.message).toMatch(/looks like a secret|is as long as a private key/);
			}
		}
	});
});

describe('a list of addresses', () => {
	it.each([
		['an array', [one, two, three]],
		['commas', `${one},${two},${three}`],
		['commas and spaces', `${one}, ${two} , ${three}`],
		['line breaks', `${one}\n${two}\n${three}\n`],
		['Windows line breaks', `${one}\r\n${two}\r\n${three}`],
		['semicolons', `${one};${two};${three}`],
		['an array of text with several each', [`${one}, ${two}`, three]],
		['empty entries', `,${one},,${two},\n\n${three},`],
		['an array with empty text', ['', one, ' ', two, three]],
	])('is read from %s', (_, value) => {
		expect(parseAddresses('Sellers', value)).toEqual([one, two, three]);
	});

	it.each([[undefined], [null], [''], [' \n,'], [[]], [['', ' ']]])('is empty for %j', (value) => {
		expect(parseAddresses('Sellers', value)).toEqual([]);
	});

	it('has each address once, in its first spelling and place', () => {
		const value = [one.toLowerCase(), two, one, upper(two), three];
		expect(parseAddresses('Sellers', value)).toEqual([one.toLowerCase(), two, three]);
	});

	it("names the entry that isn't an address, and accepts none", () => {
		const { message } = rejectionOf(() => parseAddresses('Sellers', `${one}\nnobody\n${two}`));
		expect(message).toBe('Sellers: "nobody" is not an address.');
	});

	it('can have five thousand addresses, and is rejected if it is too long', () => {
		const address = (i: number) => `0x${i.toString(16).padStart(40, '0')}`;
		const list = (length: number) => Array.from({ length }, (_, i) => address(i + 1));
		expect(parseAddresses('Sellers', list(5_000).join('\n'))).toHaveLength(5_000);
		for (const value of [
			list(20_000),
			list(20_000).join(','),
			Array.from({ length: 600_000 }, () => ''),
		]) {
			expect(rejectionOf(() => parseAddresses('Sellers', value)).message).toBe(
				'Sellers: has more than 500000 characters.',
			);
		}
	});

	it.each([
		['a list inside a list', [[one]]],
		['an object inside a list', [{ address: one }]],
		['a single object', { address: one }],
		['null inside a list', [one, null]],
		['a number', 42],
	])('is rejected: %s', (_, value) => {
		expect(rejectionOf(() => parseAddresses('Sellers', value)).message).toContain(
			'is not an address',
		);
	});

	it('loses duplicates in any letter case, order and number', () => {
		const hex = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 40, maxLength: 40 });
		const address = hex.map((digits) => `0x${digits.join('')}`);
		fc.assert(
			fc.property(fc.array(address), fc.array(fc.boolean()), (addresses, cases) => {
				const repeated = addresses.flatMap((given, i) =>
					cases[i] ? [given, upper(given)] : [given],
				);
				const unique = uniqueAddresses(repeated);
				expect(unique.map(addressKey)).toEqual([...new Set(addresses)]);
			}),
		);
	});
});

const link = (rest: string) => `https://basescan.org/${rest}`;

describe('an address in a link, or with its blockchain', () => {
	it.each([
		['in a path', link(`address/${one}`)],
		['in a query', link(`token?a=${one}`)],
		['in a fragment', link(`#/${one}`)],
		[
			'several times, in any letter case',
			link(`address/${one}?a=${one.toLowerCase()}#${upper(one)}`),
		],
		['beside the hash of a transaction', link(`tx/0x${'ab'.repeat(32)}?from=${one}`)],
		['beside numbers with commas', link(`address/${one}?p=1,2`)],
		['of a list in JSON', `["${link(`address/${one}`)}"]`],
		['after eip155:8453:', `eip155:8453:${one}`],
		['after eip155:1:, in a link', link(`account/eip155:1:${one}`)],
	])('is read %s', (_, text) => {
		expect(parseAddress('Agent', text)).toBe(one);
		expect(parseAddresses('Sellers', text)).toEqual([one]);
	});

	it.each([
		['two links', `${link(`address/${one}`)}, ${link(`address/${two}`)}`],
		['two links with only a comma', `${link(`address/${one}`)},${link(`address/${two}`)}`],
		['a link and an address', `${link(`address/${one}`)};${two}`],
		['addresses with their blockchains', `eip155:8453:${one}\neip155:8453:${two}`],
	])('is one of a list: %s', (_, text) => {
		expect(parseAddresses('Sellers', text)).toEqual([one, two]);
		const { message, description } = rejectionOf(() => parseAddress('Agent', text));
		expect(message).toBe(`Agent: has 2 addresses: ${one}, ${two}.`);
		expect(description).toBe('Enter only the address that you mean.');
	});

	it.each([
		['a path and a query', link(`token/${one}?a=${two}`)],
		['a path', link(`${one}/${two}`)],
		['a query and a fragment', link(`?a=${one}#${two}`)],
		['a path and a coded query', link(`${one}?next=https%3A%2F%2Fx%2F${two}`)],
	])('is not guessed if a link has two, in %s', (_, text) => {
		for (const read of [parseAddress, parseAddresses]) {
			const { message } = rejectionOf(() => read('Counterparty', text));
			expect(message).toBe(`Counterparty: the link contains 2 addresses: ${one}, ${two}.`);
		}
	});

	it('is checked there, too', () => {
		const wrong = one.replace('A', 'a');
		const { message } = rejectionOf(() => parseAddress('Agent', link(`address/${wrong}`)));
		expect(message).toContain("doesn't match its checksum");
	});

	it('is not searched for in a text of unbounded length', () => {
		for (const read of [parseAddress, parseAddresses]) {
			const { message } = rejectionOf(() => read('Agent', link('a'.repeat(5_000))));
			expect(message).toBe('Agent: is too long for an address or a link (5021 characters).');
		}
	});
});

describe('a character that no address has', () => {
	const replaced = (character: string) => `${one.slice(0, 12)}${character}${one.slice(13)}`;

	it.each([
		['a zero width space', '\u200b', 'an invisible character (U+200B)'],
		['a byte order mark', '\ufeff', 'an invisible character (U+FEFF)'],
		['a soft hyphen', '\u00ad', 'an invisible character (U+00AD)'],
		['a mark of direction', '\u202e', 'an invisible character (U+202E)'],
		['NUL', '\0', 'an invisible character (U+0000)'],
		['a Cyrillic a', '\u0430', 'the character "\u0430" (U+0430)'],
		['a fullwidth A', '\uff21', 'the character "\uff21" (U+FF21)'],
		['an emoji', '\u{1f4b8}', 'the character "\u{1f4b8}" (U+1F4B8)'],
	])('is named: %s', (_, character, named) => {
		const text = replaced(character);
		const rejection = rejectionOf(() => parseAddress('Agent', text));
		expect(rejection.message).toBe(`Agent: has ${named}, which no address has.`);
		expect(rejection.description).toContain('Chat apps and word processors');
		for (const read of [parseAddress, parseAddresses]) {
			for (const part of [text, encodeURIComponent(text)]) {
				const found = link(`token/${two}?a=${part}`);
				expect(rejectionOf(() => read('Agent', found)).message).toBe(
					`Agent: the link has ${named} where an address can be.`,
				);
			}
		}
	});

	it('is named in a list, too', () => {
		const text = `${two},${replaced('\u0430')}`;
		expect(rejectionOf(() => parseAddresses('Sellers', text)).message).toContain('(U+0430)');
	});

	it('does not matter elsewhere in a link', () => {
		expect(parseAddress('Agent', `https://beispiel.de/übersicht/${one}`)).toBe(one);
	});

	it('does not show the private key that it is in', () => {
		const key = randomBytes(32).toString('hex');
		const { message, description } = rejectionOf(() =>
			parseAddress('Agent', `0x${key.slice(0, 40)}\u200b${key.slice(40)}`),
		);
		expect(`${message} ${description}`).not.toContain(key.slice(0, 8));
	});
});

describe('a secret pasted where an address belongs', () => {
	const digits = 'b1c7d4e8'.repeat(8);
	const phrase = Array.from({ length: 12 }, (_, i) => 'word' + 'abcdefghijkl'.charAt(i)).join(' ');

	it.each([
		['a private key', `0x${digits}`],
		['a private key that lost a digit', `0x${digits.slice(1)}`],
		['a private key with a line break', `${digits.slice(0, 32)}\n${digits.slice(32)}`],
		['a recovery phrase', phrase],
	])('is not repeated: %s', (_what, secret) => {
		for (const read of [parseAddress, parseAddresses]) {
			const { message, description } = rejectionOf(() => read('Sellers', secret));
			expect(message).toMatch(/looks like a secret|is as long as a private key/);
			for (const part of secret.split(/\s/)) {
				expect(`${message} ${description}`).not.toContain(part.slice(0, 12));
			}
		}
	});

	it('is not suspected in several addresses in a row', () => {
		const row = [`0x${'ab'.repeat(20)}`, `0x${'cd'.repeat(20)}`];
		expect(parseAddresses('Sellers', row.join(' '))).toEqual(row);
	});
});
