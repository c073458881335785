import type { ActivityRow } from '../api/lists/pages';
import { newestOf, rankOfNewest } from '../api/lists/pages';
import type { RowFilter } from '../domain/filter';
import { intersect, isSameFilter, matcherOf } from '../domain/filter';
import { withoutUndefined } from '../domain/json';
import type { Baseline, Reading } from './reading';
import { CLOCKS_MS, watchedSince } from './reading';
import type { AgentCursor, AgentId, KnownRow, TriggerState } from './state';
import { isOpen, keyOf } from './state';

const BEGINNING: AgentCursor = { newest: 0, floor: 0, asOf: 0, rank: 0, rows: new Map() };

export interface Settings {
	scope: TriggerState['scope'];
	filter: RowFilter;
	/** Epoch ms, by n8n's clock. */
	now: number;
	/** Epoch ms. If no state is stored, existing payments since then are emitted. Absent for none. */
	existingSince?: number;
	/** See `Wants`. */
	lookBackMs: number;
	/** See `Wants`. */
	horizon: number;
}

/** A cursor to which an earlier filter applies, too. */
function narrowed(cursor: AgentCursor, earlier: TriggerState['earlier']): AgentCursor {
	return earlier ? { ...cursor, filter: earlier.filter, filterUntil: earlier.until } : cursor;
}

/** Ends an earlier filter, if it hasn't ended: it doesn't apply to what comes from `until` on. */
function dated<One extends AgentCursor | null>(cursor: One, until: number): One {
	return cursor?.filter ? { ...cursor, filterUntil: cursor.filterUntil ?? until } : cursor;
}

/**
 * The cursor that reading an agent starts from, or null if it needs a baseline first. An agent that
 * was created while the trigger watched all agents is read from its first payment. An agent that
 * existed before gets a baseline.
 * @param createdAt when the agent was created, epoch ms
 */
export function startOf(
	state: TriggerState | undefined,
	id: AgentId,
	createdAt: number,
	{ scope, existingSince }: Pick<Settings, 'scope' | 'existingSince'>,
): AgentCursor | null {
	const known = state?.agents.get(id);
	if (known !== undefined) return known && { ...known, isMissing: undefined };
	const isWatched = state?.scope === 'all' && scope === 'all';
	if (isWatched && createdAt > state.since - (state.isUnread ? 0 : CLOCKS_MS)) {
		// Polls whose state n8n didn't store may have filtered out some of its payments.
		return narrowed(BEGINNING, state.earlier);
	}
	if (!state && existingSince !== undefined) {
		return { newest: 0, floor: existingSince, asOf: 0, rows: new Map() };
	}
	return null;
}

/** Since when an agent without a cursor waits for its baseline, epoch ms by n8n's clock. */
export function waitsSince(state: TriggerState | undefined, id: AgentId, now: number): number {
	const isWatched = state?.isUnread && state.scope === 'all';
	return state?.waiting?.get(id) ?? (isWatched ? state.since : now);
}

/** Since when the agents without a cursor wait; undefined without such agents. */
function waitingOf(
	agents: TriggerState['agents'],
	before: TriggerState | undefined,
	now: number,
): Pick<TriggerState, 'waiting'> | undefined {
	const ids = [...agents].flatMap(([id, one]) => (one ? [] : [id]));
	if (ids.length === 0) return undefined;
	return { waiting: new Map(ids.map((id) => [id, waitsSince(before, id, now)])) };
}

/** The last batch without the agents that have lost their position. */
function batchOf(
	last: TriggerState['lastBatch'],
	agents: TriggerState['agents'],
): TriggerState['lastBatch'] {
	const kept = [...(last?.agents ?? [])].filter(([id]) => agents.get(id));
	return last && kept.length > 0 ? { ...last, agents: new Map(kept) } : undefined;
}

