import { describe, expect, it } from '@jest/globals';
import { useEmulator } from './harness.mts';
import {
	deviations,
	handledRoutes,
	randomAddress,
	type Contract,
} from '../../tools/emulator/index.mts';

const NOW = 1_790_000_100_000;
const harness = useEmulator({ clock: () => NOW });
const { ask } = harness;

const KEYS = 'GET /agents/{address}/keys';
const ADD_KEY = 'POST /agents/{address}/keys';
const ACTIVITY = 'GET /agents/{address}/activity';
const PAYMENTS = 'GET /agents/{address}/payments';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';
const SET_ALLOWLIST = 'PUT /agents/{address}/authorized-sellers';
const LIMITS = 'GET /agents/{address}/spend-config';
const SET_LIMITS = 'PUT /agents/{address}/spend-config';

const limits = {
	auto_topup_allowed: true,
	daily_limit: '5000000',
	monthly_limit: null,
	per_transaction_limit: '0',
};

/** An agent with two payments of 1.25 and 0.5 USDC, under a contract. */
function setUp(contract: Contract) {
	harness.emulator.setContract(contract);
	const agent = harness.emulator.addAgent({ allowlist: [randomAddress()] });
	const timestamp = 1_790_000_000_123;
	const times = [timestamp, timestamp + 1_000];
	const [old, recent] = times.map((at, i) =>
		harness.emulator.pay({ agent, amountMicro: i === 0 ? 1_250_000n : 500_000n, timestamp: at }),
	);
	const send = async (route: string, body?: unknown, query = '') => {
		const request = route.replace('{address}', agent.address);
		return await ask(request + query, { body });
	};
	return { agent, old, recent, send };
}

const row = (body: unknown): Record<string, unknown> =>
	(body as { activity: Array<Record<string, unknown>> }).activity[0] ?? {};

describe('deviations', () => {
	it('are named, and each exists once', () => {
		const names = deviations.map(({ name }) => name);
		expect(names.length).toBeGreaterThan(150);
		expect(new Set(names).size).toBe(names.length);
		const contracts = deviations.map(({ contract }) => JSON.stringify(contract));
		expect(new Set(contracts).size).toBe(contracts.length);
	});

	it('can all be used', () => {
		for (const { contract } of deviations) harness.emulator.setContract(contract);
	});

	it('name routes that exist', () => {
		const contract = { reversed: ['GET /agent'] };
		expect(() => harness.emulator.setContract(contract)).toThrow('no route GET /agent');
	});
});

it('what is documented is served without a contract, and again after one', async () => {
	const { agent, send } = setUp({ containers: { [ALLOWLIST]: 'page' } });
	expect((await send(ALLOWLIST)).body).toMatchObject({ items: agent.allowlist, total: 1 });
	harness.emulator.setContract({});
	expect((await send(ALLOWLIST)).body).toEqual(agent.allowlist);
});

describe('paths', () => {
	const get = async (path: string) => (await ask(`GET ${path}`, { whole: true })).status;

	it('of users are where the contract has them', async () => {
		const prefix = { agents: '/api/v1/sdk', below: '/api/v2' };
		const { agent } = setUp({ prefix });
		harness.emulator.allowUnserved();
		expect(await get('/api/v1/sdk/agents')).toBe(200);
		expect(await get(`/api/v2/agents/${agent.address}?x=1`)).toBe(200);
		expect(await get(`/api/v1/sdk/agents/${agent.address}`)).toBe(404);
		expect(await get('/v1/agents')).toBe(404);
		expect(await get('/api/v1/agents/auth/nonce')).toBe(200);
		expect(harness.emulator.calls.map(({ path, route }) => [path, route])).toEqual([
			['/api/v1/sdk/agents', 'GET /agents'],
			[`/api/v2/agents/${agent.address}?x=1`, 'GET /agents/{address}'],
			[`/api/v1/sdk/agents/${agent.address}`, null],
			['/v1/agents', null],
			['/api/v1/agents/auth/nonce', 'GET /agents/auth/nonce'],
		]);
		harness.emulator.assertClean();
		await get('/v3/agents');
		expect(() => harness.emulator.assertClean()).toThrow('unknown request: GET /v3/agents');
	});

	it('of a single route can be elsewhere, and the others stay', async () => {
		const { agent } = setUp({ prefixes: { [ALLOWLIST]: '/api/v2' } });
		harness.emulator.allowUnserved();
		const sellers = `/agents/${agent.address}/authorized-sellers`;
		expect(await get(`/api/v2${sellers}`)).toBe(200);
		// The write has the path still.
		expect(await get(`/v1${sellers}`)).toBe(405);
		expect(await get(`/v1/agents/${agent.address}`)).toBe(200);
		harness.emulator.expectUnknown(`/api/v2/agents/${agent.address}`);
		expect(await get(`/api/v2/agents/${agent.address}`)).toBe(404);
		harness.emulator.assertClean();
	});

	it('that the contract does not have must be expected', async () => {
		setUp({ prefix: { agents: '/api/v2', below: '/api/v2' } });
		await get('/v1/agents');
		expect(() => harness.emulator.assertClean()).toThrow('unknown request: GET /v1/agents');
		harness.emulator.expectUnknown('/v1/agents');
		await get('/v1/agents');
		expect(() => harness.emulator.assertClean()).toThrow(/^.*\n- unknown request: [^\n]*$/);
	});
});

