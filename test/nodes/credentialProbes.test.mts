/** What the credential test concludes from the answers at each known path. */
import { describe, expect, it } from '@jest/globals';
import { CredentialTestContext } from 'n8n-core';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import type { Emulator } from '../../tools/emulator/index.mts';
import type { ApiKeyFields } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const LIST = 'GET /agents';
const AGENT = 'GET /agents/{address}';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';
const ACTIVITY = 'GET /agents/{address}/activity';
const BELOW = [ALLOWLIST, ACTIVITY];

/** More than the limit for all answers together, and less than a further answer would take. */
const MAX_MS = 18_000;

type Fault = Parameters<Emulator['fault']>[0];
type Answer = { status: number; body?: unknown } | { reset: true } | { hang: true };

const service = useAmpersend();

/** Every call of the routes gets an answer, unless it isn't at the mount or for the agent. */
function answer(
	{ emulator }: typeof service,
	names: string[],
	what: Answer,
	{ mount, address, times = Infinity }: { mount?: string; address?: string; times?: number } = {},
): void {
	for (const route of names) {
		const match: Fault['match'] = (call) =>
			(mount === undefined || call.mount === mount) &&
			(address === undefined || call.params.address === address);
		emulator.fault({ route, times, match, ...what });
	}
}

const notFound = { status: 404, body: { message: 'Not Found' } };

async function test(fields: Partial<ApiKeyFields> = {}) {
	const data = { ...service.credential, ...fields };
	const { status, message } = await credentialTest.ampersendApiTest.call(
		new CredentialTestContext(),
		{ id: '1', name: 'Ampersend', type: 'ampersendApi', data },
	);
	return { status, message: message.replaceAll(service.emulator.origin, '') };
}

const OK = 'Ampersend accepts the key (sandbox, /v1), lists the agents';
const READS = `${OK} and reads an agent's`;
const untested = (why: string) =>
	`The key can list agents at /v1. Whether the rest works there could not be tested (${why}). ` +
	"Test it again later. If that doesn't help, contact Ampersend support.";

interface Row {
	name: string;
	agents?: number;
	arrange: (agents: string[]) => void;
	status: 'OK' | 'Error';
	message: string;
}

const accepted: Row[] = [
	{
		name: 'the first agent, which is being deleted, has no routes',
		arrange: ([address]) => answer(service, BELOW, notFound, { address }),
		status: 'OK',
		message: `${READS} allowlist`,
	},
	{
		name: 'the first two agents have no routes',
		agents: 3,
		arrange: ([one, two]) => {
			answer(service, BELOW, notFound, { address: one });
			answer(service, BELOW, notFound, { address: two });
		},
		status: 'OK',
		message: `${READS} allowlist`,
	},
	{
		name: 'one connection ends, and one answer is 503',
		arrange: () => {
			answer(service, [ALLOWLIST], { reset: true }, { times: 1 });
			answer(service, [ACTIVITY], { status: 503 }, { times: 1 });
		},
		status: 'OK',
		message: `${READS} allowlist`,
	},
	{
		name: 'only the allowlist is there',
		arrange: () =>
			service.emulator.setContract({ instead: { [AGENT]: notFound, [ACTIVITY]: notFound } }),
		status: 'OK',
		message: `${READS} allowlist`,
	},
	{
		name: 'only the transactions are there',
		arrange: () => answer(service, [ALLOWLIST], notFound),
		status: 'OK',
		message: `${READS} transactions`,
	},
	{
		name: 'a page of transactions has a minimum',
		arrange: () => {
			answer(service, [ALLOWLIST], notFound);
			answer(service, [ACTIVITY], { status: 400 }, { times: 1 });
		},
		status: 'OK',
		message: `${READS} transactions`,
	},
	...[400, 422].map(
		(status): Row => ({
			name: `a page of agents has a minimum (${status})`,
			arrange: () =>
				service.emulator.fault({
					route: LIST,
					status,
					body: { message: 'limit must be at least 10' },
					times: Infinity,
					match: ({ query }) => Number(query.limit ?? 10) < 10,
				}),
			status: 'OK',
			message: `${READS} allowlist`,
		}),
	),
	{
		name: 'no agent is anywhere',
		agents: 0,
		arrange: () => {},
		status: 'OK',
		message: `${OK}. The account has no agent yet, so nothing else was tested.`,
	},
];

