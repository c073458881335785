import { sameAddress } from '../domain/address';
import type { FilterableRow } from '../domain/filter';
import { epochToMs } from '../domain/time';
import type { Activity } from '../schemas/activity';

/*
 * How a list of activity is read. A generator requests a page and gets the answer, or undefined if
 * there is no time for it or it can't be read. So the same code reads the service, and any list
 * that a test makes up.
 *
 * Reading goes down the list. Payments that are added on top push the others down, so a row can
 * come twice, but none is skipped. Each page shares a row with the page above it. If one doesn't,
 * rows were removed or another replica answered: it's requested again, then a little higher up.
 */

/** Maximum rows of activity in one page (SDK, agent-client.ts). */
export const LARGEST_PAGE = 200;

export interface PageRequest {
	/** Counts from 1. */
	page: number;
	/** Maximum rows of the page. */
	limit: number;
}

export interface PageAnswer {
	activity: Activity[];
	hasNextPage: boolean;
	/** How many rows the agent has, if the service reports it. */
	totalCount?: number;
}

export type Pages<Result> = Generator<PageRequest, Result, PageAnswer | undefined>;

/** A row with the values that are read from it once. */
export interface ReadRow extends FilterableRow {
	row: Activity;
	/**
	 * Number of rows from the oldest up to this one. Absent if the service's count can't be right.
	 */
	rank?: number | undefined;
}

/** Thrown if the service doesn't list payments as assumed. The message says what it does. */
export class PagingObservation extends Error {
	override readonly name = 'PagingObservation';

	constructor(
		message: string,
		/** Whether the next poll may succeed. */
		readonly isPassing = false,
	) {
		super(message);
	}
}

/**
 * Pages in a row that don't continue the list, or start with the same row, before reading gives up.
 */
const MOST_MISSES = 3;

/**
 * Pages in a row without further rows, because rows were added on top meanwhile, before reading
 * gives up.
 */
const MOST_PUSHES = 50;

/** No list has more pages. */
const MOST_PAGES = 2 ** 20;

export function offsetOf({ page, limit }: PageRequest): number {
	return (page - 1) * limit;
}

/**
 * The requests after one, if every page is full and no row is added or removed.
 * @param size maximum rows that the service returns in a page
 * @param total rows of the list
 */
export function* requestsAfter(
	{ page, limit }: PageRequest,
	size: number,
	total: number,
): Generator<PageRequest> {
	for (let next = page * limit; next < total; ) {
		const request = pageAt(next - 1, size);
		yield request;
		next = request.page * request.limit;
	}
}

/** The page of up to `largest` rows that has the row at `offset` and reaches furthest below it. */
function pageAt(offset: number, largest: number): PageRequest {
	const limits = Array.from({ length: Math.ceil(largest / 2) }, (_, i) => largest - i);
	return limits
		.map((limit) => ({ page: Math.floor(offset / limit) + 1, limit }))
		.reduce((best, one) => (one.page * one.limit > best.page * best.limit ? one : best));
}

/** Whether a page has fewer rows than requested. */
function isShort({ limit }: PageRequest, { activity }: PageAnswer): boolean {
	return activity.length < limit;
}

/** Whether a page is the last one: it's short, and the service reports no more rows. */
export function isLastPage(request: PageRequest, answer: PageAnswer): boolean {
	const { activity, hasNextPage, totalCount = 0 } = answer;
	const isMoreSaid = hasNextPage || totalCount > offsetOf(request) + activity.length;
	return isShort(request, answer) && !isMoreSaid;
}

/**
 * Number of rows from the first one of a page to the end of the list; undefined if the service's
 * count can't be right.
 */
export function countFrom(request: PageRequest, answer: PageAnswer): number | undefined {
	const left = (answer.totalCount ?? -Infinity) - offsetOf(request);
	const behind = left - answer.activity.length;
	return behind < 0 || behind > 0 !== answer.hasNextPage ? undefined : left;
}

