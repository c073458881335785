import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
	divide,
	expectEach,
	itemsOf,
	pollOnce,
	pollUntilQuiet,
	useLists,
	useOwnLists,
	type Division,
	type Polled,
	type ScriptedList,
} from './list.mts';
import { chosen, MINUTE, SECOND, t0, useTrigger } from './trigger.mts';

const runs = Number(process.env.AMPERSEND_HISTORIES ?? 30);
const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
/** No history starts later than this, in ms. */
const LIMIT = 40_000;

const service = useTrigger();

/** Late rows are no further behind the newest, in ms. */
const LATEST = 14 * MINUTE;

type Step =
	/** New rows. `late`: so many of them are from before the newest. */
	| { do: 'arrive'; count: number; everyMs: number; late: number; isOpen: boolean }
	| { do: 'remove'; place: number; count: number }
	| { do: 'prune'; count: number }
	| { do: 'settle'; count: number; isMoved: boolean }
	| { do: 'wait'; ms: number };

interface History {
	old: number;
	oldEveryMs: number;
	maxEvents: number;
	count: 'right' | 'none' | 'zero' | 'behind' | 'frozen' | 'random' | 'high';
	next: 'right' | 'always' | 'never';
	cap: number;
	isCut: boolean;
	/** Rows that another replica lacks, and which requests it answers: one bit each. */
	lag: number;
	lagging: number;
	/** Requests that are answered with nothing: one bit each. */
	empty: number;
	/** Between polls; an array is what happens before the answers of one poll. */
	polls: Array<{ between: Step[]; during: Step[] }>;
}

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant('arrive' as const),
			count: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 500 })),
			everyMs: fc.constantFrom(0, 1, SECOND, 10 * SECOND, MINUTE),
			late: fc.integer({ min: 0, max: 5 }),
			isOpen: fc.boolean(),
		}),
	},
	fc.record({
		do: fc.constant('remove' as const),
		place: fc.integer({ min: 0, max: 1000 }),
		count: fc.integer({ min: 1, max: 60 }),
	}),
	fc.record({ do: fc.constant('prune' as const), count: fc.integer({ min: 1, max: 600 }) }),
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant('settle' as const),
			count: fc.integer({ min: 1, max: 80 }),
			isMoved: fc.boolean(),
		}),
	},
	fc.record({
		do: fc.constant('wait' as const),
		ms: fc.constantFrom(MINUTE, 20 * MINUTE, 300 * MINUTE),
	}),
);

const few = (most: number) => fc.array(step, { maxLength: most });
const history: fc.Arbitrary<History> = fc.record({
	old: fc.constantFrom(0, 1, 20, 60, 450),
	oldEveryMs: fc.constantFrom(1, SECOND, MINUTE),
	maxEvents: fc.constantFrom(150, 400, 10_000),
	count: fc.constantFrom('right', 'right', 'none', 'zero', 'behind', 'frozen', 'random', 'high'),
	next: fc.constantFrom('right', 'right', 'always', 'never'),
	cap: fc.constantFrom(200, 200, 100, 50, 30),
	isCut: fc.boolean(),
	lag: fc.constantFrom(0, 0, 1, 20, 90),
	lagging: fc.nat(2 ** 16 - 1),
	empty: fc.oneof(
		fc.constant(0),
		fc.constant(0),
		fc.nat(15).map((bit) => 2 ** bit),
	),
	polls: fc.array(fc.record({ between: few(3), during: few(3) }), { minLength: 1, maxLength: 4 }),
});

/** One service that plays a history, and what it has to emit. */
class Life {
	private now = t0;
	private made = 0;
	private random = 1;
	readonly owed = new Set<string>();
	readonly may = new Set<string>();
	most = 0;
	/** The most rows of one moment. */
	tied = 0;
	/** Rows by their time. */
	private readonly moments = new Map<number, number>();

	constructor(
		private readonly list: ScriptedList,
		private readonly given: History,
	) {
		list.addMany('old', given.old, t0, given.oldEveryMs);
		list.division = this.division;
	}

	readonly division: Division = (rows, request) => {
		const { given } = this;
		const bit = 2 ** (request.number % 16);
		if ((given.empty & bit) > 0 && request.number < 16) {
			return { activity: [], hasNextPage: false, totalCount: 0 };
		}
		// Behind by a page or more, four wrong answers in a row can't be told from the end of the list.
		const lag = Math.min(given.lag, given.cap - 1);
		const seen = (given.lagging & bit) > 0 ? rows.slice(lag) : rows;
		const limit = Math.min(request.limit, given.cap);
		const from = (request.page - 1) * (given.isCut ? request.limit : limit);
		const activity = seen.slice(from, from + limit);
		const isMore = from + activity.length < seen.length;
		// A short page without a next one is the end: nothing else could say so.
		const isEnd = given.next === 'never' && given.cap >= request.limit;
		const hasNextPage = given.next === 'always' || (isMore && !isEnd);
		this.random = (this.random * 7919 + 12_345) % 100_003;
		const totalCount = {
			right: seen.length,
			none: undefined,
			zero: 0,
			behind: Math.max(0, seen.length - 7),
			frozen: given.old,
			random: this.random % 2000,
			high: seen.length + 5000,
		}[given.count];
		return { activity, hasNextPage, ...(totalCount !== undefined && { totalCount }) };
	};

