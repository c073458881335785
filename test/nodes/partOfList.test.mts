import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { randomAddress } from '../../tools/emulator/index.mts';
import { useAgentSession } from './agentSession.mts';
import { openEditor } from './editor.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const AGENTS = 'GET /agents';
const KEYS = 'GET /agents/{address}/keys';
const SELLERS = 'GET /agents/{address}/authorized-sellers';
const PAYMENTS = 'GET /agents/{address}/payments';
const ACTIVITY = 'GET /agents/{address}/activity';

const whole = () => ({
	returnAll: true,
	agentScope: 'all',
	agent: { __rl: true, mode: 'address', value: session.agent.address },
});
const run = async (parameters: INodeParameters) =>
	await service.run({ simplify: false, ...whole(), ...parameters });

type Page = { items: IDataObject[]; limit: number; offset: number; total: number };
const alter = (route: string, mutate: (body: unknown) => unknown) =>
	service.emulator.fault({ route, times: Infinity, mutate });

const setSellers = (...allowlist: string[]) =>
	service.emulator.updateAgent(session.agent, { allowlist });
const addKey = () =>
	service.emulator.updateAgent(session.agent, {
		keys: [...session.agent.keys, { address: randomAddress(), name: 'second' }],
	});
/** Adds agents up to a number. */
const addAgents = (count: number) => {
	for (let i = service.emulator.agents().length; i < count; i++) {
		service.emulator.addAgent({ name: `agent ${i}` });
	}
};
const pay = (count: number) => {
	for (let i = 0; i < count; i++) {
		const timestamp = Date.now() - 60_000 - i * 1000;
		service.emulator.pay({ agent: session.agent, type: 'spend', timestamp });
	}
};

/** What says that there is more than one row, and by which name. */
const marks: Array<[string, IDataObject]> = [
	['next_cursor', { next_cursor: 'abc' }],
	['nextCursor', { nextCursor: 'abc' }],
	['cursor', { cursor: 'abc' }],
	['next', { next: 'https://api.example.com/?page=2' }],
	['next', { next: { after: 'abc' } }],
	['next_page', { next_page: 2 }],
	['nextPageToken', { nextPageToken: 'abc' }],
	['continuation_token', { continuation_token: 'abc' }],
	['has_next', { has_next: true, count: 1 }],
	['hasNextPage', { hasNextPage: true }],
	['has_more', { has_more: 'true' }],
	['truncated', { truncated: true }],
	['last', { last: false }],
	['total', { total: 2 }],
	['count', { count: '2' }],
	['total_count', { total_count: 2 }],
	['totalPages', { totalPages: 2 }],
	['pagination.total', { pagination: { total: 2, has_more: true } }],
	['pagination.has_more', { pagination: { has_more: true } }],
	['meta.pages', { meta: { page: 1, pages: 4 } }],
	['page_info.has_next_page', { page_info: { has_next_page: true } }],
	['pageInfo.endCursor', { pageInfo: { endCursor: 'abc' } }],
	['paging.next', { paging: { next: { after: 'abc' } } }],
	['total_size', { total_size: 2 }],
	['num_results', { num_results: 2 }],
	['page', { page: '1 of 2' }],
	['range', { range: 'items 0-0/26' }],
	[
		'links',
		{
			links: [
				{ rel: 'self', href: '/' },
				{ rel: 'next', href: '/?page=2' },
			],
		},
	],
	['meta.pagination.total', { meta: { pagination: { total: 2, total_pages: 2 } } }],
	['_meta.page.links.next', { _meta: { page: { links: { next: '/?page=2' } } } }],
	['links.next', { links: { self: 'https://api.example.com', next: 'https://api.example.com' } }],
];

/** What can be beside the only row of a list. */
const harmless: IDataObject[] = [
	{ next_cursor: null, has_more: false, total: 1 },
	{ next: '', prev: null, count: 1, limit: 100, offset: 0, page: 1, per_page: 100 },
	{ pagination: { total: '1', pages: 1, page: 1, has_next: false, next_page: null } },
	{ pageInfo: { startCursor: 'a', endCursor: 'a', hasNextPage: false, hasPreviousPage: false } },
	{ links: { self: 'https://api.example.com', next: null }, last: true, size: 20 },
	{ range: '0-0/1', page: '1 of 1', links: [{ rel: 'self', href: '/' }], last: { toString: 1 } },
	{ meta: { pagination: { total: 1, page: 1, per_page: 100, links: { next: null } } } },
	{ success: true, message: 'OK', request_id: 'abc', timestamp: 1_796_033_320_043 },
];

