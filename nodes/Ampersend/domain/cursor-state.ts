import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

import { addressKey } from './address';
import type { EventFilter } from './filter';
import { isEventFilter } from './filter';
import { InputRefusal } from './input';

/** A row that has been told of, or was there when its agent got its baseline. */
export interface SeenRow {
	/** Epoch ms. */
	at: number;
	/** Every status that it was seen in, the latest last: none of them is told of twice. */
	statuses: string[];
	/** Which row of its agent's list it is, counted from the oldest: new rows do not change that. */
	ordinal: number;
}

/** How far one agent's activity has been told of. Times are the service's, in epoch ms. */
export interface AgentCursor {
	/** Time of the newest row told of; 0 before the first. */
	newest: number;
	/** A row from before this that is not remembered is old news. It never moves back. */
	floor: number;
	/** How many rows of the agent's list are told of or old news; null where that is not known yet. */
	total: number | null;
	/** Rows that may come again: those since `floor`, and open ones. By `rowKey`. */
	rows: Map<string, SeenRow>;
	/** Ordinal of the open row behind the look-back that was looked at last, where not all are at once. */
	turn?: number;
	/** Index of the oldest of `CursorState.filters` that the rows still to be read have to pass; absent for the newest. */
	filter?: number;
	/** The agent was not there at the last poll. It is kept as long as there is room: a list may leave one out by mistake. */
	vanished?: true;
}

/** What the trigger remembers between two polls. */
export interface CursorState {
	/** Whether every agent was watched: only then is one without an entry one that has appeared since. */
	scope: 'all' | 'selected';
	/** By address in lower case; null where an agent waits for its baseline. */
	agents: Map<string, AgentCursor | null>;
	/** The filters of the trigger, the newest last; older ones as long as an agent needs them. */
	filters: EventFilter[];
	/** The agent with which the next poll begins, where this one had no time for all. */
	next?: string;
}

/** `CursorState` as n8n keeps it: JSON, short. A later release can tell by `version` how to read it. */
export interface StoredState {
	version: 2;
	scope: CursorState['scope'];
	agents: Record<string, StoredCursor | null>;
	filters: EventFilter[];
	/** Statuses of the rows, each once. */
	statuses: string[];
	next?: string;
}

interface StoredCursor extends Omit<AgentCursor, 'rows'> {
	/** By `rowKey`: ms behind `newest`, ordinal, then indexes of `statuses`. */
	rows: Record<string, number[]>;
}

/** The most that is given to n8n to keep, in bytes of JSON. */
export const MOST_STATE_BYTES = 256 * 1024;

/** The most agents for which even the shortest state stays within its bound. */
export const MOST_AGENTS = 1000;

/** Filters kept at most, beside the newest one. */
const MOST_OLD_FILTERS = 4;

/** Rows kept of each agent, tried in turn until the state is small enough. */
const SHORTER = [Infinity, 4000, 2000, 1000, 500, 250, 100, 50, 20, 10, 5, 2, 1];

/** Statuses in which a payment is over (SDK, agent.ts). A status that is not known may be followed by another. */
const ENDED = new Set(['received', 'settled', 'denied', 'failed']);

export function isOpen({ statuses }: SeenRow): boolean {
	return !ENDED.has(statuses.at(-1) ?? '');
}

/** 64 bits of a hash: among a million rows two are taken for one with a chance below 1 in 10 million. */
export function rowKey(id: string): string {
	return bytesToHex(sha256(utf8ToBytes(id)).subarray(0, 8));
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
	return Array.isArray(value) && value.every((entry) => Number.isFinite(entry));
}

function isOptionalNumber(value: unknown): value is number | undefined {
	return value === undefined || Number.isFinite(value);
}

function isStoredCursor(value: unknown): value is StoredCursor {
	return (
		isRecord(value) &&
		Number.isFinite(value.newest) &&
		Number.isFinite(value.floor) &&
		(value.total === null || Number.isFinite(value.total)) &&
		isRecord(value.rows) &&
		Object.values(value.rows).every((row) => isNumbers(row) && row.length > 2) &&
		isOptionalNumber(value.turn) &&
		isOptionalNumber(value.filter) &&
		(value.vanished === undefined || value.vanished === true)
	);
}

