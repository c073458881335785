import { describe, expect, it } from '@jest/globals';

import { advance, startOf, type Poll } from '../../nodes/Ampersend/domain/cursor';
import {
	MOST_AGENTS,
	MOST_STATE_BYTES,
	readState,
	rowKey,
	writeState,
	type AgentCursor,
	type CursorState,
	type SeenRow,
} from '../../nodes/Ampersend/domain/cursor-state';
import type { EventFilter } from '../../nodes/Ampersend/domain/filter';
import { readBaseline, readNews, type PageAnswer, type PageRequest, type Pages, type Wants } from '../../nodes/Ampersend/domain/reading';
import type { ActivityRow } from '../../nodes/Ampersend/domain/transaction';

const T0 = Date.UTC(2026, 10, 15, 12);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const LOOK_BACK = 15 * MINUTE;

const everything: EventFilter = { events: [], counterparties: [] };
const wants: Wants = { lookBackMs: LOOK_BACK, horizon: T0 + 30 * DAY, enough: Infinity, counts: () => true };
const agent = `0x${'a'.repeat(40)}`;

const rowOf = (id: string, at: number, status = 'settled'): ActivityRow => ({
	id,
	type: 'spend',
	agent_address: agent,
	receiver: `0x${'b'.repeat(40)}`,
	amount: '1250000',
	status,
	timestamp: String(at),
	tx_hash: null,
	chain_caip2id: null,
});

/** So many rows, a second apart, the newest first. */
const rowsOf = (count: number, newest = T0) => Array.from({ length: count }, (_, i) => rowOf(`row ${count - i}`, newest - i * 1000));

type Service = (request: PageRequest) => PageAnswer;

/** A service that pages as assumed. */
function serviceOf(rows: ActivityRow[]): Service {
	return ({ page, limit }) => ({
		activity: rows.slice((page - 1) * limit, page * limit),
		hasNextPage: page * limit < rows.length,
		totalCount: rows.length,
	});
}

/** Gives a reading its pages; none any more after so many. */
function read<Result>(pages: Pages<Result>, service: Service, most = Infinity): { result: Result; requests: PageRequest[] } {
	const requests: PageRequest[] = [];
	let step = pages.next();
	while (!step.done) {
		const isOver = requests.length >= most;
		if (!isOver) requests.push(step.value);
		step = pages.next(isOver ? undefined : service(step.value));
	}
	return { result: step.value, requests };
}

const pollOf = (poll: Partial<Poll>): Poll => ({
	scope: 'all',
	filter: everything,
	lookBackMs: LOOK_BACK,
	horizon: wants.horizon,
	watched: [agent],
	vanished: [],
	readings: new Map(),
	mostEvents: 10_000,
	...poll,
});

/** A poll of the one agent. */
function poll(state: CursorState | undefined, service: Service, { most = Infinity, ...settings }: Partial<Poll> & { most?: number } = {}) {
	const full = pollOf(settings);
	const start = startOf(state, agent, full);
	const { result, requests } = read(start ? readNews(start, wants) : readBaseline(wants), service, most);
	const readings = new Map(result ? [[agent, result]] : []);
	const { state: next, events } = advance(state, { ...full, readings });
	return { state: next, ids: events.map(({ row }) => row.id), events, requests };
}

const cursorOf = (state: CursorState): AgentCursor => {
	const cursor = state.agents.get(agent);
	if (!cursor) throw new Error('it has no cursor');
	return cursor;
};

