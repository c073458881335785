import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { useEmulator, type Got } from './harness.mts';
import { handledRoutes, randomAddress, startEmulator } from '../../tools/emulator/index.mts';
import { decodeError } from '../../tools/emulator/shapes.mts';

const harness = useEmulator();
const { ask } = harness;

function pathsOf(got: Got): string[] {
	expect(got.status).toBe(400);
	return decodeError.parse(got.body).issues.map(({ path }) => path.join('.'));
}

const randomKey = (prefix: string): string => prefix + randomBytes(24).toString('hex');

const userRoutes = handledRoutes.filter(({ access }) => access === 'user');

describe('keys', () => {
	it.each(userRoutes.map(({ method, path }) => `${method} ${path}`))(
		'are required by %s',
		async (route) => {
			const got = await ask(route.replace(/\{\w+\}/g, randomAddress()), { authorization: null });
			expect(got).toMatchObject({ status: 401, body: { message: 'Missing Authorization header' } });
		},
	);

	it.each([
		['no scheme', (key: string) => key, 'malformed'],
		['another scheme', (key: string) => `Basic ${key}`, 'malformed'],
		['two tokens', (key: string) => `Bearer ${key} ${key}`, 'malformed'],
		['no key', () => 'Bearer ', 'malformed'],
		['another prefix', () => `Bearer ${randomKey('sk_other_')}`, 'malformed'],
		['an unknown key', () => `Bearer ${randomKey('sk_test_')}`, 'unknown'],
		["the other deployment's prefix", () => `Bearer ${randomKey('sk_live_')}`, 'other deployment'],
	])('are rejected with %s', async (_title, authorization, auth) => {
		const got = await ask('GET /agents', { authorization: authorization(harness.emulator.apiKey) });
		expect(got).toMatchObject({ status: 401, body: { message: expect.any(String) } });
		expect(harness.emulator.calls[0]).toMatchObject({ auth, keyLabel: null, status: 401 });
	});

	it('stop working at once when revoked, and others continue', async () => {
		const second = harness.emulator.createApiKey({ label: 'second' });
		const authorization = `Bearer ${second}`;
		expect((await ask('GET /agents', { authorization })).status).toBe(200);
		harness.emulator.revokeApiKey(second);
		expect((await ask('GET /agents', { authorization })).status).toBe(401);
		expect((await ask('GET /agents')).status).toBe(200);
		expect(harness.emulator.calls.map(({ auth, keyLabel }) => `${keyLabel} ${auth}`)).toEqual([
			'second valid',
			'second revoked',
			'key-1 valid',
		]);
		expect(() => harness.emulator.revokeApiKey('never made')).toThrow('no such key');
	});

	it('of production do not work in the sandbox, and vice versa', async () => {
		const production = await startEmulator({ deployment: 'production' });
		try {
			expect(production.apiKey).toMatch(/^sk_live_/);
			expect(harness.emulator.apiKey).toMatch(/^sk_test_/);
			expect([production.chain, harness.emulator.chain]).toEqual(['eip155:8453', 'eip155:84532']);
			expect(production.usdcContract).not.toBe(harness.emulator.usdcContract);
			expect(
				(await ask('GET /agents', { authorization: `Bearer ${production.apiKey}` })).status,
			).toBe(401);
			const swapped = await fetch(`${production.baseUrl}/agents`, {
				headers: { authorization: `Bearer ${harness.emulator.apiKey}` },
			});
			expect(swapped.status).toBe(401);
		} finally {
			await production.close();
		}
	});
});

describe('agents of another user', () => {
	it('are not listed, and rejected with 403', async () => {
		const theirs = harness.emulator.addAgent({ owner: 'someone-else' });
		const ours = harness.emulator.addAgent();
		expect(theirs.userId).not.toBe(ours.userId);
		expect((await ask('GET /agents')).body).toMatchObject({
			total: 1,
			items: [{ address: ours.address }],
		});
		const got = await ask(`GET /agents/${theirs.address}`);
		expect(got).toMatchObject({ status: 403, body: { message: expect.any(String) } });
		const body = { authorized_sellers: [randomAddress()] };
		expect((await ask(`PUT /agents/${theirs.address}/authorized-sellers`, { body })).status).toBe(
			403,
		);
		expect(harness.emulator.agent(theirs).allowlist).toEqual([]);
	});

	it("work with that user's own key", async () => {
		const theirs = harness.emulator.addAgent({ owner: 'someone-else' });
		const authorization = `Bearer ${harness.emulator.createApiKey({ owner: 'someone-else' })}`;
		expect((await ask(`GET /agents/${theirs.address}`, { authorization })).status).toBe(200);
	});
});

