import { describe, expect, it } from '@jest/globals';

import type {
	PageAnswer,
	PageRequest,
	Pages,
	ActivityRow,
} from '../../nodes/Ampersend/api/lists/pages';
import type { Activity } from '../../nodes/Ampersend/schemas/activity';
import { advance, beginWith, startOf, type Poll } from '../../nodes/Ampersend/trigger/cursor';
import { intersect, isSameFilter, type RowFilter } from '../../nodes/Ampersend/domain/filter';
import { readBaseline, readNews, sizes, type Wants } from '../../nodes/Ampersend/trigger/reading';
import {
	MAX_AGENTS,
	MAX_STATE_BYTES,
	rowKey,
	type AgentCursor,
	type KnownRow,
	type TriggerState,
} from '../../nodes/Ampersend/trigger/state';
import { smallSizes } from './model/history.mts';
import { Service, tame } from './model/service.mts';
import { readStored, writeStored } from './storedState.mts';

const T0 = Date.UTC(2026, 10, 15, 12);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const LOOK_BACK = 15 * MINUTE;

const wants: Wants = {
	lookBackMs: LOOK_BACK,
	horizon: T0 + 30 * DAY,
	now: T0 - 30 * DAY,
	enough: Infinity,
	counts: () => true,
	sizes,
};
const agent = `0x${'a'.repeat(40)}`;
const idlePage = { page: 1, limit: 20 };

