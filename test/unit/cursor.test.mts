import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	advance,
	LOOK_BACK_MS,
	planReading,
	readState,
	toSample,
	type CursorState,
	type Poll,
	type Reading,
	type TriggerEvent,
	type WatchedAgent,
} from '../../nodes/Ampersend/domain/cursor';
import type { ActivityRow } from '../../nodes/Ampersend/domain/transaction';

const T0 = Date.UTC(2026, 10, 15, 12);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const WEEK = 7 * DAY;

const addressOf = (n: number) => `0x${n.toString(16).padStart(40, 'a')}`;

const agentOf = (n: number, createdAt = T0 - DAY): WatchedAgent => ({
	address: addressOf(n),
	name: `agent ${n}`,
	createdAt,
});

const rowOf = (id: string, at: number, status = 'settled', agent = agentOf(1)): ActivityRow => ({
	id,
	type: 'spend',
	agent_address: agent.address,
	receiver: addressOf(99),
	amount: '1250000',
	status,
	timestamp: String(at),
	tx_hash: null,
	chain_caip2id: 'eip155:84532',
});

/** One poll of the one agent, which gives these rows. */
function poll(state: CursorState | undefined, rows: ActivityRow[], agent = agentOf(1)) {
	return advance(state, { existing: [agent], watched: [agent], readings: [{ agent, rows }] });
}

const ids = (events: TriggerEvent[]) => events.map(({ eventId }) => eventId);

describe('the first poll', () => {
	it('takes a baseline and tells of nothing', () => {
		const { state, events } = poll(undefined, [rowOf('a', T0)]);
		expect(events).toEqual([]);
		expect(poll(state, [rowOf('a', T0)]).events).toEqual([]);
	});

	it('reads the look-back only', () => {
		expect(planReading(undefined, agentOf(1))).toEqual({ behindNewest: LOOK_BACK_MS });
	});

	it('of an empty account is a baseline: its first payment is told of, however old its time', () => {
		const { state } = poll(undefined, []);
		expect(planReading(state, agentOf(1))).toEqual({ from: 0 });
		expect(ids(poll(state, [rowOf('a', T0 - 40 * DAY)]).events)).toEqual(['a:settled']);
	});

	it('of an account without agents lets the first agent be read from its beginning', () => {
		const { state } = advance(undefined, { existing: [], watched: [], readings: [] });
		expect(ids(poll(state, [rowOf('a', T0)]).events)).toEqual(['a:settled']);
	});
});

