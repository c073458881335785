import * as z from 'zod/v4-mini';

import type { Budget, Period, Spent } from '../domain/budget';
import { isLow, nameOf, periods, spentAfter, startOf, unknownSince } from '../domain/budget';
import type { FilterableRow } from '../domain/filter';
import { isMicro } from '../domain/money';
import type { AgentId } from './state';
import { rejectLater } from './state';

/*
 * Levels: an agent's balance, and what is used of its limits. An event starts the workflow when one
 * is crossed, once until it's back. What is remembered of a level is how often it was crossed, so
 * the `eventId` of a crossing is the same if n8n loses what a poll found.
 */

/** The events of levels, as stored in workflows. */
export const levelEvents = ['balance.low', 'budget.used'] as const;
export type LevelEventName = (typeof levelEvents)[number];

/** What is watched. Absent events aren't chosen. */
export interface LevelWants {
	/** `balance.low`: micro-USDC below which a balance is low; null for the agent's daily limit. */
	low?: { below: bigint | null };
	/** `budget.used`: the percentage of a limit. */
	percent?: number;
}

/** What a poll has read of an agent. What couldn't be read is absent. */
export interface Sight {
	/** Micro-USDC. */
	balance?: bigint | undefined;
	/** Micro-USDC, null for none. */
	dailyLimit?: bigint | null;
	budgets?: Record<Period, Budget>;
	/** Whether the service has no limits of it. An answer that is wrong for once says that, too. */
	isUnset?: boolean;
	/** To keep for the next polls. */
	spent?: Spent | undefined;
}

const [number, text, flag] = [z.number(), z.string(), z.boolean()];
const micro = text.check(z.refine(isMicro));

/**
 * How often a level was crossed, and whether it still is. The first part is the period: for a
 * balance, the day on which it was first low.
 */
const mark = z.tuple([text, number, flag]);

const kinds = ['low', ...periods] as const;

/** A crossing. Amounts in micro-USDC. */
const levelEvent = z.object({
	/** The level: the balance, or the period of a limit. */
	kind: z.enum(kinds),
	id: text,
	/** See `mark`. */
	of: text,
	count: number,
	/** When a poll saw it, epoch ms. */
	at: number,
	balance: z.optional(micro),
	/** Null for an agent without a daily limit. */
	threshold: z.optional(z.nullable(micro)),
	limit: z.optional(micro),
	used: z.optional(micro),
	source: z.optional(text),
});

const agentLevels = z.object({
	low: z.optional(mark),
	day: z.optional(mark),
	month: z.optional(mark),
	/** `Spent`. */
	spent: z.optional(z.tuple([number, micro, z.nullable(micro)])),
	/** Whether the service had no limits of an agent with marks, when last asked. */
	isUnset: z.optional(z.literal(true)),
});

const levelState = z.object({
	/** Tells later releases how to read the state. */
	version: z.literal(1),
	/** Those of which there is something to remember. */
	agents: z.record(text, agentLevels),
	/** The agent that the next poll starts with, if this one had no time or no room for all. */
	next: z.optional(text),
	/** The last events, and the n8n process that emitted them, as in `TriggerState`. */
	lastBatch: z.optional(z.object({ process: text, since: number, events: z.array(levelEvent) })),
});

export type LevelEvent = z.infer<typeof levelEvent>;
type AgentLevels = z.infer<typeof agentLevels>;
type Mark = z.infer<typeof mark>;

/** What is stored, JSON. */
export type LevelState = z.infer<typeof levelState>;

/** Maximum size of the stored state, in bytes of JSON: 1 000 agents, and a batch of events. */
export const MAX_LEVEL_BYTES = 384 * 1024;

/** Maximum events of a poll, and of a batch that is repeated. */
export const MAX_LEVEL_EVENTS = 500;

export function nameOfLevel({ kind }: Pick<LevelEvent, 'kind'>): LevelEventName {
	return kind === 'low' ? 'balance.low' : 'budget.used';
}

/** Always the same for a crossing. */
export function levelEventId(event: LevelEvent): string {
	return [nameOfLevel(event), event.id, event.of, event.count].join(':');
}

/**
 * Reads what an earlier poll stored.
 * @returns undefined if no release wrote it
 * @throws ParameterError if a later release wrote it
 */
export function readLevelState(json: string): LevelState | undefined {
	const plain: unknown = JSON.parse(json);
	rejectLater(plain);
	return z.safeParse(levelState, plain).data;
}

/**
 * The state as JSON within its bound. If it's too long, the last batch is dropped, then what was
 * spent, which is read again.
 */
export function writeLevelState(state: LevelState, maxBytes = MAX_LEVEL_BYTES): string {
	const json = JSON.stringify(state);
	if (json.length <= maxBytes) return json;
	const { lastBatch, ...rest } = state;
	if (lastBatch) return writeLevelState(rest, maxBytes);
	const agents = Object.entries(rest.agents).map(([id, { low, day, month, isUnset }]) => [
		id,
		{ low, day, month, isUnset },
	]);
	return JSON.stringify({ ...rest, agents: Object.fromEntries(agents) as object });
}

