import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { checksummed } from '../emulator/addresses.mts';
import { randomAddress, type Call } from '../emulator/index.mts';
import { fileOf, numbersIn, parseCsv } from './files.mts';
import { openTrigger, type RunOptions } from './n8n.mts';
import { useAmpersend } from './setup.mts';

const ampersend = useAmpersend();

const ACTIVITY = 'GET /agents/{address}/activity';
const LIST = 'GET /agents';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function getMany(parameters: INodeParameters = {}, options?: Partial<RunOptions>) {
	return ampersend.run({ resource: 'transaction', operation: 'getMany', ...parameters }, options);
}

function exportFile(parameters: INodeParameters = {}, options?: Partial<RunOptions>) {
	return ampersend.run({ resource: 'transaction', operation: 'export', ...parameters }, options);
}

const activityCalls = () => ampersend.emulator.calls.filter(({ route }) => route === ACTIVITY);
const pagesRead = () => activityCalls().map(({ query }) => Number(query.page));
const onPage = (page: number) => ({ match: ({ query }: Call) => query.page === String(page) });

/** Row `i` of a seeded history has this amount, which tells the rows apart. */
const numbered = (i: number) => ({ amountMicro: BigInt(i) });
const numbersOf = (items: Array<{ json: object }>) =>
	items.map(({ json }) => Number(Reflect.get(json, 'amountUsdcMicro')));
/** `count` numbers downwards from `first`. */
const downFrom = (first: number, count: number) =>
	Array.from({ length: count }, (_, i) => first - i);

/** Every page, with its newest row changed. */
function changeNewest(changes: object) {
	return {
		route: ACTIVITY,
		mutate: (body: unknown) => {
			const page = body as { activity: object[] };
			return {
				...page,
				activity: page.activity.map((row, i) => (i === 0 ? { ...row, ...changes } : row)),
			};
		},
	};
}

describe('A row that is not as it is known', () => {
	it('comes once, though one page holds it twice', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		emulator.pay({ agent, amountMicro: 1n });
		emulator.pay({ agent, amountMicro: 2n });
		emulator.fault({
			route: ACTIVITY,
			times: 2,
			mutate: (body) => {
				const page = body as { activity: object[] };
				return { ...page, activity: page.activity.flatMap((row) => [row, row]) };
			},
		});
		expect(numbersOf((await getMany()).items)).toEqual([2, 1]);
		expect(parseCsv(fileOf((await exportFile()).items[0]).text)).toHaveLength(3);
	});

	it('passes with its type where that is new, and keeps no other from being read', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		emulator.pay({ agent, amountMicro: 1n });
		emulator.pay({ agent, amountMicro: 2n });
		emulator.fault({ ...changeNewest({ type: 'refund' }), times: 3 });
		const { items, error } = await getMany();
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.direction)).toEqual(['refund', 'spend']);
		for (const [direction, found] of [
			['earn', []],
			['spend', [1]],
		] as const) {
			const { items: chosen } = await getMany({ filters: { direction } });
			expect(numbersOf(chosen)).toEqual(found);
		}
	});

	it('of a new type keeps no event from the trigger, and no chosen direction lets it through', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		const open = async (parameters: INodeParameters) => {
			const trigger = openTrigger(parameters, ampersend.credential);
			expect(await trigger.poll('trigger', 'activate')).toBeNull();
			return trigger;
		};
		const all = await open({});
		const spent = await open({ filters: { direction: 'spend' } });
		emulator.pay({ agent, id: 'first', timestamp: Date.now() - 1 });
		emulator.pay({ agent, id: 'second' });
		emulator.fault({ ...changeNewest({ type: 'refund' }), times: 2 });
		expect(await all.poll()).toMatchObject([
			{ activityId: 'first', direction: 'spend' },
			{ activityId: 'second', direction: 'refund' },
		]);
		expect(await spent.poll()).toMatchObject([{ activityId: 'first' }]);
	});

	it('is refused where it has no type', async () => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent() });
		ampersend.emulator.fault(changeNewest({ type: '' }));
		expect((await getMany()).error?.message).toContain('activity.0.type');
	});

	it('keeps its further fields, but signature and nonce', async () => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent() });
		ampersend.emulator.fault(
			changeNewest({ signature: 'proof-1', extra: { nonce: 'proof-2', note: 'kept' } }),
		);
		const { items, run } = await getMany();
		expect(items).toMatchObject([{ json: { extra: { note: 'kept' } } }]);
		expect(JSON.stringify(run)).not.toMatch(/proof-\d/);
	});
});

