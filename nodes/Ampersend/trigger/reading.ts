import { epochToMs } from '../domain/time';
import type { ActivityRow } from '../domain/transaction';
import type { AgentCursor, KnownRow } from './state';
import { isOpen, rowKey } from './state';

/*
 * How the activity of an agent is read. A generator asks for a page and gets its answer, or undefined
 * where there is no time for it or it can't be had. So the same code reads the service, and any list
 * that a test can think of.
 *
 *     newest   ┌────────┐  page 1        The list is read from the top down. Payments that are added
 *              │        │                meanwhile push the others down, so a row comes twice and none
 *              ├────────┤ ┐              is skipped. Each page shares a row with the page above it. One
 *              │        │ │ 2. stretch   that doesn't shows that rows were removed, or that another
 *              ├────────┤ ┘              replica answered: the page before is read again.
 *              ├────────┤ ┐
 *              │        │ │ 1. stretch   A long backlog is read in stretches, the oldest first. Each goes
 *              ├────────┤ ┘              down to a row of the one before, so what has been read has no
 *     floor ───│────────│                gap, and can be emitted, wherever time ends.
 *              └────────┘
 *
 * Where a stretch begins is a guess from the service's count. A wrong guess costs pages, nothing else.
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
	/** Rows of the agent in all, where the service says so. */
	totalCount?: number;
}

export type Pages<Result> = Generator<PageRequest, Result, PageAnswer | undefined>;

/** A row with what the trigger needs of it. */
export interface ReadRow {
	row: ActivityRow;
	/** See `rowKey`. */
	key: string;
	/** Epoch ms. */
	at: number;
	/** How many rows the list has up to this one, counted from the oldest: a hint, see `AgentCursor`. */
	rank: number | undefined;
}

/** What was read of one agent: all that is new to its cursor, or the oldest part of it. */
export interface Reading {
	/** Each row once, the oldest first as the list has them. */
	rows: ReadRow[];
	/** Whether nothing newer is left to read. */
	isWhole: boolean;
	/**
	 * How far down it is without a gap: to the floor, or to known rows below which nothing has come, as the
	 * count says. `part`: something late may be missing.
	 */
	reach: 'floor' | 'known' | 'part';
	/** Time of the newest row when reading began, epoch ms; -Infinity where there was none. */
	asOf: number;
	/** The service's count when reading began. */
	total?: number;
	/** Where no row was read: the rank at which the next reading begins. */
	rank?: number;
	/** See `AgentCursor`. */
	turn?: string;
}

/** What is there when an agent gets its baseline. */
export interface Baseline extends Reading {
	/** Rows from before this count as emitted, read or not. Epoch ms. */
	floor: number;
}

export interface Sizes {
	/** Rows of the page that an idle poll reads. */
	first: number;
	/** Rows of other pages: the most that the service gives (SDK, agent-client.ts). */
	page: number;
	/** Rows of one stretch: two pages, which share a row with each other and with the next stretch. */
	stretch: number;
	/** Rows of one agent that one poll reads. */
	rows: number;
	/** Rows that a baseline reads beyond the look-back, to find open payments. */
	baseline: number;
	/** Pages of one agent that one poll asks for. */
	pages: number;
	/** Pages among them for open payments, and three times as many where they are not found there. */
	openPages: number;
}

export const sizes: Sizes = {
	first: 20,
	page: 200,
	stretch: 370,
	rows: 10_000,
	baseline: 1_000,
	pages: 250,
	openPages: 4,
};

export interface Wants {
	/** How far behind the newest row of its agent a late one is still emitted, in ms. */
	lookBackMs: number;
	/** A later row doesn't say how late others are. Epoch ms. */
	horizon: number;
	/** Reading a backlog ends with that many rows that `counts`. */
	enough: number;
	counts: (row: ActivityRow) => boolean;
	sizes: Sizes;
}

/** The service doesn't list payments as assumed; the message says what it does. */
export class PagingObservation extends Error {
	override readonly name = 'PagingObservation';

	constructor(
		message: string,
		/** Whether the next poll may do better. */
		readonly isPassing = false,
	) {
		super(message);
	}
}

const WEEK_MS = 7 * 24 * 60 * 60_000;

/** Pages in a row that don't continue the list, or begin with the same row, before reading gives up. */
const MOST_MISSES = 3;

