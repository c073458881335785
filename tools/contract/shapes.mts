import * as z from 'zod/v4-mini';
import { sameValue } from './json.mts';
import { areAlike, isSameSpelledOtherwise, type Known } from './known.mts';
import type { Names } from './names.mts';
import { knownNames } from './vocabulary.mts';
import { address, isRecord, link, micro, sentTime, wholeMicro } from './source';

type Shape = z.core.$ZodType;
type Row = Record<string, unknown>;

/** Where an answer isn't as the package assumes. It has no value of the answer. */
export interface Difference {
	/** Such as `activity[].amount`; empty for the whole body. */
	field: string;
	kind: 'missing' | 'renamed' | 'choice' | 'type' | 'container' | 'value' | 'unit' | 'format';
	expected: string;
	got: string;
	/** In how many rows. */
	count: number;
}

export interface Comparison {
	differences: Difference[];
	/** Fields that the package doesn't know. */
	extras: string[];
	/** Optional fields that no row has. */
	absent: string[];
	/** Epoch times by their field, as they came. */
	times: Array<{ field: string; value: unknown }>;
}

/** Enough to see a shape. */
const MAX_ROWS = 1_000;
const MAX_DEPTH = 6;

function textKind(text: string): string {
	if (text === '') return 'empty text';
	if (/^0x[0-9a-fA-F]{40}$/.test(text)) return 'address';
	if (/^0x[0-9a-fA-F]{64}$/.test(text)) return 'hash';
	if (/^0x[0-9a-fA-F]{1,4096}$/.test(text)) return 'hexadecimal text';
	if (/^\d{1,100}$/.test(text)) return 'whole number as text';
	if (/^-?\d{0,100}\.\d{1,100}$/.test(text)) return 'decimal as text';
	if (/^\d{4}-\d{2}-\d{2}(?:T|$)/.test(text)) return 'date as text';
	if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text)) return 'UUID';
	if (/^eip155:\d{1,20}$/.test(text)) return 'chain';
	return /^https?:\/\//.test(text) ? 'link' : 'text';
}

/** What a value is, without the value. */
export function kindOf(value: unknown): string {
	if (value === null || value === undefined) return value === null ? 'null' : 'nothing';
	if (typeof value === 'string') return textKind(value);
	if (typeof value === 'number') return Number.isInteger(value) ? 'whole number' : 'decimal';
	if (Array.isArray(value)) return 'list';
	return typeof value === 'object' ? 'object' : typeof value;
}

/**
 * How the names of records are shown. A record is a map if some of its names can't be shown, and
 * none is one that the package has: its other names can be keys as well.
 */
function shownNames(all: string[], names: Names): (name: string) => string {
	const isMap =
		all.some((name) => !names.isShown(name)) && !all.some((name) => knownNames.has(name));
	return (name) => (isMap ? '<name>' : names.field(name));
}

/** The shape of what came, with the kinds of all rows merged. */
export function rawShape(values: readonly unknown[], names: Names, depth = 0): unknown {
	const kinds = [...new Set(values.map(kindOf))].sort();
	const rows = values.filter(isRecord);
	const lists = values.filter(Array.isArray).flatMap((list) => list.slice(0, MAX_ROWS));
	if (depth >= MAX_DEPTH || rows.length + lists.length === 0) {
		return kinds.length === 1 && lists.length === 0 && kinds[0] === 'list'
			? []
			: kinds.join(' or ');
	}
	if (rows.length === 0) return [rawShape(lists, names, depth + 1)];
	const all = [...new Set(rows.flatMap((row) => Object.keys(row)))];
	const shownName = shownNames(all, names);
	// Several names can be shown as one.
	const byShown = new Map<string, string[]>();
	for (const name of all) {
		const shown = shownName(name);
		byShown.set(shown, [...(byShown.get(shown) ?? []), name]);
	}
	return Object.fromEntries(
		[...byShown.keys()].sort().map((shown) => {
			const own = byShown.get(shown) ?? [];
			const held = rows.flatMap((row) =>
				own.flatMap((name) => (Object.hasOwn(row, name) ? [row[name]] : [])),
			);
			const isPartial = own.length === 1 && held.length < rows.length;
			return [shown + (isPartial ? '?' : ''), rawShape(held, names, depth + 1)];
		}),
	);
}

