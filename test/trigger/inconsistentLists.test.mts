import { describe, expect, it } from '@jest/globals';

import {
	divide,
	expectEach,
	expectInOrder,
	itemsOf,
	mostRequests,
	named,
	pollUntilQuiet,
	useLists,
	type Division,
	type Meanwhile,
	type Request,
	type ScriptedList,
	type WireRow,
} from './list.mts';
import { MINUTE, SECOND, t0, upTo, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated } = service;

const HOUR = 60 * MINUTE;

/**
 * The most requests of one poll: the first page, a search for the place to begin, and five pages
 * for each stretch of 370 rows; one stretch can be read twice.
 * @param read rows down to the floor of the look-back
 * @param all rows of the list
 */
function bound(read: number, all: number, page = 200): number {
	const stretches = Math.ceil(read / 370) + 1;
	return 1 + 2 * Math.ceil(Math.log2(all / page + 1)) + stretches * (Math.ceil(370 / page) + 3);
}

const lagging =
	(rows: number, isLagging: (number: number) => boolean): Division =>
	(all, request) =>
		divide(isLagging(request.number) ? all.slice(rows) : all, request);

/** @param at of the newest of them */
const arrive = (list: ScriptedList, count: number, at = t0 + HOUR) =>
	list.addMany('new', count, at, SECOND);

interface Service {
	/** Rows that exist at publishing. */
	old: number;
	/** Between two of them, in ms. */
	everyMs?: number;
	/** How many arrive then. */
	arrive: number;
	/** What else happens meanwhile. */
	then?: (list: ScriptedList) => void;
	/** Before each answer after publishing. */
	meanwhile?: Meanwhile;
	division?: Division;
}

const hostile: Array<[string, Service]> = [
	[
		'deletes the oldest row while 21 arrive',
		{ old: 60, arrive: 21, then: (list) => list.prune(1) },
	],
	['deletes an old row while 21 arrive', { old: 60, arrive: 21, then: (list) => list.remove(50) }],
	[
		'deletes the newest row while 21 arrive',
		{ old: 60, arrive: 21, then: (list) => list.remove(21) },
	],
	['prunes 280 rows while 300 arrive', { old: 300, arrive: 300, then: (list) => list.prune(280) }],
	[
		'prunes 1,000 rows while 1,500 arrive',
		{ old: 1200, arrive: 1500, then: (list) => list.prune(1000) },
	],
	[
		'prunes all old rows while 1,500 arrive',
		{ old: 1200, arrive: 1500, then: (list) => list.prune(1200) },
	],
	...[1, 2, 3, 4, 5, 6, 7].map((number): [string, Service] => [
		`prunes 300 rows before answer ${number} while a backlog of 1,000 is read`,
		{
			old: 400,
			arrive: 1000,
			meanwhile: (list, request) => void (request.number === number && list.prune(300)),
		},
	]),
	[
		'prunes 40 rows before each of ten answers while a backlog of 1,000 is read',
		{
			old: 400,
			arrive: 1000,
			meanwhile: (list, { number }) => void (number <= 10 && list.prune(40)),
		},
	],
	...[5, 25, 300].map((count): [string, Service] => [
		`counts five too few, with ${count} new rows after two hours`,
		{
			old: 500,
			everyMs: 10 * SECOND,
			arrive: count,
			division: (rows, request) => ({ ...divide(rows, request), totalCount: rows.length - 5 }),
		},
	]),
	...[2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e22, -1].map((totalCount): [string, Service] => [
		`counts ${totalCount}, with 900 new rows`,
		{
			old: 60,
			arrive: 900,
			division: (rows, request) => ({ ...divide(rows, request), totalCount }),
		},
	]),
	[
		'says that there is no next page although there is one, with 504 new rows',
		{
			old: 60,
			arrive: 504,
			division: (rows, request) => ({ ...divide(rows, request), hasNextPage: false }),
		},
	],
	...[
		['the one 20 rows behind first', 0],
		['the other first', 1],
	].map(([which, first]): [string, Service] => [
		`answers from two replicas in turn, ${which}, with 1,000 new rows`,
		{
			old: 60,
			arrive: 1000,
			division: lagging(20, (number) => number % 2 === first),
		},
	]),
];

/** Once, before that answer. */
const at =
	(number: number, then: (list: ScriptedList) => void): Meanwhile =>
	(list, request) => {
		if (request.number === number) then(list);
	};

const withCount =
	(count: (rows: WireRow[], request: Request) => number | undefined): Division =>
	(rows, request) => {
		const { totalCount: _, ...page } = divide(rows, request);
		const totalCount = count(rows, request);
		return { ...page, ...(totalCount !== undefined && { totalCount }) };
	};

/** The same numbers at each run. */
function* numbers(seed: number): Generator<number, never> {
	for (let state = seed; ; ) {
		state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
		yield state / 2 ** 31;
	}
}

