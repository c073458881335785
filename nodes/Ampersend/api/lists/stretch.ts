import type { ReadPage, ActivityRow } from './pages';
import { MAX_PAGE_ROWS } from './pages';

/**
 * Pages in a row without further rows, because rows were added on top meanwhile, before reading
 * gives up.
 */
export const MAX_PUSHES = 50;

/** Rows whose ids are remembered, however many are read. */
const MAX_KEPT = MAX_PUSHES * MAX_PAGE_ROWS;

/** Rows of a list, read downwards without a gap, each once. */
export class Stretch {
	/** Times of the latest rows by id, epoch ms. */
	protected times = new Map<string, number>();
	/** Of rows before those. */
	protected earlierTimes: ReadonlyMap<string, number> | undefined;
	protected rows: ActivityRow[] = [];
	private top: ActivityRow | undefined;
	/** Rows that were added in all. */
	size = 0;
	/** Newest first. */
	lastPage: ActivityRow[] = [];
	/** Time of the rows that the last page ends with, epoch ms, and how many were read. */
	private oldest = Infinity;
	private oldestCount = 0;
	/** The oldest time that a page ended with, epoch ms. */
	private lowest = Infinity;
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
		const { size: before } = this;
		const start = before === 0 ? 0 : this.startIn(page);
		if (start < 0) return false;
		// Rows above the shared one were added meanwhile. They are for the next reading. If the page
		// came in another order, it doesn't tell which ones.
		this.lastPage = cameInOrder ? page.slice(start) : page;
		this.addLastPage(cameInOrder);
		if (this.size > before) this.pages++;
		this.cameInOrder &&= cameInOrder;
		this.lastCameInOrder = cameInOrder;
		this.top ??= this.lastPage[0];
		this.isAll = isAll;
		return true;
	}

	private addLastPage(cameInOrder: boolean): void {
		const { oldest, lastPage } = this;
		for (const row of lastPage) {
			if (!this.put(row) || row.at <= oldest) continue;
			this.isSorted = false;
			this.isMixed ||= !cameInOrder;
		}
		this.endAt(lastPage.at(-1)?.at ?? oldest);
	}

	/** Adds the rows of the oldest time. */
	addOldest(rows: ActivityRow[]): void {
		for (const row of rows) if (row.at === this.oldest) this.put(row);
	}

	/** Ends the stretch with its oldest time, of which it has all rows. */
	endWhole(): void {
		this.lastPage = this.lastPage.filter(({ at }) => at === this.oldest);
		this.wholeTime = this.oldest;
	}

	/** @returns whether the row is new here */
	private put(one: ActivityRow): boolean {
		if (this.has(one)) return false;
		this.times.set(one.wire.id, one.at);
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
		// Pages before may have had more rows of a time that isn't the lowest.
		this.oldestCount = time < this.lowest ? this.countInLastPage() : this.countKept();
		this.lowest = Math.min(this.lowest, time);
	}

	private countInLastPage(): number {
		const rows = this.lastPage.filter(({ at }) => at === this.oldest);
		return new Set(rows.map(({ wire }) => wire.id)).size;
	}

	private countKept(): number {
		const times = [...(this.earlierTimes?.values() ?? []), ...this.times.values()];
		return times.filter((time) => time === this.oldest).length;
	}

	private has({ wire }: ActivityRow): boolean {
		return this.times.has(wire.id) || Boolean(this.earlierTimes?.has(wire.id));
	}

	private isOfEnd(one: ActivityRow): boolean {
		return one.at === this.oldest && this.has(one);
	}

	/**
	 * Where a page continues this one: with a row that both have, with the same time, because a
	 * change may move a row to the top; or else with the oldest time, if it has newer rows above
	 * that. Negative if it doesn't continue it.
	 */
	private startIn(page: ActivityRow[]): number {
		const [first] = page;
		let start = first && this.isInLastPage(first) ? 0 : this.sharedIn(page);
		if (start < 0 && !this.isMixed) {
			const oldest = page.findIndex(({ at }) => at === this.oldest);
			if (oldest > 0) start = oldest;
		}
		// Rows of the same moment may have changed places.
		while (start > 0 && page[start - 1]?.at === page[start]?.at) start--;
		return start;
	}

	/** Most pages start with one of the last rows. A row that comes twice has its later place. */
	private isInLastPage({ wire: { id }, at }: ActivityRow): boolean {
		return this.lastPage.findLast((row) => row.wire.id === id)?.at === at;
	}

	/** The first row of a page that the last page has, too. */
	private sharedIn(page: ActivityRow[]): number {
		const above = new Map(this.lastPage.map(({ wire, at }) => [wire.id, at]));
		return page.findIndex((row) => above.get(row.wire.id) === row.at || this.isOfEnd(row));
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
		if (this.isMixed || this.oldestCount > MAX_KEPT || this.oldest === this.wholeTime) return false;
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
	get newestFirst(): ActivityRow[] {
		const rows = [...this.rows];
		return this.inOrder && !this.isSorted ? rows.sort((a, b) => b.at - a.at) : rows;
	}

	get oldestFirst(): ActivityRow[] {
		return this.newestFirst.reverse();
	}
}

/** A stretch of any length: it hands its rows over as they are read, and keeps the latest ids. */
export class PassingStretch extends Stretch {
	/** The rows that were added since the last call. */
	takeAdded(): ActivityRow[] {
		const { times, rows } = this;
		this.rows = [];
		if (times.size >= MAX_KEPT) [this.earlierTimes, this.times] = [times, new Map()];
		return rows;
	}
}