interface Unwrapped {
	shape: Shape;
	isOptional: boolean;
	isNullable: boolean;
}

/** What is behind the leniency of a schema: `ifFits` takes anything. */
function unwrap(shape: Shape): Unwrapped {
	if (shape instanceof z.ZodMiniCatch) return unwrap(shape.def.innerType);
	if (shape instanceof z.ZodMiniOptional) {
		return { ...unwrap(shape.def.innerType), isOptional: true };
	}
	if (shape instanceof z.ZodMiniNullable) {
		return { ...unwrap(shape.def.innerType), isNullable: true };
	}
	if (shape instanceof z.ZodMiniPipe) {
		const { in: before, out } = shape.def;
		return unwrap(before instanceof z.ZodMiniTransform ? out : before);
	}
	return { shape, isOptional: false, isNullable: false };
}

function describe(shape: Shape): string {
	const { shape: inner, isNullable } = unwrap(shape);
	const named = new Map<Shape, string>([
		[address, 'address'],
		[micro, 'micro-USDC as text'],
		[wholeMicro, 'micro-USDC'],
		[sentTime, 'epoch time'],
		[link, 'link'],
	]);
	const name = named.get(inner) ?? describeOther(inner);
	return isNullable ? `${name} or null` : name;
}

function describeOther(shape: Shape): string {
	if (shape instanceof z.ZodMiniUnion) {
		const options = shape.def.options as Shape[];
		return [...new Set(options.map(describe))].join(' or ');
	}
	if (shape instanceof z.ZodMiniArray) return 'list';
	if (shape instanceof z.ZodMiniObject) return 'object';
	if (shape instanceof z.ZodMiniString) return 'text';
	return shape instanceof z.ZodMiniNumber ? 'number' : shape._zod.def.type;
}

const fits = (shape: Shape, value: unknown): boolean => z.safeParse(shape, value).success;

const under = (at: string, name: string): string => (at === '' ? name : `${at}.${name}`);

/** The name of a list within an object, if exactly one is there. */
function listIn(value: Row): string | undefined {
	const names = Object.keys(value).filter((name) => Array.isArray(value[name]));
	return names.length === 1 ? names[0] : undefined;
}

class Comparing {
	readonly found = new Map<string, Difference>();
	readonly extras = new Set<string>();
	readonly present = new Set<string>();
	readonly absent = new Set<string>();
	readonly times: Comparison['times'] = [];

	constructor(
		private readonly known: Known,
		private readonly names: Names,
	) {}

	note(field: string, kind: Difference['kind'], expected: string, got: string): void {
		const key = [field, kind, got].join(' ');
		const before = this.found.get(key)?.count ?? 0;
		this.found.set(key, { field, kind, expected, got, count: before + 1 });
	}

	visit(shape: Shape, value: unknown, at: string): void {
		const { shape: inner, isNullable } = unwrap(shape);
		if (value === null && isNullable) return;
		if (inner instanceof z.ZodMiniArray) this.#visitList(inner, value, at);
		else if (inner instanceof z.ZodMiniObject) this.#visitObject(inner, value, at);
		else this.#visitLeaf(inner, shape, value, at);
	}