/** How often a reading looks for another place to begin. */
const MOST_RESTARTS = 4;

/** Until when an open payment is watched: a week behind the newest of its agent. Epoch ms. */
export function watchedSince({ newest }: Pick<AgentCursor, 'newest'>): number {
	return newest - WEEK_MS;
}

/** The page that has the row at `offset`, and of those up to `largest` rows the one that goes on furthest. */
function pageAt(offset: number, largest: number): PageRequest {
	const limits = Array.from({ length: Math.ceil(largest / 2) }, (_, i) => largest - i);
	return limits
		.map((limit) => ({ page: Math.floor(offset / limit) + 1, limit }))
		.reduce((best, one) => (one.page * one.limit > best.page * best.limit ? one : best));
}

function offsetOf({ page, limit }: PageRequest): number {
	return (page - 1) * limit;
}

/** How many rows the list has behind the first of a page; undefined where its count can't be right. */
function countFrom(request: PageRequest, answer: PageAnswer): number | undefined {
	const left = (answer.totalCount ?? -Infinity) - offsetOf(request);
	const behind = left - answer.activity.length;
	return behind < 0 || behind > 0 !== answer.hasNextPage ? undefined : left;
}

function readRows(request: PageRequest, answer: PageAnswer): ReadRow[] {
	const count = countFrom(request, answer);
	return answer.activity.map((row, i) => ({
		row,
		key: rowKey(row.id),
		at: epochToMs(row.timestamp),
		rank: count === undefined ? undefined : count - i,
	}));
}

function isNewestFirst(rows: ReadRow[]): boolean {
	return rows.every(({ at }, i) => i === 0 || at <= (rows[i - 1]?.at ?? at));
}

/** Time of the newest of some rows, as far as their times can be true; -Infinity where there is none. */
export function newestOf(rows: Iterable<ReadRow>, horizon: number): number {
	let newest = -Infinity;
	for (const { at } of rows) if (at <= horizon) newest = Math.max(newest, at);
	return newest;
}

/** Whether a row is among others, and where it was: a change may move one to the top. */
function isInPlace(rows: ReadonlyMap<string, { at: number }>, { key, at }: ReadRow): boolean {
	return rows.get(key)?.at === at;
}

/** Rows read from some place down, each once. */
class Stretch {
	private rows = new Map<string, ReadRow>();
	private lastPage = new Map<string, ReadRow>();
	private oldest = Infinity;
	private newest = -Infinity;
	inOrder = true;

	/** @param known to the cursor: of two answers about a row, the one that says something new counts */
	constructor(private readonly known: AgentCursor['rows'] = new Map()) {}

	private isKnown({ key, row }: ReadRow): boolean {
		return this.known.get(key)?.statuses.includes(row.status) ?? false;
	}

	/** Whether a page continues the last one: a row that they share shows it. */
	isContinuedBy(page: ReadRow[]): boolean {
		return this.rows.size === 0 || page.some((one) => isInPlace(this.lastPage, one));
	}

	/** Whether all of a page is above the last one: so many rows were added meanwhile. */
	isBelow(page: ReadRow[]): boolean {
		const lowest = page.at(-1);
		return lowest !== undefined && (this.rows.has(lowest.key) || lowest.at >= this.newest);
	}

	/**
	 * Adds a page that continues the list. What the first page has above was added meanwhile.
	 * @returns how many rows are new here
	 */
	add(page: ReadRow[], isFirst = false): number {
		const before = this.rows.size;
		const start = before === 0 ? 0 : page.findIndex((one) => isInPlace(this.lastPage, one));
		if (isFirst && start > 0) {
			const above = page.slice(0, start).map((one) => [one.key, one] as const);
			this.rows = new Map([...above, ...this.rows]);
		}
		for (const one of page.slice(start)) {
			const here = this.rows.get(one.key);
			if (!here || (this.isKnown(here) && !this.isKnown(one))) this.rows.set(one.key, one);
			if (here) continue;
			this.inOrder &&= one.at <= this.oldest;
			this.oldest = Math.min(this.oldest, one.at);
			this.newest = Math.max(this.newest, one.at);
		}
		this.lastPage = new Map(page.map((one) => [one.key, one]));
		return this.rows.size - before;
	}

