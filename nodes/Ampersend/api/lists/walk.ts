import { readMoment } from './moment';
import type { PageAnswer, PageRequest, Pages, ReadPage } from './pages';
import {
	isLastPage,
	isShort,
	MAX_PAGE_ROWS,
	offsetOf,
	pageAt,
	PagingObservation,
	readPage,
	saysMore,
} from './pages';
import { RepeatWatch } from './repeats';
import type { Stretch } from './stretch';
import { MAX_PUSHES } from './stretch';
import { readTop } from './top';

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

/** Pages in a row that don't continue the list before reading gives up. */
const MAX_MISSES = 3;

/** No list has more pages. */
const MAX_PAGES = 2 ** 20;

export interface WalkOptions {
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
	maxRows: number;
	/** See `PageRequest`. */
	until?: number;
	/** Whether reading can end here. */
	isBottom: () => boolean;
}

/** Why reading ended. `bottom`: it reached `isBottom` or the end of the list. */
export type End = 'bottom' | 'too far' | 'gap' | 'short page' | 'no answer';

interface Received {
	request: PageRequest;
	answer: PageAnswer;
	page: ReadPage;
	/** Whether it starts with the same row as the page before it. */
	isRepeat: boolean;
}

/** One way down a list, page by page. */
class Walk {
	private readonly stretch: Stretch;
	/** Offset of the first row of the stretch. */
	private readonly top: number;
	private readonly size: number;
	private readonly deepest: number;
	/** Of the last row that was read. */
	private offset: number;
	private readonly repeats = new RepeatWatch();
	/** Pages in a row that don't continue the list, or have no further rows. */
	private misses = 0;
	/** Pages in a row without further rows because rows were added on top. */
	private pushes = 0;
	/** Whether the list seems to end with the last page. */
	private isOver = false;
	/** Whether the service reported more rows after the last page that had some. */
	private isMoreSaid = false;
	/** Empty pages after that. */
	private emptyPages = 0;

	constructor(private readonly options: WalkOptions) {
		const { stretch, from = 0, placesRead = 0, size = MAX_PAGE_ROWS, maxRows } = options;
		this.stretch = stretch;
		this.top = from;
		this.size = size;
		this.offset = from + Math.max(0, placesRead - 1);
		this.deepest = this.offset + maxRows;
	}

	*down(): Pages<End> {
		const { stretch, options } = this;
		while (!stretch.isAll && !options.isBottom()) {
			if (this.offset > this.deepest) return 'too far';
			const end = this.needsMoment ? yield* this.readMoment() : yield* this.readNext();
			if (end) return end;
		}
		return 'bottom';
	}

	/** At the top of a stretch that starts further down, rows of this time are above it too. */
	private get isHead(): boolean {
		return this.top > 0 && this.stretch.isOneMoment;
	}

	/** The next page, if it can start above the moment with which the stretch ends. */
	private get pageAbove(): PageRequest | undefined {
		const { tail } = this.stretch;
		if (this.isOver || tail === 0) return undefined;
		const above = pageAt(Math.max(this.top, this.offset - tail), this.size);
		return above.page * above.limit > this.offset + 1 ? above : undefined;
	}

	private get nextPage(): PageRequest {
		if (!this.isOver) return pageAt(this.offset, this.size);
		// This may be the end: the page after it.
		const rows = this.stretch.lastPage.length || this.size;
		return pageAt(this.offset + 1, Math.min(rows, this.size));
	}

	private get needsMoment(): boolean {
		return !this.isOver && !this.pageAbove && !this.isHead && this.stretch.isCut;
	}

	private *readMoment(): Pages<End | undefined> {
		const { stretch, top, size } = this;
		const end = yield* readMoment(stretch, top + stretch.size - stretch.end.count, size);
		if (typeof end !== 'number') return end;
		stretch.endWhole();
		// The list may have lost all of its rows meanwhile.
		this.offset = Math.max(0, end - 1);
		return undefined;
	}

