import * as z from 'zod/v4-mini';

import { isRecord } from '../domain/json';
import type { Fields } from './envelope';
import { rowsNames, rowsNamesIn, wholeRowsIn } from './envelope';
import { bothWays } from './spellings';

/*
 * Where the wire's form is assumed, an answer can come in several. Before it's read by its shape,
 * it gets the form that the shape knows: lists without an envelope or with theirs, and names of
 * fields as the shape spells them.
 */

/** Changes a value itself where it can, and returns it in the known form. */
type Form = (value: unknown) => unknown;

/** Names that lists can have for their rows besides, and names of fields besides the shape's. */
const rowNames = new WeakMap<z.core.$ZodType, readonly string[]>();
const fieldNames = new WeakMap<z.core.$ZodType, Readonly<Record<string, readonly string[]>>>();

/** Names the rows of a list, for services that put it into an envelope. */
export function withRowsAt<Shape extends z.ZodMiniType>(shape: Shape, ...names: string[]): Shape {
	rowNames.set(shape, names);
	return shape;
}

/**
 * Gives fields of a shape further names. Those before the shape's own are more exact: they go
 * before it where a record has both.
 */
export function alsoNamed<Shape extends z.ZodMiniType>(
	shape: Shape,
	names: Readonly<Record<string, readonly string[]>>,
): Shape {
	fieldNames.set(shape, names);
	return shape;
}

/** Gives a field the value that a more exact name has. */
function prefer(record: Fields, name: string, moreExact: readonly string[]): void {
	const found = moreExact.find((candidate) => (record[candidate] ?? null) !== null);
	if (found !== undefined) record[name] = record[found];
}

/** Moves a field to the name that the shape has. */
function rename(record: Fields, name: string, others: readonly string[]): void {
	for (const other of others) {
		if (other === name || !Object.hasOwn(record, other)) continue;
		record[name] ??= record[other];
		if (record[name] === record[other]) delete record[other];
	}
}

/** An envelope with its rows as `items`; as it is if they aren't clear. */
function withItems(envelope: Fields, names: readonly string[]): Fields {
	const [name, ...others] = rowsNamesIn(envelope, names);
	if (name === undefined || name === 'items' || others.length > 0) return envelope;
	const { [name]: items, ...rest } = envelope;
	return { ...rest, items };
}

function formOfArray(shape: z.ZodMiniArray): Form {
	const own = rowNames.get(shape);
	const names = rowsNames(own ?? []);
	const ofRow = formOf(shape.def.element);
	const rowsOf = (value: unknown): unknown =>
		own && isRecord(value) ? (wholeRowsIn(value, names) ?? value) : value;
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
	const fields = Object.entries(shape.def.shape).map(([name, field]) => {
		const names = further[name] ?? [];
		return {
			name,
			moreExact: bothWays(names.slice(0, Math.max(0, names.indexOf(name)))),
			others: bothWays([name, ...names]).slice(1),
			form: formOf(field),
		};
	});
	const own = rowNames.get(shape);
	const names = rowsNames(own ?? []);
	const inPage = (value: unknown): unknown => {
		if (!own) return value;
		if (Array.isArray(value)) return { items: value };
		return isRecord(value) ? withItems(value, names) : value;
	};
	return (value) => {
		const record = inPage(value);
		if (!isRecord(record)) return record;
		for (const { name, moreExact, others, form } of fields) {
			prefer(record, name, moreExact);
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
