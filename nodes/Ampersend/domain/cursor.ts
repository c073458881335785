import { addressKey } from './address';
import { withFurther } from './fields';
import { epochToMs } from './time';
import type { ActivityRow, AgentLabel } from './transaction';
import { toTransaction } from './transaction';

/**
 * Which activity rows the trigger has told of. JSON, written once at the end of a poll; `version`
 * lets a later release read it. Every time in it is the service's (epoch ms): n8n's clock plays no part.
 */
export interface CursorState {
	version: 1;
	/** When the youngest agent seen so far was made: one that is younger has appeared since. */
	youngestAgentAt: number;
	/** By address in lower case. */
	agents: Record<string, AgentCursor>;
}

export interface AgentCursor {
	/** Time of the newest row seen; 0 before the first. */
	newest: number;
	/** Rows that may come again: those inside the look-back, and open ones. By id. */
	rows: Record<string, SeenRow>;
}

export interface SeenRow {
	status: string;
	at: number;
}

/** An agent that exists and whose payments are wanted. */
export interface WatchedAgent extends AgentLabel {
	createdAt: number | string;
}

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;

/** How far behind the newest row of its agent a late one may appear and still be told of. */
export const LOOK_BACK_MS = 15 * MINUTE_MS;

/** Statuses in which a payment is not over: such rows are watched beyond the look-back. */
const OPEN_STATUSES = new Set(['authorized', 'pending', 'requested']);

function isRecordOf<Value>(
	value: unknown,
	isValue: (entry: unknown) => entry is Value,
): value is Record<string, Value> {
	return (
		typeof value === 'object' &&
		value !== null &&
		!Array.isArray(value) &&
		Object.values(value).every(isValue)
	);
}

function isAnything(_: unknown): _ is unknown {
	return true;
}

function isSeenRow(value: unknown): value is SeenRow {
	return (
		isRecordOf(value, isAnything) &&
		typeof value.status === 'string' &&
		typeof value.at === 'number'
	);
}

function isAgentCursor(value: unknown): value is AgentCursor {
	return (
		isRecordOf(value, isAnything) &&
		typeof value.newest === 'number' &&
		isRecordOf(value.rows, isSeenRow)
	);
}

/**
 * Reads what an earlier poll stored.
 * @returns undefined where nothing is stored, or nothing that this release can read
 */
export function readState(stored: unknown): CursorState | undefined {
	if (!isRecordOf(stored, isAnything)) return undefined;
	const { version, youngestAgentAt, agents } = stored;
	return version === 1 && typeof youngestAgentAt === 'number' && isRecordOf(agents, isAgentCursor)
		? { version, youngestAgentAt, agents }
		: undefined;
}

/** Whether an agent has appeared since the last poll: its payments are told of from the first one on. */
function isNew(state: CursorState | undefined, agent: WatchedAgent): boolean {
	return state !== undefined && epochToMs(agent.createdAt) > state.youngestAgentAt;
}

function isRemembered({ status, at }: SeenRow, newest: number): boolean {
	return at >= newest - LOOK_BACK_MS || (OPEN_STATUSES.has(status) && at >= newest - WEEK_MS);
}

/** How much of an agent's history a poll must read: back to `from`, or to `behindNewest` ms before its newest row. */
export type ReadingPlan = { from: number } | { behindNewest: number };

export function planReading(state: CursorState | undefined, agent: WatchedAgent): ReadingPlan {
	const cursor = state?.agents[addressKey(agent.address)];
	if (!cursor) return isNew(state, agent) ? { from: 0 } : { behindNewest: LOOK_BACK_MS };
	const from = Object.values(cursor.rows).reduce(
		(oldest, { at }) => Math.min(oldest, at),
		cursor.newest - LOOK_BACK_MS,
	);
	return { from: Math.max(0, from) };
}

