import fc from 'fast-check';

import type { CursorState } from '../../../nodes/Ampersend/domain/cursor-state';
import type { EventFilter } from '../../../nodes/Ampersend/domain/filter';
import type { PageAnswer, PageRequest, Pages, Reading } from '../../../nodes/Ampersend/domain/reading';
import type { ActivityRow } from '../../../nodes/Ampersend/domain/transaction';
import type { Cursor } from './load.mts';

/*
 * A service, n8n, and a reader who forgets nothing. Any history of payments, polls and mishaps is played
 * against the cursor; after each poll the reader says whether an event is missing, was told of before, or
 * came out of order. It knows none of the cursor's rules but what it promises.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const WEEK = 7 * DAY;
const LOOK_BACK = 15 * MINUTE;
const T0 = Date.UTC(2026, 10, 15, 12);

/** From a status to those that may follow; none comes back. */
const following: Record<string, string[]> = {
	authorized: ['pending', 'settled', 'failed'],
	pending: ['settled', 'denied'],
};

interface Row {
	id: string;
	at: number;
	/** Order of appearance. */
	seq: number;
	type: 'earn' | 'spend';
	status: string;
	/** Behind the look-back when it appeared: whether it is told of is left open. */
	tooLate: boolean;
	/** It was there when its agent got its baseline. */
	old: boolean;
	/** Statuses told of, and the one in which a baseline found it. */
	told: string[];
	/** Statuses that a filter has held back. */
	heldBack: Set<string>;
	/** Statuses that a filter may have held back. */
	excused: Set<string>;
	/** Whether its status has ever changed: when a change was noticed is the cursor's affair. */
	hasChanged: boolean;
	/** The last baseline of its agent was cut short before it. */
	isUnread: boolean;
}

interface Agent {
	address: string;
	rows: Row[];
	/** Where a baseline was cut short: late rows from before this are old news. */
	unreadBefore: number;
}

/** What the reader knows of an agent: to be told of from its beginning, from a baseline that is to come, or being told of. */
type Standing = 'beginning' | 'awaits baseline' | 'told of';

interface Knowledge {
	scope: 'all' | 'selected' | undefined;
	standings: Map<string, Standing>;
	/** Filters in force since the agent was last read whole. */
	filters: Map<string, EventFilter[]>;
	filter: EventFilter | undefined;
}

const nat = fc.nat({ max: 1000 });
const jump = fc.constantFrom(0, 0, 1, 1000, MINUTE, LOOK_BACK - 1, LOOK_BACK, LOOK_BACK + 1, DAY, 8 * DAY);
const pay = fc.record({
	do: fc.constant('pay' as const),
	agent: nat,
	after: jump,
	late: fc.constantFrom(0, 0, 0, 1, MINUTE, LOOK_BACK, LOOK_BACK + 1, DAY),
	count: fc.constantFrom(1, 1, 1, 2, 4, 9, 23),
	type: fc.constantFrom('earn' as const, 'spend' as const),
	open: fc.boolean(),
});
const change = fc.record({ do: fc.constant('change' as const), agent: nat, row: nat, to: nat });
interface Trouble {
	agent: number;
	page: number;
}
const trouble: fc.Arbitrary<Trouble> = fc.record({ agent: nat, page: fc.nat({ max: 4 }) });
interface Meanwhile {
	page: number;
	step: StepOf<typeof pay> | StepOf<typeof change>;
}
const poll = fc.record({
	do: fc.constant('poll' as const),
	/** Pages for which there is time. */
	pages: fc.oneof({ weight: 2, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat({ max: 12 }) }),
	failing: fc.oneof({ weight: 2, arbitrary: fc.constant<Trouble[]>([]) }, { weight: 1, arbitrary: fc.array(trouble, { maxLength: 2 }) }),
	/** What happens after which page. */
	meanwhile: fc.oneof(
		{ weight: 1, arbitrary: fc.constant<Meanwhile[]>([]) },
		{ weight: 1, arbitrary: fc.array(fc.record({ page: fc.nat({ max: 8 }), step: fc.oneof(pay, change) }), { maxLength: 4 }) },
	),
	mostEvents: fc.oneof({ weight: 2, arbitrary: fc.constant(10_000) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) }),
	/** n8n throws the outcome away: the workflow was deactivated meanwhile, or the poll took too long. */
	isDropped: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
	/** Another poll of the node begins after this page. */
	overlappedAfter: fc.option(fc.nat({ max: 4 }), { freq: 8 }),
});
export const step = fc.oneof(
	{ weight: 8, arbitrary: pay },
	{ weight: 4, arbitrary: change },
	{ weight: 9, arbitrary: poll },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('create' as const) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), agent: nat }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('choose' as const), agents: fc.option(fc.array(nat, { minLength: 1, maxLength: 3 })), poll }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('filter' as const), direction: fc.constantFrom(undefined, 'earn' as const, 'spend' as const), poll }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);
