import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import * as z from 'zod/v4-mini';

import { InputRefusal } from '../domain/input';
import type { EventFilter } from './filter';
import { eventFilter } from './filter';

/** A row that is emitted, filtered out, or was there when its agent got its baseline. */
export interface KnownRow {
	/** Epoch ms. */
	at: number;
	/** Every status that it was seen in, the latest last: none of them is emitted again. */
	statuses: string[];
	/** Where an open payment was in the list, see `ReadRow`: a hint. */
	rank?: number;
}

/** The address of an agent in lower case. */
export type AgentId = string;

/** How far the activity of one agent is emitted. Times are the service's, in epoch ms. */
export interface AgentCursor {
	/** Time of the newest row that is known; 0 before the first. */
	newest: number;
	/** A row from before this that isn't known counts as emitted. It never moves back. */
	floor: number;
	/** Time of the newest row when the list was last read down to the floor; 0 where there was none. */
	asOf: number;
	/** Rank of the newest known row, see `ReadRow`. A hint: a wrong one costs requests only. */
	rank?: number;
	/** Rows below the newest known one may be missing, so that the count says nothing about them. */
	isUnsure?: true;
	/** Rows that may come again: those since the floor, and open ones. By `rowKey`. */
	rows: Map<string, KnownRow>;
	/** The open payment that was looked at last, where there was no time for all. */
	turn?: string;
	/** What rows that are still to be read have to pass, where that is not the trigger's filter alone. */
	filter?: EventFilter;
	/** The agent wasn't there at the last poll. It keeps its place while there is room. */
	isMissing?: true;
}

/** What the trigger remembers between two polls. */
export interface TriggerState {
	scope: 'all' | 'selected';
	/** Since when this scope is watched, epoch ms by n8n's clock: an agent made later is new. */
	since: number;
	/** Null where an agent waits for its baseline. */
	agents: Map<AgentId, AgentCursor | null>;
	filter: EventFilter;
	/** The agent with which the next poll begins, where this one had no time for all. */
	next?: AgentId;
	/**
	 * Where the agents of the last batch were before it, and the n8n process that emitted it. Batches that follow each other soon count as one; `since` is when the first was emitted.
	 */
	lastBatch?: { process: string; since: number; agents: Map<AgentId, AgentCursor> };
}

const number = z.number();
const cursor = z.object({
	newest: number,
	/** ms behind `newest`. */
	floor: number,
	/** ms behind `newest`. */
	asOf: number,
	rank: z.optional(number),
	/** By `rowKey`: ms behind `newest`, rank, then indexes of `statuses`. */
	rows: z.record(z.string(), z.tuple([number, number], number)),
	turn: z.optional(z.string()),
	/** Index of `filters`. */
	filter: z.optional(number),
	isMissing: z.optional(z.literal(true)),
	isUnsure: z.optional(z.literal(true)),
});
type StoredCursor = z.infer<typeof cursor>;

/** `TriggerState` as n8n keeps it: JSON, short. A later release can tell by `version` how to read it. */
const storedState = z.object({
	version: z.literal(1),
	scope: z.enum(['all', 'selected']),
	since: number,
	agents: z.record(z.string(), z.nullable(cursor)),
	/** Each once: the trigger's, then those that agents have besides. */
	filters: z.array(eventFilter).check(z.minLength(1)),
	/** Statuses of rows, each once. */
	statuses: z.array(z.string()),
	next: z.optional(z.string()),
	lastBatch: z.optional(
		z.object({ process: z.string(), since: number, agents: z.record(z.string(), cursor) }),
	),
});
export type StoredState = z.infer<typeof storedState>;

/** The most that n8n is given to keep, in bytes of JSON. */
export const MOST_STATE_BYTES = 256 * 1024;

/** The most agents for which even the shortest state stays within its bound. */
export const MOST_AGENTS = 1000;

/** Rows kept of each agent, tried in turn until the state is small enough. */
const SHORTER = [4000, 2000, 1000, 500, 250, 100, 50, 20, 10, 5, 2, 1, 0];

/** Statuses in which a payment has ended (SDK, agent.ts). Another may follow one that isn't known. */
const ENDED = new Set(['received', 'settled', 'denied', 'failed']);

export function isOpen({ statuses }: KnownRow): boolean {
	return !ENDED.has(statuses.at(-1) ?? '');
}

/** 64 bits of a hash: two of a million rows share one with a chance below 1 in 10 million. */
export function rowKey(id: string): string {
	return bytesToHex(sha256(utf8ToBytes(id)).subarray(0, 8));
}

function mapValues<From, To>(record: Record<string, From>, map: (one: From) => To): Map<string, To> {
	return new Map(Object.entries(record).map(([key, one]) => [key, map(one)]));
}

function decode(
	{ newest, floor, asOf, rows, filter, ...rest }: StoredCursor,
	{ statuses, filters }: StoredState,
): AgentCursor {
	const known = mapValues(rows, ([behind, rank, ...indexes]) => ({
		at: newest - behind,
		statuses: indexes.map((index) => statuses[index] ?? ''),
		...(rank > 0 && { rank }),
	}));
	return {
		...rest,
		newest,
		floor: newest - floor,
		asOf: newest - asOf,
		rows: known,
		...(filter !== undefined && { filter: filters[filter] }),
	};
}

/**
 * Reads what an earlier poll stored.
 * @returns undefined where nothing is stored; `'unreadable'` where no release wrote it
 * @throws InputRefusal where a later release wrote it: this one would emit payments again
 */