/**
 * A row names only the receiver. For an earned payment that's usually the agent itself. The service
 * doesn't say who paid, so there is no counterparty.
 */
function readRow(row: Activity, rank: number | undefined): ReadRow {
	const { receiver, agent_address } = row;
	return {
		row,
		at: epochToMs(row.timestamp),
		amount: BigInt(row.amount),
		direction: row.type,
		status: row.status,
		counterparty: sameAddress(receiver, agent_address) ? null : receiver,
		rank,
	};
}

export function readRows(request: PageRequest, answer: PageAnswer): ReadRow[] {
	const count = countFrom(request, answer);
	return answer.activity.map((row, i) => readRow(row, count === undefined ? count : count - i));
}

/**
 * Time of the newest row that isn't dated after `horizon`, epoch ms; -Infinity if there is none.
 */
export function newestOf(rows: Iterable<ReadRow>, horizon: number): number {
	let newest = -Infinity;
	for (const { at } of rows) if (at <= horizon) newest = Math.max(newest, at);
	return newest;
}

/** Rows of a list, read downwards without a gap, each once. */
export class Stretch {
	/** Of the latest rows. */
	protected ids = new Set<string>();
	protected rows: ReadRow[] = [];
	private top: ReadRow | undefined;
	/** Rows that were added in all. */
	size = 0;
	/** Newest first. */
	lastPage: ReadRow[] = [];
	private oldest = Infinity;
	/** Whether the rows came newest first. */
	inOrder = true;
	/** Whether nothing follows the rows. */
	isAll = false;

	constructor(newestFirst: ReadRow[] = [], isAll = false) {
		this.add(newestFirst, isAll);
	}

	/**
	 * Adds a page if it shares a row with the page above it. That row must have the same time in
	 * both: a change may move a row to the top.
	 * @param isAll whether nothing follows the page
	 * @returns how many of its rows are new here; undefined if it shares none
	 */
	add(page: ReadRow[], isAll = false): number | undefined {
		const before = this.size;
		const start = before === 0 ? 0 : this.startIn(page);
		if (start < 0) return undefined;
		// Rows above the shared one were added meanwhile. They are for the next reading.
		this.lastPage = page.slice(start);
		for (const one of this.lastPage) {
			if (this.has(one)) continue;
			this.ids.add(one.row.id);
			this.rows.push(one);
			this.size++;
			this.inOrder &&= one.at <= this.oldest;
			this.oldest = Math.min(this.oldest, one.at);
		}
		this.top ??= this.lastPage[0];
		this.isAll = isAll;
		return this.size - before;
	}

	protected has({ row }: ReadRow): boolean {
		return this.ids.has(row.id);
	}

	/** Where a page continues this one; negative if it doesn't. */
	protected startIn(page: ReadRow[]): number {
		const above = new Map(this.lastPage.map(({ row, at }) => [row.id, at]));
		return page.findIndex(({ row, at }) => above.get(row.id) === at);
	}

	/**
	 * Whether the whole page is above the end of the last one, because that many rows were added
	 * meanwhile.
	 */
	isBelow(page: ReadRow[]): boolean {
		const { top } = this;
		const lowest = page.at(-1);
		return Boolean(top && lowest && (this.has(lowest) || lowest.at > top.at));
	}

	/**
	 * Whether no row after the last page is from `time` or later, as far as the order of the list
	 * shows.
	 */
	isBehind(time: number): boolean {
		if (this.inOrder) return this.oldest < time;
		const isBefore = ({ at }: ReadRow, i: number) =>
			at < time && at <= (this.lastPage[i - 1]?.at ?? time);
		return this.lastPage.length > 0 && this.lastPage.every(isBefore);
	}

	get newestFirst(): ReadRow[] {
		return [...this.rows];
	}

	get oldestFirst(): ReadRow[] {
		return this.newestFirst.reverse();
	}
}

/** A stretch of any length: it hands its rows over as they are read, and keeps the latest ids. */
export class PassingStretch extends Stretch {
	/** Of rows before the latest ones. */
	private earlierIds: ReadonlySet<string> | undefined;

