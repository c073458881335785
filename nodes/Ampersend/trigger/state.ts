import * as z from 'zod/v4-mini';

import { digestOf } from '../domain/digest';
import type { RowFilter } from '../domain/filter';
import { rowFilter } from '../domain/filter';
import { withoutUndefined } from '../domain/json';
import { ParameterError } from '../domain/parameter';

/** Maximum size of the stored state, in bytes of JSON. */
export const MAX_STATE_BYTES = 256 * 1024;

/** The most agents whose state, cut as far as possible, still fits into `MAX_STATE_BYTES`. */
export const MAX_AGENTS = 1000;

/** The address of an agent in lower case. */
export type AgentId = string;

/** A row that was emitted, filtered out or part of its agent's baseline. */
export interface KnownRow {
	/** Epoch ms. */
	at: number;
	/** Every status seen so far, latest last. None of them is emitted again. */
	statuses: string[];
	/** Where an open payment was in the list, see `ReadRow`. Only a hint. */
	rank?: number;
}

/** Final statuses of a payment (SDK, agent.ts). After any other, it can still change. */
const ENDED = new Set(['received', 'settled', 'denied', 'failed']);

export function isOpen({ statuses }: KnownRow): boolean {
	return !ENDED.has(statuses.at(-1) ?? '');
}

/** 64 bits of a hash. The chance that two of a million rows share one is below 1 in 10 million. */
export function rowKey(id: string): string {
	return digestOf(id).slice(0, 16);
}

const keys = new WeakMap<object, string>();

/** `rowKey` of a row. Each row object is hashed only once. */
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

function mapValues<From, To>(map: Map<string, From>, change: (value: From) => To): Map<string, To> {
	return new Map([...map].map(([key, value]) => [key, change(value)]));
}

function mapRecord<From, To>(map: Map<string, From>, change: (value: From) => To) {
	return Object.fromEntries([...map].map(([key, value]) => [key, change(value)]));
}

/**
 * A cursor in short form, so that two positions of 1 000 agents fit. Times are in ms before
 * `newest`. A row is its time, its rank (0 for none) and its statuses.
 */
