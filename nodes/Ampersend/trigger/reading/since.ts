import type { Pages } from '../../api/lists/pages';
import { PagingObservation } from '../../api/lists/pages';
import { readTop } from '../../api/lists/top';
import { readDown } from '../../api/lists/walk';
import type { AgentCursor } from '../state';
import { readNews } from './news';
import type { Reading, Wants } from './reading';
import { bounded } from './reading';
import { stretchOf } from './top';

/** Rows that are read from the top, which takes fewer requests than to look for the oldest ones. */
const MAX_FROM_TOP = 600;

const NOTHING: Reading = { rows: [], isWhole: false, isDown: false, asOf: -Infinity };

/** As of an agent of which nothing was read, and nothing from before `floor` matters. */
const cursorAt = (floor: number): AgentCursor => ({
	floor,
	newest: -Infinity,
	asOf: -Infinity,
	rows: new Map(),
});

function* readAll(from: number, wants: Wants): Pages<Reading> {
	const top = yield* readTop(wants.sizes.page, false);
	if (!top) return NOTHING;
	if (top.rows.length === 0 && !top.isLast) {
		throw new PagingObservation('reports more transactions after an empty page', true);
	}
	const stretch = stretchOf(top, top.isLast);
	const end = yield* readDown({
		stretch,
		placesRead: top.rows.length,
		size: top.size,
		maxRows: MAX_FROM_TOP,
		isBottom: () => stretch.isBehind(from),
	});
	if (end === 'no answer') return NOTHING;
	if (end === 'bottom') return { ...NOTHING, rows: stretch.oldestFirst, isWhole: true };
	return yield* readNews(cursorAt(from), wants);
}

/**
 * Reads the rows since a time, epoch ms, or the oldest of them: those from before the time of the
 * last one are complete. Rows from before that time can be among them.
 */
export function readSince(from: number, wants: Wants): Pages<Reading> {
	const { pages } = wants.sizes;
	return bounded(
		readAll(from, wants),
		2 * pages,
		({ rows, isWhole }) => isWhole || rows.length > 0,
	);
}
