import fc from 'fast-check';

import type {
	PageAnswer,
	PageRequest,
	Pages,
	ActivityRow,
} from '../../../nodes/Ampersend/api/lists/pages';
import { PagingObservation } from '../../../nodes/Ampersend/api/lists/pages';
import type * as cursor from '../../../nodes/Ampersend/trigger/cursor';
import type { PaymentChange } from '../../../nodes/Ampersend/trigger/cursor';
import type { RowFilter } from '../../../nodes/Ampersend/domain/filter';
import type * as reading from '../../../nodes/Ampersend/trigger/reading';
import type { Baseline, Reading, Sizes, Wants } from '../../../nodes/Ampersend/trigger/reading';
import type * as state from '../../../nodes/Ampersend/trigger/state';
import type { AgentCursor, TriggerState } from '../../../nodes/Ampersend/trigger/state';
import { MAX_STATE_BYTES, rowKey } from '../../../nodes/Ampersend/trigger/state';
import { manners, Service, tame, type Manners, type Row as ListedRow } from './service.mts';

/*
 * A service, n8n, and a reader that forgets nothing. Random histories of payments, polls and
 * failures run against the trigger. The reader reports events that are lost, repeated or out of
 * order, and polls that request too many pages. It knows what the trigger promises, and none of
 * its rules.
 */

/** The pure functions of the trigger under test, or a variant of them. */
export type Trigger = Pick<
	typeof cursor,
	'advance' | 'beginWith' | 'condensed' | 'startOf' | 'unreadState' | 'waitsSince'
> &
	Pick<typeof reading, 'readBaseline' | 'readNews'> &
	Pick<typeof state, 'readState' | 'writeState'>;

/** Small, so that short histories have many pages. */
export const smallSizes: Sizes = {
	first: 4,
	page: 9,
	stretch: 16,
	rows: 60,
	baseline: 25,
	/** Twice as many as n8n gets: a moment has many more of such small pages. */
	pages: 500,
	openPages: 4,
};

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
const WEEK = 7 * DAY;
export const LOOK_BACK = 15 * MINUTE;
const T0 = Date.UTC(2026, 10, 15, 12);

/** The statuses that can follow each status; none repeats. */
const following: Record<string, string[]> = {
	authorized: ['pending', 'settled', 'failed'],
	pending: ['settled', 'denied'],
};

interface Row extends ListedRow {
	/** Older than others of its agent when it appeared. */
	isLate: boolean;
	/** Older than the look-back when it appeared: it can be emitted or not. */
	isTooLate: boolean;
	/** Existed when its agent got its baseline. */
	isOld: boolean;
	/** Emitted statuses, and the one that a baseline found. */
	emitted: string[];
	/** Only found by a baseline. */
	found: Set<string>;
	/** Statuses that a filter has filtered out. */
	filtered: Set<string>;
	/** Statuses that a filter may have filtered out. */
	excused: Set<string>;
	/** The last baseline of its agent didn't reach it. */
	isUnread: boolean;
}

interface Agent {
	address: string;
	createdAt: number;
	rows: Row[];
	/** Time of its newest row ever. */
	newest: number;
	/** Where a baseline ended early: late rows from before this count as emitted. */
	unreadBefore: number;
}

/** Whether an agent is read from its first payment, waits for its baseline, or has a position. */
type Standing = 'beginning' | 'awaits baseline' | 'has a position';

interface Knowledge {
	scope: 'all' | 'selected' | undefined;
	since: number;
	standings: Map<string, Standing>;
	/** When agents that wait for their baseline were published: what comes from then on is new. */
	waiting: Map<string, number>;
	/** Whether nothing was read yet: the service was away at each publishing. */
	isUnread: boolean;
	/** Filters that applied since the agent was last read completely. */
	filters: Map<string, RowFilter[]>;
	/** The same for an agent that appears. */
	usualFilters: RowFilter[];
	filter: RowFilter | undefined;
	/** Events of the last batches, as `row:status`, with the time of each batch. */
	lastBatch: Array<{ at: number; events: string[] }>;
}

const nat = fc.nat({ max: 1000 });
const jump = fc.constantFrom(
	...[0, 0, 1, 1000, MINUTE, LOOK_BACK - 1, LOOK_BACK, LOOK_BACK + 1, DAY, 8 * DAY],
);
const payFields = {
	do: fc.constant('pay' as const),
	agent: nat,
	after: jump,
	late: fc.constantFrom(0, 0, 0, 1, MINUTE, LOOK_BACK, LOOK_BACK + 1, DAY),
	count: fc.constantFrom<number>(1, 1, 1, 2, 4, 9, 23),
	type: fc.constantFrom('earn' as const, 'spend' as const),
	isOpen: fc.boolean(),
};
const pay = fc.record(payFields);
const change = fc.record({ do: fc.constant('change' as const), agent: nat, row: nat, to: nat });
const drop = fc.record({
	do: fc.constant('drop' as const),
	agent: nat,
	row: nat,
	count: fc.constantFrom(1, 1, 2, 6),
});
const prune = fc.record({
	do: fc.constant('prune' as const),
	agent: nat,
	count: fc.constantFrom<number>(1, 5, 20),
});
type StepOf<A> = A extends fc.Arbitrary<infer T> ? T : never;

