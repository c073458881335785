import fc from 'fast-check';

import { budgetOf, unknownSince } from '../../../nodes/Ampersend/domain/budget';
import * as levels from '../../../nodes/Ampersend/trigger/levels';
import type { LevelEvent, LevelState, Sight } from '../../../nodes/Ampersend/trigger/levels';

/*
 * Agents with balances, limits and payments; n8n, which loses what a poll found; and a reader that
 * forgets nothing. Random walks of all of them run against the levels of the trigger. The reader
 * adds up whole histories, and knows what the trigger promises, but none of its rules.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = Date.UTC(2026, 9, 30, 12);
const AGENTS = ['0xa', '0xb', '0xc'] as const;

/** The pure functions under test, or a variant of them. */
export type Levels = Pick<
	typeof levels,
	'addUp' | 'advanceLevels' | 'readLevelState' | 'writeLevelState'
>;

/** What n8n does with the result of a poll. */
const fates = ['stored', 'stored', 'stored', 'dropped', 'killed'] as const;
type Fate = (typeof fates)[number];

/**
 * `durable`: state and execution are stored in one step, or none of them. `repeat`: the default
 * scheduler, which stores the state with events only, with Repeat Last Batch.
 */
const settings = ['durable', 'repeat'] as const;

type Step =
	| { do: 'wait'; ms: number }
	| { do: 'fund'; agent: number; balance: number }
	| { do: 'limit'; agent: number; daily: number | null; monthly: number | null }
	| { do: 'pay'; agent: number; amount: number; status: string; late: number }
	| { do: 'end'; agent: number; status: string }
	| { do: 'choose'; below: number | null; percent: number }
	| { do: 'restart' }
	/** `unset`: an agent without limits, for once. `rows`: the most that are read of an agent. */
	| { do: 'poll'; fate: Fate; unread: boolean[]; unset: number; rows: number; maxEvents: number };

const agent = fc.nat(AGENTS.length - 1);
const amount = fc.constantFrom(0, 1, 5, 10, 40, 100);
const limit = fc.option(fc.constantFrom(0, 10, 50, 100, 1000), { nil: null });

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constant('wait' as const),
			ms: fc.oneof(fc.integer({ min: 0, max: 2 * HOUR }), fc.integer({ min: 0, max: 40 * HOUR })),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('fund' as const), agent, balance: amount }) },
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant('limit' as const),
			agent,
			daily: limit,
			monthly: limit,
		}),
	},
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant('pay' as const),
			agent,
			amount,
			status: fc.constantFrom('settled', 'settled', 'authorized', 'denied', 'new'),
			late: fc.integer({ min: 0, max: HOUR / 2 }),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant('end' as const),
			agent,
			status: fc.constantFrom('settled', 'failed'),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant('choose' as const),
			below: fc.option(amount, { nil: null }),
			percent: fc.constantFrom(1, 50, 80, 100),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
	{
		weight: 8,
		arbitrary: fc.record({
			do: fc.constant('poll' as const),
			fate: fc.constantFrom(...fates),
			unread: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }).map((all) =>
				// An outage of one agent now and then.
				all.every(Boolean) ? all : all.map(() => false),
			),
			unset: fc.nat(20),
			rows: fc.constantFrom(0, 1, 3, Infinity, Infinity, Infinity),
			maxEvents: fc.constantFrom(1, 2, 500, 500),
		}),
	},
);

interface Row {
	at: number;
	amount: bigint;
	direction: string;
	status: string;
	counterparty: null;
}

interface Account {
	balance: bigint;
	daily: bigint | null;
	monthly: bigint | null;
	rows: Row[];
}

/** A promise that was broken. */
export class Broken extends Error {}

function promise(isKept: boolean, text: string): asserts isKept {
	if (!isKept) throw new Broken(text);
}

/** One level of one agent in a period, as the reader keeps it. */
interface Truth {
	/** Whether the next time over is a crossing: as a poll has seen it, and as n8n has stored it. */
	isArmed: boolean;
	stored: boolean;
	/** Whether n8n forgot what polls saw: then the trigger can't know. */
	isUnclear: boolean;
	crossings: number;
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

class Game {
	private now = T0;
	private wants = { low: { below: 20n as bigint | null }, percent: 80 };
	private readonly accounts = AGENTS.map(
		(): Account => ({ balance: 100n, daily: 100n, monthly: 1000n, rows: [] }),
	);
	/** In n8n's database, and in its memory. */
	private database: string | undefined;
	private memory: string | undefined;
	private process = 0;
	private readonly truths = new Map<string, Truth>();
	/** Which crossing an id is, and how often the workflow has run with it. */
	private readonly ids = new Map<string, { crossing: string; delivered: number }>();
	/** Ids that n8n lost after it stored the state: a restart has to repeat them. */
	private owed = new Set<string>();
	/** Agents that seemed to have no limits. Twice in a row would be no mistake. */
	private readonly wereUnset = new Set<string>();
	events = 0;
	polls = 0;