	live(step: Step): void {
		const { list } = this;
		if (step.do === 'wait') this.now += step.ms;
		else if (step.do === 'arrive') this.arrive(step);
		else if (step.do === 'prune') this.forgive(list.prune(step.count));
		else if (step.do === 'remove') this.forgive(list.remove(step.place, step.count));
		else {
			const open = list.rows.filter(({ status }) => status === 'authorized').slice(0, step.count);
			for (const { id } of open.toReversed()) {
				this.may.add(`${id}:authorized`);
				this.owed.delete(`${id}:authorized`);
				this.owed.add(`${id}:settled`);
				if (step.isMoved) list.change(id, 'settled', (this.now += 1));
				else list.setStatus(id, 'settled');
			}
		}
		this.most = Math.max(this.most, list.rows.length);
	}

	private arrive({ count, everyMs, late, isOpen }: Extract<Step, { do: 'arrive' }>): void {
		const status = isOpen ? 'authorized' : 'settled';
		const before = this.now;
		for (let i = 0; i < count; i++) {
			const id = `row ${this.made++}`;
			const isLate = i < late;
			// A late one is so much behind the newest as its number says.
			const at = isLate ? before - ((i * 197 * SECOND) % LATEST) : (this.now += everyMs);
			this.list.add(id, at, status);
			this.owed.add(`${id}:${status}`);
			// Also with what has arrived at this moment before.
			const tied = (this.moments.get(at) ?? 0) + 1;
			this.moments.set(at, tied);
			this.tied = Math.max(this.tied, tied);
		}
	}

	private forgive(gone: Array<{ id: string; status: string }>): void {
		for (const { id, status } of gone) {
			this.owed.delete(`${id}:${status}`);
			this.may.add(`${id}:${status}`);
		}
	}

	last(): void {
		this.list.division = divide;
		this.list.from(() => {});
		this.now += SECOND;
		this.list.add('last', this.now);
		this.owed.add('last:settled');
	}
}

/**
 * Three times that of triggerHostile.test.mts: replicas, removed rows and empty answers each make a
 * reading start again. Rows of one moment that don't fit on a page are read up to twelve times.
 */
function bound({ most, tied }: Life, page: number): number {
	const all = most + 1;
	const stretches = Math.ceil(all / 370) + 2;
	const search = 2 * Math.ceil(Math.log2(all / page + 1));
	const passes = tied > page ? 12 * (Math.ceil(tied / page) + 1) : 0;
	return 3 * (1 + search + stretches * (Math.ceil(370 / page) + 4) + passes) + 4;
}

describe('a service with random behavior', () => {
	it.each([
		['by a trigger with an API key', false],
		['by a trigger in an agent session', true],
	])(`has each payment emitted once, %s (AMPERSEND_SEED=${seed})`, async (_, isSession) => {
		const lists = (isSession ? useOwnLists : useLists)(service);
		let made = 0;
		const end = Date.now() + LIMIT;
		const property = fc.asyncProperty(history, async (given) => {
			// Also while it looks for a smaller history: what it has by then is shown.
			if (Date.now() > end) return;
			const agent = service.addAgent(`agent ${made++}`);
			const list = lists(agent);
			const life = new Life(list, given);
			// Empty answers come after the baseline.
			const { division } = list;
			list.division = divide;
			const options = { maxEvents: given.maxEvents };
			const workflow = { workflowId: `history ${made}` };
			const trigger = isSession
				? service.openSession(agent, { options }, workflow)
				: service.open({ ...chosen(agent), options }, workflow);
			expect(await trigger.poll('trigger', 'activate')).toBeNull();
			list.division = division;
			list.from(() => {});
			const polls: Polled[] = [];
			for (const { between, during } of given.polls) {
				for (const one of between) life.live(one);
				const due = [...during];
				list.meanwhile = () => {
					const one = due.shift();
					if (one) life.live(one);
				};
				if (isSession && polls.length % 2 === 1) service.emulator.expireSessions();
				polls.push(await pollOnce(service, trigger));
				list.meanwhile = () => {};
			}
			life.last();
			const calm = await pollUntilQuiet(service, trigger, { quiet: 2, most: 400 });
			// A list that is all changed while it is read can't be read. Nothing is lost by that.
			expect(calm.flatMap(({ error }) => error?.message ?? [])).toEqual([]);
			polls.push(...calm);
			expectEach(itemsOf(polls), [...life.owed], [...life.may]);
			const most = bound(life, given.cap);
			const requests = Math.max(...polls.map((one) => one.requests));
			expect({ requests: Math.max(requests, most) }).toEqual({ requests: most });
		});
		await fc.assert(property, { numRuns: runs, seed });
	});
});
