import type { Pages, ActivityRow } from '../../api/lists/pages';
import { PagingObservation, rankOfNewest } from '../../api/lists/pages';
import { Stretch } from '../../api/lists/stretch';
import type { End } from '../../api/lists/walk';
import { findTime, readDown } from '../../api/lists/walk';
import type { AgentCursor } from '../state';
import { keyOf } from '../state';
import type { Reading, Wants } from './reading';
import { isBehind, isInPlace, MAX_RESTARTS } from './reading';
import type { First } from './top';
import { readTopStretch } from './top';
import { readUnordered } from './unordered';

/** After so many restarts, a list that doesn't look like one in order counts as in no order. */
const MAX_DOUBTS = 1;

/** How much longer each stretch is than the one before it. */
const GROWTH = 3;

/** What a stretch is read with. */
interface Part {
	stretch: Stretch;
	/** Offset of its first row. */
	from: number;
	/** Whether nothing below it was read. */
	isLowest: boolean;
	end: End;
}

/** The rows at the top of the list. */
type TopStretch = ReturnType<typeof readTopStretch> extends Generator<unknown, infer T> ? T : never;

/** A backlog, read in stretches, oldest first. Each ends at a row of the one before. */
class Backlog {
	/** The rows of the stretches that were read, by their ids. */
	private readonly rows = new Map<string, ActivityRow>();
	/** Rows of a stretch: few at first, so that a poll with little time gets one. */
	private height: number;
	/** Maximum rows of a page, once known. */
	private size: number | undefined;
	/** Offset below which everything is read or known; undefined if it isn't known. */
	private bottom: number | undefined;
	/** See `Reading`. */
	private asOf: number;
	private newRows = 0;
	private countedRows = 0;
	private restarts = 0;

	constructor(
		private readonly cursor: AgentCursor,
		private readonly first: First,
		private readonly wants: Wants,
	) {
		const { total, asOf } = first.reading;
		this.height = wants.sizes.stretch;
		this.asOf = asOf;
		if (total !== undefined && cursor.rank !== undefined) {
			this.bottom = Math.max(0, total - cursor.rank);
		}
	}

	*read(): Pages<Reading> {
		while (this.restarts <= MAX_RESTARTS) {
			const reading = yield* this.readStretch();
			if (reading) return reading;
		}
		if (this.rows.size > 0) return this.result({ isWhole: false });
		throw new PagingObservation('changes its list faster than it can be read', true);
	}

	private result({ isWhole, isDown = true }: { isWhole: boolean; isDown?: boolean }): Reading {
		const { rows, asOf } = this;
		return { ...this.first.reading, rows: [...rows.values()], isWhole, isDown, asOf };
	}

	/** Reads one stretch. @returns the result if reading ends with it */
	private *readStretch(): Pages<Reading | undefined> {
		const top = yield* this.readTopIfNear();
		const bottom = this.bottom ?? (yield* this.findFloor());
		this.bottom = bottom;
		const from = Math.max(0, bottom - this.height);
		const stretch = (from === 0 && top?.stretch) || new Stretch();
		const isLowest = this.rows.size === 0;
		const end = yield* readDown({
			stretch,
			...(from > 0 ? { from } : { placesRead: top?.placesRead ?? 0 }),
			size: this.size,
			maxRows: bottom - from + 3 * this.height,
			until: bottom + 2,
			isBottom: () => this.isBottom(stretch),
		});
		return yield* this.endStretch({ stretch, from, isLowest, end });
	}

	/** The top of the list, if the next stretch may reach it. */
	private *readTopIfNear(): Pages<TopStretch | undefined> {
		const { bottom, height, size } = this;
		const isRetry = this.restarts > 0;
		const isNear = bottom === undefined || bottom <= height || (isRetry && size === undefined);
		if (!isNear) return undefined;
		const top = yield* readTopStretch(this.first, this.wants.sizes.page, isRetry);
		this.size ??= top.size;
		if (top.stretch.isAll || this.isBottom(top.stretch)) this.bottom ??= 0;
		return top;
	}

	private *findFloor(): Pages<number> {
		return yield* findTime(this.cursor.floor, this.size ?? this.wants.sizes.page);
	}

	/** Whether a stretch reaches the floor, or a row below which everything is read or known. */
	private isBottom(stretch: Stretch): boolean {
		if (stretch.isBehind(this.cursor.floor)) return true;
		if (this.rows.size === 0) return this.endsAtKnownRows(stretch);
		return stretch.lastPage.some(({ wire, at }) => this.rows.get(wire.id)?.at === at);
	}

