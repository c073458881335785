import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CredentialTestContext } from 'n8n-core';
import type { IHttpRequestOptions, INodeParameters, IRequestOptions } from 'n8n-workflow';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { startEmulator, type Agent } from '../../tools/emulator/index.mts';
import {
	addressOfKey,
	credentialOf,
	jsonOf,
	LOGIN,
	newPrivateKey,
	savedOver,
	useAgentSession,
} from './agentSession.mts';
import { openContext, openTrigger, type AgentCredentialFields } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);
const { run } = session;

const MINUTE = 60_000;
const SELF = 'GET /agents/self';
const READ: INodeParameters = { resource: 'agent', operation: 'get' };

/** Another agent, with its own key. */
function another(name: string): { agent: Agent; fields: AgentCredentialFields } {
	const privateKey = newPrivateKey();
	const allowlist = [addressOfKey(newPrivateKey())];
	const keys = [addressOfKey(privateKey)];
	const agent = service.emulator.addAgent({ name, keys, allowlist });
	return { agent, fields: credentialOf(service.emulator, agent, privateKey) };
}

const nameOf = async (fields: AgentCredentialFields) => jsonOf(await run(READ, fields))[0]?.name;

/** The session that n8n stored. */
const storedOf = ({ sessionToken = '' }: AgentCredentialFields) =>
	JSON.parse(sessionToken) as { token: string; endsAt: number; madeFor: string };

afterEach(() => {
	jest.restoreAllMocks();
});

describe('a credential that is saved with', () => {
	it('another agent and key acts as the other agent', async () => {
		await run(READ);
		const other = another('other');
		const { agentAddress, privateKey } = other.fields;
		const fields = savedOver(session.credential, { agentAddress, privateKey });
		service.emulator.clearCalls();
		const [list] = jsonOf(await run({ resource: 'allowlist', operation: 'get' }, fields));
		expect(list).toMatchObject({ sellers: other.agent.allowlist });
		expect(service.seen).toEqual([...LOGIN, 'GET /agents/self/authorized-sellers']);
		const [link] = jsonOf(await run({ resource: 'fundingLink', operation: 'get' }, fields));
		expect(String(link?.url).toLowerCase()).toContain(other.agent.address.toLowerCase());
	});

	it('another key of the same agent logs in with that key', async () => {
		await run(READ);
		const privateKey = newPrivateKey();
		service.emulator.updateAgent(session.agent, { keys: [addressOfKey(privateKey)] });
		service.emulator.clearCalls();
		expect(await nameOf(savedOver(session.credential, { privateKey }))).toBe('buyer');
		expect(service.seen).toEqual([...LOGIN, SELF]);
	});

	it('another Base URL sends nothing of the old session there', async () => {
		await run(READ);
		const elsewhere = await startEmulator();
		try {
			const keys = [addressOfKey(session.credential.privateKey)];
			const { address } = session.agent;
			elsewhere.addAgent({ name: 'elsewhere', address, keys });
			const changes = { baseUrl: elsewhere.agentBaseUrl };
			expect(await nameOf(savedOver(session.credential, changes))).toBe('elsewhere');
			expect(elsewhere.calls.map(({ route }) => route)).toEqual([...LOGIN, SELF]);
		} finally {
			await elsewhere.close();
		}
	});

	it('the same agent, written in another way, continues its session', async () => {
		await run(READ);
		const { agentAddress = '', baseUrl = '', privateKey } = session.credential;
		const fields = savedOver(session.credential, {
			agentAddress: '',
			baseUrl: `${baseUrl}/`,
			privateKey: `${privateKey}:::${agentAddress.toLowerCase()}`,
		});
		expect(await nameOf(fields)).toBe('buyer');
		expect(service.seen).toEqual([...LOGIN, SELF, SELF]);
	});

	it('another agent is what the credential test names', async () => {
		await run(READ);
		const { agentAddress, privateKey } = another('other').fields;
		const data = { ...savedOver(session.credential, { agentAddress, privateKey }) };
		const context = new CredentialTestContext();
		const credential = { id: '', name: '', type: 'ampersendAgentApi', data };
		const result = await credentialTest.ampersendAgentApiTest.call(context, credential);
		expect(result.message).toContain('accepts the agent key of other');
		expect(await nameOf(savedOver(session.credential, { agentAddress, privateKey }))).toBe('other');
	});

	it("another agent emits that agent's payments", async () => {
		const trigger = openTrigger({ authentication: 'agentSession' }, session.credential);
		await trigger.poll('trigger', 'activate');
		const other = another('other');
		const { agentAddress, privateKey } = other.fields;
		trigger.credential = savedOver(session.credential, { agentAddress, privateKey });
		await trigger.poll();
		service.emulator.pay({ agent: session.agent, id: 'of the agent before' });
		service.emulator.pay({ agent: other.agent, id: 'its own' });
		expect(await trigger.poll()).toMatchObject([{ activityId: 'its own', agentName: 'other' }]);
	});
});

