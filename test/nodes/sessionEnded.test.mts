/** The forms in which a service can say that the stored session of an agent has ended. */
import { beforeEach, describe, expect, it } from '@jest/globals';

import type { FaultAction } from '../../tools/emulator/index.mts';
import { jsonOf, LOGIN, useAgentSession } from './agentSession.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);
const { run } = session;

const SELF = 'GET /agents/self';
const CREATE = 'POST /agents/{address}/hosted-endpoints';
const READ = { resource: 'agent', operation: 'get' };
const WRITE = {
	resource: 'hostedEndpoint',
	operation: 'create',
	name: 'x',
	price: '1',
	proxyUrl: 'https://api.example.com',
};
const PAGE = '<!doctype html><html><title>Sign in</title></html>';

type Answer = Extract<FaultAction, { status: number }>;

const refusals: Answer[] = [
	{ status: 400, body: { error: 'Session expired' } },
	{ status: 400, body: { detail: 'Token has expired' } },
	{ status: 400, body: { error: { message: 'Your session has ended' } } },
	{ status: 400, body: { code: 'SESSION_EXPIRED' } },
	{ status: 400, body: { message: 'Bad Request', code: 'TOKEN_INVALID' } },
	{ status: 400, body: { errors: ['jwt expired'] } },
	{ status: 422, body: { message: 'session expired' } },
	{ status: 404, body: { message: 'Session not found' } },
	{ status: 404, body: { message: 'Unknown token' } },
	{ status: 409, body: { message: 'Login required' } },
	{ status: 302, headers: { location: '/login' } },
	{ status: 307, headers: { location: 'https://app.example.com/sign-in?next=x' } },
];

const unclear: Answer[] = [
	{ status: 200, body: { error: 'Session expired' } },
	{ status: 200, body: { success: false, message: 'not logged in' } },
	{ status: 200, body: PAGE },
	{ status: 500, body: { message: 'jwt expired' } },
];

/** The session is one from an earlier run. */
beforeEach(async () => {
	jsonOf(await run(READ));
	service.emulator.clearCalls();
});

describe('A session that the service ended', () => {
	it.each([...refusals, ...unclear])('is renewed once by a read: %j', async (answer) => {
		const before = session.credential.sessionToken;
		service.emulator.fault({ route: SELF, ...answer });
		expect(jsonOf(await run(READ))).toMatchObject([{ name: 'buyer' }]);
		expect(service.seen).toEqual([SELF, ...LOGIN, SELF]);
		expect(session.credential.sessionToken).not.toBe(before);
	});

	it.each(refusals)('is renewed by a write, which happens once: %j', async (answer) => {
		service.emulator.fault({ route: CREATE, ...answer });
		jsonOf(await run(WRITE));
		expect(service.seen).toEqual([CREATE, ...LOGIN, CREATE]);
		expect(service.emulator.hostedEndpoints(session.agent)).toHaveLength(1);
	});

	it.each(unclear)('is renewed by a write that is not sent again: %j', async (answer) => {
		service.emulator.fault({ route: CREATE, when: 'after', ...answer });
		const { error } = await run(WRITE);
		expect(error?.description).toContain('The change may have been made, so it was not sent');
		expect(service.seen).toEqual([CREATE, ...LOGIN, SELF]);
		expect(service.emulator.hostedEndpoints(session.agent)).toHaveLength(1);
		service.emulator.clearCalls();
		jsonOf(await run(READ));
		expect(service.seen).toEqual([SELF]);
	});

	it('costs the trigger no payment', async () => {
		const trigger = openTrigger({ authentication: 'agentSession' }, session.credential);
		await trigger.poll('trigger', 'activate');
		const [answer = { status: 400 }] = refusals;
		service.emulator.fault({ route: 'GET /agents/self/activity', ...answer });
		service.emulator.pay({ agent: session.agent, id: 'meanwhile' });
		expect(await trigger.poll()).toMatchObject([{ activityId: 'meanwhile' }]);
	});
});

describe('A session that another run has renewed', () => {
	/** Another process logs in while a request is on its way, which is answered so. */
	async function renewElsewhere(answer: Answer, times: number): Promise<void> {
		const elsewhere = { ...session.credential, sessionToken: '' };
		jsonOf(await run(READ, elsewhere));
		service.emulator.clearCalls();
		const match = () => {
			session.credential.sessionToken = String(elsewhere.sessionToken);
			return true;
		};
		service.emulator.fault({ route: SELF, ...answer, times, match });
	}

	it('is taken from the credential, without a login', async () => {
		await renewElsewhere({ status: 401 }, 1);
		expect(jsonOf(await run(READ))).toMatchObject([{ name: 'buyer' }]);
		expect(service.seen).toEqual([SELF, SELF]);
	});

	it('is renewed if it has ended, too', async () => {
		await renewElsewhere({ status: 400, body: { error: 'Session expired' } }, 2);
		expect(jsonOf(await run(READ))).toMatchObject([{ name: 'buyer' }]);
		expect(service.seen).toEqual([SELF, SELF, ...LOGIN, SELF]);
	});
});

describe('A complaint that remains in a new session', () => {
	it('is shown in its own words, after one login', async () => {
		const body = { error: 'Session expired' };
		service.emulator.fault({ route: SELF, status: 400, body, times: 2 });
		const { error } = await run(READ);
		expect(error?.message).toBe(
			'Ampersend rejected the request to read the agent (HTTP 400): Session expired',
		);
		expect(service.seen).toEqual([SELF, ...LOGIN, SELF]);
	});

	it('costs one login, however often the read is repeated', async () => {
		const answer = {
			status: 500,
			body: { message: 'jwt expired' },
			headers: { 'retry-after': '0' },
		};
		service.emulator.fault({ route: SELF, ...answer, times: Infinity });
		expect((await run(READ)).error?.message).toContain('(HTTP 500): jwt expired');
		expect(service.seen.filter((route) => route === LOGIN[1])).toHaveLength(1);
	});
});

describe('No new session begins', () => {
	it.each<Answer>([
		{ status: 400, body: { message: 'Name is too long' } },
		{ status: 400, body: { issues: [{ path: ['token'], message: 'is invalid' }] } },
		{ status: 404, body: { message: 'The listing has expired' } },
		{ status: 302, headers: { location: '/v2/agents/self' } },
		{ status: 200, body: { items: [], message: 'Session expired' } },
	])('for another answer: %j', async (answer) => {
		service.emulator.fault({ route: SELF, ...answer });
		expect((await run(READ)).error).toBeDefined();
		expect(service.seen).toEqual([SELF]);
	});
});