describe('reading', () => {
	const history = rowsOf(1000);
	const { state } = poll(undefined, serviceOf(history));

	it('asks for one small page where nothing is new, though the look-back holds hundreds of rows', () => {
		expect(poll(state, serviceOf(history)).requests).toEqual([{ page: 1, limit: 20 }]);
	});

	it('asks for one small page where few rows are new', () => {
		const { ids, requests } = poll(state, serviceOf([rowOf('b', T0 + 2), rowOf('a', T0 + 1), ...history]));
		expect(ids).toEqual(['a', 'b']);
		expect(requests).toEqual([{ page: 1, limit: 20 }]);
	});

	it('finds a late row among hundreds that were told of, and stops there', () => {
		const late = [...history];
		late.splice(300, 0, rowOf('late', T0 - 300_000));
		const { ids, requests } = poll(state, serviceOf(late));
		expect(ids).toEqual(['late']);
		expect(requests.map(({ page, limit }) => [page, limit])).toEqual([[1, 20], [1, 200], [2, 200]]);
	});

	it('goes on with a long backlog where time ended, in order, without reading a page twice', () => {
		const backlog = [...rowsOf(1100, T0 + DAY).map((row) => ({ ...row, id: `new ${row.id}` })), ...history];
		let next = state;
		const told: string[] = [];
		const pages: number[] = [];
		for (let i = 0; i < 10; i++) {
			const outcome = poll(next, serviceOf(backlog), { most: 3 });
			next = outcome.state;
			told.push(...outcome.ids);
			pages.push(...outcome.requests.filter(({ limit }) => limit === 200).map(({ page }) => page));
		}
		expect(told).toEqual(backlog.slice(0, 1100).map(({ id }) => id).reverse());
		expect(pages).toEqual([6, 5, 4, 3, 2, 1]);
	});

	it('ends a backlog when it has as many events as are wanted, held back ones not counted', () => {
		const backlog = rowsOf(2000, T0 + DAY).map((row, i) => ({ ...row, id: `new ${i}`, type: i % 400 === 0 ? ('earn' as const) : ('spend' as const) }));
		const reading = readNews(cursorOf(state), { ...wants, enough: 1, counts: ({ type }) => type === 'earn' });
		const { requests } = read(reading, serviceOf([...backlog, ...history]));
		expect(requests.map(({ page }) => page)).toEqual([1, 10, 9]);
	});

	it('looks for where the last days begin by halves', () => {
		const long = serviceOf(rowsOf(100_000));
		const since: AgentCursor = { newest: 0, floor: T0 - 50_000_000, total: null, rows: new Map() };
		const { result, requests } = read(readNews(since, { ...wants, enough: 1 }), long);
		expect(requests.length).toBeLessThan(15);
		expect(result.rows[0]?.at).toBeLessThanOrEqual(T0 - 50_000_000 + 200_000);
		expect(result.complete).toBe(false);
	});

	it.each<[string, Service]>([
		['gives the oldest rows first', serviceOf([...rowsOf(700)].reverse())],
		['counts the rows of a page only', (request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: request.limit })],
		['counts none', (request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: 0 })],
	])('loses nothing where the service %s', (_, service) => {
		const { state: empty } = poll(undefined, serviceOf([]));
		const { ids, state: next } = poll(empty, service);
		expect([...ids].sort()).toEqual(rowsOf(700).map(({ id }) => id).sort());
		expect(poll(next, service).ids).toEqual([]);
	});

	it('does not believe a count that its pages do not bear out', () => {
		const { state: empty } = poll(undefined, serviceOf([]));
		const service: Service = (request) => {
			const answer = serviceOf(rowsOf(300))(request);
			return { ...answer, totalCount: 900, hasNextPage: answer.activity.length > 0 && request.page * request.limit < 900 };
		};
		const { ids, state: next } = poll(empty, service);
		expect(ids).toHaveLength(300);
		expect(poll(next, service).ids).toEqual([]);
	});

	it('names a service that gives the same page again and again', () => {
		const { state: empty } = poll(undefined, serviceOf([]));
		const service: Service = ({ limit }) => ({ activity: rowsOf(limit), hasNextPage: true, totalCount: 0 });
		expect(() => poll(empty, service)).toThrow('gives the same rows again');
	});

	it('looks at no more than four pages of open rows in a poll, and at all of them in turn', () => {
		const open = rowsOf(2000).map((row, i) => (i % 200 === 199 ? { ...row, status: 'authorized' } : row));
		const first = poll(undefined, serviceOf([]));
		let { state: next } = poll(first.state, serviceOf(open));
		const settled = open.map((row) => ({ ...row, status: 'settled' }));
		const told: string[] = [];
		for (let i = 0; i < 4; i++) {
			const outcome = poll(next, serviceOf([rowOf(`newer ${i}`, T0 + DAY), ...settled]));
			expect(outcome.requests.length).toBeLessThanOrEqual(1 + 4 + 1);
			next = outcome.state;
			told.push(...outcome.ids.filter((id) => id.startsWith('row')));
		}
		expect(told).toHaveLength(10);
		expect(new Set(told).size).toBe(10);
	});
});