describe('The allowlist in an envelope', () => {
	const [seller, other, added] = [randomAddress(), randomAddress(), randomAddress()];
	const get: INodeParameters = { resource: 'allowlist', operation: 'get' };
	const add = { resource: 'allowlist', operation: 'update', mode: 'add', sellers: added };
	const prepare = (rest: IDataObject, name = 'data') => {
		setSellers(seller, other);
		alter(SELLERS, (body) => ({ [name]: (body as string[]).slice(0, 1), ...rest }));
	};

	it.each(marks)('is not read if its %s says that it is a part: %j', async (name, rest) => {
		prepare(rest, 'authorized_sellers');
		for (const parameters of [get, add]) {
			const { error, items } = await run(parameters);

			expect(items).toEqual([]);
			expect(error?.message).toBe(
				'Ampersend was asked to read the allowlist, and its answer is not as expected: ' +
					`${name} says that more rows follow.`,
			);
		}
		expect(service.emulator.agent(session.agent).allowlist).toEqual([seller, other]);
		expect(service.seen).toEqual([SELLERS, SELLERS]);
	});

	it.each(harmless)('is read if nothing says so: %j', async (rest) => {
		prepare(rest);
		const { error, items } = await run(get);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { sellers: [seller], count: 1 } }]);
	});

	it('that answers an update is not read either, and the list is read back', async () => {
		setSellers(seller, other);
		service.emulator.fault({
			route: 'PUT /agents/{address}/authorized-sellers',
			mutate: (body) => ({ data: (body as string[]).slice(0, 1), next_cursor: 'abc' }),
		});
		const { error, items } = await run(add);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { sellers: [seller, other, added], count: 3 } }]);
		expect(service.seen.at(-1)).toBe(SELLERS);
	});
});

describe('Another list that comes whole', () => {
	const lists: Array<[string, string, INodeParameters, boolean]> = [
		[PAYMENTS, 'payments', { resource: 'paymentEvent', operation: 'getMany' }, false],
		[
			'GET /agents/{address}/hosted-endpoints',
			'hosted_endpoints',
			{ resource: 'hostedEndpoint', operation: 'getMany' },
			true,
		],
		[
			'GET /agents/marketplace/agentic/discover',
			'listings',
			{ resource: 'marketplace', operation: 'search' },
			true,
		],
	];

	it.each(lists)('is not read from a part of it: %s', async (route, name, parameters, isOwn) => {
		pay(1);
		let rest: IDataObject = {};
		alter(route, (body) => ({ [name]: body, ...rest }));
		for (const said of ['next_cursor', 'has_more', 'total']) {
			rest = { [said]: 7 };
			const given = { ...whole(), ...parameters };
			const { error, items } = await (isOwn ? session.run(given) : run(given));

			expect(items).toEqual([]);
			expect(error?.message).toContain(`not as expected: ${said} says that more rows follow.`);
		}
	});
});