	#visitLeaf(inner: Shape, shape: Shape, value: unknown, at: string): void {
		const isDate = inner === sentTime && typeof value === 'string' && Number.isNaN(Number(value));
		if (isDate || !fits(inner, value)) {
			return this.note(at, 'type', describe(shape), kindOf(value));
		}
		if (inner === sentTime) this.times.push({ field: at, value });
		const name = at.slice(Math.max(at.lastIndexOf('.'), at.lastIndexOf(']')) + 1);
		if (this.known.amounts.includes(name) && !fits(micro, value)) {
			return this.note(at, 'type', 'micro-USDC as text', kindOf(value));
		}
		if (typeof value === 'string') this.#visitValue(name, value, at);
	}

	/** Of a set that is open. */
	#visitValue(name: string, value: string, at: string): void {
		const known = this.known.values[name];
		if (!known || known.includes(value)) return;
		const isSpelledOtherwise = known.some((one) => isSameSpelledOtherwise(one, value));
		const isShown = value.length <= 40 && (isSpelledOtherwise || this.names.isShown(value));
		this.note(at, 'value', `one of ${known.join(', ')}`, isShown ? `"${value}"` : kindOf(value));
	}

	#visitList(shape: z.ZodMiniArray, value: unknown, at: string): void {
		let rows: unknown = value;
		if (isRecord(value)) {
			const name = listIn(value);
			const got =
				name === undefined ? 'an object' : `an object with the list in ${this.names.field(name)}`;
			this.note(at, 'container', 'a bare list', got);
			rows = name === undefined ? [] : value[name];
		}
		if (!Array.isArray(rows)) return this.note(at, 'type', 'list', kindOf(value));
		for (const row of rows.slice(0, MAX_ROWS)) this.visit(shape.def.element, row, `${at}[]`);
	}

	#visitObject(shape: z.ZodMiniObject, value: unknown, at: string): void {
		const fields = shape.def.shape as Record<string, Shape>;
		if (Array.isArray(value)) return this.#visitBareList(fields, value, at);
		if (!isRecord(value)) return this.note(at, 'type', 'object', kindOf(value));
		const known = Object.keys(fields);
		const others = Object.keys(value).filter((name) => !known.includes(name));
		const inside = this.#wrapperOf(known, value);
		if (inside !== undefined) {
			this.note(at, 'container', 'the object itself', `an object in ${this.names.field(inside)}`);
			return this.visit(shape, value[inside], at);
		}
		const renamed = this.#visitFields(fields, value, others, at);
		for (const name of others) {
			if (!renamed.has(name) && !this.known.unused.includes(name)) {
				this.extras.add(under(at, this.names.field(name)));
			}
		}
	}

	#visitBareList(fields: Record<string, Shape>, value: unknown[], at: string): void {
		const list = Object.entries(fields).find(
			([, field]) => unwrap(field).shape instanceof z.ZodMiniArray,
		);
		if (!list) return this.note(at, 'type', 'object', 'list');
		const [name, field] = list;
		this.note(at, 'container', `an object with the list in ${name}`, 'a bare list');
		this.visit(field, value, under(at, name));
	}

	/** The only field, if it holds an object and none of the known fields is beside it. */
	#wrapperOf(known: string[], value: Row): string | undefined {
		const [name, ...more] = Object.keys(value);
		if (name === undefined || more.length > 0 || known.includes(name)) return undefined;
		const inner = value[name];
		return isRecord(inner) && known.some((field) => Object.hasOwn(inner, field)) ? name : undefined;
	}

	/**
	 * Notes fields that mean the same as the one that is read, and have another value.
	 * @returns those that mean the same
	 */
	#noteChoices(name: string, read: string, value: Row, others: string[], at: string): string[] {
		const {
			moreExact: { [name]: exact = [] },
		} = this.known;
		const isExact = (other: string): boolean =>
			exact.some((one) => isSameSpelledOtherwise(one, other));
		const same = others.filter(
			(other) => other !== read && (isExact(other) || isSameSpelledOtherwise(name, other)),
		);
		for (const other of same) {
			if (sameValue(value[read], value[other])) continue;
			const use = isExact(other) ? 'shows' : 'ignores';
			const got = `${this.names.field(other)} beside it, which the package ${use}`;
			this.note(at, 'choice', `${this.names.field(read)} alone`, got);
		}
		return same;
	}

	/** @returns the fields that stand for known ones */
	#visitFields(
		fields: Record<string, Shape>,
		value: Row,
		others: string[],
		at: string,
	): Set<string> {
		const renamed = new Set<string>();
		for (const [name, field] of Object.entries(fields)) {
			const place = under(at, name);
			if (Object.hasOwn(value, name)) {
				this.present.add(place);
				this.visit(field, value[name], place);
				const same = this.#noteChoices(name, name, value, others, place);
				for (const other of same) renamed.add(other);
				continue;
			}
			const { unused } = this.known;
			const free = others.filter((other) => !renamed.has(other) && !unused.includes(other));
			const other = standIn(name, field, value, free);
			if (other !== undefined) {
				renamed.add(other);
				const style = isSameSpelledOtherwise(name, other) ? 'letter case' : 'name';
				this.note(place, 'renamed', name, `${this.names.field(other)} (another ${style})`);
				this.visit(field, value[other], place);
				const same = this.#noteChoices(name, other, value, free, place);
				for (const one of same) renamed.add(one);
			} else if (unwrap(field).isOptional) this.absent.add(place);
			else this.note(place, 'missing', describe(field), 'nothing');
		}
		return renamed;
	}
}