type StepOf<A> = A extends fc.Arbitrary<infer T> ? T : never;
export type Step = StepOf<typeof step>;
type PollStep = StepOf<typeof poll>;

const allPages: PollStep = {
	do: 'poll',
	pages: Infinity,
	failing: [],
	meanwhile: [],
	mostEvents: 10_000,
	isDropped: false,
	overlappedAfter: null,
};

export interface Setting {
	/** Whether n8n stores what a poll without events has changed (durable cursors). */
	durable: boolean;
	agents: number;
	/** The state's bound, where it is to bite: then only what holds all the same is checked. */
	mostBytes?: number;
}

/** A promise that is not kept. */
export class Broken extends Error {}

function complain(what: string): never {
	throw new Broken(what);
}

const passes = (filters: EventFilter[], { type }: Row) =>
	filters.every(({ direction }) => direction === undefined || direction === type);

export class History {
	private now = T0;
	private made = 0;
	private agents: Agent[] = [];
	private gone: Agent[] = [];
	private chosen: string[] | undefined;
	private filter: EventFilter = { events: [], counterparties: [] };
	private memory: CursorState | undefined;
	private knowledge: Knowledge = { scope: undefined, standings: new Map(), filters: new Map(), filter: undefined };
	private saved: { text: string | undefined; knowledge: Knowledge };
	private isPolling = false;
	/** Agents that got no row during the last poll: only then is the order of rows of one time sure. */
	private steady = new Set<string>();
	events = 0;
	polls = 0;

	constructor(
		private readonly cursor: Cursor,
		private readonly setting: Setting,
	) {
		this.saved = { text: undefined, knowledge: structuredClone(this.knowledge) };
		for (let n = 0; n < setting.agents; n++) this.create();
		this.publish(allPages);
	}

	run(one: Step): void {
		if (one.do === 'pay') this.pay(one);
		else if (one.do === 'change') this.change(one);
		else if (one.do === 'poll') this.poll(one);
		else if (one.do === 'create') this.create();
		else if (one.do === 'remove') this.remove(one.agent);
		else if (one.do === 'crash') this.crash();
		else if (one.do === 'choose') {
			const { agents } = one;
			this.chosen = agents ? agents.flatMap((n) => this.agentAt(n)?.address ?? []) : undefined;
			if (this.chosen?.length === 0) this.chosen = undefined;
			// One that is not there when the choice changes, and comes back, counts as one that has appeared.
			this.gone = [];
			this.publish(one.poll);
		} else {
			const { direction } = one;
			this.filter = { events: [], ...(direction && { direction }), counterparties: [] };
			this.publish(one.poll);
		}
	}

	/** Polls without trouble: after them everything that is promised has been told of. */
	finish(): void {
		for (let i = 0; i < 12; i++) this.poll(allPages);
		if (this.setting.mostBytes !== undefined) return;
		for (const agent of this.watched()) {
			const newest = Math.max(...agent.rows.map(({ at }) => at));
			for (const row of agent.rows) {
				const last = row.told.at(-1);
				const isWatched = last !== undefined && !row.isUnread && last in following && row.at >= newest - WEEK;
				if (isWatched && last !== row.status && !row.heldBack.has(row.status) && !row.excused.has(row.status)) {
					complain(`${row.id} was ${last}, is ${row.status}, and nobody was told`);
				}
			}
		}
	}

	private watched(): Agent[] {
		const { chosen } = this;
		return chosen ? this.agents.filter(({ address }) => chosen.includes(address)) : this.agents;
	}

	private agentAt(n: number): Agent | undefined {
		return this.agents[n % Math.max(1, this.agents.length)];
	}

	private create(): void {
		const back = this.gone.length > 0 && this.made % 2 === 0 ? this.gone.pop() : undefined;
		const address = `0x${(++this.made).toString(16).padStart(40, '0')}`;
		this.agents.push(back ?? { address, rows: [], unreadBefore: 0 });
	}

	/** It may come back, as one does that a list left out by mistake. */
	private remove(n: number): void {
		const agent = this.agentAt(n);
		if (!agent) return;
		this.agents.splice(this.agents.indexOf(agent), 1);
		this.gone.push(agent);
	}

