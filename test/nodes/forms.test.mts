import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { useAgentSession } from './agentSession.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const MINUTE = 60_000;
const AGENTS = 'GET /agents';
const ACTIVITY = 'GET /agents/{address}/activity';

const agentField = () => ({ __rl: true, mode: 'address', value: session.agent.address });

/** What each list or settings is read with. */
const reads: Array<{ route: string; parameters: INodeParameters; inSession?: true }> = [
	{ route: AGENTS, parameters: { resource: 'agent', operation: 'getMany' } },
	{ route: 'GET /agents/{address}', parameters: { resource: 'agent', operation: 'get' } },
	{
		route: 'GET /agents/{address}/keys',
		parameters: { resource: 'agentKey', operation: 'getMany' },
	},
	{
		route: 'GET /agents/{address}/spend-config',
		parameters: { resource: 'spendingLimit', operation: 'get' },
	},
	{
		route: 'GET /agents/{address}/auto-collect-config',
		parameters: { resource: 'autoCollect', operation: 'get' },
	},
	{ route: ACTIVITY, parameters: { resource: 'transaction', operation: 'getMany' } },
	{
		route: 'GET /agents/{address}/payments',
		parameters: { resource: 'paymentEvent', operation: 'getMany' },
	},
	{
		route: 'GET /agents/{address}/hosted-endpoints',
		parameters: { resource: 'hostedEndpoint', operation: 'getMany' },
		inSession: true,
	},
	{
		route: 'GET /agents/marketplace/agentic/discover',
		parameters: { resource: 'marketplace', operation: 'search' },
		inSession: true,
	},
];

/** Adds what the reads return. */
async function prepare(): Promise<void> {
	service.emulator.addListing();
	service.emulator.pay({ agent: session.agent, type: 'spend', timestamp: Date.now() - MINUTE });
	await session.run({
		resource: 'hostedEndpoint',
		operation: 'create',
		name: 'Weather',
		price: '0.01',
		proxyUrl: 'https://api.example.com/weather',
	});
}

async function read({ parameters, inSession }: (typeof reads)[number]) {
	const whole = { returnAll: true, agentScope: 'all', agent: agentField(), ...parameters };
	const outcome = await (inSession ? session.run(whole) : service.run(whole));
	return { ...outcome, rows: outcome.items.map(({ json }) => json) };
}

/** Changes every field of a body, at any depth. */
function mapFields(body: unknown, change: (name: string, value: unknown) => [string, unknown]) {
	const map = (value: unknown): unknown => {
		if (Array.isArray(value)) return value.map(map);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(
			Object.entries(value).map(([name, field]) => change(name, map(field))),
		);
	};
	return map(body);
}

const isTime = (name: string, value: unknown) => /(_at|At|timestamp)$/.test(name) && value !== null;

const mapTimes = (change: (ms: number) => unknown) => (body: unknown) =>
	mapFields(body, (name, value) => [name, isTime(name, value) ? change(Number(value)) : value]);

const units: Array<[string, (ms: number) => unknown]> = [
	['seconds', (ms) => Math.floor(ms / 1000)],
	['seconds as digits', (ms) => String(Math.floor(ms / 1000))],
	['microseconds', (ms) => ms * 1000],
	['nanoseconds as digits', (ms) => `${ms}000000`],
	['ISO 8601', (ms) => new Date(ms).toISOString()],
];

/** Whole seconds of the times in an output. */
const inSeconds = (rows: IDataObject[]) =>
	mapFields(rows, (name, value) => [
		name,
		isTime(name, value) ? Math.floor(Date.parse(String(value)) / 1000) : value,
	]);