const rowOf = (id: string, at: number, status = 'settled'): Activity => ({
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

/** `count` rows, a second apart, newest first. */
const rowsOf = (count: number, newest = T0, name = 'row') =>
	Array.from({ length: count }, (_, i) => rowOf(`${name} ${count - i}`, newest - i * SECOND));

const idsOf = (rows: Activity[]) => rows.map(({ id }) => id);

type Answers = (request: PageRequest) => PageAnswer;

/** A service whose paging is as the reading assumes. */
function serviceOf(rows: Activity[]): Answers {
	return ({ page, limit }) => ({
		activity: rows.slice((page - 1) * limit, page * limit),
		hasNextPage: page * limit < rows.length,
		totalCount: rows.length,
	});
}

/** Answers a reading's requests, up to `most` of them. */
function read<Result>(pages: Pages<Result>, service: Answers, most = Infinity) {
	const requests: PageRequest[] = [];
	let step = pages.next();
	while (!step.done) {
		const isOver = requests.length >= most;
		if (!isOver) requests.push(step.value);
		step = pages.next(isOver ? undefined : service(step.value));
	}
	return { result: step.value, requests };
}

interface PollOptions extends Partial<Poll> {
	/** How many pages there is time for. */
	most?: number;
	/** The agent's, in epoch ms. */
	createdAt?: number;
}

/** Polls the one agent. */
function poll(
	stored: TriggerState | undefined,
	service: Answers,
	{ most, createdAt = T0 - 30 * DAY, ...settings }: PollOptions = {},
) {
	const full = {
		scope: 'all' as const,
		filter: {},
		now: T0,
		lookBackMs: LOOK_BACK,
		horizon: wants.horizon,
		missing: [],
		maxEvents: 10_000,
		...settings,
	};
	const begun = beginWith(stored, full.filter, full.process);
	const start = startOf(begun.state, agent, createdAt, full);
	const pages = start ? readNews(start, wants) : readBaseline(wants);
	const { result, requests } = read(pages, service, most);
	const readings = new Map(result ? [[agent, result]] : []);
	const { state: next, events } = advance(begun, {
		...full,
		starts: new Map([[agent, start]]),
		readings,
	});
	return { state: next, ids: events.map(({ row }) => row.wire.id), events, requests };
}

const cursorOf = (state: TriggerState): AgentCursor => {
	const cursor = state.agents.get(agent);
	if (!cursor) throw new Error('it has no cursor');
	return cursor;
};

/** The state of an agent without payments. */
const { state: empty } = poll(undefined, serviceOf([]));

describe('reading', () => {
	const history = rowsOf(1000);
	const { state } = poll(undefined, serviceOf(history));

	it('requests one small page if nothing is new, even with hundreds in the look-back', () => {
		const first = poll(state, serviceOf(history));
		expect(first.requests).toEqual([idlePage]);
		expect(poll(first.state, serviceOf(history)).requests).toEqual([idlePage]);
	});

	it('requests one small page if few rows are new and few are in the look-back', () => {
		const few = history.map((row, i) => rowOf(row.id, T0 - i * MINUTE));
		const { state: known } = poll(undefined, serviceOf(few));
		const { ids, requests } = poll(
			known,
			serviceOf([rowOf('b', T0 + 2), rowOf('a', T0 + 1), ...few]),
		);
		expect(ids).toEqual(['a', 'b']);
		expect(requests).toEqual([idlePage]);
	});

	it('requests one small page again after a poll with new rows', () => {
		const service = serviceOf([...rowsOf(450, T0 + DAY, 'new'), ...history]);
		const { state: next, ids } = poll(state, service);
		expect(ids).toHaveLength(450);
		expect(poll(next, service).requests).toEqual([idlePage]);
	});

	it('finds a late row among hundreds of emitted ones by the count', () => {
		const late = [...history];
		late.splice(300, 0, rowOf('late', T0 - 300 * SECOND));
		const { ids, requests } = poll(state, serviceOf(late));
		expect(ids).toEqual(['late']);
		expect(requests.length).toBeLessThanOrEqual(8);
	});

	it('finds a late row that the count hides when the next new row comes', () => {
		const late = history.slice(0, -1);
		late.splice(300, 0, rowOf('late', T0 - 300 * SECOND));
		const first = poll(state, serviceOf(late));
		const second = poll(first.state, serviceOf([rowOf('new', T0 + 1), ...late]));
		expect([...first.ids, ...second.ids]).toEqual(['late', 'new']);
	});

	it('continues a long backlog where it ran out of time, in order', () => {
		const backlog = rowsOf(1100, T0 + DAY, 'new');
		let next = state;
		const emitted: string[] = [];
		let polls = 0;
		while (emitted.length < 1100 && polls++ < 20) {
			const outcome = poll(next, serviceOf([...backlog, ...history]), { most: 4 });
			next = outcome.state;
			emitted.push(...outcome.ids);
		}
		expect(emitted).toEqual(idsOf(backlog).reverse());
		expect(polls).toBeLessThanOrEqual(6);
	});

	it('stops in a backlog once it has enough events; filtered-out ones do not count', () => {
		const backlog = rowsOf(2000, T0 + DAY, 'new').map((row, i) => ({
			...row,
			type: i % 400 === 0 ? ('earn' as const) : ('spend' as const),
		}));
		const service = serviceOf([...backlog, ...history]);
		const counts = ({ direction }: ActivityRow) => direction === 'earn';
		const { result, requests } = read(
			readNews(cursorOf(state), { ...wants, enough: 1, counts }),
			service,
		);
		expect(result.isWhole).toBe(false);
		expect(result.rows.some(counts)).toBe(true);
		expect(requests.length).toBeLessThanOrEqual(12);
	});

	it.each<[string, (answer: PageAnswer) => PageAnswer]>([
		['', (answer) => answer],
		[', without a count', ({ activity, hasNextPage }) => ({ activity, hasNextPage })],
	])('finds the start of the last days by bisection%s', (_, change) => {
		const rows = rowsOf(100_000);
		const floor = T0 - 50_000 * SECOND;
		const since: AgentCursor = { newest: 0, floor, asOf: 0, rows: new Map() };
		const { result, requests } = read(readNews(since, { ...wants, enough: 1 }), (request) =>
			change(serviceOf(rows)(request)),
		);
		expect(requests.length).toBeLessThan(35);
		const wanted = result.rows.filter(({ at }) => at >= floor);
		expect(wanted[0]?.at).toBe(floor);
		expect(result.isWhole).toBe(false);
	});

	it.each<[string, Answers]>([
		['sorts the oldest rows first', serviceOf([...rowsOf(700)].reverse())],
		[
			'counts only the rows of a page',
			(request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: request.limit }),
		],
		['returns the count 0', (request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: 0 })],
		[
			'returns no count',
			(request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: undefined }),
		],
		[
			'counts five rows too many',
			(request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: 705 }),
		],
		[
			'counts five rows too few',
			(request) => ({ ...serviceOf(rowsOf(700))(request), totalCount: 695 }),
		],
	])('loses nothing if the service %s', (_, service) => {
		const { ids, state: next } = poll(empty, service);
		expect([...ids].sort()).toEqual(idsOf(rowsOf(700)).sort());
		expect(poll(next, service).ids).toEqual([]);
	});

	it('ignores a count that contradicts the pages', () => {
		const service: Answers = (request) => {
			const answer = serviceOf(rowsOf(300))(request);
			const hasNextPage = answer.activity.length > 0 && request.page * request.limit < 900;
			return { ...answer, totalCount: 900, hasNextPage };
		};
		const { ids, state: next } = poll(empty, service);
		expect(ids).toHaveLength(300);
		expect(poll(next, service).ids).toEqual([]);
	});

	it('reads moments with more payments than a page, whose order differs in each answer', () => {
		const moments: Array<[minutes: number, payments: number]> = [
			[600, 5],
			[200, 23],
			[199, 23],
			[190, 3],
			[90, 23],
			[60, 2],
			[0, 23],
		];
		const rows = moments.toReversed().flatMap(([minutes, count], moment) =>
			Array.from({ length: count }, (_, i) => ({
				id: `${moment} ${i}`,
				at: T0 + minutes * MINUTE,
				seq: 100 * moment + i,
				type: 'earn' as const,
				status: 'settled',
			})),
		);
		const floor = T0 + 75 * MINUTE;
		const newest = floor + LOOK_BACK;
		const cursor = { newest, floor, asOf: newest, rank: 45, rows: new Map() };
		const isNew = ({ at }: { at: number }) => at >= floor;
		const service = new Service({ ...tame, cap: 7, ties: 'new', within: 'shuffled' });
		for (let poll = 0; poll < 100; poll++) {
			const answer = (request: PageRequest) => service.answer(agent, rows, Infinity, request);
			const news = readNews(cursor, { ...wants, sizes: { ...smallSizes, rows: 200 } });
			const { result } = read(news, answer);
			const ids = result.rows.filter(isNew).map(({ wire }) => wire.id);
			expect(ids.toSorted()).toEqual(
				rows
					.filter(isNew)
					.map(({ id }) => id)
					.toSorted(),
			);
		}
	});

	it('reports a service that repeats the same page', () => {
		const service: Answers = ({ limit }) => ({
			activity: rowsOf(limit),
			hasNextPage: true,
			totalCount: 0,
		});
		expect(() => poll(empty, service)).toThrow('returns the same rows again');
	});

	it('reports a service that returns other rows each time, after a limited number of pages', () => {
		let answers = 0;
		const service: Answers = ({ limit }) => ({
			activity: rowsOf(limit, T0 + 10 * DAY - answers++, `${answers}`),
			hasNextPage: true,
			totalCount: answers * 1000,
		});
		expect(() => poll(empty, service)).toThrow('changes its list faster than it can be read');
		expect(answers).toBeLessThanOrEqual(sizes.pages);
	});

	it('reads at most four pages of open rows per poll, and all of them in turn', () => {
		const open = rowsOf(2000).map((row, i) =>
			i % 200 === 199 ? { ...row, status: 'authorized' } : row,
		);
		let { state: next } = poll(empty, serviceOf(open));
		const settled = open.map((row) => ({ ...row, status: 'settled' }));
		const service = serviceOf(settled);
		const emitted: string[] = [];
		for (let i = 0; i < 4; i++) {
			const outcome = poll(next, service);
			expect(outcome.requests.length).toBeLessThanOrEqual(1 + sizes.openPages);
			next = outcome.state;
			emitted.push(...outcome.ids);
		}
		expect(emitted).toHaveLength(10);
		expect(new Set(emitted).size).toBe(10);
	});

	it.each([5, 6, 9, 10, 15])(
		'reads each of %s open rows repeatedly while they are open',
		(count) => {
			const rows = rowsOf(200 * count).map((row, i) =>
				i % 200 === 199 ? { ...row, status: 'authorized' } : row,
			);
			let { state: next } = poll(empty, serviceOf(rows));
			const pages = new Set<number>();
			for (let i = 0; i < count; i++) {
				const outcome = poll(next, serviceOf(rows));
				for (const { page, limit } of outcome.requests) if (limit === sizes.page) pages.add(page);
				next = outcome.state;
			}
			expect(pages.size).toBe(count);
		},
	);
});

