import type { Pages, ActivityRow } from '../../api/lists/pages';
import { PagingObservation } from '../../api/lists/pages';
import { readDown } from '../../api/lists/walk';
import type { AgentCursor } from '../state';
import type { Reading, Wants } from './reading';
import { MAX_RESTARTS } from './reading';
import type { First } from './top';
import { readTopStretch } from './top';

/**
 * Reads a list that isn't in order: all of it, or down to a page of old rows. Its order may change
 * meanwhile, so it's read, in pages of several sizes, until a reading finds no other row, and there
 * are as many as places.
 */
export function* readUnordered(
	cursor: AgentCursor,
	first: First,
	{ sizes }: Wants,
): Pages<Reading> {
	const rows = new Map<string, ActivityRow>();
	let places = 0;
	for (let restarts = 0; restarts <= MAX_RESTARTS; restarts++) {
		const before = rows.size;
		const top = yield* readTopStretch(first, sizes.page - restarts, true);
		const isBottom = () => top.stretch.isBehind(cursor.floor);
		const end = yield* readDown({ ...top, maxRows: 3 * sizes.rows, isBottom });
		if (end !== 'bottom') {
			throw new PagingObservation(
				'lists payments in no order, and more than can be read at once',
				end !== 'too far',
			);
		}
		// From its top, in one go, the list may turn out to be in order.
		if (restarts === 0 && top.stretch.inOrder) {
			return { ...first.reading, rows: top.stretch.oldestFirst };
		}
		for (const row of top.stretch.oldestFirst) rows.set(row.wire.id, row);
		places = Math.max(places, top.stretch.reached);
		if (rows.size === before && before >= places) {
			return { ...first.reading, rows: [...rows.values()] };
		}
	}
	throw new PagingObservation('lists payments in no order, and changes it', true);
}
