import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import * as z from 'zod/v4-mini';

import { ParameterError } from '../domain/parameter';
import type { EventFilter } from './filter';
import { eventFilter } from './filter';

/** The most that n8n is given to keep, in bytes of JSON. */
export const MOST_STATE_BYTES = 256 * 1024;

/** The most agents for which even the shortest state stays within its bound. */
export const MOST_AGENTS = 1000;

/** The address of an agent in lower case. */
export type AgentId = string;

/** A row that is emitted, filtered out, or was there when its agent got its baseline. */
export interface KnownRow {
	/** Epoch ms. */
	at: number;
	/** Every status that it was seen in, the latest last: none of them is emitted again. */
	statuses: string[];
	/** Where an open payment was in the list, see `ReadRow`: a hint. */
	rank?: number;
}

/** Statuses in which a payment has ended (SDK, agent.ts). After any other, one more may follow. */
const ENDED = new Set(['received', 'settled', 'denied', 'failed']);

export function isOpen({ statuses }: KnownRow): boolean {
	return !ENDED.has(statuses.at(-1) ?? '');
}

/** 64 bits of a hash: two of a million rows share one with a chance below 1 in 10 million. */
export function rowKey(id: string): string {
	return bytesToHex(sha256(utf8ToBytes(id)).subarray(0, 8));
}

const keys = new WeakMap<object, string>();

/** `rowKey` of a row, hashed once. */
export function keyOf(row: { id: string }): string {
	const key = keys.get(row) ?? rowKey(row.id);
	keys.set(row, key);
	return key;
}

const number = z.number();
const text = z.string();

/** A map is stored as an object. */
function mapOf<Value extends z.ZodMiniType>(value: Value) {
	return z.pipe(
		z.record(text, value),
		z.transform((all) => new Map(Object.entries(all))),
	);
}

function mapValues<From, To>(map: Map<string, From>, change: (one: From) => To): Map<string, To> {
	return new Map([...map].map(([key, one]) => [key, change(one)]));
}

/**
 * A cursor is stored short, so that there is room for 1 000 agents in two places: a time as ms
 * before `newest`, a row as its time, rank or 0, and statuses.
 */
const storedCursor = z.pipe(
	z.object({
		/** Time of the newest row that is known; 0 before the first. */
		newest: number,
		/** A row from before this that isn't known counts as emitted. It never moves back. */
		floor: number,
		/**
		 * Time of the newest row when the list was last read down to the floor; 0 without rows.
		 * Where the newest known row is later, others may wait below it.
		 */
		asOf: number,
		/** Rank of the newest known row, see `ReadRow`. A hint: a wrong one costs requests only. */
		rank: z.optional(number),
		/** Rows that may come again: those since the floor, and open ones. By `rowKey`. */
		rows: mapOf(z.tuple([number, number], text)),
		/** The open payment that was looked at last, where there was no time for all. */
		lastOpen: z.optional(text),
		/** Index of `filters`. */
		filter: z.optional(number),
		/** The agent wasn't there at the last poll. It keeps its place while there is room. */
		isMissing: z.optional(z.literal(true)),
	}),
	z.transform((one) => ({
		...one,
		floor: one.newest - one.floor,
		asOf: one.newest - one.asOf,
		rows: mapValues(
			one.rows,
			([before, rank, ...statuses]): KnownRow => ({
				at: one.newest - before,
				statuses,
				...(rank > 0 && { rank }),
			}),
		),
	})),
);

const storedState = z.object({
	/** A later release can tell by it how to read the state. */
	version: z.literal(1),
	scope: z.enum(['all', 'selected']),
	/** Since when this scope is watched, epoch ms by n8n's clock: an agent made later is new. */
	since: number,
	/** Null where an agent waits for its baseline. */
	agents: mapOf(z.nullable(storedCursor)),
	filter: eventFilter,
	/** Those of agents, each once: one change may give all of them the same 100 addresses. */
	filters: z.array(eventFilter),
	/** The agent with which the next poll begins, where this one had no time for all. */
	next: z.optional(text),
	/**
	 * Where the agents of the last batch were before it, and the n8n process that emitted it.
	 * Batches that follow each other soon count as one; `since` is when the first was emitted.
	 */
	lastBatch: z.optional(z.object({ process: text, since: number, agents: mapOf(storedCursor) })),
});

/** The state as n8n keeps it: JSON. */
export type StoredState = z.input<typeof storedState>;
type Decoded = z.output<typeof storedState>;
type DecodedCursor = z.output<typeof storedCursor>;

/** How far the activity of one agent is emitted. Times are the service's, in epoch ms. */
export interface AgentCursor extends Omit<DecodedCursor, 'filter'> {
	/** What rows still to be read have to pass, where that is not the trigger's filter alone. */
	filter?: EventFilter | undefined;
}

/** What the trigger remembers between two polls. */
export interface TriggerState
	extends Omit<Decoded, 'version' | 'filters' | 'agents' | 'lastBatch'>,
		Places<AgentCursor> {}