	private *readNext(): Pages<End | undefined> {
		const { stretch, options, pageAbove, isHead } = this;
		const request = pageAbove ?? this.nextPage;
		const answer = yield { ...request, until: options.until };
		if (!answer) return 'no answer';
		const page = readPage(request, answer);
		const isRepeat = yield* this.repeats.isRepeat(request, page);
		const isLast = isLastPage(request, answer);
		if (isShort(request, answer) && !isLast && options.size === undefined) return 'short page';
		if (this.isDoubtfulEnd(page)) return undefined;
		const { size: before } = stretch;
		if (isHead) stretch.addOldest(page.rows);
		const canContinue = !pageAbove || stretch.startsAbove(page);
		const isContinued = this.isEnd(page) || (canContinue && stretch.add(page, isLast));
		const received = { request, answer, page, isRepeat };
		if (!isContinued) return this.stepBack(received);
		return this.stepDown(received, stretch.size - before);
	}

	private isEnd({ rows }: ReadPage): boolean {
		return this.isOver && rows.length === 0;
	}

	/** Nothing, where the page above reports more: another replica may have answered. */
	private isDoubtfulEnd(page: ReadPage): boolean {
		return this.isEnd(page) && this.isMoreSaid && ++this.emptyPages <= MAX_MISSES;
	}

	/** After a page that doesn't continue the list. */
	private stepBack({ request, answer, page }: Received): End | undefined {
		this.isOver = false;
		// The end of the list isn't pushed down by rows that are added: some were removed.
		const isPushed = !isShort(request, answer) && this.stretch.isBelow(page);
		if (isPushed && ++this.pushes <= MAX_PUSHES) {
			this.offset += this.size - 1;
			return undefined;
		}
		if (++this.misses > MAX_MISSES) return 'gap';
		// Another replica may answer the same page better. If not, rows were removed above it.
		const higher = this.offset - (this.misses - 1) * Math.ceil(this.size / 4);
		this.offset = Math.max(this.top, higher);
		return undefined;
	}

	/** After a page that continues the list. @param added its further rows */
	private stepDown({ request, answer, page, isRepeat }: Received, added: number): End | undefined {
		const end = offsetOf(request) + page.rows.length;
		this.stretch.reached = Math.max(this.stretch.reached, end);
		if (this.isOver && added === 0 && !isRepeat) return 'bottom';
		if (page.rows.length > 0) {
			this.isMoreSaid = saysMore(request, answer);
			this.emptyPages = 0;
		}
		const isFull = !isShort(request, answer);
		this.countProgress(added, isFull);
		if (this.misses > MAX_MISSES || this.pushes > MAX_PUSHES) return 'gap';
		const isFurther = request.page * request.limit > this.offset + 1;
		this.isOver = added === 0 && !(isFull && isFurther);
		this.offset = Math.max(this.offset, end - 1);
		return undefined;
	}

	private countProgress(added: number, isFull: boolean): void {
		if (added > 0) {
			this.misses = 0;
			this.pushes = 0;
		}
		// A full page with only rows that were read before: that many were added meanwhile.
		else if (isFull && !this.isOver) this.pushes++;
		else this.misses++;
	}
}

/** Reads down page by page. Each page shares a row with the one above it. */
export function readDown(options: WalkOptions): Pages<End> {
	return new Walk(options).down();
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
	largest = MAX_PAGE_ROWS,
): Pages<void> {
	const top = yield* readTop(largest, false);
	if (!top) return;
	if (top.rows.length === 0 && !top.isLast) {
		throw new PagingObservation('reports more transactions after an empty page', true);
	}
	stretch.add(top, top.isLast);
	const maxRows = MAX_PAGES * MAX_PAGE_ROWS;
	const placesRead = top.rows.length;
	const end = yield* readDown({ stretch, placesRead, size: top.size, maxRows, isBottom });
	if (end === 'bottom' || end === 'no answer') return;
	throw new PagingObservation('changes its list faster than it can be read', true);
}

/**
 * Offset just after the last page that has a row from `time` or later, or as far down as there was
 * time to look.
 */
export function* findTime(time: number, limit: number): Pages<number> {
	let lowest = 1;
	let highest = Infinity;
	const repeats = new RepeatWatch();
	while (lowest < Math.min(highest, MAX_PAGES)) {
		const page = highest === Infinity ? lowest * 2 : Math.ceil((lowest + highest) / 2);
		const request = { page, limit };
		const answer = yield request;
		if (!answer) break;
		const read = readPage(request, answer);
		yield* repeats.isRepeat(request, read);
		if (read.rows.some(({ at }) => at >= time)) lowest = page;
		else highest = page - 1;
	}
	return lowest * limit;
}