	constructor(
		private readonly under: Levels,
		private readonly setting: (typeof settings)[number],
	) {}

	play(one: Step): void {
		const account = 'agent' in one ? this.accounts[one.agent] : undefined;
		if (one.do === 'wait') this.now += one.ms;
		else if (one.do === 'fund' && account) account.balance = BigInt(one.balance);
		else if (one.do === 'limit' && account) {
			account.daily = one.daily === null ? null : BigInt(one.daily);
			account.monthly = one.monthly === null ? null : BigInt(one.monthly);
		} else if (one.do === 'pay' && account) {
			const { amount: paid, status, late } = one;
			const row = { at: this.now - late, amount: BigInt(paid), direction: 'spend', status };
			account.rows.push({ ...row, counterparty: null });
		} else if (one.do === 'end' && account) this.end(account, one.status);
		else if (one.do === 'choose') {
			const below = one.below === null ? null : BigInt(one.below);
			this.wants = { low: { below }, percent: one.percent };
		} else if (one.do === 'restart') this.restart();
		else if (one.do === 'poll') this.poll(one);
	}

	/** An authorized payment ends, if it's less than an hour old. */
	private end(account: Account, status: string): void {
		const row = account.rows.find(
			({ status: before, at }) => before === 'authorized' && this.now - at < HOUR - MINUTE,
		);
		if (row) row.status = status;
	}

	private restart(): void {
		this.process++;
		this.memory = this.database;
		for (const truth of this.truths.values()) {
			truth.isUnclear ||= truth.isArmed !== truth.stored;
			truth.isArmed = truth.stored;
		}
	}

	private poll(step: Extract<Step, { do: 'poll' }>): void {
		const { fate, maxEvents } = step;
		this.polls++;
		const before = this.setting === 'durable' ? this.database : this.memory;
		const state = before === undefined ? undefined : this.under.readLevelState(before);
		const sights = this.look(state, step);
		const isRepeat = this.setting === 'repeat';
		const { state: after, events } = this.under.advanceLevels(state, {
			wants: this.wants,
			now: this.now,
			sights,
			isWatched: () => true,
			isKept: () => true,
			maxEvents,
			...(isRepeat && { process: `process ${this.process}` }),
		});
		const json = this.under.writeLevelState(after);
		if (this.setting === 'durable' && fate !== 'stored') return;
		// The default scheduler drops a poll only by ending.
		if (fate === 'dropped') {
			this.restart();
			return;
		}
		this.memory = json;
		const isStored = this.setting === 'durable' || events.length > 0;
		if (isStored) this.database = json;
		this.check(sights, events, fate === 'killed', maxEvents);
		if (isStored) for (const truth of this.truths.values()) truth.stored = truth.isArmed;
		if (fate === 'killed') this.restart();
	}

	private look(
		state: LevelState | undefined,
		{ unread, unset, rows: most }: Extract<Step, { do: 'poll' }>,
	): Map<string, Sight> {
		const sights = new Map<string, Sight>();
		for (const [i, id] of AGENTS.entries()) {
			if (unread[i]) continue;
			const isUnset = unset === i && !this.wereUnset.has(id);
			if (isUnset) this.wereUnset.add(id);
			sights.set(id, this.sightOf(id, this.accounts[i] as Account, state, isUnset, most));
		}
		return sights;
	}

	private sightOf(
		id: string,
		account: Account,
		state: LevelState | undefined,
		isUnset: boolean,
		most: number,
	): Sight {
		const inText = (limit: bigint | null) => (limit === null || isUnset ? null : String(limit));
		const limits = { daily_limit: inText(account.daily), monthly_limit: inText(account.monthly) };
		const longest = limits.monthly_limit === null ? 'day' : 'month';
		const known = levels.spentOf(state?.agents[id]);
		const from = unknownSince(known, this.now, longest);
		const rows = account.rows.filter(({ at }) => at >= from).sort((a, b) => a.at - b.at);
		const upTo = rows.length > most ? (rows[most]?.at ?? from) : Infinity;
		const read = rows.filter(({ at }) => at < upTo);
		const { spent, kept } = this.under.addUp(known, { rows: read, upTo }, this.now, longest);
		return {
			balance: account.balance,
			dailyLimit: limits.daily_limit === null ? null : account.daily,
			budgets: {
				day: budgetOf('day', limits, spent?.day),
				month: budgetOf('month', limits, spent?.month),
			},
			spent: kept,
			isUnset,
		};
	}