interface Places<Cursor> {
	agents: Map<AgentId, Cursor | null>;
	lastBatch?: { process: string; since: number; agents: Map<AgentId, Cursor> } | undefined;
}

/** Applies a function to each cursor, those of before the last batch too. */
function mapCursors<From, To>({ agents, lastBatch }: Places<From>, change: (one: From) => To) {
	return {
		agents: mapValues(agents, (one) => one && change(one)),
		lastBatch: lastBatch && { ...lastBatch, agents: mapValues(lastBatch.agents, change) },
	};
}

/** @returns JSON, see `StoredState` */
function encode(state: TriggerState): string {
	const filters: EventFilter[] = [];
	const indexes = new Map<string, number>();
	const indexOf = (filter: EventFilter) => {
		const json = JSON.stringify(filter);
		const index = indexes.get(json) ?? filters.push(filter) - 1;
		indexes.set(json, index);
		return index;
	};
	const cursors = mapCursors(state, (one) => ({
		...one,
		floor: one.newest - one.floor,
		asOf: one.newest - one.asOf,
		rows: mapValues(one.rows, (row) => [
			one.newest - row.at,
			(isOpen(row) && row.rank) || 0,
			...row.statuses,
		]),
		filter: one.filter && indexOf(one.filter),
	}));
	return JSON.stringify({ version: 1, ...state, ...cursors, filters }, (_, value) =>
		value instanceof Map ? Object.fromEntries(value) : value,
	);
}

/**
 * Reads what an earlier poll stored.
 * @returns undefined where nothing is stored; `'unreadable'` where no release wrote it
 * @throws ParameterError where a later release wrote it: this one would emit payments again
 */
export function readState(stored: unknown): TriggerState | 'unreadable' | undefined {
	if (stored === undefined || stored === null) return undefined;
	// n8n's own objects have a hidden field each, with which they watch for changes.
	const plain: unknown = JSON.parse(JSON.stringify(stored));
	const { data: later } = z.safeParse(z.object({ version: number.check(z.gt(1)) }), plain);
	if (later) {
		throw new ParameterError(
			'Ampersend Trigger',
			`a newer release stored the position (state version ${later.version}).`,
			'Update n8n-nodes-ampersend. No payment event is lost.',
		);
	}
	const { data } = z.safeParse(storedState, plain);
	if (!data) return 'unreadable';
	const { scope, since, filter, filters, next } = data;
	let isComplete = true;
	const cursors = mapCursors(data, ({ filter: index, ...one }) => {
		const own = index === undefined ? undefined : filters[index];
		isComplete &&= index === undefined || own !== undefined;
		return { ...one, ...(own && { filter: own }) };
	});
	return isComplete ? { scope, since, filter, next, ...cursors } : 'unreadable';
}

/** Keeps the newest rows. Those that are dropped, and all from before them, count as emitted. */
function shorten(cursor: AgentCursor, most: number): AgentCursor {
	if (cursor.rows.size <= most) return cursor;
	const rows = [...cursor.rows].sort(([, one], [, other]) => other.at - one.at);
	const newestDropped = rows[most]?.[1].at ?? 0;
	const floor = Math.max(cursor.floor, newestDropped + 1);
	return { ...cursor, floor, rows: new Map(rows.slice(0, most)) };
}

/**
 * The state as JSON within its bound. Where that is too little, rows of missing agents are dropped,
 * then the oldest rows of each agent, then the missing agents and the place before the last batch.
 * At last, only the trigger's filter is kept: what an earlier one would stop may then be emitted.
 * @returns with `shortened`: agents of which something was dropped, but for the missing ones
 */
export function writeState(
	state: TriggerState,
	mostBytes: number = MOST_STATE_BYTES,
): { stored: StoredState; shortened: AgentId[] } {
	let [kept, json] = [state, encode(state)];
	const isTooLong = () => utf8ToBytes(json).length > mostBytes;
	const keep = (less: Partial<TriggerState>) => {
		kept = { ...kept, ...less };
		json = encode(kept);
	};
	const cursors = [...state.agents.values(), ...(state.lastBatch?.agents.values() ?? [])];
	let most = 2 * Math.max(0, ...cursors.map((one) => one?.rows.size ?? 0));
	while (isTooLong() && most > 0) {
		most = Math.floor(most / 2);
		keep(mapCursors(kept, (one) => shorten(one, one.isMissing ? 0 : most)));
	}
	const present = new Map([...kept.agents].filter(([, one]) => !one?.isMissing));
	if (isTooLong()) keep({ agents: present, lastBatch: undefined });
	if (isTooLong()) keep(mapCursors(kept, (one) => ({ ...one, filter: undefined })));
	const isCut = (id: AgentId) =>
		kept.agents.get(id) !== state.agents.get(id) ||
		kept.lastBatch?.agents.get(id) !== state.lastBatch?.agents.get(id);
	return { stored: JSON.parse(json), shortened: [...present.keys()].filter(isCut) };
}