describe('a credential with expressions', () => {
	it('acts as the agent of each item', async () => {
		const two = [session.credential, another('other').fields];
		const outcome = await service.run(
			{ authentication: 'agentSession', ...READ },
			{
				input: [{}, {}, {}, {}],
				credential: (item) => ({ ...(two[[0, 1, 0, 0][item] ?? 0] ?? session.credential) }),
			},
		);
		expect(jsonOf(outcome).map(({ name }) => name)).toEqual(['buyer', 'other', 'buyer', 'buyer']);
		expect(service.seen.filter((route) => route === LOGIN[1])).toHaveLength(3);
	});
});

describe('what counts as no session', () => {
	const cases: Array<[string, (stored: ReturnType<typeof storedOf>) => unknown]> = [
		['a bare token, as earlier releases stored it', ({ token }) => token],
		['a token of the same kind', () => randomBytes(32).toString('base64url')],
		['text that is cut', (stored) => JSON.stringify(stored).slice(0, -9)],
		['another value', () => '[null]'],
		['a value that is not text', () => ({ token: 'x' })],
		['a session without an end', ({ token, madeFor }) => JSON.stringify({ token, madeFor })],
		['one that has ended', (stored) => JSON.stringify({ ...stored, endsAt: Date.now() - 1 })],
		['one for something else', (stored) => JSON.stringify({ ...stored, madeFor: '0'.repeat(64) })],
		['a token with a line break', (stored) => JSON.stringify({ ...stored, token: 'a\nb: c' })],
		['an empty token', (stored) => JSON.stringify({ ...stored, token: '' })],
		[
			'a token of more than 8 KB',
			(stored) => JSON.stringify({ ...stored, token: 'a'.repeat(8_193) }),
		],
		['a text of 20 MB', () => 'a'.repeat(20_000_000)],
	];

	it.each(cases)('%s: one login, and it was not sent', async (_, change) => {
		await run(READ);
		service.emulator.clearCalls();
		const sessionToken = change(storedOf(session.credential)) as string;
		const fields = { ...session.credential, sessionToken };
		expect(await nameOf(fields)).toBe('buyer');
		expect(service.seen).toEqual([...LOGIN, SELF]);
		expect(await nameOf(fields)).toBe('buyer');
		expect(service.seen).toEqual([...LOGIN, SELF, SELF]);
	});

	it('is stored with what it is for, and without the key', async () => {
		await run(READ);
		const stored = storedOf(session.credential);
		expect(Object.keys(stored)).toEqual(['token', 'endsAt', 'madeFor']);
		expect([stored.token]).toEqual(service.emulator.sessionTokens());
		expect(stored.madeFor).toMatch(/^[0-9a-f]{64}$/);
		expect(session.credential.sessionToken).not.toContain(session.credential.privateKey.slice(2));
	});
});