describe('Get Many', () => {
	it('gives a payment made with its counterparty, amounts, explorer link and ISO 8601 time', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent({ name: 'buyer' });
		const seller = randomAddress();
		const paid = emulator.pay({
			agent,
			amountMicro: 1_250_000n,
			counterparty: seller,
			timestamp: Date.UTC(2026, 8, 21, 14, 13, 20, 5),
		});

		const { items, error, hints } = await getMany();

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(items).toEqual([
			{
				json: {
					id: paid.id,
					agentAddress: agent.address,
					agentName: 'buyer',
					direction: 'spend',
					counterparty: seller,
					amountUsdc: '1.25',
					amountUsdcMicro: '1250000',
					status: 'settled',
					transactionHash: paid.txHash,
					explorerUrl: `https://sepolia.basescan.org/tx/${paid.txHash}`,
					chain: 'eip155:84532',
					occurredAt: '2026-09-21T14:13:20.005Z',
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([LIST, ACTIVITY]);
	});

	it('ends, and says so, where the service gives one page again and again', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent });
		let firstRows: unknown;
		ampersend.emulator.fault({
			route: ACTIVITY,
			times: 5,
			mutate: (body) => {
				const page = body as { activity: unknown };
				firstRows ??= page.activity;
				return { ...page, activity: firstRows, hasNextPage: true };
			},
		});
		const { items, error } = await getMany({ returnAll: true });

		expect(items).toEqual([]);
		expect(error?.message).toContain('gives the same rows again, whatever "page" asks for');
		expect(activityCalls()).toHaveLength(5);
	});

	it('gives the newest rows under a limit, also where the service gives the oldest first', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 400);
		const mirror = 2 * Date.now();
		ampersend.emulator.fault({
			route: ACTIVITY,
			times: 4,
			mutate: (body) => {
				const page = body as { activity: Array<{ timestamp: string }> };
				const activity = page.activity.map((row) => ({
					...row,
					timestamp: String(mirror - Number(row.timestamp)),
				}));
				return { ...page, activity };
			},
		});
		const limited = await getMany({ limit: 2 });
		const all = await getMany({ returnAll: true });

		expect(limited.items.map(({ json }) => json)).toEqual(
			all.items.slice(0, 2).map(({ json }) => json),
		);
	});

	it('asks for no other agent once one could not be read', async () => {
		for (let i = 0; i < 40; i++) ampersend.emulator.addAgent();
		ampersend.emulator.fault({ route: ACTIVITY, status: 401, times: Infinity });
		const { error } = await getMany({ returnAll: true });
		const asked = activityCalls().length;

		expect(error?.message).toContain('HTTP 401');
		expect(asked).toBeLessThanOrEqual(4);
		await new Promise((resolve) => setImmediate(resolve));
		expect(activityCalls()).toHaveLength(asked);
	});

	it('names no counterparty of a payment earned, since the service does not tell who paid', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, type: 'earn' });

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({
			direction: 'earn',
			counterparty: null,
			status: 'received',
		});
	});

	it.each([
		['"><script>alert(1)</script>'],
		['../../evil'],
		[`0x${'ab'.repeat(32)}/../../evil`],
		[`0x${'ab'.repeat(32)}\n`],
		[`0x${'ab'.repeat(31)}`],
		['ab'.repeat(32)],
		[`0x${'zz'.repeat(32)}`],
		[''],
	])('gives no link for the transaction hash %j', async (txHash) => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent });
		ampersend.emulator.fault({
			route: ACTIVITY,
			mutate: (page) => {
				const { activity, ...rest } = page as { activity: object[] };
				return { ...rest, activity: activity.map((row) => ({ ...row, tx_hash: txHash })) };
			},
		});

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({ transactionHash: txHash, explorerUrl: null });
	});

	it.each(['eip155:1', 'eip155:8453 ', '', '__proto__', null])(
		'gives no link on the chain %j',
		async (chain) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault({
				route: ACTIVITY,
				mutate: (page) => {
					const { activity, ...rest } = page as { activity: object[] };
					return { ...rest, activity: activity.map((row) => ({ ...row, chain_caip2id: chain })) };
				},
			});

			const { items } = await getMany();

			expect(items[0]?.json).toMatchObject({ chain, explorerUrl: null });
		},
	);

	it.each([
		['receiver', (address: string) => `0x${address.slice(2).toUpperCase()}`],
		['receiver', (address: string) => address.toLowerCase()],
		['agent_address', (address: string) => `0x${address.slice(2).toUpperCase()}`],
	])('names none either where %s has another letter case', async (field, spell) => {
		const agent = ampersend.emulator.addAgent({ address: checksummed(randomAddress()) });
		ampersend.emulator.pay({ agent, type: 'earn' });
		ampersend.emulator.fault({
			route: ACTIVITY,
			mutate: (body) => {
				const page = body as { activity: object[] };
				const activity = page.activity.map((row) => ({ ...row, [field]: spell(agent.address) }));
				return { ...page, activity };
			},
		});

		const { items } = await getMany();

		expect(items).toMatchObject([{ json: { direction: 'earn', counterparty: null } }]);
	});

	it('gives no hash and no link for a payment that is not on the chain', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, status: 'denied' });

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({
			status: 'denied',
			transactionHash: null,
			explorerUrl: null,
		});
	});

	it('gives nothing, and no error, for an account without agents', async () => {
		const { items, error } = await getMany({ returnAll: true });

		expect(error).toBeUndefined();
		expect(items).toEqual([]);
		expect(ampersend.seen).toEqual([LIST]);
	});

	it('repeats the query for each input item and links the rows to it', async () => {
		const agents = [1, 2].map(() => ampersend.emulator.addAgent());
		for (const agent of agents) ampersend.emulator.seedActivity(agent, 2);

		const { items } = await getMany(
			{ agentScope: 'selected', agents: '={{ $json.agent }}' },
			{ input: agents.map(({ address }) => ({ agent: address })) },
		);

		expect(items.map(({ json, pairedItem }) => [json.agentAddress, pairedItem])).toEqual([
			[agents[0]?.address, { item: 0 }],
			[agents[0]?.address, { item: 0 }],
			[agents[1]?.address, { item: 1 }],
			[agents[1]?.address, { item: 1 }],
		]);
	});

	describe('agents', () => {
		it('merges every agent into one history, newest first', async () => {
			const { emulator } = ampersend;
			const [one, two] = [emulator.addAgent({ name: 'one' }), emulator.addAgent({ name: 'two' })];
			const start = Date.now() - DAY;
			for (let i = 1; i <= 6; i++) {
				const agent = i % 3 === 0 ? one : two;
				emulator.pay({ agent, amountMicro: BigInt(i), timestamp: start + i * MINUTE });
			}

			const { items } = await getMany();

			expect(numbersOf(items)).toEqual([6, 5, 4, 3, 2, 1]);
			expect(items.map(({ json }) => json.agentName)).toEqual([
				'one',
				'two',
				'two',
				'one',
				'two',
				'two',
			]);
		});

		it('reads the agents of every page of the list, the account of another user never', async () => {
			const { emulator } = ampersend;
			for (let i = 0; i < 101; i++) emulator.addAgent();
			const last = emulator.addAgent({ name: 'last' });
			const foreign = emulator.addAgent({ owner: 'somebody else' });
			emulator.pay({ agent: last });
			emulator.pay({ agent: foreign });

			const { items, error } = await getMany();

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.agentName)).toEqual(['last']);
			expect(activityCalls()).toHaveLength(102);
		});

		it.each<[string, (addresses: string[]) => string | string[]]>([
			['a list', (addresses) => addresses],
			['text with commas', (addresses) => addresses.join(', ')],
			['text with line breaks', (addresses) => addresses.join('\n')],
			['another letter case', (addresses) => addresses.map((one) => one.toLowerCase())],
			['repetitions', (addresses) => [...addresses, ...addresses.map((one) => one.toLowerCase())]],
		])('reads the selected ones only, given as %s', async (_, spell) => {
			const { emulator } = ampersend;
			const agents = ['one', 'two', 'three'].map((name) => emulator.addAgent({ name }));
			for (const agent of agents) emulator.pay({ agent });
			const chosen = agents.slice(0, 2);

			const { items, error } = await getMany({
				agentScope: 'selected',
				agents: spell(chosen.map(({ address }) => address)),
			});

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.agentName).sort()).toEqual(['one', 'two']);
			expect(activityCalls()).toHaveLength(2);
		});

		it.each([
			['from the list', 'list', (address: string) => address.toLowerCase()],
			['by its address', 'address', (address: string) => address],
			[
				'by a link',
				'url',
				(address: string) => `https://app.ampersend.ai/agents/${address}/activity`,
			],
		])('reads one only, chosen %s', async (_, mode, spell) => {
			const { emulator } = ampersend;
			const [, two] = ['one', 'two', 'three'].map((name) => emulator.addAgent({ name }));
			for (const agent of emulator.agents()) emulator.pay({ agent });
			const agent = { __rl: true, mode, value: spell(String(two?.address)) };

			for (const read of [getMany, exportFile]) {
				emulator.clearCalls();
				const { items, error } = await read({ agentScope: 'one', agent });

				expect(error).toBeUndefined();
				expect(items).toHaveLength(1);
				expect(activityCalls()).toMatchObject([{ params: { address: two?.address } }]);
			}
		});

		it('refuses one that the account does not have, by the name of its field', async () => {
			const stranger = randomAddress();

			const { error } = await getMany({
				agentScope: 'one',
				agent: { __rl: true, mode: 'address', value: stranger },
			});

			expect(error?.message).toBe(`Agent: ${stranger} is no agent of this account.`);
			expect(ampersend.seen).toEqual([LIST]);
		});

		it.each([
			['nothing', '={{ "" }}', 'Agent: is empty.'],
			['a name', 'buyer', 'Agent: "buyer" is not an address.'],
		])('refuses %s as the one, and sends nothing', async (_, value, complaint) => {
			const { error } = await getMany({
				agentScope: 'one',
				agent: { __rl: true, mode: 'address', value },
			});

			expect(error?.message).toBe(complaint);
			expect(ampersend.seen).toEqual([]);
		});

		it('refuses an agent that the account does not have, before any history is read', async () => {
			const agent = ampersend.emulator.addAgent();
			const stranger = randomAddress();

			const { items, error } = await getMany({
				agentScope: 'selected',
				agents: [agent.address, stranger],
			});

			expect(items).toEqual([]);
			expect(error?.message).toBe(`Agent Names or IDs: ${stranger} is no agent of this account.`);
			expect(error?.description).toContain(
				'Take it out, or use an API key of the account that owns it.',
			);
			expect(ampersend.seen).toEqual([LIST]);
		});

		it.each([
			['none', [], 'none is selected'],
			['a name', ['buyer'], '"buyer" is not an address'],
		])('refuses %s as the selection, and sends nothing', async (_, agents, complaint) => {
			const { error } = await getMany({ agentScope: 'selected', agents });

			expect(error?.message).toContain(`Agent Names or IDs: ${complaint}`);
			expect(ampersend.seen).toEqual([]);
		});
	});

	describe('paging', () => {
		it('reads every page with Return All, 200 rows at a time', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 450, numbered);

			const { items, error } = await getMany({ returnAll: true });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual(downFrom(449, 450));
			expect(activityCalls().map(({ query }) => query)).toEqual(
				['1', '2', '3'].map((page) => ({ preset: 'all', limit: '200', page })),
			);
		});

		it.each([
			{ limit: undefined, rows: 50, pages: [1] },
			{ limit: 1, rows: 1, pages: [1] },
			{ limit: 200, rows: 200, pages: [1] },
			{ limit: 201, rows: 201, pages: [1, 2] },
			{ limit: 1000, rows: 450, pages: [1, 2, 3] },
		])(
			'with Limit $limit gives the newest $rows and reads pages $pages',
			async ({ limit, rows, pages }) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.seedActivity(agent, 450, numbered);

				const { items } = await getMany(limit === undefined ? {} : { limit });

				expect(numbersOf(items)).toEqual(downFrom(449, rows));
				expect(pagesRead()).toEqual(pages);
			},
		);

		it('counts what passes the filters towards Limit, and reads on until there is enough', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 650, (i) => ({
				...numbered(i),
				type: 'spend',
				status: i % 100 === 0 ? 'denied' : 'settled',
			}));

			const { items } = await getMany({ limit: 3, filters: { status: ['denied'] } });

			expect(numbersOf(items)).toEqual([600, 500, 400]);
			expect(pagesRead()).toEqual([1, 2]);
		});

		it('gives the newest over all agents where each has more than Limit', async () => {
			const { emulator } = ampersend;
			const newest = Date.now();
			const agents = [0, 1, 2].map(() => emulator.addAgent());
			agents.forEach((agent, a) =>
				emulator.seedActivity(agent, 30, (i) => numbered(i * 3 + a), {
					newest: newest - (2 - a) * MINUTE,
					everyMs: 3 * MINUTE,
				}),
			);

			const { items } = await getMany({ limit: 10 });

			expect(numbersOf(items)).toEqual(downFrom(89, 10));
			expect(pagesRead()).toEqual([1, 1, 1]);
		});

		it('stops after the page that reaches back beyond From', async () => {
			const agent = ampersend.emulator.addAgent();
			const newest = Date.now() - HOUR;
			ampersend.emulator.seedActivity(agent, 700, numbered, { newest });

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(newest - 249 * MINUTE).toISOString() },
			});

			expect(numbersOf(items)).toEqual(downFrom(699, 250));
			expect(pagesRead()).toEqual([1, 2]);
		});

		it('gives every row of exactly From, where a page ends among them', async () => {
			const agent = ampersend.emulator.addAgent();
			const from = Date.now() - HOUR;
			ampersend.emulator.seedActivity(agent, 3, () => ({}), { newest: from - 1 });
			ampersend.emulator.seedActivity(agent, 450, numbered, { newest: from, everyMs: 0 });

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(from).toISOString() },
			});

			expect(numbersOf(items)).toEqual(downFrom(449, 450));
		});

		it('takes rows of one moment for ordered: a limit needs no further page', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 450, numbered, { everyMs: 0 });

			const { items } = await getMany({ limit: 50 });

			expect(numbersOf(items)).toEqual(downFrom(449, 50));
			expect(pagesRead()).toEqual([1]);
		});

		it('reads on to From where rows from before it stand among the newest', async () => {
			const agent = ampersend.emulator.addAgent();
			const [newest, from] = [Date.now(), Date.now() - 8 * HOUR];
			ampersend.emulator.seedActivity(agent, 400, numbered, { newest });
			ampersend.emulator.fault({
				route: ACTIVITY,
				...onPage(1),
				mutate: (body) => {
					const page = body as { activity: object[] };
					const old = new Map([
						[5, from - HOUR],
						[199, from - 2 * HOUR],
					]);
					const activity = page.activity.map((row, i) => {
						const timestamp = old.get(i);
						return timestamp === undefined ? row : { ...row, timestamp: String(timestamp) };
					});
					return { ...page, activity };
				},
			});

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(from).toISOString() },
			});

			const inRange = downFrom(399, 400).filter((i) => i !== 394 && i !== 200);
			expect(numbersOf(items)).toEqual(inRange);
		});

		it('reads on to the rows since From where the service gives the oldest first', async () => {
			const agent = ampersend.emulator.addAgent();
			const newest = Date.now() - HOUR;
			ampersend.emulator.seedActivity(agent, 400, numbered, { newest });
			const mirror = 2 * newest - 399 * MINUTE;
			ampersend.emulator.fault({
				route: ACTIVITY,
				times: 2,
				mutate: (body) => {
					const page = body as { activity: Array<{ timestamp: string }> };
					const activity = page.activity.map((row) => ({
						...row,
						timestamp: String(mirror - Number(row.timestamp)),
					}));
					return { ...page, activity };
				},
			});

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(newest - 99 * MINUTE).toISOString() },
			});

			expect(numbersOf(items)).toEqual(Array.from({ length: 100 }, (_, i) => i));
		});

		it('says so where another page is promised after an empty one, and asks for no more', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault({
				route: ACTIVITY,
				mutate: (body) => ({ ...(body as object), activity: [], hasNextPage: true }),
			});

			const { items, error } = await getMany({ returnAll: true });

			expect(items).toEqual([]);
			expect(error?.message).toContain('speaks of another page after an empty one');
			expect(pagesRead()).toEqual([1]);
		});

		it('reads on however often every row of a page has shifted, if not in a row', async () => {
			const { emulator } = ampersend;
			const agent = emulator.addAgent();
			emulator.seedActivity(agent, 1150, numbered, { newest: Date.now() - DAY });
			for (const page of [2, 4, 6, 8, 10]) {
				emulator.before(
					ACTIVITY,
					() => emulator.seedActivity(agent, 200, () => ({ amountMicro: 9_001n })),
					onPage(page),
				);
			}

			const { items, error } = await getMany({ returnAll: true });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual(downFrom(1149, 1150));
		});

		it('gives every row of exactly From, where the rows before it came in no order', async () => {
			const agent = ampersend.emulator.addAgent();
			const from = Date.now() - HOUR;
			ampersend.emulator.seedActivity(agent, 650, numbered, { newest: from, everyMs: 0 });
			ampersend.emulator.pay({ agent, amountMicro: 650n, timestamp: from + MINUTE });
			ampersend.emulator.fault({
				route: ACTIVITY,
				...onPage(1),
				mutate: (body) => {
					const page = body as { activity: object[] };
					return { ...page, activity: page.activity.toReversed() };
				},
			});

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(from).toISOString() },
			});

			expect(numbersOf(items).sort((one, other) => other - one)).toEqual(downFrom(650, 651));
		});

		it('gives each row once, and none is missing, where payments shift the pages while they are read', async () => {
			const { emulator } = ampersend;
			const agent = emulator.addAgent();
			emulator.seedActivity(agent, 450, numbered, { newest: Date.now() - DAY });
			emulator.before(ACTIVITY, () => void emulator.pay({ agent, amountMicro: 1_001n }), onPage(2));
			emulator.before(
				ACTIVITY,
				() => {
					for (let i = 0; i < 5; i++) emulator.pay({ agent, amountMicro: 1_002n });
				},
				onPage(3),
			);

			const { items, error } = await getMany({ returnAll: true });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual(downFrom(449, 450));
			expect(new Set(items.map(({ json }) => json.id)).size).toBe(450);
			expect(activityCalls()).toHaveLength(3);
		});

		it('reads on behind a page of which every row has shifted', async () => {
			const { emulator } = ampersend;
			const agent = emulator.addAgent();
			emulator.seedActivity(agent, 250, numbered, { newest: Date.now() - DAY });
			emulator.before(
				ACTIVITY,
				() => emulator.seedActivity(agent, 200, () => ({ amountMicro: 1_001n })),
				onPage(2),
			);

			const { items } = await getMany({ returnAll: true });

			expect(numbersOf(items)).toEqual(downFrom(249, 250));
			expect(pagesRead()).toEqual([1, 2, 3]);
		});

		it('reads a page again that was turned away, and gives its rows once', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 250, numbered);
			ampersend.emulator.fault({
				route: ACTIVITY,
				status: 429,
				headers: { 'Retry-After': '0' },
				...onPage(2),
			});

			const { items, error } = await getMany({ returnAll: true });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual(downFrom(249, 250));
			expect(pagesRead()).toEqual([1, 2, 2]);
		});

		it('gives no part of a history where a page cannot be read', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 250, numbered);
			ampersend.emulator.fault({ route: ACTIVITY, malformedJson: true, ...onPage(2) });

			const { items, error } = await getMany({ returnAll: true });

			expect(items).toEqual([]);
			expect(error?.message).toContain(`GET /agents/${agent.address}/activity`);
			expect(error?.message).toContain('a body that is no JSON object or list');
		});

		it.each([0, -1, 2.5, 'many'])('refuses %p as Limit, and sends nothing', async (limit) => {
			const { error } = await getMany({ limit: `={{ ${JSON.stringify(limit)} }}` });

			expect(error?.message).toBe(`Limit: "${limit}" is not a whole number above 0.`);
			expect(ampersend.seen).toEqual([]);
		});
	});

	describe('filters', () => {
		const BOUNDS = { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' };

		/** One payment at each moment; its number is the moment's place in the list. */
		function payAt(...moments: string[]): void {
			const agent = ampersend.emulator.addAgent();
			moments.forEach((moment, i) =>
				ampersend.emulator.pay({
					agent,
					amountMicro: BigInt(i),
					timestamp: Date.parse(moment),
				}),
			);
		}

		it('includes From itself and excludes To itself', async () => {
			payAt(
				'2026-09-30T23:59:59.999Z',
				'2026-10-01T00:00:00.000Z',
				'2026-10-31T23:59:59.999Z',
				'2026-11-01T00:00:00.000Z',
			);

			const { items, error } = await getMany({ filters: BOUNDS });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual([2, 1]);
		});

		it.each([
			['UTC', '2026-10-01', '2026-10-01T00:00:00Z'],
			['America/New_York', '2026-10-01', '2026-10-01T04:00:00Z'],
			['America/New_York', '2026-10-01T08:30:00', '2026-10-01T12:30:00Z'],
			['America/New_York', '2026-01-01 08:30', '2026-01-01T13:30:00Z'],
			['Asia/Tokyo', ' 2026-10-01T00:00 ', '2026-09-30T15:00:00Z'],
			['America/New_York', '2026-10-01T08:30:00Z', '2026-10-01T08:30:00Z'],
			['America/New_York', '2026-10-01T08:30:00.250+02:00', '2026-10-01T06:30:00.250Z'],
			['UTC', '2026-10-01T23:59:59.999+14:00', '2026-10-01T09:59:59.999Z'],
			['UTC', '2026-10-01T00:00:00-1200', '2026-10-01T12:00:00Z'],
			['UTC', '2026-10-01T08:30:00+05:45', '2026-10-01T02:45:00Z'],
			['America/New_York', '={{ DateTime.fromISO("2026-10-01") }}', '2026-10-01T04:00:00Z'],
			['Asia/Tokyo', '={{ DateTime.fromISO("2026-10-01").toISO() }}', '2026-09-30T15:00:00Z'],
			['Asia/Tokyo', '={{ new Date("2026-10-01T08:30:00.250Z") }}', '2026-10-01T08:30:00.250Z'],
		])('in a workflow of %s reads From %s as %s', async (timezone, from, moment) => {
			const just = Date.parse(moment);
			payAt(new Date(just - 1).toISOString(), new Date(just).toISOString());

			const { items, error } = await getMany({ filters: { from } }, { timezone });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual([1]);
		});

		it.each<[string, string]>([
			['={{ ({ a: 1 }) }}', '"{"a":1}"'],
			['={{ [{ a: 1 }] }}', '"{"a":1}"'],
			['={{ ["denied", null] }}', '"null"'],
			['={{ ["denied", ["failed"]] }}', '"["failed"]"'],
			['={{ [undefined] }}', '"undefined"'],
			['={{ 5 }}', '"5"'],
			['={{ true }}', '"true"'],
			['={{ false }}', '"false"'],
		])('refuses the status %s, which is no text, and sends nothing', async (status, shown) => {
			for (const operation of ['getMany', 'export']) {
				const { items, error } = await getMany({ operation, filters: { status } });

				expect(items).toEqual([]);
				expect(error?.message).toBe(`Status: ${shown} is not text.`);
			}
			expect(ampersend.seen).toEqual([]);
		});

		it.each([
			['tomorrow', '"tomorrow"'],
			['2026-13-01', '"2026-13-01"'],
			['2026-02-30', '"2026-02-30"'],
			...[
				'2026-10-01T25:00',
				'2026-10-01T24:00',
				'2026-10-01T24:00:00Z',
				'2026-10-01T08:60',
				'2026-10-01T08:61Z',
				'2026-10-01T08:30:60Z',
				'2026-10-01T08:30:00+99:99',
				'2026-10-01T08:30:00+14:01',
				'2026-10-01T08:30:00+15',
				'2026-10-01T08:30:00-12:01',
				'2026-10-01T08:30:00-1300',
				'2026-10-01T08:30:00+02:60',
				'2026-10-01T08:30:00\u221202:00',
				'2026-10-01T08:30:00Z[Europe/Berlin]',
				'2026-10-01T08:30:00.1234567890Z',
				'+002026-10-01',
				'2026-W40',
				'2026-274',
				'2026-10',
				'2026-10-01T08',
				'\uff12\uff10\uff12\uff16-10-01',
			].map((date) => [date, `"${date}"`] as [string, string]),
			['={{ ["2026-10-01"] }}', '"["2026-10-01"]"'],
			['={{ ({ date: "2026-10-01" }) }}', '"{"date":"2026-10-01"}"'],
			['={{ new Date(NaN) }}', '"null"'],
			['10/01/2026', '"10/01/2026"'],
			['01.10.2026', '"01.10.2026"'],
			['Oct 1 2026', '"Oct 1 2026"'],
			['5', '"5"'],
			['={{ 1790000000000 }}', '"1790000000000"'],
			['={{ [1] }}', '"[1]"'],
			['={{ true }}', '"true"'],
		])(
			'refuses the date %s, which is none or could be another, and sends nothing',
			async (date, shown) => {
				for (const [name, filters] of [
					['From', { from: date }],
					['To', { to: date }],
				] as const) {
					const { items, error } = await getMany({ filters }, { timezone: 'America/New_York' });

					expect(items).toEqual([]);
					expect(error?.message).toBe(`${name}: ${shown} is not a date.`);
					expect(error?.description).toBe(
						'Give a date such as 2026-10-01, or 2026-10-01T08:00:00Z.',
					);
				}
				expect(ampersend.seen).toEqual([]);
			},
		);

		it.each([
			['before', '2026-09-30T00:00:00Z'],
			['the same as', BOUNDS.from],
		])('refuses a To that is %s From, and sends nothing', async (_, to) => {
			const { error } = await getMany({ filters: { ...BOUNDS, to } });

			expect(error?.message).toBe('To: is not after From.');
			expect(error?.description).toContain('choose a later one');
			expect(ampersend.seen).toEqual([]);
		});

		it('takes empty dates as an open range', async () => {
			payAt('2024-01-01T00:00:00Z');

			const { items, error } = await getMany({
				filters: { from: '', to: '={{ $json.nothing }}' },
			});

			expect(error).toBeUndefined();
			expect(items).toHaveLength(1);
		});

		it.each([
			['1 minute', MINUTE, '1d'],
			['22 hours', 22 * HOUR, '1d'],
			['23 hours and a half', 23.5 * HOUR, '30d'],
			['29 days', 29 * DAY, '30d'],
			['29 days and 23 hours and a half', 30 * DAY - 0.5 * HOUR, 'all'],
			['a year', 365 * DAY, 'all'],
		])('asks for the smallest history that surely covers From %s ago', async (_, ago, preset) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, timestamp: Date.now() - ago + MINUTE / 2 });

			const { items } = await getMany({
				filters: { from: new Date(Date.now() - ago).toISOString() },
			});

			expect(items).toHaveLength(1);
			expect(activityCalls().map(({ query }) => query.preset)).toEqual([preset]);
		});

		it('asks for the whole history without From, To notwithstanding', async () => {
			ampersend.emulator.addAgent();

			await getMany({ filters: { to: new Date().toISOString() } });

			expect(activityCalls().map(({ query }) => query.preset)).toEqual(['all']);
		});

		it.each([
			['earn', ['earn']],
			['spend', ['spend']],
			['both', ['earn', 'spend']],
		])('with Direction %s gives %p', async (direction, expected) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, type: 'earn' });
			ampersend.emulator.pay({ agent, type: 'spend' });

			const { items } = await getMany({ filters: { direction } });

			expect(items.map(({ json }) => json.direction).sort()).toEqual(expected);
		});

		it('refuses a direction that there is none of, and sends nothing', async () => {
			const { error } = await getMany({ filters: { direction: '={{ "sideways" }}' } });

			expect(error?.message).toBe('Direction: "sideways" is not an option.');
			expect(error?.description).toBe('Use one of: both, earn, spend.');
			expect(ampersend.seen).toEqual([]);
		});

		it.each([
			['a list', ['denied', 'failed'], ['denied', 'failed']],
			['text with a comma', '={{ "denied, failed" }}', ['denied', 'failed']],
			['one', ['authorized'], ['authorized']],
			['none', [], ['authorized', 'denied', 'failed', 'settled']],
		])('gives the statuses wanted, given as %s', async (_, status, expected) => {
			const agent = ampersend.emulator.addAgent();
			for (const one of ['authorized', 'denied', 'failed', 'settled'] as const) {
				ampersend.emulator.pay({ agent, status: one });
			}

			const { items } = await getMany({ filters: { status } });

			expect(items.map(({ json }) => json.status).sort()).toEqual(expected);
		});

		it('finds a status that the service has added since', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault({
				route: ACTIVITY,
				mutate: (body) => changeRow(body, { status: 'refunded' }),
			});

			const { items } = await getMany({ filters: { status: '={{ ["refunded"] }}' } });

			expect(items.map(({ json }) => json.status)).toEqual(['refunded']);
		});

		it('gives payments to a counterparty in any letter case, those earned never', async () => {
			const { emulator } = ampersend;
			const agent = emulator.addAgent();
			const [one, two, three] = [randomAddress(), randomAddress(), randomAddress()];
			for (const counterparty of [one, two, three]) emulator.pay({ agent, counterparty });
			emulator.pay({ agent, type: 'earn' });

			const { items } = await getMany({
				filters: {
					counterparty: `${one.toLowerCase()}, 0x${two.slice(2).toUpperCase()}\n${agent.address}`,
				},
			});

			expect(items.map(({ json }) => json.counterparty).sort()).toEqual([one, two].sort());
		});

		it('refuses a counterparty that is no address, and sends nothing', async () => {
			const { error } = await getMany({ filters: { counterparty: '0x123' } });

			expect(error?.message).toBe('Counterparty: "0x123" is not an address.');
			expect(ampersend.seen).toEqual([]);
		});

		it('gives only what passes every filter', async () => {
			const { emulator } = ampersend;
			const agent = emulator.addAgent();
			const counterparty = randomAddress();
			const timestamp = Date.parse('2026-10-15T00:00:00Z');
			const wanted = emulator.pay({ agent, counterparty, status: 'denied', timestamp });
			emulator.pay({ agent, counterparty, status: 'settled', timestamp });
			emulator.pay({ agent, status: 'denied', timestamp });
			emulator.pay({ agent, counterparty, status: 'denied', timestamp: timestamp + 30 * DAY });

			const { items } = await getMany({
				filters: { ...BOUNDS, counterparty, status: ['denied'], direction: 'spend' },
			});

			expect(items.map(({ json }) => json.id)).toEqual([wanted.id]);
		});
	});

	describe('the wire', () => {
		it.each([
			{ activityAmount: 'string', activityTimestamp: 'ms' },
			{ activityAmount: 'number', activityTimestamp: 'ms' },
			{ activityAmount: 'string', activityTimestamp: 's' },
			{ activityAmount: 'number', activityTimestamp: 's' },
		] as const)(
			'means the same in every spelling: $activityAmount, $activityTimestamp',
			async (style) => {
				const { emulator } = ampersend;
				Object.assign(emulator.wire, style);
				const agent = emulator.addAgent();
				const timestamp = Math.floor(Date.now() / 1000) * 1000 - 2 * HOUR;
				emulator.pay({ agent, amountMicro: 12_345_678n, timestamp });

				const { items } = await getMany({
					filters: { from: new Date(timestamp).toISOString() },
				});

				expect(items[0]?.json).toMatchObject({
					amountUsdc: '12.345678',
					amountUsdcMicro: '12345678',
					occurredAt: new Date(timestamp).toISOString(),
				});
			},
		);

		it('keeps every digit of an amount beyond the exact floating-point numbers', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, amountMicro: 123_456_789_012_345_678_901_234_567_891n });

			const { items } = await getMany();

			expect(items[0]?.json).toMatchObject({
				amountUsdc: '123456789012345678901234.567891',
				amountUsdcMicro: '123456789012345678901234567891',
			});
		});

		it('keeps fields that the service adds', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, amountMicro: 5n });
			ampersend.emulator.fault({
				route: ACTIVITY,
				mutate: (body) => changeRow(body, { memo: { invoice: 7 } }),
			});

			const { items } = await getMany();

			expect(items[0]?.json).toMatchObject({ amountUsdcMicro: '5', memo: { invoice: 7 } });
		});

		it.each([
			'id',
			'type',
			'agent_address',
			'receiver',
			'amount',
			'status',
			'timestamp',
			'tx_hash',
		])('names %s with its place and route where it is missing', async (field) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault({
				route: ACTIVITY,
				mutate: (body) => changeRow(body, { [field]: undefined }),
			});

			const { items, error } = await getMany();

			expect(items).toEqual([]);
			expect(error?.message).toBe(
				`Ampersend's answer to GET /agents/${agent.address}/activity has changed its form: activity.0.${field} is missing.`,
			);
			expect(error?.description).toContain('Update n8n-nodes-ampersend');
		});

		it.each([1.5, '1.5', -1, '-1', '1e6', 2 ** 53, '', null])(
			'refuses %p as an amount in micro-USDC, as a change of the contract',
			async (amount) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.pay({ agent });
				ampersend.emulator.fault({
					route: ACTIVITY,
					mutate: (body) => changeRow(body, { amount }),
				});

				const { items, error } = await getMany();

				expect(items).toEqual([]);
				expect(error?.message).toContain(
					'has changed its form: activity.0.amount is not of the expected form',
				);
				expect(activityCalls()).toHaveLength(1);
			},
		);
	});
});

