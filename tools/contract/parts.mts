import { safeName } from './names.mts';
import { listOf } from './shapes.mts';
import { isRecord } from './source';

/** Where more of a list is. The package follows none of these. */
const cursors = new Set(
	(
		'after continuation continuationtoken cursor next nextcursor nextlink nextoffset nextpage ' +
		'nextpagetoken nextpageurl nexttoken nexturl pagetoken'
	).split(' '),
);

const flags = new Set(
	'hasmore hasmorepages hasmoreresults hasnext hasnextpage istruncated more truncated'.split(' '),
);

const counts = new Set(
	'count total totalcount totalelements totalitems totalresults totalrows'.split(' '),
);

const pageCounts = new Set('lastpage pagecount pages totalpages'.split(' '));

const MOST_LEVELS = 3;

interface Wanted {
	/** Rows that came so far; undefined if no list was found. */
	rows: number | undefined;
	/** Whether only a cursor says that the package doesn't get the rest. */
	isFull: boolean;
}

const isCursor = (value: unknown): boolean =>
	isRecord(value) || value === true || (value !== '' && value !== '0' && Number(value) !== 0);

function saysMore(name: string, value: unknown, { rows, isFull }: Wanted): boolean {
	if (value === null || value === undefined || value === false) return false;
	const letters = name.toLowerCase().replaceAll(/[^a-z]/g, '');
	if (cursors.has(letters)) return isCursor(value);
	if (isFull) return false;
	if (flags.has(letters)) return value === true;
	if (counts.has(letters)) return rows !== undefined && Number(value) > rows;
	return pageCounts.has(letters) && Number(value) > 1;
}

function fieldIn(body: unknown, wanted: Wanted, at: string, levels: number): string | undefined {
	if (!isRecord(body)) return undefined;
	for (const [name, value] of Object.entries(body)) {
		const place = at + safeName(name);
		if (saysMore(name, value, wanted)) return place;
		const inside = levels > 1 ? fieldIn(value, wanted, `${place}.`, levels - 1) : undefined;
		if (inside !== undefined) return inside;
	}
	return undefined;
}

/**
 * The field of an answer that says that more of the list follows.
 * @param limit how many rows were asked for: the package asks for the next ones after as many
 * @param before rows that came in earlier answers
 */
export function moreIn(body: unknown, limit = Infinity, before = 0): string | undefined {
	const length = listOf(body)?.length;
	const rows = length === undefined ? undefined : length + before;
	return fieldIn(body, { rows, isFull: (length ?? 0) >= limit }, '', MOST_LEVELS);
}
