import type { AgentCursor, SeenRow } from './cursor-state';
import { isOpen, rowKey } from './cursor-state';
import { epochToMs } from './time';
import type { ActivityRow } from './transaction';

/*
 * How an agent's activity is read, page by page, without doing it: a generator asks for a page and is
 * given its answer, or undefined where there is no time for it or it could not be had. So the same
 * reading runs against the service, and against any history that a test can think of.
 *
 * What it relies on: the service gives the newest rows first and counts them all (SDK, agent-client.ts;
 * the order is assumed). Where a page shows that one of the two does not hold, reading goes on from the
 * top to the floor instead, which needs neither.
 */

export interface PageRequest {
	/** Counts from 1. */
	page: number;
	/** Rows of a page. */
	limit: number;
}

export interface PageAnswer {
	activity: ActivityRow[];
	hasNextPage: boolean;
	/** Rows of the agent in all. */
	totalCount: number;
}

export type Pages<Result> = Generator<PageRequest, Result, PageAnswer | undefined>;

/** A row with what the cursor needs of it. */
export interface ReadRow {
	row: ActivityRow;
	key: string;
	/** Epoch ms. */
	at: number;
	ordinal: number;
}

/** What was read of one agent: every row that is new to its cursor, or the oldest of them. */
export interface Reading {
	/** Each row once. */
	rows: ReadRow[];
	/** Rows of the list that are told of or old news once `rows` are told of; null where its count does not hold. */
	total: number | null;
	/** Whether nothing newer is left to be read. */
	complete: boolean;
	/** Rows from before this have not been read, or count as old news. */
	floor: number;
	/** See `AgentCursor.turn`. */
	turn?: number;
	/** Ordinals to go on with, of open rows that were not found where they were seen. By `rowKey`. */
	moved?: Map<string, number>;
}

export interface Wants {
	/** How far behind the newest row of its agent a late one may appear and still be told of. */
	lookBackMs: number;
	/** A row that is dated later than this does not say how late it is for others. Epoch ms. */
	horizon: number;
	/** Reading a long backlog may end when that many rows for which `counts` holds are there. */
	enough: number;
	counts: (row: ActivityRow) => boolean;
}

/** The service does not divide a list into pages as assumed; the message says what it does. */
export class PagingObservation extends Error {
	override readonly name = 'PagingObservation';
}

/** Rows of the page that an idle poll reads. */
export const FIRST_PAGE = 20;

/** The most rows that the service gives in one page (SDK, agent-client.ts). */
export const LARGEST_PAGE = 200;

/** The most rows of one agent that are read for one poll, where it is not needed to read all of them. */
const MOST_ROWS = 10_000;

/** Rows that a baseline reads, beyond the look-back, to find payments that are still open. */
const MOST_BASELINE_ROWS = 1_000;

/** Pages that one poll reads of one agent to look at open rows behind the look-back. */
const MOST_OPEN_PAGES = 4;

/** Pages in a row that bring nothing new, beside those that rows added meanwhile push down. */
const MOST_IDLE_PAGES = 3;

const WEEK_MS = 7 * 24 * 60 * 60_000;

/** Until when an open row is watched: a week behind the newest row of its agent. */
export function watchedSince({ newest }: Pick<AgentCursor, 'newest'>): number {
	return newest - WEEK_MS;
}

function timeOf({ timestamp }: ActivityRow): number {
	return epochToMs(timestamp);
}

/** The rows of a page, newest first. */
function readRows({ page, limit }: PageRequest, { activity, totalCount }: PageAnswer): ReadRow[] {
	const first = totalCount - (page - 1) * limit;
	return activity.map((row, i) => ({ row, key: rowKey(row.id), at: timeOf(row), ordinal: first - i }));
}

/** Whether count and pages of an answer agree. */
function isCounted({ page, limit }: PageRequest, answer: PageAnswer): boolean {
	const { activity, hasNextPage, totalCount } = answer;
	const expected = Math.max(0, Math.min(limit, totalCount - (page - 1) * limit));
	return hasNextPage === page * limit < totalCount && activity.length === expected;
}

function isNewestFirst(activity: ActivityRow[]): boolean {
	return activity.every((row, i) => i === 0 || timeOf(row) <= timeOf(activity[i - 1] ?? row));
}

/** Rows read from the top down, each once. */
class Descent {
	private readonly rows = new Map<string, ReadRow>();
	private oldest = Infinity;
	inOrder = true;
	/** Rows that are new to the cursor. */
	found = 0;
	private idlePages = 0;
	private firstCount: number | undefined;

