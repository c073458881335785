import type { Address } from '../domain/address';
import { addressKey } from '../domain/address';
import type { Preset } from '../domain/time';
import { readTime } from '../domain/time';
import type { Activity } from '../schemas/activity';
import type { Agent } from '../schemas/agent';
import type { AgentKey } from '../schemas/agentKey';
import type { PageAnswer, PageRequest, ReadRow } from './activityList';
import { PagingObservation, PassingStretch, readFromTop } from './activityList';
import { CallError, errorForPaging } from './errors';
import type { Route } from './routes';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

/** Rows to request at a time in an offset-paged list (assumed: no limit is published). */
const LIST_PAGE = 100;

interface OffsetPage<Item> {
	items: Item[];
	/** How many rows the list has, if the service reports it. */
	total?: number;
}

interface List<Item> {
	/** For errors: what reading it does. */
	route: Pick<Route, 'does'>;
	readPage: (query: { limit: number; offset: number }) => Promise<OffsetPage<Item>>;
}

/** Pages of a list after which reading gives up. */
const MOST_LIST_PAGES = 10_000;

/** A service's own page size is a round number, and none is smaller. */
const SMALLEST_LIST_PAGE = 10;

/** Whether a page can have as many rows as the service puts into one. */
function mayBeFull(rows: number): boolean {
	return rows >= SMALLEST_LIST_PAGE && (rows % 5 === 0 || rows % 8 === 0);
}

/**
 * Whether rows may follow a page. The service's count can only say yes: it may be of the page
 * alone. Without it, a page ends the list if it's shorter than one before it, or has a number of
 * rows that no page size has. So a list costs one more request only if its first page seems full.
 * @param end offset after the page
 * @param largest rows of the longest page before it
 */
function mayFollow(
	{ items, total = 0 }: OffsetPage<unknown>,
	end: number,
	largest: number,
): boolean {
	return total > end || (items.length >= largest && mayBeFull(items.length));
}

/** Yields each row once, even if rows shift between two pages because one was added meanwhile. */
async function* offsetPages<Item extends { address: Address }>({
	route,
	readPage,
}: List<Item>): AsyncGenerator<Item> {
	const seen = new Set<string>();
	let [offset, largest] = [0, 0];
	for (let pages = 0; pages < MOST_LIST_PAGES; pages++) {
		const page = await readPage({ limit: LIST_PAGE, offset });
		const { items, total = 0 } = page;
		const seenBefore = seen.size;
		for (const item of items) {
			const key = addressKey(item.address);
			if (!seen.has(key)) {
				seen.add(key);
				yield item;
			}
		}
		const isRepeat = items.length > 0 && seen.size === seenBefore;
		// A list that comes whole whatever is asked for has another length than was asked for.
		if (isRepeat && (items.length === LIST_PAGE || total > seen.size)) {
			throw errorForPaging(route, 'returns the same rows again, whatever "offset" asks for');
		}
		if (isRepeat) return;
		// The service may return fewer rows than requested, so the offset counts what came.
		offset += items.length;
		if (!mayFollow(page, offset, largest)) return;
		if (items.length === 0) {
			const observation = `reports ${total} rows and returns none after the first ${offset}`;
			throw errorForPaging(route, observation);
		}
		largest = Math.max(largest, items.length);
	}
	throw errorForPaging(route, `returns more than ${MOST_LIST_PAGES} pages`);
}

/** A part of a list that a user reads page by page. */
export interface ListPart<Item> {
	items: Item[];
	/** What the next part starts after; absent at the end of the list. */
	next?: string;
}

/** As `next` has it: the offset of the last row, its address, and rows of the longest page. */
const NEXT = /^(\d{1,15}) (0x[0-9a-f]{40}) (\d{1,15})$/;

/**
 * The rows after a part of a list, in the service's order. The page that is read starts with the
 * last row of that part. If another row is there, rows have moved, and the whole list is read.
 * @param after `next` of that part; empty for the first one
 */