	/** Whether no row since `time` comes after this page, as far as the order of the list tells. */
	isBehind(time: number, page: ReadRow[]): boolean {
		if (this.inOrder) return this.oldest < time;
		return page.length > 0 && isNewestFirst(page) && page.every(({ at }) => at < time);
	}

	get size(): number {
		return this.rows.size;
	}

	/** The lowest known row and those above it, the oldest first; none where none is known. */
	get aboveKnown(): ReadRow[] {
		const rows = this.oldestFirst;
		const lowest = rows.findIndex((one) => isInPlace(this.known, one));
		return lowest < 0 ? [] : rows.slice(lowest);
	}

	get newestFirst(): ReadRow[] {
		return [...this.rows.values()];
	}

	get oldestFirst(): ReadRow[] {
		return this.newestFirst.reverse();
	}
}

/** @throws PagingObservation where several pages in a row begin with the same row */
function watchForRepeats(): (request: PageRequest, answer: PageAnswer) => void {
	let [last, repeats]: [{ id: string; offset: number } | undefined, number] = [undefined, 0];
	return (request, { activity: [first] }) => {
		const one = first && { id: first.id, offset: offsetOf(request) };
		repeats = one && one.id === last?.id && one.offset !== last.offset ? repeats + 1 : 0;
		if (repeats >= MOST_MISSES) {
			throw new PagingObservation('gives the same rows again, whatever "page" asks for');
		}
		last = one;
	};
}

interface Descent {
	/** Offset at which it begins. */
	from: number;
	/** Empty, or with the rows down to `from`. */
	stretch: Stretch;
	/** The most rows of a page. */
	largest: number;
	/** The most rows that it is for. */
	mostRows: number;
	/** Whether it may end with this page. */
	isBottom: (stretch: Stretch, page: ReadRow[]) => boolean;
}

interface Descended {
	/** `bottom`: it is without a gap, down to where it was to end, or to the end of the list. */
	end: 'bottom' | 'too far' | 'gap' | 'no answer';
	/** Offset of the last row. */
	offset: number;
	/** The most rows that the service gives in a page, as far as that shows. */
	size: number;
	/** The service's count in the last answer. */
	total?: number;
}

/** Asks for a page, and once more where it is empty: that may be a mistake. */
function* findRows(request: PageRequest): Pages<PageAnswer | undefined> {
	const answer = yield request;
	return answer?.activity.length === 0 ? yield request : answer;
}

/** Reads down. Each page shares a row with those above it, or the one before is read again. */
function* readDown({ from, stretch, largest, mostRows, isBottom }: Descent): Pages<Descended> {
	let [offset, size, misses] = [from, largest, 0];
	let total: number | undefined;
	/** Whether the last page that continues the list says that nothing follows. */
	let isLast = false;
	const watch = watchForRepeats();
	const ended = (end: Descended['end']): Descended => ({ end, offset, size, total });
	while (offset <= from + mostRows) {
		const best = pageAt(offset, size);
		// Small pages may all end with the last row: then the next one begins behind it.
		const isBehind = stretch.size > 0 && best.page * best.limit <= offset + 1;
		const request = isBehind ? { ...best, page: best.page + 1 } : best;
		const answer = yield request;
		if (!answer) return ended('no answer');
		total = answer.totalCount;
		const read = readRows(request, answer);
		watch(request, answer);
		if (!stretch.isContinuedBy(read)) {
			const isOver = read.length === 0 && (isBehind || (isLast && !answer.hasNextPage));
			if (stretch.isBelow(read)) offset += Math.max(1, size - 1);
			else if (++misses > MOST_MISSES) return ended(isOver ? 'bottom' : 'gap');
			// Another replica may answer the same page better; else rows were removed above it.
			else if (!isBehind && misses > 1) offset = Math.max(from, offset - Math.ceil(size / 4));
			continue;
		}
		isLast = !answer.hasNextPage;
		const isShort = read.length < request.limit;
		let isEnd = read.length === 0 || (isShort && isLast);
		if (isShort && !isEnd) {
			const next = yield* findRows({ ...request, page: request.page + 1 });
			if (!next) return ended('no answer');
			isEnd = next.activity.length === 0;
			if (isEnd) {
				// The next page may as well begin where this one was to end: then look right behind it.
				const behind = yield* findRows(pageAt(offsetOf(request) + read.length, read.length));
				if (!behind) return ended('no answer');
				isEnd = behind.activity.every(({ id }) => read.some(({ row }) => row.id === id));
			}
			// A service that gives fewer rows than asked for begins its pages elsewhere, too.
			if (!isEnd) size = read.length;
			if (!isEnd && (request.page > 1 || read.length <= offset)) continue;
		}
		const found = stretch.add(read, request.page === 1);
		if (found > 0) misses = 0;
		if (isEnd || isBottom(stretch, read)) return ended('bottom');
		offset = Math.max(offset, offsetOf(request) + read.length - 1);
	}
	return ended('too far');
}

