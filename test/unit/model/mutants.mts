import fc from 'fast-check';

import type { PageAnswer, Pages, ActivityRow } from '../../../nodes/Ampersend/api/lists/pages';
import * as cursor from '../../../nodes/Ampersend/trigger/cursor';
import * as reading from '../../../nodes/Ampersend/trigger/reading';
import * as state from '../../../nodes/Ampersend/trigger/state';
import type { Activity } from '../../../nodes/Ampersend/schemas/activity';
import type { AgentCursor, TriggerState } from '../../../nodes/Ampersend/trigger/state';
import { DAY, LOOK_BACK, MINUTE, steps, type Kind, type Trigger } from './history.mts';
import type { Manners } from './service.mts';
import { TIGHT_BYTES } from './trigger.mts';

/** A reading with a changed result. */
function* changed<Result>(pages: Pages<Result>, change: (result: Result) => Result): Pages<Result> {
	return change(yield* pages);
}

/** A reading that gets changed answers of the service. */
function* misled<Result>(
	pages: Pages<Result>,
	mislead: (answer: PageAnswer, earlier: PageAnswer[]) => PageAnswer,
): Pages<Result> {
	const earlier: PageAnswer[] = [];
	for (let step = pages.next(); ; ) {
		if (step.done) return step.value;
		const answer = yield step.value;
		step = pages.next(answer && mislead(answer, earlier));
		if (answer) earlier.push(answer);
	}
}

type Keeps = (one: AgentCursor, known: state.KnownRow | undefined, read: ActivityRow) => boolean;

/** A reading that skips rows. */
function keeping(keeps: Keeps): Partial<Trigger> {
	return {
		readNews: (one, wants) =>
			changed(reading.readNews(one, wants), (read) => ({
				...read,
				rows: read.rows.filter((row) => keeps(one, one.rows.get(state.keyOf(row.wire)), row)),
			})),
	};
}

type Change = (one: AgentCursor, id: string, poll: cursor.Poll) => AgentCursor | null;

/** A trigger that stores wrong cursors. */
function remembering(change: Change): Partial<Trigger> {
	return {
		advance(begun, poll) {
			const { state: next, events } = cursor.advance(begun, poll);
			const agents = new Map(
				[...next.agents].map(([id, one]) => [id, one && change(one, id, poll)]),
			);
			return { state: { ...next, agents }, events };
		},
	};
}

function withRows(one: AgentCursor, keeps: (row: state.KnownRow) => boolean): AgentCursor {
	return { ...one, rows: new Map([...one.rows].filter(([, row]) => keeps(row))) };
}

function withoutFilters({ state: begun, ...rest }: cursor.Beginning): cursor.Beginning {
	const clear = <One extends AgentCursor | null>(one: One): One =>
		one && { ...one, filter: undefined };
	const agents = new Map([...(begun?.agents ?? [])].map(([id, one]) => [id, clear(one)]));
	return { ...rest, state: begun && { ...begun, agents } };
}

const { pay, change, drop, prune, poll, create, remove, choose, filter, crash } = steps;
const of = fc.constantFrom;

/** The service behaves as assumed. */
const tame: Partial<Manners> = {};
const calm = poll();
const cut = poll({ pages: of(0, 1) });
const noTime = poll({ pages: of(0) });

/** Payments on and after the first page, within the look-back or at its end. */
const payments: Kind = {
	manners: tame,
	agents: 1,
	steps: [pay({ after: of(0, 1), late: of(0, 1, MINUTE, LOOK_BACK), count: of(1, 4) }), calm],
};

const atTheFloor: Kind = {
	...payments,
	steps: [pay({ after: of(0), late: of(0, LOOK_BACK), count: of(1, 4) }), calm],
};

/** Rows are removed above the pages that are being read. */
const shrinking: Kind = {
	...payments,
	steps: [
		pay({ after: of(1), late: of(0), count: of(9, 23) }),
		poll({
			meanwhile: fc.array(fc.record({ page: fc.integer({ min: 1, max: 4 }), step: drop() }), {
				minLength: 1,
				maxLength: 3,
			}),
		}),
	],
};

/** Late payments, and little time. */
const hasty: Kind = {
	...payments,
	steps: [
		pay({ after: of(1, LOOK_BACK), late: of(0, MINUTE), count: of(1, 4) }),
		poll({ pages: fc.nat({ max: 3 }) }),
	],
};

