import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { resolveConnection } from '../../nodes/Ampersend/api/connection/deployments';
import {
	consumeHistory,
	HistoryReport,
	readTransactions,
} from '../../nodes/Ampersend/api/lists/merge';
import type { Client } from '../../nodes/Ampersend/api/client';
import { Tally } from '../../nodes/Ampersend/domain/tally';

const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.AMPERSEND_HISTORIES ?? 100);

const T0 = Date.UTC(2026, 10, 15, 12);
const addressOf = (agent: number) => `0x${String(agent).padStart(40, '0')}`;

interface Row {
	id: string;
	at: number;
}

/** What happens to a list before one of its answers. */
interface Change {
	/** Counted from 1. */
	answer: number;
	kind: 'add' | 'remove read' | 'remove unread' | 'move up';
	count: number;
}

interface List {
	rows: number;
	/** The same time for this many rows in a row. */
	sameTime: number;
	/** Whether rows of the same time are in the same order in each answer. */
	ties: 'kept' | 'by page size' | 'new';
	changes: Change[];
}

const list: fc.Arbitrary<List> = fc.record({
	rows: fc.oneof(fc.nat(30), fc.nat(1500)),
	sameTime: fc.constantFrom(1, 1, 1, 3, 250),
	ties: fc.constantFrom<List['ties'][]>('kept', 'by page size', 'new'),
	changes: fc.uniqueArray(
		fc.record({
			answer: fc.integer({ min: 2, max: 9 }),
			kind: fc.constantFrom<Change['kind'][]>('add', 'add', 'remove read', 'remove unread'),
			count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 150 })),
		}),
		{ maxLength: 4, selector: ({ answer }) => answer },
	),
});

/** A service whose lists change while they are read, and whose answers overtake each other. */
class Service {
	private readonly lists: Row[][];
	readonly removed = new Set<string>();
	private readonly answers: number[];
	private added = 0;
	requests = 0;

	constructor(
		private readonly plan: List[],
		/** Turns of the event loop before an answer. */
		private readonly delays: number[],
		/** Maximum rows of a page. */
		private readonly cap: number,
	) {
		this.answers = plan.map(() => 0);
		this.lists = plan.map(({ rows, sameTime }, agent) =>
			Array.from({ length: rows }, (_, i) => ({
				id: `${agent}/${rows - 1 - i}`,
				at: T0 - Math.floor(i / sameTime) * 1000 - agent,
			})),
		);
	}

	private change(agent: number, { kind, count }: Change, read: number): void {
		const rows = this.lists[agent] ?? [];
		const add = (id: string) => rows.unshift({ id, at: T0 + 1000 + this.requests });
		if (kind === 'add') for (let i = 0; i < count; i++) add(`new ${++this.added}`);
		else if (kind === 'move up') {
			const [moved] = rows.splice(Math.min(rows.length - 1, read + count), 1);
			if (moved) add(moved.id);
		} else {
			const from = kind === 'remove read' ? 0 : read;
			// More than this between two pages may need another reading.
			const most = Math.min(count, Math.floor(this.cap * 0.7));
			for (const { id } of rows.splice(from, most)) this.removed.add(id);
		}
	}

	readonly client: Client = {
		connection: resolveConnection({ apiKey: `sk_test_${randomBytes(24).toString('hex')}` }),
		retry: { attempts: 1, budgetMs: 1000 },
		transmit: async ({ url, qs }) => {
			const agent = Number(/0x(\d+)/.exec(url)?.[1]);
			const { page, limit } = qs as { page: number; limit: number };
			for (let i = this.delays[this.requests++ % this.delays.length] ?? 0; i > 0; i--) await turn();
			const answer = ++this.answers[agent]!;
			const size = Math.min(limit, this.cap);
			for (const change of this.plan[agent]?.changes ?? []) {
				if (change.answer === answer) this.change(agent, change, (page - 1) * size);
			}
			const rows = this.lists[agent] ?? [];
			const activity = rows.slice((page - 1) * size, page * size).map(({ id, at }) => ({
				id,
				type: 'spend',
				agent_address: addressOf(agent),
				receiver: addressOf(agent),
				amount: '1',
				status: 'settled',
				timestamp: String(at),
				tx_hash: null,
				chain_caip2id: null,
			}));
			const body = {
				activity,
				hasNextPage: page * size < rows.length,
				totalCount: rows.length,
			};
			return { statusCode: 200, headers: {}, body };
		},
	};
}