/** An activity page whose newest row is changed. */
function changeRow(body: unknown, changes: object): unknown {
	const { activity, ...page } = body as { activity: object[] };
	return { ...page, activity: activity.map((row, i) => (i === 0 ? { ...row, ...changes } : row)) };
}

describe('A field that the service adds under one of our names', () => {
	it('does not take the place of ours', async () => {
		const agent = ampersend.emulator.addAgent({ name: 'buyer' });
		ampersend.emulator.pay({ agent, amountMicro: 5n });
		ampersend.emulator.fault({
			route: ACTIVITY,
			mutate: (body) =>
				changeRow(body, {
					amountUsdc: '999',
					agentName: 'x',
					occurredAt: 'never',
					reason: 'limit',
				}),
		});
		const { items } = await getMany();

		expect(items).toMatchObject([
			{
				json: { amountUsdc: '0.000005', amountUsdcMicro: '5', agentName: 'buyer', reason: 'limit' },
			},
		]);
		expect(items[0]?.json.occurredAt).toMatch(/^\d{4}-/);
	});
});

describe('Export', () => {
	/** A name with everything that a file format has to escape. */
	const NAME = 'Zoë "the" buyer, of\r\nrésumés';

	function payments() {
		const { emulator } = ampersend;
		const agents = [emulator.addAgent({ name: NAME }), emulator.addAgent({ name: 'plain' })];
		const [one = '', two = ''] = agents.map(({ address }) => address);
		emulator.pay({ agent: one, amountMicro: 1n, timestamp: Date.now() - 4 * HOUR });
		emulator.pay({ agent: two, type: 'earn', amountMicro: 2_500_000n });
		emulator.pay({ agent: one, amountMicro: 10n ** 30n + 1n, status: 'denied' });
		return agents;
	}

	const rowsOf = async () => (await getMany({ returnAll: true })).items.map(({ json }) => json);

	it('writes CSV with a header, CRLF line ends, and quotes where a name needs them', async () => {
		payments();
		const rows = await rowsOf();

		const { items, error, hints } = await exportFile();

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(items).toHaveLength(1);
		const { text, mimeType } = fileOf(items[0]);
		expect(mimeType).toBe('text/csv');
		const columns = [
			'occurredAt',
			'agentName',
			'agentAddress',
			'direction',
			'amountUsdc',
			'amountUsdcMicro',
			'status',
			'counterparty',
			'transactionHash',
			'explorerUrl',
			'chain',
			'id',
		];
		expect(text).toContain(`${columns.join(',')}\r\n`);
		expect(text).toContain('"Zoë ""the"" buyer, of\r\nrésumés"');
		expect(parseCsv(text)).toEqual([
			columns,
			...rows.map((row) => columns.map((column) => row[column] ?? '')),
		]);
		expect(rows.map(({ amountUsdcMicro }) => amountUsdcMicro)).toContain(String(10n ** 30n + 1n));
	});

	it.each(['=HYPERLINK("http://evil.example","x")', '+1', '-1', '@SUM(A1)'])(
		'keeps a spreadsheet from running the agent name %s as a formula',
		async (name) => {
			const agent = ampersend.emulator.addAgent({ name });
			ampersend.emulator.pay({ agent });

			const csv = await exportFile();
			const json = await exportFile({ format: 'json' });

			expect(parseCsv(fileOf(csv.items[0]).text)[1]?.[1]).toBe(`'${name}`);
			expect(JSON.parse(fileOf(json.items[0]).text)).toMatchObject([{ agentName: name }]);
		},
	);

	it('writes JSON that reads back to the rows of Get Many', async () => {
		payments();
		const rows = await rowsOf();

		const { items } = await exportFile({ format: 'json' });

		const { text, mimeType } = fileOf(items[0]);
		expect(mimeType).toBe('application/json');
		expect(JSON.parse(text)).toEqual(rows);
		expect(rows).toHaveLength(3);
	});

	it('writes JSON Lines of which each reads back to a row of Get Many', async () => {
		payments();
		const rows = await rowsOf();

		const { items } = await exportFile({ format: 'jsonl' });

		const { text, mimeType } = fileOf(items[0]);
		expect(mimeType).toBe('application/x-ndjson');
		const lines = text.split('\n');
		expect(lines.pop()).toBe('');
		expect(lines.map((line): unknown => JSON.parse(line))).toEqual(rows);
	});

	it.each(['csv', 'json', 'jsonl'])(
		'names a %s file after the moment of the export',
		async (format) => {
			const before = Math.floor(Date.now() / 1000) * 1000;

			const { items } = await exportFile({ format });

			const { fileName = '' } = fileOf(items[0]);
			const [, day, time, extension] =
				/^transactions-(\d{4}-\d{2}-\d{2})T(\d{2}-\d{2}-\d{2})Z\.(\w+)$/.exec(fileName) ?? [];
			const moment = Date.parse(`${day}T${time?.replaceAll('-', ':')}Z`);
			expect(moment).toBeGreaterThanOrEqual(before);
			expect(moment).toBeLessThanOrEqual(Date.now());
			expect(extension).toBe(format);
			expect(items[0]?.json.fileName).toBe(fileName);
		},
	);

	it.each([
		['../../etc/x', 'x'],
		['/etc/passwd', 'passwd'],
		['C:\\x', 'x'],
		['..\\..\\october.csv', 'october.csv'],
		['october\0.csv', 'october.csv'],
		['october\r\nSet-Cookie: a=b.csv', 'octoberSet-Cookie_ a=b.csv'],
		['.htaccess', 'htaccess'],
		['october.csv?x=1', 'october.csv_x=1'],
		['CON.csv', '_CON.csv'],
		[`${'\u{1f4b8}'.repeat(500)}.csv`, `${'\u{1f4b8}'.repeat(49)}.csv`],
		[42, '42'],
	])(
		'gives the file that is to be called %j the name %j, in item and file',
		async (fileName, name) => {
			const { items, error } = await exportFile(
				{ options: { fileName: '={{ $json.fileName }}' } },
				{ input: [{ fileName }] },
			);

			expect(error).toBeUndefined();
			expect(items[0]?.json.fileName).toBe(name);
			expect(fileOf(items[0]).fileName).toBe(name);
			expect(items[0]?.binary?.data?.directory).toBeUndefined();
		},
	);

	it.each(['..', '.', '/', 'C:\\', '../..', '\0', '\r\n', ' . . ', '\u202e'])(
		'names a file that cannot be called %j after the moment of the export',
		async (fileName) => {
			const { items } = await exportFile(
				{ options: { fileName: '={{ $json.fileName }}' } },
				{ input: [{ fileName }] },
			);

			expect(items[0]?.json.fileName).toMatch(/^transactions-[\d-]+T[\d-]+Z\.csv$/);
			expect(fileOf(items[0]).fileName).toBe(items[0]?.json.fileName);
		},
	);

	it('takes the file name and the binary field that the user gives', async () => {
		const { items } = await exportFile({
			binaryPropertyName: 'report',
			options: { fileName: ' {{ october }}.csv ' },
		});

		expect(fileOf(items[0], 'report').fileName).toBe('{{ october }}.csv');
		expect(items[0]?.json.fileName).toBe('{{ october }}.csv');
	});

	it('writes a header alone for an empty history in CSV, nothing in JSON Lines, an empty list in JSON', async () => {
		ampersend.emulator.addAgent();

		const [csv, json, jsonl] = [
			await exportFile({ format: 'csv' }),
			await exportFile({ format: 'json' }),
			await exportFile({ format: 'jsonl' }),
		];

		const [header, ...rows] = parseCsv(fileOf(csv.items[0]).text);
		expect(header).toHaveLength(12);
		expect(rows).toEqual([]);
		expect(JSON.parse(fileOf(json.items[0]).text)).toEqual([]);
		expect(fileOf(jsonl.items[0]).text).toBe('');
		for (const { items } of [csv, json, jsonl]) {
			expect(items[0]?.json).toMatchObject({ rows: 0, agents: 1 });
		}
	});

	it('says beside the file what it holds, and reads every page for it', async () => {
		const { emulator } = ampersend;
		const [agent] = [emulator.addAgent(), emulator.addAgent()];
		emulator.seedActivity(agent, 450, undefined, { newest: Date.parse('2026-10-20T00:00:00Z') });

		const { items } = await exportFile(
			{ format: 'jsonl', filters: { from: '2026-10-01', to: '2026-11-01' } },
			{ timezone: 'Europe/Berlin' },
		);

		expect(items[0]?.json).toEqual({
			fileName: fileOf(items[0]).fileName,
			format: 'jsonl',
			rows: 450,
			agents: 2,
			from: '2026-09-30T22:00:00.000Z',
			to: '2026-10-31T23:00:00.000Z',
		});
		expect(fileOf(items[0]).text.trimEnd().split('\n')).toHaveLength(450);
	});

	it.each(['csv', 'json', 'jsonl'])(
		'writes each of 2,350 rows once, newest first, as %s',
		async (format) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 2350, numbered);

			const { items } = await exportFile({ format });

			expect(items[0]?.json).toMatchObject({ rows: 2350 });
			expect(numbersIn(fileOf(items[0]).text, format)).toEqual(downFrom(2349, 2350));
		},
	);

	it('writes null for an open range, and filters as Get Many does', async () => {
		payments();

		const { items } = await exportFile({ format: 'json', filters: { status: ['denied'] } });

		expect(items[0]?.json).toMatchObject({ rows: 1, from: null, to: null });
		expect(JSON.parse(fileOf(items[0]).text)).toMatchObject([{ status: 'denied' }]);
	});

	it('writes a file for each input item, linked to it', async () => {
		const agents = payments();

		const { items, error } = await exportFile(
			{
				agentScope: 'selected',
				agents: '={{ $json.agent }}',
				format: 'json',
				options: { fileName: '={{ $json.file }}' },
			},
			{ input: agents.map(({ address }, i) => ({ agent: address, file: `${i}.json` })) },
		);

		expect(error).toBeUndefined();
		expect(
			items.map((item) => ({
				file: fileOf(item).fileName,
				rows: item.json.rows,
				pairedItem: item.pairedItem,
			})),
		).toEqual([
			{ file: '0.json', rows: 2, pairedItem: { item: 0 } },
			{ file: '1.json', rows: 1, pairedItem: { item: 1 } },
		]);
		agents.forEach(({ name }, i) => {
			const rows = JSON.parse(fileOf(items[i]).text) as Array<{ agentName: string }>;
			expect(new Set(rows.map(({ agentName }) => agentName))).toEqual(new Set([name]));
		});
	});

	it('writes no file for an item that fails, and goes on with the next', async () => {
		const agents = payments();

		const { items } = await exportFile(
			{ agentScope: 'selected', agents: '={{ $json.agent }}' },
			{
				onError: 'continueRegularOutput',
				input: [{ agent: 'nobody' }, { agent: agents[1]?.address }],
			},
		);

		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
		expect(items[0]?.json.error).toBe('Agent Names or IDs: "nobody" is not an address.');
		expect(items[0]?.binary).toBeUndefined();
		expect(items[1]?.json.rows).toBe(1);
	});

	it.each([
		['File Format', { format: '={{ "xlsx" }}' }, '"xlsx" is not an option', 'csv, json, jsonl'],
		[
			'Put Output File in Field',
			{ binaryPropertyName: '={{ "" }}' },
			'is empty',
			'Fill in Put Output File in Field',
		],
	])('refuses an unusable %s, and sends nothing', async (name, parameters, complaint, advice) => {
		const { items, error } = await exportFile(parameters);

		expect(items).toEqual([]);
		expect(error?.message).toBe(`${name}: ${complaint}.`);
		expect(error?.description).toContain(advice);
		expect(ampersend.seen).toEqual([]);
	});
});