	constructor(private readonly cursor: Pick<AgentCursor, 'rows' | 'floor'>) {}

	/** Whether nothing that may be new comes after the last page. */
	isAtEnd(answer: PageAnswer, floor = this.cursor.floor): boolean {
		return !answer.hasNextPage || this.isBehind(floor, answer);
	}

	reading(total: number | null): Reading {
		return { rows: this.newestFirst.reverse(), total, floor: this.cursor.floor, complete: true };
	}

	/** Whether reading may end before the end of the list: where rows come in no order, the newest may be the last. */
	isEnough(most: number): boolean {
		return this.inOrder && this.rows.size >= most;
	}

	get newestFirst(): ReadRow[] {
		return [...this.rows.values()];
	}

	/** @throws PagingObservation where pages repeat themselves */
	add(request: PageRequest, answer: PageAnswer): void {
		const { activity, hasNextPage } = answer;
		const before = this.rows.size;
		for (const read of readRows(request, answer)) {
			if (this.rows.has(read.key)) continue;
			this.rows.set(read.key, read);
			this.inOrder &&= read.at <= this.oldest;
			this.oldest = Math.min(this.oldest, read.at);
			if (isNew(this.cursor, read)) this.found++;
		}
		if (!hasNextPage) return;
		if (activity.length === 0) throw new PagingObservation('speaks of another page after an empty one');
		this.idlePages = this.rows.size > before ? 0 : this.idlePages + 1;
		this.firstCount ??= answer.totalCount;
		const pushedDown = Math.max(0, answer.totalCount - this.firstCount) / request.limit;
		if (this.idlePages > MOST_IDLE_PAGES + pushedDown) {
			throw new PagingObservation('gives the same rows again, whatever "page" asks for');
		}
	}

	/** Whether every row since `time` has been read, as far as the order of the list tells. */
	isBehind(time: number, { activity }: PageAnswer): boolean {
		if (this.inOrder) return this.oldest < time;
		return isNewestFirst(activity) && activity.every((row) => timeOf(row) < time);
	}
}

function isNew({ rows, floor }: Pick<AgentCursor, 'rows' | 'floor'>, { key, at }: ReadRow): boolean {
	return at >= floor && !rows.has(key);
}

function nothing({ total, floor, turn }: AgentCursor): Reading {
	return { rows: [], total, floor, complete: false, turn };
}

/** The count of a list, and how many of its rows are new; neither is known where its pages do not agree with it. */
function countOf(
	{ total }: AgentCursor,
	request: PageRequest,
	answer: PageAnswer,
): { total: number | null; expected: number } {
	if (!isCounted(request, answer)) return { total: null, expected: NaN };
	return { total: answer.totalCount, expected: total === null ? NaN : answer.totalCount - total };
}

/** From the top down to the floor, or until as many new rows as the count tells of are there. */
function* descend(cursor: AgentCursor): Pages<Reading> {
	const descent = new Descent(cursor);
	// Where rows cannot be counted, open ones are found by reading down to them only.
	const floor = [...cursor.rows.values()]
		.filter((row) => isOpen(row) && row.at >= watchedSince(cursor))
		.reduce((oldest, { at }) => Math.min(oldest, at), cursor.floor);
	let firstTotal: number | null | undefined;
	for (let page = 1; ; page++) {
		const request = { page, limit: LARGEST_PAGE };
		const answer = yield request;
		if (!answer) return nothing(cursor);
		descent.add(request, answer);
		// Rows may be added while others are read: the count of now tells whether any is still to come.
		const { total, expected } = countOf(cursor, request, answer);
		firstTotal = firstTotal === undefined ? total : firstTotal;
		if (descent.found === expected) return descent.reading(total);
		if (descent.isAtEnd(answer, firstTotal === null ? floor : undefined)) return descent.reading(firstTotal);
	}
}

/**
 * How many rows of a long list may be from the floor or later: a bisection over its pages.
 * @returns undefined where there was no time to find out
 */
function* countSinceFloor({ floor }: AgentCursor, total: number): Pages<number | undefined> {
	let [least, most] = [1, Math.ceil(total / LARGEST_PAGE)];
	while (least < most) {
		const page = Math.ceil((least + most) / 2);
		const answer = yield { page, limit: LARGEST_PAGE };
		if (!answer) return undefined;
		if (answer.activity.some((row) => timeOf(row) >= floor)) least = page;
		else most = page - 1;
	}
	return Math.min(total, least * LARGEST_PAGE);
}