describe('what does not exist', () => {
	it.each(
		userRoutes
			.filter(({ method, path }) => method === 'GET' && path !== '/agents')
			.map(({ path }) => path),
	)('is a 404: an agent, by GET %s', async (path) => {
		const got = await ask(`GET ${path.replace('{address}', randomAddress())}`);
		expect(got).toMatchObject({ status: 404, body: { message: 'Agent not found' } });
	});

	it('is a 404: a removed agent, a key', async () => {
		const agent = harness.emulator.addAgent();
		expect((await ask(`DELETE /agents/${agent.address}/keys/${randomAddress()}`)).status).toBe(404);
		harness.emulator.removeAgent(agent);
		expect((await ask(`GET /agents/${agent.address}`)).status).toBe(404);
		expect(() => harness.emulator.agent(agent)).toThrow('has no agent');
	});

	it('is a 409 if it does exist: a key', async () => {
		const key = randomAddress();
		const { address } = harness.emulator.addAgent({ keys: [key] });
		const got = await ask(`POST /agents/${address}/keys`, {
			body: { agent_key_address: key.toLowerCase() },
		});
		expect(got).toMatchObject({ status: 409, body: { message: expect.any(String) } });
		expect(harness.emulator.agent(address).keys).toHaveLength(1);
	});
});

const goodAgent = () => ({
	agent_key_address: randomAddress(),
	name: 'good',
	spend_config: null,
	authorized_sellers: null,
});

const goodLimits = {
	auto_topup_allowed: true,
	daily_limit: '1',
	monthly_limit: '2',
	per_transaction_limit: '3',
};

const goodAutoCollect = () => ({
	enabled: true,
	target_address: randomAddress(),
	threshold: '1',
	minimum_remaining: '1',
});

describe('bodies that do not decode', () => {
	const badMicro = [1, 1.5, '1.5', '-1', '', ' 1', '1e3', '01', true];
	const badAddress = ['', '0x12', randomAddress().slice(2), `${randomAddress()}0`, 5];

	it.each([
		['name', [undefined, null, '', ' ', ' a', 'a ', 7]],
		['agent_key_address', [undefined, null, ...badAddress]],
		['spend_config', [undefined, 'none', []]],
		['authorized_sellers', [undefined, 'all', {}]],
	])('POST /agents names %s', async (field, values) => {
		for (const value of values) {
			const got = await ask('POST /agents', { body: { ...goodAgent(), [field]: value } });
			expect(pathsOf(got)).toEqual([field]);
		}
		expect(harness.emulator.agents()).toEqual([]);
	});

	it('names each invalid field, nested ones too', async () => {
		const body = {
			...goodAgent(),
			name: '',
			spend_config: { daily_limit: 5, monthly_limit: null, per_transaction_limit: '0' },
			authorized_sellers: [randomAddress(), 'nobody'],
		};
		const got = await ask('POST /agents', { body });
		expect(pathsOf(got)).toEqual([
			'name',
			'spend_config.auto_topup_allowed',
			'spend_config.daily_limit',
			'authorized_sellers.1',
		]);
		expect(decodeError.parse(got.body).issues[1]).toEqual({
			path: ['spend_config', 'auto_topup_allowed'],
			message: 'is missing',
		});
	});

	it.each([
		['auto_topup_allowed', [undefined, null, 'true', 1]],
		['daily_limit', [undefined, ...badMicro]],
		['monthly_limit', [undefined, ...badMicro]],
		['per_transaction_limit', [undefined, ...badMicro]],
	])('PUT spend-config names %s', async (field, values) => {
		const { address } = harness.emulator.addAgent();
		for (const value of values) {
			const got = await ask(`PUT /agents/${address}/spend-config`, {
				body: { ...goodLimits, [field]: value },
			});
			expect(pathsOf(got)).toEqual([field]);
		}
		expect(harness.emulator.agent(address).spendConfig).toBeNull();
	});

	it.each([
		['enabled', [undefined, null, 'yes']],
		['target_address', [undefined, ...badAddress]],
		['threshold', [undefined, null, ...badMicro]],
		['minimum_remaining', [undefined, ...badMicro]],
	])('PUT auto-collect-config names %s', async (field, values) => {
		const { address } = harness.emulator.addAgent();
		for (const value of values) {
			const body = { ...goodAutoCollect(), [field]: value };
			expect(pathsOf(await ask(`PUT /agents/${address}/auto-collect-config`, { body }))).toEqual([
				field,
			]);
		}
	});

	it('PATCH, POST keys and PUT authorized-sellers name their fields', async () => {
		const { address } = harness.emulator.addAgent();
		const agent = `/agents/${address}`;
		expect(pathsOf(await ask(`PATCH ${agent}`, { body: {} }))).toEqual(['name']);
		const key = { agent_key_address: 'x', key_name: '' };
		expect(pathsOf(await ask(`POST ${agent}/keys`, { body: key }))).toEqual([
			'agent_key_address',
			'key_name',
		]);
		const sellers = { authorized_sellers: null };
		expect(pathsOf(await ask(`PUT ${agent}/authorized-sellers`, { body: sellers }))).toEqual([
			'authorized_sellers',
		]);
	});

	it('are rejected completely: missing, not JSON, not an object, other content type', async () => {
		const { address } = harness.emulator.addAgent();
		expect(pathsOf(await ask(`PATCH /agents/${address}`))).toEqual(['']);
		expect(pathsOf(await ask(`PATCH /agents/${address}`, { body: '{"name": "cu' }))).toEqual(['']);
		expect(pathsOf(await ask(`PATCH /agents/${address}`, { body: ['name'] }))).toEqual(['']);
		const headers = { 'content-type': 'text/plain' };
		expect((await ask(`PATCH /agents/${address}`, { body: { name: 'a' }, headers })).status).toBe(
			415,
		);
	});

	it('are rejected before the agent is looked up', async () => {
		expect(pathsOf(await ask(`PATCH /agents/${randomAddress()}`, { body: {} }))).toEqual(['name']);
	});

	it('can have unknown fields', async () => {
		expect((await ask('POST /agents', { body: { ...goodAgent(), novel: 1 } })).status).toBe(200);
	});
});

