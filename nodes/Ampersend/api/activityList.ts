import { sameAddress } from '../domain/address';
import type { FilterableRow } from '../domain/filter';
import { readTime } from '../domain/time';
import type { Activity } from '../schemas/activity';

/*
 * How a list of activity is read. A generator requests a page and gets the answer, or undefined if
 * there is no time for it or it can't be read. So the same code reads the service, and any list
 * that a test makes up.
 *
 * Reading goes down the list. Payments that are added on top push the others down, so a row can
 * come twice, but none is skipped. Each page shares a row with the page above it. If one doesn't,
 * rows were removed or another replica answered: it's requested again, then a little higher up.
 *
 * A database that sorts by time alone can list payments of the same moment in another order in each
 * answer. So a page starts above the moment with which the pages above it end, and has all of it.
 * If a moment has more payments than a page, it's read until no other one comes.
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

/** If a first page has fewer rows, and the service reports more, there are probably no more. */
const FEW = 5;

/** Pages in a row that don't continue the list before reading gives up. */
const MOST_MISSES = 3;

/** Pages in a row that start with the same row before it's checked whether page 1 does, too. */
const MOST_REPEATS = 2;

/**
 * Pages in a row without further rows, because rows were added on top meanwhile, before reading
 * gives up.
 */
const MOST_PUSHES = 50;

/** No list has more pages. */
const MOST_PAGES = 2 ** 20;

/** Rows whose ids are remembered, however many are read. */
const MOST_KEPT = MOST_PUSHES * LARGEST_PAGE;

/** How often the payments of one moment are read again before reading gives up. */
const MOST_PASSES = 40;

/** How often that must find no other payment of the moment. */
const QUIET_PASSES = 2;

/**
 * The same if the moment seemed to have more places than payments: an answer may come from another
 * replica, whose list is longer or shorter.
 */
const DOUBTFUL_QUIET_PASSES = 8;

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
		const request = pageAt(Math.max(0, next - 2), size);
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

/** Whether the service reports more rows after a page. */
function saysMore(request: PageRequest, answer: PageAnswer): boolean {
	const { activity, hasNextPage, totalCount = 0 } = answer;
	return hasNextPage || totalCount > offsetOf(request) + activity.length;
}

