import type { ReadPage } from '../../api/lists/pages';
import { Stretch } from '../../api/lists/stretch';
import { readTop } from '../../api/lists/top';
import type { Reading } from './reading';

/** What a reading starts with: the small page that an idle poll reads. */
export interface First {
	page: ReadPage;
	reading: Reading;
}

/** @param isAll whether nothing follows the page */
export function stretchOf(page: ReadPage, isAll = false): Stretch {
	const stretch = new Stretch();
	stretch.add(page, isAll);
	return stretch;
}

/**
 * The rows at the top of the list, joined to the first page if they share a row. If a page comes in
 * another order, it doesn't tell which of its rows were added since the first one.
 */
export function* readTopStretch({ page }: First, largest: number, isRetry: boolean) {
	const top = yield* readTop(largest);
	const joined = stretchOf(page);
	const ofFirst = { stretch: joined, placesRead: page.rows.length, size: top?.size ?? largest };
	if (!top) return ofFirst;
	const placesRead = top.rows.length;
	if (page.cameInOrder && top.cameInOrder) {
		if (joined.add(top, top.isLast)) return { ...ofFirst, placesRead };
		if (!isRetry) return ofFirst;
	}
	return { ...ofFirst, stretch: stretchOf(top, top.isLast), placesRead };
}
