import type { Address } from '../../domain/address';
import { addressKey } from '../../domain/address';
import { errorForPaging } from '../errors';
import type { Route } from '../routes';
import { take } from './take';

/** Rows to request at a time in an offset-paged list (assumed: no limit is published). */
const LIST_PAGE = 100;

interface OffsetPage<Item> {
	items: Item[];
	/** How many rows the list has, if the service reports it. */
	total?: number;
}

export interface List<Item> {
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
export async function* offsetPages<Item extends { address: Address }>({
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
		const isKnown = items.length > 0 && seen.size === seenBefore;
		// A list that comes whole whatever is asked for has another length than was asked for.
		if (isKnown && (items.length === LIST_PAGE || total > seen.size)) {
			throw errorForPaging(route, 'returns the same rows again, whatever "offset" asks for');
		}
		if (isKnown) return;
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

interface Position {
	/** Of the last row before a part. */
	offset: number;
	/** Its address; absent at the start of the list. */
	last?: string;
	/** Rows of the longest page so far. */
	largest: number;
}

function positionOf(after: string): Position {
	const [, offset = '0', last, largest = '0'] = NEXT.exec(after) ?? [];
	return { offset: Number(offset), largest: Number(largest), ...(last && { last }) };
}

/** Whether a page starts with the last row of the part before it. */
function continues<Item extends { address: Address }>(
	{ items: [first] }: OffsetPage<Item>,
	{ last }: Position,
): boolean {
	return last === undefined || (first !== undefined && addressKey(first.address) === last);
}

/** Whether a page has rows of the one before it. */
function isRepeat<Item extends { address: Address }>(
	{ items }: OffsetPage<Item>,
	following: Item[],
): boolean {
	const keys = new Set(items.map(({ address }) => addressKey(address)));
	return following.some(({ address }) => keys.has(addressKey(address)));
}

/** What the part after a page starts with. */
function nextAfter<Item extends { address: Address }>(
	{ items }: OffsetPage<Item>,
	{ offset, largest }: Position,
): string {
	const key = addressKey(items.at(-1)?.address ?? '');
	return `${offset + items.length - 1} ${key} ${Math.max(items.length, largest)}`;
}

/**
 * The rows after a part of a list, in the service's order. The page that is read starts with the
 * last row of that part. If another row is there, rows have moved, and the whole list is read.
 * @param after `next` of that part; empty for the first one
 */
export async function partAfter<Item extends { address: Address }>(
	list: List<Item>,
	after: string,
): Promise<ListPart<Item>> {
	const position = positionOf(after);
	const { offset, last, largest } = position;
	const page = await list.readPage({ limit: LIST_PAGE, offset });
	const end = offset + page.items.length;
	const isSaid = (page.total ?? 0) > end;
	const needsLook = !isSaid && mayFollow(page, end, largest);
	const following = needsLook ? (await list.readPage({ limit: LIST_PAGE, offset: end })).items : [];
	const items = last === undefined ? page.items : page.items.slice(1);
	const isStuck = isSaid && items.length === 0;
	if (isStuck || !continues(page, position) || isRepeat(page, following)) {
		return { items: await take(offsetPages(list), Infinity) };
	}
	if (!isSaid && following.length === 0) return { items };
	return { items, next: nextAfter(page, position) };
}