describe('a session that ends', () => {
	it.each([
		[58, [SELF]],
		[59.5, [...LOGIN, SELF]],
		[61, [...LOGIN, SELF]],
	])('in an hour, after %s minutes', async (minutes, expected) => {
		const ahead = { ms: 0 };
		const emulator = await startEmulator();
		const now = Date.now.bind(Date);
		jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead.ms);
		try {
			const keys = [addressOfKey(session.credential.privateKey)];
			const fields = credentialOf(
				emulator,
				emulator.addAgent({ keys }),
				session.credential.privateKey,
			);
			jsonOf(await run(READ, fields));
			emulator.clearCalls();
			ahead.ms = minutes * MINUTE;
			jsonOf(await run(READ, fields));
			expect(emulator.calls.map(({ route }) => route)).toEqual(expected);
		} finally {
			await emulator.close();
		}
	});

	it.each([-30, 30])("ends by the service's clock, which is %s minutes off", async (minutes) => {
		const emulator = await startEmulator({ clock: () => Date.now() + minutes * MINUTE });
		try {
			const keys = [addressOfKey(session.credential.privateKey)];
			const fields = credentialOf(
				emulator,
				emulator.addAgent({ keys }),
				session.credential.privateKey,
			);
			jsonOf(await run(READ, fields));
			const minutesLeft = (storedOf(fields).endsAt - Date.now()) / MINUTE;
			expect(minutesLeft).toBeGreaterThan(58);
			expect(minutesLeft).toBeLessThan(59.1);
		} finally {
			await emulator.close();
		}
	});

	it('within seconds is used by the call that logged in', async () => {
		service.emulator.setSessionLifetime(1_000);
		expect(await nameOf(session.credential)).toBe('buyer');
		expect(service.seen).toEqual([...LOGIN, SELF]);
	});

	it('with 403 is renewed once', async () => {
		await run(READ);
		service.emulator.expireSessions(403);
		service.emulator.clearCalls();
		expect(await nameOf(session.credential)).toBe('buyer');
		expect(service.seen).toEqual([SELF, ...LOGIN, SELF]);
	});

	it('with 403 in the middle of an export costs no row', async () => {
		service.emulator.seedActivity(session.agent, 3_000);
		const route = 'GET /agents/self/activity';
		service.emulator.before(route, () => service.emulator.expireSessions(403), {
			match: ({ query }) => query.page === '5',
		});
		const outcome = await run({ resource: 'transaction', operation: 'export' });
		expect(jsonOf(outcome)).toMatchObject([{ rows: 3_000 }]);
		// The pages that were requested at the same time share the second login.
		expect(service.seen.filter((seen) => seen === LOGIN[1])).toHaveLength(2);
	});

	it('with 403 costs the trigger no payment', async () => {
		const trigger = openTrigger({ authentication: 'agentSession' }, session.credential);
		await trigger.poll('trigger', 'activate');
		service.emulator.expireSessions(403);
		service.emulator.pay({ agent: session.agent, id: 'meanwhile' });
		expect(await trigger.poll()).toMatchObject([{ activityId: 'meanwhile' }]);
	});

	it('with 403 before a write: the write happens once', async () => {
		await run(READ);
		service.emulator.expireSessions(403);
		const parameters = { name: 'x', price: '1', proxyUrl: 'https://api.example.com' };
		jsonOf(await run({ resource: 'hostedEndpoint', operation: 'create', ...parameters }));
		expect(service.emulator.hostedEndpoints(session.agent)).toHaveLength(1);
	});
});

describe('a refusal (403)', () => {
	const refuse = (times: number) =>
		service.emulator.fault({ route: SELF, status: 403, times, body: { message: 'Not for you' } });
	const MESSAGE = "The agent isn't allowed to read the agent (HTTP 403): Not for you";

	it('that remains after one more login is shown', async () => {
		await run(READ);
		service.emulator.clearCalls();
		refuse(2);
		expect((await run(READ)).error?.message).toBe(MESSAGE);
		expect(service.seen).toEqual([SELF, ...LOGIN, SELF]);
	});

	it('in a session that has just begun is shown at once', async () => {
		refuse(1);
		expect((await run(READ)).error?.message).toBe(MESSAGE);
		expect(service.seen).toEqual([...LOGIN, SELF]);
	});
});

describe('the token of a session that has ended', () => {
	const ends = (status: number) =>
		service.emulator.fault({ route: SELF, status, body: { message: 'Ended' } });
	const repeating = (route: string, status: number, token: string) => ({
		route,
		status,
		body: { message: `No session ${token}` },
	});

	it.each([
		[401, 'in the next answer', SELF, 400],
		[403, 'in the next answer', SELF, 400],
		[401, 'by the next login', LOGIN[1] ?? '', 401],
		[403, 'by the next login', LOGIN[1] ?? '', 403],
	])('with %d is hidden where it is repeated %s', async (status, _, route, next) => {
		await run(READ);
		const { token } = storedOf(session.credential);
		ends(status);
		service.emulator.fault(repeating(route, next, token));
		const outcome = await run(READ);
		expect(outcome.error?.message).toContain(`(HTTP ${next}): No session …`);
		expect(inspect(outcome.run, { depth: Infinity, showHidden: true })).not.toContain(token);
	});

	it('is hidden in an item', async () => {
		await run(READ);
		const { token } = storedOf(session.credential);
		ends(403);
		service.emulator.fault({
			route: SELF,
			mutate: (body) => ({ ...(body as object), before: token }),
		});
		expect(jsonOf(await run(READ))).toMatchObject([{ before: '…' }]);
	});
});