describe('a later poll', () => {
	const { state } = poll(undefined, [rowOf('a', T0), rowOf('open', T0 - MINUTE, 'authorized')]);

	it('tells of a new payment once, with what a workflow needs', () => {
		const first = poll(state, [rowOf('b', T0 + 1000)]);
		expect(first.events).toEqual([
			{
				eventId: 'b:settled',
				event: 'payment.settled',
				previousStatus: null,
				status: 'settled',
				activityId: 'b',
				agentAddress: addressOf(1),
				agentName: 'agent 1',
				direction: 'spend',
				counterparty: addressOf(99),
				amountUsdc: '1.25',
				amountUsdcMicro: '1250000',
				transactionHash: null,
				explorerUrl: null,
				chain: 'eip155:84532',
				occurredAt: new Date(T0 + 1000).toISOString(),
			},
		]);
		expect(poll(first.state, [rowOf('b', T0 + 1000)]).events).toEqual([]);
	});

	it('tells of a status that changed, and of what it was', () => {
		const { events } = poll(state, [rowOf('open', T0 - MINUTE, 'settled'), rowOf('a', T0)]);
		expect(events).toMatchObject([{ eventId: 'open:settled', previousStatus: 'authorized' }]);
	});

	it('tells of a status that the vendor added later', () => {
		expect(poll(state, [rowOf('b', T0 + 1, 'refunded')]).events).toMatchObject([{ event: 'payment.refunded' }]);
	});

	it('tells of rows that share the time of one it knows', () => {
		const { events } = poll(state, [rowOf('c', T0), rowOf('b', T0), rowOf('a', T0)]);
		expect(ids(events)).toEqual(['b:settled', 'c:settled']);
	});

	it('tells of a late row at the edge of the look-back, and not of one behind it', () => {
		const edge = T0 - LOOK_BACK_MS;
		const { events } = poll(state, [rowOf('edge', edge), rowOf('behind', edge - 1)]);
		expect(ids(events)).toEqual(['edge:settled']);
	});

	it('reads back to the edge of the look-back', () => {
		expect(planReading(state, agentOf(1))).toEqual({ from: T0 - LOOK_BACK_MS });
	});

	it('tells the oldest first, over all agents', () => {
		const [one, two] = [agentOf(1), agentOf(2)];
		const both = (first: ActivityRow[], second: ActivityRow[]): Poll => ({
			existing: [one, two],
			watched: [one, two],
			readings: [
				{ agent: two, rows: second },
				{ agent: one, rows: first },
			],
		});
		const before = advance(undefined, both([], [])).state;
		const { events } = advance(
			before,
			both([rowOf('d', T0 + 4), rowOf('a', T0 + 1)], [rowOf('c', T0 + 3), rowOf('b', T0 + 2)]),
		);
		expect(events.map(({ activityId }) => activityId)).toEqual(['a', 'b', 'c', 'd']);
	});

	it('does not repeat a row that fell out of its memory and is read all the same', () => {
		const later = poll(state, [rowOf('b', T0 + DAY)]);
		expect(Object.keys(later.state.agents[addressOf(1)]?.rows ?? {}).sort()).toEqual(['b', 'open']);
		expect(poll(later.state, [rowOf('b', T0 + DAY), rowOf('a', T0)]).events).toEqual([]);
	});

	it('watches an open row for a week, and reads back to it', () => {
		const inAWeek = poll(state, [rowOf('b', T0 - MINUTE + WEEK)]).state;
		expect(planReading(inAWeek, agentOf(1))).toEqual({ from: T0 - MINUTE });
		expect(ids(poll(inAWeek, [rowOf('open', T0 - MINUTE, 'failed')]).events)).toEqual(['open:failed']);

		const after = poll(state, [rowOf('b', T0 + WEEK)]).state;
		expect(planReading(after, agentOf(1))).toEqual({ from: T0 + WEEK - LOOK_BACK_MS });
	});

	it('forgets an open row once it is over and behind the look-back', () => {
		const later = poll(state, [rowOf('b', T0 + DAY), rowOf('open', T0 - MINUTE, 'settled')]);
		expect(ids(later.events)).toEqual(['open:settled', 'b:settled']);
		expect(Object.keys(later.state.agents[addressOf(1)]?.rows ?? {})).toEqual(['b']);
		expect(poll(later.state, [rowOf('open', T0 - MINUTE, 'settled')]).events).toEqual([]);
	});

	it('takes seconds and milliseconds for the same time', () => {
		const { events } = poll(state, [{ ...rowOf('b', 0), timestamp: String(T0 / 1000 + 1) }]);
		expect(events).toMatchObject([{ occurredAt: new Date(T0 + 1000).toISOString() }]);
	});

	it('leaves the state that it was given as it was', () => {
		const before = structuredClone(state);
		poll(state, [rowOf('b', T0 + DAY), rowOf('open', T0 - MINUTE, 'settled')]);
		expect(state).toEqual(before);
	});

	it.each(['__proto__', 'constructor', 'toString', '1', ''])('knows the id %j again', (id) => {
		const first = poll(state, [rowOf(id, T0 + 1)]);
		expect(ids(first.events)).toEqual([`${id}:settled`]);
		const stored = JSON.parse(JSON.stringify(first.state)) as CursorState;
		expect(poll(readState(stored), [rowOf(id, T0 + 1)]).events).toEqual([]);
	});
});

