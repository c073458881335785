import type { Pages } from './pages';
import { isShort, offsetOf, pageAt, readPage } from './pages';
import type { Stretch } from './stretch';

/** How often the payments of one moment are read again before reading gives up. */
const MAX_PASSES = 40;

/** How often that must find no other payment of the moment. */
const QUIET_PASSES = 2;

/**
 * The same if the moment seemed to have more places than payments: an answer may come from another
 * replica, whose list is longer or shorter.
 */
const DOUBTFUL_QUIET_PASSES = 8;

/** What one reading of a moment found. Offsets in the list. */
interface Pass {
	/** Of the first payment of the moment. */
	first: number;
	/** After the last one. */
	end: number;
	/** Whether one page has all of them. */
	isOnePage: boolean;
}

/**
 * Reads the payments of the oldest time of a stretch once.
 * @param above offset of a row above them
 * @returns `moved` if there is none, because rows were removed above it
 */
function* readOnce(
	stretch: Stretch,
	above: number,
	size: number,
): Pages<Pass | 'moved' | 'no answer'> {
	const { at } = stretch.end;
	let first: number | undefined;
	for (let offset = above; ; ) {
		const request = pageAt(offset, size);
		const answer = yield request;
		if (!answer) return 'no answer';
		const { rows } = readPage(request, answer);
		const top = offsetOf(request);
		const isOnePage = first === undefined && rows.length > 0;
		const newer = rows.filter((row) => row.at > at).length;
		if (newer > 0 || top === 0) first = top + newer;
		if (first === undefined) return 'moved';
		stretch.addOldest(rows);
		const end = top + rows.filter((row) => row.at >= at).length;
		if (end < top + rows.length || isShort(request, answer)) return { first, end, isOnePage };
		offset = end;
	}
}

/**
 * Reads all payments of the oldest time of a stretch: until one page has them all, or there are as
 * many as they have places in the list and reading them twice more finds no other.
 * @param start offset of the first of them
 * @returns offset after the last of them, or why there is none
 */
export function* readMoment(
	stretch: Stretch,
	start: number,
	largest: number,
): Pages<number | 'gap' | 'no answer'> {
	let above = Math.max(0, start - 1);
	let quietPasses = 0;
	let places = 0;
	for (let number = 0; number < MAX_PASSES; number++) {
		// A database can sort pages of each size in another way.
		const size = Math.max(2, largest - (number % Math.ceil(largest / 2)));
		const { count: before } = stretch.end;
		const pass = yield* readOnce(stretch, above, size);
		if (pass === 'no answer') return pass;
		if (pass === 'moved') {
			above = Math.max(0, above - Math.ceil(largest / 4));
			continue;
		}
		const { count } = stretch.end;
		const found = pass.end - pass.first;
		places = Math.max(places, found);
		if (count > before) quietPasses = 0;
		else if (count >= found) quietPasses++;
		const enough = count >= places ? QUIET_PASSES : DOUBTFUL_QUIET_PASSES;
		if (pass.isOnePage || quietPasses >= enough) return pass.end;
	}
	return 'gap';
}