/** A page is empty by mistake. */
const empty: Kind = {
	...payments,
	steps: [pay({ late: of(0), count: of(9, 23) }), poll({ emptyAt: fc.nat({ max: 4 }) })],
};

const openPayments: Kind = {
	...payments,
	steps: [pay({ after: of(LOOK_BACK, DAY), isOpen: of(true), count: of(1, 4) }), change(), calm],
};

/** A row is removed when a late one comes, so the count doesn't show it. */
const pruned: Kind = {
	...payments,
	steps: [
		pay({ after: of(1, MINUTE), late: of(0, 0, LOOK_BACK), count: of(1, 4) }),
		prune(1),
		calm,
	],
};

const cutShort: Kind = {
	...payments,
	steps: [
		pay({ count: of(1, 9, 23) }),
		poll({ pages: fc.nat({ max: 4 }) }),
		poll({ maxEvents: of(1, 4) }),
		filter(cut),
	],
};

/** Polls without events are not stored, and publishing with another filter restarts from there. */
const filters: Kind = {
	...payments,
	durable: false,
	steps: [pay({ count: of(1) }), filter(cut), calm],
};

const fewAgents: Kind = { ...payments, agents: 2 };

const newBaselines: Kind = {
	...fewAgents,
	steps: [pay({ after: of(1), late: of(0, MINUTE), count: of(1) }), choose(calm), calm],
};

const comingAndGoing: Kind = { ...fewAgents, steps: [create(), remove(), calm] };

/** Polls have no time for the baselines of newly chosen agents. */
const hurried: Kind = {
	...payments,
	agents: 4,
	steps: [create(), remove(), noTime, choose(noTime, of([0], null))],
};

/** Many payments of each moment, in another order in each answer. */
const shuffledTies: Kind = {
	...payments,
	manners: { ties: 'new' },
	steps: [pay({ after: of(1_000), late: of(1), count: of(9, 23) }), calm],
};

/** Pages that come newest first, each with its oldest row first. */
const upsideDown: Kind = { ...payments, manners: { within: 'oldest first' } };

/** Replicas that lag behind each other. */
const lagging: Kind = {
	...payments,
	manners: { lag: 2 },
	repeats: false,
	steps: [pay({ late: of(0), count: of(1), isOpen: of(true) }), change(), calm],
};

const restarts: Kind = {
	...fewAgents,
	repeats: true,
	steps: [pay({ late: of(0), count: of(1) }), calm, choose(calm), crash()],
};

/** The service is away at the first publishing, and at others. */
const away: Kind = {
	...payments,
	agents: 1,
	isAway: true,
	steps: [
		pay({ after: of(1, MINUTE), late: of(0), count: of(1) }),
		filter(poll({ isAway: fc.boolean() })),
		noTime,
		calm,
	],
};

/** It's away at each publishing. */
const changedWhileAway: Kind = {
	...away,
	durable: false,
	steps: [
		pay({ after: of(1), late: of(0), count: of(1) }),
		filter(poll({ isAway: of(true) })),
		choose(poll({ isAway: of(true) })),
		calm,
	],
};

export interface Mutant {
	name: string;
	change: Partial<Trigger>;
	/** The kind of histories that reveal it quickly. */
	kind: Kind;
}

