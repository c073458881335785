import { divide, type Division, type WireRow } from '../trigger/list.mts';

/** A number for each text and seed, the same at each run. */
function placeOf(id: string, seed: number): number {
	let hash = Math.imul(seed + 1, 0x9e3779b1);
	for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x85ebca6b);
	return (hash ^ (hash >>> 15)) >>> 0;
}

const byId = (one: WireRow, other: WireRow) => (one.id < other.id ? -1 : 1);

/** The rows in an order that depends on the seed only. */
function mixed(rows: WireRow[], seed: number): WireRow[] {
	return rows
		.map((row) => ({ row, place: placeOf(row.id, seed) }))
		.sort((one, other) => one.place - other.place)
		.map(({ row }) => row);
}

/** Sorts by time alone: rows of the same moment come in an order that depends on `seed`. */
const sortedBy =
	(seed: (request: { number: number; limit: number }) => number): Division =>
	(rows, request) => {
		const sorted = mixed(rows, seed(request)).sort(
			(one, other) => Number(other.timestamp) - Number(one.timestamp),
		);
		return divide(sorted, request);
	};

/** Another order of the rows within each page. */
const within =
	(sort: (page: WireRow[], number: number) => WireRow[], pages: Division = divide): Division =>
	(rows, request) => {
		const page = pages(rows, request);
		return { ...page, activity: sort(page.activity ?? [], request.number) };
	};

/** A new order in each answer. */
const eachTime = sortedBy(({ number }) => number);

/** How services order payments that a list by time doesn't. */
export const orders: Array<[string, Division]> = [
	['payments of one moment in a new order in each answer', eachTime],
	['payments of one moment in another order for each page size', sortedBy(({ limit }) => limit)],
	['the rows of a page by id', within((page) => page.toSorted(byId))],
	['the oldest row of each page first', within((page) => page.toReversed())],
	['the rows of a page in a new order in each answer', within(mixed)],
	['both in a new order in each answer', within(mixed, eachTime)],
];
