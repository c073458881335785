import { sameAddress } from '../domain/address';
import type { FilterableRow } from '../domain/filter';
import { epochToMs } from '../domain/time';
import type { Activity } from '../schemas/activity';

/*
 * How a list of activity is read. A generator asks for a page and gets its answer, or undefined
 * where there is no time for it or it can't be had. So the same code reads the service, and any
 * list that a test can think of.
 *
 * The list is read from some place down. Payments that are added on top push the others down, so a
 * row comes twice and none is skipped. Each page shares a row with the page above it. One that
 * doesn't shows that rows were removed, or that another replica answered: then it is asked for
 * again, a little higher up.
 */

/** The most rows of activity that the service gives in one page (SDK, agent-client.ts). */
export const LARGEST_PAGE = 200;

export interface PageRequest {
	/** Counts from 1. */
	page: number;
	/** Rows of a page. */
	limit: number;
}

export interface PageAnswer {
	activity: Activity[];
	hasNextPage: boolean;
	/** Rows of the agent in all, where the service says so. */
	totalCount?: number;
}

export type Pages<Result> = Generator<PageRequest, Result, PageAnswer | undefined>;

/** A row with what is read out of it once. */
export interface ReadRow extends FilterableRow {
	row: Activity;
	/**
	 * How many rows the list has up to this one, counted from the oldest, where the service's count
	 * may be right.
	 */
	rank?: number;
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

/**
 * Pages in a row that don't continue the list, or begin with the same row, before reading gives up.
 */
const MOST_MISSES = 3;

/** Pages in a row that rows added meanwhile have pushed down whole, before reading gives up. */
const MOST_PUSHES = 50;

/** No list has more pages. */
const MOST_PAGES = 2 ** 20;

export function offsetOf({ page, limit }: PageRequest): number {
	return (page - 1) * limit;
}

/**
 * The page that has the row at `offset`, and of those up to `largest` rows the one that goes on
 * furthest.
 */
function pageAt(offset: number, largest: number): PageRequest {
	const limits = Array.from({ length: Math.ceil(largest / 2) }, (_, i) => largest - i);
	return limits
		.map((limit) => ({ page: Math.floor(offset / limit) + 1, limit }))
		.reduce((best, one) => (one.page * one.limit > best.page * best.limit ? one : best));
}

/** Whether a page has fewer rows than were asked for. */
function isShort({ limit }: PageRequest, { activity }: PageAnswer): boolean {
	return activity.length < limit;
}

/** Whether a page is the last one: the service says so, and it is short. */
export function isLastPage(request: PageRequest, answer: PageAnswer): boolean {
	const { activity, hasNextPage, totalCount = 0 } = answer;
	const isMoreSaid = hasNextPage || totalCount > offsetOf(request) + activity.length;
	return isShort(request, answer) && !isMoreSaid;
}

/**
 * How many rows the list has behind the first of a page; undefined where its count can't be right.
 */
export function countFrom(request: PageRequest, answer: PageAnswer): number | undefined {
	const left = (answer.totalCount ?? -Infinity) - offsetOf(request);
	const behind = left - answer.activity.length;
	return behind < 0 || behind > 0 !== answer.hasNextPage ? undefined : left;
}

/**
 * A row names only a receiver. On a payment earned that is usually the agent itself; who paid isn't
 * published, so there is no counterparty.
 */
function readRow(row: Activity): ReadRow {
	const { receiver, agent_address } = row;
	return {
		row,
		at: epochToMs(row.timestamp),
		amount: BigInt(row.amount),
		direction: row.type,
		status: row.status,
		counterparty: sameAddress(receiver, agent_address) ? null : receiver,
	};
}

export function readRows(request: PageRequest, answer: PageAnswer): ReadRow[] {
	const count = countFrom(request, answer);
	return answer.activity.map((row, i) => ({
		...readRow(row),
		...(count !== undefined && { rank: count - i }),
	}));
}

/**
 * Time of the newest of some rows, as far as their times can be true; -Infinity where there is
 * none.
 */
export function newestOf(rows: Iterable<ReadRow>, horizon: number): number {
	let newest = -Infinity;
	for (const { at } of rows) if (at <= horizon) newest = Math.max(newest, at);
	return newest;
}

/** Rows read from some place down without a gap, each once. */
export class Stretch {
	private readonly rows = new Map<string, ReadRow>();
	private added: ReadRow[] = [];
	/** The newest first. */
	lastPage: ReadRow[] = [];
	private oldest = Infinity;
	/** Whether they came newest first. */
	inOrder = true;
	/** Whether nothing follows them. */
	isAll = false;