	/** What is over, by the whole history. */
	private over(account: Account): Array<{ key: string; isOver: boolean; used?: bigint }> {
		const { balance, daily, monthly, rows } = account;
		const threshold = this.wants.low.below ?? daily ?? 0n;
		const isLow = balance === 0n || balance < threshold;
		const budget = (key: string, of: string, most: bigint | null) => {
			const using = rows.filter(
				({ at, status }) => dayOf(at).startsWith(of) && /^(settled|authorized)$/.test(status),
			);
			const used = using.reduce((sum, row) => sum + row.amount, 0n);
			const isOver = most !== null && used * 100n >= most * BigInt(this.wants.percent);
			return most === 0n ? [] : [{ key: `${key} ${of}`, isOver, used }];
		};
		return [
			{ key: 'low', isOver: isLow },
			...budget('day', dayOf(this.now), daily),
			...budget('month', dayOf(this.now).slice(0, 7), monthly),
		];
	}

	private check(
		sights: ReadonlyMap<string, Sight>,
		events: LevelEvent[],
		isKilled: boolean,
		maxEvents: number,
	): void {
		const ids = events.map(levels.levelEventId);
		promise(new Set(ids).size === ids.length, 'an id comes twice in a batch');
		const fresh = events.filter((_, i) => !this.ids.has(ids[i] ?? ''));
		promise(fresh.length <= maxEvents, 'more events than the maximum');
		for (const id of ids) this.checkRepeat(id);
		for (const [id, sight] of sights) this.checkAgent(id, sight, fresh, maxEvents);
		const isUnread = fresh.some(({ id }) => !sights.has(id));
		promise(!isUnread, 'an event of an agent that could not be read');
		this.deliver(ids, isKilled);
		this.events += fresh.length;
	}

	/** Only what was lost may come again, and only with Repeat Last Batch. */
	private checkRepeat(id: string): void {
		if (!this.ids.has(id)) return;
		promise(this.setting === 'repeat', `${id} comes again`);
	}

	/** Whether a poll has read what a level needs. */
	private isSeen(kind: string, { isUnset = false, budgets }: Sight): boolean {
		if (kind === 'low') return !isUnset || this.wants.low.below !== null;
		const budget = budgets?.[kind as 'day'];
		return !isUnset && (budget?.limit === null || budget?.used !== null);
	}

	private checkAgent(id: string, sight: Sight, fresh: LevelEvent[], maxEvents: number): void {
		const account = this.accounts[AGENTS.indexOf(id as '0xa')] as Account;
		for (const { key, isOver, used } of this.over(account)) {
			const [kind = '', period] = key.split(' ');
			const found = fresh.filter((event) => event.id === id && event.kind === kind);
			promise(found.length <= 1, 'two events of one level');
			const [event] = found;
			const truth = this.truthOf(`${id} ${key}`);
			if (event) {
				promise(isOver, `${id} ${key} isn't over`);
				promise(truth.isArmed || truth.isUnclear, `${id} ${key} was emitted already`);
				promise(period === undefined || event.of === period, `${key} is of ${event.of}`);
				promise(used === undefined || event.used === String(used), `${key} is ${event.used}`);
				truth.crossings++;
				const crossing = `${id} ${key} ${truth.crossings}`;
				this.ids.set(levels.levelEventId(event), { crossing, delivered: 0 });
			}
			if (!event && !this.isSeen(kind, sight)) continue;
			const isDue = isOver && truth.isArmed && !truth.isUnclear;
			promise(
				!isDue || event !== undefined || fresh.length >= maxEvents,
				`${id} ${key} is missing`,
			);
			if (event) Object.assign(truth, { isArmed: false, isUnclear: false });
			else if (!isOver) Object.assign(truth, { isArmed: true, isUnclear: false });
		}
	}

	private truthOf(key: string): Truth {
		const known = this.truths.get(key) ?? {
			isArmed: true,
			stored: true,
			isUnclear: false,
			crossings: 0,
		};
		this.truths.set(key, known);
		return known;
	}

