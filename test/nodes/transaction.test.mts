import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { checksummed } from '../../tools/emulator/addresses.mts';
import { randomAddress, type Call } from '../../tools/emulator/index.mts';
import { fileOf, parseCsv } from './files.mts';
import { DAY, HOUR, LIST, MINUTE, downFrom, historyOf, numbered, numbersOf } from './payments.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

// What transactions and payment events share is in history.test.mts.

const ampersend = useAmpersend();
const {
	route: ACTIVITY,
	requests,
	getMany,
	exportFile,
	changeRows,
	changeNewest,
} = historyOf(ampersend, 'transaction');

const pagesRead = () => requests().map(({ query }) => Number(query.page));
const onPage = (page: number) => ({ match: ({ query }: Call) => query.page === String(page) });

/** Reverses the times: the oldest row gets the newest time. @param sum of both */
const mirrorTimes = (sum: number) =>
	changeRows((rows) =>
		rows.map((row) => ({ ...row, timestamp: String(sum - Number(row.timestamp)) })),
	);

describe('An unexpected row', () => {
	it('is returned once, even if one page has it twice', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		emulator.pay({ agent, amountMicro: 1n });
		emulator.pay({ agent, amountMicro: 2n });
		emulator.fault({ ...changeRows((rows) => rows.flatMap((row) => [row, row])), times: Infinity });
		expect(numbersOf((await getMany()).items)).toEqual([2, 1]);
		expect(parseCsv(fileOf((await exportFile()).items[0]).text)).toHaveLength(3);
	});

	it('of a new type is returned with that type, together with the other rows', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		emulator.pay({ agent, amountMicro: 1n });
		emulator.pay({ agent, amountMicro: 2n });
		emulator.fault({ ...changeNewest({ type: 'refund' }), times: Infinity });
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

	it('of a new type is emitted by the trigger, unless a direction is chosen', async () => {
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

	it('is rejected if it has no type', async () => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent() });
		ampersend.emulator.fault(changeNewest({ type: '' }));
		expect((await getMany()).error?.message).toContain('activity.0.type');
	});

	it('keeps its other fields, except signature and nonce', async () => {
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
	it('returns a payment with its counterparty, amounts, explorer link and time', async () => {
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
					movedUsdc: '-1.25',
					movedUsdcMicro: '-1250000',
					status: 'settled',
					transactionHash: paid.txHash,
					explorerUrl: `https://sepolia.basescan.org/tx/${paid.txHash}`,
					chain: 'eip155:84532',
					occurredAt: '2026-09-21T14:13:20.005Z',
				},
				pairedItem: { item: 0 },
			},
		]);
		// The second one asks for page 0, which a service may have.
		expect(ampersend.seen).toEqual([LIST, ACTIVITY, ACTIVITY]);
	});

	it('fails if the service repeats a page', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent });
		let firstRows: unknown;
		ampersend.emulator.fault({
			route: ACTIVITY,
			times: Infinity,
			mutate: (body) => {
				const page = body as { activity: unknown };
				firstRows ??= page.activity;
				return { ...page, activity: firstRows, hasNextPage: true };
			},
		});
		const { items, error } = await getMany({ returnAll: true });

		expect(items).toEqual([]);
		expect(error?.message).toContain('returns the same rows again, whatever "page" asks for');
		expect(requests().length).toBeLessThan(10);
	});

	it('returns the newest rows up to Limit, even if the service sorts oldest first', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 400);
		ampersend.emulator.fault({ ...mirrorTimes(2 * Date.now()), times: Infinity });
		const limited = await getMany({ limit: 2 });
		const all = await getMany({ returnAll: true });

		expect(limited.items.map(({ json }) => json)).toEqual(
			all.items.slice(0, 2).map(({ json }) => json),
		);
	});

	it("reads no other agent once one can't be read", async () => {
		for (let i = 0; i < 40; i++) ampersend.emulator.addAgent();
		ampersend.emulator.fault({ route: ACTIVITY, status: 401, times: Infinity });
		const { error } = await getMany({ returnAll: true });
		const asked = requests().length;

		expect(error?.message).toContain('HTTP 401');
		expect(asked).toBeLessThanOrEqual(8);
		await new Promise((resolve) => setImmediate(resolve));
		expect(requests()).toHaveLength(asked);
	});

	it("returns no counterparty for earnings: the service doesn't say who paid", async () => {
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
	])('returns no link for the transaction hash %j', async (txHash) => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent });
		ampersend.emulator.fault(changeNewest({ tx_hash: txHash }));

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({ transactionHash: txHash, explorerUrl: null });
	});

	it.each(['eip155:1', 'eip155:8453 ', '', '__proto__', null])(
		'returns no link on the chain %j',
		async (chain) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault(changeNewest({ chain_caip2id: chain }));

			const { items } = await getMany();

			expect(items[0]?.json).toMatchObject({ chain, explorerUrl: null });
		},
	);

	it.each([
		['receiver', (address: string) => `0x${address.slice(2).toUpperCase()}`],
		['receiver', (address: string) => address.toLowerCase()],
		['agent_address', (address: string) => `0x${address.slice(2).toUpperCase()}`],
	])('returns no counterparty if %s has another letter case', async (field, spell) => {
		const agent = ampersend.emulator.addAgent({ address: checksummed(randomAddress()) });
		ampersend.emulator.pay({ agent, type: 'earn' });
		ampersend.emulator.fault(changeNewest({ [field]: spell(agent.address) }));

		const { items } = await getMany();

		expect(items).toMatchObject([{ json: { direction: 'earn', counterparty: null } }]);
	});

	it('returns no hash and no link for a payment that is not on chain', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, status: 'denied' });

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({
			status: 'denied',
			transactionHash: null,
			explorerUrl: null,
		});
	});

	describe('agents', () => {
		it('reads the agents of every page of the list, and no agent of another account', async () => {
			const { emulator } = ampersend;
			for (let i = 0; i < 101; i++) emulator.addAgent();
			const last = emulator.addAgent({ name: 'last' });
			const foreign = emulator.addAgent({ owner: 'somebody else' });
			emulator.pay({ agent: last });
			emulator.pay({ agent: foreign });

			const { items, error } = await getMany();

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.agentName)).toEqual(['last']);
			expect(requests()).toHaveLength(102);
		});
	});

	describe('paging', () => {
		it('reads every page with Return All, up to 200 rows at a time', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 450, numbered);

			const { items, error } = await getMany({ returnAll: true });

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual(downFrom(449, 450));
			expect(requests().map(({ query }) => query)).toEqual(
				// Each page begins with the last two rows of the one before it.
				['200', '198', '197'].map((limit, i) => ({ preset: 'all', limit, page: String(i + 1) })),
			);
		});

		it.each([
			{ limit: undefined, rows: 50, pages: [1] },
			{ limit: 1, rows: 1, pages: [1] },
			{ limit: 200, rows: 200, pages: [1] },
			{ limit: 201, rows: 201, pages: [1, 2] },
			{ limit: 1000, rows: 450, pages: [1, 2, 3] },
		])(
			'with Limit $limit returns the newest $rows and reads pages $pages',
			async ({ limit, rows, pages }) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.seedActivity(agent, 450, numbered);

				const { items } = await getMany(limit === undefined ? {} : { limit });

				expect(numbersOf(items)).toEqual(downFrom(449, rows));
				expect(pagesRead()).toEqual(pages);
			},
		);

		it('counts only rows that pass the filters, and reads until Limit is reached', async () => {
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

		it('returns the newest of all agents if each has more than Limit', async () => {
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

		it('returns every row of exactly From if a page ends among them', async () => {
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

		it('treats rows with equal times as sorted: a limit needs no further page', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 450, numbered, { everyMs: 0 });

			const { items } = await getMany({ limit: 50 });

			expect(numbersOf(items)).toEqual(downFrom(449, 50));
			expect(pagesRead()).toEqual([1]);
		});

		it('continues to From if older rows are among the newest', async () => {
			const agent = ampersend.emulator.addAgent();
			const [newest, from] = [Date.now(), Date.now() - 8 * HOUR];
			ampersend.emulator.seedActivity(agent, 400, numbered, { newest });
			const old = new Map([
				[5, from - HOUR],
				[199, from - 2 * HOUR],
			]);
			ampersend.emulator.fault({
				...changeRows((rows) =>
					rows.map((row, i) => ({ ...row, timestamp: String(old.get(i) ?? row.timestamp) })),
				),
				...onPage(1),
				times: Infinity,
			});

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(from).toISOString() },
			});

			const inRange = downFrom(399, 400).filter((i) => i !== 394 && i !== 200);
			expect(numbersOf(items)).toEqual(inRange);
		});

		it('continues to the rows since From if the service sorts oldest first', async () => {
			const agent = ampersend.emulator.addAgent();
			const newest = Date.now() - HOUR;
			ampersend.emulator.seedActivity(agent, 400, numbered, { newest });
			ampersend.emulator.fault({ ...mirrorTimes(2 * newest - 399 * MINUTE), times: Infinity });

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(newest - 99 * MINUTE).toISOString() },
			});

			expect(numbersOf(items)).toEqual(Array.from({ length: 100 }, (_, i) => i));
		});

		it('fails if hasNextPage is true after an empty page', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault({
				route: ACTIVITY,
				times: 5,
				mutate: (body) => ({ ...(body as object), activity: [], hasNextPage: true }),
			});

			const { items, error } = await getMany({ returnAll: true });

			expect(items).toEqual([]);
			expect(error?.message).toContain('reports more transactions after an empty page');
			expect(pagesRead()).toEqual([1, 1, 1, 1]);
			expect((await getMany({ returnAll: true })).items).toHaveLength(1);
		});

		it('continues if all rows of a page shift, unless consecutive pages do', async () => {
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

		it('returns every row of exactly From if the rows before it are unsorted', async () => {
			const agent = ampersend.emulator.addAgent();
			const from = Date.now() - HOUR;
			ampersend.emulator.seedActivity(agent, 650, numbered, { newest: from, everyMs: 0 });
			ampersend.emulator.pay({ agent, amountMicro: 650n, timestamp: from + MINUTE });
			ampersend.emulator.fault({ ...changeRows((rows) => rows.toReversed()), ...onPage(1) });

			const { items } = await getMany({
				returnAll: true,
				filters: { from: new Date(from).toISOString() },
			});

			expect(numbersOf(items).sort((one, other) => other - one)).toEqual(downFrom(650, 651));
		});

		it('returns each row once, and misses none, if new payments shift the pages', async () => {
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
			expect(requests()).toHaveLength(3);
		});

		it('continues after a page whose rows have all shifted', async () => {
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

		it('requests a page again after a 429, and returns its rows once', async () => {
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

		it("returns nothing if a page of a history can't be read", async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.seedActivity(agent, 250, numbered);
			ampersend.emulator.fault({ route: ACTIVITY, malformedJson: true, ...onPage(2) });

			const { items, error } = await getMany({ returnAll: true });

			expect(items).toEqual([]);
			expect(error?.description).toContain(`GET /agents/${agent.address}/activity`);
			expect(error?.message).toContain('a malformed body');
		});
	});

	describe('filters', () => {
		const BOUNDS = { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' };

		/** One payment at each moment; its number is the moment's index. */
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
		])('in a workflow in %s reads From %s as %s', async (timezone, from, moment) => {
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
		])('rejects the status %s, which is not text, and sends nothing', async (status, shown) => {
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
		])('rejects the invalid or ambiguous date %s, and sends nothing', async (date, shown) => {
			for (const [name, filters] of [
				['From', { from: date }],
				['To', { to: date }],
			] as const) {
				const { items, error } = await getMany({ filters }, { timezone: 'America/New_York' });

				expect(items).toEqual([]);
				expect(error?.message).toBe(`${name}: ${shown} isn't a date.`);
				expect(error?.description).toBe(
					'Enter a date such as 2026-10-01, or 2026-10-01T08:00:00Z.',
				);
			}
			expect(ampersend.seen).toEqual([]);
		});

		it.each([
			['earn', ['earn']],
			['spend', ['spend']],
			['both', ['earn', 'spend']],
		])('with Direction %s returns %p', async (direction, expected) => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, type: 'earn' });
			ampersend.emulator.pay({ agent, type: 'spend' });

			const { items } = await getMany({ filters: { direction } });

			expect(items.map(({ json }) => json.direction).sort()).toEqual(expected);
		});

		it('rejects an unknown direction, and sends nothing', async () => {
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
		])('returns the chosen statuses, given as %s', async (_, status, expected) => {
			const agent = ampersend.emulator.addAgent();
			for (const one of ['authorized', 'denied', 'failed', 'settled'] as const) {
				ampersend.emulator.pay({ agent, status: one });
			}

			const { items } = await getMany({ filters: { status } });

			expect(items.map(({ json }) => json.status).sort()).toEqual(expected);
		});

		it('finds a status that is new to the node', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault(changeNewest({ status: 'refunded' }));

			const { items } = await getMany({ filters: { status: '={{ ["refunded"] }}' } });

			expect(items.map(({ json }) => json.status)).toEqual(['refunded']);
		});

		it('returns only what passes every filter', async () => {
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

	describe("the service's formats", () => {
		it.each([
			{ activityAmount: 'string', activityTimestamp: 'ms' },
			{ activityAmount: 'number', activityTimestamp: 'ms' },
			{ activityAmount: 'string', activityTimestamp: 's' },
			{ activityAmount: 'number', activityTimestamp: 's' },
		] as const)(
			'are read alike: amounts as $activityAmount, times as $activityTimestamp',
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

		it.each([1.5, '1.5', -1, '-1', '1e6', 2 ** 53, '', null])(
			'do not include the amount %p, which is rejected',
			async (amount) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.pay({ agent });
				ampersend.emulator.fault(changeNewest({ amount }));

				const { items, error } = await getMany();

				expect(items).toEqual([]);
				expect(error?.message).toContain(
					'is not as expected: activity.0.amount has an unexpected format',
				);
				expect(requests()).toHaveLength(1);
			},
		);
	});
});