/** After the first publishing, if it could read nothing: what it chooses waits from then on. */
function firstUnread(
	chosen: AgentId[],
	{ scope, filter, now, existingSince: since = now }: Settings,
): TriggerState {
	const agents = new Map(chosen.map((id) => [id, null]));
	return {
		scope,
		since,
		agents,
		filter,
		...waitingOf(agents, undefined, since),
		isUnread: true,
	};
}

/**
 * The state after a publishing that could read nothing: what it chooses anew waits from then on,
 * and a changed filter applies from then on.
 * @param chosen none if all agents are
 */
export function unreadState(
	before: TriggerState | undefined,
	chosen: AgentId[],
	settings: Settings,
): TriggerState {
	if (!before) return firstUnread(chosen, settings);
	const { scope, filter, now } = settings;
	const { state = before } = beginWith(before, filter, undefined);
	const { earlier, lastBatch, next } = state;
	const ids = scope === 'all' ? [...state.agents.keys()] : chosen;
	const agents = new Map(ids.map((id) => [id, dated(state.agents.get(id) ?? null, now)] as const));
	const isWider = scope === 'all' && before.scope !== 'all';
	return {
		scope,
		since: before.scope === scope ? before.since : now,
		agents,
		filter,
		...waitingOf(agents, before, now),
		...((isWider || before.isUnread) && { isUnread: true }),
		...(earlier && { earlier: { until: now, ...earlier } }),
		...withoutUndefined({ next, lastBatch: batchOf(lastBatch, agents) }),
	};
}

/** Whether a poll has begun what a later one would begin otherwise. */
export function hasBegun(before: TriggerState, after: TriggerState): boolean {
	return (
		before.scope !== after.scope ||
		!isSameFilter(before.filter, after.filter) ||
		[...before.agents.keys()].some((id) => !after.agents.has(id)) ||
		[...after.agents].some(([id, cursor]) =>
			cursor ? !before.agents.get(id) : !before.agents.has(id),
		)
	);
}

/** A new payment event: a payment's first appearance, or a change of its status. */
export interface PaymentChange {
	id: AgentId;
	row: ActivityRow;
	previousStatus: string | null;
	/** Every earlier status, latest last. */
	earlierStatuses: string[];
}

/** The rows of one agent that are new, or have a new status. */
function candidatesOf(id: AgentId, cursor: AgentCursor, rows: ActivityRow[]): PaymentChange[] {
	return rows.flatMap((row) => {
		const { wire, at } = row;
		const known = cursor.rows.get(keyOf(wire));
		if (known ? known.statuses.includes(wire.status) : at < cursor.floor) return [];
		const earlierStatuses = known?.statuses ?? [];
		return [{ id, row, previousStatus: earlierStatuses.at(-1) ?? null, earlierStatuses }];
	});
}

function remember(rows: Map<string, KnownRow>, { wire, at, rank }: ActivityRow): void {
	const key = keyOf(wire);
	const statuses = rows.get(key)?.statuses ?? [];
	const isKnown = statuses.includes(wire.status);
	rows.set(key, {
		at,
		statuses: isKnown ? statuses : [...statuses, wire.status],
		...(rank !== undefined && { rank }),
	});
}

/**
 * Tells which rows are still needed. Rows since the floor would look new if forgotten; open ones
 * are watched for a week.
 */
function neededBy(cursor: Pick<AgentCursor, 'newest' | 'floor'>): (row: KnownRow) => boolean {
	const since = watchedSince(cursor);
	return (row) => row.at >= cursor.floor || (isOpen(row) && row.at >= since);
}

/** Drops the rows that aren't needed any more. */
function forget(cursor: AgentCursor): AgentCursor {
	const isNeeded = neededBy(cursor);
	return { ...cursor, rows: new Map([...cursor.rows].filter(([, row]) => isNeeded(row))) };
}

/**
 * A baseline reduced to its cursor: a thousand agents can have a million rows.
 * @param earlier of an agent that has waited for it
 */
export function condensed(baseline: Baseline, earlier?: TriggerState['earlier']): Baseline {
	return { ...baseline, rows: [], cursor: narrowed(fromBaseline(baseline), earlier) };
}

