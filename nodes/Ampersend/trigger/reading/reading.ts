import type { ActivityRow, Pages } from '../../api/lists/pages';
import { MAX_PAGE_ROWS, PagingObservation } from '../../api/lists/pages';
import type { AgentCursor } from '../state';
import { keyOf } from '../state';

/*
 * How the trigger reads an agent's new rows, with the functions of api/lists.
 *
 *  newest   ┌────────┐  page 1        An idle poll reads one small page. If there may be more that
 *           │        │                is new, reading continues down to the floor: unknown rows
 *           ├────────┤ ┐              from before it count as already handled.
 *           │        │ │ 2. stretch
 *           ├────────┤ ┘
 *           ├────────┤ ┐              A long backlog is read in stretches, oldest first. Each goes
 *           │        │ │ 1. stretch   down to a row of the one before. So the rows read so far have
 *           ├────────┤ ┘              no gap and can be emitted, whenever time runs out.
 *  floor ───│────────│
 *           └────────┘                The start of a stretch is a guess from the service's count. A
 *                                     wrong guess only costs pages.
 */

/** What was read of one agent: everything that is new to its cursor, or the oldest part of it. */
export interface Reading {
	/** Each row once, oldest first: the reverse of the list. */
	rows: ActivityRow[];
	/** Whether nothing newer is left to read. */
	isWhole: boolean;
	/**
	 * Whether the list was read down to the floor, or to known rows below which the count shows
	 * nothing new. If not, late payments may be missing.
	 */
	isDown: boolean;
	/**
	 * Time of the newest row when the last reading down to the floor started, epoch ms; -Infinity
	 * if there was none.
	 */
	asOf: number;
	/** The service's count when reading began. */
	total?: number;
	/** See `AgentCursor`. */
	lastOpen?: string;
}

/** What exists when an agent gets its baseline. */
export interface Baseline extends Reading {
	/** Rows from before this count as already handled, read or not. Epoch ms. */
	floor: number;
	/** In place of its rows, if it was reduced to that. */
	cursor?: AgentCursor;
}

export interface Sizes {
	/** Rows of the page that an idle poll reads. */
	first: number;
	/** Rows of other pages. */
	page: number;
	/**
	 * Rows of the first stretch: two pages that share a row with each other and with the next one.
	 */
	stretch: number;
	/** New rows of one agent after which a poll stops reading. */
	rows: number;
	/** Rows after which a baseline looks for no more open payments from before the look-back. */
	baseline: number;
	/** Maximum pages that a poll requests for one agent. */
	pages: number;
	/**
	 * Of these, maximum pages for open payments, and three times as many for those that have moved.
	 */
	openPages: number;
}

export const sizes: Sizes = {
	first: 20,
	page: MAX_PAGE_ROWS,
	stretch: 370,
	rows: 10_000,
	baseline: 1_000,
	pages: 250,
	openPages: 4,
};

export interface Wants {
	/** How far behind its agent's newest row a late one can be and still be emitted, in ms. */
	lookBackMs: number;
	/** Rows dated later than this don't count as the newest. Epoch ms. */
	horizon: number;
	/** Epoch ms, by n8n's clock. */
	now: number;
	/** Of a baseline: rows from then on are new. Epoch ms; absent if all that exists is in it. */
	until?: number;
	/** Rows that pass `counts` after which reading a backlog ends. */
	enough: number;
	counts: (row: ActivityRow) => boolean;
	sizes: Sizes;
}

const WEEK_MS = 7 * 24 * 60 * 60_000;

/** How far n8n's clock and the service's can differ, in ms. */
export const CLOCKS_MS = 15 * 60_000;

/** How often a reading may start again from another row. */
export const MAX_RESTARTS = 4;

/**
 * Open payments from before this are no longer watched: a week behind the agent's newest. Epoch ms.
 */
export function watchedSince({ newest }: Pick<AgentCursor, 'newest'>): number {
	return newest - WEEK_MS;
}

/** Whether a backlog was found that isn't read to its end. */
export function isBehind({ newest, asOf }: AgentCursor): boolean {
	return newest < asOf;
}

/** Whether a row is known with its current time: a change may move a row to the top. */
export function isInPlace(rows: AgentCursor['rows'], { wire, at }: ActivityRow): boolean {
	return rows.get(keyOf(wire))?.at === at;
}

/**
 * Requests at most `most` pages. After that, a reading gets no answer.
 * @throws PagingObservation if it ends then without a result that the next poll can continue from
 */
export function* bounded<Result>(
	pages: Pages<Result>,
	maxPages: number,
	isProgress: (result: Result) => boolean,
): Pages<Result> {
	let asked = 0;
	for (let step = pages.next(); ; ) {
		if (step.done) {
			if (asked < maxPages || isProgress(step.value)) return step.value;
			throw new PagingObservation('changes its list faster than it can be read', true);
		}
		step = pages.next(asked++ < maxPages ? yield step.value : undefined);
	}
}