	protected override has(one: ReadRow): boolean {
		return super.has(one) || Boolean(this.earlierIds?.has(one.row.id));
	}

	/** The rows that were added since the last call. */
	takeAdded(): ReadRow[] {
		const { ids, rows } = this;
		this.rows = [];
		if (ids.size >= MOST_PUSHES * LARGEST_PAGE) [this.earlierIds, this.ids] = [ids, new Set()];
		return rows;
	}

	/**
	 * Payments of the same moment may change places between two pages, so one that is above the
	 * shared row isn't always new. There is no next reading for it.
	 */
	protected override startIn(page: ReadRow[]): number {
		let start = super.startIn(page);
		while (start > 0 && page[start - 1]?.at === page[start]?.at) start--;
		return start;
	}
}

/**
 * Returns a check of each page: does it start with the same row as the page before it?
 * @throws PagingObservation if several in a row do, and page 1 does too
 */
function watchForRepeats(): (request: PageRequest, answer: PageAnswer) => Pages<boolean> {
	let [last, repeats]: [{ id: string; offset: number } | undefined, number] = [undefined, 0];
	return function* (request, { activity: [first] }) {
		const offset = offsetOf(request);
		const isRepeat = first !== undefined && first.id === last?.id && last.offset !== offset;
		repeats = isRepeat ? repeats + 1 : 0;
		if (repeats >= MOST_MISSES) {
			// If rows are added as fast as pages are read, pages start with the same row, but page 1
			// doesn't.
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

/** The first page of a list, as large as possible. */
interface Top {
	rows: ReadRow[];
	/** Maximum rows that the service returns in a page. */
	size: number;
	/** Whether there is no other page. */
	isLast: boolean;
	/** The service's count, unchecked; 0 for none. */
	total: number;
}

/**
 * Reads the first page. If it's short for no reason, asks again: the answer may be wrong.
 * @param doubtsEmpty whether an empty list may be wrong too
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
	/** Empty, or has the rows from the top of the list. */
	stretch: Stretch;
	/** Offset to start at if the stretch is empty. */
	from?: number;
	/**
	 * Maximum rows that the service returns in a page, if known. If it returns fewer than requested,
	 * its pages start at other offsets, too.
	 */
	size: number | undefined;
	/** Maximum rows to read down. */
	mostRows: number;
	/** Whether reading can end here. */
	isBottom: () => boolean;
}

/** `bottom`: reading reached `isBottom` or the end of the list. */
type End = 'bottom' | 'too far' | 'gap' | 'short page' | 'no answer';

/** Reads down page by page. Each page shares a row with the one above it. */
export function* readDown(descent: Descent): Pages<End> {
	const { stretch, mostRows, isBottom, size = LARGEST_PAGE } = descent;
	const from = descent.from ?? Math.max(0, stretch.size - 1);
	const isRepeated = watchForRepeats();
	let [offset, misses, pushes, isOver] = [from, 0, 0, false];
	while (!stretch.isAll && !isBottom()) {
		if (offset > from + mostRows) return 'too far';
		// If this may be the end, requests what would come after it.
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
			// Another replica may answer the same page better. If not, rows were removed above it.
			else offset = Math.max(descent.from ?? 0, offset - (misses - 1) * Math.ceil(size / 4));
			continue;
		}
		if (isOver && added === 0 && !isRepeat) return 'bottom';
		if (added > 0) [misses, pushes] = [0, 0];
		// A full page with only rows that were read before: that many were added meanwhile.
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
 * @param isBottom whether reading can end here, before the end of the list
 * @param largest maximum rows of a page
 * @throws PagingObservation if the list can't be read without a gap
 */
export function* readFromTop(
	stretch: Stretch,
	isBottom: () => boolean,
	largest = LARGEST_PAGE,
): Pages<void> {
	const top = yield* readTop(largest, false);
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
 * Offset just after the last page that has a row from `time` or later, or as far down as there was
 * time to look.
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