async function readAll(service: Service, plan: List[], report: HistoryReport) {
	const agents = plan.map((_, agent) => ({ address: addressOf(agent), name: `agent ${agent}` }));
	const query = { agents: agents as never, filter: {}, now: T0, report };
	return await consumeHistory(
		(reading) => readTransactions(service.client, query, reading),
		async (batches) => {
			const rows: Row[] = [];
			for await (const batch of batches) {
				for (const { row } of batch) rows.push({ id: row.wire.id, at: row.at });
			}
			return rows;
		},
	);
}

const delays = fc.array(fc.nat(6), { minLength: 1, maxLength: 12 });

describe(`a history that changes while it is read (AMPERSEND_SEED=${seed})`, () => {
	it('has each row that stays once, newest first, in few requests', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(list, { minLength: 1, maxLength: 3 }),
				delays,
				fc.constantFrom(200, 200, 100, 37),
				async (plan, turns, cap) => {
					const service = new Service(plan, turns, cap);
					const rows = await readAll(service, plan, new HistoryReport());

					const ids = rows.map(({ id }) => id);
					expect(new Set(ids).size).toBe(ids.length);
					const missing = plan.flatMap((one, agent) =>
						Array.from({ length: one.rows }, (_, i) => `${agent}/${i}`).filter(
							(id) => !service.removed.has(id) && !ids.includes(id),
						),
					);
					expect(missing).toEqual([]);
					expect(rows.map(({ at }) => at)).toEqual(
						rows.map(({ at }) => at).sort((one, other) => other - one),
					);
					const all = plan.reduce((sum, one) => sum + one.rows, 0);
					const changes = plan.reduce((sum, one) => sum + one.changes.length, 0);
					const pages = plan.length + (2 * all) / cap;
					// A moment that doesn't fit on a page is read again, most often if its order changes.
					const isTight = plan.some(({ sameTime }) => sameTime > cap / 2);
					const most = (isTight ? 12 : 2) * pages + 16 * (changes + plan.length);
					expect(service.requests).toBeLessThanOrEqual(most);
				},
			),
			{ seed, numRuns: runs },
		);
	});

	it('has a row that moves up before it is read, or says that one may be missing', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 1500 }),
				fc.integer({ min: 2, max: 8 }),
				fc.nat(400),
				delays,
				async (rows, answer, count, turns) => {
					const plan: List[] = [
						{ rows, sameTime: 1, ties: 'kept', changes: [{ answer, kind: 'move up', count }] },
					];
					const service = new Service(plan, turns, 200);
					const report = new HistoryReport();
					const ids = (await readAll(service, plan, report)).map(({ id }) => id);

					expect(new Set(ids).size).toBe(ids.length);
					if (report.miscounts.length === 0) expect(ids).toHaveLength(rows);
				},
			),
			{ seed, numRuns: runs },
		);
	});
});

describe('a tally', () => {
	it('adds up a million random amounts exactly, by group, and what has moved', () => {
		const tally = new Tally<{ status: string }>();
		const statuses = ['denied', 'received', 'settled'];
		const sums = [0n, 0n, 0n];
		// A generator of its own, because a million random values take long to shrink.
		let state = BigInt(seed) + 1n;
		for (let i = 0; i < 1_000_000; i++) {
			state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
			const group = Number(state % 3n);
			sums[group]! += state;
			const status = statuses[group]!;
			const direction = status === 'settled' ? 'spend' : 'earn';
			tally.add({ status }, { amount: state, direction, status });
		}
		const [denied = 0n, received = 0n, settled = 0n] = sums;
		expect(tally.totals.map(({ amount }) => amount)).toEqual([denied, received, settled]);
		expect(tally.totals.map(({ moved }) => moved)).toEqual([0n, received, -settled]);
		expect(tally.whole).toEqual({
			rows: 1_000_000,
			amount: denied + received + settled,
			moved: received - settled,
		});
	});
});
