import { describe, expect, it } from '@jest/globals';

import * as cursor from '../../nodes/Ampersend/trigger/cursor';
import * as reading from '../../nodes/Ampersend/trigger/reading';
import type { Pages } from '../../nodes/Ampersend/trigger/reading';
import * as state from '../../nodes/Ampersend/trigger/state';
import type { AgentCursor, TriggerState } from '../../nodes/Ampersend/trigger/state';
import { Broken, play, type Trigger } from './model/history.mts';

const trigger: Trigger = {
	advance: cursor.advance,
	beginWith: cursor.beginWith,
	startOf: cursor.startOf,
	readBaseline: reading.readBaseline,
	readNews: reading.readNews,
	readState: state.readState,
	writeState: state.writeState,
};

/** `npm run proof` plays more. */
const histories = Number(process.env.AMPERSEND_HISTORIES ?? 1_500);

/** Printed with what broke; given again, it plays the same histories. */
const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);

/** So few bytes that the state of most histories does not fit. */
const TIGHT_BYTES = 1_500;

/** A mutant that survives so many histories is a gap of the model. */
const MOST_HISTORIES = 20_000;

const MINUTE_MS = 60_000;

describe(`any history (AMPERSEND_SEED=${seed})`, () => {
	it(
		'loses nothing, repeats nothing and keeps the order',
		() => {
			const { polls, events } = play(trigger, { histories, seed, shrinks: true });
			console.info(`seed ${seed}: ${histories} histories, ${polls} polls, ${events} events`);
			// The histories are no idle ones.
			expect(events).toBeGreaterThan(histories);
			expect(polls).toBeGreaterThan(histories);
		},
		30 * MINUTE_MS,
	);

	it(
		'repeats nothing where the state has no room for all of it',
		() => {
			const game = { histories: Math.ceil(histories / 5), seed, mostBytes: TIGHT_BYTES };
			expect(play(trigger, { ...game, shrinks: true }).events).toBeGreaterThan(game.histories);
		},
		30 * MINUTE_MS,
	);
});

/** What a reading gives, changed. */
function* changed<Result>(
	pages: Pages<Result>,
	change: (result: Result) => Result,
): Pages<Result> {
	return change(yield* pages);
}

type Answer = reading.PageAnswer;

/** A reading that gets other answers than the service gave. */
function* misled<Result>(
	pages: Pages<Result>,
	mislead: (answer: Answer, earlier: Answer[]) => Answer,
): Pages<Result> {
	const earlier: Answer[] = [];
	for (let step = pages.next(); ; ) {
		if (step.done) return step.value;
		const answer = yield step.value;
		step = pages.next(answer && mislead(answer, earlier));
		if (answer) earlier.push(answer);
	}
}

type Change = (one: AgentCursor, id: string, poll: cursor.Poll) => AgentCursor | null;

/** A trigger that remembers other cursors than it should. */
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

const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;

interface Mutant {
	name: string;
	change: Partial<Trigger>;
	mostBytes?: number;
}

