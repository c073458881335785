import { numberIn, textIn } from './json.mts';
import type { Answer } from './requests.mts';
import { listOf } from './shapes.mts';
import { isRecord, whatSaysMore } from './source';

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

const MAX_LEVELS = 3;

interface Wanted {
	/** Rows that came so far; undefined if no list was found. */
	rows: number | undefined;
	/** Whether only a cursor says that the package doesn't get the rest. */
	isFull: boolean;
}

const isCursor = (value: unknown): boolean =>
	isRecord(value) || value === true || !['', '0'].includes(textIn(value));

function saysMore(name: string, value: unknown, { rows, isFull }: Wanted): boolean {
	if (value === null || value === undefined || value === false) return false;
	const letters = name.toLowerCase().replaceAll(/[^a-z]/g, '');
	if (cursors.has(letters)) return isCursor(value);
	if (isFull) return false;
	if (flags.has(letters)) return value === true;
	if (counts.has(letters)) return rows !== undefined && numberIn(value) > rows;
	return pageCounts.has(letters) && numberIn(value) > 1;
}

/** What says that more follows: a field, as the names on the way to it, or another part. */
export type SaysMore = { field: string[] } | { header: string };

function fieldIn(body: unknown, wanted: Wanted, levels = MAX_LEVELS): string[] | undefined {
	if (!isRecord(body) || levels === 0) return undefined;
	for (const [name, value] of Object.entries(body)) {
		if (saysMore(name, value, wanted)) return [name];
		const inside = fieldIn(value, wanted, levels - 1);
		if (inside !== undefined) return [name, ...inside];
	}
	return undefined;
}

/** Source: `api/answer.ts`, which rejects lists for these. */
function headerIn({ status, part }: PartAnswer, rows: number): string | undefined {
	if (part.hasNextLink) return 'its header Link';
	if (part.total > rows) return 'its header X-Total-Count';
	return status === 206 ? 'its status 206' : undefined;
}

/** What the package takes for more, which knows more names, on fewer levels. */
function fieldOfPackage(body: unknown, length = 0, rows = Infinity): string[] | undefined {
	return isRecord(body) ? whatSaysMore(body, length, rows)?.split('.') : undefined;
}

type PartAnswer = Pick<Answer, 'status' | 'body' | 'part'>;

/**
 * What in an answer says that more of the list follows.
 * @param limit how many rows were asked for: the package asks for the next ones after as many
 * @param before rows that came in earlier answers
 */
export function moreIn(answer: PartAnswer, limit = Infinity, before = 0): SaysMore | undefined {
	const length = listOf(answer.body)?.length;
	const rows = length === undefined ? undefined : length + before;
	const isFull = (length ?? 0) >= limit;
	const field =
		fieldIn(answer.body, { rows, isFull }) ??
		(isFull ? undefined : fieldOfPackage(answer.body, length, rows));
	if (field) return { field };
	const header = isFull ? undefined : headerIn(answer, rows ?? Infinity);
	return header === undefined ? undefined : { header };
}
