import type { AgentCursor, CursorState, SeenRow } from './cursor-state';
import { isOpen } from './cursor-state';
import { withFurther } from './fields';
import type { EventFilter } from './filter';
import { eventName, lets } from './filter';
import type { Reading, ReadRow } from './reading';
import { watchedSince } from './reading';
import type { ActivityRow, AgentLabel } from './transaction';
import { toTransaction } from './transaction';

/** An agent whose payments are wanted, by its address in lower case. */
export type AgentKey = string;

/** Where reading an agent begins: at its cursor; null where it gets a baseline first, which tells of nothing. */
export type Start = AgentCursor | null;

const BEGINNING: AgentCursor = { newest: 0, floor: 0, total: 0, rows: new Map() };

export interface Settings {
	scope: CursorState['scope'];
	filter: EventFilter;
	/** Epoch ms from which on payments that are there at activation are told of; absent for none. */
	existingSince?: number;
}

/**
 * Where reading an agent begins. One that has appeared while all were watched is told of from its
 * beginning; one that was there, and is newly watched, from now on.
 */
export function startOf(state: CursorState | undefined, key: AgentKey, settings: Settings): Start {
	const { scope, existingSince } = settings;
	const known = state?.agents.get(key);
	if (known !== undefined) return known && { ...known, vanished: undefined };
	if (state?.scope === 'all' && scope === 'all') return BEGINNING;
	if (!state && existingSince !== undefined) {
		return { ...BEGINNING, floor: existingSince, total: null };
	}
	return null;
}

/** A new payment event: a payment's first appearance, or a change of its status. */
export interface Change {
	key: AgentKey;
	row: ActivityRow;
	/** Epoch ms. */
	at: number;
	previousStatus: string | null;
}

interface Candidate extends Change {
	read: ReadRow;
	isNew: boolean;
}

/** Rows of one agent that are events. */
function candidatesOf(key: AgentKey, cursor: AgentCursor, rows: ReadRow[]): Candidate[] {
	return rows.flatMap((read) => {
		const { row, at } = read;
		const seen = cursor.rows.get(read.key);
		// Not remembered and from before the floor: it was told of, then forgotten.
		if (seen ? seen.statuses.includes(row.status) : at < cursor.floor) return [];
		return [{ key, row, at, read, isNew: !seen, previousStatus: seen?.statuses.at(-1) ?? null }];
	});
}

function remember(rows: Map<string, SeenRow>, { key, row, at, ordinal }: ReadRow): void {
	const statuses = rows.get(key)?.statuses ?? [];
	const isTold = statuses.includes(row.status);
	rows.set(key, { at, ordinal, statuses: isTold ? statuses : [...statuses, row.status] });
}

/** Rows that may come again: those since the floor, and open ones for a week. */
function forget(cursor: AgentCursor): AgentCursor {
	const since = watchedSince(cursor);
	const rows = [...cursor.rows].filter(
		([, row]) => row.at >= cursor.floor || (isOpen(row) && row.at >= since),
	);
	return { ...cursor, rows: new Map(rows) };
}

interface Limits {
	/** See `Wants`. */
	lookBackMs: number;
	/** See `Wants`. */
	horizon: number;
}

/** The time of the newest of some rows, as far as their times can be true. */
function newestOf(rows: ReadRow[], horizon: number, before: number): number {
	return rows.reduce((newest, { at }) => (at <= horizon ? Math.max(newest, at) : newest), before);
}

/** What is remembered of an agent after its baseline. */
function baseline({ rows, total, floor }: Reading, { horizon }: Limits): AgentCursor {
	const seen = new Map<string, SeenRow>();
	for (const read of rows) remember(seen, read);
	return forget({ newest: newestOf(rows, horizon, 0), floor, total, rows: seen });
}

/** What is remembered of an agent once these of its candidates have been told of. */
function move(
	cursor: AgentCursor,
	{ rows, total, complete, turn, moved }: Reading,
	told: Candidate[],
	left: Candidate[],
	{ lookBackMs, horizon }: Limits,
): AgentCursor {
	const seen = new Map(cursor.rows);
	for (const [key, ordinal] of moved ?? []) {
		const row = seen.get(key);
		if (row) seen.set(key, { ...row, ordinal });
	}
	const untold = new Set(left.map(({ read }) => read));
	for (const read of rows) {
		if (seen.has(read.key) && !untold.has(read)) remember(seen, read);
	}
	for (const { read } of told) remember(seen, read);
	const newest = newestOf(
		told.map(({ read }) => read),
		horizon,
		cursor.newest,
	);
	const isWhole = complete && left.length === 0;
	return forget({
		...cursor,
		newest,
		floor: Math.max(cursor.floor, newest - lookBackMs),
		total: total === null ? null : total - left.filter(({ isNew }) => isNew).length,
		rows: seen,
		turn,
		filter: isWhole ? undefined : cursor.filter,
	});
}