/**
 * Offset behind the last page that has a row of `time` or later: doubling, then halving. Where there is no
 * time for it, as far down as it has come.
 * @param least a page that has one, or the first
 * @param most the last page that may have one
 */
function* findTime(time: number, limit: number, least: number, most: number): Pages<number> {
	const watch = watchForRepeats();
	while (least < most) {
		const page = most === Infinity ? least * 2 : Math.ceil((least + most) / 2);
		const answer = yield { page, limit };
		if (!answer) break;
		watch({ page, limit }, answer);
		if (answer.activity.some(({ timestamp }) => epochToMs(timestamp) >= time)) least = page;
		else most = page - 1;
	}
	return least * limit;
}

/** Whether the service's count says that nothing has come below the newest row that is known. */
function isCountRight(cursor: AgentCursor, newestFirst: ReadRow[]): boolean {
	const newestKnown = newestFirst.find((one) => isInPlace(cursor.rows, one));
	const oldest = newestFirst.at(-1);
	return (
		!cursor.isUnsure &&
		newestKnown?.rank !== undefined &&
		newestKnown.rank === cursor.rank &&
		oldest !== undefined &&
		isInPlace(cursor.rows, oldest)
	);
}

/**
 * Whether the count may save a look down to the floor: it does so for a while only. The floor doesn't move
 * meanwhile, or not beyond what the last look down allows.
 */
function canWait({ newest, floor, asOf: lastLook }: AgentCursor, asOf: number, wants: Wants): boolean {
	return newest < lastLook || asOf - wants.lookBackMs <= floor;
}

/** Reads a backlog in stretches, the oldest first. */
function* climb(cursor: AgentCursor, first: Reading, wants: Wants): Pages<Reading> {
	const { asOf, total } = first;
	const { floor } = cursor;
	const { stretch: height, rows: mostRows } = wants.sizes;
	// Without a rank and with a count, nearly all of a long list may be new: that is found out soon.
	const beyond = cursor.rank === undefined && total !== undefined ? height : 3 * height;
	let size = wants.sizes.page;
	const mayTrustCount = canWait(cursor, asOf, wants);
	const rows = new Map<string, ReadRow>();
	let [isOrdered, fresh, counted] = [true, 0, 0];
	let reach: Reading['reach'] = 'part';
	let bottom = Math.max(0, (total ?? 0) - (cursor.rank ?? Infinity));
	const found = (isWhole: boolean): Reading => ({
		rows: [...rows.values()],
		isWhole,
		reach,
		asOf,
		...(total !== undefined && { total, rank: Math.max(0, total - bottom) }),
	});
	for (let restarts = 0; restarts <= MOST_RESTARTS; ) {
		const from = isOrdered ? Math.max(0, bottom - height) : 0;
		const isLowest = rows.size === 0;
		let isTrusted = false;
		const stretch = new Stretch(cursor.rows);
		if (from === 0) stretch.add(first.rows.toReversed());
		const { end, offset, ...read } = yield* readDown({
			from: from === 0 ? Math.max(0, first.rows.length - 1) : from,
			stretch,
			largest: size,
			mostRows: isOrdered ? bottom - from + beyond : 3 * mostRows,
			isBottom: (sofar, page) => {
				if (sofar.isBehind(floor, page)) return true;
				if (!isLowest) return page.some((one) => isInPlace(rows, one));
				isTrusted = isOrdered && mayTrustCount && isCountRight(cursor, sofar.newestFirst);
				return isTrusted;
			},
		});
		size = read.size;
		if (end === 'no answer') {
			// What is above a known row has no gap. Whatever is late below it is read by a later poll.
			const above = isOrdered && isLowest && stretch.inOrder ? stretch.aboveKnown : [];
			for (const one of above) rows.set(one.key, one);
			return found(false);
		}
		const [top] = stretch.newestFirst;
		if (end !== 'bottom' || (from > 0 && !stretch.inOrder)) {
			restarts++;
			if (!isOrdered && end === 'too far') {
				throw new PagingObservation('lists payments in no order, and more than can be read at once');
			}
			if (!stretch.inOrder) {
				isOrdered = false;
				rows.clear();
			} else if (end === 'too far' && isLowest) {
				// Where the count is wrong, the next search finds out.
				const last = restarts === 1 && total ? Math.ceil(total / size) : Infinity;
				bottom = yield* findTime(floor, size, Math.floor(offset / size) + 1, last);
			}
		} else if (from > 0 && isLowest && (!top || top.at < floor)) {
			restarts++;
			bottom = yield* findTime(floor, size, 1, Math.ceil(from / size));
		} else {
			for (const read of stretch.oldestFirst) {
				const isNew = !rows.has(read.key) && !cursor.rows.has(read.key) && read.at >= floor;
				if (isNew) fresh++;
				if (isNew && wants.counts(read.row)) counted++;
				if (!rows.has(read.key)) rows.set(read.key, read);
			}
			if (isLowest) reach = isTrusted ? 'known' : 'floor';
			bottom = from;
			if (from === 0) return found(true);
			if (counted >= wants.enough || fresh >= mostRows) return found(false);
		}
	}
	if (rows.size > 0) return found(false);
	throw new PagingObservation('changes its list faster than it can be read', true);
}

