import { describe, expect, it } from '@jest/globals';

import { Broken, play } from './model/history.mts';
import { loadCursor, smallPages, type Edit } from './model/load.mts';

/** `npm run proof` plays more. */
const histories = Number(process.env.AMPERSEND_HISTORIES ?? 1_500);

/** So few bytes that the state of most histories does not fit. */
const TIGHT_BYTES = 900;

/** A mutant that survives so many histories is a gap of the model. */
const MOST_HISTORIES = 20_000;

const MINUTE_MS = 60_000;

describe('any history', () => {
	it(
		'is told without loss, without repetition and in order',
		() => {
			const { polls, events } = play(loadCursor(smallPages), { histories, shrinks: true });
			console.info(`${histories} histories: ${polls} polls, ${events} events`);
			// The histories are no idle ones.
			expect(events).toBeGreaterThan(histories);
			expect(polls).toBeGreaterThan(histories);
		},
		30 * MINUTE_MS,
	);

	it(
		'is told without repetition where the state has no room for all of it',
		() => {
			const game = { histories: Math.ceil(histories / 5), mostBytes: TIGHT_BYTES, shrinks: true };
			expect(play(loadCursor(smallPages), game).events).toBeGreaterThan(game.histories);
		},
		30 * MINUTE_MS,
	);
});

interface Mutant extends Edit {
	name: string;
	mostBytes?: number;
}

const mutants: Mutant[] = [
	{
		name: 'takes rows that share the time of the newest for told of',
		file: 'cursor.ts',
		from: 'if (seen ? seen.statuses.includes(row.status) : at < cursor.floor) return [];',
		to: 'if (seen ? seen.statuses.includes(row.status) : at <= cursor.newest) return [];',
	},
	{
		name: 'takes no notice of a status that changes',
		file: 'cursor.ts',
		from: 'if (seen ? seen.statuses.includes(row.status) : at < cursor.floor) return [];',
		to: 'if (seen || at < cursor.floor) return [];',
	},
	{
		name: 'reads to just before the edge of the look-back',
		file: 'reading.ts',
		from: 'if (this.inOrder) return this.oldest < time;',
		to: 'if (this.inOrder) return this.oldest <= time;',
	},
	{
		name: 'forgets the rows at the edge of the look-back',
		file: 'cursor.ts',
		from: '([, row]) => row.at >= cursor.floor ||',
		to: '([, row]) => row.at > cursor.floor ||',
	},
	{
		name: 'has no look-back',
		file: 'cursor.ts',
		from: 'floor: Math.max(cursor.floor, newest - lookBackMs),',
		to: 'floor: Math.max(cursor.floor, newest),',
	},
	{
		name: 'forgets open rows behind the look-back',
		file: 'cursor.ts',
		from: '|| (isOpen(row) && row.at >= since),',
		to: '|| (isOpen(row) && row.at > Infinity + since),',
	},
	{
		name: 'does not look at open rows behind the first page',
		file: 'reading.ts',
		from: 'isOpen(row) && row.at >= watchedSince(cursor) && !read.has(key);',
		to: 'isOpen(row) && row.at > Infinity && !read.has(key);',
	},
	{
		name: 'moves on to rows that it has not told of yet',
		file: 'cursor.ts',
		from: 'return { events, told: candidates.slice(0, end), left: candidates.slice(end) };',
		to: 'return { events, told: candidates, left: candidates.slice(end, end) };',
	},
	{
		name: 'counts rows as told of that are left for the next poll',
		file: 'cursor.ts',
		from: 'total - left.filter(({ isNew }) => isNew).length,',
		to: 'total,',
	},
	{
		name: 'forgets the place of an agent that could not be read',
		file: 'cursor.ts',
		from: 'if (!reading) return [key, start];',
		to: 'if (!reading) return [key, null];',
	},
	{
		name: 'forgets an agent that a list leaves out',
		file: 'cursor.ts',
		from: 'return cursor ? [[key, { ...judged(cursor), vanished: true }]] : [];',
		to: 'return cursor?.vanished ? [[key, cursor]] : [];',
	},
	{
		name: 'tells of an agent from its beginning when it is newly chosen',
		file: 'cursor.ts',
		from: "if (state?.scope === 'all' && scope === 'all') return BEGINNING;",
		to: 'if (state) return BEGINNING;',
	},
	{
		name: 'gives an agent that has appeared a baseline',
		file: 'cursor.ts',
		from: "if (state?.scope === 'all' && scope === 'all') return BEGINNING;",
		to: '',
	},
	{
		name: 'judges what was there before by a changed filter only',
		file: 'cursor.ts',
		from: '({ ...cursor, filter: cursor.filter ?? oldFilter });',
		to: '({ ...cursor, filter: oldFilter === -1 ? oldFilter : undefined });',
	},
	{
		name: 'forgets the old filter before all that it holds for was read',
		file: 'cursor.ts',
		from: 'filter: isWhole ? undefined : cursor.filter,',
		to: 'filter: isWhole ? undefined : undefined,',
	},
	{
		name: 'tells the newest first',
		file: 'cursor.ts',
		from: 'one.at - other.at || one.read.ordinal - other.read.ordinal',
		to: 'other.at - one.at || one.read.ordinal - other.read.ordinal',
	},
	{
		name: 'takes no notice of rows that are added while a backlog is read',
		file: 'reading.ts',
		from: 'left = Math.max(0, left + answer.totalCount - total);',
		to: 'left = Math.max(0, left);',
	},
	{
		name: 'takes no notice of late rows while a backlog is read',
		file: 'reading.ts',
		from: 'if ((isLate || known > late) && soughtAt !== total) {',
		to: 'if ((isLate || known > late) && soughtAt === -1) {',
	},
	{
		name: 'ends with the first page',
		file: 'reading.ts',
		from: 'if (descent.isAtEnd(answer, firstTotal === null ? floor : undefined)) return descent.reading(firstTotal);',
		to: 'return descent.reading(firstTotal);',
	},
	{
		name: 'calls a backlog read before it is',
		file: 'reading.ts',
		from: 'total: total - left,',
		to: 'total,',
	},
	{
		name: 'takes a baseline without the rows of the look-back',
		file: 'reading.ts',
		from: 'const floor = Math.max(0, newest - lookBackMs);',
		to: 'const floor = Math.max(0, newest - lookBackMs * 0);',
	},
	{
		name: 'forgets the statuses of a row in storing it',
		file: 'cursor-state.ts',
		from: "statuses: indexes.map((index) => statuses[index] ?? ''),",
		to: "statuses: indexes.slice(0, 0).map((index) => statuses[index] ?? ''),",
	},
	{
		name: 'forgets one of two rows of one time for want of room, and takes it for new',
		file: 'cursor-state.ts',
		from: '.map(([, { at }]) => at + 1);',
		to: '.map(([, { at }]) => at);',
		mostBytes: TIGHT_BYTES,
	},
];

describe('a cursor that', () => {
	it.each(mutants)(
		'$name breaks a promise',
		({ file, from, to, mostBytes }) => {
			const mutant = loadCursor([...smallPages, { file, from, to }]);
			let broken: unknown;
			try {
				play(mutant, { histories: MOST_HISTORIES, shrinks: false, ...(mostBytes !== undefined && { mostBytes }) });
			} catch (error) {
				broken = (error as Error).cause;
			}
			expect(broken).toBeInstanceOf(Broken);
		},
		10 * MINUTE_MS,
	);
});