/** The field that has what is expected under another name. */
function standIn(name: string, field: Shape, value: Row, others: string[]): string | undefined {
	const { shape, isOptional, isNullable } = unwrap(field);
	const isSameKind = (other: string): boolean => {
		const given = value[other];
		if (given === null) return isNullable;
		if (shape instanceof z.ZodMiniArray) return Array.isArray(given);
		return shape instanceof z.ZodMiniObject ? isRecord(given) : fits(shape, given);
	};
	const spelled = others.find((other) => isSameSpelledOtherwise(name, other));
	if (spelled !== undefined) return spelled;
	const fitting = others.filter(isSameKind);
	const alike = fitting.find((other) => areAlike(name, other));
	if (alike !== undefined) return alike;
	// The only list, under a name that nobody could foresee.
	const isOnly = shape instanceof z.ZodMiniArray && fitting.length === 1;
	return !isOptional && isOnly ? fitting[0] : undefined;
}

/** What the schema itself complains about, where the comparison found nothing. */
function complaints(
	shape: Shape,
	body: unknown,
	found: Iterable<Difference>,
	names: Names,
): Difference[] {
	const { success, error } = z.safeParse(shape, structuredClone(body));
	if (success) return [];
	const places = new Set([...found].map(({ field }) => field));
	const byPlace = new Map<string, Difference>();
	for (const { path, message } of error.issues) {
		const steps = path.flatMap((step): PropertyKey[] =>
			typeof step === 'string' ? step.split('.') : [step],
		);
		const field = steps.reduce<string>(
			(at, step) => (typeof step === 'string' ? under(at, names.field(step)) : `${at}[]`),
			'',
		);
		const isCovered = places.has(field) || (field === '' && places.size > 0);
		const count = (byPlace.get(field)?.count ?? 0) + 1;
		const difference = { field, kind: 'format', expected: 'what the schema takes' } as const;
		if (!isCovered) byPlace.set(field, { ...difference, got: message, count });
	}
	return [...byPlace.values()];
}

/**
 * Compares a body with a schema field by field, more strictly than the schema does: what it
 * replaces by null because nothing rests on it is a difference here.
 */
export function compare(shape: Shape, body: unknown, known: Known, names: Names): Comparison {
	const comparing = new Comparing(known, names);
	comparing.visit(shape, body, '');
	const { found, extras, absent, present, times } = comparing;
	const differences = [...found.values()];
	return {
		differences: [...differences, ...complaints(shape, body, differences, names)],
		extras: [...extras].sort(),
		absent: [...absent].filter((place) => !present.has(place)).sort(),
		times,
	};
}

/** The entries of a list, however it is wrapped. */
export function listOf(body: unknown): unknown[] | undefined {
	if (Array.isArray(body)) return body;
	if (!isRecord(body)) return undefined;
	const name = listIn(body);
	return name === undefined ? undefined : listOf(body[name]);
}

export const rowsIn = (body: unknown): Row[] | undefined => listOf(body)?.filter(isRecord);

/** Where an answer with a page of a list has its rows. */
const pageRows = ['items', 'activity'];

/** Whether an answer is a list, or a page of one. */
export function isList(shape: Shape): boolean {
	const { shape: inner } = unwrap(shape);
	if (inner instanceof z.ZodMiniArray) return true;
	if (!(inner instanceof z.ZodMiniObject)) return false;
	const fields = Object.keys(inner.def.shape as Record<string, Shape>);
	return pageRows.some((name) => fields.includes(name));
}