function isStoredState(value: Record<string, unknown>): boolean {
	return (
		(value.scope === 'all' || value.scope === 'selected') &&
		isRecord(value.agents) &&
		Object.values(value.agents).every((cursor) => cursor === null || isStoredCursor(cursor)) &&
		Array.isArray(value.filters) &&
		value.filters.length > 0 &&
		value.filters.every(isEventFilter) &&
		Array.isArray(value.statuses) &&
		value.statuses.every((status) => typeof status === 'string') &&
		(value.next === undefined || typeof value.next === 'string')
	);
}

function decodeCursor({ rows, ...cursor }: StoredCursor, statuses: string[]): AgentCursor {
	const seen = Object.entries(rows).map(([key, [behind = 0, ordinal = 0, ...indexes]]) => {
		const row = {
			at: cursor.newest - behind,
			ordinal,
			statuses: indexes.map((index) => statuses[index] ?? ''),
		};
		return [key, row] as const;
	});
	return { ...cursor, rows: new Map(seen) };
}

/** What the first release stored: rows by their ids, and no floor. */
interface FirstState {
	version: 1;
	agents: Record<string, { newest: number; rows: Record<string, { status: string; at: number }> }>;
}

function isFirstState(value: Record<string, unknown>): value is Record<string, unknown> & FirstState {
	return (
		isRecord(value.agents) &&
		Object.values(value.agents).every(
			(agent) =>
				isRecord(agent) &&
				Number.isFinite(agent.newest) &&
				isRecord(agent.rows) &&
				Object.values(agent.rows).every(
					(row) => isRecord(row) && typeof row.status === 'string' && Number.isFinite(row.at),
				),
		)
	);
}

/** The look-back of the first release, in ms. */
const FIRST_LOOK_BACK_MS = 15 * 60_000;

/**
 * Agents were all watched or chosen, which was not stored: taken for chosen, one that is not known
 * starts at its baseline rather than with events that may have been told of.
 */
function upgrade({ agents }: FirstState, filter: EventFilter): CursorState {
	const cursors = Object.entries(agents).map(([address, { newest, rows }]): [string, AgentCursor] => {
		const floor = Math.max(0, newest - FIRST_LOOK_BACK_MS);
		const seen = Object.entries(rows).map(
			([id, { status, at }]): [string, SeenRow] => [rowKey(id), { at, statuses: [status], ordinal: 0 }],
		);
		return [addressKey(address), { newest, floor, total: null, rows: new Map(seen) }];
	});
	return { scope: 'selected', agents: new Map(cursors), filters: [filter] };
}

/**
 * Reads what an earlier poll stored.
 * @param filter of the trigger as it is now
 * @returns undefined where nothing is stored; `'unreadable'` where it is nothing that a release wrote
 * @throws InputRefusal where a later release wrote it: this one would tell of payments again
 */
export function readState(stored: unknown, filter: EventFilter): CursorState | 'unreadable' | undefined {
	if (stored === undefined || stored === null) return undefined;
	if (!isRecord(stored)) return 'unreadable';
	const { version } = stored;
	if (version === 1) return isFirstState(stored) ? upgrade(stored, filter) : 'unreadable';
	if (typeof version === 'number' && version > 2) {
		throw new InputRefusal(
			'Ampersend Trigger',
			`what it has told of was stored by a later release (version ${version} of its state).`,
			'Update n8n-nodes-ampersend again. Nothing was read or lost.',
		);
	}
	if (version !== 2 || !isStoredState(stored)) return 'unreadable';
	const { scope, agents, filters, statuses, next } = stored as Record<string, unknown> & StoredState;
	const cursors = Object.entries(agents).map(
		([key, cursor]) => [key, cursor && decodeCursor(cursor, statuses)] as const,
	);
	return { scope, agents: new Map(cursors), filters, ...(next !== undefined && { next }) };
}

