import type * as z from 'zod/v4-mini';

/** How items with many fields are made shorter. */
export interface Simplified {
	/** Every field of an item, in order. */
	all: readonly string[];
	/** Those of a simplified item, in order. The id is the last. */
	fields: readonly string[];
	id: string;
}

export function simplifiedTo<Shape extends z.core.$ZodShape>(
	{ shape }: z.ZodMiniObject<Shape>,
	fields: ReadonlyArray<keyof Shape & string>,
	id: keyof Shape & string,
): Simplified {
	return { all: Object.keys(shape), fields: [...fields, id], id };
}

/** The fields that a row has of these, in this order. There can be a million rows. */
export function pick(row: object, names: readonly string[]): object {
	const picked: Record<string, unknown> = {};
	for (const name of names) {
		if (Object.hasOwn(row, name)) picked[name] = Reflect.get(row, name);
	}
	return picked;
}

/** Keeps what is null: the items of a list have the same fields. */
export function simplify(row: object, { fields }: Simplified): object {
	return pick(row, fields);
}