/** Whether a page is the last one: it's short, and the service reports no more rows. */
export function isLastPage(request: PageRequest, answer: PageAnswer): boolean {
	return isShort(request, answer) && !saysMore(request, answer);
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
function readRow(row: Activity): ReadRow {
	const { receiver, agent_address } = row;
	return {
		row,
		at: readTime(row.timestamp),
		amount: BigInt(row.amount),
		direction: row.type,
		status: row.status,
		counterparty: sameAddress(receiver, agent_address) ? null : receiver,
	};
}

/** The rows of a page. */
export interface ReadPage {
	/** Newest first. */
	rows: ReadRow[];
	/** Whether the service returned them in this order. */
	cameInOrder: boolean;
}

/** Reads a page. A service can sort the rows of a page in another way than the pages. */
export function readPage(request: PageRequest, answer: PageAnswer): ReadPage {
	const came = answer.activity.map(readRow);
	const cameInOrder = came.every(({ at }, i) => at <= (came[i - 1]?.at ?? Infinity));
	const rows = cameInOrder ? came : came.toSorted((one, other) => other.at - one.at);
	const count = countFrom(request, answer);
	if (count !== undefined) for (const [i, one] of rows.entries()) one.rank = count - i;
	return { rows, cameInOrder };
}

/**
 * Time of the newest row that isn't dated after `horizon`, epoch ms; -Infinity if there is none.
 */
export function newestOf(rows: Iterable<ReadRow>, horizon: number): number {
	let newest = -Infinity;
	for (const { at } of rows) if (at <= horizon) newest = Math.max(newest, at);
	return newest;
}

/**
 * The rank of the topmost of the newest rows: how many rows the list has up to them. Undefined if
 * there are none, or one has no rank.
 */
export function rankOfNewest(rows: ReadRow[]): number | undefined {
	const newest = newestOf(rows, Infinity);
	const ranks = rows.filter(({ at }) => at === newest).map(({ rank }) => rank ?? NaN);
	const rank = Math.max(...ranks);
	return Number.isFinite(rank) ? rank : undefined;
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
	/** Time of the rows that the last page ends with, epoch ms, and how many were read. */
	private oldest = Infinity;
	private oldestCount = 0;
	/** A time of which all rows were read, epoch ms. */
	private wholeTime: number | undefined;
	private pages = 0;
	/** Whether the service returned the rows of each page, and of the last one, newest first. */
	private cameInOrder = true;
	private lastCameInOrder = true;
	/** Whether each row was added after all newer ones. */
	private isSorted = true;
	/** Whether a page in another order added a newer row, so the list may be in no order. */
	private isMixed = false;
	/** Offset after the lowest row that a page had. */
	reached = 0;
	/** Whether nothing follows the rows. */
	isAll = false;

	/**
	 * Adds a page if it continues the one above it.
	 * @param isAll whether nothing follows the page
	 * @returns whether it does
	 */
	add({ rows: page, cameInOrder }: ReadPage, isAll = false): boolean {
		const { size: before, oldest } = this;
		const start = before === 0 ? 0 : this.startIn(page);
		if (start < 0) return false;
		// Rows above the shared one were added meanwhile. They are for the next reading. If the page
		// came in another order, it doesn't tell which ones.
		this.lastPage = cameInOrder ? page.slice(start) : page;
		for (const one of this.lastPage) {
			if (!this.put(one) || one.at <= oldest) continue;
			this.isSorted = false;
			this.isMixed ||= !cameInOrder;
		}
		this.endAt(this.lastPage.at(-1)?.at ?? oldest);
		if (this.size > before) this.pages++;
		this.cameInOrder &&= cameInOrder;
		this.lastCameInOrder = cameInOrder;
		this.top ??= this.lastPage[0];
		this.isAll = isAll;
		return true;
	}

	/** Adds the rows of the oldest time. */
	addOldest({ rows }: ReadPage): void {
		for (const one of rows) if (one.at === this.oldest) this.put(one);
	}

	/** Ends the stretch with its oldest time, of which it has all rows. */
	endWhole(): void {
		this.lastPage = this.lastPage.filter(({ at }) => at === this.oldest);
		this.wholeTime = this.oldest;
	}

	/** @returns whether the row is new here */
	private put(one: ReadRow): boolean {
		if (this.has(one)) return false;
		this.ids.add(one.row.id);
		this.rows.push(one);
		this.size++;
		if (one.at === this.oldest) this.oldestCount++;
		return true;
	}

	/**
	 * Ends the stretch where its last page ends. That can be above older rows: those that appeared
	 * meanwhile have pushed them off the page.
	 */
	private endAt(time: number): void {
		if (time === this.oldest) return;
		this.oldest = time;
		this.oldestCount = this.lastPage.filter(({ at }) => at === time).length;
	}

	protected has({ row }: ReadRow): boolean {
		return this.ids.has(row.id);
	}

	private isOfEnd(one: ReadRow): boolean {
		return one.at === this.oldest && this.has(one);
	}

	/**
	 * Where a page continues this one: with a row that both have, with the same time, because a
	 * change may move a row to the top; or else with the oldest time, if it has newer rows above
	 * that. Negative if it doesn't continue it.
	 */
	private startIn(page: ReadRow[]): number {
		const above = new Map(this.lastPage.map(({ row, at }) => [row.id, at]));
		let start = page.findIndex((one) => above.get(one.row.id) === one.at || this.isOfEnd(one));
		if (start < 0 && !this.isMixed) {
			const oldest = page.findIndex(({ at }) => at === this.oldest);
			if (oldest > 0) start = oldest;
		}
		// Rows of the same moment may have changed places.
		while (start > 0 && page[start - 1]?.at === page[start]?.at) start--;
		return start;
	}

	get isOneMoment(): boolean {
		return this.oldestCount === this.size;
	}

	/** Whether one page has all rows. */
	get isOnePage(): boolean {
		return this.pages <= 1;
	}

	/** How many rows at the end of the last page are from the oldest time; 0 if that's all of it. */
	get tail(): number {
		const newer = this.lastPage.findIndex(({ at }) => at === this.oldest);
		return newer > 0 ? this.lastPage.length - newer : 0;
	}

	/** Whether rows of the oldest time may follow that don't fit on a page with those read. */
	get isCut(): boolean {
		if (this.isMixed || this.oldestCount > MOST_KEPT || this.oldest === this.wholeTime)
			return false;
		return this.lastPage.at(-2)?.at === this.oldest;
	}

	/** Whether a page has a newer row than the oldest ones, and so all of those that fit below it. */
	startsAbove({ rows: [first] }: ReadPage): boolean {
		return this.isMixed || (first !== undefined && first.at > this.oldest);
	}

	/** The oldest time, epoch ms, and how many rows have it. */
	get end(): { at: number; count: number } {
		return { at: this.oldest, count: this.oldestCount };
	}

	/**
	 * Whether the whole page is above the end of the last one, because that many rows were added
	 * meanwhile.
	 */
	isBelow({ rows: page }: ReadPage): boolean {
		const { top } = this;
		const lowest = page.at(-1);
		return Boolean(top && lowest && (this.has(lowest) || lowest.at > top.at));
	}

	/**
	 * Whether the list is known to be newest first, as far as it was read. One page whose rows came
	 * in another order doesn't tell.
	 */
	get inOrder(): boolean {
		return !this.isMixed && (this.cameInOrder || this.pages > 1);
	}

	/** Whether, besides, each row was added after all newer ones. */
	get cameNewestFirst(): boolean {
		return this.inOrder && this.isSorted;
	}

	/**
	 * Whether no row after the last page is from `time` or later, as far as the order of the list
	 * shows.
	 */
	isBehind(time: number): boolean {
		if (this.inOrder) return this.oldest < time;
		const newest = this.lastPage[0];
		return newest !== undefined && this.lastCameInOrder && newest.at < time;
	}

	/** If the list isn't in order, as it has them. */
	get newestFirst(): ReadRow[] {
		const rows = [...this.rows];
		return this.inOrder && !this.isSorted ? rows.sort((one, other) => other.at - one.at) : rows;
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
		if (ids.size >= MOST_KEPT) [this.earlierIds, this.ids] = [ids, new Set()];
		return rows;
	}
}

/**
 * Returns a check of each page: does it start with the same row as the page before it?
 * @throws PagingObservation if several in a row do, and page 1 does too
 */
function watchForRepeats(): (request: PageRequest, page: ReadPage) => Pages<boolean> {
	let [last, repeats]: [{ id: string; offset: number } | undefined, number] = [undefined, 0];
	return function* (request, { rows: [first] }) {
		const offset = offsetOf(request);
		const isSame = first !== undefined && first.row.id === last?.id;
		const isRepeat = isSame && last?.offset !== offset;
		if (isRepeat) repeats++;
		else if (!isSame) repeats = 0;
		if (repeats >= MOST_REPEATS) {
			// If rows are added as fast as pages are read, pages start with the same row, but page 1
			// doesn't.
			const topRequest = { page: 1, limit: request.limit };
			const top = yield topRequest;
			if (top && readPage(topRequest, top).rows[0]?.row.id === first?.row.id) {
				throw new PagingObservation('returns the same rows again, whatever "page" asks for');
			}
			repeats = 0;
		}
		if (!isRepeat) last = first && { id: first.row.id, offset };
		return isRepeat;
	};
}

/** The first page of a list, as large as possible. */
interface Top extends ReadPage {
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
		const page = readPage(request, answer);
		const { rows } = page;
		const isLast = isLastPage(request, answer);
		if (rows.length >= (top?.rows.length ?? 0)) {
			const size = isLast ? largest : Math.min(largest, rows.length || largest);
			top = { ...page, size, isLast, total: answer.totalCount ?? 0 };
		}
		const isDoubtful = rows.length === 0 && (doubtsEmpty || !isLast);
		if (isAgain || (top?.size === largest && !isDoubtful)) break;
	}
	if (top && top.size < FEW) {
		// So few rows are all that there are, or a page has no more.
		const next = yield { page: 2, limit: largest };
		if (next?.activity.length === 0) return { ...top, size: largest };
	}
	return top;
}