/** Rows read from the oldest new one up. */
class Ascent {
	private readonly rows = new Map<string, ReadRow>();
	/** New rows that count, see `Wants`. */
	private counted = 0;

	constructor(
		private readonly cursor: AgentCursor,
		private readonly wants: Wants,
	) {}

	get oldestFirst(): ReadRow[] {
		return [...this.rows.values()];
	}

	get isEnough(): boolean {
		return this.counted >= this.wants.enough || this.rows.size >= MOST_ROWS;
	}

	isKnown({ key }: ReadRow): boolean {
		return this.rows.has(key) || this.cursor.rows.has(key);
	}

	add(newestFirst: ReadRow[]): void {
		for (const read of newestFirst.toReversed()) {
			const counts = !this.isKnown(read) && isNew(this.cursor, read) && this.wants.counts(read.row);
			if (counts) this.counted++;
			this.rows.set(read.key, read);
		}
	}
}

/**
 * A long backlog, from its oldest row up, so that what could be read can be told of in order even
 * where time ends before the newest row is reached.
 * @param unread how many rows on top of the list are new
 */
function* ascend(
	cursor: AgentCursor,
	unread: number,
	totalCount: number,
	wants: Wants,
): Pages<Reading> {
	const ascent = new Ascent(cursor, wants);
	let left = unread;
	let total = totalCount;
	/** Late rows that were found further down than the count has them. */
	let late = 0;
	/** How many rows there were when late ones were sought last. */
	let soughtAt: number | undefined;
	const reading = (): Reading => ({
		rows: ascent.oldestFirst,
		total: total - left,
		floor: cursor.floor,
		complete: left === 0,
	});
	while (left > 0 && !ascent.isEnough) {
		const page = Math.ceil(left / LARGEST_PAGE);
		const start = (page - 1) * LARGEST_PAGE;
		const request = { page, limit: LARGEST_PAGE };
		const answer = yield request;
		if (!answer) return reading();
		const rows = readRows(request, answer);
		if (!isCounted(request, answer) || !isNewestFirst(answer.activity)) return yield* descend(cursor);
		// Rows that were added meanwhile stand on top and push all others down.
		left = Math.max(0, left + answer.totalCount - total);
		total = answer.totalCount;
		if (left > start && left <= start + rows.length) {
			const fresh = rows.slice(0, left - start);
			const known = fresh.filter((read) => ascent.isKnown(read)).length;
			// The count is right: as many new rows as are known among these stand further down, late ones.
			// Where one of the first ones is late, others may be, behind known rows that are yet to come.
			const isLate = soughtAt === undefined && fresh.some(({ at }) => at < cursor.newest);
			if ((isLate || known > late) && soughtAt !== total) {
				const found = yield* lookBelow(cursor, ascent, total - left, page);
				if (!found) return reading();
				ascent.add(found);
				late += found.length;
				soughtAt = total;
			}
			late = Math.max(0, late - known);
			ascent.add(rows);
			left = start;
		}
	}
	return reading();
}

/**
 * New rows among those that were told of, down to the floor.
 * @param below ordinal of the newest row that may be one
 * @returns undefined where there was no time
 */
function* lookBelow(
	cursor: AgentCursor,
	ascent: Ascent,
	below: number,
	from: number,
): Pages<ReadRow[] | undefined> {
	const late = new Map<string, ReadRow>();
	for (let page = from; ; page++) {
		const request = { page, limit: LARGEST_PAGE };
		const answer = yield request;
		if (!answer) return undefined;
		const rows = readRows(request, answer);
		for (const read of rows) {
			const isLate = read.ordinal <= below && isNew(cursor, read) && !ascent.isKnown(read);
			if (isLate) late.set(read.key, read);
		}
		const isBehind = rows.every(({ at }) => at < cursor.floor);
		if (!answer.hasNextPage || isBehind) return [...late.values()];
	}
}

/**
 * Open rows that a reading has not come by, as far as there is time. Late rows below one, or rows that
 * are gone, move it from where it was seen: then it is sought on the pages beside.
 */
