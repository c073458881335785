import type { Pages, ReadPage, ReadRow } from '../api/activityList';
import {
	countFrom,
	findTime,
	isLastPage,
	LARGEST_PAGE,
	newestOf,
	offsetOf,
	PagingObservation,
	rankOfNewest,
	readDown,
	readPage,
	readTop,
	Stretch,
} from '../api/activityList';
import type { AgentCursor, KnownRow } from './state';
import { isOpen, keyOf } from './state';

/*
 * How the trigger reads an agent's new rows, with the functions of api/activityList.ts.
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
	rows: ReadRow[];
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
}

export interface Sizes {
	/** Rows of the page that an idle poll reads. */
	first: number;
	/** Rows of other pages. */
	page: number;
	/** Rows of one stretch: two pages that share a row with each other and with the next stretch. */
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
	page: LARGEST_PAGE,
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
	/** Rows that pass `counts` after which reading a backlog ends. */
	enough: number;
	counts: (row: ReadRow) => boolean;
	sizes: Sizes;
}

const WEEK_MS = 7 * 24 * 60 * 60_000;

/** How far n8n's clock and the service's can differ, in ms. */
export const CLOCKS_MS = 15 * 60_000;

/** How often a reading may start again from another row. */
const MOST_RESTARTS = 4;

/** After so many restarts, a list that doesn't look like one in order counts as in no order. */
const MOST_DOUBTS = 1;

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
function isInPlace(rows: AgentCursor['rows'], { row, at }: ReadRow): boolean {
	return rows.get(keyOf(row))?.at === at;
}

/** What a reading starts with: the small page that an idle poll reads. */
interface First {
	page: ReadPage;
	reading: Reading;
}

function stretchOf(page: ReadPage, isAll = false): Stretch {
	const stretch = new Stretch();
	stretch.add(page, isAll);
	return stretch;
}

/**
 * The rows at the top of the list, joined to the first page if they share a row. If a page comes in
 * another order, it doesn't tell which of its rows were added since the first one.
 */
function* readTopStretch({ page }: First, largest: number, isRetry: boolean) {
	const top = yield* readTop(largest);
	const joined = stretchOf(page);
	const [size, first] = [top?.size ?? largest, page.rows.length];
	if (!top) return { stretch: joined, placesRead: first, size };
	const placesRead = top.rows.length;
	if (page.cameInOrder && top.cameInOrder) {
		if (joined.add(top, top.isLast)) return { stretch: joined, placesRead, size };
		if (!isRetry) return { stretch: joined, placesRead: first, size };
	}
	return { stretch: stretchOf(top, top.isLast), placesRead, size };
}

/**
 * Reads a list that isn't in order: all of it, or down to a page of old rows. Its order may change
 * meanwhile, so it's read, in pages of several sizes, until a reading finds no other row, and there
 * are as many as places.
 */
function* readUnordered(cursor: AgentCursor, first: First, { sizes }: Wants): Pages<Reading> {
	const rows = new Map<string, ReadRow>();
	let places = 0;
	for (let restarts = 0; restarts <= MOST_RESTARTS; restarts++) {
		const before = rows.size;
		const top = yield* readTopStretch(first, sizes.page - restarts, true);
		const isBottom = () => top.stretch.isBehind(cursor.floor);
		const end = yield* readDown({ ...top, mostRows: 3 * sizes.rows, isBottom });
		if (end !== 'bottom') {
			throw new PagingObservation(
				'lists payments in no order, and more than can be read at once',
				end !== 'too far',
			);
		}
		for (const one of top.stretch.oldestFirst) rows.set(one.row.id, one);
		places = Math.max(places, top.stretch.reached);
		if (rows.size === before && before >= places) {
			return { ...first.reading, rows: [...rows.values()] };
		}
	}
	throw new PagingObservation('lists payments in no order, and changes it', true);
}