const storedCursor = z.pipe(
	z.object({
		/** Time of the newest known row; 0 before the first. */
		newest: number,
		/** An unknown row from before this counts as already handled. It never moves back. */
		floor: number,
		/**
		 * Time of the newest row when the list was last read down to the floor; 0 without rows. If the
		 * newest known row is later, unread rows may be below it.
		 */
		asOf: number,
		/** Rank of the newest known row, see `ReadRow`. A hint: a wrong one only costs requests. */
		rank: z.optional(number),
		/** Rows that are still needed: those since the floor, and open ones. By `rowKey`. */
		rows: mapOf(z.tuple([number, number], text)),
		/** `rowKey` of the open payment that was checked last, if there was no time for all of them. */
		lastOpen: z.optional(text),
		/** Index in `filters`. */
		filter: z.optional(number),
		/** It applies to rows from before this, by n8n's clock. Absent for all. */
		filterUntil: z.optional(number),
		/**
		 * The account didn't have the agent at the last poll. Its position is kept while there is room.
		 */
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
	/** Tells later releases how to read the state. */
	version: z.literal(1),
	scope: z.enum(['all', 'selected']),
	/** When watching this scope began, epoch ms by n8n's clock. An agent created later is new. */
	since: number,
	/** Null for an agent that waits for its baseline. */
	agents: mapOf(z.nullable(storedCursor)),
	/** Since when agents wait for it, epoch ms by n8n's clock. What comes from then on is new. */
	waiting: z.optional(mapOf(number)),
	/**
	 * Whether agents that aren't in `agents` wait since `since`, if all are chosen: the service was
	 * away when n8n published the workflow.
	 */
	isUnread: z.optional(z.literal(true)),
	/**
	 * Of agents that wait, if the filter has changed meanwhile: what came until then has to pass this
	 * one. Without `until`, it has changed with this poll.
	 */
	earlier: z.optional(z.object({ filter: rowFilter, until: z.optional(number) })),
	filter: rowFilter,
	/** The filters of agents, each only once: a change can give all agents the same 100 addresses. */
	filters: z.array(rowFilter),
	/** The agent that the next poll starts with, if this one had no time for all of them. */
	next: z.optional(text),
	/**
	 * The cursors from before the last batch, for the agents in it, and the n8n process that emitted
	 * it. Batches that follow each other soon count as one. `since` is when the first was emitted.
	 */
	lastBatch: z.optional(z.object({ process: text, since: number, agents: mapOf(storedCursor) })),
});

/** Of a later release. */
const laterState = z.object({ version: number.check(z.gt(1)) });

/** The state as n8n stores it: JSON. */
export type StoredState = z.input<typeof storedState>;
type Decoded = z.output<typeof storedState>;
type DecodedCursor = z.output<typeof storedCursor>;

/** How far one agent's activity is handled. Times are the service's, in epoch ms. */
export interface AgentCursor extends Omit<DecodedCursor, 'filter'> {
	/**
	 * The filter for rows that aren't read yet, if it's not just the trigger's: an earlier filter may
	 * apply to them too.
	 */
	filter?: RowFilter | undefined;
}

/** What the trigger remembers between polls. */
export interface TriggerState
	extends Omit<Decoded, 'version' | 'filters' | 'agents' | 'lastBatch'>,
		Places<AgentCursor> {}

interface Places<Cursor> {
	agents: Map<AgentId, Cursor | null>;
	lastBatch?: { process: string; since: number; agents: Map<AgentId, Cursor> } | undefined;
}

/** Applies a function to each cursor, including those from before the last batch. */
function mapCursors<From, To>({ agents, lastBatch }: Places<From>, change: (cursor: From) => To) {
	return {
		agents: mapValues(agents, (cursor) => cursor && change(cursor)),
		lastBatch: lastBatch && { ...lastBatch, agents: mapValues(lastBatch.agents, change) },
	};
}

/** @returns JSON, see `StoredState` */
function encode(state: TriggerState): string {
	const filters: RowFilter[] = [];
	const indexes = new Map<string, number>();
	const indexOf = (filter: RowFilter) => {
		const json = JSON.stringify(filter);
		const index = indexes.get(json) ?? filters.push(filter) - 1;
		indexes.set(json, index);
		return index;
	};
	const recordOf = (cursors: Map<AgentId, AgentCursor | null>) =>
		mapRecord(
			cursors,
			(one) =>
				one && {
					...one,
					floor: one.newest - one.floor,
					asOf: one.newest - one.asOf,
					rows: mapRecord(one.rows, (row) => [
						one.newest - row.at,
						(isOpen(row) && row.rank) || 0,
						...row.statuses,
					]),
					filter: one.filter && indexOf(one.filter),
				},
		);
	const { agents, waiting, lastBatch } = state;
	return JSON.stringify({
		version: 1,
		...state,
		agents: recordOf(agents),
		waiting: waiting && Object.fromEntries(waiting),
		lastBatch: lastBatch && { ...lastBatch, agents: recordOf(lastBatch.agents) },
		filters,
	});
}

/** @throws ParameterError if a later release wrote a state: this one would emit events again */
export function rejectLater(plain: unknown): void {
	const { data: later } = z.safeParse(laterState, plain);
	if (!later) return;
	throw new ParameterError(
		'Ampersend Trigger',
		`a newer release stored the position (state version ${later.version}).`,
		'Update n8n-nodes-ampersend. No payment event is lost.',
	);
}

/**
 * Reads what an earlier poll stored.
 * @param json a `StoredState`
 * @returns `'unreadable'` if no release wrote it
 * @throws ParameterError if a later release wrote it
 */
export function readState(json: string): TriggerState | 'unreadable' {
	const plain: unknown = JSON.parse(json);
	rejectLater(plain);
	const { data } = z.safeParse(storedState, plain);
	if (!data) return 'unreadable';
	const { scope, since, waiting, isUnread, earlier, filter, filters, next } = data;
	let isComplete = true;
	const cursors = mapCursors(data, ({ filter: index, ...one }) => {
		const own = index === undefined ? undefined : filters[index];
		isComplete &&= index === undefined || own !== undefined;
		return { ...one, ...(own && { filter: own }) };
	});
	if (!isComplete) return 'unreadable';
	const optional = withoutUndefined({ waiting, isUnread, earlier });
	return { scope, since, filter, next, ...optional, ...cursors };
}

/** Keeps the newest rows. Dropped ones, and all from before them, count as already handled. */
function shorten(cursor: AgentCursor, maxRows: number): AgentCursor {
	if (cursor.rows.size <= maxRows) return cursor;
	const rows = [...cursor.rows].sort(([, a], [, b]) => b.at - a.at);
	const newestDropped = rows[maxRows]?.[1].at ?? 0;
	const floor = Math.max(cursor.floor, newestDropped + 1);
	return { ...cursor, floor, rows: new Map(rows.slice(0, maxRows)) };
}

/**
 * The state as JSON within its bound. If it's too long, this drops the rows of missing agents, then
 * the oldest rows of each agent, then the missing agents and the position before the last batch. As
 * a last resort it keeps only the trigger's filter: rows that an earlier filter excludes may then
 * be emitted.
 * @returns `json`: a `StoredState`; `shortened`: the agents that lost something, apart from missing
 * ones
 */
export function writeState(
	state: TriggerState,
	maxBytes: number = MAX_STATE_BYTES,
): { json: string; shortened: AgentId[] } {
	let kept = state;
	let json = encode(state);
	// Of up to three bytes each, most texts need no look at their characters.
	const isTooLong = () => 3 * json.length > maxBytes && Buffer.byteLength(json) > maxBytes;
	const keep = (less: Partial<TriggerState>) => {
		kept = { ...kept, ...less };
		json = encode(kept);
	};
	const cursors = [...state.agents.values(), ...(state.lastBatch?.agents.values() ?? [])];
	let maxRows = 2 * Math.max(0, ...cursors.map((cursor) => cursor?.rows.size ?? 0));
	while (isTooLong() && maxRows > 0) {
		maxRows = Math.floor(maxRows / 2);
		keep(mapCursors(kept, (cursor) => shorten(cursor, cursor.isMissing ? 0 : maxRows)));
	}
	const present = new Map([...kept.agents].filter(([, cursor]) => !cursor?.isMissing));
	if (isTooLong()) keep({ agents: present, lastBatch: undefined });
	if (isTooLong()) keep(mapCursors(kept, (cursor) => ({ ...cursor, filter: undefined })));
	const isCut = (id: AgentId) =>
		kept.agents.get(id) !== state.agents.get(id) ||
		kept.lastBatch?.agents.get(id) !== state.lastBatch?.agents.get(id);
	return { json, shortened: [...present.keys()].filter(isCut) };
}