describe('A list of which the service returns the same part again', () => {
	/** What services say beside a part of 62 rows. */
	const parts: Array<[string, number, IDataObject]> = [
		['next_cursor', 20, { next_cursor: 'abc' }],
		['next_cursor', 17, { next_cursor: 'abc' }],
		['next_cursor', 1, { next_cursor: 'abc' }],
		['has_more', 50, { has_more: true }],
		['meta.total', 20, { meta: { total: 62, pages: 4 } }],
		['meta.pages', 20, { meta: { page: 1, pages: 4 } }],
		['total', 20, { total: 62 }],
		['total', 40, { total: 62 }],
	];
	const repeat = (route: string, size: number, rest: IDataObject) => {
		let first: unknown[] | undefined;
		alter(route, (body) => ({ data: (first ??= (body as Page).items.slice(0, size)), ...rest }));
	};
	const repeats = (does: string, said: string) =>
		'Ampersend returns the same rows again, whatever "offset" asks for, ' +
		`and its ${said} says that more follow, when asked to ${does}, ` +
		"so the list can't be read completely.";
	const ofAgents = (said: string) => repeats('list the agents', said);

	it.each(parts)('is not read, with its %s: %i agents, %j', async (said, size, rest) => {
		addAgents(62);
		repeat(AGENTS, size, rest);
		const { error, items } = await run({ resource: 'agent', operation: 'getMany' });

		expect(items).toEqual([]);
		expect(error?.message).toBe(ofAgents(said));
		expect(service.seen).toEqual([AGENTS, AGENTS]);
	});

	it('is not read: agent keys', async () => {
		addKey();
		repeat(KEYS, 1, { next_cursor: 'abc' });
		const { error, items } = await run({ resource: 'agentKey', operation: 'getMany' });

		expect(items).toEqual([]);
		expect(error?.message).toBe(repeats('list the agent keys', 'next_cursor'));
	});

	it('is not read to sum up, nor to look for a name', async () => {
		addAgents(62);
		repeat(AGENTS, 20, { next_cursor: 'abc' });
		const summed = await run({ resource: 'transaction', operation: 'summarize' });
		const created = await run({
			resource: 'agent',
			operation: 'create',
			name: 'agent 60',
			agentKeyAddress: randomAddress(),
		});

		expect(summed.error?.message).toBe(ofAgents('next_cursor'));
		expect(created.error?.message).toBe(ofAgents('next_cursor'));
		expect(service.emulator.agents()).toHaveLength(62);
	});

	it('does not let the trigger wait in silence', async () => {
		addAgents(62);
		repeat(AGENTS, 20, { next_cursor: 'abc' });
		const trigger = openTrigger({ agentScope: 'all' }, service.credential);

		await expect(trigger.poll('trigger', 'activate')).rejects.toThrow(ofAgents('next_cursor'));
	});

	it.each([1, 17, 20])('ends a picker with an error: %i agents', async (size) => {
		addAgents(62);
		repeat(AGENTS, size, { next_cursor: 'abc' });
		const { listSearch } = new Ampersend().methods;
		const part = async (token?: string) =>
			await listSearch.searchAgents.call(openEditor({}, service.credential), undefined, token);
		const { results, paginationToken } = await part();

		expect(results).toHaveLength(size);
		await expect(part(String(paginationToken))).rejects.toThrow(ofAgents('next_cursor'));
	});
});

describe('A list that comes whole', () => {
	it.each<[string, number, Record<string, string>]>([
		['its header Link', 200, { link: '<https://api.example.com/?page=2>; rel="next"' }],
		['its header Link', 200, { link: '</?page=1>; rel=prev, </?page=3>; rel=next' }],
		['its header X-Total-Count', 200, { 'x-total-count': '2' }],
		['its status 206', 206, {}],
	])('is not read if %s says that more rows follow (%#)', async (said, status, headers) => {
		const seller = randomAddress();
		setSellers(seller, randomAddress());
		const route = 'GET /agents/{address}/authorized-sellers';
		service.emulator.fault({ route, status, headers, body: [seller] });
		const { error, items } = await run({
			resource: 'allowlist',
			operation: 'update',
			mode: 'add',
			sellers: randomAddress(),
		});

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			'Ampersend was asked to read the allowlist, and its answer is not as expected: ' +
				`${said} says that more rows follow.`,
		);
		expect(service.seen.filter((call) => call?.startsWith('PUT'))).toEqual([]);
	});

	it.each<[Record<string, string>]>([
		[{ link: '</?page=1>; rel=prev, </docs>; rel="help"' }],
		[{ 'x-total-count': '1' }],
		[{ 'x-total-count': 'unknown' }],
	])('is read with other headers (%#)', async (headers) => {
		setSellers(randomAddress());
		const route = 'GET /agents/{address}/authorized-sellers';
		service.emulator.fault({ route, status: 200, headers, body: session.agent.allowlist });
		const { error, items } = await run({ resource: 'allowlist', operation: 'get' });

		expect(error).toBeUndefined();
		expect(items).toHaveLength(1);
	});
});

describe('A list of which no page follows', () => {
	it.each<[string, IDataObject]>([
		['next_cursor', { next_cursor: 'abc' }],
		['meta.total', { meta: { total: 62 } }],
	])('is not read if its %s says that there are more', async (said, rest) => {
		addAgents(20);
		alter(AGENTS, (body) => {
			const { items } = body as Page;
			return items.length > 0 ? { items, ...rest } : { items };
		});
		const { error, items } = await run({ resource: 'agent', operation: 'getMany' });

		expect(items).toEqual([]);
		expect(error?.message).toContain(
			`returns no rows after the first 20, and its ${said} says that more follow`,
		);
	});

	it('ends where its count says so, even if there were more before', async () => {
		addAgents(20);
		alter(AGENTS, (body) => {
			const { items, ...page } = body as Page;
			return { ...page, items, total: items.length > 0 ? 21 : 20 };
		});
		const { error, items } = await run({ resource: 'agent', operation: 'getMany' });

		expect(error).toBeUndefined();
		expect(items).toHaveLength(20);
	});
});

