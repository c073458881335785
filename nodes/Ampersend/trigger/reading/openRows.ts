import type { Pages, ActivityRow } from '../../api/lists/pages';
import { offsetOf, readPage } from '../../api/lists/pages';
import { readTop } from '../../api/lists/top';
import type { AgentCursor, KnownRow } from '../state';
import { isOpen, keyOf } from '../state';
import type { Reading, Sizes } from './reading';
import { watchedSince } from './reading';

type Entry = [key: string, row: KnownRow];

/** The pages of a list that were read, and where in it a time is. */
class PageTimes {
	private readonly pages = new Map<number, { newest: number; oldest: number }>();
	/** The last page that can have rows. */
	private last = Infinity;

	add(page: number, rows: ActivityRow[]): void {
		const times = rows.map(({ at }) => at);
		this.pages.set(page, { newest: Math.max(...times), oldest: Math.min(...times) });
		if (rows.length === 0) this.last = Math.min(this.last, page - 1);
	}

	/**
	 * The next page to request for a row of this time; undefined if none is left.
	 * @param hint the page that probably has it
	 */
	pageBeside(at: number, hint: number): number | undefined {
		const [lowest, highest] = this.rangeOf(at);
		// Rows of this time may continue on the page next to one that ends or begins with it.
		const beside = [...this.pages].flatMap(([page, { newest, oldest }]) => [
			...(oldest === at ? [page + 1] : []),
			...(newest === at ? [page - 1] : []),
		]);
		const middle = highest === Infinity ? lowest * 2 : Math.floor((lowest + highest) / 2);
		const isLeft = (page: number) => page >= lowest && page <= highest && !this.pages.has(page);
		return [hint, ...beside, middle].find(isLeft);
	}

	/** The first and the last page that can have rows of this time. */
	private rangeOf(at: number): [lowest: number, highest: number] {
		let lowest = 1;
		let highest = this.last;
		for (const [page, { newest, oldest }] of this.pages) {
			if (newest < at) highest = Math.min(highest, page - 1);
			else if (oldest > at) lowest = Math.max(lowest, page + 1);
		}
		return [lowest, highest];
	}
}

/** Open payments that a reading didn't come across, newest first, from the one that is due. */
function dueRows(cursor: AgentCursor, { rows }: Reading): Entry[] {
	const read = new Set(rows.map(({ wire }) => keyOf(wire)));
	const due = [...cursor.rows]
		.filter(([key, row]) => isOpen(row) && row.at >= watchedSince(cursor) && !read.has(key))
		.sort(
			([key, { at }], [otherKey, { at: otherAt }]) => otherAt - at || (key < otherKey ? -1 : 1),
		);
	const start = due.findIndex(([key]) => key === cursor.lastOpen) + 1;
	return [...due.slice(start), ...due.slice(0, start)];
}

/** A search for open payments: first where they were last, then where their time is in the list. */
class OpenRows {
	private readonly due: Entry[];
	private readonly sought: Set<string>;
	/** With their offsets in the list. */
	private readonly found: Array<{ offset: number; row: ActivityRow }> = [];
	private pages = new PageTimes();
	private limit: number;
	private isLimitSure = false;
	/** Pages left to request: where a payment was last, and elsewhere. */
	private readonly left: { likely: number; other: number };

	constructor(
		cursor: AgentCursor,
		private readonly reading: Reading,
		{ page, openPages }: Sizes,
	) {
		this.due = dueRows(cursor, reading);
		this.sought = new Set(this.due.map(([key]) => key));
		this.limit = page;
		this.left = { likely: openPages, other: 3 * openPages };
	}

	*read(): Pages<Reading> {
		let last: string | undefined;
		for (const [key, row] of this.due) {
			const isDone = yield* this.find(key, row);
			// The next poll continues with this payment, or with the one after it if this one took all
			// the pages.
			if (!isDone) return this.result(last ?? key);
			last = key;
		}
		return this.result();
	}

	private result(lastOpen?: string): Reading {
		const found = this.found
			.sort((a, b) => a.row.at - b.row.at || b.offset - a.offset)
			.map(({ row }) => row);
		return {
			...this.reading,
			rows: [...found, ...this.reading.rows],
			...(lastOpen !== undefined && { lastOpen }),
		};
	}

	/** @returns false if no further page could be read */
	private *find(key: string, row: KnownRow): Pages<boolean> {
		for (let place: keyof typeof this.left = 'likely'; this.sought.has(key); place = 'other') {
			const page = this.pages.pageBeside(row.at, this.hintOf(row));
			if (page === undefined) return true;
			const isRead = this.left[place]-- > 0 && (yield* this.readPage(page));
			if (!isRead) return false;
		}
		return true;
	}

	/** @returns false without an answer */
	private *readPage(page: number): Pages<boolean> {
		const request = { page, limit: this.limit };
		const answer = yield request;
		if (!answer) return false;
		const { rows } = readPage(request, answer);
		for (const [i, row] of rows.entries()) {
			if (this.sought.delete(keyOf(row.wire)))
				this.found.push({ offset: offsetOf(request) + i, row });
		}
		if (!this.isLimitSure && rows.length < this.limit && answer.hasNextPage) {
			yield* this.correctLimit();
		} else {
			this.pages.add(page, rows);
		}
		return true;
	}

	/** If the service returns fewer rows than requested, its pages start at other offsets. */
	private *correctLimit(): Pages<void> {
		this.limit = (yield* readTop(this.limit))?.size ?? this.limit;
		this.isLimitSure = true;
		this.pages = new PageTimes();
	}

	/** The page that probably has the row. */
	private hintOf({ rank }: KnownRow): number {
		const { total } = this.reading;
		if (rank === undefined || total === undefined) return 1;
		return Math.max(1, Math.floor((total - rank) / this.limit) + 1);
	}
}

/** Adds the open payments that a reading didn't come across to it. */
export function readOpenRows(cursor: AgentCursor, reading: Reading, sizes: Sizes): Pages<Reading> {
	return new OpenRows(cursor, reading, sizes).read();
}