describe('Times', () => {
	it.each(units)('are the same in %s', async (_, change) => {
		await prepare();
		for (const one of reads) {
			const usual = await read(one);
			service.emulator.fault({ route: one.route, mutate: mapTimes(change) });
			const { error, hints, rows } = await read(one);

			expect([one.route, error, hints]).toEqual([one.route, undefined, usual.hints]);
			expect(rows.length).toBeGreaterThan(0);
			expect(inSeconds(rows)).toEqual(inSeconds(usual.rows));
		}
	});

	it.each(units)('of what the trigger emits are the same in %s', async (_, change) => {
		service.emulator.fault({ route: ACTIVITY, times: Infinity, mutate: mapTimes(change) });
		service.emulator.fault({ route: AGENTS, times: Infinity, mutate: mapTimes(change) });
		const trigger = openTrigger({ agentScope: 'all' }, service.credential);
		await trigger.poll('trigger', 'activate');
		const timestamp = Math.floor(Date.now() / 1000) * 1000;
		service.emulator.pay({ agent: session.agent, timestamp });
		// An agent that is new is read from its first payment.
		service.emulator.pay({ agent: service.emulator.addAgent(), timestamp });

		const at = new Date(timestamp).toISOString();
		expect(await trigger.poll()).toMatchObject([{ occurredAt: at }, { occurredAt: at }]);
	});

	it('that are of no unit are null, with a hint, where nothing rests on them', async () => {
		const [, , keys, limits] = reads;
		for (const one of [keys!, limits!]) {
			service.emulator.fault({ route: one.route, mutate: mapTimes(() => 0) });
			const { error, hints, rows } = await read(one);

			expect(error).toBeUndefined();
			expect(rows).toMatchObject([{ createdAt: null }]);
			expect(JSON.stringify(hints)).toMatch(
				/created_at(?: isn't|, updated_at aren't) as expected in its answer/,
			);
		}
	});

	const century = 'is not a time of this century';
	const zone = 'is a time without a time zone';
	it.each([
		[0, `activity.0.timestamp ${century}`, 'transaction', ACTIVITY],
		[-1, `0.created_at ${century}`, 'paymentEvent', 'GET /agents/{address}/payments'],
		['0', `items.0.createdAt ${century}`, 'agent', AGENTS],
		['2026-11-15T12:00:00', `items.0.createdAt ${zone}`, 'agent', AGENTS],
		[1e25, `activity.0.timestamp ${century}`, 'transaction', ACTIVITY],
	])('such as %s end the reading where something does', async (value, says, resource, route) => {
		await prepare();
		service.emulator.fault({ route, mutate: mapTimes(() => value) });
		const one = reads.find(({ parameters }) => parameters.resource === resource);
		const { error, rows } = await read(one!);

		expect(rows).toEqual([]);
		expect(error?.message).toContain(says);
	});
});

describe('The count of a list', () => {
	const many = (count: number) => {
		for (let i = 1; i < count; i++) service.emulator.addAgent({ name: `agent ${i}` });
	};
	/** Pages of up to `cap` rows, and another count. */
	const lie = (count: (page: { items: unknown[]; total: number }) => unknown, cap = 100) =>
		service.emulator.fault({
			route: AGENTS,
			times: Infinity,
			mutate(body) {
				const { items, total, ...page } = body as { items: unknown[]; total: number };
				const shown = items.slice(0, cap);
				return { ...page, items: shown, total: count({ items: shown, total }) };
			},
		});
	const ofPage = ({ items }: { items: unknown[] }) => items.length;
	const readAgents = async () => await read(reads[0]!);

	it.each<[string, Parameters<typeof lie>[0], number]>([
		['counts only the page', ofPage, 100],
		['counts only the page, of which the service makes smaller ones', ofPage, 20],
		['is too small', ({ total }) => total - 30, 100],
		['is zero', () => 0, 50],
		['is missing', () => undefined, 100],
		['is no number', () => 'many', 100],
		// Whatever number of rows the service puts into a page.
		...[1, 7, 36, 97, 99].map((cap): [string, Parameters<typeof lie>[0], number] => [
			`counts only a page of ${cap}`,
			ofPage,
			cap,
		]),
	])('leaves out no agent if it %s', async (_, count, cap) => {
		many(220);
		lie(count, cap);
		const { error, rows } = await readAgents();

		expect(error).toBeUndefined();
		expect(new Set(rows.map(({ address }) => address)).size).toBe(220);
		// What follows the last row shows that it's the last one.
		expect(service.emulator.calls).toHaveLength(Math.ceil(220 / cap) + 1);
		await readAgents();
		expect(service.emulator.calls).toHaveLength(2 * (Math.ceil(220 / cap) + 1));
	});

	it.each([
		[7, 1],
		[50, 1],
		[100, 1],
		[101, 2],
		[230, 3],
	])(
		'costs %i agents %i requests if it is right, once it is known to be',
		async (count, requests) => {
			many(count);
			for (const looks of [1, 1, 1]) {
				const { rows } = await readAgents();
				expect(rows).toHaveLength(count);
				expect(service.emulator.calls.filter((call) => call.isBehindEnd)).toHaveLength(looks);
			}
			expect(service.seen).toHaveLength(3 * requests);
		},
	);

	it('ends if all agents come at once, whatever is asked for', async () => {
		many(50);
		const { emulator } = service;
		const all = { limit: 200, offset: 0, total: 50 };
		let items: unknown;
		emulator.fault({
			route: AGENTS,
			times: Infinity,
			mutate: (body) => ({ ...all, items: (items ??= (body as { items: unknown }).items) }),
		});
		const { error, rows } = await readAgents();

		expect(error).toBeUndefined();
		expect(rows).toHaveLength(50);
		expect(service.seen).toHaveLength(2);
	});
});

