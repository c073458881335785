import type { Address } from '../../domain/address';
import { rethrow } from '../../domain/rethrow';
import type { Preset } from '../../domain/time';
import { readTime } from '../../domain/time';
import type { Activity } from '../../schemas/activity';
import type { Client } from '../client';
import { CallError, errorForPaging } from '../errors';
import { routes } from '../routes';
import { send } from '../send';
import type { PageAnswer, PageRequest, Pages, ActivityRow } from './pages';
import { PagingObservation } from './pages';
import { PassingStretch } from './stretch';
import { readFromTop } from './walk';

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
		error instanceof CallError ? error : rethrow(error),
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
	rows: ActivityRow[];
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

type FetchPage = (request: PageRequest) => Promise<PageAnswer>;

/** What the answers of one reading say of the list. */
class Counts {
	total: number | undefined;
	private top: Activity | undefined;
	private min = Infinity;
	private max = -Infinity;

	add({ activity, totalCount }: PageAnswer): void {
		this.total = totalCount;
		this.top ??= activity[0];
		this.min = Math.min(this.min, totalCount ?? 0);
		this.max = Math.max(this.max, totalCount ?? Infinity);
	}

	/** Rows may be added or removed while pages are read: every count between is right. */
	miscount(read: number): Miscount | undefined {
		if (read >= this.min && read <= this.max) return undefined;
		return { read, reported: read < this.min ? this.min : this.max };
	}

	/** Whether another row is on top by now: it may have moved there before it was read. */
	hasMoved({ activity: [first] }: PageAnswer): boolean {
		return first?.id !== this.top?.id || first?.timestamp !== this.top?.timestamp;
	}
}

/** @param isAgain whether the list was read before */
function errorOf({ message, isTransient }: PagingObservation, isAgain: boolean): Error {
	if (isTransient && !isAgain) return new RowsMoved();
	return errorForPaging(routes.listActivity, message, isTransient);
}

/** Carries out a reading, and yields the rows of a stretch as they come. */
async function* rowsOf(
	pages: Pages<void>,
	stretch: PassingStretch,
	counts: Counts,
	fetchPage: FetchPage,
): AsyncGenerator<ActivityPage, void> {
	for (let step = pages.next(); ; ) {
		const rows = stretch.takeAdded();
		const { total } = counts;
		if (rows.length > 0) yield { rows, inOrder: stretch.cameNewestFirst, total };
		if (step.done) return;
		const answer = await fetchPage(step.value);
		counts.add(answer);
		step = pages.next(answer);
	}
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
	fetchPage: FetchPage,
	from: number,
	largestPage: number,
	isAgain: boolean,
): AsyncGenerator<ActivityPage, Miscount | undefined> {
	const stretch = new PassingStretch();
	const counts = new Counts();
	const pages = readFromTop(stretch, () => stretch.isBehind(from), largestPage);
	try {
		yield* rowsOf(pages, stretch, counts, fetchPage);
	} catch (error) {
		if (!(error instanceof PagingObservation)) rethrow(error);
		rethrow(errorOf(error, isAgain));
	}
	if (!stretch.isAll && stretch.isBehind(from)) return undefined;
	const miscount = counts.miscount(stretch.size);
	if (!miscount || isAgain) return miscount;
	const top = await fetchPage({ page: 1, limit: largestPage });
	if (counts.hasMoved(top)) throw new RowsMoved();
	return miscount;
}