describe('a row dated in the future', () => {
	const far = rowOf('far', T0 + 400 * DAY);

	it('is told of once, and does not silence the others', () => {
		const { state } = poll(undefined, serviceOf([rowOf('a', T0)]));
		const first = poll(state, serviceOf([far, rowOf('a', T0)]));
		expect(first.ids).toEqual(['far']);
		const second = poll(first.state, serviceOf([far, rowOf('b', T0 + 1), rowOf('a', T0)]));
		expect(second.ids).toEqual(['b']);
	});

	it('does not move a baseline', () => {
		const { state } = poll(undefined, serviceOf([far, rowOf('a', T0)]));
		expect(cursorOf(state).newest).toBe(T0);
		expect(poll(state, serviceOf([far, rowOf('b', T0 + 1), rowOf('a', T0)])).ids).toEqual(['b']);
	});
});

describe('the stored state', () => {
	const { state } = poll(undefined, serviceOf([rowOf('b', T0, 'authorized'), rowOf('a', T0 - 1)]));
	const { stored } = writeState(state);

	it('is JSON that says its version', () => {
		expect(stored).toEqual(JSON.parse(JSON.stringify(stored)));
		expect(stored.version).toBe(2);
	});

	it('is read as it was written', () => {
		expect(readState(stored, everything)).toEqual(state);
	});

	it('holds no id of a payment', () => {
		const long = poll(undefined, serviceOf([rowOf('0b1f6a5e-3c55-4b7e-9a53-b5a4f0b6a001', T0)]));
		expect(JSON.stringify(writeState(long.state).stored)).not.toContain('0b1f6a5e');
	});

	it('of the first release is read: what it told of is not told of again', () => {
		const first = {
			version: 1,
			youngestAgentAt: T0 - DAY,
			agents: { [agent]: { newest: T0, rows: { a: { status: 'settled', at: T0 }, b: { status: 'authorized', at: T0 - 1 } } } },
		};
		const upgraded = readState(first, everything);
		if (!upgraded || upgraded === 'unreadable') throw new Error('it was not read');
		const rows = [rowOf('c', T0 + 1), rowOf('a', T0), rowOf('b', T0 - 1), ...rowsOf(500, T0 - DAY)];
		const { events } = poll(upgraded, serviceOf(rows), { scope: 'selected' });
		expect(events.map(({ row, previousStatus }) => [row.id, previousStatus])).toEqual([
			['b', 'authorized'],
			['c', null],
		]);
	});

	it('of a later release is refused, with what to do', () => {
		expect(() => readState({ ...stored, version: 3 }, everything)).toThrow('stored by a later release (version 3 of its state)');
	});

	it('is no state where nothing is stored', () => {
		expect(readState(undefined, everything)).toBeUndefined();
		expect(readState(null, everything)).toBeUndefined();
	});

	const [cursor] = Object.values(stored.agents);
	it.each<[string, unknown]>([
		['text', 'cursor'],
		['a list', [stored]],
		['an empty object', {}],
		['version 0', { ...stored, version: 0 }],
		['another scope', { ...stored, scope: 'some' }],
		['no agents', { ...stored, agents: null }],
		['an agent that is text', { ...stored, agents: { [agent]: 'x' } }],
		['an agent without a floor', { ...stored, agents: { [agent]: { ...cursor, floor: undefined } } }],
		['an agent whose count is text', { ...stored, agents: { [agent]: { ...cursor, total: '1' } } }],
		['an agent without rows', { ...stored, agents: { [agent]: { ...cursor, rows: undefined } } }],
		['a row without a status', { ...stored, agents: { [agent]: { ...cursor, rows: { a: [0, 1] } } } }],
		['no filters', { ...stored, filters: [] }],
		['a filter without events', { ...stored, filters: [{ counterparties: [] }] }],
		['statuses that are no text', { ...stored, statuses: [1] }],
		['version 1 with rows that are a list', { version: 1, agents: { [agent]: { newest: 0, rows: { a: 'settled' } } } }],
	])('that is %s is not taken for one', (_, other) => {
		expect(readState(other, everything)).toBe('unreadable');
	});

	const sizeOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;
	const stateOf = (agents: number, rows: number, at: (n: number) => number, status = 'settled'): CursorState => {
		const seen = (a: number) => Array.from({ length: rows }, (_, n): [string, SeenRow] => [rowKey(`${a}:${n}`), { at: at(n), ordinal: n + 1, statuses: [status] }]);
		const cursors = Array.from({ length: agents }, (_, a): [string, AgentCursor] => [
			`0x${a.toString(16).padStart(40, '0')}`,
			{ newest: T0, floor: T0 - LOOK_BACK, total: rows, rows: new Map(seen(a)) },
		]);
		return { scope: 'all', agents: new Map(cursors), filters: [everything] };
	};

	it.each([
		['20 000 rows within the look-back', stateOf(1, 20_000, (n) => T0 - n)],
		['20 000 rows of one millisecond', stateOf(1, 20_000, () => T0)],
		['20 000 open rows', stateOf(1, 20_000, (n) => T0 - n * MINUTE, 'authorized')],
		['as many agents as are watched, with 50 rows each', stateOf(MOST_AGENTS, 50, (n) => T0 - n)],
		['a status of a megabyte', stateOf(2, 2, () => T0, 'é'.repeat(1_000_000))],
	])('of %s is within its bound, and says what was cut', (_, large) => {
		const { stored: short, shortened } = writeState(large);
		expect(sizeOf(short)).toBeLessThanOrEqual(MOST_STATE_BYTES);
		expect(shortened.length).toBe(large.agents.size);
	});

	it('that was cut lets nothing be told of twice', () => {
		const rows = Array.from({ length: 20_000 }, (_, n) => rowOf(`row ${n}`, T0 - (n % 7)));
		const service = serviceOf(rows.sort((one, other) => Number(other.timestamp) - Number(one.timestamp)));
		const { state: empty } = poll(undefined, serviceOf([]));
		const told = new Set<string>();
		let next = empty;
		for (let i = 0; i < 8; i++) {
			const outcome = poll(next, service);
			for (const id of outcome.ids) {
				expect(told.has(id)).toBe(false);
				told.add(id);
			}
			const read = readState(writeState(outcome.state).stored, everything);
			if (!read || read === 'unreadable') throw new Error('it cannot be read again');
			next = read;
		}
		expect(told.size).toBeGreaterThan(9_000);
	});

	it('forgets rows of agents that have vanished before it cuts others, and the agents last', () => {
		const large = stateOf(800, 9, (n) => T0 - n);
		const half = [...large.agents].map(([key, value], i): [string, AgentCursor | null] => [key, i % 2 === 0 && value ? { ...value, vanished: true } : value]);
		const { stored: short, shortened } = writeState({ ...large, agents: new Map(half) });
		expect(shortened).toEqual([]);
		expect(Object.keys(short.agents)).toHaveLength(800);
		const crowded = new Map([...large.agents].flatMap(([key, value]) => [0, 1, 2].map((n) => [`${n}${key}`, value && { ...value, vanished: n > 0 ? (true as const) : undefined }] as const)));
		expect(Object.keys(writeState({ ...large, agents: crowded }).stored.agents)).toHaveLength(800);
	});

	it('keeps a few old filters at most', () => {
		let next = state;
		for (let n = 0; n < 20; n++) {
			const filter = { ...everything, minimumMicro: String(n) };
			next = advance(next, pollOf({ filter })).state;
		}
		expect(writeState(next).stored.filters.length).toBeLessThanOrEqual(5);
	});
});
