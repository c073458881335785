/** What `npm run contract` must see, and what must not keep it from seeing the rest. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { judge, type Asked } from '../../tools/contract/judge.mts';
import { Names } from '../../tools/contract/names.mts';
import type { Answer } from '../../tools/contract/requests.mts';
import { routes } from '../../tools/contract/source';
import type { Agent, Emulator } from '../../tools/emulator/index.mts';
import { randomAddress, startEmulator } from '../../tools/emulator/index.mts';
import { factsOf, reportOf, runTool, startFront, startSeeded, textsOf, type Sent } from './run.mts';

type Row = Record<string, unknown>;

let emulator: Emulator;
let agent: Agent;
let privateKey: string;

beforeEach(async () => {
	({ emulator, agent, privateKey } = await startSeeded((keyAddress) => ({
		name: 'buyer',
		balanceMicro: 12_500_000n,
		keys: [keyAddress, randomAddress()],
	})));
	emulator.addHostedEndpoint(agent, 'an-endpoint', {
		name: 'weather',
		price_usd: 0.25,
		proxy_url: 'https://api.example.com/weather',
	});
});

afterEach(async () => await emulator.close());

const run = async (args: string[] = [], url = emulator.baseUrl, withAgent = true) =>
	await runTool(['--json', ...args], {
		AMPERSEND_API_KEY: emulator.apiKey,
		AMPERSEND_API_URL: url,
		...(withAgent && { AMPERSEND_AGENT_KEY: `${privateKey}:::${agent.address}` }),
	});

const always = { times: Infinity };

function mutate<Body>(route: string, change: (body: Body) => unknown): void {
	emulator.fault({ route, ...always, mutate: (body) => change(body as Body) });
}

const activity = 'GET /agents/{address}/activity';
const keys = 'GET /agents/{address}/keys';
const limits = 'GET /agents/{address}/spend-config';
const autoCollect = 'GET /agents/{address}/auto-collect-config';
const agents = 'GET /agents';
const sellers = 'GET /agents/{address}/authorized-sellers';
const create = 'POST /agents';
const endpoint = '/agents/{address}/hosted-endpoints/{id}';

describe('A list that must come whole', () => {
	it.each([
		['getAllowlist', sellers],
		['listPayments', 'GET /agents/{address}/payments'],
		['searchMarketplace', 'GET /agents/marketplace/agentic/discover'],
		['listListings', 'GET /agents/marketplace'],
		['listHostedEndpoints', 'GET /agents/{address}/hosted-endpoints'],
	])('%s: a part by its status or its headers differs', async (name, route) => {
		for (const [status, headers, said] of [
			[200, { link: '</?page=1>; rel=prev, </?page=2>; rel="next"' }, /header Link says that/],
			[200, { 'x-total-count': '26' }, /header X-Total-Count says that more follows after 0/],
			[206, {}, /status 206 says that/],
			[200, { link: '</?page=1>; rel="prev"', 'x-total-count': '0' }, undefined],
		] as const) {
			emulator.fault({ route, status, headers, body: [] });
			const texts = textsOf(await run(), name);
			expect(texts).toEqual(said ? [expect.stringMatching(said)] : []);
		}
	});
});

describe('What differs', () => {
	it('is a balance in another unit', async () => {
		mutate<{ items: Row[] }>(agents, (page) => ({
			...page,
			items: page.items.map((row) => ({ ...row, balance: '12.5' })),
		}));
		const ran = await run();
		expect(ran.code).toBe(1);
		expect(textsOf(ran, 'listAgents')).toContain(
			'items[].balance: type, expected micro-USDC as text, got decimal as text',
		);
	});

	it.each([
		['in USDC, with decimals', (amount: number) => String(amount / 1e6), /activity\[\]\.amount/],
		['in another power', (amount: number) => String(amount * 1e6), /unit of amount.*10\^6 times/],
	])('is a second page with amounts %s', async (_title, change, says) => {
		emulator.fault({
			route: activity,
			...always,
			match: ({ query }) => query['page'] === '2' && query['limit'] === '200',
			mutate: (body) => {
				const page = body as { activity: Row[] };
				return {
					...page,
					activity: page.activity.map((row) => ({ ...row, amount: change(Number(row['amount'])) })),
				};
			},
		});
		const ran = await run();
		expect(ran.code).toBe(1);
		const said = [...textsOf(ran, 'listActivity'), ...factsOf(ran, 'listActivity')].join('\n');
		expect(said).toMatch(says);
	});

	it('is one of two names for a field, unless both have the same value', async () => {
		const beside = (value: (row: Row) => unknown) =>
			mutate<{ items: Row[] }>(keys, (page) => ({
				...page,
				items: page.items.map((row) => ({ ...row, session_key_address: value(row) })),
			}));
		beside(({ address }) => String(address).toUpperCase().replace('0X', '0x'));
		const same = await run();
		expect(same.code).toBe(0);
		await emulator.close();
		emulator = await startEmulator();
		agent = emulator.addAgent({ keys: [randomAddress()], spendConfig: { daily_limit: '1' } });
		beside(() => randomAddress());
		mutate<Row>(limits, (row) => ({ ...row, dailyLimit: '2' }));
		const ran = await run([], undefined, false);
		expect(textsOf(ran, 'listAgentKeys')).toEqual([
			'items[].address: choice, expected address alone, ' +
				'got session_key_address beside it, which the package shows',
		]);
		expect(textsOf(ran, 'getSpendingLimit')).toEqual([
			'daily_limit: choice, expected daily_limit alone, ' +
				'got dailyLimit beside it, which the package ignores',
		]);
		const { routes: read } = reportOf(ran);
		expect(read.find(({ route }) => route === 'listAgentKeys')?.extras).toEqual([]);
	});

	it.each([
		['getHostedEndpoint', `GET ${endpoint}`],
		['getListing', 'GET /agents/marketplace/{id}'],
	])('is another entry than the one of the path: %s', async (name, route) => {
		mutate<Row>(route, (row) => ({ ...row, id: 'another-one' }));
		const ran = await run();
		expect(ran.code).toBe(1);
		expect(textsOf(ran, name)).toEqual(['has the id of another entry']);
		expect(ran.out).not.toContain('another-one');
	});

	it('is a 304, which is no moved path', async () => {
		emulator.fault({ route: sellers, ...always, status: 304 });
		const { routes: read } = reportOf(await run());
		expect(read.find(({ route }) => route === 'getAllowlist')).toMatchObject({
			verdicts: { path: 'fits', answer: 'differs' },
			findings: [
				{
					part: 'answer',
					text: '304, which is no answer to what was asked',
					change: 'how getAllowlist is read: an answer with HTTP 304',
				},
			],
		});
	});

	it('is a redirect, which is one', async () => {
		const moved = { status: 308, headers: { location: '/moved' } };
		emulator.fault({ route: sellers, ...always, ...moved });
		expect(textsOf(await run(), 'getAllowlist')).toContain(
			"308, a redirect, which the package doesn't follow",
		);
	});

	it.each([
		['another agent in the answer to a deletion', 200, 'names another agent'],
		['a status that leaves open whether it is done', 202, "202, which doesn't say that it's done"],
	])('is %s', async (_title, status, text) => {
		const body = { agent_address: status === 200 ? randomAddress() : undefined };
		const route = 'DELETE /agents/{address}/keys/{keyAddress}';
		emulator.fault({ route, ...always, status, body, when: 'after' });
		expect(textsOf(await run(['--write']), 'revokeAgentKey')).toEqual([text]);
	});

	it('is an allowlist to which a write only adds', async () => {
		const before = randomAddress();
		mutate<string[]>(sellers, (list) => [...list, before]);
		expect(factsOf(await run(['--write']), 'replaceAllowlist')).toEqual([
			'an empty list is read: other values: sellers',
		]);
	});

	it('is a part of a list, in words that the package knows', async () => {
		mutate<Row>(agents, (page) => ({ ...page, paging: { remaining: 5 } }));
		expect(textsOf(await run([], undefined, false), 'listAgents')).toEqual([
			'a part of a list: paging.remaining says that more follows after 1',
		]);
	});

	it('is a list whose envelope says that more follows, said once', async () => {
		mutate<string[]>(sellers, (data) => ({ data, paging: { cursors: { after: 'x' } } }));
		const texts = textsOf(await run([], undefined, false), 'getAllowlist');
		expect(texts.filter((text) => text.includes('follow'))).toEqual([
			'a part of a list: paging.cursors.after says that more follows after 1',
		]);
	});
});

describe('What a write did', () => {
	const echo = {
		auto_topup_allowed: false,
		daily_limit: '2000000',
		per_transaction_limit: '500000',
	};
	const collect = { enabled: false, threshold: '5000000', minimum_remaining: null };

	it('is read back: answers that only repeat what was sent differ', async () => {
		const body = (route: string, answer: Row) =>
			emulator.fault({ route, ...always, status: 200, body: answer });
		body('PUT /agents/{address}/spend-config', { ...echo, monthly_limit: null });
		body('PUT /agents/{address}/auto-collect-config', collect);
		const ran = await run(['--write']);
		expect(ran.code).toBe(1);
		expect(factsOf(ran, 'getSpendingLimit')).toEqual(['what was set is read: nothing: HTTP 404']);
		expect(factsOf(ran, 'getAutoCollect')).toEqual(['what was set is read: nothing: HTTP 404']);
	});

	it('is read back: values from before differ', async () => {
		const old = { ...collect, enabled: true, threshold: '1' };
		mutate<Row>(limits, (row) => ({ ...row, ...echo, daily_limit: '1' }));
		mutate<Row>(autoCollect, (row) => ({ ...row, ...old }));
		const ran = await run(['--write']);
		expect(factsOf(ran, 'getSpendingLimit')).toEqual([
			'what was set is read: other values: daily_limit',
		]);
		expect(factsOf(ran, 'getAutoCollect')).toEqual([
			'what was set is read: other values: enabled, threshold',
		]);
	});

	it('is read back for a new agent: its limits and sellers', async () => {
		mutate<Row>(create, (row) => {
			emulator.updateAgent(String(row['address']), { spendConfig: null, allowlist: [] });
			return row;
		});
		const ran = await run(['--write']);
		expect(ran.code).toBe(1);
		expect(factsOf(ran, 'createAgent')).toEqual([
			'spend_config that was sent: nothing: HTTP 404',
			'authorized_sellers that were sent: other values: seller',
		]);
	});

	it('is that a new agent with limits and sellers is rejected', async () => {
		emulator.fault({
			route: create,
			...always,
			status: 400,
			body: { message: 'no' },
			match: ({ body }) => (body as Row)['spend_config'] !== null,
		});
		const ran = await run(['--write']);
		expect(ran.code).toBe(1);
		expect(factsOf(ran, 'createAgent')).toEqual(['spend_config, authorized_sellers: HTTP 400']);
	});

	it('is read back for a hosted endpoint', async () => {
		emulator.fault({ route: `PATCH ${endpoint}`, ...always, status: 200, body: {} });
		emulator.fault({ route: `DELETE ${endpoint}`, ...always, status: 204 });
		const bulk = 'POST /agents/{address}/hosted-endpoints/bulk';
		emulator.fault({ route: bulk, ...always, status: 200, body: [] });
		mutate<Row>(`GET ${endpoint}`, (row) => ({ ...row, proxy_header_names: [] }));
		const ran = await run(['--write']);
		expect(factsOf(ran, 'updateHostedEndpoint')).toEqual([
			'what was set is read: other values: enabled',
		]);
		expect(factsOf(ran, 'addProxyHeader')).toEqual([
			'what was set is read: other values: proxy_header_names',
		]);
		expect(factsOf(ran, 'removeProxyHeader')).toEqual([]);
		expect(factsOf(ran, 'addRequiredHeader')).toEqual([]);
		expect(factsOf(ran, 'createHostedEndpoints')).toEqual(['what was created: not listed']);
		expect(factsOf(ran, 'deleteHostedEndpoint')).toEqual(['what was deleted: listed']);
	});
});

describe('Whatever one route answers, the others are checked', () => {
	const most = 15;

	it.each([
		['lists', '['.repeat(20_000) + ']'.repeat(20_000)],
		['objects', '{"x":'.repeat(20_000) + '1' + '}'.repeat(20_000)],
	])('%s, 20 000 levels deep', async (_title, deep) => {
		const change = (sent: Sent, path: string): Sent => {
			if (!path.endsWith('/agents')) return sent;
			const body = sent.body.toString().replace('"items":[{', `"items":[{"deep":${deep},`);
			return { ...sent, body: Buffer.from(body) };
		};
		const front = await startFront(emulator.baseUrl, change);
		const ran = await run([], front.url, false).finally(front.close);
		expect(textsOf(ran, 'listAgents')).toEqual(['has more than 100 levels of objects and lists']);
		expect(reportOf(ran).stopped).toEqual([]);
		expect(reportOf(ran).routes.length).toBeGreaterThan(6);
	});

	const hostile = { valueOf: 1, toString: 1, toJSON: 1 };

	it.each<[string, string, (body: Row) => unknown]>([
		['a total', agents, (page) => ({ ...page, total: hostile })],
		['a count', sellers, (list) => ({ data: list, total: hostile, next: hostile, pages: hostile })],
		['an id', 'GET /agents/marketplace/agentic/discover', () => [{ id: hostile }]],
		['an error', limits, () => ({ success: false, error: hostile, errors: [hostile] })],
		[
			'a row',
			activity,
			(page) => ({
				...page,
				totalCount: hostile,
				activity: (page['activity'] as Row[]).map((row) =>
					Object.fromEntries(Object.keys(row).map((name) => [name, hostile])),
				),
			}),
		],
	])('%s that is no text and no number', async (_title, route, change) => {
		mutate<Row>(route, change);
		const ran = await run(['--write']);
		expect(ran.code).toBe(1);
		expect(ran.out).not.toMatch(/can't be judged|Ended unexpectedly/);
		expect(reportOf(ran).routes.length).toBeGreaterThan(most);
	});

	it('a 400 about fields that are no text', async () => {
		const body = { issues: [{ path: [hostile] }, { path: hostile }], detail: [{ loc: [[]] }] };
		emulator.fault({ route: limits, ...always, status: 400, body });
		const ran = await run();
		expect(textsOf(ran, 'getSpendingLimit')).toContain('400');
		expect(reportOf(ran).routes.length).toBeGreaterThan(most);
	});

	it('what the tool itself cannot judge is a finding of the route', () => {
		const body = {
			get address(): string {
				throw new RangeError('secret');
			},
		};
		const asked = { name: 'getAgent', route: routes.getAgent, names: new Names() };
		const answer = { status: 200, body, part: {} };
		const { findings } = judge(asked as unknown as Asked, answer as unknown as Answer);
		expect(findings).toEqual([
			{
				part: 'answer',
				text: "can't be judged: RangeError",
				change: 'what reads the answer of getAgent, in the package or in tools/contract',
			},
		]);
	});
});

describe('What the node reads, the tool reads', () => {
	it.each<[string, (body: Buffer) => Buffer, string]>([
		['gzip', gzipSync, 'gzip'],
		['br', brotliCompressSync, 'br'],
		['deflate', deflateSync, 'deflate'],
		['a byte order mark', (body) => Buffer.concat([Buffer.from('\ufeff'), body]), 'identity'],
	])('%s', async (_title, encode, encoding) => {
		const front = await startFront(emulator.baseUrl, (sent) =>
			sent.body.length === 0
				? sent
				: {
						...sent,
						headers: { ...sent.headers, 'content-encoding': encoding },
						body: encode(sent.body),
					},
		);
		const ran = await run([], front.url, false).finally(front.close);
		expect(ran.code).toBe(0);
		expect(reportOf(ran).routes.length).toBeGreaterThan(6);
	});
});
