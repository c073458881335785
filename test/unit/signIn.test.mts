import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';

import { ParameterError } from '../../nodes/Ampersend/domain/parameter';
import {
	addressOf,
	readAgentSecret,
	signInText,
	signText,
} from '../../nodes/Ampersend/domain/signIn';

const randomKey = () => randomBytes(32);
const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}` as const;

const keys = fc
	.uint8Array({ minLength: 32, maxLength: 32 })
	.filter((bytes) => bytes.some((byte) => byte > 0) && (bytes[0] ?? 0) < 0xff);

describe('an agent key', () => {
	it('has the address that viem derives', () => {
		fc.assert(
			fc.property(keys, (key) => addressOf(key) === privateKeyToAccount(hexOf(key)).address),
		);
	});

	it('signs a text as viem does', async () => {
		await fc.assert(
			fc.asyncProperty(keys, fc.string({ unit: 'grapheme' }), async (key, message) => {
				const expected = await privateKeyToAccount(hexOf(key)).signMessage({ message });
				expect(signText(message, key)).toBe(expected);
			}),
		);
	});

	it('signs the text of a login as viem writes it', () => {
		const key = randomKey();
		const origin = 'http://127.0.0.1:8080';
		const issuedAt = Date.now();
		const address = addressOf(key);
		const nonce = randomBytes(16).toString('hex');
		expect(signInText({ origin, address, nonce, issuedAt })).toBe(
			createSiweMessage({
				domain: '127.0.0.1:8080',
				address: address as `0x${string}`,
				statement: 'Sign in to API',
				uri: origin,
				version: '1',
				chainId: 1,
				nonce,
				issuedAt: new Date(issuedAt),
			}),
		);
	});
});

describe('the Agent Key field', () => {
	const key = randomKey();
	const agent = addressOf(randomKey());

	it.each([
		['with 0x', hexOf(key)],
		['without 0x', hexOf(key).slice(2)],
		['in upper case', hexOf(key).slice(2).toUpperCase()],
		['with white space around it', ` ${hexOf(key)}\n`],
	])('takes a private key %s', (_, text) => {
		expect(readAgentSecret('Agent Key', text)).toEqual({ privateKey: Uint8Array.from(key) });
	});

	it("takes the SDK's combined secret", () => {
		expect(readAgentSecret('Agent Key', `${hexOf(key)}:::${agent}`)).toEqual({
			privateKey: Uint8Array.from(key),
			agent,
		});
	});

	it.each([
		['nothing', '', 'is empty'],
		['an address', agent, 'is an address, not a private key'],
		['a short key', hexOf(key).slice(0, -1), 'is not a private key'],
		['zero', `0x${'0'.repeat(64)}`, 'is not a private key'],
		['more than the order of the curve', `0x${'f'.repeat(64)}`, 'is not a private key'],
		['a text', 'secret', 'is not a private key'],
		['a secret without an address', `${hexOf(key)}:::`, 'has no address after ":::"'],
		['a secret with a third part', `${hexOf(key)}:::${agent}:::x`, 'has no address after ":::"'],
		['a very long text', 'a'.repeat(100_000), 'is too long (100000 characters)'],
	])('rejects %s without showing it', (_, text, complaint) => {
		const reading = () => readAgentSecret('Agent Key', text);
		expect(reading).toThrow(ParameterError);
		expect(reading).toThrow(`Agent Key: ${complaint}`);
		if (text.length > 40) expect(reading).not.toThrow(text.slice(2, 42));
	});
});