describe('the HTTP Request node', () => {
	const TYPE = 'ampersendAgentApi';
	const helpers: Array<[string, (fields: AgentCredentialFields) => Promise<unknown>]> = [
		[
			'httpRequestWithAuthentication',
			async (fields) => {
				const context = openContext(fields, { authentication: 'agentSession' });
				const options: IHttpRequestOptions = { url: `${fields.baseUrl}/agents/self` };
				return await context.helpers.httpRequestWithAuthentication.call(context, TYPE, options);
			},
		],
		[
			'requestWithAuthentication',
			async (fields) => {
				const context = openContext(fields, { authentication: 'agentSession' });
				// As with Never Error, where n8n sees no 401.
				const options: IRequestOptions = {
					uri: `${fields.baseUrl}/agents/self`,
					json: true,
					simple: false,
				};
				return await context.helpers.requestWithAuthentication.call(context, TYPE, options);
			},
		],
	];

	it.each(helpers)('%s: a session for another agent is not sent', async (_, call) => {
		await run(READ);
		const { agentAddress, privateKey } = another('other').fields;
		const fields = savedOver(session.credential, { agentAddress, privateKey });
		service.emulator.clearCalls();
		expect(await call(fields)).toMatchObject({ name: 'other' });
		expect(service.seen).toEqual([...LOGIN, SELF]);
		expect(await call(fields)).toMatchObject({ name: 'other' });
		expect(service.seen).toEqual([...LOGIN, SELF, SELF]);
	});

	it.each(helpers)('%s: a session that has ended is not sent', async (_, call) => {
		await run(READ);
		const ended = JSON.stringify({ ...storedOf(session.credential), endsAt: Date.now() });
		service.emulator.clearCalls();
		expect(await call({ ...session.credential, sessionToken: ended })).toMatchObject({
			name: 'buyer',
		});
		expect(service.seen).toEqual([...LOGIN, SELF]);
	});
});

describe('the HTTP Request node after a session has ended', () => {
	const call = async (fields: AgentCredentialFields) => {
		const context = openContext(fields, { authentication: 'agentSession' });
		const options: IHttpRequestOptions = { url: `${fields.baseUrl}/agents/self` };
		const helper = context.helpers.httpRequestWithAuthentication;
		return await helper.call(context, 'ampersendAgentApi', options);
	};
	const ended = () => JSON.stringify({ ...storedOf(session.credential), endsAt: Date.now() - 1 });

	it('works if the service gives the same token again', async () => {
		await run(READ);
		const { token } = storedOf(session.credential);
		service.emulator.fault({
			route: LOGIN[1] ?? '',
			mutate: (body) => ({ ...(body as object), token }),
		});
		const fields = { ...session.credential, sessionToken: ended() };
		expect(await call(fields)).toMatchObject({ name: 'buyer' });
	});

	it('shows no token that the login repeats', async () => {
		await run(READ);
		const { token } = storedOf(session.credential);
		const body = { message: `No session ${token}` };
		service.emulator.fault({ route: LOGIN[1] ?? '', status: 400, body });
		const fields = { ...session.credential, sessionToken: ended() };
		const error: unknown = await call(fields).catch((thrown: unknown) => thrown);
		const shown = inspect(error, { depth: Infinity, showHidden: true });
		expect(shown).toContain('(HTTP 400): No session …');
		expect(shown).not.toContain(token);
	});
});

describe('a login whose answer has another form', () => {
	const cases: Array<[string, number, object, string]> = [
		['a nonce with a line break', 0, { nonce: 'abcdefgh\nResources:\n- urn:recap:x' }, 'nonce'],
		['a short nonce', 0, { nonce: 'abc1234' }, 'nonce'],
		['a nonce with a space', 0, { nonce: 'abcdefgh 12345678' }, 'nonce'],
		['a nonce of 20 MB', 0, { nonce: 'a'.repeat(20_000_000) }, 'nonce'],
		['a long session id', 0, { sessionId: 'a'.repeat(100_000) }, 'sessionId'],
		['a token of more than 8 KB', 1, { token: 'a'.repeat(8_193) }, 'token'],
		['a token with a line break', 1, { token: 'abc\r\nx: y' }, 'token'],
		['an end that is no time', 1, { expiresAt: 'soon' }, 'expiresAt'],
	];

	it.each(cases)('%s: says so', async (_, step, change, field) => {
		const route = LOGIN[step] ?? '';
		service.emulator.fault({
			route,
			mutate: (body: unknown) => ({ ...(body as object), ...change }),
		});
		const { error } = await run(READ);
		expect(error?.message).toContain(`its answer is not as expected: ${field} has an unexpected`);
		expect(service.seen).toEqual(LOGIN.slice(0, step + 1));
	});
});
