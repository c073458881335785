import type { Pages, ActivityRow } from '../../api/lists/pages';
import { newestOf, PagingObservation } from '../../api/lists/pages';
import type { Stretch } from '../../api/lists/stretch';
import { readTop } from '../../api/lists/top';
import { readDown } from '../../api/lists/walk';
import type { Baseline, Wants } from './reading';
import { bounded, CLOCKS_MS, watchedSince } from './reading';
import { stretchOf } from './top';

/** Whether a stretch has the look-back, and enough of the week behind the newest row. */
function isEnough(stretch: Stretch, { lookBackMs, horizon, until, sizes }: Wants): boolean {
	const newest = newestOf(stretch.newestFirst, Math.min(horizon, (until ?? Infinity) - 1));
	const isLong = stretch.inOrder && stretch.size >= sizes.baseline;
	return stretch.isBehind(isLong ? newest - lookBackMs : watchedSince({ newest }));
}

/** @param isCut whether there was no time to read all rows that are needed */
function baselineOf(
	read: ActivityRow[],
	isCut: boolean,
	{ lookBackMs, horizon, now, until = Infinity }: Wants,
): Baseline {
	const rows = read.filter(({ at }) => at < until);
	const oldest = read[0]?.at;
	const total = rows.length > 0 ? rows.at(-1)?.rank : 0;
	// An empty list has no newest row. What it shows later may be older than the trigger.
	const newest =
		rows.length > 0
			? newestOf(rows, horizon)
			: Math.min(now, until) - Math.max(0, CLOCKS_MS - lookBackMs);
	const floor = Math.max(0, newest - lookBackMs);
	// Unread rows may share the time of the oldest row that was read.
	const unreadBefore = isCut && oldest !== undefined ? oldest + 1 : 0;
	return {
		rows,
		isWhole: true,
		isDown: true,
		asOf: newestOf(rows, horizon),
		...(total !== undefined && { total }),
		floor: Math.min(Math.max(floor, unreadBefore), until),
	};
}

function* readStart(wants: Wants): Pages<Baseline | undefined> {
	const top = yield* readTop(wants.sizes.page);
	// A wrong empty answer would make all payments new.
	if (!top || (top.rows.length === 0 && top.total > 0)) return undefined;
	const stretch = stretchOf(top, top.isLast);
	const end = yield* readDown({
		stretch,
		placesRead: top.rows.length,
		size: top.size,
		maxRows: Infinity,
		isBottom: () => isEnough(stretch, wants),
	});
	const isCut = end !== 'bottom';
	if (isCut && !stretch.inOrder) {
		if (end === 'no answer') return undefined;
		throw new PagingObservation('lists payments in no order, and more than can be read at once');
	}
	return baselineOf(stretch.oldestFirst, isCut, wants);
}

/**
 * Reads what exists before an agent's first event: the look-back, and for open payments more of the
 * week behind the newest row, up to `sizes.baseline` rows.
 * @returns undefined if there was no time for it, or the answers can't be right
 */
export function readBaseline(wants: Wants): Pages<Baseline | undefined> {
	return bounded(readStart(wants), wants.sizes.pages, (baseline) => baseline !== undefined);
}