/** Filters that no agent needs any more are left out. */
function pruneFilters({ agents, filters, ...state }: CursorState): CursorState {
	const newest = filters.length - 1;
	const needed = [...agents.values()].reduce(
		(oldest, cursor) => Math.min(oldest, cursor?.filter ?? newest),
		newest,
	);
	const first = Math.max(needed, newest - MOST_OLD_FILTERS);
	const pruned = [...agents].map(([key, cursor]) => {
		if (cursor?.filter === undefined) return [key, cursor] as const;
		return [key, { ...cursor, filter: Math.max(0, cursor.filter - first) }] as const;
	});
	return { ...state, agents: new Map(pruned), filters: filters.slice(first) };
}

function encode({ scope, agents, filters, next }: CursorState): StoredState {
	const indexes = new Map<string, number>();
	const indexOf = (status: string) => {
		const index = indexes.get(status) ?? indexes.size;
		indexes.set(status, index);
		return index;
	};
	const encodeCursor = ({ rows, ...cursor }: AgentCursor): StoredCursor => {
		const stored = [...rows].map(
			([key, { at, ordinal, statuses }]): [string, number[]] =>
				[key, [cursor.newest - at, ordinal, ...statuses.map(indexOf)]],
		);
		return { ...cursor, rows: Object.fromEntries(stored) };
	};
	const cursors = [...agents].map(([key, cursor]) => [key, cursor && encodeCursor(cursor)] as const);
	return {
		version: 2,
		scope,
		agents: Object.fromEntries(cursors),
		filters,
		statuses: [...indexes.keys()],
		...(next !== undefined && { next }),
	};
}

/** Keeps the newest rows; those that are forgotten, and all from before them, count as told of. */
function shorten(cursor: AgentCursor | null, most: number): AgentCursor | null {
	if (!cursor || cursor.rows.size <= most) return cursor;
	const rows = [...cursor.rows].sort(([, one], [, other]) => other.at - one.at);
	const forgotten = rows.slice(most).map(([, { at }]) => at + 1);
	return {
		...cursor,
		floor: forgotten.reduce((floor, time) => Math.max(floor, time), cursor.floor),
		rows: new Map(rows.slice(0, most)),
	};
}

/**
 * The state as JSON within its bound: where that is too little for all rows, those of agents that have
 * vanished are forgotten, then the oldest rows of each agent, and last the vanished agents.
 * @param mostBytes of its JSON text
 * @returns with `shortened`: agents whose look-back was cut
 */
export function writeState(
	state: CursorState,
	mostBytes: number = MOST_STATE_BYTES,
): { stored: StoredState; shortened: string[] } {
	const whole = pruneFilters(state);
	const text = JSON.stringify(encode(whole));
	if (utf8ToBytes(text).length <= mostBytes) return { stored: JSON.parse(text) as StoredState, shortened: [] };
	const cutTo = (most: number) => {
		const agents = [...whole.agents].map(
			([key, cursor]) => [key, shorten(cursor, cursor?.vanished ? 0 : most)] as const,
		);
		const isCut = ([key, cursor]: readonly [string, AgentCursor | null]) =>
			!cursor?.vanished && whole.agents.get(key) !== cursor;
		const text = JSON.stringify(encode({ ...whole, agents: new Map(agents) }));
		return { text, agents, shortened: agents.filter(isCut).map(([key]) => key) };
	};
	const fits = (text: string) => utf8ToBytes(text).length <= mostBytes;
	const cut = cutTo(SHORTER.find((most) => fits(cutTo(most).text)) ?? 0);
	if (fits(cut.text)) return { stored: JSON.parse(cut.text) as StoredState, shortened: cut.shortened };
	const present = cut.agents.filter(([, cursor]) => !cursor?.vanished);
	const rest = JSON.stringify(encode({ ...whole, agents: new Map(present) }));
	return { stored: JSON.parse(rest) as StoredState, shortened: cut.shortened };
}
