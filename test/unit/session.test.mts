import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	fingerprintOf,
	isSessionToken,
	readSession,
	timeToUse,
	writeSession,
} from '../../nodes/Ampersend/domain/session';

const AGENT = `0x${'aB'.repeat(20)}`;
const KEY = `0x${'12'.repeat(20)}`;
const madeFor = fingerprintOf('https://api.example/api/v1', AGENT, KEY);

describe('what n8n stores', () => {
	it('is read back as it was written', () => {
		const tokens = fc.stringMatching(/^[\w.~+/=-]{1,200}$/);
		fc.assert(
			fc.property(tokens, fc.integer(), (token, endsAt) => {
				const session = { token, endsAt, madeFor };
				expect(readSession(writeSession(session))).toEqual(session);
			}),
		);
	});

	it('fits with the longest token', () => {
		const session = { token: 'a'.repeat(8_192), endsAt: 8.64e15, madeFor };
		expect(readSession(writeSession(session))).toEqual(session);
	});

	it('is no session, whatever else it is', () => {
		const values = fc.oneof(fc.anything(), fc.json(), fc.string());
		fc.assert(fc.property(values, (value) => readSession(value) === undefined));
	});

	it("isn't an expression of n8n", () => {
		expect(writeSession({ token: '=1', endsAt: 1, madeFor })).toMatch(/^\{/);
	});

	it.each(['', ' ', 'a b', 'a\nb', 'a"b', 'ä', '\u0000', 'a'.repeat(8_193)])(
		'a token is visible ASCII of at most 8 KB, not %j',
		(text) => {
			expect(isSessionToken(text)).toBe(false);
		},
	);
});

describe('a fingerprint', () => {
	it('is the same in any letter case of the addresses', () => {
		const same = fingerprintOf('https://api.example/api/v1', AGENT.toLowerCase(), KEY);
		expect(same).toBe(madeFor);
	});

	it.each([
		['base URL', fingerprintOf('https://api.example/api/v2', AGENT, KEY)],
		['scheme', fingerprintOf('http://api.example/api/v1', AGENT, KEY)],
		['agent', fingerprintOf('https://api.example/api/v1', KEY, KEY)],
		['key', fingerprintOf('https://api.example/api/v1', AGENT, AGENT)],
		['order', fingerprintOf('https://api.example/api/v1', KEY, AGENT)],
	])('differs with another %s', (_, other) => {
		expect(other).not.toBe(madeFor);
	});
});

describe('the time to use a session', () => {
	it.each([
		['an hour', 3_600_000, 3_540_000],
		['two minutes', 120_000, 60_000],
		['a minute', 60_000, 30_000],
		['a second', 1_000, 10_000],
		['nothing left', 0, 10_000],
		['long over', -3_600_000, 10_000],
	])('of %s', (_, lifetimeMs, ms) => {
		expect(timeToUse(lifetimeMs)).toBe(ms);
	});
});