/** The agent's cursor after its baseline. */
function fromBaseline({ rows, floor, total, asOf }: Baseline): AgentCursor {
	const known = new Map<string, KnownRow>();
	const newest = Math.max(0, asOf);
	const isNeeded = neededBy({ newest, floor });
	for (const row of rows) {
		// Most of a thousand rows aren't, and each costs a hash.
		if (isNeeded({ at: row.at, statuses: [row.wire.status] })) remember(known, row);
	}
	return { newest, floor, asOf: newest, rows: known, ...(total !== undefined && { rank: total }) };
}

/** What a poll did with the rows of a reading. */
interface Progress {
	/** Those that are done: emitted, not wanted or known. */
	handled: ActivityRow[];
	/** The agent's events that wait for the next poll, oldest first. */
	left: PaymentChange[];
	/** Rows that are known afterwards. */
	known: Map<string, KnownRow>;
}

function progressOf(cursor: AgentCursor, rows: ActivityRow[], left: PaymentChange[]): Progress {
	const waiting = new Set(left.map(({ row }) => row));
	const handled = rows.filter((row) => !waiting.has(row));
	const known = new Map(cursor.rows);
	for (const row of handled) {
		if (row.at >= cursor.floor || known.has(keyOf(row.wire))) remember(known, row);
	}
	return { handled, left, known };
}

/** Whether an event is left that is older than a handled row, or below one in the list. */
function isLeftBelow(
	rows: ActivityRow[],
	{ handled, left, known }: Progress,
	newest: number,
): boolean {
	const [first] = left;
	if (!first) return false;
	if (first.row.at < newest) return true;
	const done = new Set(handled);
	const lastKnown = rows.findLastIndex((row) => done.has(row) && known.has(keyOf(row.wire)));
	return rows.findIndex((row) => !done.has(row)) < lastKnown;
}

/** How many rows the list has up to the newest known one; undefined if that isn't clear. */
function reachedRank(cursor: AgentCursor, { handled, left, known }: Progress): number | undefined {
	const seen = handled.filter(({ wire }) => known.has(keyOf(wire)));
	// Among payments of one moment, ranks don't show which ones are left.
	if (left[0]?.row.at === newestOf(seen, Infinity)) return undefined;
	return seen.length > 0 ? rankOfNewest(seen) : cursor.rank;
}

/**
 * The floor is one look-back behind whichever is earlier: the time up to which rows are handled, or
 * the time of the newest row when the list was last read down to the floor. Rows may have appeared
 * unseen since then.
 */
function floorAfter(
	cursor: AgentCursor,
	{ rows, asOf }: Reading,
	{ left }: Progress,
	{ lookBackMs, horizon }: Settings,
): number {
	const emittedUpTo = left[0]?.row.at ?? Math.max(0, newestOf(rows, horizon));
	const lookedAsOf = Math.max(cursor.asOf, asOf);
	return Math.max(cursor.floor, Math.min(emittedUpTo, asOf, lookedAsOf) - lookBackMs);
}

/**
 * The agent's cursor after a reading.
 * @param left the agent's events that wait for the next poll, oldest first
 */
function move(
	cursor: AgentCursor,
	reading: Reading,
	left: PaymentChange[],
	settings: Settings,
): AgentCursor {
	const { rows, isWhole, isDown, lastOpen } = reading;
	const progress = progressOf(cursor, rows, left);
	const newest = Math.max(cursor.newest, newestOf(progress.handled, settings.horizon));
	const isDone = isWhole && left.length === 0;
	const rank = isDone ? reading.total : reachedRank(cursor, progress);
	const asOf = isDown ? Math.max(cursor.asOf, reading.asOf) : cursor.asOf;
	const isLookDue = !isDown || isLeftBelow(rows, progress, newest);
	const { filter, filterUntil } = isDone && isDown ? {} : cursor;
	return forget({
		newest,
		floor: isDown ? floorAfter(cursor, reading, progress, settings) : cursor.floor,
		asOf: isLookDue ? Math.min(asOf, newest - 1) : asOf,
		rows: progress.known,
		...withoutUndefined({ rank, lastOpen, filter, filterUntil }),
	});
}