export function spentOf(agent: AgentLevels | undefined): Spent | undefined {
	if (!agent?.spent) return undefined;
	const [upTo, day, month] = agent.spent;
	return { upTo, day: BigInt(day), month: month === null ? null : BigInt(month) };
}

/** Payments from before this, in ms, count as they are: later changes are not seen. */
const UNSETTLED_MS = 60 * 60_000;

/** The payments that were read of an agent. */
export interface Payments {
	rows: FilterableRow[];
	/** Those from before this are complete, epoch ms. Infinity for all of them. */
	upTo: number;
}

/**
 * What an agent has spent in the day and the month of `now`.
 * @param payments since `unknownSince`
 * @param longest see `spentAfter`
 * @returns `spent`: only if they are all there. `kept`: what the next polls need of it; absent
 * while less than an hour is added
 */
export function addUp(
	known: Spent | undefined,
	{ rows, upTo }: Payments,
	now: number,
	longest: Period,
): { spent?: Spent; kept?: Spent } {
	const from = unknownSince(known, now, longest);
	const isAll = upTo === Infinity;
	const settled = Math.min(upTo, Math.max(from, now - UNSETTLED_MS));
	const isLittle =
		known?.upTo === from && (isAll ? now - from < 2 * UNSETTLED_MS : settled <= from);
	return {
		...(isAll && { spent: spentAfter(known, rows, now, longest) }),
		...(!isLittle && { kept: spentAfter(known, rows, now, longest, settled) }),
	};
}

/** How far the service's clock can be behind n8n's, in ms: its day may not have begun. */
const CLOCKS_MS = 5 * 60_000;

type Values = Pick<LevelEvent, 'balance' | 'threshold' | 'limit' | 'used' | 'source'>;

/** A level as a poll sees it. */
export interface Level {
	kind: LevelEvent['kind'];
	isOver: boolean;
	values: Values;
}

function lowLevel({ balance, dailyLimit }: Sight, { below }: NonNullable<LevelWants['low']>) {
	const threshold = below ?? dailyLimit;
	if (balance === undefined || threshold === undefined) return [];
	return [
		{
			kind: 'low' as const,
			isOver: isLow(balance, threshold),
			values: {
				balance: String(balance),
				threshold: threshold === null ? null : String(threshold),
			},
		},
	];
}

/** Nothing can be used of a limit of 0, so it has no level. Without a limit, nothing is over. */
function budgetLevel(
	kind: Period,
	budget: Budget | undefined,
	percent: number,
	now: number,
): Level[] {
	if (budget?.limit === null) return [{ kind, isOver: false, values: {} }];
	if (!budget?.limit || budget.used === null) return [];
	const { limit, used, source } = budget;
	if (source === 'service' && now - startOf(kind, now) < CLOCKS_MS) return [];
	return [
		{
			kind,
			isOver: used * 100n >= limit * BigInt(percent),
			values: { limit: String(limit), used: String(used), source: source ?? '' },
		},
	];
}

/** The levels of an agent that are known. */
export function levelsOf(sight: Sight, { low, percent }: LevelWants, now: number): Level[] {
	return [
		...(low ? lowLevel(sight, low) : []),
		...periods.flatMap((period) =>
			percent === undefined ? [] : budgetLevel(period, sight.budgets?.[period], percent, now),
		),
	];
}

export interface LevelPoll {
	wants: LevelWants;
	/** Epoch ms, by n8n's clock. */
	now: number;
	/** The agents that could be read, in part or in full. */
	sights: ReadonlyMap<AgentId, Sight>;
	/** Whether an agent is still watched. */
	isWatched: (id: AgentId) => boolean;
	/** Whether to remember an agent that isn't, so that it continues if it comes back. */
	isKept: (id: AgentId) => boolean;
	/** See `LevelState`. */
	next?: AgentId | undefined;
	/** Maximum events to emit. Further crossings are those of the next poll. */
	maxEvents: number;
	/** This n8n process. Only set if the last batch is repeated after a restart. */
	process?: string | undefined;
}

/** Batches within this time, in ms, are repeated together, as those of payments. */
const TOGETHER_MS = 60_000;

/** The events that a restart repeats, of those that are still chosen. */
function repeatedBy(
	last: LevelState['lastBatch'],
	{ process, wants, isWatched }: LevelPoll,
): LevelEvent[] {
	if (process === undefined || !last || last.process === process) return [];
	return last.events.filter(
		({ kind, id }) => isWatched(id) && (kind === 'low' ? wants.low : wants.percent) !== undefined,
	);
}