const unclear: Row[] = [
	...[401, 403, 407, 429, 500, 503].map(
		(status): Row => ({
			name: `routes of agents answer ${status}`,
			arrange: () => answer(service, BELOW, { status }),
			status: 'Error',
			message: untested(`HTTP ${status}`),
		}),
	),
	{
		name: 'routes of agents end the connection',
		arrange: () => answer(service, BELOW, { reset: true }),
		status: 'Error',
		message: untested('no answer'),
	},
	...[
		{ body: { success: false, error: 'Unknown route' }, says: 'Unknown route' },
		{ body: { ok: false }, says: 'no reason is given' },
		{ body: { errors: [{ message: 'Cannot query' }] }, says: 'Cannot query' },
		{ body: { error: { message: 'Timed out' } }, says: 'Timed out' },
		{ body: { error: 'Timed out', errors: [] }, says: 'Timed out' },
		{ body: { success: false, data: [] }, says: 'no reason is given' },
	].map(
		({ body, says }): Row => ({
			name: `routes of agents answer 200 with ${JSON.stringify(body)}`,
			arrange: () => answer(service, BELOW, { status: 200, body }),
			status: 'Error',
			message: untested(`HTTP 200 with an error inside: ${says}`),
		}),
	),
	{
		name: 'an error inside an answer has the key',
		agents: 1,
		arrange: () => {
			const body = { success: false, message: `no ${service.emulator.apiKey}` };
			answer(service, BELOW, { status: 200, body });
		},
		status: 'Error',
		message: untested('HTTP 200 with an error inside: no sk_test_…'),
	},
	{
		name: 'the allowlist is missing, and the transactions answer 503',
		arrange: () => {
			answer(service, [ALLOWLIST], notFound);
			answer(service, [ACTIVITY], { status: 503 });
		},
		status: 'Error',
		message: untested('HTTP 503'),
	},
	{
		name: 'routes of agents are missing here, and answer 503 elsewhere',
		arrange: () => {
			answer(service, BELOW, notFound, { mount: '/v1' });
			answer(service, BELOW, { status: 503 });
		},
		status: 'Error',
		message:
			'The key can list agents at /v1, and neither the allowlist nor the transactions of an ' +
			'agent are there. At /api/v1, this could not be tested (HTTP 503). Creating and listing ' +
			'agents works; for the rest, ask Ampersend for the Base URL, or use an Ampersend Agent API ' +
			'credential.',
	},
];

const ANOTHER = 'Ampersend answers at another Base URL. Set it to /api/v1.';

/** What gateways answer for a path that isn't there. */
const unknownPath = [
	{ status: 403, body: { message: 'Missing Authentication Token' } },
	{ status: 401, body: { message: 'Unauthorized' } },
	{ status: 410, body: { message: 'Gone' } },
	{ status: 400, body: { message: 'Unknown route' } },
	{ status: 200, body: null },
	{ status: 200, body: { error: 'not found' } },
];

const elsewhere: Row[] = [
	...[
		notFound,
		{ status: 405 },
		{ status: 501 },
		{ status: 308, headers: { location: '/elsewhere' } },
		{ status: 200, body: '<html>Sign in</html>' },
		{ status: 200, body: { message: 'Not Found' } },
		...unknownPath,
	].flatMap((what) => [
		{
			name: `routes of agents answer ${JSON.stringify(what)} here`,
			arrange: () => answer(service, BELOW, what, { mount: '/v1' }),
			status: 'Error' as const,
			message: ANOTHER,
		},
		{
			name: `all routes answer ${JSON.stringify(what)} here`,
			arrange: () => answer(service, [LIST, ...BELOW], what, { mount: '/v1' }),
			status: 'Error' as const,
			message: ANOTHER,
		},
	]),
	...[{ items: [], total: 0 }, []].map(
		(body): Row => ({
			name: `the list here is ${JSON.stringify(body)}`,
			arrange: () => answer(service, [LIST], { status: 200, body }, { mount: '/v1' }),
			status: 'Error',
			message: 'Ampersend lists no agent at /v1, and some at another Base URL. Set it to /api/v1.',
		}),
	),
	{
		name: 'the list is missing here, and the account has no agent',
		agents: 0,
		arrange: () => answer(service, [LIST], notFound, { mount: '/v1' }),
		status: 'Error',
		message: ANOTHER,
	},
	{
		name: 'routes of agents are only at /api/v1, and the list only at /api/v1/sdk',
		arrange: () => {
			service.emulator.setContract({ prefix: { agents: '/api/v1/sdk', below: '/api/v1' } });
			service.emulator.allowUnserved();
		},
		status: 'Error',
		message:
			"Ampersend answers at another Base URL. Set it to /api/v1: the list of agents isn't " +
			'there, so enter agents By Address.',
	},
	{
		name: 'routes of agents are nowhere',
		agents: 3,
		arrange: () => answer(service, BELOW, notFound),
		status: 'Error',
		message:
			'The key can list agents at /v1, and neither the allowlist nor the transactions of an ' +
			'agent are there. There is no more at /api/v1, /api/v1/sdk. Creating and listing agents ' +
			'works; for the rest, ask Ampersend for the Base URL, or use an Ampersend Agent API ' +
			'credential.',
	},
];

