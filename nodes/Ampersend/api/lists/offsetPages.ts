import type { Address } from '../../domain/address';
import { addressKey } from '../../domain/address';
import { whatSaysMore } from '../../schemas/envelope';
import { errorForPaging } from '../errors';
import type { Route } from '../routes';
import { take } from './take';

/** Rows to request at a time in an offset-paged list (assumed: no limit is published). */
const LIST_PAGE = 100;

/** With all that the service says beside the rows. */
interface OffsetPage<Item> extends Record<string, unknown> {
	items: Item[];
	/** How many rows the list has, if the service reports it. */
	total?: number | undefined;
}

export interface List<Item> {
	/** The same for each reading of the list at a base URL. */
	id: string;
	/** For errors: what reading it does. */
	route: Pick<Route, 'does'>;
	readPage: (query: { limit: number; offset: number }) => Promise<OffsetPage<Item>>;
}

/** Pages of a list after which reading gives up. */
const MAX_LIST_PAGES = 10_000;

/**
 * When lists were last seen to count all of their rows, and not a page alone: an empty page had the
 * count. The service may put any number of rows into a page, or leave some out, so nothing else
 * shows the end of a list but a page without rows. By `id`, epoch ms.
 */
const counted = new Map<string, number>();

/** A service can change while n8n runs, so it's looked at again after this time. */
const MAX_COUNTED_MS = 60 * 60_000;

/** The field of a page that says that rows follow. @param end offset after the page */
function saidOf(page: OffsetPage<unknown>, end: number): string | undefined {
	return whatSaysMore(page, page.items.length, end);
}

/** Whether a page is known to be the last one. */
function isLast(
	{ id }: Pick<List<unknown>, 'id'>,
	page: OffsetPage<unknown>,
	end: number,
): boolean {
	const isCounted = Date.now() - (counted.get(id) ?? 0) < MAX_COUNTED_MS;
	return page.items.length === 0 || (isCounted && page.total === end);
}

/** Where the reading of a list is. */
interface Progress {
	/** Of the page to read. */
	offset: number;
	/** The field of the page before it that says that rows follow. */
	said?: string | undefined;
}

/**
 * @param isKnown whether a page has rows, and all of them came before
 * @param said the field that says that more rows follow, if one does
 * @throws CallError if rows follow and the service doesn't return them
 */
function rejectCut(
	{ route, offset, rows }: { route: List<unknown>['route']; offset: number; rows: number },
	isKnown: boolean,
	said: string | undefined,
): void {
	const why = said === undefined ? '' : `, and its ${said} says that more follow,`;
	// A list that comes whole whatever is asked for has another length than was asked for.
	if (isKnown && (said !== undefined || rows === LIST_PAGE)) {
		throw errorForPaging(route, `returns the same rows again, whatever "offset" asks for${why}`);
	}
	if (rows === 0 && said !== undefined) {
		throw errorForPaging(route, `returns no rows after the first ${offset}${why}`);
	}
}

/**
 * Reads on after a page.
 * @param isKnown whether the page has rows, and all of them came before
 * @returns undefined at the end of the list
 * @throws CallError if rows follow and the service doesn't return them
 */
function progressAfter(
	list: Pick<List<unknown>, 'id' | 'route'>,
	page: OffsetPage<unknown>,
	{ offset, said: before }: Progress,
	isKnown: boolean,
): Progress | undefined {
	const rows = page.items.length;
	// The service may return fewer rows than requested, so the offset counts what came.
	const end = offset + rows;
	const said = saidOf(page, end);
	// A count tells where the list ends, even if it was longer before.
	const isCounted = rows === 0 && page.total !== undefined;
	rejectCut({ route: list.route, offset, rows }, isKnown, said ?? (isCounted ? undefined : before));
	if (rows === 0 && offset > 0 && page.total === offset) counted.set(list.id, Date.now());
	if (isKnown || (said === undefined && isLast(list, page, end))) return undefined;
	return { offset: end, said };
}

/** Yields each row once, even if rows shift between two pages because one was added meanwhile. */
export async function* offsetPages<Item extends { address: Address }>(
	list: List<Item>,
): AsyncGenerator<Item> {
	const { route, readPage } = list;
	const seen = new Set<string>();
	let progress: Progress | undefined = { offset: 0 };
	for (let pages = 0; pages < MAX_LIST_PAGES; pages++) {
		const page = await readPage({ limit: LIST_PAGE, offset: progress.offset });
		const seenBefore = seen.size;
		for (const item of page.items) {
			const key = addressKey(item.address);
			if (!seen.has(key)) {
				seen.add(key);
				yield item;
			}
		}
		const isKnown = page.items.length > 0 && seen.size === seenBefore;
		progress = progressAfter(list, page, progress, isKnown);
		if (!progress) return;
	}
	throw errorForPaging(route, `returns more than ${MAX_LIST_PAGES} pages`);
}

/** A part of a list that a user reads page by page. */
export interface ListPart<Item> {
	items: Item[];
	/** What the next part starts after; absent at the end of the list. */
	next?: string;
}

/** As `next` has it: the offset of the last row, and its address. */
const NEXT = /^(\d{1,15}) (0x[0-9a-f]{40})$/;

interface Position {
	/** Of the last row before a part. */
	offset: number;
	/** Its address; absent at the start of the list. */
	last?: string;
}

function positionOf(after: string): Position {
	const [, offset = '0', last] = NEXT.exec(after) ?? [];
	return { offset: Number(offset), ...(last && { last }) };
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
	{ offset }: Position,
): string {
	const key = addressKey(items.at(-1)?.address ?? '');
	return `${offset + items.length - 1} ${key}`;
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
	const { offset, last } = position;
	const page = await list.readPage({ limit: LIST_PAGE, offset });
	const end = offset + page.items.length;
	const isSaid = saidOf(page, end) !== undefined;
	const needsLook = !isSaid && !isLast(list, page, end);
	const following = needsLook ? (await list.readPage({ limit: LIST_PAGE, offset: end })).items : [];
	const items = last === undefined ? page.items : page.items.slice(1);
	// A part after another one was said to have rows.
	const isStuck = items.length === 0 && (isSaid || last !== undefined);
	if (isStuck || !continues(page, position) || isRepeat(page, following)) {
		return { items: await take(offsetPages(list), Infinity) };
	}
	if (!isSaid && following.length === 0) return { items };
	return { items, next: nextAfter(page, position) };
}
