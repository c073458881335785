import type { Address } from '../domain/address';
import { addressKey } from '../domain/address';
import type { Preset } from '../domain/time';
import type { Agent } from '../schemas/agent';
import type { AgentKey } from '../schemas/agentKey';
import type { PageAnswer, PageRequest, ReadRow } from './activityList';
import { PagingObservation, readFromTop, Stretch } from './activityList';
import { errorForPaging } from './errors';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

/** Rows to request at a time in an offset-paged list (assumed: no limit is published). */
const LIST_PAGE = 100;

interface OffsetPage<Item> {
	items: Item[];
	total: number;
}

/** Yields each row once, even if rows shift between two pages because one was added meanwhile. */
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
		if (items.length > 0 && seen.size === seenBefore) {
			throw errorForPaging('returns the same rows again, whatever "offset" asks for');
		}
		// The service may return fewer rows than requested, so the offset counts what came.
		offset += items.length;
		if (offset >= total) return;
		if (items.length === 0) {
			throw errorForPaging(`reports ${total} rows and returns none after the first ${offset}`);
		}
	}
}

/** Every agent in the account, in the service's order, page by page. */
export function listAgents(client: Client): AsyncGenerator<Agent> {
	return offsetPages((query) => send(client, routes.listAgents, { path: {}, query }));
}

/** Every key of one agent, in the service's order, page by page. */
export function listAgentKeys(client: Client, address: Address): AsyncGenerator<AgentKey> {
	return offsetPages((query) => send(client, routes.listAgentKeys, { path: { address }, query }));
}

/** Requests a page of an agent's transactions. */
export async function sendForPage(
	client: Client,
	address: Address,
	preset: Preset,
	{ page, limit }: PageRequest,
): Promise<PageAnswer> {
	const query = { preset, limit, page };
	return await send(client, routes.listActivity, { path: { address }, query });
}

export interface ActivityQuery {
	preset: Preset;
	/** How far back to read, epoch ms; absent for everything. */
	from?: number | undefined;
}

export interface ActivityPage {
	rows: ReadRow[];
	/** Whether all rows so far came newest first. */
	inOrder: boolean;
}

/**
 * The transactions of one agent, page by page, newest first if the service keeps that order
 * (assumed). If rows are out of order, reading ends only after a page that is all from before
 * `from`. If the oldest rows come first, it reads the whole list. Each row comes once, as it was
 * first read.
 */
export async function* listActivity(
	client: Client,
	address: Address,
	{ preset, from = -Infinity }: ActivityQuery,
): AsyncGenerator<ActivityPage> {
	const stretch = new Stretch();
	const pages = readFromTop(stretch, () => stretch.isBehind(from));
	try {
		for (let step = pages.next(); ; ) {
			const rows = stretch.takeAdded();
			if (rows.length > 0) yield { rows, inOrder: stretch.inOrder };
			if (step.done) return;
			step = pages.next(await sendForPage(client, address, preset, step.value));
		}
	} catch (error) {
		const isPaging = error instanceof PagingObservation;
		return await Promise.reject(isPaging ? errorForPaging(error.message, error.isPassing) : error);
	}
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