it('a write has the method of the contract, and no other', async () => {
	const { agent, send } = setUp({ verbs: { [SET_LIMITS]: 'PATCH' } });
	harness.emulator.allowUnserved();
	const put = await send(SET_LIMITS, limits);
	expect([put.status, put.headers['allow']]).toEqual([405, 'GET, PATCH']);
	expect(harness.emulator.agent(agent).spendConfig).toBeNull();
	expect((await send(SET_LIMITS.replace('PUT', 'PATCH'), limits)).status).toBe(200);
	expect(harness.emulator.agent(agent).spendConfig).toMatchObject(limits);
	expect(harness.emulator.calls).toMatchObject([
		{ method: 'PUT', route: null, status: 405 },
		{ method: 'PATCH', route: SET_LIMITS, body: limits },
	]);
	harness.emulator.assertClean();
});

describe('lists', () => {
	it.each<[Contract['containers'], string, (rows: unknown) => unknown]>([
		[{ [ACTIVITY]: 'array' }, ACTIVITY, (rows) => rows],
		[{ [ACTIVITY]: { named: 'data' } }, ACTIVITY, (data) => ({ data })],
		[{ [ACTIVITY]: 'page' }, ACTIVITY, (items) => ({ items, total: 2, limit: 2, offset: 0 })],
		[{ [PAYMENTS]: { named: 'x' } }, PAYMENTS, (x) => ({ x })],
	])('have the container %j', async (containers, route, wanted) => {
		const { send } = setUp({ containers });
		expect((await send(route)).body).toEqual(wanted([expect.anything(), expect.anything()]));
	});

	it('count the rows of a page', async () => {
		const { send } = setUp({ totalOfPage: [ACTIVITY, KEYS] });
		expect((await send(ACTIVITY, undefined, '?limit=1')).body).toMatchObject({
			totalCount: 1,
			hasNextPage: true,
		});
		expect((await send(KEYS, undefined, '?offset=1')).body).toMatchObject({ total: 0 });
	});

	it('have a page 0', async () => {
		const { send, old, recent } = setUp({ firstPage: 0 });
		const page = async (number: number) =>
			row((await send(ACTIVITY, undefined, `?limit=1&page=${number}`)).body)['id'];
		expect([await page(0), await page(1), await page(2)]).toEqual([recent?.id, old?.id, undefined]);
	});

	it('have the oldest first', async () => {
		const { agent, old, recent, send } = setUp({ reversed: [ACTIVITY, PAYMENTS] });
		harness.emulator.seedActivity(agent, 300, () => ({}), { newest: 1_780_000_000_000 });
		const { body } = await send(ACTIVITY, undefined, '?preset=all&limit=200&page=2');
		expect(body).toMatchObject({ totalCount: 302, hasNextPage: false });
		const ids = (body as { activity: Array<{ id: string }> }).activity.map(({ id }) => id);
		expect(ids.slice(-2)).toEqual([old?.id, recent?.id]);
		const payments = (await send(PAYMENTS)).body as Array<{ created_at: number }>;
		expect(payments.map(({ created_at: at }) => at)).toEqual([old?.timestamp, recent?.timestamp]);
	});

	it.each(['cut', 'reject'] as const)('have pages that are %s', async (beyond) => {
		const { send } = setUp({ largestPage: { rows: 1, beyond } });
		const { status, body } = await send(ACTIVITY, undefined, '?limit=2');
		if (beyond === 'reject') expect(status).toBe(400);
		else expect(body).toMatchObject({ totalCount: 2, hasNextPage: true, activity: { length: 1 } });
		expect((await ask('GET /agents?limit=2')).status).toBe(beyond === 'reject' ? 400 : 200);
	});

	it('have no offset', async () => {
		const { send } = setUp({ ignoredQuery: ['offset'] });
		const { body } = await send(KEYS, undefined, '?offset=1');
		expect(body).toMatchObject({ offset: 0, items: { length: 1 } });
	});
});