describe("A new field of the service with an output field's name", () => {
	it('does not replace the output field', async () => {
		const agent = ampersend.emulator.addAgent({ name: 'buyer' });
		ampersend.emulator.pay({ agent, amountMicro: 5n });
		ampersend.emulator.fault(
			changeNewest({ amountUsdc: '999', agentName: 'x', occurredAt: 'never', reason: 'limit' }),
		);
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
	it.each([
		['../../etc/x', 'x.csv'],
		['/etc/passwd', 'passwd.csv'],
		['C:\\x', 'x.csv'],
		['..\\..\\october.csv', 'october.csv'],
		['october\0.csv', 'october.csv'],
		['october\r\nSet-Cookie: a=b.csv', 'octoberSet-Cookie_ a=b.csv'],
		['.htaccess', 'htaccess.csv'],
		['october.csv?x=1', 'october.csv_x=1.csv'],
		['CON.csv', '_CON.csv'],
		[`${'\u{1f4b8}'.repeat(500)}.csv`, `${'\u{1f4b8}'.repeat(49)}.csv`],
		[42, '42.csv'],
		['2026-11-29T18:25:19.000Z', '2026-11-29T18_25_19.000Z.csv'],
	])('turns the file name %j into %j, in item and file', async (fileName, name) => {
		const { items, error } = await exportFile(
			{ options: { fileName: '={{ $json.fileName }}' } },
			{ input: [{ fileName }] },
		);

		expect(error).toBeUndefined();
		expect(items[0]?.json.fileName).toBe(name);
		expect(fileOf(items[0]).fileName).toBe(name);
		expect(items[0]?.binary?.data?.directory).toBeUndefined();
	});

	it.each(['$now', 'new Date()', '$now.toISO()', '$today.toISODate()'])(
		'names a file {{ %s }} with an extension',
		async (moment) => {
			for (const format of ['csv', 'json', 'jsonl']) {
				const { items, error } = await exportFile({
					format,
					options: { fileName: `={{ ${moment} }}` },
				});
				expect(error).toBeUndefined();
				expect(items[0]?.json.fileName).toMatch(
					new RegExp(String.raw`^\d{4}-\d{2}-\d{2}[\w.+-]*\.${format}$`),
				);
			}
		},
	);

	it.each(['..', '.', '/', 'C:\\', '../..', '\0', '\r\n', ' . . ', '\u202e'])(
		'names a file after the time of the export if its name is %j',
		async (fileName) => {
			const { items } = await exportFile(
				{ options: { fileName: '={{ $json.fileName }}' } },
				{ input: [{ fileName }] },
			);

			expect(items[0]?.json.fileName).toMatch(/^transactions-[\d-]+T[\d-]+Z\.csv$/);
			expect(fileOf(items[0]).fileName).toBe(items[0]?.json.fileName);
		},
	);
});