function* readNewRows(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const request = { page: 1, limit: wants.sizes.first };
	// An empty answer by mistake would end what an earlier filter applies to.
	const answer = cursor.filter ? yield* findRows(request) : yield request;
	if (!answer) return { rows: [], isWhole: false, reach: 'part', asOf: -Infinity };
	const read = readRows(request, answer);
	const stretch = new Stretch(cursor.rows);
	stretch.add(read);
	const asOf = newestOf(read, wants.horizon);
	const total = countFrom(request, answer);
	const isAll = read.length < request.limit && !answer.hasNextPage;
	const isDown = isAll || stretch.isBehind(cursor.floor, read);
	const isIdle = canWait(cursor, asOf, wants) && isCountRight(cursor, read);
	const first: Reading = {
		rows: stretch.oldestFirst,
		isWhole: true,
		reach: isDown ? 'floor' : 'known',
		asOf,
		...(total !== undefined && { total }),
	};
	return isDown || isIdle ? first : yield* climb(cursor, first, wants);
}

/** Times of the pages that were asked for, and the page behind the last one. */
interface Asked {
	pages: Map<number, { newest: number; oldest: number }>;
	last: number;
}

/** The page to ask for next where a row of this time is sought; undefined where none is left. */
function pageBeside(at: number, { pages, last }: Asked, hint: number): number | undefined {
	let [least, most] = [1, last];
	for (const [page, { newest, oldest }] of pages) {
		if (newest < at) most = Math.min(most, page - 1);
		else if (oldest > at) least = Math.max(least, page + 1);
	}
	// Rows that share a time may go on beside a page that ends or begins with it.
	const beside = [...pages].flatMap(([page, { newest, oldest }]) => [
		...(oldest === at ? [page + 1] : []),
		...(newest === at ? [page - 1] : []),
	]);
	const middle = most === Infinity ? least * 2 : Math.floor((least + most) / 2);
	const isLeft = (page: number) => page >= least && page <= most && !pages.has(page);
	return [hint, ...beside, middle].find(isLeft);
}