describe('a body', () => {
	it('has other names, and a 400 has them', async () => {
		const names = { agent_key_address: 'session_key_address' };
		const { agent, send } = setUp({ requestNames: { [ADD_KEY]: names } });
		const key = randomAddress();
		const wrong = await send(ADD_KEY, { agent_key_address: key });
		expect(wrong).toMatchObject({
			status: 400,
			body: {
				_tag: 'HttpApiDecodeError',
				issues: [{ path: ['session_key_address'], message: 'is missing' }],
			},
		});
		expect(harness.emulator.agent(agent).keys).toHaveLength(1);
		expect((await send(ADD_KEY, { session_key_address: key })).status).toBe(200);
		expect(harness.emulator.agent(agent).keys[1]?.address).toBe(key);
	});

	it('is in camel case', async () => {
		const { agent, send } = setUp({ requestCase: 'camel' });
		expect((await send(SET_LIMITS, limits)).body).toMatchObject({
			issues: [{ path: ['autoTopupAllowed'] }, {}, {}, {}],
		});
		const camel = { autoTopupAllowed: true, dailyLimit: '1', monthlyLimit: null };
		await send(SET_LIMITS, { ...camel, perTransactionLimit: null });
		expect(harness.emulator.agent(agent).spendConfig).toMatchObject({ daily_limit: '1' });
	});
});

describe('an answer', () => {
	it.each<[Contract, string, object]>([
		[
			{ answerNames: { [KEYS]: { address: 'session_key_address' } } },
			KEYS,
			{ items: [{ session_key_address: expect.anything() }] },
		],
		[{ answerCase: 'snake' }, 'GET /agents/{address}', { created_at: expect.anything() }],
		[{ answerCase: 'camel' }, KEYS, { items: [{ createdAt: expect.anything() }] }],
		[{ values: { [PAYMENTS]: { scheme: 'upto' } } }, PAYMENTS, [{ scheme: 'upto' }, {}]],
		[
			{ integers: 'number' },
			ACTIVITY,
			{ activity: [{ amount: 500_000, timestamp: 1_790_000_001_123 }, {}] },
		],
		[{ integers: 'text' }, ACTIVITY, { totalCount: '2' }],
		[{ amounts: 'usdc' }, ACTIVITY, { activity: [{ amount: '0.500000' }, {}] }],
		[{ times: { unit: 's', as: 'text' } }, PAYMENTS, [{ created_at: '1790000001' }, {}]],
		[
			{ times: { unit: 'µs', as: 'number' } },
			ACTIVITY,
			{ activity: [{ timestamp: 1_790_000_001_123_000 }, {}] },
		],
	])('under %j', async (contract, route, wanted) => {
		const { send } = setUp(contract);
		expect((await send(route)).body).toMatchObject(wanted);
	});

	it('of what is not set is null', async () => {
		const { send } = setUp({ nullIfUnset: [LIMITS] });
		expect(await send(LIMITS)).toMatchObject({ status: 200, body: null });
		expect((await send('GET /agents/{address}/auto-collect-config')).status).toBe(404);
	});

	it.each([
		['added', 200, expect.any(Array)],
		['nothing', 204, undefined],
		['ok', 200, { ok: true }],
	] as const)('to a write is %s', async (kind, status, body) => {
		const { agent, send } = setUp({ writeAnswers: { [SET_ALLOWLIST]: kind } });
		const sellers = [...agent.allowlist, randomAddress()];
		expect(await send(SET_ALLOWLIST, { authorized_sellers: sellers })).toMatchObject({ status });
		const other = randomAddress();
		const got = await send(SET_ALLOWLIST, { authorized_sellers: [...sellers, other] });
		expect(got).toMatchObject({ status, body: kind === 'added' ? [other] : body });
		expect(harness.emulator.agent(agent).allowlist).toEqual([...sellers, other]);
	});

	it.each([undefined, 'after'] as const)('comes %s in place of the real one', async (when) => {
		const html = { status: 200, body: '<p>Sign in</p>', when };
		const { agent, send } = setUp({ instead: { [SET_LIMITS]: html } });
		const got = await send(SET_LIMITS, limits);
		expect([got.status, got.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
		expect(harness.emulator.agent(agent).spendConfig === null).toBe(when === undefined);
		harness.emulator.assertClean();
	});
});

it.each(deviations.map(({ name, contract }) => [name, contract] as const))(
	'nothing of the emulator breaks: %s',
	async (_, contract) => {
		const { agent } = setUp(contract);
		harness.emulator.allowUnserved();
		const { agents = '/v1', below = '/v1' } = contract.prefix ?? {};
		for (const { method, path } of handledRoutes.filter(({ access }) => access === 'user')) {
			const at = path === '/agents' ? agents : below;
			const filled = path.replace('{address}', agent.address).replace(/\{\w+\}/, randomAddress());
			const { status } = await ask(`${method} ${at}${filled}`, { whole: true });
			expect(status === 501 || status < 500).toBe(true);
		}
		harness.emulator.assertClean();
	},
);