/** Each is a trigger with one defect. */
const mutants: Mutant[] = [
	{
		name: 'takes rows that share the time of the newest for emitted',
		change: {
			readNews: (one, wants) =>
				changed(reading.readNews(one, wants), (read) => ({
					...read,
					rows: read.rows.filter(({ key, at }) => at !== one.newest || one.rows.has(key)),
				})),
		},
	},
	{
		name: 'ignores changes of status',
		change: {
			readNews: (one, wants) =>
				changed(reading.readNews(one, wants), (read) => ({
					...read,
					rows: read.rows.filter(({ key, row }) => {
						const known = one.rows.get(key);
						return !known || known.statuses.includes(row.status);
					}),
				})),
		},
	},
	{
		name: 'reads to just above the floor',
		change: { readNews: (one, wants) => reading.readNews({ ...one, floor: one.floor + 1 }, wants) },
	},
	{
		name: 'forgets the rows at the floor',
		change: remembering((one) => withRows(one, ({ at }) => at !== one.floor)),
	},
	{
		name: 'has no look-back',
		change: { advance: (begun, poll) => cursor.advance(begun, { ...poll, lookBackMs: 0 }) },
	},
	{
		name: 'moves the floor to the newest row of all pages, not of the first',
		change: {
			readNews: (one, wants) =>
				changed(reading.readNews(one, wants), (read) => ({
					...read,
					asOf: Math.max(read.asOf, ...read.rows.map(({ at }) => at)),
				})),
			advance: (begun, poll) => {
				const { state: next, events } = cursor.advance(begun, poll);
				const move = (one: AgentCursor | null) =>
					one && { ...one, floor: Math.max(one.floor, one.newest - poll.lookBackMs) };
				const agents = new Map([...next.agents].map(([id, one]) => [id, move(one)]));
				return { state: { ...next, agents }, events };
			},
		},
	},
	{
		name: 'forgets open payments behind the look-back',
		change: remembering((one) => withRows(one, ({ at }) => at >= one.floor)),
	},
	{
		name: 'watches open payments for a day only',
		change: remembering((one) =>
			withRows(one, ({ at }) => at >= one.floor || at >= one.newest - WEEK_MS / 7),
		),
	},
	{
		name: 'does not look at open payments behind the first page',
		change: {
			readNews: (one, wants) =>
				reading.readNews(one, { ...wants, sizes: { ...wants.sizes, openPages: 0 } }),
		},
	},
	{
		name: 'moves on from rows that it has not emitted yet',
		change: {
			advance: (begun, poll) => ({
				state: cursor.advance(begun, { ...poll, mostEvents: Infinity }).state,
				events: cursor.advance(begun, poll).events,
			}),
		},
	},
	{
		name: 'believes a page that does not continue the list',
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
		name: 'takes an empty page for the end of the list',
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
		name: 'always believes the count',
		change: { readNews: (one, wants) => reading.readNews({ ...one, asOf: Infinity }, wants) },
	},
	{
		name: 'calls a backlog read whole before it is',
		change: {
			readNews: (one, wants) =>
				changed(reading.readNews(one, wants), (read) => ({ ...read, isWhole: true })),
		},
	},
	{
		name: 'gives a baseline without the look-back',
		change: { readBaseline: (wants) => reading.readBaseline({ ...wants, lookBackMs: 0 }) },
	},
	{
		name: 'forgets the place of an agent that was not read',
		change: remembering((one, id, poll) => (poll.readings.has(id) ? one : null)),
	},
	{
		name: 'forgets an agent that a list leaves out',
		change: { advance: (begun, poll) => cursor.advance(begun, { ...poll, missing: [] }) },
	},
	{
		name: 'emits an agent from its beginning when it is newly chosen',
		change: {
			startOf: (begun, id, createdAt, settings) =>
				cursor.startOf(begun, id, createdAt, settings) ??
				(begun ? { newest: 0, floor: 0, asOf: 0, rows: new Map() } : null),
		},
	},
	{
		name: 'gives a new agent a baseline',
		change: {
			startOf: (begun, id, _, settings) => cursor.startOf(begun, id, -Infinity, settings),
		},
	},
	{
		name: 'takes an agent that the first list left out for a new one',
		change: {
			startOf: (begun, id, _, settings) => cursor.startOf(begun, id, Infinity, settings),
		},
	},
	{
		name: 'filters what was there before by the changed filter only',
		change: {
			beginWith: (stored, filter, process) =>
				withoutFilters(cursor.beginWith(stored, filter, process)),
		},
	},
	{
		name: 'drops the earlier filter before all that it applies to was read',
		change: remembering((one) => ({ ...one, filter: undefined })),
	},
	{
		name: 'emits the newest first',
		change: {
			advance: (begun, poll) => {
				const { state: next, events } = cursor.advance(begun, poll);
				return { state: next, events: events.reverse() };
			},
		},
	},
	{
		name: 'remembers the last status of a row only',
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
		change: { beginWith: (stored, filter) => cursor.beginWith(stored, filter, undefined) },
	},
	{
		name: 'repeats the last batch at every poll',
		change: {
			beginWith: (stored, filter, process) =>
				cursor.beginWith(stored, filter, process && `${process} again`),
		},
	},
	{
		name: 'repeats the last batch of an agent that has a new baseline since',
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
		name: 'forgets one of two rows of one time for want of room, and takes it for new',
		change: {
			writeState: (whole, mostBytes) => {
				const { stored, shortened } = state.writeState(whole, mostBytes);
				for (const id of shortened) {
					const one = stored.agents[id];
					if (one) one.floor += 1;
				}
				return { stored, shortened };
			},
		},
		mostBytes: TIGHT_BYTES,
	},
];

describe('a trigger that', () => {
	it.each(mutants)(
		'$name breaks a promise',
		({ change, mostBytes }) => {
			const game = { histories: MOST_HISTORIES, seed, shrinks: false };
			let broken: unknown;
			try {
				play({ ...trigger, ...change }, { ...game, ...(mostBytes !== undefined && { mostBytes }) });
			} catch (error) {
				broken = (error as Error).cause;
			}
			expect(broken).toBeInstanceOf(Broken);
		},
		10 * MINUTE_MS,
	);
});