export interface Poll extends Settings {
	/** The watched agents in their order, each with the result of `startOf`. */
	starts: Map<AgentId, AgentCursor | null>;
	/** Agents that are chosen or have a position, but aren't in the account. */
	missing: AgentId[];
	/** Readings of the watched agents, in part or in full. Agents without one keep their position. */
	readings: Map<AgentId, Reading | Baseline>;
	/** The agent that the next poll starts with. */
	next?: AgentId;
	/** Maximum number of events to emit. */
	maxEvents: number;
	/** This n8n process. Only set if the last batch is repeated after a restart. */
	process?: string;
}

/** What a poll starts from. */
export interface Beginning {
	state: TriggerState | undefined;
	/** Whether this poll repeats the last batch. */
	isRepeat: boolean;
}

/**
 * The state that a poll starts from. After a restart it's the one from before the last batch, if
 * that batch is to be repeated.
 */
export function beginWith(
	stored: TriggerState | undefined,
	filter: RowFilter,
	process: string | undefined,
): Beginning {
	if (!stored) return { state: undefined, isRepeat: false };
	const { lastBatch } = stored;
	const isChanged = !isSameFilter(stored.filter, filter);
	const narrow = (one: AgentCursor): AgentCursor =>
		isChanged ? narrowed(one, { filter: intersect(one.filter ?? stored.filter, filter) }) : one;
	const agents = new Map([...stored.agents].map(([id, one]) => [id, one && narrow(one)]));
	const earlier = isChanged
		? { filter: intersect(stored.earlier?.filter ?? stored.filter, filter) }
		: stored.earlier;
	const begun = { ...stored, agents, ...(earlier && { earlier }) };
	if (process === undefined || !lastBatch || lastBatch.process === process) {
		return { state: begun, isRepeat: false };
	}
	for (const [id, one] of lastBatch.agents) {
		const { filter: own, filterUntil } = agents.get(id) ?? {};
		agents.set(id, { ...one, filter: own, filterUntil });
	}
	return { state: { ...begun, lastBatch: { ...lastBatch, process } }, isRepeat: true };
}

/**
 * The first `most` events that pass. From the next event that passes, everything is left for the
 * next poll.
 */
function cut(
	candidates: PaymentChange[],
	maxEvents: number,
	isWanted: (candidate: PaymentChange) => boolean,
) {
	const events: PaymentChange[] = [];
	const end = candidates.findIndex((candidate) => {
		if (!isWanted(candidate)) return false;
		if (events.length >= maxEvents) return true;
		events.push(candidate);
		return false;
	});
	return { events, left: end < 0 ? [] : candidates.slice(end) };
}

/**
 * Batches within this time, in ms, are repeated together: n8n polls when it starts, and the first
 * scheduled poll follows within it.
 */
const TOGETHER_MS = 60_000;

/** The cursor that a repeated batch starts from. Rows that were filtered out count as known. */
function forRepeat(
	id: AgentId,
	cursor: AgentCursor,
	filteredOut: PaymentChange[],
): [AgentId, AgentCursor] {
	const rows = new Map(cursor.rows);
	for (const change of filteredOut) if (change.id === id) remember(rows, change.row);
	return [id, { ...cursor, filter: undefined, filterUntil: undefined, rows }];
}

/**
 * The cursors from before the last batch, for the agents in it. Rows that were filtered out since
 * then count as known, so only emitted events are repeated. Agents that have lost their position
 * since then are left out.
 */