describe('agents that come and go', () => {
	const [old, young] = [agentOf(1, T0 - DAY), agentOf(2, T0 + MINUTE)];
	const { state } = poll(undefined, [rowOf('a', T0)], old);
	const oldReading: Reading = { agent: old, rows: [] };
	const youngReading: Reading = { agent: young, rows: [rowOf('y', T0 + 2 * MINUTE, 'settled', young)] };

	it('one that has appeared since the last poll is told of from its first payment on', () => {
		expect(planReading(state, young)).toEqual({ from: 0 });
		const { events } = advance(state, {
			existing: [old, young],
			watched: [old, young],
			readings: [oldReading, youngReading],
		});
		expect(ids(events)).toEqual(['y:settled']);
	});

	it('one that has appeared and could not be read keeps its beginning', () => {
		const failed = advance(state, { existing: [old, young], watched: [old, young], readings: [oldReading] });
		expect(failed.events).toEqual([]);
		expect(planReading(failed.state, young)).toEqual({ from: 0 });
		const { events } = advance(failed.state, {
			existing: [old, young],
			watched: [old, young],
			readings: [oldReading, youngReading],
		});
		expect(ids(events)).toEqual(['y:settled']);
	});

	it('one that was there and is newly chosen starts at its own baseline', () => {
		const unchosen = advance(state, { existing: [old, young], watched: [old], readings: [oldReading] }).state;
		expect(planReading(unchosen, young)).toEqual({ behindNewest: LOOK_BACK_MS });
		const chosen = advance(unchosen, {
			existing: [old, young],
			watched: [old, young],
			readings: [oldReading, youngReading],
		});
		expect(chosen.events).toEqual([]);
		const next = poll(chosen.state, [rowOf('z', T0 + 3 * MINUTE, 'settled', young)], young);
		expect(ids(next.events)).toEqual(['z:settled']);
	});

	it('one that was there before a younger one vanished is no new one when it is chosen', () => {
		const middle = agentOf(3, T0 + MINUTE / 2);
		const all = [old, middle, young];
		const unchosen = advance(state, { existing: all, watched: [old], readings: [oldReading] }).state;
		const vanished = advance(unchosen, { existing: [old, middle], watched: [old], readings: [oldReading] }).state;
		expect(planReading(vanished, middle)).toEqual({ behindNewest: LOOK_BACK_MS });
	});

	it('one that has vanished is forgotten, and the others keep their places', () => {
		const both = advance(state, {
			existing: [old, young],
			watched: [old, young],
			readings: [oldReading, youngReading],
		}).state;
		const { state: after, events } = advance(both, {
			existing: [young],
			watched: [young],
			readings: [youngReading],
		});
		expect(events).toEqual([]);
		expect(Object.keys(after.agents)).toEqual([young.address]);
		expect(after.agents[young.address]).toEqual(both.agents[young.address]);
	});

	it('one that could not be read keeps its place and catches up', () => {
		const failed = advance(state, { existing: [old], watched: [old], readings: [] });
		expect(failed.state.agents).toEqual(state.agents);
		expect(ids(poll(failed.state, [rowOf('b', T0 + 1)], old).events)).toEqual(['b:settled']);
	});

	it('are the same in any letter case', () => {
		const shouting = { ...old, address: `0x${old.address.slice(2).toUpperCase()}` };
		expect(poll(state, [rowOf('a', T0, 'settled', shouting)], shouting).events).toEqual([]);
		expect(planReading(state, shouting)).toEqual(planReading(state, old));
	});
});

describe('a sample', () => {
	it('shows rows as events without a past, oldest first', () => {
		const events = toSample([
			{ agent: agentOf(1), rows: [rowOf('c', T0 + 3), rowOf('b2', T0 + 2), rowOf('b1', T0 + 2)] },
			{ agent: agentOf(2), rows: [rowOf('a', T0 + 1)] },
		]);
		expect(ids(events)).toEqual(['a:settled', 'b1:settled', 'b2:settled', 'c:settled']);
		expect(events.every(({ previousStatus }) => previousStatus === null)).toBe(true);
	});
});

describe('a stored state', () => {
	const { state } = poll(undefined, [rowOf('a', T0, 'authorized')]);

	it('is the same after a round trip through JSON', () => {
		expect(readState(JSON.parse(JSON.stringify(state)))).toEqual(state);
	});

	const agents = state.agents;
	const [key = ''] = Object.keys(agents);
	it.each<[string, unknown]>([
		['nothing', undefined],
		['null', null],
		['text', 'cursor'],
		['a list', [state]],
		['an empty object', {}],
		['another version', { ...state, version: 2 }],
		['no version', { youngestAgentAt: 0, agents }],
		['a time that is text', { ...state, youngestAgentAt: String(T0) }],
		['no agents', { version: 1, youngestAgentAt: 0 }],
		['agents that are null', { ...state, agents: null }],
		['agents that are a list', { ...state, agents: [] }],
		['an agent that is null', { ...state, agents: { [key]: null } }],
		['an agent without a newest time', { ...state, agents: { [key]: { rows: {} } } }],
		['an agent without rows', { ...state, agents: { [key]: { newest: 0 } } }],
		['rows that are a list', { ...state, agents: { [key]: { newest: 0, rows: [] } } }],
		['a row that is a status only', { ...state, agents: { [key]: { newest: 0, rows: { a: 'settled' } } } }],
		['a row without a time', { ...state, agents: { [key]: { newest: 0, rows: { a: { status: 'settled' } } } } }],
	])('that is %s is not taken for one', (_, stored) => {
		expect(readState(stored)).toBeUndefined();
	});
});

/**
 * The service and a reader with a perfect memory: it forgets no row, knows no look-back and reads
 * everything. The cursor has to tell what this reader would.
 */