	/**
	 * The list was read down to the floor when the backlog was found. Until the backlog is read, the
	 * count shows whether anything was added below the known rows since.
	 */
	private endsAtKnownRows({ newestFirst }: Stretch): boolean {
		if (!isBehind(this.cursor)) return false;
		const rank = rankOfNewest(newestFirst.filter((row) => this.isKnown(row)));
		return rank !== undefined && rank === this.cursor.rank;
	}

	private isKnown(row: ActivityRow): boolean {
		return row.at <= this.cursor.newest && isInPlace(this.cursor.rows, row);
	}

	/** @returns the result if reading ends with the stretch */
	private *endStretch(part: Part): Pages<Reading | undefined> {
		if (part.end === 'no answer') return this.resultSoFar(part);
		const isMixed = this.isMixed(part);
		// It may have been another replica's answer, or payments that appeared meanwhile.
		if (isMixed && this.restarts >= MAX_DOUBTS) {
			return yield* readUnordered(this.cursor, this.first, this.wants);
		}
		if (isMixed || part.end !== 'bottom' || this.isTooLow(part)) {
			this.restart(part);
			return undefined;
		}
		if (this.isAboveKnownRows(part)) this.asOf = this.cursor.asOf;
		return this.add(part);
	}

	/** Whether a stretch isn't in order. Rows that are all on one page can have any order. */
	private isMixed({ stretch, from, end }: Part): boolean {
		const isOnePage = stretch.isOnePage && from === 0 && end === 'bottom';
		return !stretch.inOrder && !isOnePage;
	}

	private restart({ isLowest, end }: Part): void {
		this.restarts++;
		this.height = this.wants.sizes.stretch;
		if (isLowest && end !== 'short page') this.bottom = undefined;
	}

	/** Whether the lowest stretch was only read down to known rows, and not to the floor. */
	private isAboveKnownRows({ stretch, isLowest }: Part): boolean {
		const isDown = stretch.isAll || stretch.isBehind(this.cursor.floor);
		return isLowest && !isDown && this.endsAtKnownRows(stretch);
	}

	/** What is read of a backlog if there is no further answer. */
	private resultSoFar({ stretch, isLowest }: Part): Reading {
		const { inOrder, oldestFirst } = stretch;
		if (!isLowest || !inOrder) return this.result({ isWhole: false, isDown: !isLowest });
		// Rows above a known row have no gap. A later poll reads late rows below it.
		const lowest = oldestFirst.findIndex((row) => this.isKnown(row));
		for (const row of lowest < 0 ? [] : oldestFirst.slice(lowest)) this.rows.set(row.wire.id, row);
		return this.result({ isWhole: false, isDown: false });
	}

	/** Whether the lowest stretch starts below the floor, so that there is more above it. */
	private isTooLow({ stretch, from, isLowest }: Part): boolean {
		const newest = stretch.oldestFirst.at(-1)?.at ?? -Infinity;
		return isLowest && from > 0 && newest < this.cursor.floor;
	}

	/** Adds the rows of a stretch. @returns the result if they are the last ones for now */
	private add({ stretch: { oldestFirst }, from }: Part): Reading | undefined {
		// The list may have more rows of the newest time above. The next stretch has them all.
		const newest = oldestFirst.at(-1)?.at ?? Infinity;
		const ended = from === 0 ? oldestFirst : oldestFirst.filter(({ at }) => at < newest);
		for (const row of ended) this.addRow(row);
		if (from === 0) return this.result({ isWhole: true });
		const { enough, sizes } = this.wants;
		if (this.countedRows >= enough || this.newRows >= sizes.rows) {
			return this.result({ isWhole: false });
		}
		this.height *= GROWTH;
		if (ended.length === 0) return undefined;
		this.bottom = from;
		// The rows of its newest time, which are left out, shouldn't need another stretch.
		const left = Math.min(sizes.rows - this.newRows, enough - this.countedRows) + sizes.first;
		this.height = Math.min(this.height, Math.max(sizes.stretch, left));
		return undefined;
	}

	private addRow(row: ActivityRow): void {
		if (this.rows.has(row.wire.id)) return;
		this.rows.set(row.wire.id, row);
		const isNew = row.at >= this.cursor.floor && !this.cursor.rows.has(keyOf(row.wire));
		if (!isNew) return;
		this.newRows++;
		if (this.wants.counts(row)) this.countedRows++;
	}
}

/** Reads a backlog in stretches, oldest first. */
export function readBacklog(cursor: AgentCursor, first: First, wants: Wants): Pages<Reading> {
	return new Backlog(cursor, first, wants).read();
}