function batchAfter(
	{ state: before, isRepeat }: Beginning,
	{ process, starts, now }: Poll,
	agents: TriggerState['agents'],
	events: PaymentChange[],
	filteredOut: PaymentChange[],
): TriggerState['lastBatch'] {
	if (process === undefined) return undefined;
	const started = events.flatMap(({ id }) => {
		const start = starts.get(id);
		return start ? [[id, start] as const] : [];
	});
	const last = before?.lastBatch;
	const isTogether = last && (isRepeat || started.length === 0 || now - last.since < TOGETHER_MS);
	const earlier = [...(isTogether ? last.agents : [])].filter(
		([id]) => before?.agents.get(id) && agents.get(id),
	);
	const batch = new Map([...started, ...earlier]);
	if (batch.size === 0) return undefined;
	const since = isTogether && !isRepeat ? last.since : now;
	const repeated = [...batch].map(([id, cursor]) => forRepeat(id, cursor, filteredOut));
	return { process, since, agents: new Map(repeated) };
}

/** New rows and statuses of all agents, oldest first. */
function allCandidates({ starts, readings }: Poll): PaymentChange[] {
	const candidates = [...starts].flatMap(([id, start]) => {
		const reading = readings.get(id);
		return start && reading ? candidatesOf(id, start, reading.rows) : [];
	});
	// The sort is stable: rows of an agent that share a time stay in the order of its list.
	return candidates.sort((change, other) => change.row.at - other.row.at);
}

/** Tells which changes pass the filter, and the filter of the agent's own cursor. */
function isWantedBy({ filter, starts }: Poll): (change: PaymentChange) => boolean {
	const matches = matcherOf(filter);
	const ofAgents = new Map(
		[...starts].map(([id, start]) => [id, start?.filter ? matcherOf(start.filter) : matches]),
	);
	return ({ id, row }) => {
		const isEarlier = row.at < (starts.get(id)?.filterUntil ?? Infinity);
		return (isEarlier ? ofAgents.get(id) : matches)?.(row) ?? false;
	};
}

/** The positions of the agents. @param left events that wait for the next poll */
function agentsAfter(
	before: TriggerState | undefined,
	poll: Poll,
	left: PaymentChange[],
): TriggerState['agents'] {
	const agents: TriggerState['agents'] = new Map();
	for (const id of poll.missing) {
		const cursor = before?.agents.get(id);
		if (cursor !== undefined)
			agents.set(id, cursor && { ...dated(cursor, poll.now), isMissing: true });
	}
	for (const [id, start] of poll.starts) {
		const reading = poll.readings.get(id);
		const leftOfAgent = left.filter((change) => change.id === id);
		if (!reading) agents.set(id, dated(start, poll.now));
		else if (start) {
			// By the service's clock, if that's later: what was read and left came before.
			const until = Math.max(poll.now, newestOf(reading.rows, poll.horizon) + 1);
			agents.set(id, dated(move(start, reading, leftOfAgent, poll), until));
		} else if ('floor' in reading) agents.set(id, reading.cursor ?? fromBaseline(reading));
	}
	return agents;
}

/**
 * Decides what a poll emits, and the state after it.
 * @param begun from `beginWith`
 * @returns events, oldest first
 */
export function advance(
	begun: Beginning,
	poll: Poll,
): { state: TriggerState; events: PaymentChange[] } {
	const { state: before } = begun;
	const { scope, filter, now, next } = poll;
	const candidates = allCandidates(poll);
	const { events, left } = cut(candidates, poll.maxEvents, isWantedBy(poll));
	const agents = agentsAfter(before, poll, left);
	const wanted = new Set([...events, ...left]);
	const filteredOut = candidates.filter((change) => !wanted.has(change));
	const lastBatch = batchAfter(begun, poll, agents, events, filteredOut);
	const since = before?.scope === scope ? before.since : now;
	const wait = waitingOf(agents, before, now);
	return {
		state: {
			scope,
			since,
			agents,
			filter,
			...wait,
			...(wait && before?.earlier && { earlier: { until: now, ...before.earlier } }),
			...withoutUndefined({ next, lastBatch }),
		},
		events,
	};
}
