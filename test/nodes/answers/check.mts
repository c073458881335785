import type { Fields, Json, Shape } from './shapes.mts';
import { isJson, isSet, readFields, sentAs } from './shapes.mts';

/** Whether two JSON values are equal. It doesn't recurse. */
export function same(one: unknown, other: unknown): boolean {
	const left: Array<[unknown, unknown]> = [[one, other]];
	for (let pair = left.pop(); pair; pair = left.pop()) {
		const [a, b] = pair;
		if (Object.is(a, b)) continue;
		if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
		if (Array.isArray(a) !== Array.isArray(b)) return false;
		const names = new Set([...Object.keys(a), ...Object.keys(b)]);
		// It is dropped on the way in.
		names.delete('__proto__');
		for (const name of names) left.push([Reflect.get(a, name), Reflect.get(b, name)]);
	}
	return true;
}

/** Whether a value has more levels than n8n can store. It doesn't recurse. */
export function isTooDeep(value: unknown): boolean {
	let level = [value];
	for (let depth = 0; depth <= 100; depth++) {
		level = level.filter((one) => typeof one === 'object' && one !== null);
		if (level.length === 0) return false;
		level = level.flatMap((one) => Object.values(one as object));
	}
	return true;
}

/** Proofs of a payment are withheld. */
const WITHHELD = /signature|nonce/i;

const FLAGS = ['hasNextPage', 'has_next_page', 'hasMore', 'has_more'];
/** The last two where a number has the name of rows. */
const COUNTS = ['total', 'totalCount', 'total_count', 'items', 'results'];

const isNumeric = (value: unknown): boolean =>
	typeof value === 'number' || typeof value === 'string';

/** Whether an envelope, or a record in it, says that it has a part of the rows. */
function isPart(envelope: Json, rows: unknown[], levels = 4): boolean {
	return (
		FLAGS.some((name) => isSet(envelope[name])) ||
		COUNTS.some((name) => isNumeric(envelope[name]) && Number(envelope[name]) > rows.length) ||
		(levels > 1 &&
			Object.values(envelope).some((value) => isJson(value) && isPart(value, rows, levels - 1)))
	);
}

/** The rows of a list; undefined if it has none, or not all of them. */
function rowsIn({ names, isPage }: Shape, sent: unknown): unknown[] | undefined {
	if (!names) {
		const rows = isJson(sent) ? sent.activity : undefined;
		return Array.isArray(rows) ? rows : undefined;
	}
	if (Array.isArray(sent)) return sent;
	if (!isJson(sent)) return undefined;
	const first = isPage ? ['items', 'data'] : names;
	const all = [...first, ...(isPage ? names : ['items', 'data'])];
	const own = isPage ? (sent.items ?? undefined) : undefined;
	const rows = own ?? all.map((name) => sentAs(sent, [name])).find(Array.isArray);
	if (!Array.isArray(rows)) return undefined;
	return isPage || !isPart(sent, rows) ? rows : undefined;
}

/** What is wrong with a record that was read; undefined if nothing is. */
function wrongIn(
	fields: Fields,
	sent: unknown,
	got: unknown,
	lost: Set<string>,
): string | undefined {
	if (!isJson(sent) || !isJson(got)) return 'is no record';
	const read = readFields(fields, sent);
	if (!read) return 'was read, and has a field that can not be';
	read.lost.forEach((name) => lost.add(name));
	const wrong = Object.keys(fields).find((name) => !same(got[name], read.value[name]));
	if (wrong !== undefined) return `has another ${wrong}`;
	const further = Object.keys(got).filter((name) => !Object.hasOwn(fields, name));
	const changed = further.find((name) => !same(got[name], sent[name]) && !WITHHELD.test(name));
	return changed === undefined ? undefined : `has another ${changed}, which nobody knows`;
}