describe('Pages of transactions that count from 0', () => {
	const ERROR = 'counts pages from 0, and this node from 1';

	const fromZero = (count: number) => {
		const { emulator } = service;
		const { address } = session.agent;
		const newest = Date.now();
		const rows = Array.from({ length: count }, (_, i) => ({
			type: 'spend',
			id: `row ${i}`,
			agent_address: address,
			receiver: address,
			amount: '1',
			status: 'settled',
			timestamp: String(newest - i * 1000),
			tx_hash: null,
			chain_caip2id: null,
		}));
		const answer = (query: Record<string, unknown>) => {
			const [page, limit] = [Number(query.page), Number(query.limit)];
			const end = (page + 1) * limit;
			const activity = rows.slice(page * limit, end);
			return { activity, hasNextPage: end < count, totalCount: count };
		};
		let query: Record<string, unknown> = {};
		emulator.fault({
			route: ACTIVITY,
			times: Infinity,
			match: (call) => Boolean((query = call.query)),
			status: 200,
			get body() {
				return answer(query);
			},
		});
	};

	it.each([24, 210, 500])('are recognized by their count: %i rows', async (count) => {
		fromZero(count);
		const { error, rows } = await read(reads[5]!);

		expect(rows).toEqual([]);
		expect(error?.message).toContain(ERROR);
	});

	it.each([24, 210, 450, 1001])(
		'do not let the trigger wait in silence: %i rows',
		async (count) => {
			fromZero(count);
			const trigger = openTrigger({ agentScope: 'all' }, service.credential);

			await expect(trigger.poll('trigger', 'activate')).rejects.toThrow(ERROR);
		},
	);
});

describe('Names of fields', () => {
	const other = (name: string) =>
		name.includes('_')
			? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
			: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

	it('are read in both spellings, and none comes twice', async () => {
		await prepare();
		for (const one of reads) {
			const usual = await read(one);
			service.emulator.fault({
				route: one.route,
				// Fields that no shape knows stay as they are.
				mutate: (body) =>
					mapFields(body, (name, value) => [
						['userId', 'initData', 'intentExecutorInstalled'].includes(name) ? name : other(name),
						value,
					]),
			});
			const { error, hints, rows } = await read(one);

			expect([one.route, error, hints]).toEqual([one.route, undefined, usual.hints]);
			expect(rows).toEqual(usual.rows);
		}
	});

	it('of an agent key can be those that other routes have', async () => {
		const keys = reads[2]!;
		const { rows: usual } = await read(keys);
		for (const address of ['agent_key_address', 'session_key_address', 'sessionKeyAddress']) {
			service.emulator.fault({
				route: keys.route,
				mutate: (body) =>
					mapFields(body, (name, value) => [
						({ address, name: 'key_name' } as Record<string, string>)[name] ?? name,
						value,
					]),
			});
			expect((await read(keys)).rows).toEqual(usual);
		}
	});

	it('of another agent are noticed in both spellings', async () => {
		const address = `0x${'9'.repeat(40)}`;
		service.emulator.fault({
			route: reads[3]!.route,
			mutate: (body) => ({ ...(body as object), agent_address: undefined, agentAddress: address }),
		});
		const { error } = await read(reads[3]!);

		expect(error?.message).toContain('its answer belongs to another agent');
	});
});

describe('A list', () => {
	const lists = [
		...reads,
		{
			route: 'GET /agents/{address}/authorized-sellers',
			parameters: { resource: 'allowlist', operation: 'get' },
		},
	].filter(({ route }) => /(agents|keys|payments|endpoints|discover|sellers)$/.test(route));

	it.each([
		['data', undefined],
		['items', undefined],
		[undefined, 'agents keys payments hosted_endpoints agents authorized_sellers'],
		[undefined, 'agents agentKeys payments hostedEndpoints listings authorizedSellers'],
	])('is read from %s or by its own name, and without an envelope', async (name, own) => {
		await prepare();
		for (const [i, one] of lists.entries()) {
			const usual = await read(one);
			const rowsOf = (body: unknown) =>
				Array.isArray(body) ? body : (body as { items: unknown[] }).items;
			const at = name ?? own?.split(' ')[i] ?? '';
			service.emulator.fault({
				route: one.route,
				mutate: (body) => ({ [at]: rowsOf(body), total: rowsOf(body).length }),
			});
			const wrapped = await read(one);
			service.emulator.fault({ route: one.route, mutate: rowsOf });
			const bare = await read(one);

			expect([one.route, wrapped.error, bare.error]).toEqual([one.route, undefined, undefined]);
			expect(usual.rows.length).toBeGreaterThan(0);
			expect([wrapped.rows, bare.rows]).toEqual([usual.rows, usual.rows]);
		}
	});

	it('is not read from an envelope that has something else', async () => {
		const sellers = lists.at(-1)!;
		service.emulator.fault({ route: sellers.route, mutate: () => ({ errors: [] }) });
		const { error, rows } = await read(sellers);

		expect(rows).toEqual([]);
		expect(error?.message).toContain('the whole body has an unexpected format');
	});
});