	constructor(newestFirst: ReadRow[] = [], isAll = false) {
		this.add(newestFirst, isAll);
	}

	/**
	 * Adds a page, where it shares a row with the one above it, in its place: a change may move one
	 * to the top.
	 * @param isAll whether nothing follows it
	 * @returns how many of its rows are new here; undefined where it shares none
	 */
	add(page: ReadRow[], isAll = false): number | undefined {
		const before = this.rows.size;
		const above = new Map(this.lastPage.map(({ row, at }) => [row.id, at]));
		const start = before === 0 ? 0 : page.findIndex(({ row, at }) => above.get(row.id) === at);
		if (start < 0) return undefined;
		// What is above the shared row was added meanwhile: it is for the next reading.
		this.lastPage = page.slice(start);
		for (const one of this.lastPage) {
			if (this.rows.has(one.row.id)) continue;
			this.rows.set(one.row.id, one);
			this.added.push(one);
			this.inOrder &&= one.at <= this.oldest;
			this.oldest = Math.min(this.oldest, one.at);
		}
		this.isAll = isAll;
		return this.rows.size - before;
	}

	/** Whether all of a page is above the last one: so many rows were added meanwhile. */
	isBelow(page: ReadRow[]): boolean {
		const [top] = this.rows.values();
		const lowest = page.at(-1);
		return Boolean(top && lowest && (this.rows.has(lowest.row.id) || lowest.at >= top.at));
	}

	/**
	 * Whether no row since `time` comes after the last page, as far as the order of the list tells.
	 */
	isBehind(time: number): boolean {
		if (this.inOrder) return this.oldest < time;
		const isBefore = ({ at }: ReadRow, i: number) =>
			at < time && at <= (this.lastPage[i - 1]?.at ?? time);
		return this.lastPage.length > 0 && this.lastPage.every(isBefore);
	}

	/** The rows that were added since this was last called. */
	takeAdded(): ReadRow[] {
		const { added } = this;
		this.added = [];
		return added;
	}

	get size(): number {
		return this.rows.size;
	}

	get newestFirst(): ReadRow[] {
		return [...this.rows.values()];
	}