function wrongInRows(
	shape: Shape,
	sent: unknown,
	got: unknown,
	lost: Set<string>,
): string | undefined {
	const { row, isPage } = shape;
	const rows = rowsIn(shape, sent);
	const inPage = isPage && isJson(got) ? (got.items ?? got.activity) : got;
	if (!rows || !Array.isArray(inPage)) return 'has no rows that could be read';
	if (rows.length !== inPage.length) return `has ${inPage.length} of ${rows.length} rows`;
	for (const [i, one] of rows.entries()) {
		const wrong =
			typeof row === 'function'
				? !same(row(one), inPage[i]) && 'is another'
				: wrongIn(row ?? {}, one, inPage[i], lost);
		if (wrong) return `row ${i} ${wrong}`;
	}
	if (!isPage || !isJson(got)) return undefined;
	const { items: _items, activity: _activity, ...around } = got;
	const envelope = isJson(sent) ? sent : {};
	return wrongIn(shape.fields, envelope, around, lost);
}

/** What is wrong with a value that an answer was read as; undefined if nothing is. */
export function wrongValue(
	shape: Shape,
	sent: unknown,
	got: unknown,
	notes: string[],
): string | undefined {
	if (got === undefined) {
		const isNothing = shape.isExtra || (shape.isUnset && sent === null);
		return isNothing ? undefined : 'nothing was read';
	}
	const lost = new Set<string>();
	const wrong = shape.row
		? wrongInRows(shape, sent, got, lost)
		: wrongIn(shape.fields, sent, got, lost);
	// A note names the first five, and says how many more there are.
	let more = 0;
	const named = new Set(
		notes.flatMap((note) => {
			const [, list = ''] = /, and (.+) (?:is|are)(?: missing|n't as expected) in/.exec(note) ?? [];
			const [, first = '', others = 0] = /^(.+?)(?: and (\d+) more)?$/.exec(list) ?? [];
			more += Number(others);
			return first.split(', ');
		}),
	);
	// A field can be missing in one row and wrong in another.
	const isCounted = more > 0 ? named.size + more >= lost.size : named.size === lost.size;
	const isNamed = isCounted && [...named].every((name) => lost.has(name));
	if (wrong !== undefined || isNamed) return wrong;
	return `is empty in ${[...lost].join()}, and the notes name ${[...named].join()}`;
}

/** What the service may send, and no client has to read. */
const isVeryLong = (sent: unknown): boolean => typeof sent === 'string' && sent.length > 60;

function isUnreadableIn(row: Shape['row'], sent: unknown, [name]: string[]): boolean {
	if (typeof row === 'function') return name === undefined && row(sent) === undefined;
	if (!isJson(sent)) return name === undefined;
	const readField = name !== undefined && row?.[name];
	if (!readField || name === undefined) return false;
	return readField(sent, name) === undefined || isVeryLong(sentAs(sent, [name]));
}

/** Whether what was sent at a place, by the shape's names, is not as expected. */
export function isUnreadable(shape: Shape, sent: unknown, place: string): boolean {
	const steps = place === 'the whole body' ? [] : place.split('.');
	if (!shape.row) return isUnreadableIn(shape.fields, sent, steps);
	const isRows = !shape.isPage || ['items', 'activity'].includes(steps[0] ?? '');
	if (!isRows) return isUnreadableIn(shape.fields, sent, steps);
	const [index, ...below] = shape.isPage ? steps.slice(1) : steps;
	const rows = rowsIn(shape, sent);
	if (index === undefined || !rows) return !rows;
	return isUnreadableIn(shape.row, rows[Number(index)], below);
}

/** The addresses by which an answer names its agent. */
export function agentsIn(shape: Shape, sent: unknown): unknown[] {
	const { agentAt = [], row } = shape;
	const records = row ? (rowsIn(shape, sent) ?? []) : [sent];
	return records.filter(isJson).flatMap((one) => agentAt.map((name) => sentAs(one, [name])));
}
