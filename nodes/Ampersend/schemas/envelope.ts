import * as z from 'zod/v4-mini';

import { isRecord } from '../domain/json';
import { bothWays } from './spellings';

/*
 * A list can come in an envelope, whose other fields may say that it's only a part of a longer
 * one. What reads a part as the whole loses rows in silence, or removes them where it writes.
 */

export type Fields = Record<string, unknown>;

/** The names under which the rows of a list can be: its own, and those of any list. */
export function rowsNames(own: readonly string[]): string[] {
	return bothWays(['items', 'data', ...own]);
}

/**
 * The names of what can be the rows in an envelope: several if it isn't clear. An empty list is
 * none where another has rows.
 */
export function rowsNamesIn(envelope: Fields, names: readonly string[]): string[] {
	const lists = names.filter((name) => Array.isArray(envelope[name]));
	const filled = lists.filter((name) => (envelope[name] as unknown[]).length > 0);
	return filled.length > 0 ? filled : lists.slice(0, 1);
}

/** No name that says something of a list is longer, and none has other characters. */
const NAME = /^[\w@.$-]{1,40}$/;

/* The patterns are for names in lower case, of letters alone. */

const PAGES = /^((total|num)pages|pages(total|count)?|pagecount|lastpage)$/;
const COUNT = /count$|^(total|num|nb)(s|size)?$/;
/** How many rows there are, where a number has their name. */
const ROWS = /^(total|num|nb)?(items|rows|elements|entries|hits|matches|found|results|records)$/;
/** `items 0-19/26`, `1-20 of 26` or `1 of 2`: where a part ends, and what all of it has. */
const PART = /^[a-z]{0,10} ?(?:(\d{1,9}) ?- ?)?(\d{1,9}) ?(?:of|\/) ?(\d{1,9})$/i;
/** True, or how many follow. */
const MORE = /next|^(has|is)?more|truncated|incomplete|^partial$|^remaining$/;
/** Where to read on. */
const POSITION =
	/cursor|continu|pagetoken|^after$|^bookmark$|^marker$|^scrollid$|^lastevaluatedkey$/;
/** What is about the rows before. */
const BEFORE = /^(has)?(prev|start)/;
/** False if more rows follow. */
const LAST = /^(is)?(last|lastpage|final|complete|done|end)$/;

const NOTHING = ['', 'false', '0', 'null', 'none'];

function isSet(value: unknown): boolean {
	if (isRecord(value))
		return Object.values(value).some((field) => !isRecord(field) && isSet(field));
	if (typeof value === 'object' && value !== null) return false;
	return !NOTHING.includes(String(value ?? '').toLowerCase());
}

function countOf(value: unknown): number {
	return typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
}

const lettersOf = (name: string) => name.replace(/[^a-z]/gi, '').toLowerCase();

/** GraphQL always has an `endCursor`, with a flag beside it. */
function isDenied(word: string, record: Fields): boolean {
	if (word !== 'endcursor') return false;
	return Object.keys(record).some(
		(name) => record[name] === false && /^has(next|more)/.test(lettersOf(name)),
	);
}

/** Whether a value by itself says that more rows follow: `items 0-19/26`, or a link. */
function isPartOf(value: unknown, end: number): boolean {
	if (Array.isArray(value)) return value.some((link) => isRecord(link) && link.rel === 'next');
	const [, from, to, all] = (typeof value === 'string' && PART.exec(value)) || [];
	// The rows of a range can be counted from 0, and pages from 1.
	return Number(all) > (from === undefined ? Number(to) : end);
}

/** Whether a field says, or may say, that more rows follow. */
function saysMore(record: Fields, name: string, rows: number, end: number): boolean {
	if (!NAME.test(name)) return false;
	const [word, value] = [lettersOf(name), record[name]];
	if (isPartOf(value, end)) return true;
	if (PAGES.test(word)) return countOf(value) > end / rows;
	if (COUNT.test(word) || ROWS.test(word)) return countOf(value) > end;
	if (LAST.test(word)) return value === false || value === 'false';
	if (BEFORE.test(word) || isDenied(word, record)) return false;
	return (MORE.test(word) || POSITION.test(word)) && isSet(value);
}

/** How deep what is about the rows can be: `meta.pagination.links.next`. */
const MAX_LEVELS = 4;

/**
 * The first field of an envelope, or of a record in it, that says that more rows follow; undefined
 * if none does.
 * @param rows how many rows the envelope has
 * @param end how many rows there are up to the last one of them; Infinity to go by no count
 */
export function whatSaysMore(
	envelope: Fields,
	rows: number,
	end = rows,
	levels = MAX_LEVELS,
): string | undefined {
	for (const [name, value] of Object.entries(envelope)) {
		if (saysMore(envelope, name, rows, end)) return name;
		if (levels === 1 || !isRecord(value) || !NAME.test(name)) continue;
		const inner = whatSaysMore(value, rows, end, levels - 1);
		if (inner !== undefined) return `${name}.${inner}`;
	}
	return undefined;
}

/** The rows of an envelope that has a whole list; undefined if it isn't clear that it does. */
export function wholeRowsIn(envelope: Fields, names: readonly string[]): unknown[] | undefined {
	const [name = '', ...others] = rowsNamesIn(envelope, names);
	const rows = envelope[name];
	if (!Array.isArray(rows) || others.length > 0) return undefined;
	return whatSaysMore(envelope, rows.length) === undefined ? rows : undefined;
}

/** Why the rows of an envelope can't be read: a field, and what it says. */
function complaintOf(
	envelope: Fields,
	names: readonly string[],
	isWhole: boolean,
): { field: string; message: string } | undefined {
	const [name, other] = rowsNamesIn(envelope, names);
	if (name === undefined) return undefined;
	if (other !== undefined) return { field: other, message: `can be the rows, as ${name} can` };
	const more = isWhole && whatSaysMore(envelope, (envelope[name] as unknown[]).length);
	return more ? { field: more, message: 'says that more rows follow' } : undefined;
}

/**
 * Says which field of an envelope keeps its rows from being read, in place of all else that is
 * wrong with it.
 * @param own the names of the list's rows besides those of any list
 * @param isWhole whether the list comes whole, and in pages if not
 */
export function rejectUnclearRows(own: readonly string[], isWhole: boolean) {
	const names = rowsNames(own);
	return z.check<unknown>(
		({ value, issues }) => {
			const complaint = isRecord(value) ? complaintOf(value, names, isWhole) : undefined;
			if (!complaint) return;
			const { field, message } = complaint;
			issues.splice(0, issues.length, { code: 'custom', input: value, path: [field], message });
		},
		// Also where there is an envelope in place of a list.
		{ when: () => true },
	);
}