	private pay({ agent: n, after, late, count, type, open }: StepOf<typeof pay>): void {
		this.now += after;
		const agent = this.agentAt(n);
		if (!agent) return;
		for (let i = 0; i < count; i++) {
			const newest = Math.max(0, ...agent.rows.map(({ at }) => at));
			const at = this.now - late + (late === 0 ? i : 0);
			const seq = ++this.made;
			agent.rows.push({
				id: `row ${seq}`,
				at,
				seq,
				type,
				status: open ? 'authorized' : 'settled',
				tooLate: at < newest - LOOK_BACK || at < agent.unreadBefore,
				old: false,
				told: [],
				heldBack: new Set(),
				excused: new Set(),
				hasChanged: false,
				isUnread: false,
			});
			this.now = Math.max(this.now, at);
		}
	}

	private change({ agent: n, row: m, to }: StepOf<typeof change>): void {
		const open = this.agentAt(n)?.rows.filter(({ status }) => status in following) ?? [];
		const row = open[m % Math.max(1, open.length)];
		const next = following[row?.status ?? ''] ?? [];
		if (!row) return;
		row.status = next[to % next.length] ?? row.status;
		row.hasChanged = true;
	}

	/** n8n stores the state at activation; the rest of its memory is gone. */
	private publish(one: PollStep): void {
		this.restore();
		this.poll({ ...one, isDropped: false }, true);
	}

	private crash(): void {
		this.restore();
	}

	private restore(): void {
		const { text, knowledge } = this.saved;
		const state = text === undefined ? undefined : this.cursor.readState(JSON.parse(text), this.filter);
		if (state === 'unreadable') complain('the stored state cannot be read');
		this.memory = state;
		this.knowledge = structuredClone(knowledge);
	}

	private answer(agent: Agent, { page, limit }: PageRequest): PageAnswer {
		const newestFirst = agent.rows.toSorted((one, other) => other.at - one.at || other.seq - one.seq);
		const start = (page - 1) * limit;
		return {
			activity: newestFirst.slice(start, start + limit).map((row) => this.wire(agent, row)),
			hasNextPage: start + limit < newestFirst.length,
			totalCount: newestFirst.length,
		};
	}

	private wire({ address }: Agent, { id, at, type, status }: Row): ActivityRow {
		return {
			id,
			type,
			agent_address: address,
			receiver: address,
			amount: '1',
			status,
			timestamp: at,
			tx_hash: null,
			chain_caip2id: null,
		};
	}

	/** What the reader expects of an agent that is about to be read. */
	private standingOf(address: string): Standing {
		const { scope, standings } = this.knowledge;
		const known = standings.get(address);
		if (known) return known;
		return scope === 'all' && !this.chosen ? 'beginning' : 'awaits baseline';
	}

	private poll(one: PollStep, isActivation = false): void {
		// The trigger lets one poll of a node work at a time: see `inTurn`.
		if (this.isPolling) return;
		this.isPolling = true;
		try {
			this.pollAlone(one, isActivation);
		} finally {
			this.isPolling = false;
		}
	}