describe('an empty answer', () => {
	const service = serviceOf(rowsOf(30));

	it('is requested again before it becomes the baseline', () => {
		let answers = 0;
		const { state } = poll(undefined, (request) =>
			answers++ === 0 ? serviceOf([])(request) : service(request),
		);
		expect(poll(state, service).ids).toEqual([]);
	});

	it('does not become the baseline if the count contradicts it', () => {
		const { state } = poll(undefined, () => ({
			activity: [],
			hasNextPage: false,
			totalCount: 30,
		}));
		expect(state.agents.get(agent)).toBeNull();
		const next = poll(state, service);
		expect(next.ids).toEqual([]);
		expect(poll(next.state, serviceOf([rowOf('a', T0 + 1), ...rowsOf(30)])).ids).toEqual(['a']);
	});
});

describe('a row dated in the future', () => {
	const far = rowOf('far', T0 + 400 * DAY);

	it('is emitted once, and does not suppress others', () => {
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

describe('an agent', () => {
	const service = serviceOf(rowsOf(3));
	const other: TriggerState = { scope: 'all', since: T0, agents: new Map(), filter: {} };

	it.each([
		['created after the baseline is read from its start', 1, 3],
		['created at the baseline is too, even if clocks differ', -14 * MINUTE, 3],
		['created before the baseline gets its own baseline', -16 * MINUTE, 0],
	])('%s', (_, after, count) => {
		expect(poll(other, service, { createdAt: T0 + after }).ids).toHaveLength(count);
	});

	it('that is chosen later gets its own baseline', () => {
		const selected = { scope: 'selected', createdAt: T0 + DAY } as const;
		expect(poll({ ...other, scope: 'selected' }, service, selected).ids).toEqual([]);
		expect(poll(other, service, selected).ids).toEqual([]);
		expect(poll({ ...other, scope: 'selected' }, service, { createdAt: T0 + DAY }).ids).toEqual([]);
	});
});

describe('a changed filter', () => {
	const least = (minimumMicro: string): RowFilter => ({ minimumMicro });
	const service = serviceOf(rowsOf(3));

	it('lets only what both filters match pass until the agent is read', () => {
		const { state } = poll(empty, serviceOf([]), { filter: least('2000000') });
		const first = poll(state, service);
		expect(first.ids).toEqual([]);
		expect(cursorOf(first.state).filter).toBeUndefined();
		expect(poll(first.state, serviceOf([rowOf('a', T0 + 1), ...rowsOf(3)])).ids).toEqual(['a']);
	});

	it('is kept as one filter per agent, however often it changes', () => {
		let next = poll(empty, serviceOf([]), { filter: least('2000000') }).state;
		for (let n = 0; n < 20; n++)
			next = poll(next, service, { filter: least(`${n}`), most: 0 }).state;
		expect(cursorOf(next).filter).toEqual(least('2000000'));
		expect(JSON.stringify(writeStored(next).stored).length).toBeLessThan(1000);
		expect(poll(next, service).ids).toEqual([]);
	});

	it('is intersected with the earlier one', () => {
		const one: RowFilter = { statuses: ['a', 'b'], minimumMicro: '9' };
		const other: RowFilter = { statuses: ['b', 'c'], minimumMicro: '10' };
		const both = intersect(one, { ...other, directions: ['earn'] });
		expect(both).toStrictEqual({
			statuses: ['b'],
			minimumMicro: '10',
			directions: ['earn'],
		});
		expect(isSameFilter(intersect(one, one), one)).toBe(true);
		expect(isSameFilter(one, both)).toBe(false);
	});
});

describe('the last batch', () => {
	const payments = rowsOf(3);
	const first = poll(empty, serviceOf(payments), { process: 'one' });
	const again = (one: TriggerState) => {
		const state = readStored(writeStored(one).stored);
		if (!state || state === 'unreadable') throw new Error('it cannot be read again');
		return state;
	};
	const stored = () => again(first.state);
	const [settled, denied] = [{ statuses: ['settled'] }, { statuses: ['denied'] }];
	const newer = [rowOf('new', T0 + 1), ...payments];

	it('is repeated in another process if enabled, with new events', () => {
		const repeated = poll(stored(), serviceOf(newer), { process: 'two' });
		expect(repeated.ids).toEqual([...first.ids, 'new']);
		expect(poll(repeated.state, serviceOf(newer), { process: 'two' }).ids).toEqual([]);
	});

	it('is repeated in each other process until one emits more', () => {
		const quiet = poll(stored(), serviceOf(payments), { process: 'one' });
		expect(quiet.ids).toEqual([]);
		expect(poll(quiet.state, serviceOf(payments), { process: 'two' }).ids).toEqual(first.ids);
	});

	it.each([
		['is repeated with one less than a minute before it', MINUTE - 1, [...first.ids, 'new']],
		['is repeated alone a minute after the one before it', MINUTE, ['new']],
	])('%s', (_, after, ids) => {
		const second = poll(stored(), serviceOf(newer), { process: 'one', now: T0 + after });
		expect(second.ids).toEqual(['new']);
		const now = T0 + DAY;
		const repeated = poll(again(second.state), serviceOf(newer), { process: 'two', now });
		expect(repeated.ids).toEqual(ids);
	});

	it('covers at most a minute, however many batches follow each other', () => {
		let [next, rows] = [stored(), payments];
		for (let i = 1; i <= 4; i++) {
			rows = [rowOf(`${i}`, T0 + i), ...rows];
			const now = T0 + i * 25 * SECOND;
			next = again(poll(next, serviceOf(rows), { process: 'one', now }).state);
		}
		expect(poll(next, serviceOf(rows), { process: 'two', now: T0 + DAY }).ids).toEqual(['3', '4']);
	});

	it('ages from when it was repeated', () => {
		const at = (seconds: number) => ({ process: 'two', now: T0 + seconds * SECOND });
		const repeated = poll(stored(), serviceOf(payments), at(50));
		expect(repeated.ids).toEqual(first.ids);
		const second = poll(again(repeated.state), serviceOf(newer), at(70));
		expect(second.ids).toEqual(['new']);
		const last = poll(again(second.state), serviceOf(newer), { ...at(80), process: 'three' });
		expect(last.ids).toEqual([...first.ids, 'new']);
	});

	it('survives polls without events for hours', () => {
		let next = stored();
		for (let i = 1; i < 4; i++) {
			const now = T0 + i * 60 * MINUTE;
			next = again(poll(next, serviceOf(payments), { process: 'one', now }).state);
		}
		expect(poll(next, serviceOf(payments), { process: 'two' }).ids).toEqual(first.ids);
	});

	it('is not repeated in the same process or if disabled', () => {
		expect(poll(stored(), serviceOf(payments), { process: 'one' }).ids).toEqual([]);
		const without = poll(stored(), serviceOf(payments));
		expect(without.ids).toEqual([]);
		expect(without.state.lastBatch).toBeUndefined();
	});

	it('is repeated without what a changed filter rejects', () => {
		const changed = { process: 'two', filter: denied };
		expect(poll(stored(), serviceOf(payments), changed).ids).toEqual([]);
	});

	describe('from before a wider filter', () => {
		const mixed = [rowOf('no', T0 + 2, 'denied'), rowOf('yes', T0 + 1), ...payments];
		const later = [rowOf('later', T0 + 3, 'denied'), ...mixed];
		const known = poll(undefined, serviceOf(payments), { filter: settled }).state;
		const batch = poll(known, serviceOf(mixed), { filter: settled, process: 'one' });
		const hourOn = { now: T0 + 60 * MINUTE };

		it('is repeated, and payments from before the change have to match both filters', () => {
			expect(batch.ids).toEqual(['yes']);
			const repeated = poll(again(batch.state), serviceOf(later), { process: 'two' });
			expect(repeated.ids).toEqual(['yes']);
			expect(poll(again(repeated.state), serviceOf(later), { process: 'two' }).ids).toEqual([]);
		});

		it('is repeated after each restart without what was filtered out', () => {
			let next = batch.state;
			for (const process of ['two', 'three', 'four']) {
				const repeated = poll(again(next), serviceOf(mixed), { ...hourOn, process });
				expect(repeated.ids).toEqual(['yes']);
				next = repeated.state;
			}
		});

		it('loses nothing if another batch follows within a minute', () => {
			const changed = poll(again(batch.state), serviceOf(mixed), { process: 'one' });
			const second = poll(again(changed.state), serviceOf(later), { process: 'one' });
			expect(second.ids).toEqual(['later']);
			const repeated = poll(again(second.state), serviceOf(later), { process: 'two' });
			expect(repeated.ids).toEqual(expect.arrayContaining(['yes', 'later']));
		});
	});

	it('is not repeated for an agent that gets a new baseline', () => {
		const next = stored();
		const dropped: TriggerState = { ...next, agents: new Map() };
		const chosen = poll(dropped, serviceOf(payments), { process: 'one', scope: 'selected' });
		expect(chosen.ids).toEqual([]);
		expect(poll(again(chosen.state), serviceOf(payments), { process: 'two' }).ids).toEqual([]);
	});
});

describe('the stored state', () => {
	const { state } = poll(
		undefined,
		serviceOf([rowOf('b', T0, 'authorized'), rowOf('a', T0 - 1, 'pending')]),
	);
	const { stored } = writeStored(state);

	it('is JSON with a version', () => {
		expect(stored).toStrictEqual(JSON.parse(JSON.stringify(stored)));
		expect(stored.version).toBe(1);
	});

	it('is read back as it was written', () => {
		expect(readStored(stored)).toEqual(state);
	});

	it('is readable in version 1 by this release and every later one', () => {
		const cursor = {
			newest: T0,
			floor: LOOK_BACK,
			asOf: 0,
			rank: 2,
			rows: {
				[rowKey('b')]: [0, 2, 'authorized'],
				[rowKey('a')]: [1, 0, 'authorized', 'settled'],
			},
		};
		const first = {
			version: 1,
			scope: 'all',
			since: T0,
			agents: { [agent]: cursor, ['0xb']: null },
			filter: { statuses: ['settled'], minimumMicro: '1' },
			filters: [{ statuses: ['denied'] }, { statuses: [] }],
			next: agent,
			lastBatch: { process: 'p', since: T0 - 1, agents: { [agent]: { ...cursor, filter: 1 } } },
		};
		const known: AgentCursor = {
			newest: T0,
			floor: T0 - LOOK_BACK,
			asOf: T0,
			rank: 2,
			rows: new Map([
				[rowKey('b'), { at: T0, rank: 2, statuses: ['authorized'] }],
				[rowKey('a'), { at: T0 - 1, statuses: ['authorized', 'settled'] }],
			]),
		};
		expect(readStored(first)).toEqual({
			scope: 'all',
			since: T0,
			agents: new Map([
				[agent, known],
				['0xb', null],
			]),
			filter: { statuses: ['settled'], minimumMicro: '1' },
			next: agent,
			lastBatch: {
				process: 'p',
				since: T0 - 1,
				agents: new Map([[agent, { ...known, filter: { statuses: [] } }]]),
			},
		});
	});

	it("has each of the agents' filters once", () => {
		const [own, shared, last] = ['1', '2', '3'].map((minimumMicro) => ({ minimumMicro }));
		const agents = new Map(
			[shared, undefined, own, shared].map((filter, i): [string, AgentCursor] => [
				`0x${i}`,
				{ ...cursorOf(state), ...(filter && { filter }) },
			]),
		);
		const batch = new Map([['0x0', { ...cursorOf(state), filter: last }]]);
		const many: TriggerState = {
			...state,
			agents,
			filter: own ?? {},
			lastBatch: { process: 'p', since: T0, agents: batch },
		};
		const { stored: short } = writeStored(many);
		expect(short.filter).toEqual(own);
		expect(short.filters).toEqual([shared, own, last]);
		expect(readStored(JSON.parse(JSON.stringify(short)))).toEqual(many);
	});

	it('contains no payment ids', () => {
		const id = '0b1f6a5e-3c55-4b7e-9a53-b5a4f0b6a001';
		const long = poll(undefined, serviceOf([rowOf(id, T0)]));
		expect(JSON.stringify(writeStored(long.state).stored)).not.toContain('0b1f6a5e');
	});

	it('is rejected if a newer release wrote it', () => {
		expect(() => readStored({ ...stored, version: 2 })).toThrow(
			'a newer release stored the position (state version 2)',
		);
	});

	const [cursor] = Object.values(stored.agents);
	const withAgent = (one: unknown) => ({ ...stored, agents: { [agent]: one } });
	it.each<[string, unknown]>([
		['text', 'cursor'],
		['a list', [stored]],
		['an empty object', {}],
		['version 0', { ...stored, version: 0 }],
		['another scope', { ...stored, scope: 'some' }],
		['no time', { ...stored, since: undefined }],
		['no agents', { ...stored, agents: null }],
		['an agent that is text', withAgent('x')],
		['an agent without a floor', withAgent({ ...cursor, floor: undefined })],
		['an agent whose rank is text', withAgent({ ...cursor, rank: '1' })],
		['an agent without rows', withAgent({ ...cursor, rows: undefined })],
		['a row that is too short', withAgent({ ...cursor, rows: { a: [0] } })],
		['no filter', { ...stored, filter: undefined }],
		['no filters', { ...stored, filters: undefined }],
		["a filter whose statuses aren't a list", { ...stored, filter: { statuses: 'all' } }],
		["a filter whose amount isn't an integer", { ...stored, filter: { minimumMicro: '1.5' } }],
		['an unused filter that is invalid', { ...stored, filters: [{}, { statuses: 'all' }] }],
		["an agent whose filter isn't an index", withAgent({ ...cursor, filter: {} })],
		["an agent whose filter doesn't exist", withAgent({ ...cursor, filter: 1 })],
		["a row with a status that isn't text", withAgent({ ...cursor, rows: { a: [0, 0, 1] } })],
		['a last batch without a process', { ...stored, lastBatch: { since: T0, agents: {} } }],
		['a last batch without a time', { ...stored, lastBatch: { process: 'p', agents: {} } }],
		[
			'a last batch of an agent without a cursor',
			{ ...stored, lastBatch: { process: 'p', since: T0, agents: { [agent]: null } } },
		],
	])('is unreadable: %s', (_, other) => {
		expect(readStored(other)).toBe('unreadable');
	});

	const sizeOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

	function stateOf(
		agents: number,
		rows: number,
		at: (n: number) => number,
		status = 'settled',
	): TriggerState {
		const known = (a: number) =>
			Array.from({ length: rows }, (_, n): [string, KnownRow] => [
				rowKey(`${a}:${n}`),
				{ at: at(n), rank: n + 1, statuses: [status] },
			]);
		const cursors = Array.from({ length: agents }, (_, a): [string, AgentCursor] => [
			`0x${a.toString(16).padStart(40, '0')}`,
			{
				newest: T0,
				floor: T0 - LOOK_BACK,
				asOf: T0,
				rank: rows,
				rows: new Map(known(a)),
			},
		]);
		return { scope: 'all', since: T0, agents: new Map(cursors), filter: {} };
	}
	const cursors = ({ agents }: TriggerState) =>
		[...agents].flatMap(([key, one]) => (one ? [[key, one] as const] : []));

	const large: Array<[string, TriggerState]> = [
		['20 000 rows within the look-back', stateOf(1, 20_000, (n) => T0 - n)],
		['20 000 rows of one millisecond', stateOf(1, 20_000, () => T0)],
		['20 000 open rows', stateOf(1, 20_000, (n) => T0 - n * MINUTE, 'authorized')],
		['1000 agents with 50 rows each', stateOf(MAX_AGENTS, 50, (n) => T0 - n)],
		['a status of a megabyte', stateOf(2, 2, () => T0, 'é'.repeat(1_000_000))],
	];

	it.each(large)('of %s stays within its bound, and reports what was cut', (_, one) => {
		const { stored: short, shortened } = writeStored(one);
		expect(sizeOf(short)).toBeLessThanOrEqual(MAX_STATE_BYTES);
		expect(shortened.length).toBe(one.agents.size);
	});

	it.each(large)('of %s stays within its bound with its last batch', (_, one) => {
		const lastBatch = { process: 'a process', since: T0, agents: new Map(cursors(one)) };
		const { stored: short } = writeStored({ ...one, lastBatch });
		expect(sizeOf(short)).toBeLessThanOrEqual(MAX_STATE_BYTES);
		expect(Object.keys(short.agents)).toHaveLength(one.agents.size);
	});

	it('of many agents stays within its bound after a filter changes to the longest one', () => {
		const counterparties = Array.from(
			{ length: 100 },
			(_, i) => `0x${String(i).padStart(40, 'c')}`,
		);
		const many = stateOf(200, 1, (n) => T0 - n);
		const lastBatch = { process: 'a process', since: T0, agents: new Map(cursors(many)) };
		const { state: changed } = beginWith({ ...many, lastBatch }, { counterparties }, 'a process');
		if (!changed) throw new Error('there is no state');
		expect(sizeOf(writeStored(changed).stored)).toBeLessThanOrEqual(MAX_STATE_BYTES);
	});

	it('causes no repeated events if it was cut', () => {
		const rows = Array.from({ length: 20_000 }, (_, n) => rowOf(`row ${n}`, T0 - (n % 7)));
		const service = serviceOf(
			rows.sort((one, other) => Number(other.timestamp) - Number(one.timestamp)),
		);
		const emitted = new Set<string>();
		let next = empty;
		for (let i = 0; i < 8; i++) {
			const outcome = poll(next, service);
			for (const id of outcome.ids) {
				expect(emitted.has(id)).toBe(false);
				emitted.add(id);
			}
			const again = readStored(writeStored(outcome.state).stored);
			if (!again || again === 'unreadable') throw new Error('it cannot be read again');
			next = again;
		}
		expect(emitted.size).toBeGreaterThan(9_000);
	});

	it('of agents with a long filter each finally drops those filters, and reports it', () => {
		const many = stateOf(MAX_AGENTS, 2, (n) => T0 - n);
		const own = cursors(many).map(([key, one]): [string, AgentCursor] => {
			const counterparties = Array.from({ length: 100 }, (_, i) => `${key}${i}`);
			return [key, { ...one, filter: { counterparties } }];
		});
		const { stored: short, shortened } = writeStored({ ...many, agents: new Map(own) });
		expect(sizeOf(short)).toBeLessThanOrEqual(MAX_STATE_BYTES);
		expect(shortened).toHaveLength(MAX_AGENTS);
		expect(short.filters).toEqual([]);
		expect(readStored(short)).toMatchObject({ filter: many.filter });
		expect(Object.keys(short.agents)).toHaveLength(MAX_AGENTS);
	});

	it('first forgets rows of missing agents, then cuts others, and drops agents last', () => {
		const crowd = stateOf(800, 9, (n) => T0 - n);
		const half = cursors(crowd).map(([key, one], i): [string, AgentCursor] => [
			key,
			i % 2 === 0 ? { ...one, isMissing: true } : one,
		]);
		const { stored: short, shortened } = writeStored({ ...crowd, agents: new Map(half) });
		expect(shortened).toEqual([]);
		expect(Object.keys(short.agents)).toHaveLength(800);
		const threefold = cursors(crowd).flatMap(([key, one]) => [
			[key, one] as const,
			[`1${key}`, { ...one, isMissing: true as const }] as const,
			[`2${key}`, { ...one, isMissing: true as const }] as const,
		]);
		const { stored: kept } = writeStored({ ...crowd, agents: new Map(threefold) });
		expect(Object.keys(kept.agents)).toHaveLength(800);
	});
});