interface Descent {
	/** Empty, or has the rows from the top of the list. */
	stretch: Stretch;
	/** Offset to start at if the stretch is empty. */
	from?: number;
	/** How many places at the top of the list were read, if the stretch isn't empty. */
	placesRead?: number;
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

/**
 * Reads all payments of the oldest time of a stretch: until one page has them all, or there are as
 * many as they have places in the list and reading them twice more finds no other.
 * @param start offset of the first of them
 * @returns offset after the last of them, or why there is none
 */
function* readMoment(stretch: Stretch, start: number, size: number): Pages<number | End> {
	const { at } = stretch.end;
	let [above, quiet, places] = [Math.max(0, start - 1), 0, 0];
	for (let pass = 0; pass < MOST_PASSES; pass++) {
		// A database can sort pages of each size in another way.
		const largest = Math.max(2, size - (pass % Math.ceil(size / 2)));
		const { count: before } = stretch.end;
		let first: number | undefined;
		for (let offset = above; ; ) {
			const request = pageAt(offset, largest);
			const answer = yield request;
			if (!answer) return 'no answer';
			const page = readPage(request, answer);
			const top = offsetOf(request);
			const isFirst = first === undefined;
			const newer = page.rows.filter((one) => one.at > at).length;
			if (newer > 0 || top === 0) first = top + newer;
			if (first === undefined) {
				// Rows were removed above it.
				above = Math.max(0, above - Math.ceil(size / 4));
				break;
			}
			stretch.addOldest(page);
			const end = top + page.rows.filter((one) => one.at >= at).length;
			if (end < top + page.rows.length || isShort(request, answer)) {
				const { count } = stretch.end;
				places = Math.max(places, end - first);
				if (count > before) quiet = 0;
				else if (count >= end - first) quiet++;
				const enough = count >= places ? QUIET_PASSES : DOUBTFUL_QUIET_PASSES;
				if ((isFirst && page.rows.length > 0) || quiet >= enough) return end;
				break;
			}
			offset = end;
		}
	}
	return 'gap';
}

/** Reads down page by page. Each page shares a row with the one above it. */
export function* readDown(descent: Descent): Pages<End> {
	const { stretch, mostRows, isBottom, size = LARGEST_PAGE, from: top = 0 } = descent;
	const from = top + Math.max(0, (descent.placesRead ?? 0) - 1);
	const isRepeated = watchForRepeats();
	let [offset, misses, pushes, isOver] = [from, 0, 0, false];
	let [isMoreSaid, doubts] = [false, 0];
	while (!stretch.isAll && !isBottom()) {
		if (offset > from + mostRows) return 'too far';
		const above = pageAt(Math.max(top, offset - stretch.tail), size);
		const isAbove = !isOver && stretch.tail > 0 && above.page * above.limit > offset + 1;
		// At the top of a stretch that starts further down, rows of this time are above it too.
		const isHead = top > 0 && stretch.isOneMoment;
		if (!isOver && !isAbove && !isHead && stretch.isCut) {
			const end = yield* readMoment(stretch, top + stretch.size - stretch.end.count, size);
			if (typeof end !== 'number') return end;
			stretch.endWhole();
			offset = end - 1;
			continue;
		}
		// If this may be the end, requests what would come after it.
		const request = isAbove
			? above
			: isOver
				? pageAt(offset + 1, Math.min(stretch.lastPage.length || size, size))
				: pageAt(offset, size);
		const answer = yield request;
		if (!answer) return 'no answer';
		const page = readPage(request, answer);
		const { rows } = page;
		const isRepeat = yield* isRepeated(request, page);
		const isLast = isLastPage(request, answer);
		if (isShort(request, answer) && !isLast && descent.size === undefined) return 'short page';
		// Nothing, where the page above reports more: another replica may have answered.
		if (isOver && rows.length === 0 && isMoreSaid && ++doubts <= MOST_MISSES) continue;
		const before = stretch.size;
		if (isHead) stretch.addOldest(page);
		const isContinued =
			(isOver && rows.length === 0) ||
			((!isAbove || stretch.startsAbove(page)) && stretch.add(page, isLast));
		if (!isContinued) {
			isOver = false;
			if (stretch.isBelow(page) && ++pushes <= MOST_PUSHES) offset += size - 1;
			else if (++misses > MOST_MISSES) return 'gap';
			// Another replica may answer the same page better. If not, rows were removed above it.
			else offset = Math.max(top, offset - (misses - 1) * Math.ceil(size / 4));
			continue;
		}
		const added = stretch.size - before;
		stretch.reached = Math.max(stretch.reached, offsetOf(request) + rows.length);
		if (isOver && added === 0 && !isRepeat) return 'bottom';
		if (rows.length > 0) [isMoreSaid, doubts] = [saysMore(request, answer), 0];
		if (added > 0) [misses, pushes] = [0, 0];
		// A full page with only rows that were read before: that many were added meanwhile.
		else if (!isOver && !isShort(request, answer)) pushes++;
		else misses++;
		if (misses > MOST_MISSES || pushes > MOST_PUSHES) return 'gap';
		isOver =
			added === 0 && (isShort(request, answer) || request.page * request.limit <= offset + 1);
		offset = Math.max(offset, offsetOf(request) + rows.length - 1);
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
	stretch.add(top, top.isLast);
	const mostRows = MOST_PAGES * LARGEST_PAGE;
	const placesRead = top.rows.length;
	const end = yield* readDown({ stretch, placesRead, size: top.size, mostRows, isBottom });
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
		const page = readPage(request, answer);
		yield* isRepeated(request, page);
		if (page.rows.some(({ at }) => at >= time)) least = request.page;
		else most = request.page - 1;
	}
	return least * limit;
}
