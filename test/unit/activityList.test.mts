import { describe, expect, it } from '@jest/globals';

import { readPage, type PageAnswer, type PageRequest } from '../../nodes/Ampersend/api/lists/pages';
import { PassingStretch, Stretch } from '../../nodes/Ampersend/api/lists/stretch';
import { readFromTop } from '../../nodes/Ampersend/api/lists/walk';
import type { Activity } from '../../nodes/Ampersend/schemas/activity';

const agent = `0x${'a'.repeat(40)}`;
const T0 = Date.UTC(2026, 10, 15, 12);

const rowOf = (number: number): Activity => ({
	id: String(number),
	type: 'spend',
	agent_address: agent,
	receiver: agent,
	amount: '1',
	status: 'settled',
	timestamp: String(T0 + number),
	tx_hash: null,
	chain_caip2id: null,
});

/** Rows from `newest` down to `oldest`. */
const rowsOf = (newest: number, oldest: number) =>
	Array.from({ length: newest - oldest + 1 }, (_, i) => rowOf(newest - i));

const numbersOf = (newest: number, oldest: number) =>
	Array.from({ length: newest - oldest + 1 }, (_, i) => newest - i);

interface List {
	rows: Activity[];
	/** Runs before each request; requests count from 1. */
	before?: (rows: Activity[], request: number) => Activity[];
	/** Maximum rows per page. */
	cap?: number;
	change?: (answer: PageAnswer, request: PageRequest) => PageAnswer;
}

/** Reads the whole list, or down to `from`. */
function read({ rows, before, cap = 200, change }: List, from = -Infinity) {
	let list = rows;
	const stretch = new Stretch();
	const pages = readFromTop(stretch, () => stretch.isBehind(from));
	let requests = 0;
	for (let step = pages.next(); !step.done; ) {
		requests++;
		list = before?.(list, requests) ?? list;
		const limit = Math.min(cap, step.value.limit);
		const start = (step.value.page - 1) * limit;
		const activity = list.slice(start, start + limit);
		const answer = {
			activity,
			hasNextPage: start + limit < list.length,
			totalCount: list.length,
		};
		step = pages.next(change?.(answer, step.value) ?? answer);
	}
	return { numbers: stretch.newestFirst.map(({ wire }) => Number(wire.id)), requests };
}

describe('A list that is read from its top', () => {
	it('is read with one request for each page', () => {
		const { numbers, requests } = read({ rows: rowsOf(1000, 1) });
		expect(numbers).toEqual(numbersOf(1000, 1));
		expect(requests).toBe(6);
	});

	it('is read no further than asked for', () => {
		const { numbers, requests } = read({ rows: rowsOf(1000, 1) }, T0 + 801);
		expect(numbers).toEqual(numbersOf(1000, 605));
		expect(requests).toBe(2);
	});

	it.each([20, 100, 199])('is read completely if a page has at most %d rows', (cap) => {
		expect(read({ rows: rowsOf(1000, 1), cap }).numbers).toEqual(numbersOf(1000, 1));
	});

	it.each<[string, Partial<PageAnswer>]>([
		['is missing', { totalCount: undefined }],
		['is that of the page', { totalCount: 200 }],
		['is 0', { totalCount: 0 }],
	])('is read completely if its count %s', (_, wrong) => {
		const change = (answer: PageAnswer) => ({ ...answer, ...wrong });
		expect(read({ rows: rowsOf(1000, 1), change }).numbers).toEqual(numbersOf(1000, 1));
	});

	it.each([true, false])('is read completely if hasNextPage is always %p', (says) => {
		const change = (answer: PageAnswer) => ({ ...answer, hasNextPage: says });
		expect(read({ rows: rowsOf(1000, 1), change }).numbers).toEqual(numbersOf(1000, 1));
	});

	it.each([1, 50, 199, 200, 350])('has no gap if %d rows are added before each page', (added) => {
		let newest = 1000;
		const { numbers } = read({
			rows: rowsOf(1000, 1),
			before: (rows, request) => {
				if (request === 1 || request > 6) return rows;
				newest += added;
				return [...rowsOf(newest, newest - added + 1), ...rows];
			},
		});
		expect(numbers).toEqual(numbersOf(1000, 1));
	});

	it.each([1, 40, 120])('has no gap if %d rows that were read are removed meanwhile', (removed) => {
		const { numbers } = read({
			rows: rowsOf(1000, 1),
			before: (rows, request) => (request === 3 ? rows.slice(removed) : rows),
		});
		expect(numbers).toEqual(numbersOf(1000, 1));
	});

	it.each([198, 199, 200, 201, 397, 398, 399, 400, 401, 598, 600])(
		'has no gap if the list ends near the end of a page, and rows are removed: %d rows',
		(length) => {
			for (const removed of [1, 2, 3, 40]) {
				for (const at of [2, 3, 4, 5]) {
					const { numbers } = read({
						rows: rowsOf(length, 1),
						before: (rows, request) => (request === at ? rows.slice(removed) : rows),
					});
					expect(numbers).toEqual(numbersOf(length, 1));
				}
			}
		},
	);

	it('fails with the reason if it never stops changing', () => {
		const replace = (_: Activity[], request: number) =>
			rowsOf(10_000 * request + 999, 10_000 * request);
		expect(() => read({ rows: [], before: replace })).toThrow(
			'changes its list faster than it can be read',
		);
	});

	it('fails with the reason if every request adds more rows than a page has', () => {
		const add = (rows: Activity[], request: number) => [
			...rowsOf(1000 + 400 * request, 1001 + 400 * (request - 1)),
			...rows,
		];
		expect(() => read({ rows: rowsOf(1000, 1), before: add })).toThrow(
			'changes its list faster than it can be read',
		);
	});

	it('fails with the reason if every page is the same', () => {
		const change = (): PageAnswer => ({ activity: rowsOf(200, 1), hasNextPage: true });
		expect(() => read({ rows: [], change })).toThrow(
			'returns the same rows again, whatever "page" asks for',
		);
	});

	it('fails with the reason if hasNextPage is true after an empty page', () => {
		const change = (): PageAnswer => ({ activity: [], hasNextPage: true });
		expect(() => read({ rows: [], change })).toThrow('after an empty page');
	});

	it('is empty after one request if the service says so', () => {
		expect(read({ rows: [] })).toEqual({ numbers: [], requests: 1 });
	});
});

describe('the end of a stretch', () => {
	it.each([
		['keeps its rows', Stretch],
		['hands its rows over', PassingStretch],
	])('counts all rows of its time, also those that others have pushed away: %s', (_, Kind) => {
		const ofMoment = rowsOf(5, 0).map((row) => ({ ...row, timestamp: String(T0) }));
		const [, ...fewer] = ofMoment.toReversed();
		const pageOf = (activity: Activity[]) =>
			readPage({ page: 1, limit: 30 }, { activity, hasNextPage: true, totalCount: 99 });
		const stretch = new Kind();
		const add = (activity: Activity[]) => {
			expect(stretch.add(pageOf(activity))).toBe(true);
			if (stretch instanceof PassingStretch) stretch.takeAdded();
			return stretch.end;
		};

		expect(add([...ofMoment, rowOf(-1)])).toEqual({ at: T0 - 1, count: 1 });
		expect(add([...rowsOf(30, 6), ...fewer.toReversed()])).toEqual({ at: T0, count: 6 });
		expect(add([...ofMoment.slice(3), rowOf(-1)])).toEqual({ at: T0 - 1, count: 1 });
		expect(add([...rowsOf(80, 53), ofMoment[5]!])).toEqual({ at: T0, count: 6 });
	});
});
