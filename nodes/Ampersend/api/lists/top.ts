import type { Pages, ReadPage } from './pages';
import { isLastPage, readPage } from './pages';

/** If a first page has fewer rows, and the service reports more, there are probably no more. */
const FEW = 5;

/** The first page of a list, as large as possible. */
export interface Top extends ReadPage {
	/** Maximum rows that the service returns in a page. */
	size: number;
	/** Whether there is no other page. */
	isLast: boolean;
	/** The service's count, unchecked; 0 for none. */
	total: number;
}

function* readFirstPage(largest: number): Pages<Top | undefined> {
	const request = { page: 1, limit: largest };
	const answer = yield request;
	if (!answer) return undefined;
	const page = readPage(request, answer);
	const isLast = isLastPage(request, answer);
	const size = isLast ? largest : Math.min(largest, page.rows.length || largest);
	return { ...page, size, isLast, total: answer.totalCount ?? 0 };
}

/**
 * Reads the first page. If it's short for no reason, asks again: the answer may be wrong.
 * @param doubtsEmpty whether an empty list may be wrong too
 */
export function* readTop(largest: number, doubtsEmpty = true): Pages<Top | undefined> {
	const first = yield* readFirstPage(largest);
	if (!first) return undefined;
	const isDoubtful = first.rows.length === 0 && (doubtsEmpty || !first.isLast);
	const second = first.size < largest || isDoubtful ? yield* readFirstPage(largest) : first;
	if (!second) return undefined;
	const top = second.rows.length < first.rows.length ? first : second;
	if (top.size >= FEW) return top;
	// So few rows are all that there are, or a page has no more.
	const next = yield { page: 2, limit: largest };
	return next?.activity.length === 0 ? { ...top, size: largest } : top;
}