describe('paths and queries that do not decode', () => {
	it('name the segment that is not an address', async () => {
		const { address } = harness.emulator.addAgent();
		expect(pathsOf(await ask('GET /agents/self'))).toEqual(['address']);
		expect(pathsOf(await ask(`GET /agents/${'a'.repeat(2_000)}/keys`))).toEqual(['address']);
		expect(pathsOf(await ask(`GET /agents/${encodeURIComponent('../agents')}`))).toEqual([
			'address',
		]);
		expect(pathsOf(await ask(`DELETE /agents/${address}/keys/first`))).toEqual(['keyAddress']);
	});

	it.each([
		['/agents?limit=0', 'limit'],
		['/agents?limit=201', 'limit'],
		['/agents?limit=ten', 'limit'],
		['/agents?limit=', 'limit'],
		['/agents?limit=1&limit=2', 'limit'],
		['/agents?offset=-1', 'offset'],
		['/agents/A/activity?limit=0', 'limit'],
		['/agents/A/activity?limit=201', 'limit'],
		['/agents/A/activity?page=0', 'page'],
		['/agents/A/activity?page=1.5', 'page'],
		['/agents/A/activity?preset=7d', 'preset'],
		['/agents/A/payments?preset=1D', 'preset'],
	])('GET %s names %s', async (path, field) => {
		const { address } = harness.emulator.addAgent();
		expect(pathsOf(await ask(`GET ${path.replace('/A/', `/${address}/`)}`))).toEqual([field]);
	});
});

describe('unknown paths', () => {
	it.each([
		'GET /agents',
		'GET /v2/agents',
		'GET /api/v2/agents',
		'GET /v1/agents/',
		'GET /v1//agents',
		'GET /v1/Agents',
		'DELETE /v1/agents',
		'HEAD /v1/agents',
		'OPTIONS /v1/agents',
		'GET /v1/agents/%zz',
	])('%s returns an error and is remembered', async (request) => {
		const got = await ask(request, { whole: true });
		expect(got.status).toBe(request.endsWith('%zz') ? 400 : 404);
		if (!request.startsWith('HEAD')) expect(got.body).toEqual({ message: expect.any(String) });
		expect(() => harness.emulator.assertClean()).toThrow(`unknown request: ${request}`);
	});

	it('can be declared, and then must be requested', async () => {
		harness.emulator.expectUnknown('/wrong/agents');
		harness.emulator.expectUnknown(/^\/worse\//, 'POST');
		expect(() => harness.emulator.assertClean()).toThrow(
			'expected an unknown request: /wrong/agents',
		);
		await ask('GET /wrong/agents?limit=1', { whole: true });
		await ask('GET /wrong/agents', { whole: true });
		await ask('POST /worse/agents', { whole: true, body: {} });
		harness.emulator.assertClean();
		await ask('GET /worse/agents', { whole: true });
		expect(() => harness.emulator.assertClean()).toThrow('unknown request: GET /worse/agents');
	});
});