describe.each([
	['accepts the key and says what it tested', accepted],
	['says what could not be tested', unclear],
	['says where more answers, or that nothing does', elsewhere],
])('The credential test %s', (_, rows) => {
	it.each(rows)('if $name', async ({ agents = 2, arrange, status, message }) => {
		const added = Array.from({ length: agents }, () => service.emulator.addAgent().address);
		arrange(added);

		expect(await test()).toEqual({ status, message });
	});
});

describe('The credential test ends in time', () => {
	it.each([
		['routes of agents hang', BELOW, 'could not be tested (no answer)'],
		['the list of agents hangs', [LIST], 'did not list the agents within'],
	])('if %s', async (_, names, says) => {
		for (let i = 0; i < 3; i++) service.emulator.addAgent();
		answer(service, names, { hang: true });
		const startedAt = Date.now();

		const { status, message } = await test();

		expect(status).toBe('Error');
		expect(message).toContain(says);
		expect(Date.now() - startedAt).toBeLessThan(MAX_MS);
	});
});

describe('A list that fails everywhere', () => {
	it.each([
		['404', notFound],
		['405', { status: 405 }],
		['a page', { status: 200, body: '<html>Sign in</html>' }],
	])('with %s is reported with what was found, and no advice to test', async (_, what) => {
		service.emulator.addAgent();
		answer(service, [LIST], what);

		const { status, message } = await test();

		expect(status).toBe('Error');
		expect(message).toContain('At the Base URL /v1, this node found no list of agents.');
		expect(message).toContain('There is no more at /api/v1, /api/v1/sdk.');
		expect(message).not.toContain('To find out');
	});

	it('with an answer that is not as expected asks for no other Base URL', async () => {
		answer(service, [LIST], { status: 200, body: { message: 'Not Found' } });

		expect((await test()).message).toContain('its answer is not as expected: items is missing');
	});
});

describe('A gateway that answers for an unknown path', () => {
	const input = [{}, {}, {}];
	const list = { resource: 'agent', operation: 'getMany' };

	it.each(unknownPath)('with %j: a run asks once where the rest is', async (what) => {
		service.emulator.addAgent();
		answer(service, [LIST, ...BELOW], what, { mount: '/v1' });

		const { items } = await service.run(list, { input, onError: 'continueRegularOutput' });

		const text = `Ampersend answers at another Base URL: ${service.emulator.origin}/api/v1`;
		expect(items.map(({ json }) => json.error)).toEqual([1, 2, 3].map(() => expect.any(String)));
		expect(String(items[0]?.json.error)).toContain(text);
		const lists = service.emulator.calls.filter(({ route }) => route === LIST);
		expect(lists.filter(({ mount }) => mount === '/api/v1')).toHaveLength(1);
	});

	it('with null everywhere: null is not said to be malformed', async () => {
		answer(service, [LIST], { status: 200, body: null });

		const { error } = await service.run(list);

		expect(error?.message).toMatch(/answered with null instead of an object or a list\.$/);
	});

	it('with 401 for a revoked key: the text stays, and a run asks once', async () => {
		answer(service, [LIST], { status: 401, body: { message: 'Revoked' } });

		const { items } = await service.run(list, { input, onError: 'continueRegularOutput' });

		const { message } = await test();
		for (const text of [...items.map(({ json }) => String(json.error)), message]) {
			expect(text).toContain('Ampersend rejected the API key (HTTP 401): Revoked');
		}
		const others = service.emulator.calls.filter(({ mount }) => mount !== '/v1');
		expect(others).toHaveLength(4);
	});

	it('is not looked for after an ordinary answer about one agent', async () => {
		const { address } = service.emulator.addAgent();
		answer(service, [AGENT], { status: 403, body: { message: 'Forbidden' } });

		const agent = { __rl: true, mode: 'address', value: address };
		const { error } = await service.run({ resource: 'agent', operation: 'get', agent });

		expect(error?.message).toContain("The API key isn't allowed to read the agent (HTTP 403)");
		expect(service.seen).toEqual([AGENT]);
	});

	it('is not looked for after a value that is refused', async () => {
		const body = { message: 'Name is too long' };
		service.emulator.fault({ route: 'POST /agents', status: 400, body });

		await service.run({
			resource: 'agent',
			operation: 'create',
			name: 'x',
			agentKeyAddress: `0x${'1'.repeat(40)}`,
			ifAgentExists: 'create',
		});

		expect(service.seen).toEqual(['POST /agents']);
	});
});