/** Reads a backlog in stretches, oldest first. */
function* climb(cursor: AgentCursor, first: First, wants: Wants): Pages<Reading> {
	const { page: largest, rows: mostRows } = wants.sizes;
	let { stretch: height } = wants.sizes;
	const isKnown = (one: ReadRow) => one.at <= cursor.newest && isInPlace(cursor.rows, one);
	const rows = new Map<string, ReadRow>();
	let size: number | undefined;
	let [asOf, fresh, counted] = [first.reading.asOf, 0, 0];
	const found = (isWhole: boolean, isDown = true): Reading => ({
		...first.reading,
		rows: [...rows.values()],
		isWhole,
		isDown,
		asOf,
	});
	const isBottomOf = (stretch: Stretch) => () => {
		if (stretch.isBehind(cursor.floor)) return true;
		if (rows.size > 0) return stretch.lastPage.some(({ row, at }) => rows.get(row.id)?.at === at);
		// The list was read down to the floor when the backlog was found. Until the backlog is read,
		// the count shows whether anything was added below the known rows since.
		if (!isBehind(cursor)) return false;
		const rank = rankOfNewest(stretch.newestFirst.filter(isKnown));
		if (rank === undefined || rank !== cursor.rank) return false;
		({ asOf } = cursor);
		return true;
	};
	const { total } = first.reading;
	let bottom =
		total === undefined || cursor.rank === undefined ? undefined : Math.max(0, total - cursor.rank);
	for (let restarts = 0; restarts <= MOST_RESTARTS; ) {
		const isRetry = restarts > 0;
		const needsTop = bottom === undefined || bottom <= height || (isRetry && size === undefined);
		const top = needsTop ? yield* readTopStretch(first, largest, isRetry) : undefined;
		size ??= top?.size;
		if (top && (top.stretch.isAll || isBottomOf(top.stretch)())) bottom ??= 0;
		bottom ??= yield* findTime(cursor.floor, size ?? largest);
		const from = Math.max(0, bottom - height);
		const isLowest = rows.size === 0;
		const stretch = (from === 0 && top?.stretch) || new Stretch();
		const end = yield* readDown({
			stretch,
			...(from > 0 ? { from } : { placesRead: top?.placesRead ?? 0 }),
			size,
			mostRows: bottom - from + 3 * height,
			isBottom: isBottomOf(stretch),
		});
		const { oldestFirst, inOrder } = stretch;
		if (end === 'no answer') {
			if (!isLowest || !inOrder) return found(false, !isLowest);
			// Rows above a known row have no gap. A later poll reads late rows below it.
			const lowest = oldestFirst.findIndex(isKnown);
			for (const one of lowest < 0 ? [] : oldestFirst.slice(lowest)) rows.set(one.row.id, one);
			return found(false, false);
		}
		// Rows that are all on one page can have any order.
		const isMixed = !inOrder && !(stretch.isOnePage && from === 0 && end === 'bottom');
		// It may have been another replica's answer, or payments that appeared meanwhile.
		if (isMixed && restarts >= MOST_DOUBTS) return yield* readUnordered(cursor, first, wants);
		const isTooLow = isLowest && from > 0 && (oldestFirst.at(-1)?.at ?? -Infinity) < cursor.floor;
		if (isMixed || end !== 'bottom' || isTooLow) {
			restarts++;
			if (isLowest && end !== 'short page') bottom = undefined;
			continue;
		}
		// The list may have more rows of the newest time above. The next stretch has them all.
		const newest = oldestFirst.at(-1)?.at ?? Infinity;
		const ended = from === 0 ? oldestFirst : oldestFirst.filter(({ at }) => at < newest);
		if (ended.length === 0 && from > 0) height *= 2;
		for (const one of ended) {
			if (rows.has(one.row.id)) continue;
			rows.set(one.row.id, one);
			const isNew = one.at >= cursor.floor && !cursor.rows.has(keyOf(one.row));
			if (isNew) fresh++;
			if (isNew && wants.counts(one)) counted++;
		}
		if (from === 0) return found(true);
		if (counted >= wants.enough || fresh >= mostRows) return found(false);
		if (ended.length > 0) bottom = from;
	}
	if (rows.size > 0) return found(false);
	throw new PagingObservation('changes its list faster than it can be read', true);
}