	private pollAlone(one: PollStep, isActivation: boolean): void {
		this.polls++;
		const { cursor, filter } = this;
		const scope = this.chosen ? 'selected' : 'all';
		const settings = { scope, filter } as const;
		const wants = {
			lookBackMs: LOOK_BACK,
			horizon: Infinity,
			enough: one.mostEvents,
			counts: (row: ActivityRow) => filter.direction === undefined || filter.direction === row.type,
		};
		const watched = this.watched();
		const keys = watched.map(({ address }) => address);
		const wanted = this.chosen ?? [...(this.memory?.agents.keys() ?? [])];
		const before = JSON.stringify(this.memory && cursor.writeState(this.memory).stored);
		const standings = new Map(keys.map((key) => [key, this.standingOf(key)]));

		let pages = 0;
		const present = new Map<string, Map<Row, string>>();
		const readings = new Map<string, Reading>();
		const whole = new Set<string>();
		const unread: string[] = [];
		const first = Math.max(0, keys.indexOf(this.memory?.next ?? ''));
		for (const agent of [...watched.slice(first), ...watched.slice(0, first)]) {
			const { address } = agent;
			if (pages >= one.pages) {
				unread.push(address);
				continue;
			}
			present.set(address, new Map(agent.rows.map((row) => [row, row.status])));
			const start = cursor.startOf(this.memory, address, settings);
			if ((start === null) !== (standings.get(address) === 'awaits baseline')) {
				complain(`${address} ${start === null ? 'gets' : 'does not get'} a baseline`);
			}
			const reading: Pages<Reading | undefined> = start ? cursor.readNews(start, wants) : cursor.readBaseline(wants);
			const failsAt = one.failing.find(({ agent: n }) => this.agentAt(n) === agent)?.page;
			let page = 0;
			let isCutShort = false;
			let given = reading.next();
			while (!given.done) {
				const isOutOfTime = pages >= one.pages;
				isCutShort ||= isOutOfTime || page === failsAt;
				if (isCutShort) {
					if (isOutOfTime && !unread.includes(address)) unread.push(address);
					given = reading.next(undefined);
					continue;
				}
				const answer = this.answer(agent, given.value);
				pages++;
				page++;
				this.happen(one, pages);
				given = reading.next(answer);
			}
			if (given.value) readings.set(address, given.value);
			if (!isCutShort) whole.add(address);
		}

		const { state, events } = cursor.advance(this.memory, {
			...settings,
			lookBackMs: LOOK_BACK,
			horizon: Infinity,
			watched: keys,
			vanished: wanted.filter((key) => !this.agents.some(({ address }) => address === key)),
			readings,
			...(unread[0] !== undefined && { next: unread[0] }),
			mostEvents: one.mostEvents,
		});
		if (JSON.stringify(this.memory && cursor.writeState(this.memory).stored) !== before) complain('the state it was given is changed');
		if (one.isDropped) return;

		const text = JSON.stringify(cursor.writeState(state, this.setting.mostBytes).stored);
		if (text.length > (this.setting.mostBytes ?? cursor.MOST_STATE_BYTES)) complain(`a state of ${text.length} bytes`);
		const next = cursor.readState(JSON.parse(text), filter);
		if (!next || next === 'unreadable') return complain('the state cannot be read again');
		this.memory = next;
		// A poll that may tell of few events may end before it has read all.
		const isCut = one.mostEvents < allPages.mostEvents;
		this.learn({ scope, standings, readings, whole: isCut ? new Set() : whole, cutShort: new Set(keys.filter((key) => !whole.has(key))), present, events, filter });
		if (isActivation || events.length > 0 || this.setting.durable) {
			this.saved = { text, knowledge: structuredClone(this.knowledge) };
		}
	}

	private happen({ meanwhile, overlappedAfter }: PollStep, page: number): void {
		for (const { page: when, step: what } of meanwhile) if (when === page) this.run(what);
		if (overlappedAfter === page) this.poll(allPages);
	}

	private learn(poll: {
		scope: 'all' | 'selected';
		standings: Map<string, Standing>;
		readings: Map<string, Reading>;
		/** Agents that were read without trouble, and told of as far as they were read. */
		whole: Set<string>;
		/** Agents that were not read to the end of what the reading asked for. */
		cutShort: Set<string>;
		/** Rows that were there before the first page of their agent, with their statuses then. */
		present: Map<string, Map<Row, string>>;
		events: Array<{ key: string; row: ActivityRow; at: number; previousStatus: string | null }>;
		filter: EventFilter;
	}): void {
		const { knowledge } = this;
		const isFilterNew = JSON.stringify(knowledge.filter) !== JSON.stringify(poll.filter);
		this.steady = new Set(this.watched().filter(({ address, rows }) => rows.length === poll.present.get(address)?.size).map(({ address }) => address));
		this.tell(poll.events);
		const standings = new Map<string, Standing>();
		const filters = new Map<string, EventFilter[]>();
		const inForceFor = (address: string) => {
			const since = knowledge.filters.get(address) ?? (knowledge.filter ? [knowledge.filter] : []);
			return isFilterNew ? [...since, poll.filter] : since;
		};
		for (const { address } of this.gone) {
			const known = knowledge.standings.get(address);
			const isWanted = this.chosen ? this.chosen.includes(address) : true;
			if (!known || !isWanted) continue;
			standings.set(address, known);
			filters.set(address, inForceFor(address));
		}
		for (const agent of this.watched()) {
			const { address, rows } = agent;
			const standing = poll.standings.get(address);
			if (!standing) continue;
			const reading = poll.readings.get(address);
			const there = poll.present.get(address) ?? new Map<Row, string>();
			if (standing === 'awaits baseline' && reading) {
				for (const { row } of reading.rows) {
					const found = rows.find(({ id }) => id === row.id);
					if (found && !found.told.includes(row.status)) found.told.push(row.status);
				}
				for (const row of there.keys()) row.old = true;
				agent.unreadBefore = poll.cutShort.has(address) ? reading.floor : 0;
				for (const row of rows) {
					row.tooLate ||= row.at < agent.unreadBefore;
					row.isUnread = !reading.rows.some((read) => read.row.id === row.id);
				}
				standings.set(address, 'told of');
				filters.set(address, [poll.filter]);
				continue;
			}
			const isBegun = standing === 'told of' || reading !== undefined;
			standings.set(address, standing === 'awaits baseline' ? standing : isBegun ? 'told of' : 'beginning');
			const inForce = inForceFor(address);
			if (this.setting.mostBytes === undefined) this.checkOrder(poll.events, address, there, inForce);
			// One that came while the agent was read may have been read with the others.
			for (const row of rows) {
				if (!passes(inForce, row)) row.excused.add(row.status).add(there.get(row) ?? row.status);
			}
			if (!poll.whole.has(address)) {
				filters.set(address, inForce);
				continue;
			}
			filters.set(address, [poll.filter]);
			for (const [row, status] of there) {
				if (row.old || row.tooLate || row.told.length > 0) continue;
				if (!passes(inForce, row)) {
					if (!row.hasChanged) row.heldBack.add(status);
				}
				else if (row.excused.size === 0 && this.setting.mostBytes === undefined) complain(`${row.id} is lost`);
			}
		}
		this.knowledge = { scope: poll.scope, standings, filters, filter: poll.filter };
	}

