import type { PageAnswer, PageRequest, Pages, ReadPage, ActivityRow } from '../../api/lists/pages';
import { countFrom, isLastPage, newestOf, readPage } from '../../api/lists/pages';
import type { AgentCursor } from '../state';
import { keyOf } from '../state';
import { readBacklog } from './backlog';
import { readOpenRows } from './openRows';
import type { Reading, Wants } from './reading';
import { bounded, isInPlace } from './reading';
import { stretchOf } from './top';

/** What a page at the top of the list has, if nothing is below it. */
function readingOf(
	request: PageRequest,
	answer: PageAnswer,
	page: ReadPage,
	{ horizon }: Wants,
): Reading {
	const total = countFrom(request, answer);
	return {
		rows: stretchOf(page).oldestFirst,
		isWhole: true,
		isDown: true,
		asOf: newestOf(page.rows, horizon),
		...(total !== undefined && { total }),
	};
}

/** Whether nothing has changed since the last poll. */
function isIdle(
	cursor: AgentCursor,
	{ total }: Reading,
	{ rows }: ReadPage,
	{ horizon }: Wants,
): boolean {
	const isCounted = total !== undefined && total === cursor.rank;
	const isOld = ({ at }: ActivityRow) => at <= cursor.newest || at > horizon;
	return (
		isCounted &&
		cursor.newest <= cursor.asOf &&
		rows.every((row) => isOld(row) && isInPlace(cursor.rows, row))
	);
}

function* readNewRows(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const request = { page: 1, limit: wants.sizes.first };
	let answer = yield request;
	// A wrong empty answer would end the earlier filter too soon.
	if (answer?.activity.length === 0 && cursor.filter) answer = yield request;
	if (!answer) return { rows: [], isWhole: false, isDown: false, asOf: -Infinity };
	const page = readPage(request, answer);
	const reading = readingOf(request, answer, page, wants);
	const isAll = isLastPage(request, answer) || stretchOf(page).isBehind(cursor.floor);
	if (isAll || isIdle(cursor, reading, page, wants)) return reading;
	return yield* readBacklog(cursor, { page, reading }, wants);
}

function* readAll(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const reading = yield* readNewRows(cursor, wants);
	return reading.isWhole ? yield* readOpenRows(cursor, reading, wants.sizes) : reading;
}

/** Reads what is new to a cursor: one small page if nothing is, however long the history. */
export function readNews(cursor: AgentCursor, wants: Wants): Pages<Reading> {
	const isNew = ({ wire }: ActivityRow) => !cursor.rows.has(keyOf(wire));
	return bounded(
		readAll(cursor, wants),
		wants.sizes.pages,
		({ rows, isWhole }) => isWhole || rows.some(isNew),
	);
}