function* readNewRows(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const request = { page: 1, limit: wants.sizes.first };
	let answer = yield request;
	// A wrong empty answer would end the earlier filter too soon.
	if (answer?.activity.length === 0 && cursor.filter) answer = yield request;
	if (!answer) return { rows: [], isWhole: false, isDown: false, asOf: -Infinity };
	const page = readPage(request, answer);
	const stretch = stretchOf(page);
	const total = countFrom(request, answer);
	const reading: Reading = {
		rows: stretch.oldestFirst,
		isWhole: true,
		isDown: true,
		asOf: newestOf(page.rows, wants.horizon),
		...(total !== undefined && { total }),
	};
	const isAll = isLastPage(request, answer);
	const isIdle =
		total !== undefined &&
		total === cursor.rank &&
		cursor.newest <= cursor.asOf &&
		page.rows.every(
			(one) => (one.at <= cursor.newest || one.at > wants.horizon) && isInPlace(cursor.rows, one),
		);
	if (isAll || isIdle || stretch.isBehind(cursor.floor)) return reading;
	return yield* climb(cursor, { page, reading }, wants);
}

/** Times on the pages that were read, and the last page that can have rows. */
interface Asked {
	pages: Map<number, { newest: number; oldest: number }>;
	last: number;
}

/** The next page to request for a row of this time; undefined if none is left. */
function pageBeside(at: number, { pages, last }: Asked, hint: number): number | undefined {
	let [least, most] = [1, last];
	for (const [page, { newest, oldest }] of pages) {
		if (newest < at) most = Math.min(most, page - 1);
		else if (oldest > at) least = Math.max(least, page + 1);
	}
	// Rows of this time may continue on the page next to one that ends or begins with it.
	const beside = [...pages].flatMap(([page, { newest, oldest }]) => [
		...(oldest === at ? [page + 1] : []),
		...(newest === at ? [page - 1] : []),
	]);
	const middle = most === Infinity ? least * 2 : Math.floor((least + most) / 2);
	const isLeft = (page: number) => page >= least && page <= most && !pages.has(page);
	return [hint, ...beside, middle].find(isLeft);
}

/**
 * Reads the open payments that a reading didn't come across: first where they were last, then where
 * their time is in the list.
 */
function* readOpenRows(cursor: AgentCursor, reading: Reading, size: Sizes): Pages<Reading> {
	const read = new Set(reading.rows.map(({ row }) => keyOf(row)));
	const due = [...cursor.rows]
		.filter(([key, row]) => isOpen(row) && row.at >= watchedSince(cursor) && !read.has(key))
		.sort(([one, { at }], [other, { at: otherAt }]) => otherAt - at || (one < other ? -1 : 1));
	const start = due.findIndex(([key]) => key === cursor.lastOpen) + 1;
	const sought = new Set(due.map(([key]) => key));
	/** With their offsets in the list. */
	const found: Array<{ place: number; read: ReadRow }> = [];
	const asked: Asked = { pages: new Map(), last: Infinity };
	let [limit, isSizeSure] = [size.page, false];
	const left = { likely: size.openPages, other: 3 * size.openPages };
	const result = (lastOpen?: string): Reading => ({
		...reading,
		rows: [
			...found
				.sort((one, other) => one.read.at - other.read.at || other.place - one.place)
				.map(({ read: one }) => one),
			...reading.rows,
		],
		...(lastOpen !== undefined && { lastOpen }),
	});
	let last: string | undefined;
	for (const [key, row] of [...due.slice(start), ...due.slice(0, start)]) {
		for (let place: keyof typeof left = 'likely'; sought.has(key); place = 'other') {
			const page = pageBeside(row.at, asked, hintOf(row, reading.total, limit));
			if (page === undefined) break;
			const request = { page, limit };
			const answer = left[place]-- > 0 ? yield request : undefined;
			// The next poll continues with this payment, or with the one after it if this one took all
			// the pages.
			if (!answer) return result(last ?? key);
			const { rows } = readPage(request, answer);
			for (const [i, one] of rows.entries()) {
				if (sought.delete(keyOf(one.row))) found.push({ place: offsetOf(request) + i, read: one });
			}
			if (!isSizeSure && rows.length < limit && answer.hasNextPage) {
				// If the service returns fewer rows than requested, its pages start at other offsets.
				limit = (yield* readTop(limit))?.size ?? limit;
				isSizeSure = true;
				Object.assign(asked, { pages: new Map(), last: Infinity });
				continue;
			}
			const times = rows.map(({ at }) => at);
			asked.pages.set(page, { newest: Math.max(...times), oldest: Math.min(...times) });
			if (rows.length === 0) asked.last = Math.min(asked.last, page - 1);
		}
		last = key;
	}
	return result();
}