function batchAfter(
	last: LevelState['lastBatch'],
	repeated: LevelEvent[],
	crossed: LevelEvent[],
	{ process, now }: LevelPoll,
): LevelState['lastBatch'] {
	if (process === undefined) return undefined;
	if (repeated.length > 0) {
		return { process, since: now, events: [...repeated, ...crossed].slice(-MAX_LEVEL_EVENTS) };
	}
	if (crossed.length === 0) return last && { ...last, process };
	const isTogether = last && now - last.since < TOGETHER_MS;
	return isTogether
		? { process, since: last.since, events: [...last.events, ...crossed].slice(-MAX_LEVEL_EVENTS) }
		: { process, since: now, events: crossed };
}

/** The first part of the mark of a level. */
function periodOf(kind: Level['kind'], { low }: AgentLevels, now: number): string {
	return kind === 'low' ? (low?.[0] ?? nameOf('day', now)) : nameOf(kind, now);
}

/** How often a level was crossed in a period, and whether it is over. Other periods don't count. */
function countOf(before: Mark | undefined, period: string): [count: number, isOver: boolean] {
	const [of, count, isOver] = before ?? [period, 0, false];
	return of === period ? [count, isOver] : [0, false];
}

/** What a poll finds. */
interface Found {
	crossed: LevelEvent[];
	/** The first agent with a crossing that the poll has no room for. */
	waiting?: AgentId;
}

const hasMarks = (agent: AgentLevels): boolean => kinds.some((kind) => agent[kind] !== undefined);

/** What has had limits may only seem to have none. If the next poll sees the same, it's so. */
function certain(before: AgentLevels, sight: Sight): Sight {
	const isDoubtful = sight.isUnset && !before.isUnset && hasMarks(before);
	return isDoubtful ? { balance: sight.balance } : sight;
}

function storedSpent({ spent }: Sight): Pick<AgentLevels, 'spent'> {
	if (!spent) return {};
	const { upTo, day, month } = spent;
	return { spent: [upTo, String(day), month === null ? null : String(month)] };
}

/** The levels of an agent after a poll. Crossings are added to `found`. */
function afterSight(
	id: AgentId,
	before: AgentLevels,
	sight: Sight,
	{ wants, now, maxEvents }: LevelPoll,
	found: Found,
): AgentLevels {
	const after = { ...before, ...storedSpent(sight) };
	delete after.isUnset;
	for (const { kind, isOver, values } of levelsOf(certain(before, sight), wants, now)) {
		const of = periodOf(kind, before, now);
		const [times, wasOver] = countOf(before[kind], of);
		const isNew = isOver && !wasOver;
		if (isNew && found.crossed.length >= maxEvents) {
			found.waiting ??= id;
			continue;
		}
		const count = times + Number(isNew);
		if (isNew) found.crossed.push({ kind, id, of, count, at: now, ...values });
		if (count > 0) after[kind] = [of, count, isOver];
		else delete after[kind];
	}
	return sight.isUnset && hasMarks(after) ? { ...after, isUnset: true } : after;
}

/**
 * Decides what a poll emits, and the state after it.
 * @param before undefined before the first poll: what is over then is emitted, too
 */
export function advanceLevels(
	before: LevelState | undefined,
	poll: LevelPoll,
): { state: LevelState; events: LevelEvent[] } {
	const { sights, isKept } = poll;
	const agents = Object.fromEntries(
		Object.entries(before?.agents ?? {}).filter(([id]) => isKept(id)),
	);
	const found: Found = { crossed: [] };
	for (const [id, sight] of sights) {
		const after = afterSight(id, agents[id] ?? {}, sight, poll, found);
		if (Object.keys(after).length > 0) agents[id] = after;
		else delete agents[id];
	}
	const { crossed, waiting: next = poll.next } = found;
	const repeated = repeatedBy(before?.lastBatch, poll);
	const lastBatch = batchAfter(before?.lastBatch, repeated, crossed, poll);
	return {
		state: { version: 1, agents, ...(next && { next }), ...(lastBatch && { lastBatch }) },
		events: [...repeated, ...crossed],
	};
}

/**
 * The state while no levels are chosen. If they are, later, what is crossed then is emitted; its
 * number is the next one, because an earlier event may have had this one.
 * @returns undefined if there is nothing to remember
 */
export function disarmed({ version, agents }: LevelState): LevelState | undefined {
	const marked = Object.entries(agents).flatMap(([id, agent]) => {
		const marks = kinds.flatMap((kind) => {
			const [of, count] = agent[kind] ?? [];
			return of === undefined ? [] : [[kind, [of, count, false]] as const];
		});
		return marks.length > 0 ? [[id, Object.fromEntries(marks)] as const] : [];
	});
	if (marked.length === 0) return undefined;
	return { version, agents: Object.fromEntries(marked) as LevelState['agents'] };
}

/** The state after a poll that emitted other events: those of a batch before it have arrived. */
export function withoutBatch(state: LevelState, now: number): LevelState {
	const { lastBatch, ...others } = state;
	return lastBatch && now - lastBatch.since >= TOGETHER_MS ? others : state;
}
