import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { resolveConnection } from '../../nodes/Ampersend/api/connection/deployments';
import { hideKey, hideKeyIn } from '../../nodes/Ampersend/api/connection/secrets';

const tail = randomBytes(24).toString('hex');
const key = `sk_test_${tail}`;
const connection = resolveConnection({ apiKey: key });
const hide = hideKey(connection);

const escaped = (text: string) =>
	[...text].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('');

type Spell = (text: string) => string;

const spellings: Array<[string, Spell]> = [
	['plain', (text) => text],
	['with escaped underscores', (text) => text.replaceAll('_', '%5F')],
	['escaped whole', escaped],
	['escaped whole in upper case', (text) => escaped(text).toUpperCase()],
	['escaped in part', (text) => text.slice(0, -9) + escaped(text.slice(-9, -5)) + text.slice(-5)],
	['escaped twice', (text) => escaped(text).replaceAll('%', '%25')],
	...[0, 1, 2].flatMap((before): Array<[string, Spell]> => {
		const bytesOf = (text: string) => Buffer.from('?'.repeat(before) + text);
		return [
			[`in Base64 after ${before} bytes`, (text) => bytesOf(text).toString('base64')],
			[`in URL-safe Base64 after ${before} bytes`, (text) => bytesOf(text).toString('base64url')],
		];
	}),
];

/** Checks that no part of the spelling is left that is long enough to be a secret. */
function expectHidden(text: string, spelling: string): void {
	expect(text).toContain('…');
	// Up to four characters at each end of Base64 also encode the neighboring text.
	for (let i = 4; i + 16 <= spelling.length - 4; i++)
		expect(text).not.toContain(spelling.slice(i, i + 16));
}

describe('the key of a connection', () => {
	it.each(spellings)('is hidden %s, with and without its prefix', (_, spell) => {
		for (const secret of [key, tail]) {
			const spelling = spell(secret);
			for (const text of [
				spelling,
				`100 % of "${spelling}" and ${spelling}`,
				`%zz%${spelling}`,
				spell(`Bearer ${secret}, so`),
			]) {
				expectHidden(hide(text), spell(tail));
			}
		}
	});

	it('is hidden in all text of an answer, also in names and lists; the rest is kept', () => {
		const body = {
			id: key,
			list: [{ [`x${tail}`]: 1, deep: [tail, 'kept', 7, null] }],
			kept: { yes: true },
		};
		hideKeyIn(body, connection);
		expect(body).toEqual({
			id: 'sk_test_…',
			list: [{ 'x…': 1, deep: ['…', 'kept', 7, null] }],
			kept: { yes: true },
		});
	});

	it('is hidden at any depth', () => {
		const depth = 100_000;
		const body: unknown = JSON.parse(`${'{"a":['.repeat(depth)}"${key}"${']}'.repeat(depth)}`);
		hideKeyIn(body, connection);
		let inner = body as { a: unknown[] };
		for (let i = 1; i < depth; i++) inner = inner.a[0] as { a: unknown[] };
		expect(inner.a).toEqual(['sk_test_…']);
	});

	it('is the only thing hidden', () => {
		fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => hide(text) === text));
		expect(hide('%E2%82%AC %25 %')).toBe('%E2%82%AC %25 %');
	});

	it('is hidden only with its prefix if the rest is so short that it is common', () => {
		const hideShort = hideKey(resolveConnection({ apiKey: 'sk_test_' + 'abc' }));
		expect(hideShort(`abc sk_test_${'abc'}`)).toBe('abc sk_test_…');
	});

	it('is hidden next to itself, and after a percent sign', () => {
		const hideRepeated = hideKey({ secrets: [{ text: 'abab'.repeat(5), prefix: '' }] });
		expect(hideRepeated(`x${'ab'.repeat(23)}y`)).toBe('x…y');
		expect(hideRepeated(`%${'ab'.repeat(10)}%`)).toBe('%…%');
		expect(hideRepeated(`%${'ab'.repeat(7)}%61b${'ab'.repeat(2)}%`)).toBe('%…%');
	});

	it('is hidden with percent signs of its own', () => {
		const secret = 'a%41%zz%b c';
		const hideIt = hideKey({ secrets: [{ text: secret, prefix: '' }] });
		for (const text of [secret, encodeURIComponent(secret), escaped(secret)]) {
			expect(hideIt(`<${text}>`)).toBe('<…>');
		}
	});

	it('without a prefix is not hidden if it is so short that it is common', () => {
		expect(hideKey({ secrets: [{ text: 'e', prefix: '' }] })('level')).toBe('level');
	});
});

/** CPU time in ms, which other processes don't change. */
function cpuOf(work: () => void): number {
	const before = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000;
}

describe('a secret that repeats itself', () => {
	const many = 4_000;
	it.each([
		['at its start', `${'a'.repeat(many)}b`],
		['at its end', `b${'a'.repeat(many)}`],
		['at both ends', `${'a'.repeat(many)}b${'a'.repeat(many)}`],
		['in pairs', `${'ab'.repeat(many)}c`],
	])('%s takes no longer than another one in a text that is like it', (_, secret) => {
		const hideIt = hideKey({ secrets: [{ text: secret, prefix: '' }] });
		for (const part of ['a', 'ab', '%61', 'a%61', secret.slice(1), secret.slice(0, -1)]) {
			const text = `${part.repeat(Math.ceil(200_000 / part.length))}%`;
			expect(cpuOf(() => hideIt(text))).toBeLessThan(1_000);
		}
	});
});