	get oldestFirst(): ReadRow[] {
		return this.newestFirst.reverse();
	}
}

/**
 * Says of each page whether it begins with the same row as the one before it.
 * @throws PagingObservation where several in a row do, and the first page does too
 */
function watchForRepeats(): (request: PageRequest, answer: PageAnswer) => Pages<boolean> {
	let [last, repeats]: [{ id: string; offset: number } | undefined, number] = [undefined, 0];
	return function* (request, { activity: [first] }) {
		const offset = offsetOf(request);
		const isRepeat = first !== undefined && first.id === last?.id && last.offset !== offset;
		repeats = isRepeat ? repeats + 1 : 0;
		if (repeats >= MOST_MISSES) {
			// Rows that are added as fast as others are read look the same, except at the top.
			const top = yield { page: 1, limit: request.limit };
			if (top?.activity[0]?.id === first?.id) {
				throw new PagingObservation('returns the same rows again, whatever "page" asks for');
			}
			repeats = 0;
		}
		if (!isRepeat) last = first && { id: first.id, offset };
		return isRepeat;
	};
}

/** The first page of a list, as large as it can be. */
interface Top {
	rows: ReadRow[];
	/** The most rows that the service gives in a page. */
	size: number;
	/** Whether there is no other page. */
	isLast: boolean;
	/** The service's count, as it is. */
	total: number;
}

/**
 * Asks again where a page is short for no reason: that may be a mistake.
 * @param doubtsEmpty whether an empty list is one, too
 */
export function* readTop(largest: number, doubtsEmpty = true): Pages<Top | undefined> {
	const request = { page: 1, limit: largest };
	let top: Top | undefined;
	for (let isAgain = false; ; isAgain = true) {
		const answer = yield request;
		if (!answer) return undefined;
		const rows = readRows(request, answer);
		const isLast = isLastPage(request, answer);
		if (rows.length >= (top?.rows.length ?? 0)) {
			const size = isLast ? largest : Math.min(largest, rows.length || largest);
			top = { rows, size, isLast, total: answer.totalCount ?? 0 };
		}
		const isDoubtful = rows.length === 0 && (doubtsEmpty || !isLast);
		if (isAgain || (top?.size === largest && !isDoubtful)) return top;
	}
}

interface Descent {
	/** Empty, or with the rows from the top of the list. */
	stretch: Stretch;
	/** Offset at which it begins where it is empty. */
	from?: number;
	/**
	 * The most rows of a page, where that is known. A service that gives fewer begins its pages
	 * elsewhere, too.
	 */
	size: number | undefined;
	/** The most rows that it is for. */
	mostRows: number;
	/** Whether it may end here. */
	isBottom: () => boolean;
}

/** `bottom`: reading went down to where it was to end, or to the end of the list. */
type End = 'bottom' | 'too far' | 'gap' | 'short page' | 'no answer';

/** Reads down: page after page, each of which shares a row with the one above it. */
export function* readDown(descent: Descent): Pages<End> {
	const { stretch, mostRows, isBottom, size = LARGEST_PAGE } = descent;
	const from = descent.from ?? Math.max(0, stretch.size - 1);
	const isRepeated = watchForRepeats();
	let [offset, misses, pushes, isOver] = [from, 0, 0, false];
	while (!stretch.isAll && !isBottom()) {
		if (offset > from + mostRows) return 'too far';
		// What may be the end is looked behind.
		const request = isOver
			? pageAt(offset + 1, stretch.lastPage.length || size)
			: pageAt(offset, size);
		const answer = yield request;
		if (!answer) return 'no answer';
		const page = readRows(request, answer);
		const isRepeat = yield* isRepeated(request, answer);
		const isLast = isLastPage(request, answer);
		if (isShort(request, answer) && !isLast && descent.size === undefined) return 'short page';
		const added = isOver && page.length === 0 ? 0 : stretch.add(page, isLast);
		if (added === undefined) {
			isOver = false;
			if (stretch.isBelow(page) && ++pushes <= MOST_PUSHES) offset += size - 1;
			else if (++misses > MOST_MISSES) return 'gap';
			// Another replica may answer the same page better; else rows were removed above it.
			else offset = Math.max(descent.from ?? 0, offset - (misses - 1) * Math.ceil(size / 4));
			continue;
		}
		if (isOver && added === 0 && !isRepeat) return 'bottom';
		if (added > 0) [misses, pushes] = [0, 0];
		// All of a whole page was read before: so many rows were added meanwhile.
		else if (!isOver && !isShort(request, answer)) pushes++;
		else misses++;
		if (misses > MOST_MISSES || pushes > MOST_PUSHES) return 'gap';
		isOver =
			added === 0 && (isShort(request, answer) || request.page * request.limit <= offset + 1);
		offset = Math.max(offset, offsetOf(request) + page.length - 1);
	}
	return 'bottom';
}

/**
 * Reads a list from its top into an empty stretch.
 * @param isBottom whether it may end where it is, before the end of the list
 * @throws PagingObservation where it can't be read without a gap
 */
export function* readFromTop(stretch: Stretch, isBottom: () => boolean): Pages<void> {
	const top = yield* readTop(LARGEST_PAGE, false);
	if (!top) return;
	if (top.rows.length === 0 && !top.isLast) {
		throw new PagingObservation('reports more transactions after an empty page', true);
	}
	stretch.add(top.rows, top.isLast);
	const mostRows = MOST_PAGES * LARGEST_PAGE;
	const end = yield* readDown({ stretch, size: top.size, mostRows, isBottom });
	if (end === 'bottom' || end === 'no answer') return;
	throw new PagingObservation('changes its list faster than it can be read', true);
}

/**
 * Offset behind the last page that has a row of `time` or later, or as far down as there is time
 * for.
 */
export function* findTime(time: number, limit: number): Pages<number> {
	let [least, most] = [1, Infinity];
	const isRepeated = watchForRepeats();
	while (least < Math.min(most, MOST_PAGES)) {
		const request = { page: most === Infinity ? least * 2 : Math.ceil((least + most) / 2), limit };
		const answer = yield request;
		if (!answer) break;
		yield* isRepeated(request, answer);
		if (answer.activity.some(({ timestamp }) => epochToMs(timestamp) >= time)) least = request.page;
		else most = request.page - 1;
	}
	return least * limit;
}
