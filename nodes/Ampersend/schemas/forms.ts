import * as z from 'zod/v4-mini';

import { isRecord } from '../domain/json';

/*
 * Where the wire's form is assumed, an answer can come in several. Before it's read by its shape,
 * it gets the form that the shape knows: lists without an envelope or with theirs, and names of
 * fields as the shape spells them.
 */

type Fields = Record<string, unknown>;
/** Changes a value itself where it can, and returns it in the known form. */
type Form = (value: unknown) => unknown;

/** Where any list can have its rows. */
const ROWS = ['items', 'data'] as const;

/** Names that lists can have for their rows besides, and names of fields besides the shape's. */
const rowNames = new WeakMap<z.core.$ZodType, readonly string[]>();
const fieldNames = new WeakMap<z.core.$ZodType, Readonly<Record<string, readonly string[]>>>();

/** Names the rows of a list, for services that put it into an envelope. */
export function withRowsAt<Shape extends z.ZodMiniType>(shape: Shape, ...names: string[]): Shape {
	rowNames.set(shape, names);
	return shape;
}

/** Gives fields of a shape further names. */
export function alsoNamed<Shape extends z.ZodMiniType>(
	shape: Shape,
	names: Readonly<Record<string, readonly string[]>>,
): Shape {
	fieldNames.set(shape, names);
	return shape;
}

/** A name in its other spelling, `created_at` for `createdAt`. */
function otherSpelling(name: string): string {
	return name.includes('_')
		? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
		: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The same names, with their other spellings. */
function bothWays(names: readonly string[]): string[] {
	return [...new Set(names.flatMap((name) => [name, otherSpelling(name)]))];
}

const COUNTS = bothWays(['total', 'totalCount']);
const FLAGS = bothWays(['hasNextPage', 'hasMore']);

/** The name of the rows in an envelope; undefined if it has none. */
function rowsNameIn(envelope: Fields, names: readonly string[]): string | undefined {
	return names.find((name) => Array.isArray(envelope[name]));
}

/** Whether an envelope says that it doesn't have all rows. */
function isPart(envelope: Fields, rows: unknown[]): boolean {
	return (
		FLAGS.some((name) => envelope[name] === true) ||
		COUNTS.some((name) => Number(envelope[name] ?? 0) > rows.length)
	);
}

/** Moves a field to the name that the shape has. */
function rename(record: Fields, name: string, others: readonly string[]): void {
	for (const other of others) {
		if (other === name || !Object.hasOwn(record, other)) continue;
		record[name] ??= record[other];
		if (record[name] === record[other]) delete record[other];
	}
}

function formOfArray(shape: z.ZodMiniArray): Form {
	const names = bothWays([...(rowNames.get(shape) ?? []), ...ROWS]);
	const ofRow = formOf(shape.def.element);
	const isList = rowNames.has(shape);
	const rowsOf = (value: unknown): unknown => {
		if (!isList || !isRecord(value)) return value;
		const rows = value[rowsNameIn(value, names) ?? ''];
		// Rows that are missing would be missing in silence.
		return Array.isArray(rows) && !isPart(value, rows) ? rows : value;
	};
	return (value) => {
		const rows = rowsOf(value);
		if (ofRow && Array.isArray(rows)) {
			for (let i = 0; i < rows.length; i++) rows[i] = ofRow(rows[i]);
		}
		return rows;
	};
}

function formOfObject(shape: z.ZodMiniObject): Form {
	const further = fieldNames.get(shape) ?? {};
	const fields = Object.entries(shape.def.shape).map(([name, field]) => ({
		name,
		others: bothWays([name, ...(further[name] ?? [])]).slice(1),
		form: formOf(field),
	}));
	const own = rowNames.get(shape);
	const names = bothWays([...ROWS, ...(own ?? [])]);
	const inPage = (value: unknown): unknown => {
		if (!own) return value;
		if (Array.isArray(value)) return { items: value };
		const rowsName = isRecord(value) && rowsNameIn(value, names);
		if (isRecord(value) && rowsName) rename(value, 'items', [rowsName]);
		return value;
	};
	return (value) => {
		const record = inPage(value);
		if (!isRecord(record)) return record;
		for (const { name, others, form } of fields) {
			rename(record, name, others);
			if (form && Object.hasOwn(record, name)) record[name] = form(record[name]);
		}
		return record;
	};
}

const forms = new WeakMap<z.core.$ZodType, { form: Form | undefined }>();

/** Undefined for a shape whose values have one form. */
function formOf(shape: z.core.$ZodType): Form | undefined {
	const known = forms.get(shape);
	if (known) return known.form;
	const form = makeForm(shape);
	forms.set(shape, { form });
	return form;
}

function makeForm(shape: z.core.$ZodType): Form | undefined {
	if (
		shape instanceof z.ZodMiniNullable ||
		shape instanceof z.ZodMiniOptional ||
		shape instanceof z.ZodMiniCatch
	) {
		return formOf(shape.def.innerType);
	}
	if (shape instanceof z.ZodMiniPipe) return formOf(shape.def.in);
	if (shape instanceof z.ZodMiniArray) return formOfArray(shape);
	return shape instanceof z.ZodMiniObject ? formOfObject(shape) : undefined;
}

/** An answer in the form that its shape knows. Changes the answer itself where it can. */
export function inKnownForm(shape: z.core.$ZodType, body: unknown): unknown {
	return formOf(shape)?.(body) ?? body;
}