/** Each is a trigger with one defect. Random histories reveal it, and those of its kind quickly. */
export const mutants: Mutant[] = [
	{
		name: 'treats rows with the time of the newest row as emitted',
		kind: payments,
		change: keeping((one, known, { at }) => at !== one.newest || known !== undefined),
	},
	{
		name: 'ignores changes of status',
		kind: openPayments,
		change: keeping((_, known, { wire }) => known?.statuses.includes(wire.status) ?? true),
	},
	{
		name: 'reads to just above the floor',
		kind: atTheFloor,
		change: { readNews: (one, wants) => reading.readNews({ ...one, floor: one.floor + 1 }, wants) },
	},
	{
		name: 'forgets the rows at the floor',
		kind: atTheFloor,
		change: remembering((one) => withRows(one, ({ at }) => at !== one.floor)),
	},
	{
		name: 'has no look-back',
		kind: payments,
		change: { advance: (begun, poll) => cursor.advance(begun, { ...poll, lookBackMs: 0 }) },
	},
	{
		name: 'moves the floor without reading down to it',
		kind: hasty,
		change: remembering((one, _, { lookBackMs }) => ({
			...one,
			floor: Math.max(one.floor, one.newest - lookBackMs),
		})),
	},
	{
		name: 'forgets open payments from before the look-back',
		kind: openPayments,
		change: remembering((one) => withRows(one, ({ at }) => at >= one.floor)),
	},
	{
		name: 'watches open payments for only a day',
		kind: openPayments,
		change: remembering((one) =>
			withRows(one, ({ at }) => at >= one.floor || at >= one.newest - DAY),
		),
	},
	{
		name: 'does not read open payments after the first page',
		kind: openPayments,
		change: {
			readNews: (one, wants) =>
				reading.readNews(one, { ...wants, sizes: { ...wants.sizes, openPages: 0 } }),
		},
	},
	{
		name: 'moves on from rows that it has not emitted yet',
		kind: cutShort,
		change: {
			advance: (begun, poll) => ({
				state: cursor.advance(begun, { ...poll, maxEvents: Infinity }).state,
				events: cursor.advance(begun, poll).events,
			}),
		},
	},
	{
		name: 'accepts a page that does not continue the list',
		kind: shrinking,
		change: {
			readNews: (one, wants) =>
				misled(reading.readNews(one, wants), (answer, earlier) => {
					const last = earlier.at(-1)?.activity ?? [];
					const isContinued = answer.activity.some(({ id }) => last.some((row) => row.id === id));
					const shared = isContinued ? [] : last.slice(-1);
					return { ...answer, activity: [...shared, ...answer.activity] };
				}),
		},
	},
	{
		name: 'treats an empty page as the end of the list',
		kind: empty,
		change: {
			readNews: (one, wants) =>
				misled(reading.readNews(one, wants), (answer, earlier) => {
					const isOver = earlier.some(({ activity }) => activity.length === 0);
					const last = earlier.at(-1)?.activity.slice(-1) ?? [];
					const isEmpty = answer.activity.length === 0 || isOver;
					return isEmpty ? { activity: last, hasNextPage: false } : answer;
				}),
		},
	},
	{
		name: 'leaves what comes above a known payment for later, whatever its time',
		kind: shuffledTies,
		change: {
			readNews: (one, wants) =>
				misled(reading.readNews(one, wants), (answer, earlier) => {
					const ids = new Set(earlier.flatMap(({ activity }) => activity.map(({ id }) => id)));
					const start = Math.max(
						0,
						answer.activity.findIndex(({ id }) => ids.has(id)),
					);
					return { ...answer, activity: answer.activity.slice(start) };
				}),
		},
	},
	{
		name: 'drops the rows of a page that are newer than the one above',
		kind: upsideDown,
		change: {
			readNews: (one, wants) =>
				misled(reading.readNews(one, wants), ({ activity, ...answer }) => {
					const isNewer = ({ timestamp }: Activity, i: number) =>
						Number(timestamp) > Number(activity[i - 1]?.timestamp ?? Infinity);
					return { ...answer, activity: activity.filter((row, i) => !isNewer(row, i)) };
				}),
		},
	},
	{
		name: 'always trusts the count',
		kind: pruned,
		change: { readNews: (one, wants) => reading.readNews({ ...one, asOf: Infinity }, wants) },
	},
	{
		name: 'reports a backlog as read completely too early',
		kind: cutShort,
		change: {
			readNews: (one, wants) =>
				changed(reading.readNews(one, wants), (read) => ({ ...read, isWhole: true })),
		},
	},
	{
		name: 'reads a baseline without the look-back',
		kind: newBaselines,
		change: { readBaseline: (wants) => reading.readBaseline({ ...wants, lookBackMs: 0 }) },
	},
	{
		name: 'forgets the position of an agent that was not read',
		kind: hurried,
		change: remembering((one, id, poll) => (poll.readings.has(id) ? one : null)),
	},
	{
		name: 'forgets an agent that is missing from a list',
		kind: comingAndGoing,
		change: { advance: (begun, poll) => cursor.advance(begun, { ...poll, missing: [] }) },
	},
	{
		name: 'emits all payments of a newly chosen agent',
		kind: newBaselines,
		change: {
			startOf: (begun, id, createdAt, settings) =>
				cursor.startOf(begun, id, createdAt, settings) ??
				(begun ? { newest: 0, floor: 0, asOf: 0, rows: new Map() } : null),
		},
	},
	{
		name: 'reads a baseline for a new agent',
		kind: comingAndGoing,
		change: {
			startOf: (begun, id, _, settings) => cursor.startOf(begun, id, -Infinity, settings),
		},
	},
	{
		name: 'treats an agent that was missing from the first list as new',
		kind: hurried,
		change: {
			startOf: (begun, id, _, settings) => cursor.startOf(begun, id, Infinity, settings),
		},
	},
	{
		name: 'applies only the changed filter to earlier payments',
		kind: filters,
		change: {
			beginWith: (stored, filter, process) =>
				withoutFilters(cursor.beginWith(stored, filter, process)),
		},
	},
	{
		name: 'drops the earlier filter before it has read everything the filter applies to',
		kind: filters,
		change: remembering((one) => ({ ...one, filter: undefined })),
	},
	{
		name: 'emits the newest first',
		kind: payments,
		change: {
			advance: (begun, poll) => {
				const { state: next, events } = cursor.advance(begun, poll);
				return { state: next, events: events.reverse() };
			},
		},
	},
	{
		name: 'remembers only the last status of a row',
		kind: lagging,
		change: {
			writeState: (whole, mostBytes) => {
				const last = (row: state.KnownRow) => ({ ...row, statuses: row.statuses.slice(-1) });
				const shorten = (one: AgentCursor | null) =>
					one && { ...one, rows: new Map([...one.rows].map(([key, row]) => [key, last(row)])) };
				const agents = new Map([...whole.agents].map(([id, one]) => [id, shorten(one)]));
				return state.writeState({ ...whole, agents }, mostBytes);
			},
		},
	},
	{
		name: 'repeats nothing after a restart',
		kind: restarts,
		change: { beginWith: (stored, filter) => cursor.beginWith(stored, filter, undefined) },
	},
	{
		name: 'repeats the last batch at every poll',
		kind: restarts,
		change: {
			beginWith: (stored, filter, process) =>
				cursor.beginWith(stored, filter, process && `${process} again`),
		},
	},
	{
		name: 'repeats the last batch of an agent that has had a new baseline since',
		kind: restarts,
		change: {
			advance: (begun, poll) => {
				const { state: next, events } = cursor.advance(begun, poll);
				const lost = begun.state?.lastBatch;
				const kept: TriggerState['lastBatch'] =
					lost && next.lastBatch && events.length === 0 ? lost : next.lastBatch;
				return { state: { ...next, lastBatch: kept ?? lost }, events };
			},
		},
	},
	{
		name: 'takes the baseline of a workflow that was published during an outage after it',
		kind: away,
		change: { waitsSince: (_state, _id, now) => now },
	},
	{
		name: 'counts what came since publishing as part of the baseline',
		kind: away,
		change: { readBaseline: ({ until: _, ...wants }) => reading.readBaseline(wants) },
	},
	{
		name: 'waits anew since the last publishing',
		kind: away,
		change: {
			unreadState: (_, chosen, settings) => cursor.unreadState(undefined, chosen, settings),
		},
	},
	{
		name: 'forgets a filter that was changed during an outage',
		kind: changedWhileAway,
		change: {
			unreadState: (before, chosen, settings) => {
				const { earlier: _, ...unread } = cursor.unreadState(before, chosen, settings);
				return unread;
			},
		},
	},
	{
		name: 'changes nothing at a publishing during an outage if it has a position',
		kind: { ...changedWhileAway, isAway: false },
		change: {
			unreadState: (before, chosen, settings) =>
				before && !before.isUnread ? before : cursor.unreadState(before, chosen, settings),
		},
	},
	{
		name: 'applies only the changed filter to what came during an outage',
		kind: changedWhileAway,
		change: { condensed: (baseline) => cursor.condensed(baseline) },
	},
	{
		name: 'forgets one of two rows with the same time to save space, and emits it again',
		change: {
			writeState: (whole, mostBytes) => {
				const { json, shortened } = state.writeState(whole, mostBytes);
				const stored = JSON.parse(json) as state.StoredState;
				for (const id of shortened) {
					const one = stored.agents[id];
					if (one) one.floor += 1;
				}
				return { json: JSON.stringify(stored), shortened };
			},
		},
		kind: { ...payments, mostBytes: TIGHT_BYTES },
	},
];