async function partAfter<Item extends { address: Address }>(
	list: List<Item>,
	after: string,
): Promise<ListPart<Item>> {
	const { readPage } = list;
	const [, start = '0', last, longest = '0'] = NEXT.exec(after) ?? [];
	const [offset, largest] = [Number(start), Number(longest)];
	const page = await readPage({ limit: LIST_PAGE, offset });
	const { items, total = 0 } = page;
	const keys = items.map(({ address }) => addressKey(address));
	const added = last === undefined ? items : items.slice(1);
	const end = offset + items.length;
	const isSaid = total > end;
	const next =
		isSaid || !mayFollow(page, end, largest)
			? []
			: (await readPage({ limit: LIST_PAGE, offset: end })).items;
	const isRepeat = next.some(({ address }) => keys.includes(addressKey(address)));
	const hasMoved = last !== undefined && keys[0] !== last;
	if (hasMoved || isRepeat || (isSaid && added.length === 0)) {
		return { items: await take(offsetPages(list), Infinity) };
	}
	const hasMore = isSaid || next.length > 0;
	return {
		items: added,
		...(hasMore && { next: `${end - 1} ${keys.at(-1)} ${Math.max(items.length, largest)}` }),
	};
}

function agentPages(client: Client): List<Agent> {
	const route = routes.listAgents;
	return {
		route,
		readPage: async (query) => await send(client, route, { path: {}, query }),
	};
}

function agentKeyPages(client: Client, address: Address): List<AgentKey> {
	const route = routes.listAgentKeys;
	return {
		route,
		readPage: async (query) => await send(client, route, { path: { address }, query }),
	};
}

/** Every agent in the account, in the service's order, page by page. */
export function listAgents(client: Client): AsyncGenerator<Agent> {
	return offsetPages(agentPages(client));
}

/** The agents after a part of that list. */
export async function agentsAfter(client: Client, after: string): Promise<ListPart<Agent>> {
	return await partAfter(agentPages(client), after);
}

/** Every key of one agent, in the service's order, page by page. */
export function listAgentKeys(client: Client, address: Address): AsyncGenerator<AgentKey> {
	return offsetPages(agentKeyPages(client, address));
}

/** The keys after a part of that list. */
export async function agentKeysAfter(
	client: Client,
	address: Address,
	after: string,
): Promise<ListPart<AgentKey>> {
	return await partAfter(agentKeyPages(client, address), after);
}

type RequestPage = (request: PageRequest) => Promise<PageAnswer>;

/** Base URLs at which pages are known to count from 1. */
const countFromOne = new Set<string>();

/** Statuses of a page that can't be. The others are about the moment, or the caller. */
const NO_SUCH_PAGE = [400, 404, 416, 422];

/**
 * Looks for transactions above page 1: a service that counts pages from 0 has the newest ones on
 * page 0. Nothing on page 1 shows that for sure, whatever its count says.
 * @param one page 1
 * @returns whether it's sure that there are none
 * @throws CallError if there are newer ones on page 0
 */
async function rejectPageZero(
	requestPage: RequestPage,
	limit: number,
	one: PageAnswer,
): Promise<boolean> {
	// A service that counts from 1 rejects it.
	const zero = await requestPage({ page: 0, limit }).catch((error: unknown) =>
		error instanceof CallError ? error : Promise.reject(error),
	);
	if (zero instanceof CallError) return NO_SUCH_PAGE.includes(zero.status ?? 0);
	const [newest] = zero.activity;
	const [first] = one.activity;
	if (!newest) return first !== undefined;
	// The same page may have a new payment by now.
	const ids = new Set(one.activity.map(({ id }) => id));
	if (zero.activity.some(({ id }) => ids.has(id))) return true;
	if (first && readTime(first.timestamp) > readTime(newest.timestamp)) return true;
	throw errorForPaging(routes.listActivity, 'counts pages from 0, and this node from 1');
}

