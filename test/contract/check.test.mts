import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { Agent, Emulator } from '../../tools/emulator/index.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import { reportOf, runTool, startSeeded, type Ran } from './run.mts';

const NAME = 'Marie Curie, Paris';
const PRODUCTION = 'https://api.ampersend.ai/api/v1';

let emulator: Emulator;
let agent: Agent;
let privateKey: string;

beforeEach(async () => {
	({ emulator, agent, privateKey } = await startSeeded((address) => ({
		name: NAME,
		keys: [{ address, name: NAME }, randomAddress()],
	})));
	emulator.addAgent({ createdAt: agent.createdAt });
});

afterEach(async () => await emulator.close());

const environment = () => ({
	AMPERSEND_API_KEY: emulator.apiKey,
	AMPERSEND_API_URL: emulator.baseUrl,
	AMPERSEND_AGENT_KEY: `${privateKey}:::${agent.address}`,
});

const run = async (args: string[] = [], env: Record<string, string> = environment()) =>
	await runTool(args, env);

async function runApart(args: string[], env: Record<string, string>): Promise<Ran> {
	// Jest runs in the repository's root.
	const main = join(process.cwd(), 'tools/contract/main.mts');
	const { PATH = '' } = process.env;
	const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
		env: { PATH, ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let [out, err] = ['', ''];
	child.stdout.setEncoding('utf8').on('data', (text: string) => void (out += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text));
	const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
	return { code, out, err };
}

/** What nobody but the owner may see. */
function privateTexts(): string[] {
	const { address, userId, keys, allowlist } = emulator.agent(agent);
	return [
		emulator.apiKey,
		emulator.apiKey.slice(8),
		privateKey,
		...emulator.sessionTokens(),
		...emulator.undecided(),
		address.slice(2),
		userId,
		...keys.map((key) => key.address.slice(2)),
		...allowlist.map((seller) => seller.slice(2)),
		NAME,
		'http',
		'127.0.0.1',
	];
}

function expectNothingPrivate({ out, err }: Ran): void {
	for (const text of privateTexts()) {
		expect(text).not.toBe('');
		expect(`${out}${err}`).not.toContain(text);
	}
	expect(`${out}${err}`).not.toMatch(/[0-9a-f]{24}/i);
}

describe('A service as the package assumes it', () => {
	it('fits, and the report of the command has nothing private', async () => {
		const ran = await runApart([], environment());
		expect(ran).toMatchObject({ code: 0 });
		expect(ran.out).toContain('none differs');
		expect(ran.out).toMatch(/GET \/agents\/self +session +\/api\/v1 +200/);
		expect(ran.err).toMatch(/GET \/v1\/agents\/\{address\}\/activity {2}200 {2}\d+ ms/);
		expectNothingPrivate(ran);
	});

	it('differs in the command as it does in a test', async () => {
		mutate<Row[]>(payments, (list) =>
			rows(list, (row) => ({ ...row, created_at: Math.floor(Number(row.created_at) / 1e3) })),
		);
		const ran = await runApart(['--json'], environment());
		expect(ran.code).toBe(1);
		expect(ran.out).toContain('[].created_at: unit, expected ms, got s');
		const rejected = await runApart([], { ...environment(), AMPERSEND_AGENT_KEY: 'hunter2' });
		expect(rejected).toMatchObject({ code: 2, out: '' });
		expect(rejected.err).toMatch(/^AMPERSEND_AGENT_KEY: is not a private key[^\n]*\n$/);
	});

	it('only gets reads, unless writes are allowed', async () => {
		const ran = await run(['--json']);
		expect(ran.code).toBe(0);
		const sent = emulator.calls.map(({ method, route }) => (method === 'GET' ? method : route));
		expect([...new Set(sent)].sort()).toEqual(['GET', 'POST /agents/auth/login']);
		const { unchecked, routes, result } = reportOf(ran);
		expect(result).toBe('fits');
		expect(unchecked).toContainEqual({
			route: 'createAgent',
			call: 'POST /agents',
			as: 'user',
			reason: 'writes: needs --write and the sandbox',
		});
		expect(routes.find(({ route }) => route === 'getAllowlist')).toMatchObject({
			shape: ['address'],
			verdicts: { path: 'fits', method: 'fits', request: 'unused', answer: 'fits' },
			evidence: { path: expect.stringMatching(/./) },
		});
	});

	it('settles units, order and pages', async () => {
		const { facts } = reportOf(await run(['--json']));
		const found = (route: string, as: string) =>
			Object.fromEntries(
				facts
					.filter((fact) => fact.route === route && fact.as === as)
					.map((fact) => [fact.subject, fact.found]),
			);
		for (const as of ['user', 'agent']) {
			expect(found('listActivity', as)).toEqual({
				'first place': 'page=0: HTTP 400',
				hasNextPage: 'true',
				'largest page': '200 of limit=200',
				limit: '1 row',
				'limit=1000': 'HTTP 400',
				order: 'newest first',
				totalCount: 'all rows',
				'unit of amount': 'the same number (166 compared; micro-USDC by the name of the field)',
				'unit of timestamp': 'ms',
			});
		}
		expect(found('listAgents', 'user')).toMatchObject({
			order: '2 rows, too few to see',
			'status of a wrong key': '401',
		});
		expect(found('getSelf', 'agent')).toEqual({ 'status of a token that is not valid': '401' });
	});

	it('with --write calls every route, for an agent of its own, and says what is left', async () => {
		const before = emulator.agent(agent);
		const ran = await run(['--json', '--write']);
		expect(ran.code).toBe(0);
		const { unchecked, left, facts } = reportOf(ran);
		const ofPayments = ['authorizePayment', 'reportPayment'];
		expect(unchecked.map(({ route }) => route)).toEqual(ofPayments);
		expect(emulator.agent(agent)).toEqual(before);
		const made = emulator.agents().find(({ name }) => name.startsWith('contract-check'));
		expect(made).toMatchObject({ allowlist: [], keys: [expect.anything()] });
		expect(emulator.hostedEndpoints(agent)).toEqual([]);
		const { address = '' } = made ?? {};
		expect(left.join('\n')).toMatch(`agent ${address.slice(0, 6)}…${address.slice(-4)}`);
		expect(facts.filter(({ subject }) => subject === 'nothing is set')).toHaveLength(2);
		expectNothingPrivate(ran);
	});

	it('with --write names what it could not remove', async () => {
		const refuse = { ...always, status: 503, headers: { 'retry-after': '0' } };
		emulator.fault({ route: 'DELETE /agents/{address}/keys/{keyAddress}', ...refuse });
		emulator.fault({ route: 'DELETE /agents/{address}/hosted-endpoints/{id}', ...refuse });
		const ran = await run(['--json', '--write']);
		expect(ran.code).toBe(2);
		const { left } = reportOf(ran);
		expect(left).toContainEqual(expect.stringMatching(/^agent key 0x.{4}….{4} of the agent/));
		expect(left).toContainEqual(expect.stringMatching(/^hosted endpoints named contract-check/));
		expect(emulator.hostedEndpoints(agent)).toHaveLength(2);
	});

	it('with --write names what a lost answer may have made', async () => {
		emulator.fault({ route: 'POST /agents', status: 504, when: 'after' });
		const ran = await run(['--json', '--write']);
		const made = emulator.agents().filter(({ name }) => name.startsWith('contract-check'));
		// The second has settings, and is created after all else.
		expect(made).toHaveLength(2);
		const [{ address = '' } = {}] = made;
		expect(reportOf(ran).left.join('\n')).toContain(
			`agent ${address.slice(0, 6)}…${address.slice(-4)}`,
		);
	});

	it('with only an API key, or only an agent, checks what it can', async () => {
		const { AMPERSEND_AGENT_KEY: secret, AMPERSEND_API_KEY: apiKey } = environment();
		const ofUser = await run(['--json'], {
			AMPERSEND_API_KEY: apiKey,
			AMPERSEND_API_URL: emulator.baseUrl,
		});
		const ofAgent = await run(['--json'], {
			AMPERSEND_AGENT_KEY: secret,
			AMPERSEND_API_URL: emulator.baseUrl,
		});
		const rolesOf = (ran: Ran) => new Set(reportOf(ran).routes.map(({ as }) => as));
		expect([ofUser.code, ofAgent.code]).toEqual([0, 0]);
		expect(rolesOf(ofUser)).toEqual(new Set(['user']));
		expect(rolesOf(ofAgent)).toEqual(new Set(['anyone', 'agent']));
	});
});

type Row = Record<string, unknown>;
interface Page {
	activity: Row[];
	items: Row[];
	hasNextPage: boolean;
	totalCount: number;
	total: number;
}

const activity = 'GET /agents/{address}/activity';
const payments = 'GET /agents/{address}/payments';
const keys = 'GET /agents/{address}/keys';
const limits = 'GET /agents/{address}/spend-config';
const agents = 'GET /agents';
const sellers = 'GET /agents/{address}/authorized-sellers';
const create = 'POST /agents';
const revoke = 'DELETE /agents/{address}/keys/{keyAddress}';

const always = { times: Infinity };

/** The same body for each call of a route, with the status of a success. */
function success(route: string, body: unknown): void {
	emulator.fault({ route, ...always, status: 200, body });
}

/** Each body of a route, changed. */
function mutate<Body>(route: string, change: (body: Body) => unknown): void {
	emulator.fault({ route, ...always, mutate: (body) => change(body as Body) });
}

/** Each row of a body, changed. */
const rows = (list: Row[], change: (row: Row) => Row): Row[] => list.map(change);

function renamed(row: Row, from: string, to: string): Row {
	const { [from]: value, ...rest } = row;
	return { ...rest, [to]: value };
}

interface Deviation {
	title: string;
	arrange: () => void;
	route: string;
	part: string;
	says: RegExp;
	args?: string[];
}

const inAnswer: Deviation[] = [
	{
		title: 'a bare list for a page',
		arrange: () => mutate<Page>(keys, ({ items }) => items),
		route: 'listAgentKeys',
		part: 'answer',
		says: /container, expected an object with the list in items, got a bare list/,
	},
	{
		title: 'a page for a bare list',
		arrange: () => mutate<Row[]>(payments, (items) => ({ items })),
		route: 'listPayments',
		part: 'answer',
		says: /container, expected a bare list, got an object with the list in items/,
	},
	{
		title: 'a list under another name',
		arrange: () => mutate<Page>(keys, ({ items, ...rest }) => ({ ...rest, keys: items })),
		route: 'listAgentKeys',
		part: 'answer',
		says: /items: renamed, expected items, got keys/,
	},
	{
		title: 'an object within another one',
		arrange: () => mutate<Row>('GET /agents/{address}', (found) => ({ agent: found })),
		route: 'getAgent',
		part: 'answer',
		says: /container, expected the object itself, got an object in agent/,
	},
	{
		title: 'a synonym',
		arrange: () =>
			mutate<Page>(activity, (page) => ({
				...page,
				activity: rows(page.activity, (row) => renamed(row, 'receiver', 'payee')),
			})),
		route: 'listActivity',
		part: 'answer',
		says: /activity\[\]\.receiver: renamed, expected receiver, got payee \(another name\)/,
	},
	{
		title: 'a synonym of an optional field',
		arrange: () =>
			mutate<Page>(keys, (page) => ({
				...page,
				items: rows(page.items, (row) => renamed(row, 'name', 'label')),
			})),
		route: 'listAgentKeys',
		part: 'answer',
		says: /items\[\]\.name: renamed, expected name, got label/,
	},
	{
		title: 'another letter case',
		arrange: () => mutate<Row>(limits, (row) => renamed(row, 'daily_limit', 'dailyLimit')),
		route: 'getSpendingLimit',
		part: 'answer',
		says: /daily_limit: renamed, expected daily_limit, got dailyLimit \(another letter case\)/,
	},
	{
		title: 'null where nothing is set',
		arrange: () => emulator.fault({ route: limits, ...always, status: 200, body: null }),
		route: 'getSpendingLimit',
		part: 'answer',
		says: /body: type, expected object, got null/,
	},
	{
		title: 'a missing field that nothing rests on',
		arrange: () => mutate<Row[]>(payments, (list) => rows(list, ({ scheme: _, ...row }) => row)),
		route: 'listPayments',
		part: 'answer',
		says: /\[\]\.scheme: missing, expected text or null/,
	},
	{
		title: 'an unknown status',
		arrange: () =>
			mutate<Row[]>(payments, (list) => rows(list, (row) => ({ ...row, status: 'refunded' }))),
		route: 'listPayments',
		part: 'answer',
		says: /\[\]\.status: value, .*got "refunded"/,
	},
	{
		title: 'numbers for text',
		arrange: () => mutate<Row>(limits, (row) => ({ ...row, daily_limit: Number(row.daily_limit) })),
		route: 'getSpendingLimit',
		part: 'answer',
		says: /daily_limit: type, expected micro-USDC as text or null, got whole number/,
	},
	{
		title: 'seconds for milliseconds',
		arrange: () =>
			mutate<Row[]>(payments, (list) =>
				rows(list, (row) => ({ ...row, created_at: Math.floor(Number(row.created_at) / 1e3) })),
			),
		route: 'listPayments',
		part: 'answer',
		says: /\[\]\.created_at: unit, expected ms, got s/,
	},
	{
		title: 'microseconds for milliseconds',
		arrange: () =>
			mutate<Page>(activity, (page) => ({
				...page,
				activity: rows(page.activity, (row) => ({ ...row, timestamp: `${row.timestamp}000` })),
			})),
		route: 'listActivity',
		part: 'answer',
		says: /activity\[\]\.timestamp: unit, expected ms, got µs/,
	},
	{
		title: 'dates for epoch times',
		arrange: () =>
			mutate<Row>('GET /agents/{address}', (row) => ({
				...row,
				createdAt: new Date(Number(row.createdAt)).toISOString(),
			})),
		route: 'getAgent',
		part: 'answer',
		says: /createdAt: type, expected epoch time, got date as text/,
	},
	{
		title: 'a web page',
		arrange: () => emulator.fault({ route: keys, ...always, status: 200, body: '<html></html>' }),
		route: 'listAgentKeys',
		part: 'answer',
		says: /is not JSON/,
	},
	{
		title: 'a part of a list, with a flag',
		arrange: () =>
			mutate<Page>(agents, ({ items }) => ({ items: items.slice(0, 1), has_more: true })),
		route: 'listAgents',
		part: 'answer',
		says: /^a part of a list: has_more says that more follows after 1$/,
	},
	{
		title: 'a part of a list, with a cursor',
		arrange: () => mutate<Page>(agents, ({ items: data }) => ({ data, next_cursor: NAME })),
		route: 'listAgents',
		part: 'answer',
		says: /^a part of a list: next_cursor says/,
	},
	{
		title: 'a part of a list, with a count within another object',
		arrange: () =>
			mutate<Page>(keys, ({ items }) => ({
				data: items.slice(0, 1),
				meta: { paging: { total: 2, pages: 2 } },
			})),
		route: 'listAgentKeys',
		part: 'answer',
		says: /^a part of a list: meta\.paging\.total says that more follows after 1$/,
	},
	{
		title: 'a part of a list, with the count that the package reads',
		arrange: () => mutate<Page>(agents, ({ items }) => ({ items: items.slice(0, 1), total: 2 })),
		route: 'listAgents',
		part: 'answer',
		says: /^a part of a list: total says/,
	},
	{
		title: 'a part of the allowlist',
		arrange: () =>
			mutate<string[]>(sellers, (data) => ({ data, pagination: { next: `/${NAME}` } })),
		route: 'getAllowlist',
		part: 'answer',
		says: /^a part of a list: pagination\.next says/,
	},
	{
		title: 'an error with HTTP 200, in place of an object',
		arrange: () => success(limits, { success: false, error: `Not allowed for ${NAME}` }),
		route: 'getSpendingLimit',
		part: 'answer',
		says: /^200 reports an error: Not allowed for <word> <word> <word>$/,
	},
	{
		title: 'an error with HTTP 200, and an empty list',
		arrange: () => success(keys, { success: false, data: [] }),
		route: 'listAgentKeys',
		part: 'answer',
		says: /^200 reports an error, without words$/,
	},
	{
		title: 'errors with HTTP 200',
		arrange: () => success(sellers, { data: [], errors: [{ message: `${NAME}: FORBIDDEN` }] }),
		route: 'getAllowlist',
		part: 'answer',
		says: /^200 reports an error: <word> <word> <word> FORBIDDEN$/,
	},
	{
		title: 'an error with HTTP 200 for a write',
		arrange: () => success('PUT /agents/{address}/spend-config', { success: false }),
		route: 'setSpendingLimit',
		part: 'answer',
		says: /^200 reports an error, without words$/,
		args: ['--write'],
	},
	{
		title: 'a status that is a name',
		arrange: () =>
			mutate<Row[]>(payments, (list) => rows(list, (row) => ({ ...row, status: 'Marie_Curie' }))),
		route: 'listPayments',
		part: 'answer',
		says: /\[\]\.status: value, .*got text/,
	},
	{
		title: 'a known status in capitals',
		arrange: () =>
			mutate<Row[]>(payments, (list) => rows(list, (row) => ({ ...row, status: 'SETTLED' }))),
		route: 'listPayments',
		part: 'answer',
		says: /\[\]\.status: value, .*got "SETTLED"/,
	},
	{
		title: "another agent's settings",
		arrange: () => mutate<Row>(limits, (row) => ({ ...row, agent_address: randomAddress() })),
		route: 'getSpendingLimit',
		part: 'answer',
		says: /names another agent/,
	},
];

const inRequest: Deviation[] = [
	{
		title: 'another prefix',
		arrange: () =>
			emulator.fault({
				route: activity,
				...always,
				status: 404,
				match: ({ mount }) => mount === '/v1',
			}),
		route: 'listActivity',
		part: 'path',
		says: /answers below \/api\/v1(\/sdk)?, not/,
	},
	{
		title: 'a route that is not there',
		arrange: () => emulator.fault({ route: payments, ...always, status: 404 }),
		route: 'listPayments',
		part: 'path',
		says: /404 below every prefix/,
	},
	{
		title: 'a route that is not allowed',
		arrange: () => emulator.fault({ route: keys, ...always, status: 403 }),
		route: 'listAgentKeys',
		part: 'path',
		says: /403 below \/v1, where the credential is accepted elsewhere/,
	},
	{
		title: 'another verb of a read',
		arrange: () =>
			emulator.fault({
				route: 'GET /agents/{address}',
				...always,
				status: 405,
				headers: { allow: 'POST' },
			}),
		route: 'getAgent',
		part: 'method',
		says: /405 for GET, Allow: POST/,
	},
	{
		title: 'another verb of a write',
		arrange: () =>
			emulator.fault({
				route: 'PUT /agents/{address}/spend-config',
				...always,
				status: 405,
				headers: { allow: 'GET, PATCH' },
			}),
		route: 'setSpendingLimit',
		part: 'method',
		says: /405 for PUT, Allow: GET, PATCH/,
		args: ['--write'],
	},
	{
		title: 'another field of a body',
		arrange: () =>
			emulator.fault({
				route: 'POST /agents/{address}/keys',
				...always,
				status: 400,
				body: { issues: [{ path: ['session_key_address'], message: `${NAME} is missing` }] },
			}),
		route: 'addAgentKey',
		part: 'request',
		says: /400 about session_key_address/,
		args: ['--write'],
	},
	{
		title: 'another field of a body, as FastAPI names it',
		arrange: () =>
			emulator.fault({
				route: 'POST /agents/{address}/keys',
				...always,
				status: 422,
				body: { detail: [{ loc: ['body', 'session_key_address'], msg: `${NAME} required` }] },
			}),
		route: 'addAgentKey',
		part: 'request',
		says: /^422 about session_key_address$/,
		args: ['--write'],
	},
	{
		title: 'fields that are names of people',
		arrange: () =>
			emulator.fault({
				route: limits,
				...always,
				status: 400,
				body: { issues: [{ path: [NAME, 'Marie', 0], message: NAME }], errors: { Curie: [NAME] } },
			}),
		route: 'getSpendingLimit',
		part: 'request',
		says: /^400 about <name>\.<name>\.\[\], <name>$/,
	},
	{
		title: 'a query that it does not take',
		arrange: () =>
			emulator.fault({
				route: activity,
				...always,
				status: 400,
				body: { issues: [{ path: ['limit'], message: 'too much' }] },
				match: ({ query }) => Number(query['limit']) > 50,
			}),
		route: 'listActivity',
		part: 'request',
		says: /400 about limit/,
	},
];

const pageOf = (route: string, change: (page: Page) => Partial<Page>) => () =>
	mutate<Page>(route, (page) => ({ ...page, ...change(page) }));

const inFacts: Deviation[] = [
	{
		title: 'the oldest first',
		arrange: pageOf(activity, (page) => ({ activity: page.activity.reverse() })),
		route: 'listActivity',
		part: 'answer',
		says: /order: oldest first/,
	},
	{
		title: 'the oldest payment first',
		arrange: () => mutate<Row[]>(payments, (list) => list.reverse()),
		route: 'listPayments',
		part: 'answer',
		says: /order: oldest first/,
	},
	{
		title: 'smaller pages',
		arrange: pageOf(activity, (page) => ({ activity: page.activity.slice(0, 50) })),
		route: 'listActivity',
		part: 'request',
		says: /largest page: 50 of limit=200/,
	},
	{
		title: 'a limit that is ignored',
		arrange: () =>
			mutate<Page>('GET /agents', (page) => ({
				...page,
				items: [...page.items, ...page.items].slice(0, 2),
			})),
		route: 'listAgents',
		part: 'request',
		says: /limit: 2 rows/,
	},
	{
		title: 'a total that counts the page',
		arrange: pageOf(activity, (page) => ({ totalCount: page.activity.length })),
		route: 'listActivity',
		part: 'answer',
		says: /totalCount: the rows of the page/,
	},
	{
		title: 'a total of agents that counts the page',
		arrange: pageOf('GET /agents', (page) => ({ total: page.items.length })),
		route: 'listAgents',
		part: 'answer',
		says: /total: the rows of the page/,
	},
	{
		title: 'pages that count from 0',
		arrange: () =>
			emulator.fault({
				route: activity,
				...always,
				status: 200,
				body: { activity: [{ id: 'newest' }], hasNextPage: true, totalCount: 250 },
				match: ({ query }) => query['page'] === '0',
			}),
		route: 'listActivity',
		part: 'request',
		says: /first place: page=0 has earlier rows/,
	},
	{
		title: 'a preset that is ignored',
		arrange: () => {
			emulator.fault({
				route: activity,
				...always,
				status: 200,
				match: ({ query }) => query['preset'] === '1d',
				body: { activity: [{ timestamp: '1600000000000' }], hasNextPage: false, totalCount: 1 },
			});
			pageOf(activity, (page) => ({
				activity: rows(page.activity, (row) => ({ ...row, timestamp: '1600000000000' })),
			}))();
		},
		route: 'listActivity',
		part: 'request',
		says: /preset=1d: older rows/,
	},
	{
		title: 'amounts in USDC',
		arrange: pageOf(activity, (page) => ({
			activity: rows(page.activity, (row) => ({ ...row, amount: Number(row.amount) * 1e6 })),
		})),
		route: 'listActivity',
		part: 'answer',
		says: /unit of amount: 10\^6 times/,
	},
	{
		title: 'other values in the answer of a write',
		arrange: () =>
			mutate<Row>('PUT /agents/{address}/spend-config', (row) => ({ ...row, daily_limit: '1' })),
		route: 'setSpendingLimit',
		part: 'answer',
		says: /^what was set is answered: other values: daily_limit$/,
		args: ['--write'],
	},
	{
		title: 'the allowlist from before in the answer of a write',
		arrange: () =>
			mutate<string[]>('PUT /agents/{address}/authorized-sellers', () => [randomAddress()]),
		route: 'replaceAllowlist',
		part: 'answer',
		says: /^what was set is answered: other values: seller$/,
		args: ['--write'],
	},
	{
		title: 'a write that does nothing',
		arrange: () =>
			success('PUT /agents/{address}/spend-config', {
				auto_topup_allowed: true,
				daily_limit: null,
				monthly_limit: null,
				per_transaction_limit: null,
			}),
		route: 'setSpendingLimit',
		part: 'answer',
		says: /^what was set is answered: other values: auto_topup_allowed, daily_limit, per/,
		args: ['--write'],
	},
	{
		title: 'a key that is still there after it was revoked',
		arrange: () => emulator.fault({ route: revoke, ...always, status: 204 }),
		route: 'revokeAgentKey',
		part: 'answer',
		says: /^the revoked key: still listed$/,
		args: ['--write'],
	},
	{
		title: 'other values than were set',
		arrange: () => mutate<Row>(limits, (row) => ({ ...row, daily_limit: '2' })),
		route: 'getSpendingLimit',
		part: 'answer',
		says: /what was set is read: other values: daily_limit/,
		args: ['--write'],
	},
];

describe('A service that is another one', () => {
	it.each([...inAnswer, ...inRequest])(
		'$title: the report names route and part',
		async ({ arrange, route, part, says, args = [] }) => {
			arrange();
			const ran = await run(['--json', ...args]);
			expect(ran.code).toBe(1);
			const { routes, result } = reportOf(ran);
			expect(result).toBe('differs');
			const found = routes
				.filter((one) => one.route === route && one.as === 'user')
				.flatMap(({ findings }) => findings);
			expect(found).toContainEqual({
				part,
				text: expect.stringMatching(says),
				change: expect.stringMatching(/./),
			});
			expectNothingPrivate(ran);
		},
	);

	it.each(inFacts)(
		'$title: the report names route and part',
		async ({ arrange, route, part, says, args = [] }) => {
			arrange();
			const ran = await run(['--json', ...args]);
			expect(ran.code).toBe(1);
			const differing = reportOf(ran)
				.facts.filter(({ verdict, as }) => verdict === 'differs' && as === 'user')
				.map((fact) => [fact.route, fact.part, `${fact.subject}: ${fact.found}`]);
			expect(differing).toContainEqual([route, part, expect.stringMatching(says)]);
			expectNothingPrivate(ran);
		},
	);

	it('shows no name of a person as the name of a field', async () => {
		mutate<Row>('GET /agents/{address}', (row) => ({
			...row,
			Marie: 1,
			by_name: { [NAME]: 1, Marie: { pays: 2 }, 'marie@example.com': 3, 'x\u001b[2J': 4 },
		}));
		const ran = await run(['--json']);
		expect(ran.code).toBe(0);
		expect(ran.out).not.toMatch(/Marie|marie|Curie|\\u001b/);
		expect(reportOf(ran).routes).toContainEqual(
			expect.objectContaining({ route: 'getAgent', extras: ['<name>', 'by_name'] }),
		);
		expectNothingPrivate(ran);
	});

	it.each([
		['address', 'parent_address', /^address: missing/, /address may be absent$/],
		['name', 'title', /^name: renamed, expected name, got title/, /: title may be name$/],
		['createdAt', 'created', /^createdAt: renamed/, /: created may be createdAt$/],
		['balance', 'owner_balance', /^balance: missing/, /balance may be absent$/],
	])('%s under the name %s: advises no more than can be seen', async (from, to, says, advice) => {
		mutate<Row>('GET /agents/{address}', (row) => renamed(row, from, to));
		const ran = await run(['--json']);
		const read = reportOf(ran).routes.find(({ route }) => route === 'getAgent');
		expect(read?.findings).toContainEqual({
			part: 'answer',
			text: expect.stringMatching(says),
			change: expect.stringMatching(advice),
		});
		expect(ran.out).not.toMatch(/: read \w+ for/);
	});

	it('shows what to change to people, too', async () => {
		emulator.fault({ route: 'PATCH /agents/{address}', ...always, status: 404 });
		const { code, out } = await run(['--write']);
		expect(code).toBe(1);
		expect(out).toMatch(/PATCH \/agents\/\{address\} +API key +\/v1 +404 .*DIFFERS/);
		expect(out).toContain('change: routes.ts, updateAgent.path or .method: another one');
	});

	it('shows what is new without taking it for a difference', async () => {
		mutate<Row>(limits, (row) => ({ ...row, weekly_cap: '1', [randomAddress()]: NAME }));
		const ran = await run(['--json']);
		expect(ran.code).toBe(0);
		expect(reportOf(ran).routes).toContainEqual(
			expect.objectContaining({
				route: 'getSpendingLimit',
				as: 'user',
				extras: ['<name>', 'weekly_cap'],
			}),
		);
		expectNothingPrivate(ran);
	});

	it("finds settings that only the agent's session has", async () => {
		emulator.fault({ route: limits, ...always, status: 404 });
		const ran = await run(['--json']);
		expect(ran.code).toBe(1);
		const found = reportOf(ran).routes.find(
			({ route, as }) => route === 'getSpendingLimit' && as === 'user',
		);
		expect(found?.findings).toEqual([
			expect.objectContaining({ part: 'path', text: expect.stringMatching(/session has what is/) }),
		]);
	});

	it('takes 404 of settings for no answer to the question', async () => {
		emulator.updateAgent(agent, { spendConfig: null });
		const ran = await run(['--json']);
		expect(ran.code).toBe(0);
		expect(reportOf(ran).routes).toContainEqual(
			expect.objectContaining({
				route: 'getSpendingLimit',
				as: 'user',
				verdicts: { path: 'unknown', method: 'unknown', request: 'unknown', answer: 'unknown' },
				note: expect.stringMatching(/nothing is set .* or the route is another one/),
			}),
		);
	});

	it.each([
		[403, 0, 'fits'],
		[410, 1, 'differs'],
	])('says that a rejected token gets %i', async (status, code, verdict) => {
		let count = 0;
		emulator.fault({ route: 'GET /agents/self', status, match: () => ++count === 2 });
		const ran = await run(['--json']);
		expect(ran.code).toBe(code);
		expect(reportOf(ran).facts).toContainEqual(
			expect.objectContaining({ route: 'getSelf', found: String(status), verdict }),
		);
	});
});

/** What `--write` leaves as it was. */
const agentsThere = () =>
	emulator.agents().filter(({ name }) => !name.startsWith('contract-check'));

describe('Writes', () => {
	it.each([
		[
			'another agent in the answer',
			1,
			() => mutate<Row>(create, (row) => ({ ...row, address: agent.address })),
			/^POST \/agents: the answer has the address of another agent/,
		],
		[
			'a list without the new agent',
			2,
			() =>
				mutate<Page>(agents, (page) => {
					const items = page.items.filter(({ name }) => !`${name}`.startsWith('contract-check'));
					return { ...page, items, total: 2 };
				}),
			/^POST \/agents: HTTP 200, and GET \/agents lists no new agent of the name sent/,
		],
		[
			'an agent that was there under the new name',
			2,
			() => {
				let made = '';
				mutate<Row>(create, (row) => {
					made = String(row.name);
					return { ...row, address: agent.address };
				});
				mutate<Page>(agents, (page) => ({
					...page,
					total: 2,
					items: page.items
						.filter(({ name }) => name !== made)
						.map((row) => (row.address === agent.address && made ? { ...row, name: made } : row)),
				}));
			},
			/^POST \/agents: HTTP 200, and GET \/agents lists no new agent of the name sent/,
		],
		[
			'a list that is a part',
			1,
			() => mutate<Page>(agents, (page) => ({ ...page, next_cursor: 'x' })),
			/^GET \/agents can't be read whole, so nothing was written/,
		],
		[
			'a list with addresses under another name',
			1,
			() =>
				mutate<Page>(agents, (page) => ({
					...page,
					items: rows(page.items, (row) => renamed(row, 'address', 'account_address')),
				})),
			/^GET \/agents can't be read whole, so nothing was written/,
		],
	])('%s: change no agent, and the report says why', async (_title, code, arrange, reason) => {
		const before = agentsThere();
		arrange();
		const { AMPERSEND_AGENT_KEY: _, ...env } = environment();
		const ran = await run(['--json', '--write'], env);
		expect(agentsThere()).toEqual(before);
		expect(reportOf(ran).stopped).toContainEqual(expect.stringMatching(reason));
		const written = emulator.calls.filter(({ method }) => !['GET', 'POST'].includes(method));
		expect(written).toEqual([]);
		expectNothingPrivate(ran);
		expect(ran.code).toBe(code);
	});

	it('go to the new agent, whatever else the answer names', async () => {
		const before = agentsThere();
		mutate<Row>(create, ({ address: _, ...row }) => ({ ...row, parent_address: agent.address }));
		const { AMPERSEND_AGENT_KEY: _, ...env } = environment();
		const ran = await run(['--json', '--write'], env);
		expect(ran.code).toBe(1);
		expect(agentsThere()).toEqual(before);
		const created = reportOf(ran).routes.find(({ route }) => route === 'createAgent');
		expect(created?.findings).toEqual([
			{
				part: 'answer',
				text: 'address: missing, expected address, got nothing',
				change: 'the schema of createAgent: address may be absent',
			},
		]);
	});

	it('find the new agent on a later page', async () => {
		for (let i = 0; i < 120; i += 1) emulator.addAgent();
		const ran = await run(['--json', '--write']);
		expect(ran.code).toBe(0);
		expect(reportOf(ran).left).toContainEqual(expect.stringMatching(/^agent 0x/));
	});

	it('name a key that is still there, though it was revoked with HTTP 200', async () => {
		success(revoke, { success: false, error: 'x' });
		const ran = await run(['--json', '--write']);
		expect(ran.code).toBe(1);
		expect(reportOf(ran).left).toContainEqual(expect.stringMatching(/^agent key 0x/));
		const revoked = reportOf(ran).routes.find(({ route }) => route === 'revokeAgentKey');
		expect(revoked?.findings).toEqual([
			expect.objectContaining({ part: 'answer', text: '200 reports an error: <word>' }),
		]);
	});

	it('change and delete no hosted endpoint that was there', async () => {
		emulator.addHostedEndpoint(agent, 'an-endpoint', {
			name: NAME,
			price_usd: 0.25,
			proxy_url: 'https://api.example.com/weather',
		});
		const before = emulator.hostedEndpoints(agent);
		mutate<Row>('POST /agents/{address}/hosted-endpoints', (row) => ({
			...row,
			id: 'an-endpoint',
		}));
		const ran = await run(['--json', '--write']);
		expect(emulator.hostedEndpoints(agent)).toEqual(before);
		expect(reportOf(ran).left.join('\n')).not.toContain('hosted endpoints');
	});
});

describe('What keeps it from running', () => {
	it.each([
		['no key', [], () => ({}), /^AMPERSEND_API_KEY is empty\. Set it to/],
		[
			'no real key',
			[],
			() => ({ AMPERSEND_API_KEY: 'hunter2-hunter2' }),
			/^AMPERSEND_API_KEY: The API Key has an unknown prefix/,
		],
		[
			'production',
			[],
			() => ({ AMPERSEND_API_KEY: 'sk_live_hunter2-hunter2' }),
			/is for production.*--allow-live/,
		],
		[
			'production by its address',
			[],
			() => ({ ...environment(), AMPERSEND_API_KEY: '', AMPERSEND_API_URL: PRODUCTION }),
			/is for production.*--allow-live/,
		],
		[
			'writes in production',
			['--allow-live', '--write'],
			() => ({ AMPERSEND_API_KEY: 'sk_live_hunter2-hunter2' }),
			/^--write is for the sandbox/,
		],
		[
			'the other deployment',
			[],
			() => ({ ...environment(), AMPERSEND_API_URL: PRODUCTION }),
			/^AMPERSEND_API_URL: A test key can't call production/,
		],
		[
			'no address',
			[],
			() => ({ ...environment(), AMPERSEND_API_URL: 'hunter2-hunter2' }),
			/^AMPERSEND_API_URL: The Base URL isn't a web address/,
		],
		[
			'an address that is no agent',
			[],
			() => ({ ...environment(), AMPERSEND_AGENT_ADDRESS: 'hunter2-hunter2' }),
			/^AMPERSEND_AGENT_ADDRESS: is not an address/,
		],
		[
			'no private key',
			[],
			() => ({ ...environment(), AMPERSEND_AGENT_KEY: 'hunter2-hunter2' }),
			/^AMPERSEND_AGENT_KEY: is not a private key/,
		],
		[
			'a private key for the API key',
			[],
			() => ({ AMPERSEND_API_KEY: `0x${privateKey}` }),
			/^AMPERSEND_API_KEY is the private key .*_AGENT_KEY, .*_AGENT_ADDRESS\.$/m,
		],
		[
			'a combined secret for the API key',
			[],
			() => ({ AMPERSEND_API_KEY: environment().AMPERSEND_AGENT_KEY }),
			/^AMPERSEND_API_KEY is the private key of an agent key\. Put it into AMPERSEND_AGENT_KEY/,
		],
		[
			'an API key for the private key',
			[],
			() => ({ AMPERSEND_AGENT_KEY: emulator.apiKey }),
			/^AMPERSEND_AGENT_KEY is an API key, .* Put it into AMPERSEND_API_KEY\.$/m,
		],
		['an unknown option', ['--hunter2-hunter2'], environment, /^An option is unknown/],
		['no time', ['--seconds', 'hunter2-hunter2'], environment, /^--seconds takes whole seconds/],
	] as const)('%s: one message, and nothing is sent', async (_title, args, env, message) => {
		const ran = await run([...args], env());
		expect(ran).toMatchObject({ code: 2, out: '' });
		expect(ran.err).toMatch(message);
		for (const secret of ['hunter2-hunter2', privateKey, emulator.apiKey.slice(8)])
			expect(ran.err).not.toContain(secret);
		expect(emulator.calls).toEqual([]);
	});

	it('shows its usage', async () => {
		const { code, out } = await run(['--help'], {});
		expect(code).toBe(0);
		for (const name of ['AMPERSEND_API_KEY', 'AMPERSEND_AGENT_KEY', '--write', '--allow-live'])
			expect(out).toContain(name);
	});

	it('a rejected key, which the message names', async () => {
		emulator.revokeApiKey(emulator.apiKey);
		const ran = await run(['--json', '--write']);
		expect(ran.code).toBe(2);
		expect(ran.err).toMatch(/^AMPERSEND_API_KEY: Ampersend rejects the key \(401\)/m);
		expect(emulator.agents()).toHaveLength(2);
	});

	it('a key that is not a key of the agent', async () => {
		const other = randomBytes(32).toString('hex');
		const ran = await run([], {
			...environment(),
			AMPERSEND_AGENT_KEY: other,
			AMPERSEND_AGENT_ADDRESS: agent.address,
		});
		expect(ran.code).toBe(2);
		expect(ran.err).toMatch(/^AMPERSEND_AGENT_KEY: Ampersend starts no session \(HTTP 401\)/m);
	});

	it('a service that is away', async () => {
		const env = environment();
		await emulator.close();
		const ran = await run([], env);
		expect(ran.code).toBe(2);
		expect(ran.err).toMatch(/GET \/agents: no answer \(ECONNREFUSED\). Check AMPERSEND_API_URL/);
	});

	it('an answer that does not come: the others are checked', async () => {
		emulator.fault({ route: keys, ...always, hang: true });
		const ran = await run(['--json', '--request-seconds', '1']);
		expect(ran.code).toBe(2);
		const { stopped, routes, result } = reportOf(ran);
		expect(result).toBe('incomplete');
		expect(stopped[0]).toMatch(/^GET \/agents\/\{address\}\/keys: no answer \(time limit\)/);
		expect(routes.map(({ route }) => route)).toContain('listPayments');
	});

	it('the time of the run', async () => {
		emulator.fault({ route: 'GET /agents', hang: true });
		const ran = await run(['--seconds', '1']);
		expect(ran.code).toBe(2);
		expect(ran.err).toContain('The run was not over after 1 s');
	});

	it('an outage: a read is tried again, then named', async () => {
		emulator.fault({
			route: payments,
			...always,
			status: 503,
			headers: { 'retry-after': '0' },
			body: NAME,
		});
		const ran = await run(['--json']);
		expect(ran.code).toBe(2);
		expect(reportOf(ran).stopped).toEqual(['GET /agents/{address}/payments: HTTP 503']);
		expectNothingPrivate(ran);
	});
});