function* lookAtOpenRows(
	cursor: AgentCursor,
	read: Set<string>,
	total: number,
): Pages<Pick<Reading, 'rows' | 'turn' | 'moved'>> {
	const isDue = ([key, row]: [string, SeenRow]) =>
		isOpen(row) && row.at >= watchedSince(cursor) && !read.has(key);
	const due = [...cursor.rows].filter(isDue).sort(([, one], [, other]) => other.ordinal - one.ordinal);
	const { turn = Infinity } = cursor;
	const isWaiting = ([, { ordinal }]: [string, SeenRow]) => ordinal < turn;
	const order = [...due.filter(isWaiting), ...due.filter((entry) => !isWaiting(entry))];
	const sought = new Set(due.map(([key]) => key));
	const found = new Map<string, ReadRow>();
	const moved = new Map<string, number>();
	const asked = new Set<number>();
	const lastPage = Math.max(1, Math.ceil(total / LARGEST_PAGE));
	let last: number | undefined;
	for (const [key, { at, ordinal }] of order) {
		let page = Math.min(lastPage, Math.max(1, Math.floor((total - ordinal) / LARGEST_PAGE) + 1));
		while (!found.has(key) && !asked.has(page)) {
			const request: PageRequest = { page, limit: LARGEST_PAGE };
			const answer = asked.size < MOST_OPEN_PAGES ? yield request : undefined;
			if (!answer) return { rows: [...found.values()], moved, turn: last };
			if (!isCounted(request, answer)) return yield* descend(cursor);
			asked.add(page);
			for (const one of readRows(request, answer)) {
				if (sought.has(one.key)) found.set(one.key, one);
			}
			const times = answer.activity.map(timeOf);
			if (found.has(key)) break;
			if (page > 1 && !asked.has(page - 1) && times.every((time) => time <= at)) page--;
			else if (answer.hasNextPage && times.every((time) => time >= at)) page++;
			moved.set(key, total - (page - 1) * LARGEST_PAGE);
		}
		last = ordinal;
	}
	return { rows: [...found.values()], moved };
}

/** Reads what is new to a cursor: one small page where nothing is, whatever the length of the history. */
export function* readNews(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const reading = yield* readNewRows(cursor, wants);
	if (!reading.complete || reading.total === null) return reading;
	const read = new Set(reading.rows.map(({ key }) => key));
	const open = yield* lookAtOpenRows(cursor, read, reading.total);
	const others = open.rows.filter(({ key }) => !read.has(key));
	return { ...reading, ...open, rows: [...others, ...reading.rows] };
}

function* readNewRows(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const request = { page: 1, limit: FIRST_PAGE };
	const first = yield request;
	if (!first) return nothing(cursor);
	const { total, expected } = countOf(cursor, request, first);
	const descent = new Descent(cursor);
	descent.add(request, first);
	if (total === null && first.hasNextPage) return yield* descend(cursor);
	if (descent.found === expected || descent.isAtEnd(first)) return descent.reading(total);
	const unread =
		cursor.total === null ? yield* countSinceFloor(cursor, first.totalCount) : expected;
	if (unread === undefined) return nothing(cursor);
	return yield* unread > LARGEST_PAGE ? ascend(cursor, unread, first.totalCount, wants) : descend(cursor);
}

/**
 * Takes stock of an agent: rows of the look-back, and of the week before it as far as they are not too
 * many, so that payments which are open are known.
 * @returns undefined where there was no time for it
 */
export function* readBaseline({ lookBackMs, horizon }: Wants): Pages<Reading | undefined> {
	const descent = new Descent({ rows: new Map(), floor: 0 });
	let total: number | null = null;
	for (let page = 0; ; page++) {
		const request = page === 0 ? { page: 1, limit: FIRST_PAGE } : { page, limit: LARGEST_PAGE };
		const answer = yield request;
		if (!answer && (page === 0 || !descent.inOrder)) return undefined;
		if (answer) {
			if (page === 0 && isCounted(request, answer)) total = answer.totalCount;
			descent.add(request, answer);
		}
		const rows = descent.newestFirst;
		const newest = rows.reduce((latest, { at }) => (at <= horizon ? Math.max(latest, at) : latest), 0);
		const floor = Math.max(0, newest - lookBackMs);
		const hasAll = answer && (!answer.hasNextPage || descent.isBehind(watchedSince({ newest }), answer));
		const hasEnough = answer && descent.isEnough(MOST_BASELINE_ROWS) && descent.isBehind(floor, answer);
		if (hasAll || hasEnough) return { rows: rows.reverse(), total, floor, complete: true };
		if (!answer || descent.isEnough(MOST_ROWS)) {
			// Older rows may share the time of the oldest one that was read.
			const oldest = Math.min(...rows.map(({ at }) => at));
			return { rows: rows.reverse(), total, floor: Math.max(floor, oldest + 1), complete: true };
		}
	}
}