/**
 * Requests a page of an agent's transactions.
 * @throws CallError if the service counts pages from 0
 */
export async function sendForPage(
	client: Client,
	address: Address,
	preset: Preset,
	request: PageRequest,
): Promise<PageAnswer> {
	const requestPage: RequestPage = async ({ page, limit }) =>
		await send(client, routes.listActivity, {
			path: { address },
			query: { preset, limit, page },
		});
	const answer = await requestPage(request);
	const { baseUrl } = client.connection;
	if (request.page === 1 && !countFromOne.has(baseUrl)) {
		if (await rejectPageZero(requestPage, request.limit, answer)) countFromOne.add(baseUrl);
	}
	return answer;
}

export interface ActivityPage {
	rows: ReadRow[];
	/** Whether all rows so far came newest first. */
	inOrder: boolean;
	/** How many rows the list has, if the service reports it. */
	total: number | undefined;
}

/** The service's count of a list doesn't match the rows that it returned. */
export interface Miscount {
	read: number;
	reported: number;
}

/** Thrown if rows moved while a list was read, so that some may be missing. */
export class RowsMoved extends Error {
	override readonly name = 'RowsMoved';
}

/**
 * The transactions of one agent, page by page, newest first if the service keeps that order
 * (assumed). If rows are out of order, reading ends only after a page that is all from before
 * `from`. If the oldest rows come first, it reads the whole list. Each row comes once, as it was
 * first read.
 * @param fetchPage how to get a page of them
 * @param from how far back to read, epoch ms; -Infinity for everything
 * @param largestPage maximum rows to request in a page
 * @param isAgain whether this is the second reading, which makes the best of it
 * @returns the miscount, if the list was read to its end and there is one
 * @throws RowsMoved, or CallError if the service doesn't list transactions as assumed
 */
export async function* listActivity(
	fetchPage: (request: PageRequest) => Promise<PageAnswer>,
	from: number,
	largestPage: number,
	isAgain: boolean,
): AsyncGenerator<ActivityPage, Miscount | undefined> {
	const stretch = new PassingStretch();
	const pages = readFromTop(stretch, () => stretch.isBehind(from), largestPage);
	let [top, total]: [Activity | undefined, number | undefined] = [undefined, undefined];
	let [fewest, most] = [Infinity, -Infinity];
	try {
		for (let step = pages.next(); ; ) {
			const rows = stretch.takeAdded();
			if (rows.length > 0) yield { rows, inOrder: stretch.cameNewestFirst, total };
			if (step.done) break;
			const answer = await fetchPage(step.value);
			total = answer.totalCount;
			top ??= answer.activity[0];
			[fewest, most] = [Math.min(fewest, total ?? 0), Math.max(most, total ?? Infinity)];
			step = pages.next(answer);
		}
	} catch (error) {
		if (!(error instanceof PagingObservation)) return await Promise.reject(error);
		const { message, isPassing } = error;
		const isOver = isAgain || !isPassing;
		return await Promise.reject(
			isOver ? errorForPaging(routes.listActivity, message, isPassing) : new RowsMoved(),
		);
	}
	const { size: read, isAll } = stretch;
	if (!isAll && stretch.isBehind(from)) return undefined;
	// Rows may be added or removed while pages are read: every count between is right.
	if (read >= fewest && read <= most) return undefined;
	if (!isAgain) {
		const { activity } = await fetchPage({ page: 1, limit: largestPage });
		const isSame = activity[0]?.id === top?.id && activity[0]?.timestamp === top?.timestamp;
		// A row may have moved to the top before it was read.
		if (!isSame) throw new RowsMoved();
	}
	return { read, reported: read < fewest ? fewest : most };
}

/** The first `limit` items. Stops reading once it has them. */
export async function take<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
	const taken: Item[] = [];
	for await (const item of items) {
		taken.push(item);
		if (taken.length >= limit) break;
	}
	return taken;
}