export function readState(stored: unknown): TriggerState | 'unreadable' | undefined {
	if (stored === undefined || stored === null) return undefined;
	// n8n's own objects have a hidden field each, with which they watch for changes.
	const plain: unknown = JSON.parse(JSON.stringify(stored));
	const { data: version } = z.safeParse(z.object({ version: number }), plain);
	if (version && version.version > 1) {
		throw new InputRefusal(
			'Ampersend Trigger',
			`a later release stored its position (version ${version.version} of its state).`,
			'Update n8n-nodes-ampersend again. No payment event is lost.',
		);
	}
	const { data } = z.safeParse(storedState, plain);
	const cursors = [data?.agents, data?.lastBatch?.agents].flatMap((one) => Object.values(one ?? {}));
	if (!data || cursors.some((one) => (one?.filter ?? 0) >= data.filters.length)) return 'unreadable';
	const { agents, lastBatch, scope, since, filters, next } = data;
	return {
		scope,
		since,
		filter: filters[0] ?? {},
		agents: mapValues(agents, (one) => one && decode(one, data)),
		...(next !== undefined && { next }),
		...(lastBatch && {
			lastBatch: { ...lastBatch, agents: mapValues(lastBatch.agents, (one) => decode(one, data)) },
		}),
	};
}

/** Numbers values, each once. */
class Table<Value> {
	readonly values: Value[] = [];
	private readonly indexes = new Map<string, number>();

	indexOf(value: Value): number {
		const key = JSON.stringify(value);
		const index = this.indexes.get(key) ?? this.values.push(value) - 1;
		this.indexes.set(key, index);
		return index;
	}
}

function encode({ agents, lastBatch, filter, ...rest }: TriggerState): StoredState {
	const [statuses, filters] = [new Table<string>(), new Table<EventFilter>()];
	filters.indexOf(filter);
	const encodeCursor = ({ filter: own, ...one }: AgentCursor): StoredCursor => ({
		...one,
		floor: one.newest - one.floor,
		asOf: one.newest - one.asOf,
		...(own && { filter: filters.indexOf(own) }),
		rows: Object.fromEntries(
			[...one.rows].map(([key, row]): [string, [number, number, ...number[]]] => {
				const rank = isOpen(row) ? (row.rank ?? 0) : 0;
				const indexes = row.statuses.map((status) => statuses.indexOf(status));
				return [key, [one.newest - row.at, rank, ...indexes]];
			}),
		),
	});
	const encodeAll = <One extends AgentCursor | null>(cursors: Map<AgentId, One>) =>
		[...cursors].map(([id, one]) => [id, one && encodeCursor(one)] as const);
	const earlier = lastBatch && {
		...lastBatch,
		agents: Object.fromEntries(encodeAll(lastBatch.agents)) as Record<AgentId, StoredCursor>,
	};
	return {
		version: 1,
		...rest,
		agents: Object.fromEntries(encodeAll(agents)),
		...(earlier && { lastBatch: earlier }),
		filters: filters.values,
		statuses: statuses.values,
	};
}

/** Keeps the newest rows. Those that are dropped, and all from before them, count as emitted. */
function shorten<Cursor extends AgentCursor | null>(cursor: Cursor, most: number): Cursor {
	if (!cursor || cursor.rows.size <= most) return cursor;
	const rows = [...cursor.rows].sort(([, one], [, other]) => other.at - one.at);
	const floor = rows.slice(most).reduce((latest, [, { at }]) => Math.max(latest, at + 1), cursor.floor);
	return { ...cursor, floor, rows: new Map(rows.slice(0, most)) };
}

/**
 * The state as JSON within its bound. Where that is too little, rows of missing agents are dropped, then
 * the oldest rows of each agent, then the missing agents and the place before the last batch.
 * @returns with `shortened`: agents whose look-back, or whose last batch, was cut
 */
export function writeState(
	state: TriggerState,
	mostBytes: number = MOST_STATE_BYTES,
): { stored: StoredState; shortened: AgentId[] } {
	const { lastBatch, ...rest } = state;
	const fits = (stored: StoredState) => utf8ToBytes(JSON.stringify(stored)).length <= mostBytes;
	const shortenAll = <One extends AgentCursor | null>(cursors: Map<AgentId, One>, most: number) =>
		new Map([...cursors].map(([id, one]) => [id, shorten(one, one?.isMissing ? 0 : most)]));
	const cutTo = (most: number): TriggerState => ({
		...rest,
		agents: shortenAll(state.agents, most),
		...(lastBatch && {
			lastBatch: { ...lastBatch, agents: shortenAll(lastBatch.agents, most) },
		}),
	});
	let [kept, stored] = [state, encode(state)];
	for (const most of SHORTER) {
		if (fits(stored)) break;
		kept = cutTo(most);
		stored = encode(kept);
	}
	if (!fits(stored)) {
		const present = [...kept.agents].filter(([, one]) => !one?.isMissing);
		kept = { ...rest, agents: new Map(present) };
		stored = encode(kept);
	}
	const isCut = (id: AgentId, one: AgentCursor | null | undefined) =>
		!one?.isMissing &&
		(kept.agents.get(id) !== one || kept.lastBatch?.agents.get(id) !== lastBatch?.agents.get(id));
	const shortened = [...state.agents].filter(([id, one]) => isCut(id, one)).map(([id]) => id);
	return { stored, shortened };
}