export interface Poll extends Settings, Limits {
	/** The agents that are watched, in their order. */
	watched: AgentKey[];
	/** Agents that are wanted, or were, and are not there (any more). */
	vanished: AgentKey[];
	/** Of the watched agents that could be read, in part or whole: the others keep their places. */
	readings: Map<AgentKey, Reading>;
	/** The agent with which the next poll begins. */
	next?: AgentKey;
	/** The most events to tell of. */
	mostEvents: number;
}

/** A changed filter is put beside the old ones, which hold for whatever was there before it. */
function withFilter(state: CursorState | undefined, filter: EventFilter): CursorState | undefined {
	if (!state || JSON.stringify(state.filters.at(-1)) === JSON.stringify(filter)) return state;
	return { ...state, filters: [...state.filters, filter] };
}

/** The first so many events that are let through, and what is held back before and between them. */
function cut(candidates: Candidate[], most: number, isLet: (candidate: Candidate) => boolean) {
	const events: Candidate[] = [];
	let end = 0;
	for (const candidate of candidates) {
		const passes = isLet(candidate);
		if (passes && events.length >= most) break;
		if (passes) events.push(candidate);
		end++;
	}
	return { events, told: candidates.slice(0, end), left: candidates.slice(end) };
}

function groupByAgent(candidates: Candidate[]): Map<AgentKey, Candidate[]> {
	const groups = new Map<AgentKey, Candidate[]>();
	for (const candidate of candidates) {
		const group = groups.get(candidate.key) ?? [];
		group.push(candidate);
		groups.set(candidate.key, group);
	}
	return groups;
}

/**
 * Decides what a poll tells of, and what is remembered of it.
 * @param before the state of the last poll; undefined for the first
 * @returns events oldest first
 */
export function advance(
	before: CursorState | undefined,
	poll: Poll,
): { state: CursorState; events: Change[] } {
	const state = withFilter(before, poll.filter);
	const filters = state?.filters ?? [poll.filter];
	const oldFilter = state === before ? undefined : filters.length - 2;
	const judged = (cursor: AgentCursor) => ({ ...cursor, filter: cursor.filter ?? oldFilter });
	const starts = new Map(
		poll.watched.map((key) => {
			const start = startOf(state, key, poll);
			return [key, start && judged(start)] as const;
		}),
	);
	const vanished = poll.vanished.flatMap((key): Array<[AgentKey, AgentCursor]> => {
		const cursor = state?.agents.get(key);
		return cursor ? [[key, { ...judged(cursor), vanished: true }]] : [];
	});
	const candidates = [...poll.readings].flatMap(([key, { rows }]) => {
		const start = starts.get(key);
		return start ? candidatesOf(key, start, rows) : [];
	});
	const isLet = ({ key, row }: Candidate) =>
		filters.slice(starts.get(key)?.filter ?? -1).every((filter) => lets(filter, row));
	// Of one time, the row that the list has had for longer comes first.
	const oldestFirst = candidates.sort(
		(one, other) => one.at - other.at || one.read.ordinal - other.read.ordinal,
	);
	const { events, told, left } = cut(oldestFirst, poll.mostEvents, isLet);
	const [toldOf, leftOf] = [groupByAgent(told), groupByAgent(left)];
	const agents = poll.watched.map((key): [AgentKey, AgentCursor | null] => {
		const start = starts.get(key) ?? null;
		const reading = poll.readings.get(key);
		if (!reading) return [key, start];
		if (!start) return [key, baseline(reading, poll)];
		return [key, move(start, reading, toldOf.get(key) ?? [], leftOf.get(key) ?? [], poll)];
	});
	return {
		state: {
			scope: poll.scope,
			agents: new Map([...vanished, ...agents]),
			filters,
			...(poll.next !== undefined && { next: poll.next }),
		},
		events: events.map(({ key, row, at, previousStatus }) => ({ key, row, at, previousStatus })),
	};
}

/** An event as it leaves the trigger. @param simple without the row as the service sent it */
export function toTriggerEvent(
	{ row, previousStatus }: Pick<Change, 'row' | 'previousStatus'>,
	agent: AgentLabel,
	simple: boolean,
) {
	const { id, status, ...transaction } = toTransaction(row, agent);
	return withFurther(
		{
			eventId: `${id}:${status}`,
			event: eventName(status),
			previousStatus,
			status,
			activityId: id,
		},
		{ ...transaction, ...(!simple && { raw: row }) },
	);
}

export type TriggerEvent = ReturnType<typeof toTriggerEvent>;