describe('A list that says on each page but the last that more follow', () => {
	it.each<[string, (isLast: boolean) => IDataObject]>([
		['a cursor', (isLast) => ({ next_cursor: isLast ? null : 'abc', prev_cursor: 'abc' })],
		['a flag', (isLast) => ({ has_more: !isLast })],
		['a count of rows', () => ({ meta: { total: 62 } })],
		['a count of pages', () => ({ meta: { pages: 4 } })],
		['a link', (isLast) => ({ links: isLast ? {} : { next: 'https://api.example.com' } })],
	])('is read to its end: %s', async (_, rest) => {
		addAgents(62);
		alter(AGENTS, (body) => {
			const { items, offset } = body as Page;
			return { data: items.slice(0, 17), ...rest(offset + 17 >= 62) };
		});
		const { error, items } = await run({ resource: 'agent', operation: 'getMany' });

		expect(error).toBeUndefined();
		expect(new Set(items.map(({ json }) => json.address)).size).toBe(62);
		// And what follows the last page.
		expect(service.seen).toHaveLength(5);
	});
});

describe('Transactions with a cursor', () => {
	type Activity = { activity: unknown[] };
	const read = async () => await run({ resource: 'transaction', operation: 'getMany' });

	it('are read on by pages, whatever the flag says', async () => {
		pay(60);
		alter(ACTIVITY, (body) => {
			const activity = (body as Activity).activity.slice(0, 20);
			return { activity, hasNextPage: false, ...(activity.length > 0 && { nextCursor: 'x' }) };
		});
		const { error, items } = await read();

		expect(error).toBeUndefined();
		expect(new Set(items.map(({ json }) => json.id)).size).toBe(60);
	});

	it('are not read if each page has the same rows', async () => {
		pay(60);
		let first: unknown[] | undefined;
		alter(ACTIVITY, (body) => {
			first ??= (body as Activity).activity.slice(0, 20);
			return { activity: first, hasNextPage: false, nextCursor: 'x' };
		});
		const { error, items } = await read();

		expect(items).toEqual([]);
		expect(error?.message).toContain('returns the same rows again, whatever "page" asks for');
	});
});

describe('Two lists in one answer', () => {
	const getAgents: INodeParameters = { resource: 'agent', operation: 'getMany' };
	const getSellers: INodeParameters = { resource: 'allowlist', operation: 'get' };

	it('are no question if only one has rows', async () => {
		const seller = randomAddress();
		setSellers(seller);
		alter(AGENTS, (body) => ({ items: [], data: (body as Page).items, agents: [] }));
		alter(SELLERS, (body) => ({ items: [], sellers: body }));

		expect((await run(getAgents)).items).toMatchObject([
			{ json: { address: session.agent.address } },
		]);
		expect((await run(getSellers)).items).toMatchObject([{ json: { sellers: [seller] } }]);
	});

	it('are not read if both have rows', async () => {
		setSellers(randomAddress());
		alter(AGENTS, (body) => ({ ...(body as Page), data: (body as Page).items }));
		alter(SELLERS, (body) => ({ data: body, sellers: body }));
		const [agents, sellers] = [await run(getAgents), await run(getSellers)];

		expect([agents.items, sellers.items]).toEqual([[], []]);
		expect(agents.error?.message).toContain('data can be the rows, as items can');
		expect(sellers.error?.message).toContain('sellers can be the rows, as data can');
	});

	it('are an empty list if both are empty', async () => {
		alter(SELLERS, () => ({ data: [], sellers: [] }));
		const { error, items } = await run(getSellers);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { sellers: [], count: 0 } }]);
	});
});

describe("An agent key's address", () => {
	const getKeys: INodeParameters = { resource: 'agentKey', operation: 'getMany' };

	it.each(['agent_key_address', 'agentKeyAddress', 'session_key_address', 'sessionKeyAddress'])(
		'is its %s, where address is that of the agent',
		async (name) => {
			const { agent } = session;
			addKey();
			const { items: usual } = await run(getKeys);
			alter(KEYS, (body) => ({
				items: (body as Page).items.map((key) => ({
					...key,
					address: agent.address,
					[name]: key.address,
				})),
			}));
			const { error, items } = await run(getKeys);

			expect(error).toBeUndefined();
			expect(usual).toHaveLength(2);
			expect(items).toEqual(usual);
		},
	);

	it('is its address, where the more exact name has none', async () => {
		const { items: usual } = await run(getKeys);
		alter(KEYS, (body) => ({
			items: (body as Page).items.map((key) => ({ ...key, agent_key_address: null })),
		}));
		const { items } = await run(getKeys);

		expect(items).toMatchObject(usual.map(({ json }) => ({ json })));
	});
});
