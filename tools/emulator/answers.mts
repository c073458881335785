/**
 * Changes to the JSON of documented answers, by what a contract says. They are pure functions.
 */

/** How an answer holds its rows: alone, in a page with its total, or in a field of that name. */
export type Container = 'array' | 'page' | { named: string };

export interface TimeFormat {
	unit: 's' | 'ms' | 'µs';
	as: 'text' | 'number';
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

type Change = (name: string, value: unknown) => [name: string, value: unknown] | undefined;

/** Changes each field of objects of any depth; undefined drops it. */
function changed(json: unknown, change: Change): unknown {
	if (Array.isArray(json)) return json.map((one) => changed(one, change));
	if (!isObject(json)) return json;
	const entries = Object.entries(json).flatMap(([name, value]) => {
		const [newName, newValue] = change(name, value) ?? [];
		return newName === undefined ? [] : [[newName, changed(newValue, change)]];
	});
	return Object.fromEntries(entries) as Json;
}

export const toCamel = (name: string): string =>
	name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

export const toSnake = (name: string): string =>
	name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @param rename undefined drops the field */
export const renamed = (json: unknown, rename: (name: string) => string | undefined): unknown =>
	changed(json, (name, value) => {
		const newName = rename(name);
		return newName === undefined ? undefined : [newName, value];
	});

const TIMES = /^(?:timestamp|(?:created|updated|expires)_?at)$/i;
const AMOUNTS =
	/^(?:amount|balance|amount_usdc_micro|balance_usdc_micro|threshold|minimum_remaining|\w+_limit)$/;
/** Texts that stay texts, even if they consist of digits. */
const WORDS = /^(?:name|id|key_name|nonce)$/;

const perMs = { s: 0.001, ms: 1, µs: 1000 };

export const withTimes = (json: unknown, { unit, as }: TimeFormat): unknown =>
	changed(json, (name, value) => {
		if (!TIMES.test(name) || value === null) return [name, value];
		const time = Math.floor(Number(value) * perMs[unit]);
		return [name, as === 'text' ? String(time) : time];
	});

/** Micro-USDC as decimal USDC. */
export const withUsdc = (json: unknown): unknown =>
	changed(json, (name, value) => {
		if (!AMOUNTS.test(name) || value === null) return [name, value];
		const digits = String(value).padStart(7, '0');
		return [name, `${digits.slice(0, -6)}.${digits.slice(-6)}`];
	});

/** Every number as a text, or every text of digits as a number. */
export const withIntegers = (json: unknown, as: 'text' | 'number'): unknown =>
	changed(json, (name, value) => {
		if (as === 'text') return [name, typeof value === 'number' ? String(value) : value];
		const isDigits = typeof value === 'string' && /^\d{1,15}$/.test(value);
		return [name, isDigits && !WORDS.test(name) ? Number(value) : value];
	});

/** Fields that are there get other values. */
export const withValues = (json: unknown, values: Readonly<Record<string, unknown>>): unknown =>
	changed(json, (name, value) => [name, Object.hasOwn(values, name) ? values[name] : value]);

/** Fields that what was sent has, too. */
export const onlySent = (json: unknown, sent: unknown): unknown =>
	isObject(json) && isObject(sent)
		? Object.fromEntries(Object.entries(json).filter(([name]) => Object.hasOwn(sent, name)))
		: json;

/** The rows of a documented answer; undefined if it isn't a list. */
export function listIn(body: unknown): { rows: unknown[]; total: number } | undefined {
	if (Array.isArray(body)) return { rows: body, total: body.length };
	if (!isObject(body)) return undefined;
	const { items, activity, total, totalCount } = body;
	const rows = items ?? activity;
	return Array.isArray(rows) ? { rows, total: Number(total ?? totalCount) } : undefined;
}

/** @param isOfPage whether the total counts only the rows of this page */
export function contained(
	body: unknown,
	container: Container | undefined,
	isOfPage: boolean,
): unknown {
	const list = listIn(body);
	if (!list) return body;
	const { rows } = list;
	const page: Json = isObject(body) ? body : {};
	const total = isOfPage ? rows.length : list.total;
	if (container === undefined) {
		if (!isObject(body)) return body;
		return { ...page, ...('total' in page ? { total } : { totalCount: total }) };
	}
	if (container === 'array') return rows;
	if (typeof container === 'object') return { [container.named]: rows };
	const { limit = rows.length, offset = 0 } = page;
	return { items: rows, total, limit, offset };
}
