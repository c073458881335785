import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { SiweMessage } from 'siwe';
import { privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';
import { hashMessage, keccak256, recoverMessageAddress, toBytes } from 'viem/utils';

import { readAgentSecret } from '../../nodes/Ampersend/domain/agentSecret';
import { ParameterError } from '../../nodes/Ampersend/domain/parameter';
import { addressOf, signInText, signText } from '../../nodes/Ampersend/domain/signIn';

const randomKey = () => randomBytes(32);
const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}` as const;

const loginOf = (key: Uint8Array) =>
	signInText({
		origin: 'https://service.org',
		address: addressOf(key),
		nonce: '32891757',
		issuedAt: 0,
	});

const keys = fc
	.uint8Array({ minLength: 32, maxLength: 32 })
	.filter((bytes) => bytes.some((byte) => byte > 0) && (bytes[0] ?? 0) < 0xff);

describe('an agent key', () => {
	it('has the address that viem derives', () => {
		fc.assert(
			fc.property(keys, (key) => addressOf(key) === privateKeyToAccount(hexOf(key)).address),
		);
	});

	it('signs the text of a login as viem does', async () => {
		const nonces = fc.stringMatching(/^[A-Za-z0-9]{8,64}$/);
		await fc.assert(
			fc.asyncProperty(keys, nonces, async (key, nonce) => {
				const login = {
					origin: 'https://api.example',
					address: addressOf(key),
					nonce,
					issuedAt: 0,
				};
				const message = signInText(login);
				const expected = await privateKeyToAccount(hexOf(key)).signMessage({ message });
				expect(signText(message, key)).toBe(expected);
			}),
			{ numRuns: 30 },
		);
	});

	it('signs as @noble/curves does, 300 times of 300: always the same, with the lower s', () => {
		const times = fc.integer({ min: 0, max: Date.parse('2100-01-01') });
		fc.assert(
			fc.property(keys, times, (key, issuedAt) => {
				const address = addressOf(key);
				const login = { origin: 'https://api.example', address, nonce: '32891757', issuedAt };
				const text = signInText(login);
				const [recovery = 0, ...bytes] = secp256k1.sign(
					Buffer.from(hashMessage(text).slice(2), 'hex'),
					key,
					{ prehash: false, format: 'recovered', lowS: true },
				);
				const expected = hexOf(Uint8Array.of(...bytes, 27 + recovery));
				expect([signText(text, key), signText(text, key)]).toEqual([expected, expected]);
				const s = BigInt(`0x${expected.slice(2 + 64, 2 + 128)}`);
				expect(s <= secp256k1.Point.Fn.ORDER / 2n).toBe(true);
			}),
			{ numRuns: 300 },
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

describe('a login as others read it', () => {
	it("is accepted by the SIWE authors' own library", async () => {
		const domains = fc.constantFrom('api.ampersend.ai', 'localhost:8080', '127.0.0.1:4010');
		const times = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
		await fc.assert(
			fc.asyncProperty(keys, domains, times, async (key, domain, time) => {
				const nonce = randomBytes(16).toString('hex');
				const address = addressOf(key);
				const origin = `http${domain.includes(':') ? '' : 's'}://${domain}`;
				const text = signInText({ origin, address, nonce, issuedAt: time.getTime() });
				const signature = signText(text, key);
				const { success, data } = await new SiweMessage(text).verify({ signature, domain, nonce });
				expect({ success, ...data }).toMatchObject({
					success: true,
					address,
					domain,
					nonce,
					uri: origin,
					version: '1',
					chainId: 1,
					issuedAt: time.toISOString(),
				});
			}),
			{ numRuns: 30 },
		);
	});

	it('has the form of the example in EIP-4361', () => {
		const address = '0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946';
		const issuedAt = Date.parse('2021-09-30T16:25:24.000Z');
		const origin = 'https://service.org';
		expect(signInText({ origin, address, nonce: '32891757', issuedAt })).toBe(
			[
				'service.org wants you to sign in with your Ethereum account:',
				'0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946',
				'',
				'Sign in to API',
				'',
				'URI: https://service.org',
				'Version: 1',
				'Chain ID: 1',
				'Nonce: 32891757',
				'Issued At: 2021-09-30T16:25:24.000Z',
			].join('\n'),
		);
	});

	it('has the address that EIP-712 publishes for the hash of "cow"', () => {
		const key = Buffer.from(keccak256(toBytes('cow')).slice(2), 'hex');
		expect(addressOf(key)).toBe('0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826');
	});

	it('is hashed as EIP-191 says: the signature names its signer', async () => {
		const key = randomKey();
		const message = loginOf(key);
		const signature = signText(message, key) as `0x${string}`;
		expect(await recoverMessageAddress({ message, signature })).toBe(addressOf(key));
	});
});

describe('a text that is no login', () => {
	const key = randomKey();
	const login = loginOf(key);
	const uri = 'URI: https://service.org';
	const time = 'Issued At: 1970-01-01T00:00:00.000Z';

	it('differs from one that is signed', () => {
		expect(signText(login, key)).toMatch(/^0x[0-9a-f]{130}$/);
		expect(login).toContain(uri);
		expect(login).toContain(time);
	});

	it.each([
		['any text', 'Some data'],
		['nothing', ''],
		['a login with another key', loginOf(randomKey())],
		['resources', `${login}\nResources:\n- urn:recap:eyJhdHQiOnt9fQ`],
		['an end', `${login}\nExpiration Time: 2100-01-01T00:00:00.000Z`],
		['a line break at the end', `${login}\n`],
		['a line before', `\n${login}`],
		['another statement', login.replace('Sign in to API', 'Send all')],
		['no statement', login.replace('Sign in to API\n\n', '')],
		['two lines of statement', login.replace('Sign in to API', 'Sign in to API\nand pay')],
		['the statement in another case', login.replace('Sign in', 'SIGN IN')],
		['another host in the URI', login.replace(uri, 'URI: https://elsewhere.org')],
		['a path in the URI', login.replace(uri, `${uri}/path`)],
		['another scheme', login.replace(uri, 'URI: ftp://service.org')],
		['a user in the host', login.replaceAll('service.org', 'user@service.org')],
		['another version', login.replace('Version: 1', 'Version: 2')],
		['another chain', login.replace('Chain ID: 1', 'Chain ID: 8453')],
		['a short nonce', login.replace('32891757', '3289175')],
		['a long nonce', login.replace('32891757', 'a'.repeat(257))],
		['a nonce with a line break', login.replace('32891757', '32891757\nRequest ID: 1')],
		['a nonce of 20 MB', login.replace('32891757', 'a'.repeat(20_000_000))],
		['a carriage return', login.replaceAll('\n', '\r\n')],
		['another time', login.replace(time, 'Issued At: now')],
	])('is not signed: %s', (_, text) => {
		expect(text).not.toBe(login);
		expect(() => signText(text, key)).toThrow('Only the text of a login is signed');
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

	it.each([-1n, 0n, 1n])('takes the numbers that the curve takes: its order + %s', (distance) => {
		const digits = (secp256k1.Point.Fn.ORDER + distance).toString(16);
		const isTaken = secp256k1.utils.isValidSecretKey(Buffer.from(digits, 'hex'));
		const reading = () => readAgentSecret('Agent Key', digits);
		if (isTaken)
			expect(reading()).toEqual({ privateKey: Uint8Array.from(Buffer.from(digits, 'hex')) });
		else expect(reading).toThrow('is not a private key');
		expect(isTaken).toBe(distance < 0n);
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