interface Meanwhile {
	page: number;
	step: StepOf<typeof pay> | StepOf<typeof change> | StepOf<typeof drop>;
}
const seldom = <T,>(usual: T, arbitrary: fc.Arbitrary<T>, usually = 2) =>
	fc.oneof({ weight: usually, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
const trouble = fc.record({ agent: nat, page: fc.nat({ max: 4 }) });
const poll = fc.record({
	do: fc.constant('poll' as const),
	/** How many pages there is time for. */
	pages: seldom(Infinity, fc.nat({ max: 12 })),
	failing: seldom([], fc.array(trouble, { maxLength: 2 })),
	/** The page after which the service wrongly returns an empty one. */
	emptyAt: seldom<number | null>(null, fc.nat({ max: 8 }), 8),
	/** What happens after each page. */
	meanwhile: seldom<Meanwhile[]>(
		[],
		fc.array(fc.record({ page: fc.nat({ max: 8 }), step: fc.oneof(pay, change, drop) }), {
			maxLength: 4,
		}),
		1,
	),
	maxEvents: seldom(10_000, fc.integer({ min: 1, max: 8 })),
	/** n8n discards the outcome: the workflow was unpublished, or the poll took too long. */
	isDropped: seldom(false, fc.constant(true), 7),
	/** The service is away. Only at publishing: another poll fails then, and changes nothing. */
	isAway: seldom(false, fc.constant(true), 3),
	/** Another poll of the node starts after this page. */
	overlappedAfter: fc.option(fc.nat({ max: 4 }), { freq: 8 }),
});
const create = fc.record({ do: fc.constant('create' as const) });
const remove = fc.record({ do: fc.constant('remove' as const), agent: nat });
const someAgents = fc.option(fc.array(nat, { minLength: 1, maxLength: 3 }));
const choose = (how: fc.Arbitrary<PollStep>, agents: fc.Arbitrary<number[] | null> = someAgents) =>
	fc.record({ do: fc.constant('choose' as const), agents, poll: how });
const filter = (how: fc.Arbitrary<PollStep>) =>
	fc.record({
		do: fc.constant('filter' as const),
		direction: fc.constantFrom(undefined, 'earn' as const, 'spend' as const),
		poll: how,
	});
/** With `isLost`, n8n stored the trigger's state but not the execution. */
const crash = fc.record({ do: fc.constant('crash' as const), isLost: fc.boolean() });
export const step = fc.oneof(
	{ weight: 8, arbitrary: pay },
	{ weight: 4, arbitrary: change },
	{ weight: 2, arbitrary: drop },
	{ weight: 1, arbitrary: prune },
	{ weight: 9, arbitrary: poll },
	{ weight: 1, arbitrary: create },
	{ weight: 1, arbitrary: remove },
	{ weight: 1, arbitrary: choose(poll) },
	{ weight: 3, arbitrary: filter(poll) },
	{ weight: 2, arbitrary: crash },
);
export type Step = StepOf<typeof step>;
type PollStep = StepOf<typeof poll>;

const wholePoll: PollStep = {
	do: 'poll',
	pages: Infinity,
	failing: [],
	emptyAt: null,
	meanwhile: [],
	maxEvents: 10_000,
	isDropped: false,
	isAway: false,
	overlappedAfter: null,
};

type FieldsOf<A> = { [Name in keyof StepOf<A>]?: fc.Arbitrary<StepOf<A>[Name]> };

/** Steps for histories of one kind. All are equally likely. */
export const steps = {
	pay: (how: FieldsOf<typeof pay> = {}) => fc.record({ ...payFields, ...how }),
	change: () => change,
	drop: () => drop,
	prune: (count: number) => prune.map((one) => ({ ...one, count })),
	/** Without failures except the given ones. */
	poll: (how: FieldsOf<typeof poll> = {}): fc.Arbitrary<PollStep> =>
		fc.record(how).map((given) => ({ ...wholePoll, ...given })),
	create: () => create,
	remove: () => remove,
	choose,
	filter,
	crash: () => crash,
};

/**
 * What the histories that quickly reveal a defect have in common. Missing fields can have any
 * value.
 */
export interface Kind {
	durable?: boolean;
	repeats?: boolean;
	agents?: number;
	isAway?: boolean;
	manners?: Partial<Manners>;
	steps?: Array<fc.Arbitrary<Step>>;
	/** See `Setting`. */
	mostBytes?: number;
}

export interface Setting {
	/** Whether n8n stores what a poll without events has changed (durable cursors). */
	durable: boolean;
	/** Whether the last batch is repeated after a restart. */
	repeats: boolean;
	agents: number;
	/** Whether the service is away when the workflow is first published. */
	isAway: boolean;
	manners: Manners;
	/** A size limit that the state exceeds: then only what still holds is checked. */
	mostBytes?: number;
}

/** How many rows share their time with more rows than fit on a page, so they are read again. */
function tiedRows(rows: ActivityRow[]): number {
	const counts = new Map<number, number>();
	for (const { at } of rows) counts.set(at, (counts.get(at) ?? 0) + 1);
	return [...counts.values()]
		.filter((count) => count > smallSizes.page)
		.reduce((all, count) => all + count, 0);
}

/** A broken promise. */
export class Broken extends Error {}

function complain(what: string): never {
	throw new Broken(what);
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** What a poll finds of an agent. */
interface Found {
	reading: Reading | Baseline;
	/** The baseline, if the agent got one. */
	baseline?: Baseline;
	/** What the reading starts from, if it follows the baseline. */
	start?: AgentCursor;
}

function* readNewsOf(trigger: Trigger, start: AgentCursor, wants: Wants): Pages<Found> {
	return { reading: yield* trigger.readNews(start, wants) };
}

/**
 * Reads an agent that waits for its baseline, see `readAgent` in poll.ts.
 * @param since when it began to
 */
function* readWaiting(
	trigger: Trigger,
	wants: Wants,
	since: number,
	earlier: TriggerState['earlier'],
): Pages<Found | undefined> {
	const until = since < wants.now ? since : undefined;
	const wait = { ...wants, ...(until !== undefined && { until }) };
	const baseline = yield* trigger.readBaseline(wait);
	if (!baseline) return undefined;
	const reading = trigger.condensed(baseline, until === undefined ? undefined : earlier);
	const { cursor: start } = reading;
	if (until === undefined || !start) return { reading, baseline };
	return { reading: yield* trigger.readNews(start, wait), baseline, start };
}

const passes = (filters: RowFilter[], { type }: Row) =>
	filters.every(({ directions }) => directions?.includes(type) ?? true);

export class History {
	private now = T0;
	private made = 0;
	private agents: Agent[] = [];
	private gone: Agent[] = [];
	private chosen: string[] | undefined;
	private filter: RowFilter = {};
	private memory: TriggerState | undefined;
	private knowledge: Knowledge;
	private saved: { text: string | undefined; knowledge: Knowledge };
	private isPolling = false;
	private process = 1;
	/** Events that can be repeated, as `row:status`. */
	private mayRepeat = new Set<string>();
	/** Whether the last poll emitted something. */
	private hasJustEmitted = false;
	/**
	 * Agents without new rows during the last poll: only their rows with equal times have a known
	 * order.
	 */
	private steady = new Set<string>();
	private readonly service: Service;
	/** Whether the service behaves as assumed, and never removes a row. */
	private isTame: boolean;
	events = 0;
	polls = 0;

	constructor(
		private readonly trigger: Trigger,
		private readonly setting: Setting,
	) {
		this.service = new Service(setting.manners);
		this.isTame = JSON.stringify(setting.manners) === JSON.stringify(tame);
		this.knowledge = {
			scope: undefined,
			since: 0,
			standings: new Map(),
			waiting: new Map(),
			isUnread: false,
			filters: new Map(),
			usualFilters: [],
			filter: undefined,
			lastBatch: [],
		};
		this.saved = { text: undefined, knowledge: structuredClone(this.knowledge) };
		for (let n = 0; n < setting.agents; n++) this.create(T0 - DAY);
		this.publish({ ...wholePoll, isAway: setting.isAway });
	}

	run(one: Step): void {
		if (one.do === 'pay') this.pay(one);
		else if (one.do === 'change') this.change(one);
		else if (one.do === 'drop') this.drop(one);
		else if (one.do === 'prune') this.prune(one);
		else if (one.do === 'poll') this.poll(one);
		else if (one.do === 'create') this.create(this.now);
		else if (one.do === 'remove') this.remove(one.agent);
		else if (one.do === 'crash') this.crash(one.isLost);
		else if (one.do === 'choose') {
			const { agents } = one;
			this.chosen = agents ? agents.flatMap((n) => this.agentAt(n)?.address ?? []) : undefined;
			if (this.chosen?.length === 0) this.chosen = undefined;
			this.publish(one.poll);
		} else {
			const { direction } = one;
			this.filter = direction ? { directions: [direction] } : {};
			this.publish(one.poll);
			this.forgetGone();
		}
	}

	/**
	 * Polls without failures, and adds one payment per agent. Then every promised event is emitted.
	 */
	finish(): void {
		this.poll(wholePoll);
		this.agents.forEach((_, agent) => {
			this.pay({
				do: 'pay',
				agent,
				after: 2 * LOOK_BACK,
				late: 0,
				count: 1,
				type: 'earn',
				isOpen: false,
			});
		});
		// If replicas answer at random, it can take long until the right one does.
		const most = this.isTame ? 2 : this.setting.manners.lag > 0 ? 40 : 6;
		for (let quiet = 0, polls = 0; quiet < most && polls < 100; polls++) {
			const before = this.events;
			this.poll(wholePoll);
			quiet = this.events === before ? quiet + 1 : 0;
		}
		if (this.setting.mostBytes !== undefined) return;
		for (const agent of this.watched()) for (const row of agent.rows) this.checkLast(agent, row);
	}

	private checkLast({ address, newest }: Agent, row: Row): void {
		if (this.knowledge.standings.get(address) !== 'has a position') return;
		const last = row.emitted.at(-1);
		const isExcused = row.excused.has(row.status) || row.filtered.has(row.status);
		if (last === undefined) {
			const isFiltered = row.filtered.size > 0 || row.excused.size > 0;
			if (!row.isOld && !row.isTooLate && !isFiltered) complain(`${row.id} is lost`);
			return;
		}
		// A replica can lack a late row when the trigger continues from an earlier state.
		const isMissed = row.isTooLate && this.setting.manners.lag > 0;
		const isWatched = !row.isUnread && !isMissed && last in following && row.at >= newest - WEEK;
		if (isWatched && !row.emitted.includes(row.status) && !isExcused) {
			complain(`${row.id} was ${last}, is ${row.status}, and no event says so`);
		}
	}

	/** The chosen agents, also those that are gone. */
	private wanted(): Agent[] {
		const { chosen, agents, gone } = this;
		return [...agents, ...gone].filter(({ address }) => chosen?.includes(address) ?? true);
	}

	private watched(): Agent[] {
		const { chosen } = this;
		return chosen ? this.agents.filter(({ address }) => chosen.includes(address)) : this.agents;
	}

	private agentAt(n: number): Agent | undefined {
		return this.agents[n % Math.max(1, this.agents.length)];
	}

	private create(createdAt: number): void {
		const isBack = this.gone.length > 0 && this.made % 2 === 0;
		const address = `0x${(++this.made).toString(16).padStart(40, '0')}`;
		const fresh = { address, createdAt, rows: [], newest: 0, unreadBefore: 0 };
		this.agents.push((isBack ? this.gone.pop() : undefined) ?? fresh);
	}

	/** It can come back, like an agent that was missing from a list by mistake. */
	private remove(n: number): void {
		const agent = this.agentAt(n);
		if (!agent) return;
		this.agents.splice(this.agents.indexOf(agent), 1);
		this.gone.push(agent);
	}

	private pay({ agent: n, after, late, count, type, isOpen }: StepOf<typeof pay>): void {
		this.now += after;
		const agent = this.agentAt(n);
		if (!agent) return;
		for (let i = 0; i < count; i++) {
			const at = this.now - late + (late === 0 ? i : 0);
			const seq = ++this.made;
			// A late row that a replica lacks for a while can be missed.
			const isLateOnReplica = at < agent.newest && this.setting.manners.lag > 0;
			agent.rows.push({
				id: `row ${seq}`,
				at,
				seq,
				type,
				status: isOpen ? 'authorized' : 'settled',
				isLate: at < agent.newest,
				isTooLate: at < agent.newest - LOOK_BACK || at < agent.unreadBefore || isLateOnReplica,
				isOld: false,
				emitted: [],
				found: new Set(),
				filtered: new Set(),
				excused: new Set(),
				isUnread: false,
			});
			agent.newest = Math.max(agent.newest, at);
			this.now = Math.max(this.now, at);
		}
	}

	private change({ agent: n, row: m, to }: StepOf<typeof change>): void {
		const agent = this.agentAt(n);
		const open = agent?.rows.filter(({ status }) => status in following) ?? [];
		const row = open[m % Math.max(1, open.length)];
		const next = following[row?.status ?? ''] ?? [];
		if (!agent || !row) return;
		row.previous = { status: row.status, at: row.at, seq: ++this.made };
		row.status = next[to % next.length] ?? row.status;
		if (this.setting.manners.movesUp) {
			row.at = this.now;
			agent.newest = Math.max(agent.newest, row.at);
		}
	}

	private drop({ agent: n, row: m, count }: StepOf<typeof drop>): void {
		// With short pages, only an empty one marks the end, so no rows are removed then.
		if (this.setting.manners.cap < Infinity) return;
		const rows = this.agentAt(n)?.rows ?? [];
		rows.splice(m % Math.max(1, rows.length), count);
		this.isTame = false;
	}

	private prune({ agent: n, count }: StepOf<typeof prune>): void {
		const agent = this.agentAt(n);
		const oldest = (agent?.rows ?? []).toSorted((one, other) => one.at - other.at).slice(0, count);
		if (agent) agent.rows = agent.rows.filter((row) => !oldest.includes(row));
		this.isTame = false;
	}

	/** n8n stores the state when it publishes, and forgets the rest. */
	private publish(one: PollStep): void {
		this.restore();
		// Whether what exists in the same millisecond is old isn't promised.
		this.now++;
		this.poll({ ...one, isDropped: false }, true);
	}

	/**
	 * If a filter changes while an agent is missing, what n8n didn't store about it is unknown.
	 */
	private forgetGone(): void {
		const unknown = this.gone.filter(({ address }) => !this.knowledge.standings.has(address));
		for (const { filtered, excused } of unknown.flatMap(({ rows }) => rows)) {
			for (const status of filtered) excused.add(status);
			filtered.clear();
		}
	}

	private crash(isLost: boolean): void {
		const { repeats, mostBytes } = this.setting;
		const batches = this.saved.knowledge.lastBatch;
		if (repeats) {
			this.process++;
			for (const event of batches.flatMap(({ events }) => events)) this.mayRepeat.add(event);
			if (isLost && this.hasJustEmitted && mostBytes === undefined)
				this.takeBack(batches.at(-1)?.events ?? []);
		}
		this.hasJustEmitted = false;
		this.restore();
	}

	/** The last batch was never delivered. */
	private takeBack(batch: string[]): void {
		for (const { rows } of [...this.agents, ...this.gone]) {
			for (const row of rows) {
				row.emitted = row.emitted.filter((status) => !batch.includes(`${row.id}:${status}`));
			}
		}
	}

	private restore(): void {
		const { text, knowledge } = this.saved;
		const restored = text === undefined ? undefined : this.trigger.readState(text);
		if (restored === 'unreadable') complain("the stored state can't be read");
		this.memory = restored;
		this.knowledge = structuredClone(knowledge);
		this.forgetBaselines();
	}

	/** Of agents that wait for another one, because n8n didn't store it. */
	private forgetBaselines(): void {
		const { standings } = this.knowledge;
		for (const { address, rows } of [...this.agents, ...this.gone]) {
			if ((standings.get(address) ?? 'awaits baseline') !== 'awaits baseline') continue;
			for (const row of rows) {
				row.emitted = row.emitted.filter((status) => !row.found.has(status));
				row.found.clear();
				row.isOld = false;
			}
		}
	}

	/**
	 * What the reader expects of an agent that is about to be read; undefined if both are possible.
	 */
	private standingOf({ address, createdAt }: Agent): Standing | undefined {
		const { scope, standings, since, isUnread } = this.knowledge;
		const known = standings.get(address);
		if (known) return known;
		if (scope !== 'all' || this.chosen) return 'awaits baseline';
		if (createdAt >= since + Number(isUnread)) return 'beginning';
		return createdAt < since - LOOK_BACK ? 'awaits baseline' : undefined;
	}

	private poll(one: PollStep, isPublishing = false): void {
		// The trigger runs one poll of a node at a time: see `inTurn`.
		if (this.isPolling) return;
		this.isPolling = true;
		try {
			this.pollAlone(one, isPublishing);
		} finally {
			this.isPolling = false;
		}
	}

	private get settings() {
		return {
			scope: this.chosen ? 'selected' : 'all',
			filter: this.filter,
			now: this.now,
			lookBackMs: LOOK_BACK,
			horizon: Infinity,
		} as const;
	}

	/** The service is away when n8n publishes the workflow. */
	private publishUnread(): void {
		const { trigger, memory, settings, knowledge, filter } = this;
		const { now, scope } = settings;
		const text = this.remember(trigger.unreadState(memory, this.chosen ?? [], settings));
		const waiting = new Map<string, number>();
		const standings = new Map<string, Standing>();
		const filters = new Map<string, RowFilter[]>();
		for (const { address } of this.wanted()) {
			const standing = knowledge.standings.get(address);
			const isAwaited = standing === undefined || standing === 'awaits baseline';
			const since = isAwaited ? (this.waitsSince(address) ?? now) : undefined;
			if (!standing && scope === 'all') continue;
			standings.set(address, standing ?? 'awaits baseline');
			if (since !== undefined) waiting.set(address, since);
			filters.set(address, this.inForceFor(address));
		}
		const wasUnread = knowledge.isUnread || knowledge.scope === undefined;
		this.knowledge = {
			...knowledge,
			scope,
			since: knowledge.scope === scope ? knowledge.since : now,
			standings,
			waiting,
			isUnread: wasUnread || (scope === 'all' && knowledge.scope !== 'all'),
			filters,
			usualFilters: this.inForceFor(undefined),
			filter,
		};
		this.save(text);
		// The next poll is later.
		this.now++;
	}

	/** Stores the state as JSON, and reads it back. */
	private remember(state: TriggerState): string {
		const { trigger, setting } = this;
		const text = trigger.writeState(state, setting.mostBytes).json;
		if (text.length > (setting.mostBytes ?? MAX_STATE_BYTES))
			complain(`a state of ${text.length} bytes`);
		const next = trigger.readState(text);
		if (!next || next === 'unreadable') return complain("the state can't be read again");
		this.memory = next;
		return text;
	}

	private pollAlone(one: PollStep, isPublishing: boolean): void {
		this.polls++;
		this.hasJustEmitted = false;
		if (isPublishing && one.isAway) return this.publishUnread();
		const { trigger, filter, settings } = this;
		const { scope } = settings;
		const process = this.setting.repeats ? String(this.process) : undefined;
		const wants = {
			...settings,
			enough: one.maxEvents,
			counts: ({ wire }: ActivityRow) => filter.directions?.includes(wire.type) ?? true,
			sizes: smallSizes,
		};
		const before = this.memory && trigger.writeState(this.memory).json;
		const beginning = trigger.beginWith(this.memory, filter, process);
		const begun = beginning.state;
		const watched = this.watched();
		const wanted = this.chosen ?? [...(begun?.agents.keys() ?? [])];
		const starts = new Map<string, ReturnType<Trigger['startOf']>>();
		const standings = new Map<string, Standing>();
		for (const agent of watched) {
			const { address, createdAt } = agent;
			const start = trigger.startOf(begun, address, createdAt, settings);
			const found = start ? 'beginning' : 'awaits baseline';
			const expected = this.standingOf(agent) ?? found;
			if ((expected === 'awaits baseline') !== (start === null)) {
				complain(`${address} ${start === null ? 'gets' : 'does not get'} a baseline`);
			}
			starts.set(address, start);
			standings.set(address, expected);
		}

		let pages = 0;
		const present = new Map<string, Map<Row, string>>();
		const readings = new Map<string, Reading | Baseline>();
		const baselines = new Map<string, Baseline>();
		const whole = new Set<string>();
		const unread: string[] = [];
		const first = Math.max(
			0,
			watched.findIndex(({ address }) => address === begun?.next),
		);
		for (const agent of [...watched.slice(first), ...watched.slice(0, first)]) {
			const { address } = agent;
			if (pages >= one.pages) {
				unread.push(address);
				continue;
			}
			present.set(address, new Map(agent.rows.map((row) => [row, row.status])));
			const start = starts.get(address);
			const since = trigger.waitsSince(begun, address, settings.now);
			const asked: Pages<Found | undefined> = start
				? readNewsOf(trigger, start, wants)
				: readWaiting(trigger, wants, since, begun?.earlier);
			const failsAt = one.failing.find(({ agent: n }) => this.agentAt(n) === agent)?.page;
			let page = 0;
			let isCutShort = false;
			/** The reading stops if paging isn't as assumed; the next poll tries again. */
			const next = (answer?: PageAnswer): IteratorResult<PageRequest, Found | undefined> => {
				try {
					return asked.next(answer);
				} catch (error) {
					if (!(error instanceof PagingObservation)) throw error;
					if (this.isTame) complain(`a tame service ${error.message}`);
					isCutShort = true;
					return { done: true, value: undefined };
				}
			};
			let given = next();
			while (!given.done) {
				const isOutOfTime = pages >= one.pages;
				isCutShort ||= isOutOfTime || page === failsAt;
				if (isCutShort) {
					if (isOutOfTime && !unread.includes(address)) unread.push(address);
					given = next();
					continue;
				}
				if (page > smallSizes.pages + 1) complain(`${address} gets ${page} requests`);
				this.excuseHidden(agent);
				let answer = this.service.answer(address, agent.rows, this.made, given.value);
				if (one.emptyAt === pages && start) {
					answer = { activity: [], hasNextPage: false, totalCount: 0 };
					isCutShort = page === 0;
					this.isTame = false;
				}
				pages++;
				page++;
				this.happen(one, pages);
				given = next(answer);
			}
			const { reading: read, baseline, start: reached } = given.value ?? {};
			if (read) readings.set(address, read);
			if (baseline) baselines.set(address, baseline);
			if (reached) starts.set(address, reached);
			if (!isCutShort && read?.isWhole && read.isDown) whole.add(address);
			this.checkRequests(page, start ?? undefined, read);
		}

		const { state, events } = trigger.advance(beginning, {
			...settings,
			starts,
			missing: wanted.filter((id) => !this.agents.some(({ address }) => address === id)),
			readings,
			...(unread[0] !== undefined && { next: unread[0] }),
			maxEvents: one.maxEvents,
			...(process !== undefined && { process }),
		});
		const after = this.memory && trigger.writeState(this.memory).json;
		if (after !== before) complain('the given state is modified');
		if (one.isDropped) return;

		const text = this.remember(state);
		// A poll with a low limit of events can end before it has read everything.
		const isCut = one.maxEvents < wholePoll.maxEvents;
		const keys = watched.map(({ address }) => address);
		this.learn({
			now: settings.now,
			scope,
			standings,
			readings,
			baselines,
			whole: isCut ? new Set() : whole,
			cutShort: new Set(keys.filter((key) => !whole.has(key))),
			present,
			events,
			filter,
		});
		if (isPublishing || events.length > 0 || this.setting.durable) this.save(text);
		this.hasJustEmitted = events.length > 0;
	}

	private save(text: string): void {
		this.saved = { text, knowledge: structuredClone(this.knowledge) };
	}

	/**
	 * A payment that a replica lacks while its list is read can be missed if it's late. If payments
	 * of one moment change places, it's like a late one: it can be further down than a newer one.
	 */
	private excuseHidden({ rows }: Agent): void {
		const { lag, ties } = this.setting.manners;
		if (lag === 0 || ties === 'kept') return;
		for (const row of rows) {
			const isLacking = row.seq > this.made - lag;
			row.isTooLate ||= isLacking && rows.some((one) => one !== row && one.at === row.at);
		}
	}

	/**
	 * An idle poll of a service that behaves as assumed costs one page, plus its open
	 * payments.
	 */
	private checkRequests(
		pages: number,
		start: { rows: Map<string, unknown> } | undefined,
		read: Reading | undefined,
	): void {
		if (!this.isTame || !start || !read?.isWhole || this.setting.mostBytes !== undefined) return;
		const isIdle = read.rows.every(({ wire }) => {
			const known = start.rows.get(rowKey(wire.id)) as { statuses: string[] } | undefined;
			return known?.statuses.includes(wire.status);
		});
		const most =
			1 + Math.ceil(read.rows.length / 2) + tiedRows(read.rows) + smallSizes.openPages + 12;
		if (isIdle && pages > most) complain(`an idle poll requests ${pages} pages`);
	}

	private happen({ meanwhile, overlappedAfter }: PollStep, page: number): void {
		for (const { page: when, step: what } of meanwhile) if (when === page) this.run(what);
		if (overlappedAfter === page) this.poll(wholePoll);
	}

	private learn(poll: {
		/** When it started. */
		now: number;
		scope: 'all' | 'selected';
		standings: Map<string, Standing>;
		readings: Map<string, Reading | Baseline>;
		/** Some are followed by a reading in the same poll. */
		baselines: Map<string, Baseline>;
		/** Agents that were read completely, without failures. */
		whole: Set<string>;
		/** Agents whose reading ended early. */
		cutShort: Set<string>;
		/** Rows that existed before the first page of their agent, with their statuses then. */
		present: Map<string, Map<Row, string>>;
		events: PaymentChange[];
		filter: RowFilter;
	}): void {
		const { knowledge } = this;
		this.steady = new Set(
			this.watched()
				.filter(({ address, rows }) => rows.length === poll.present.get(address)?.size)
				.map(({ address }) => address),
		);
		for (const agent of this.watched()) {
			const { address } = agent;
			const read = poll.baselines.get(address);
			const there = poll.present.get(address) ?? new Map<Row, string>();
			const since = this.waitsSince(address);
			if (read) this.learnBaseline(agent, read, there, poll.cutShort.has(address), since);
		}
		const batch = this.emit(poll.events);
		const standings = new Map<string, Standing>();
		const filters = new Map<string, RowFilter[]>();
		for (const { address } of this.gone) {
			const known = knowledge.standings.get(address);
			const isWanted = this.chosen ? this.chosen.includes(address) : true;
			if (!known || !isWanted) continue;
			standings.set(address, known);
			filters.set(address, this.inForceFor(address));
		}
		for (const agent of this.watched()) {
			const { address, rows } = agent;
			const standing = poll.standings.get(address);
			if (!standing) continue;
			const read = poll.readings.get(address);
			const there = poll.present.get(address) ?? new Map<Row, string>();
			const hasBaseline = poll.baselines.has(address);
			if (hasBaseline && this.waitsSince(address) === undefined) {
				standings.set(address, 'has a position');
				filters.set(address, [poll.filter]);
				continue;
			}
			const isBegun = hasBaseline || standing === 'has a position' || read !== undefined;
			if (standing === 'awaits baseline' && !hasBaseline) standings.set(address, standing);
			else standings.set(address, isBegun ? 'has a position' : 'beginning');
			const inForce = this.inForceFor(address);
			const isNewsRead = standing !== 'awaits baseline' || (read && !('floor' in read));
			if (isNewsRead && this.isTame && this.setting.mostBytes === undefined) {
				this.checkOrder(poll, address, there, inForce);
			}
			// Rows that came while the agent was read may have been read too.
			for (const row of rows) {
				if (!passes(inForce, row)) row.excused.add(row.status).add(there.get(row) ?? row.status);
			}
			if (!poll.whole.has(address) || !isNewsRead) {
				filters.set(address, inForce);
				continue;
			}
			filters.set(address, [poll.filter]);
			if (this.isTame) this.checkPresent(there, inForce);
		}
		const isWaited = [...standings.values()].includes('awaits baseline');
		// A poll that reads them is later.
		if (isWaited) this.now++;
		const recent = knowledge.lastBatch.filter(({ at }) => poll.now - at < MINUTE);
		this.knowledge = {
			scope: poll.scope,
			since: knowledge.scope === poll.scope ? knowledge.since : poll.now,
			standings,
			waiting: this.waitingAfter(poll, standings),
			isUnread: false,
			filters,
			usualFilters: isWaited ? this.inForceFor(undefined) : [poll.filter],
			filter: poll.filter,
			lastBatch:
				batch.length > 0 ? [...recent, { at: poll.now, events: batch }] : knowledge.lastBatch,
		};
	}

	/** The filters that apply to an agent that isn't read now, or to one that appears. */
	private inForceFor(address: string | undefined): RowFilter[] {
		const { filters, usualFilters, filter } = this.knowledge;
		const since = filters.get(address ?? '') ?? usualFilters;
		return isSame(filter, this.filter) ? since : [...since, this.filter];
	}

	/** Since when an agent waits for its baseline; undefined if it didn't before this poll. */
	private waitsSince(address: string): number | undefined {
		const { waiting, isUnread, scope, since } = this.knowledge;
		return waiting.get(address) ?? (isUnread && scope === 'all' ? since : undefined);
	}

	/** The agents that still wait for their baseline. */
	private waitingAfter(
		{ now }: { now: number },
		standings: Map<string, Standing>,
	): Map<string, number> {
		const waiting = [...standings].filter(([, standing]) => standing === 'awaits baseline');
		return new Map(waiting.map(([address]) => [address, this.waitsSince(address) ?? now]));
	}

	/** @param since when the agent began to wait, if it did: what comes from then on is new */
	private learnBaseline(
		agent: Agent,
		read: Baseline,
		there: Map<Row, string>,
		isCutShort: boolean,
		since = Infinity,
	): void {
		const { rows } = agent;
		for (const { wire } of read.rows) {
			const found = rows.find(({ id }) => id === wire.id);
			if (!found || found.at >= since || found.emitted.includes(wire.status)) continue;
			found.emitted.push(wire.status);
			found.found.add(wire.status);
		}
		const isRead = (row: Row) => read.rows.some((one) => one.wire.id === row.id);
		// Rows that a replica lacks at the baseline are old and look new: both are accepted.
		for (const row of there.keys()) {
			if (row.at >= since) continue;
			row.isOld = this.setting.manners.lag === 0 || isRead(row);
			if (row.isOld) continue;
			row.isTooLate = true;
			row.emitted = [];
		}
		// What an empty list shows later, and is from before it was read, was there before.
		const isUncertain = isCutShort || !this.isTame || read.rows.length === 0;
		agent.unreadBefore = isUncertain ? read.floor : 0;
		for (const row of rows) {
			row.isTooLate ||= row.at < agent.unreadBefore || (since < Infinity && row.at < since);
			row.isUnread = row.at < since && !isRead(row);
		}
	}

	/** Every matching row of a completely read, tame service is emitted at once. */
	private checkPresent(there: Map<Row, string>, inForce: RowFilter[]): void {
		for (const [row, status] of there) {
			if (row.isOld || row.isTooLate || row.emitted.length > 0) continue;
			if (!passes(inForce, row)) {
				if (!row.previous) row.filtered.add(status);
			} else if (row.excused.size === 0 && this.setting.mostBytes === undefined) {
				complain(`${row.id} is lost`);
			}
		}
	}

	/** @returns the events as `row:status` */
	private emit(events: PaymentChange[]): string[] {
		let last: { id: string; at: number; seq: number } | undefined;
		const batch: string[] = [];
		for (const {
			id: address,
			row: { wire: emitted, at },
			previousStatus,
		} of events) {
			const agent = [...this.agents, ...this.gone].find((one) => one.address === address);
			const event = `${emitted.id}:${emitted.status}`;
			batch.push(event);
			this.events++;
			const row = agent?.rows.find(({ id }) => id === emitted.id);
			// A row can be removed after it was read.
			if (!row) continue;
			const { id, seq } = row;
			// A baseline from a replica is uncertain.
			const isVague = this.setting.manners.lag > 0 && (row.isOld || row.isTooLate);
			const isRepeated = this.mayRepeat.has(event) || isVague;
			if (row.emitted.includes(emitted.status) && !isRepeated) complain(`${event} is repeated`);
			if (row.filtered.has(emitted.status)) complain(`${event} was filtered out, but is emitted`);
			const isRight = previousStatus === (row.emitted.at(-1) ?? null) || row.excused.size > 0;
			const isCertain =
				this.setting.mostBytes === undefined && this.isTame && !this.setting.repeats;
			if (isCertain && !row.isOld && !isRight) {
				complain(`${id} was ${row.emitted.at(-1) ?? 'new'} and not ${previousStatus ?? 'new'}`);
			}
			// A forgotten row that moves up when it changes looks new.
			const isForgotten = this.setting.manners.movesUp && row.previous !== undefined;
			if (row.isOld && previousStatus === null && !isForgotten) {
				complain(`${id} existed before, and is emitted as new`);
			}
			const isSameList = last?.id === address && at === last.at && this.steady.has(address);
			const isBefore = last && isSameList && seq < last.seq && this.isTame;
			if (last && (at < last.at || isBefore)) complain(`${id} is out of order`);
			last = { id: address, at, seq };
			if (!row.emitted.includes(emitted.status)) row.emitted.push(emitted.status);
		}
		return batch;
	}

	/** No event is emitted before an older one that could be read. */
	private checkOrder(
		{ events, cutShort }: { events: PaymentChange[]; cutShort: Set<string> },
		address: string,
		there: Map<Row, string>,
		filters: RowFilter[],
	): void {
		const own = events.filter(
			({ id, previousStatus }) => id === address && previousStatus === null,
		);
		const newest = Math.max(0, ...own.map(({ row }) => row.at));
		for (const row of there.keys()) {
			const isDue = !row.isOld && !row.isTooLate && row.emitted.length === 0;
			// If time is short, a late row can be emitted after newer ones.
			if (row.isLate && cutShort.has(address)) continue;
			const isWaiting = isDue && row.excused.size === 0 && passes(filters, row);
			if (isWaiting && row.at < newest) complain(`${row.id} waits behind newer ones`);
		}
	}
}

export interface Game extends Kind {
	histories: number;
	seed?: number;
	/** Whether to look for the shortest history that breaks a promise, which takes a while. */
	shrinks: boolean;
}

/** A history that takes longer has an endless loop. */
const MAX_MS = 20_000;

/**
 * Runs histories until one breaks a promise.
 * @param played is updated as they run
 * @throws with that history; the cause is the broken promise
 */
export function play(
	trigger: Trigger,
	{ histories, seed, shrinks, mostBytes, ...kind }: Game,
	played = { histories: 0, polls: 0, events: 0 },
) {
	const fixed = <T,>(value: T | undefined, arbitrary: fc.Arbitrary<T>) =>
		value === undefined ? arbitrary : fc.constant(value);
	fc.assert(
		fc.property(
			fixed(kind.durable, fc.boolean()),
			fixed(kind.repeats, fc.boolean()),
			fixed(kind.agents, fc.integer({ min: 0, max: 3 })),
			fixed(kind.manners && { ...tame, ...kind.manners }, fc.oneof(fc.constant(tame), manners)),
			fc.array(kind.steps ? fc.oneof(...kind.steps) : step, {
				minLength: 5,
				maxLength: 50,
				size: 'max',
			}),
			fixed(kind.isAway, seldom(false, fc.constant(true), 3)),
			(durable, repeats, agents, chosen, happening, isAway) => {
				// A service with short pages and without hasNextPage can't be read.
				const isReadable = chosen.next !== 'never' || chosen.cap === Infinity;
				const history = new History(trigger, {
					durable,
					repeats,
					agents,
					isAway,
					manners: {
						...chosen,
						next: isReadable ? chosen.next : 'right',
						// Lagging replicas are enough for one history: with moving rows or short pages, they
						// would also show rows twice and shift pages.
						lag: chosen.movesUp || chosen.cap < Infinity ? 0 : chosen.lag,
					},
					...(mostBytes !== undefined && { mostBytes }),
				});
				played.histories++;
				const until = Date.now() + MAX_MS;
				for (const one of happening) {
					history.run(one);
					if (Date.now() > until) complain('a history that does not end');
				}
				history.finish();
				played.polls += history.polls;
				played.events += history.events;
			},
		),
		{ numRuns: histories, endOnFailure: !shrinks, ...(seed !== undefined && { seed }) },
	);
	return played;
}