interface ModelRow {
	id: string;
	at: number;
	/** Order of appearance. */
	seq: number;
	status: string;
	/** Behind the look-back when its agent got its baseline: what becomes of it is not promised. */
	promised: boolean;
}

interface ModelAgent extends WatchedAgent {
	createdAt: number;
	chosen: boolean;
	rows: ModelRow[];
}

interface Reader {
	/** Status by row id for each agent that has a baseline. */
	told: Map<string, Map<string, string>>;
	youngest: number | undefined;
}

const jump = fc.constantFrom(0, 1, 1000, MINUTE, LOOK_BACK_MS - 1, LOOK_BACK_MS, LOOK_BACK_MS + 1, DAY, WEEK, 8 * DAY);
const place = fc.nat({ max: 1000 });
const step = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ do: fc.constant('pay' as const), agent: place, after: jump, late: fc.constantFrom(0, 0, 1, MINUTE, LOOK_BACK_MS), open: fc.boolean() }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), agent: place, row: place, to: place }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('create' as const), after: fc.constantFrom(1, MINUTE, DAY) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), agent: place }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('choose' as const), agent: place }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
	{ weight: 5, arbitrary: fc.record({ do: fc.constant('poll' as const), failing: fc.array(place, { maxLength: 2 }), overshoot: fc.nat({ max: 5 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** From a status to those that may follow; none comes back, so an event can be told of once only. */
const following: Record<string, string[]> = {
	authorized: ['settled', 'failed'],
	settled: ['refunded'],
	failed: [],
	refunded: [],
};

class Model {
	private now = T0;
	private made = 0;
	private readonly agents: ModelAgent[] = [];
	private state: CursorState | undefined;
	private reader: Reader = { told: new Map(), youngest: undefined };
	private saved: { state: CursorState | undefined; reader: Reader } = { state: undefined, reader: this.reader };
	private readonly everTold = new Set<string>();
	polls = 0;
	eventsTold = 0;

	constructor(agents: number) {
		for (let n = 0; n < agents; n++) this.create(1);
	}

	run(one: Step): void {
		if (one.do === 'create') return this.create(one.after);
		if (one.do === 'restart') return this.restart();
		if (one.do === 'poll') return this.poll(one.failing.map((n) => this.agentAt(n)?.address ?? ''), one.overshoot);
		const agent = this.agentAt(one.agent);
		if (!agent) return;
		if (one.do === 'remove') this.agents.splice(this.agents.indexOf(agent), 1);
		else if (one.do === 'choose') agent.chosen = !agent.chosen;
		else if (one.do === 'pay') this.pay(agent, one);
		else this.change(agent, one);
	}

	/** Polls without trouble: everything that was promised has been told of now. */
	finish(): void {
		this.poll([], 0);
		this.poll([], 0);
		for (const agent of this.agents) {
			const told = this.reader.told.get(agent.address);
			if (!agent.chosen) expect(told).toBeUndefined();
			else expect([...(told ?? [])].sort()).toEqual(agent.rows.map(({ id, status }) => [id, status]).sort());
		}
	}

	private agentAt(n: number): ModelAgent | undefined {
		return this.agents[n % Math.max(1, this.agents.length)];
	}

	private create(after: number): void {
		this.now += after;
		this.agents.push({ ...agentOf(++this.made, this.now), createdAt: this.now, chosen: true, rows: [] });
	}

	private pay(agent: ModelAgent, { after, late, open }: Extract<Step, { do: 'pay' }>): void {
		this.now += after;
		const seq = ++this.made;
		agent.rows.push({ id: `row ${seq}`, at: this.now - late, seq, status: open ? 'authorized' : 'settled', promised: true });
	}

	private change(agent: ModelAgent, { row: n, to }: Extract<Step, { do: 'change' }>): void {
		const newest = Math.max(...agent.rows.map(({ at }) => at));
		const changeable = agent.rows.filter(({ at, status, promised }) =>
			promised && (at >= newest - LOOK_BACK_MS || (status === 'authorized' && at >= newest - WEEK)),
		);
		const row = changeable[n % Math.max(1, changeable.length)];
		const next = following[row?.status ?? 'failed'] ?? [];
		if (row && next.length > 0) row.status = next[to % next.length] ?? row.status;
	}

	/** n8n stores the state with an execution that it starts; what a quiet poll changed is lost. */
	private restart(): void {
		this.state = this.saved.state;
		this.reader = structuredClone(this.saved.reader);
		for (const { address, rows } of this.agents) {
			if (!this.reader.told.has(address)) for (const row of rows) row.promised = false;
		}
	}

	private readingOf(agent: ModelAgent, overshoot: number): Reading {
		const plan = planReading(this.state, agent);
		const newestFirst = agent.rows.toSorted((one, other) => other.at - one.at || other.seq - one.seq);
		const from = 'from' in plan ? plan.from : (newestFirst[0]?.at ?? 0) - plan.behindNewest;
		const within = newestFirst.filter(({ at }) => at >= from).length;
		const rows = newestFirst.slice(0, within + overshoot);
		// A row that came while the pages were read stands behind older ones.
		const [first, second] = rows;
		if (overshoot % 2 === 1 && first && second && first.at > second.at) rows.push(...rows.splice(0, 1));
		return { agent, rows: rows.map(({ id, at, status }) => rowOf(id, at, status, agent)) };
	}

	/** What the reader with the perfect memory would tell. */
	private expected(agent: ModelAgent, told: Map<string, Map<string, string>>): string[] {
		const isNew = this.reader.youngest !== undefined && agent.createdAt > this.reader.youngest;
		const known = this.reader.told.get(agent.address) ?? (isNew ? new Map<string, string>() : undefined);
		told.set(agent.address, new Map(agent.rows.map(({ id, status }) => [id, status])));
		if (known) {
			return agent.rows
				.filter(({ id, status }) => known.get(id) !== status)
				.map(({ id, status }) => `${id}:${status} was ${known.get(id) ?? 'new'}`);
		}
		const newest = Math.max(...agent.rows.map(({ at }) => at));
		for (const row of agent.rows) row.promised = row.at >= newest - LOOK_BACK_MS;
		return [];
	}

	private poll(failing: string[], overshoot: number): void {
		this.polls++;
		const watched = this.agents.filter(({ chosen }) => chosen);
		const readable = watched.filter(({ address }) => !failing.includes(address));
		// Where no agent can be read the poll throws, and nothing changes.
		if (watched.length > 0 && readable.length === 0) return;

		const told = new Map<string, Map<string, string>>();
		const expected = readable.flatMap((agent) => this.expected(agent, told));
		for (const { address, createdAt } of watched) {
			const known = this.reader.told.get(address);
			const isNew = this.reader.youngest !== undefined && createdAt > this.reader.youngest;
			if (!told.has(address) && (known || isNew)) told.set(address, known ?? new Map());
		}

		const before = JSON.stringify(this.state);
		const { state, events } = advance(this.state, {
			existing: this.agents,
			watched,
			readings: readable.map((agent) => this.readingOf(agent, overshoot)),
		});
		expect(JSON.stringify(this.state)).toBe(before);

		expect(events.map(({ eventId, previousStatus }) => `${eventId} was ${previousStatus ?? 'new'}`).sort()).toEqual(expected.sort());
		this.checkOrder(events);
		for (const { eventId } of events) {
			expect(this.everTold).not.toContain(eventId);
			this.everTold.add(eventId);
		}
		this.eventsTold += events.length;

		const stored: unknown = JSON.parse(JSON.stringify(state));
		this.state = readState(stored);
		expect(this.state).toEqual(state);
		const youngest = Math.max(this.reader.youngest ?? 0, ...this.agents.map(({ createdAt }) => createdAt));
		const first = this.reader.youngest === undefined;
		this.reader = { told, youngest };
		if (first || events.length > 0) this.saved = { state: this.state, reader: structuredClone(this.reader) };
	}

	private checkOrder(events: TriggerEvent[]): void {
		const places = events.map(({ activityId, agentAddress }) => {
			const agent = this.agents.find(({ address }) => address === agentAddress);
			const row = agent?.rows.find(({ id }) => id === activityId);
			if (!row) throw new Error(`an event of no row: ${activityId}`);
			return { agentAddress, ...row };
		});
		for (const [i, next] of places.entries()) {
			const previous = places[i - 1];
			if (!previous) continue;
			expect(next.at).toBeGreaterThanOrEqual(previous.at);
			if (next.at === previous.at && next.agentAddress === previous.agentAddress) {
				expect(next.seq).toBeGreaterThan(previous.seq);
			}
		}
	}
}

describe('any history', () => {
	it('is told without loss, without repetition and in order', () => {
		let polls = 0;
		let eventsTold = 0;
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 3 }), fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (agents, steps) => {
				const model = new Model(agents);
				for (const one of steps) model.run(one);
				model.finish();
				polls += model.polls;
				eventsTold += model.eventsTold;
			}),
			{ numRuns: 400 },
		);
		// The histories are no idle ones.
		expect(polls).toBeGreaterThan(1000);
		expect(eventsTold).toBeGreaterThan(1000);
	});
});
