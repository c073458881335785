import type { Address } from '../domain/address';
import { addressKey } from '../domain/address';
import { LARGEST_PAGE } from '../domain/activityList';
import type { Preset } from '../domain/time';
import { epochToMs } from '../domain/time';
import type { Activity } from '../schemas/activity';
import type { Agent } from '../schemas/agent';
import type { AgentKey } from '../schemas/agentKey';
import { errorForPaging } from './errors';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

/** Rows asked for at a time in an offset-paged list (assumed: no limit is published). */
const LIST_PAGE = 100;

/**
 * Activity pages in a row that may bring nothing new, because that many rows were added while they
 * were read. Beyond that the service does not page as assumed, and reading would never end.
 */
const MOST_REPEATED_PAGES = 3;

const sameRows = (parameter: string) =>
	`gives the same rows again, whatever "${parameter}" asks for`;

/**
 * Rows whose id is new, each once, though a list names it twice; one without an id is always new.
 */
export function unseenOf<Row extends { id?: string }>(rows: Row[], seen: Set<string>): Row[] {
	return rows.filter(({ id }) => {
		if (id === undefined) return true;
		const isNew = !seen.has(id);
		seen.add(id);
		return isNew;
	});
}

interface OffsetPage<Item> {
	items: Item[];
	total: number;
}

/** Rows that shift between two pages, because one was added meanwhile, are given once. */
async function* offsetPages<Item extends { address: Address }>(
	readPage: (query: { limit: number; offset: number }) => Promise<OffsetPage<Item>>,
): AsyncGenerator<Item> {
	const seen = new Set<string>();
	for (let offset = 0; ; ) {
		const { items, total } = await readPage({ limit: LIST_PAGE, offset });
		const seenBefore = seen.size;
		for (const item of items) {
			const key = addressKey(item.address);
			if (!seen.has(key)) {
				seen.add(key);
				yield item;
			}
		}
		if (items.length > 0 && seen.size === seenBefore) throw errorForPaging(sameRows('offset'));
		// The service may give fewer rows than asked for, so the offset follows what came.
		offset += items.length;
		if (offset >= total) return;
		if (items.length === 0) {
			throw errorForPaging(`speaks of ${total} rows and gives none after the first ${offset}`);
		}
	}
}

/** Every agent of the account, in the service's order, page by page. */
export function listAgents(client: Client): AsyncGenerator<Agent> {
	return offsetPages((query) => send(client, routes.listAgents, { path: {}, query }));
}

/** Every key of one agent, in the service's order, page by page. */
export function listAgentKeys(client: Client, address: Address): AsyncGenerator<AgentKey> {
	return offsetPages((query) => send(client, routes.listAgentKeys, { path: { address }, query }));
}

export interface ActivityQuery {
	preset: Preset;
	/** Epoch ms back to which to read; absent for everything. */
	from?: number;
}

export interface ActivityPage {
	rows: Activity[];
	/** Whether all rows so far came newest first. */
	inOrder: boolean;
}

/**
 * The transactions of one agent, page by page, newest first as far as the service keeps that order
 * (assumed). With rows out of order, reading ends only after a page that lies wholly before `from`;
 * with the oldest rows first it does not end early at all.
 * A row that shifts to the next page while reading comes once, as it was first read.
 */
export async function* listActivity(
	client: Client,
	address: Address,
	{ preset, from }: ActivityQuery,
): AsyncGenerator<ActivityPage> {
	const seen = new Set<string>();
	let oldest = Infinity;
	let inOrder = true;
	let repeatedPages = 0;
	for (let page = 1; ; page++) {
		const { activity, hasNextPage } = await send(client, routes.listActivity, {
			path: { address },
			query: { preset, limit: LARGEST_PAGE, page },
		});
		const unseen = unseenOf(activity, seen);
		for (const { timestamp } of unseen) {
			const ms = epochToMs(timestamp);
			inOrder &&= ms <= oldest;
			oldest = Math.min(oldest, ms);
		}
		if (unseen.length > 0) yield { rows: unseen, inOrder };
		if (!hasNextPage) return;
		if (activity.length === 0) throw errorForPaging('speaks of another page after an empty one');
		repeatedPages = unseen.length > 0 ? 0 : repeatedPages + 1;
		if (repeatedPages > MOST_REPEATED_PAGES) throw errorForPaging(sameRows('page'));
		if (from !== undefined && (inOrder ? oldest < from : liesBefore(activity, from))) return;
	}
}

function liesBefore(activity: Activity[], from: number): boolean {
	const times = activity.map(({ timestamp }) => epochToMs(timestamp));
	return times.every((ms) => ms < from) && Number(times[0]) >= Number(times.at(-1));
}

/** The first `limit` items; nothing more is read once they are there. */
export async function take<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
	const taken: Item[] = [];
	for await (const item of items) {
		taken.push(item);
		if (taken.length >= limit) break;
	}
	return taken;
}
