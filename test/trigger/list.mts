import { expect } from '@jest/globals';
import type { IDataObject } from 'n8n-workflow';

import type { Agent } from '../../tools/emulator/index.mts';
import type { TriggerUnderTest } from '../nodes/n8nCore.mts';
import { idsOf, OWN_ACTIVITY, rowsOf, type TriggerBench, type WirePage } from './trigger.mts';

export type WireRow = WirePage['activity'][number];

export interface Request {
	page: number;
	limit: number;
	/** Counts the requests of this list from 1. */
	number: number;
}

/** How a service divides its list into pages. @param rows the newest first */
export type Division = (rows: WireRow[], request: Request) => Partial<WirePage>;

/** What the service does before it answers. */
export type Meanwhile = (list: ScriptedList, request: Request) => void;

export const divide: Division = (rows, { page, limit }) => ({
	activity: rows.slice((page - 1) * limit, page * limit),
	hasNextPage: page * limit < rows.length,
	totalCount: rows.length,
});

/** The list of one agent, which a test can change. */
export class ScriptedList {
	/** Newest first. */
	rows: WireRow[] = [];
	division: Division = divide;
	meanwhile: Meanwhile = () => {};
	requests = 0;

	constructor(private readonly address: string) {}

	answer(page: number, limit: number): Partial<WirePage> {
		const request = { page, limit, number: ++this.requests };
		this.meanwhile(this, request);
		return this.division(this.rows, request);
	}

	/** Applies from the next request, which is then number 1. */
	from(meanwhile: Meanwhile): void {
		this.requests = 0;
		this.meanwhile = meanwhile;
	}

	/** Inserts a row by its time, above rows with the same time. */
	add(id: string, at: number, status = 'settled'): void {
		this.place({
			type: 'spend',
			id,
			agent_address: this.address,
			receiver: this.address,
			amount: '1',
			status,
			timestamp: String(at),
			tx_hash: null,
			chain_caip2id: null,
		});
	}

	/** Ids start at `name 0`, the oldest. */
	addMany(name: string, count: number, newest: number, everyMs: number, status?: string): void {
		for (let i = 0; i < count; i++)
			this.add(`${name} ${i}`, newest - (count - 1 - i) * everyMs, status);
	}

	/** Removes rows by their place; the newest is 0. */
	remove(place: number, count = 1): WireRow[] {
		return this.rows.splice(place, count);
	}

	/** Removes the oldest rows. */
	prune(count: number): WireRow[] {
		return this.remove(Math.max(0, this.rows.length - count), count);
	}

	setStatus(id: string, status: string): void {
		const row = this.rows.find((one) => one.id === id);
		if (row) row.status = status;
	}

	/** For a service whose `timestamp` is that of the last change. */
	change(id: string, status: string, at: number): void {
		const [row] = this.remove(this.rows.findIndex((one) => one.id === id));
		if (row) this.place({ ...row, status, timestamp: String(at) });
	}

	private place(row: WireRow): void {
		const at = Number(row.timestamp);
		const place = this.rows.findIndex(({ timestamp }) => Number(timestamp) <= at);
		this.rows.splice(place < 0 ? this.rows.length : place, 0, row);
	}
}

/** A service with such a list for the agent that was asked for last, in its session. */
export function useOwnLists(service: TriggerBench): (agent: Agent) => ScriptedList {
	let list = new ScriptedList('');
	service.changePages(
		(_, { query }) => list.answer(Number(query.page), Number(query.limit)) as WirePage,
		{ route: OWN_ACTIVITY },
	);
	return ({ address }) => (list = new ScriptedList(address));
}

/** A service with such a list for each agent. */
export function useLists(service: TriggerBench): (agent?: Agent) => ScriptedList {
	const lists = new Map<string, ScriptedList>();
	const listOf = (address: string) => {
		const key = address.toLowerCase();
		const list = lists.get(key) ?? new ScriptedList(address);
		lists.set(key, list);
		return list;
	};
	service.changePages((_, { params, query }) => {
		const list = listOf(String(params.address));
		return list.answer(Number(query.page), Number(query.limit)) as WirePage;
	});
	return (agent = service.buyer) => listOf(agent.address);
}

export const named = (name: string, count: number, from = 0) =>
	Array.from({ length: count }, (_, i) => `${name} ${i + from}`);

/** What a poll emitted, and how much it requested. */
export interface Polled {
	items: IDataObject[];
	/** For activity. */
	requests: number;
	error?: Error;
}

export async function pollOnce(service: TriggerBench, trigger: TriggerUnderTest): Promise<Polled> {
	service.emulator.clearCalls();
	try {
		const items = (await trigger.poll()) ?? [];
		return { items, requests: service.readings.length };
	} catch (error) {
		return { items: [], requests: service.readings.length, error: error as Error };
	}
}

/** Polls until that many in a row emit nothing. */
export async function pollUntilQuiet(
	service: TriggerBench,
	trigger: TriggerUnderTest,
	{ quiet = 2, most = 40 } = {},
): Promise<Polled[]> {
	const polls: Polled[] = [];
	for (let inARow = 0; inARow < quiet && polls.length < most; ) {
		const polled = await pollOnce(service, trigger);
		polls.push(polled);
		inARow = polled.items.length === 0 ? inARow + 1 : 0;
	}
	return polls;
}

export const itemsOf = (polls: Polled[]) => polls.flatMap(({ items }) => items);
export const mostRequests = (polls: Polled[]) => Math.max(...polls.map(({ requests }) => requests));

/**
 * Checks that each of these payments was emitted, and none twice. Any of those in `may` can come.
 * @param ids of rows, in order; with a colon, of a row and its status
 */
export function expectEach(items: IDataObject[], ids: string[], may: string[] = []): void {
	const events = idsOf(items) ?? [];
	const short = ids.some((id) => id.includes(':')) ? events : rowsOf(items);
	const [wanted, found, seen] = [new Set([...ids, ...may]), new Set(short), new Set<string>()];
	expect({
		lost: ids.filter((id) => !found.has(id)),
		twice: events.filter((id) => seen.size === seen.add(id).size),
		strange: short.filter((id) => !wanted.has(id)),
	}).toEqual({ lost: [], twice: [], strange: [] });
}

/** Checks that the oldest come first. */
export function expectInOrder(items: IDataObject[]): void {
	const times = items.map(({ occurredAt }) => String(occurredAt));
	expect(times).toEqual(times.toSorted());
}