	private tell(events: Array<{ key: string; row: ActivityRow; at: number; previousStatus: string | null }>): void {
		let last: { key: string; at: number; seq: number } | undefined;
		for (const { key, row: told, at, previousStatus } of events) {
			const row = [...this.agents, ...this.gone].find(({ address }) => address === key)?.rows.find(({ id }) => id === told.id);
			if (!row) return complain(`an event of no row: ${told.id}`);
			const { id, seq } = row;
			if (row.told.includes(told.status)) complain(`${id}:${told.status} is told of twice`);
			if (row.heldBack.has(told.status)) complain(`${id}:${told.status} was held back, and is told of now`);
			const isAsTold = previousStatus === (row.told.at(-1) ?? null) || row.excused.size > 0;
			if (this.setting.mostBytes === undefined && !row.old && !isAsTold) {
				complain(`${id} was ${row.told.at(-1) ?? 'new'} and not ${previousStatus ?? 'new'}`);
			}
			if (row.old && previousStatus === null) complain(`${id} was there before, and comes as new`);
			const isBefore = last && at === last.at && key === last.key && seq < last.seq && this.steady.has(key);
			if (last && (at < last.at || isBefore)) complain(`${id} is out of order`);
			last = { key, at, seq };
			row.told.push(told.status);
			this.events++;
		}
	}

	/** An event is not told of while an older one, that could be read, waits. */
	private checkOrder(
		events: Array<{ key: string; at: number; previousStatus: string | null }>,
		address: string,
		there: Map<Row, string>,
		filters: EventFilter[],
	): void {
		const newest = Math.max(0, ...events.filter(({ key, previousStatus }) => key === address && previousStatus === null).map(({ at }) => at));
		for (const row of there.keys()) {
			const waits = !row.old && !row.tooLate && row.told.length === 0 && row.excused.size === 0 && passes(filters, row);
			if (waits && row.at < newest) complain(`${row.id} waits behind younger ones`);
		}
	}
}

export interface Game {
	histories: number;
	mostBytes?: number;
	/** Whether the shortest history is sought that breaks a promise: that takes a while. */
	shrinks: boolean;
}

/** Plays histories until one breaks a promise. @throws with that history, and what is broken as its cause */
export function play(cursor: Cursor, { histories, mostBytes, shrinks }: Game): { polls: number; events: number } {
	const played = { polls: 0, events: 0 };
	fc.assert(
		fc.property(
			fc.boolean(),
			fc.integer({ min: 0, max: 3 }),
			fc.array(step, { minLength: 5, maxLength: 50, size: 'max' }),
			(durable, agents, steps) => {
				const history = new History(cursor, { durable, agents, ...(mostBytes !== undefined && { mostBytes }) });
				for (const one of steps) history.run(one);
				history.finish();
				played.polls += history.polls;
				played.events += history.events;
			},
		),
		{ numRuns: histories, endOnFailure: !shrinks },
	);
	return played;
}