/** Fewer rows than requested; the next page begins where this one ends. */
const capped =
	(most: number): Division =>
	(rows, { limit, ...request }) =>
		divide(rows, { ...request, limit: Math.min(limit, most) });

/** Fewer rows than requested; the next page begins where this one should have ended. */
const cut =
	(most: number): Division =>
	(rows, { page, limit }) => {
		const from = (page - 1) * limit;
		const activity = rows.slice(from, from + Math.min(limit, most));
		const hasNextPage = from + activity.length < rows.length;
		return { activity, hasNextPage, totalCount: rows.length };
	};

const withoutCount =
	(division: Division): Division =>
	(rows, request) => {
		const { totalCount: _, ...page } = division(rows, request);
		return page;
	};

/** With the most rows of a page. */
const services: Array<[string, Division, number?]> = [
	['no count', withCount(() => undefined)],
	['a count of 0', withCount(() => 0)],
	['a negative count', withCount(() => -7)],
	[
		'a count of the page',
		(rows, request) => {
			const page = divide(rows, request);
			return { ...page, totalCount: page.activity?.length };
		},
	],
	['a count that stands still', withCount(() => 60)],
	['a count far too high', withCount((rows) => rows.length * 50 + 1000)],
	['a random count', withCount((_, { number }) => (number * 7919) % 3001)],
	['a next page always', (rows, request) => ({ ...divide(rows, request), hasNextPage: true })],
	['no next page ever', (rows, request) => ({ ...divide(rows, request), hasNextPage: false })],
	...[100, 50, 37, 20].flatMap(
		(most): Array<[string, Division, number]> => [
			[`pages of ${most} rows at most`, capped(most), most],
			[`pages of ${most} rows at most, no count`, withoutCount(capped(most)), most],
			[`pages cut to ${most} rows`, cut(most), most],
			[`pages cut to ${most} rows, no count`, withoutCount(cut(most)), most],
		],
	),
];

describe.each([SECOND, MINUTE])('with old rows %s ms apart, a service that', (everyMs) => {
	it.each(hostile)('%s: each is emitted once, oldest first', async (_, given) => {
		const list = useLists(service)();
		list.addMany('old', given.old, t0, given.everyMs ?? everyMs);
		const trigger = await activated();
		arrive(list, given.arrive);
		given.then?.(list);
		if (given.division) list.division = given.division;
		list.from(given.meanwhile ?? (() => {}));
		const polls = await pollUntilQuiet(service, trigger, { quiet: 4 });
		// The look-back has old rows too.
		const read = given.arrive + Math.min(given.old, (900 * SECOND) / (given.everyMs ?? everyMs));
		expectEach(itemsOf(polls), named('new', given.arrive));
		expectInOrder(itemsOf(polls));
		expect(mostRequests(polls)).toBeLessThanOrEqual(bound(read, given.old + given.arrive));
	});
});

describe.each(services)('a service with %s', (_, division, page = 200) => {
	it.each([
		[1, 25],
		[60, 1],
		[60, 504],
		[450, 900],
	])('behind %s old rows: each of %s new ones is emitted once, in order', async (old, count) => {
		const list = useLists(service)();
		list.addMany('old', old, t0, SECOND);
		list.division = division;
		const trigger = await activated();
		expect(await trigger.poll()).toBeNull();
		arrive(list, count);
		const polls = await pollUntilQuiet(service, trigger);
		expectEach(itemsOf(polls), named('new', count));
		expectInOrder(itemsOf(polls));
		// Without a count each stretch of small pages is read about one and a half times.
		// A wrong count makes it read ahead past the end.
		const most = bound(old + count, old + count, page) + 2;
		expect(mostRequests(polls)).toBeLessThanOrEqual(page < 100 ? 1.5 * most : most);
	});
});