	/** After a kill, the next process has to repeat what was lost. */
	private deliver(ids: string[], isKilled: boolean): void {
		for (const id of this.owed) promise(ids.includes(id), `${id} was lost`);
		this.owed = new Set(isKilled ? ids : []);
		if (isKilled) return;
		for (const id of ids) {
			const known = this.ids.get(id);
			if (known) known.delivered++;
		}
	}
}

export interface LevelGame {
	histories: number;
	seed: number;
	shrinks: boolean;
}

/** Plays random walks. @throws with a `Broken` as the cause */
export function playLevels(under: Levels, { histories, seed, shrinks }: LevelGame) {
	const count = { polls: 0, events: 0 };
	fc.assert(
		fc.property(
			fc.constantFrom(...settings),
			fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
			(setting, steps) => {
				const game = new Game(under, setting);
				for (const one of steps) game.play(one);
				count.polls += game.polls;
				count.events += game.events;
			},
		),
		{ numRuns: histories, seed, endOnFailure: !shrinks },
	);
	return count;
}

/** State without an agent's levels. */
const without = (
	state: LevelState,
	change: (id: string, one: LevelState['agents'][string]) => LevelState['agents'][string],
): LevelState => ({
	...state,
	agents: Object.fromEntries(
		Object.entries(state.agents).map(([id, one]) => [id, change(id, one)]),
	),
});

const remembering = (
	change: (one: LevelState['agents'][string], isRead: boolean) => LevelState['agents'][string],
): Partial<Levels> => ({
	advanceLevels(before, poll) {
		const { state, events } = levels.advanceLevels(before, poll);
		return { state: without(state, (id, one) => change(one, poll.sights.has(id))), events };
	},
});

/** Triggers that break a promise. */
export const levelMutants: Array<{ name: string; change: Partial<Levels> }> = [
	{
		name: 'emits a level at each poll while it is over',
		change: remembering(({ low, ...one }) => ({
			...one,
			...(low && { low: [low[0], low[1], false] }),
		})),
	},
	{
		name: 'arms an agent again that could not be read',
		change: remembering((one, isRead) => (isRead ? one : {})),
	},
	{
		name: 'does not arm a balance again',
		change: remembering(({ low, ...one }) => ({
			...one,
			...(low && { low: [low[0], low[1], true] }),
		})),
	},
	{
		name: 'does not arm a limit again in the next period',
		change: {
			advanceLevels(before, poll) {
				const day = new Date(poll.now).toISOString().slice(0, 10);
				const moved =
					before &&
					without(before, (_, one) => ({
						...one,
						...(one.day && { day: [day, one.day[1], one.day[2]] as [string, number, boolean] }),
					}));
				return levels.advanceLevels(moved, poll);
			},
		},
	},
	{
		name: 'gives each crossing of a period the same id',
		change: {
			advanceLevels(before, poll) {
				const { state, events } = levels.advanceLevels(before, poll);
				return { state, events: events.map((event) => ({ ...event, count: 1 })) };
			},
		},
	},
	{
		name: 'keeps what was spent up to now, so a later change is not seen',
		change: {
			addUp(known, payments, now, longest) {
				const { spent } = levels.addUp(known, payments, now, longest);
				return { spent, kept: spent && { ...spent, upTo: now } };
			},
		},
	},
	{
		name: 'takes the payments that it had time for as all of them',
		change: {
			addUp: (known, { rows }, now, longest) =>
				levels.addUp(known, { rows, upTo: Infinity }, now, longest),
		},
	},
	{
		name: 'forgets a payment of the time up to which it has read',
		change: {
			addUp(known, payments, now, longest) {
				const { spent, kept } = levels.addUp(known, payments, now, longest);
				return { spent, kept: kept && { ...kept, upTo: kept.upTo + 1 } };
			},
		},
	},
	{
		name: 'believes a single answer that there are no limits',
		change: {
			advanceLevels(before, poll) {
				const sights = [...poll.sights].map(
					([id, { isUnset: _, ...sight }]) => [id, sight] as const,
				);
				return levels.advanceLevels(before, { ...poll, sights: new Map(sights) });
			},
		},
	},
	{
		name: 'forgets the last batch',
		change: {
			advanceLevels(before, poll) {
				const { state, events } = levels.advanceLevels(before, poll);
				const { lastBatch: _, ...others } = state;
				return { state: others, events };
			},
		},
	},
	{
		name: 'emits more than the maximum',
		change: {
			advanceLevels: (before, poll) => levels.advanceLevels(before, { ...poll, maxEvents: 500 }),
		},
	},
];