/** The page that probably has the row. */
function hintOf({ rank }: KnownRow, total: number | undefined, size: number): number {
	if (rank === undefined || total === undefined) return 1;
	return Math.max(1, Math.floor((total - rank) / size) + 1);
}

/**
 * Requests at most `most` pages. After that, a reading gets no answer.
 * @throws PagingObservation if it ends then without a result that the next poll can continue from
 */
function* bounded<Result>(
	pages: Pages<Result>,
	most: number,
	isProgress: (result: Result) => boolean,
): Pages<Result> {
	let asked = 0;
	for (let step = pages.next(); ; ) {
		if (step.done) {
			if (asked < most || isProgress(step.value)) return step.value;
			throw new PagingObservation('changes its list faster than it can be read', true);
		}
		step = pages.next(asked++ < most ? yield step.value : undefined);
	}
}

function* readAll(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const reading = yield* readNewRows(cursor, wants);
	return reading.isWhole ? yield* readOpenRows(cursor, reading, wants.sizes) : reading;
}

/** Reads what is new to a cursor: one small page if nothing is, however long the history. */
export function readNews(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const isNew = ({ row }: ReadRow) => !cursor.rows.has(keyOf(row));
	return bounded(
		readAll(cursor, wants),
		wants.sizes.pages,
		({ rows, isWhole }) => isWhole || rows.some(isNew),
	);
}

/**
 * Reads what exists before an agent's first event: the look-back, and for open payments more of the
 * week behind the newest row, up to `sizes.baseline` rows.
 * @returns undefined if there was no time for it, or the answers can't be right
 */
function* readStart({ lookBackMs, horizon, now, sizes: size }: Wants): Pages<Baseline | undefined> {
	const top = yield* readTop(size.page);
	// A wrong empty answer would make all payments new.
	if (!top || (top.rows.length === 0 && top.total > 0)) return undefined;
	const stretch = stretchOf(top, top.isLast);
	const isBottom = () => {
		const newest = newestOf(stretch.newestFirst, horizon);
		const isEnough = stretch.inOrder && stretch.size >= size.baseline;
		return stretch.isBehind(isEnough ? newest - lookBackMs : watchedSince({ newest }));
	};
	const end = yield* readDown({
		stretch,
		placesRead: top.rows.length,
		size: top.size,
		mostRows: Infinity,
		isBottom,
	});
	const rows = stretch.oldestFirst;
	const [oldest, total] = [rows[0]?.at, rows.length > 0 ? rows.at(-1)?.rank : 0];
	const isCut = end !== 'bottom';
	if (isCut && !stretch.inOrder) {
		if (end === 'no answer') return undefined;
		throw new PagingObservation('lists payments in no order, and more than can be read at once');
	}
	// An empty list has no newest row. What it shows later may be older than the trigger.
	const newest =
		rows.length > 0 ? newestOf(rows, horizon) : now - Math.max(0, CLOCKS_MS - lookBackMs);
	const floor = Math.max(0, newest - lookBackMs);
	return {
		rows,
		isWhole: true,
		isDown: true,
		asOf: newestOf(rows, horizon),
		...(total !== undefined && { total }),
		// Unread rows may share the time of the oldest row that was read.
		floor: isCut && oldest !== undefined ? Math.max(floor, oldest + 1) : floor,
	};
}

/**
 * Reads the baseline of an agent.
 * @returns undefined if there was no time for it, or the answers can't be right
 */
export function readBaseline(wants: Wants): Pages<Baseline | undefined> {
	return bounded(readStart(wants), wants.sizes.pages, (baseline) => baseline !== undefined);
}