describe('while a backlog of 900 is read', () => {
	const old = 300;
	const count = 900;

	async function read(meanwhile: Meanwhile, division: Division = divide, everyMs = SECOND) {
		const list = useLists(service)();
		list.addMany('old', old, t0, everyMs);
		const trigger = await activated();
		arrive(list, count);
		list.division = division;
		list.from(meanwhile);
		const polls = await pollUntilQuiet(service, trigger, { quiet: 3 });
		list.from(() => {});
		list.division = divide;
		list.add('last', t0 + 2 * HOUR);
		polls.push(...(await pollUntilQuiet(service, trigger)));
		return polls;
	}

	const most = bound(old + count, old + count + 1);

	const places = [0, 200, 899, 1198];
	it.each(upTo(6).flatMap((i) => places.map((place) => [i + 1, place])))(
		'before answer %s row %s is removed: the others are emitted once',
		async (number, place) => {
			const gone: string[] = [];
			const remove = (list: ScriptedList) => gone.push(...list.remove(place).map(({ id }) => id));
			const polls = await read(at(number, remove));
			const ids = [...named('new', count), 'last'].filter((id) => !gone.includes(id));
			expectEach(itemsOf(polls), ids, gone);
			expect(mostRequests(polls)).toBeLessThanOrEqual(most);
		},
	);

	it.each([
		['on top', 0],
		['in the middle', 500],
		['at the end', 1100],
	])('30 rows %s are removed before each of ten answers', async (_, place) => {
		const gone: string[] = [];
		const polls = await read((list, { number }) => {
			if (number <= 10) gone.push(...list.remove(place, 30).map(({ id }) => id));
		});
		const ids = [...named('new', count), 'last'].filter((id) => !gone.includes(id));
		expectEach(itemsOf(polls), ids, gone);
		expect(mostRequests(polls)).toBeLessThanOrEqual(most);
	});

	it.each([1, 50, 200, 300])(
		'%s rows are added on top before each of ten answers',
		async (more) => {
			const polls = await read((list, { number }) => {
				if (number > 10) return;
				list.addMany(`more ${number}`, more, t0 + HOUR + number * SECOND + more, 1);
			});
			const added = upTo(10).flatMap((i) => named(`more ${i + 1}`, more));
			expectEach(itemsOf(polls), [...named('new', count), ...added, 'last']);
			expectInOrder(itemsOf(polls));
			const all = old + count + 10 * more;
			expect(mostRequests(polls)).toBeLessThanOrEqual(bound(all, all));
		},
	);

	it.each([1, 2, 3, 4, 5, 6, 7])('answer %s is empty', async (number) => {
		const polls = await read(
			() => {},
			(rows, request) =>
				request.number === number
					? { activity: [], hasNextPage: false, totalCount: 0 }
					: divide(rows, request),
		);
		expectEach(itemsOf(polls), [...named('new', count), 'last']);
		expectInOrder(itemsOf(polls));
		expect(mostRequests(polls)).toBeLessThanOrEqual(most);
	});

	const numbersAndTimes = upTo(6).flatMap((i) =>
		[SECOND, MINUTE].map((everyMs) => [i + 1, everyMs]),
	);
	it.each(numbersAndTimes)(
		'answer %s comes three times, with old rows %s ms apart',
		async (number, everyMs) => {
			let again: Request | undefined;
			const polls = await read(
				() => {},
				(rows, request) => {
					if (request.number === number) again = request;
					const isAgain = request.number >= number && request.number < number + 3;
					return divide(rows, isAgain && again ? again : request);
				},
				everyMs,
			);
			expectEach(itemsOf(polls), [...named('new', count), 'last']);
			expectInOrder(itemsOf(polls));
			// A first answer of 20 rows that comes again looks like pages of 20 rows at most.
			expect(mostRequests(polls)).toBeLessThanOrEqual(number === 1 ? 90 : most);
		},
	);

	it.each(upTo(4))('two replicas answer in random turn (%s)', async (seed) => {
		const random = numbers(seed + 1);
		const polls = await read(
			() => {},
			lagging(20, () => random.next().value < 0.5),
		);
		expectEach(itemsOf(polls), [...named('new', count), 'last']);
		expect(mostRequests(polls)).toBeLessThanOrEqual(most);
	});

	it.each([1, 2, 3, 4, 5, 6, 7])(
		'late rows come and old ones go before answer %s',
		async (number) => {
			const polls = await read(
				at(number, (list) => {
					for (const i of upTo(10)) list.add(`late ${i}`, t0 + HOUR - i * 80 * SECOND);
					list.prune(250);
				}),
			);
			expectEach(itemsOf(polls), [...named('new', count), ...named('late', 10), 'last']);
			expect(mostRequests(polls)).toBeLessThanOrEqual(most);
		},
	);
});

describe('a service that dates a row by its last change', () => {
	it.each([1, 20, 60, 300])('lets %s settle together with a new one', async (count) => {
		const list = useLists(service)();
		list.addMany('old', 60, t0 - HOUR, SECOND);
		const trigger = await activated();
		list.addMany('open', count, t0, SECOND, 'authorized');
		const opened = await pollUntilQuiet(service, trigger);
		expectEach(itemsOf(opened), named('open', count));
		for (const i of upTo(count)) list.change(`open ${i}`, 'settled', t0 + MINUTE + i);
		list.add('new', t0 + 2 * MINUTE);
		const polls = await pollUntilQuiet(service, trigger);
		const settled = named('open', count).map((id) => `${id}:settled`);
		expectEach(itemsOf(polls), [...settled, 'new:settled']);
		expectInOrder(itemsOf(polls));
		expect(mostRequests(polls)).toBeLessThanOrEqual(8);
	});
});
