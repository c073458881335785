import { sameAddress } from '../../domain/address';
import type { FilterableRow } from '../../domain/filter';
import { readTime } from '../../domain/time';
import type { Activity } from '../../schemas/activity';

/** Maximum rows of activity in one page (SDK, agent-client.ts). */
export const MAX_PAGE_ROWS = 200;

export interface PageRequest {
	/** Counts from 1. */
	page: number;
	/** Maximum rows of the page. */
	limit: number;
	/** Offset that the reading probably goes down to. Only a hint for reading ahead. */
	until?: number | undefined;
}

export interface PageAnswer {
	activity: Activity[];
	hasNextPage: boolean;
	/** How many rows the agent has, if the service reports it. */
	totalCount?: number;
}

export type Pages<Result> = Generator<PageRequest, Result, PageAnswer | undefined>;

/** A row with the values that are read from it once. */
export interface ActivityRow extends FilterableRow {
	wire: Activity;
	/**
	 * Number of rows from the oldest up to this one. Absent if the service's count can't be right.
	 */
	rank?: number | undefined;
}

/** Thrown if the service doesn't list payments as assumed. The message says what it does. */
export class PagingObservation extends Error {
	override readonly name = 'PagingObservation';

	constructor(
		message: string,
		/** Whether the next poll may succeed. */
		readonly isTransient = false,
	) {
		super(message);
	}
}

export function offsetOf({ page, limit }: PageRequest): number {
	return (page - 1) * limit;
}

/**
 * The requests after one, if every page is full and no row is added or removed.
 * @param size maximum rows that the service returns in a page
 * @param total rows of the list
 */
export function* requestsAfter(
	{ page, limit }: PageRequest,
	size: number,
	total: number,
): Generator<PageRequest> {
	for (let next = page * limit; next < total; ) {
		const request = pageAt(Math.max(0, next - 2), size);
		yield request;
		next = request.page * request.limit;
	}
}

/** The page of up to `largest` rows that has the row at `offset` and reaches furthest below it. */
export function pageAt(offset: number, largest: number): PageRequest {
	let best = { page: 1, limit: 0 };
	const smallest = largest - Math.ceil(largest / 2);
	for (let limit = largest; limit > smallest; limit--) {
		const page = Math.floor(offset / limit) + 1;
		if (page * limit > best.page * best.limit) best = { page, limit };
	}
	return best;
}

/** Whether a page has fewer rows than requested. */
export function isShort({ limit }: PageRequest, { activity }: PageAnswer): boolean {
	return activity.length < limit;
}

/** Whether the service reports more rows after a page. */
export function saysMore(request: PageRequest, answer: PageAnswer): boolean {
	const { activity, hasNextPage, totalCount = 0 } = answer;
	return hasNextPage || totalCount > offsetOf(request) + activity.length;
}

/** Whether a page is the last one: it's short, and the service reports no more rows. */
export function isLastPage(request: PageRequest, answer: PageAnswer): boolean {
	return isShort(request, answer) && !saysMore(request, answer);
}

/**
 * Number of rows from the first one of a page to the end of the list; undefined if the service's
 * count can't be right.
 */
export function countFrom(request: PageRequest, answer: PageAnswer): number | undefined {
	const left = (answer.totalCount ?? -Infinity) - offsetOf(request);
	const behind = left - answer.activity.length;
	return behind < 0 || behind > 0 !== answer.hasNextPage ? undefined : left;
}

/**
 * A row names only the receiver. For an earned payment that's usually the agent itself. The service
 * doesn't say who paid, so there is no counterparty.
 */
function readRow(wire: Activity): ActivityRow {
	const { receiver, agent_address } = wire;
	return {
		wire,
		at: readTime(wire.timestamp),
		amount: BigInt(wire.amount),
		direction: wire.type,
		status: wire.status,
		counterparty: sameAddress(receiver, agent_address) ? null : receiver,
	};
}

/** The rows of a page. */
export interface ReadPage {
	/** Newest first. */
	rows: ActivityRow[];
	/** Whether the service returned them in this order. */
	cameInOrder: boolean;
}

/** Reads a page. A service can sort the rows of a page in another way than the pages. */
export function readPage(request: PageRequest, answer: PageAnswer): ReadPage {
	const came = answer.activity.map(readRow);
	const cameInOrder = came.every(({ at }, i) => at <= (came[i - 1]?.at ?? Infinity));
	const rows = cameInOrder ? came : came.toSorted((a, b) => b.at - a.at);
	const count = countFrom(request, answer);
	if (count !== undefined) for (const [i, one] of rows.entries()) one.rank = count - i;
	return { rows, cameInOrder };
}

/**
 * Time of the newest row that isn't dated after `horizon`, epoch ms; -Infinity if there is none.
 */
export function newestOf(rows: Iterable<ActivityRow>, horizon: number): number {
	let newest = -Infinity;
	for (const { at } of rows) if (at <= horizon) newest = Math.max(newest, at);
	return newest;
}

/**
 * The rank of the topmost of the newest rows: how many rows the list has up to them. Undefined if
 * there are none, or one has no rank.
 */
export function rankOfNewest(rows: ActivityRow[]): number | undefined {
	const newest = newestOf(rows, Infinity);
	const ranks = rows.filter(({ at }) => at === newest).map(({ rank }) => rank ?? NaN);
	const rank = Math.max(...ranks);
	return Number.isFinite(rank) ? rank : undefined;
}