describe('The first 404 of a run', () => {
	it('names no other Base URL if one answer at the own one is 503', async () => {
		const { address } = service.emulator.addAgent();
		answer(service, [AGENT], notFound, { mount: '/v1' });
		answer(service, [LIST], { status: 503 }, { times: 1 });

		const { error } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: { __rl: true, mode: 'address', value: address },
		});

		expect(error?.message).toContain('Ampersend found nothing when asked to read the agent');
		expect(error?.description).toContain('could not be tested (HTTP 503).');
		expect(error?.description).not.toContain('Set this Base URL');
	});
});

describe('A read that only another Base URL answers', () => {
	const allowlist = (address: string) => ({
		resource: 'allowlist',
		operation: 'get',
		agent: { __rl: true, mode: 'address', value: address },
	});

	it.each([404, 405, 501])('after %d is said to be there, once for a run', async (status) => {
		const { address } = service.emulator.addAgent({ allowlist: [] });
		answer(service, [ALLOWLIST], { status }, { mount: '/v1' });
		const { origin } = service.emulator;

		const input = [{}, {}];
		const options = { input, onError: 'continueRegularOutput' as const };
		const { items } = await service.run(allowlist(address), options);

		for (const { json } of items) {
			expect(json.error).toContain(
				`Ampersend could not read the allowlist (HTTP ${status}): ` +
					`this request is at ${origin}/api/v1`,
			);
		}
		const { error } = await service.run(allowlist(address));
		expect(error?.description).toContain(`Other requests are answered at ${origin}/v1.`);
		expect(error?.description).toContain('set this Base URL in the credential');
		const asked = service.emulator.calls.filter(
			({ mount, route }) => mount === '/api/v1' && route === ALLOWLIST,
		);
		expect(asked).toHaveLength(2);
	});

	it.each([401, 403, 404])('is not said to be where it is answered with %d', async (status) => {
		const { address } = service.emulator.addAgent({ allowlist: [] });
		answer(service, [ALLOWLIST], { status: 405 }, { mount: '/v1' });
		answer(service, [ALLOWLIST], { status });

		const { error } = await service.run(allowlist(address));

		expect(error?.message).toContain("Ampersend doesn't take GET when asked to read the allowlist");
		expect(error?.description).toContain('/v1 is right');
	});
});

describe("A proxy's path", () => {
	it('is never left, so no neighbor on its host sees the key', async () => {
		const { address } = service.emulator.addAgent();
		service.emulator.expectUnknown(/^\/ampersend\//);
		const baseUrl = `${service.emulator.origin}/ampersend/v1`;

		const { message } = await test({ baseUrl });
		const { error } = await service.run(
			{
				resource: 'agent',
				operation: 'get',
				agent: { __rl: true, mode: 'address', value: address },
			},
			{ credential: { ...service.credential, baseUrl } },
		);

		const others = 'There is no more at /ampersend/api/v1, /ampersend/api/v1/sdk.';
		expect(message).toContain(others);
		expect(error?.description?.replaceAll(service.emulator.origin, '')).toContain(others);
		const roots = service.emulator.calls.map(({ path }) => path.split('/')[1]);
		expect([...new Set(roots)]).toEqual(['ampersend']);
	});
});