/** Looks at open payments that a reading has not come by: where they were last, then where their time is. */
function* readOpenRows(cursor: AgentCursor, reading: Reading, size: Sizes): Pages<Reading> {
	const read = new Set(reading.rows.map(({ key }) => key));
	const due = [...cursor.rows]
		.filter(([key, row]) => isOpen(row) && row.at >= watchedSince(cursor) && !read.has(key))
		.sort(([one, { at }], [other, { at: otherAt }]) => otherAt - at || (one < other ? -1 : 1));
	const start = due.findIndex(([key]) => key === cursor.turn) + 1;
	const sought = new Set(due.map(([key]) => key));
	/** With their places in the list. */
	const found: Array<{ place: number; read: ReadRow }> = [];
	const asked: Asked = { pages: new Map(), last: Infinity };
	let limit = size.page;
	const left = { likely: size.openPages, other: 3 * size.openPages };
	const result = (turn?: string): Reading => ({
		...reading,
		rows: [
			...found
				.sort((one, other) => one.read.at - other.read.at || other.place - one.place)
				.map(({ read: one }) => one),
			...reading.rows,
		],
		...(turn !== undefined && { turn }),
	});
	for (const [key, row] of [...due.slice(start), ...due.slice(0, start)]) {
		for (let place: keyof typeof left = 'likely'; sought.has(key); place = 'other') {
			const page = pageBeside(row.at, asked, hintOf(row, reading.total, limit));
			if (page === undefined) break;
			const request = { page, limit };
			const answer = left[place]-- > 0 ? yield request : undefined;
			// The next poll continues with another one, so that none takes the time of all.
			if (!answer) return result(key);
			const rows = readRows(request, answer);
			for (const [i, one] of rows.entries()) {
				if (sought.delete(one.key)) found.push({ place: offsetOf(request) + i, read: one });
			}
			if (rows.length > 0 && rows.length < limit && answer.hasNextPage) {
				// The service gives fewer rows than asked for: its pages are other ones.
				limit = rows.length;
				Object.assign(asked, { pages: new Map(), last: Infinity });
				continue;
			}
			const times = rows.map(({ at }) => at);
			asked.pages.set(page, { newest: Math.max(...times), oldest: Math.min(...times) });
			if (rows.length === 0) asked.last = Math.min(asked.last, page - 1);
		}
	}
	return result();
}

/** The page on which a row is likely to be. */
function hintOf({ rank }: KnownRow, total: number | undefined, size: number): number {
	if (rank === undefined || total === undefined) return 1;
	return Math.max(1, Math.floor((total - rank) / size) + 1);
}

/** Asks for at most so many pages; then there is no answer. */
function* bounded<Result>(pages: Pages<Result>, most: number): Pages<Result> {
	let asked = 0;
	for (let step = pages.next(); ; ) {
		if (step.done) return step.value;
		step = pages.next(asked++ < most ? yield step.value : undefined);
	}
}

function* readAll(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const reading = yield* readNewRows(cursor, wants);
	return reading.isWhole ? yield* readOpenRows(cursor, reading, wants.sizes) : reading;
}

/** Reads what is new to a cursor: one small page where nothing is, however long the history. */
export function readNews(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	return bounded(readAll(cursor, wants), wants.sizes.pages);
}

/**
 * Reads what is there before an agent's first event: the look-back, and of the week before it as much
 * as may hold open payments.
 * @returns undefined where there was no time for it
 */
function* readStart({ lookBackMs, horizon, sizes: size }: Wants): Pages<Baseline | undefined> {
	const floorOf = (rows: ReadRow[]) => newestOf(rows, horizon) - lookBackMs;
	const stretch = new Stretch();
	const descent: Descent = {
		from: 0,
		stretch,
		largest: size.page,
		mostRows: Infinity,
		isBottom: (sofar, page) => {
			const rows = sofar.newestFirst;
			const isEnough = sofar.inOrder && rows.length >= size.baseline;
			if (isEnough && sofar.isBehind(floorOf(rows), page)) return true;
			return sofar.isBehind(watchedSince({ newest: newestOf(rows, horizon) }), page);
		},
	};
	let read = yield* readDown(descent);
	// An empty answer by mistake would make all payments new.
	if (stretch.size === 0) read = yield* readDown(descent);
	const { end } = read;
	if (stretch.size === 0 && (end !== 'bottom' || (read.total ?? 0) > 0)) return undefined;
	const rows = stretch.oldestFirst;
	const [oldest, total = read.total] = [rows[0]?.at, rows.at(-1)?.rank];
	const isCut = end !== 'bottom';
	if (isCut && !stretch.inOrder) return undefined;
	const floor = Math.max(0, floorOf(rows));
	return {
		rows,
		isWhole: true,
		reach: 'floor',
		asOf: newestOf(rows, horizon),
		...(total !== undefined && { total }),
		// Others may share the time of the oldest row that was read.
		floor: isCut && oldest !== undefined ? Math.max(floor, oldest + 1) : floor,
	};
}

/** Reads the baseline of an agent. @returns undefined where there was no time for it */
export function readBaseline(wants: Wants): Pages<Baseline | undefined> {
	return bounded(readStart(wants), wants.sizes.pages);
}