/** A new payment event: a payment's first appearance, or a change of its status. */
export type TriggerEvent = ReturnType<typeof toTriggerEvent>;

function toTriggerEvent(row: ActivityRow, agent: AgentLabel, previousStatus: string | null) {
	const { id, status, ...transaction } = toTransaction(row, agent);
	return withFurther(
		{
			eventId: `${id}:${status}`,
			event: `payment.${status}`,
			previousStatus,
			status,
			activityId: id,
		},
		transaction,
	);
}

function oldestFirst(one: TriggerEvent, other: TriggerEvent): number {
	return Date.parse(one.occurredAt) - Date.parse(other.occurredAt);
}

/**
 * Rows of one agent that a poll has read: all that its plan asked for, each once. Of rows with the
 * same time the later one comes first, as the service gives them; otherwise in any order.
 */
export interface Reading {
	agent: AgentLabel;
	rows: ActivityRow[];
}

/** Rows as events without a past, oldest first: for a manual sample, which changes no state. */
export function toSample(readings: Reading[]): TriggerEvent[] {
	return readings
		.flatMap(({ agent, rows }) => rows.toReversed().map((row) => toTriggerEvent(row, agent, null)))
		.sort(oldestFirst);
}

function advanceAgent(
	cursor: AgentCursor,
	{ agent, rows }: Reading,
): { cursor: AgentCursor; events: TriggerEvent[] } {
	const floor = cursor.newest - LOOK_BACK_MS;
	const seen = new Map(Object.entries(cursor.rows));
	const events: TriggerEvent[] = [];
	let { newest } = cursor;
	for (const row of rows.toReversed()) {
		const at = epochToMs(row.timestamp);
		const before = seen.get(row.id);
		// Not remembered and older than the look-back: it was told of, then forgotten.
		if (!before && at < floor) continue;
		if (before?.status !== row.status) {
			events.push(toTriggerEvent(row, agent, before?.status ?? null));
		}
		seen.set(row.id, { status: row.status, at });
		newest = Math.max(newest, at);
	}
	const remembered = [...seen].filter(([, row]) => isRemembered(row, newest));
	return { cursor: { newest, rows: Object.fromEntries(remembered) }, events };
}

const BEGINNING: AgentCursor = { newest: 0, rows: {} };

export interface Poll {
	/** Every agent of the account, chosen or not. */
	existing: WatchedAgent[];
	/** The chosen ones. One that has vanished is forgotten. */
	watched: WatchedAgent[];
	/** Of the watched agents that could be read: one that could not keeps its place and catches up. */
	readings: Reading[];
}

/**
 * Decides what a poll tells of, and what is remembered. The first reading of an agent is its
 * baseline and tells of nothing, unless the agent has appeared since the last poll.
 * @param state of the last poll; undefined for the first
 * @returns events oldest first
 */
export function advance(
	state: CursorState | undefined,
	{ existing, watched, readings }: Poll,
): { state: CursorState; events: TriggerEvent[] } {
	const agents: Record<string, AgentCursor> = {};
	const events: TriggerEvent[] = [];
	const readingOf = new Map(
		readings.map((reading) => [addressKey(reading.agent.address), reading]),
	);
	for (const agent of watched) {
		const key = addressKey(agent.address);
		const cursor = state?.agents[key] ?? (isNew(state, agent) ? BEGINNING : undefined);
		const reading = readingOf.get(key);
		if (reading) {
			const result = advanceAgent(cursor ?? BEGINNING, reading);
			agents[key] = result.cursor;
			if (cursor) events.push(...result.events);
		} else if (cursor) {
			agents[key] = cursor;
		}
	}
	const youngestAgentAt = existing.reduce(
		(youngest, { createdAt }) => Math.max(youngest, epochToMs(createdAt)),
		state?.youngestAgentAt ?? 0,
	);
	return {
		state: { version: 1, youngestAgentAt, agents },
		events: events.sort(oldestFirst),
	};
}
