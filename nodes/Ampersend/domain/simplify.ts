import type * as z from 'zod/v4-mini';

/** How items with many fields are made shorter. */
export interface Simplified {
	/** Every field of an item, in order. */
	all: readonly string[];
	/** Those of a simplified item, in order. The id is the last. */
	fields: readonly string[];
	id: string;
	/** Whether a null says something, such as no limit. If not, it is left out. */
	keepsNull: boolean;
}

export function simplifiedTo<Shape extends z.core.$ZodShape>(
	{ shape }: z.ZodMiniObject<Shape>,
	fields: ReadonlyArray<keyof Shape & string>,
	id: keyof Shape & string,
	{ keepsNull = false } = {},
): Simplified {
	return { all: Object.keys(shape), fields: [...fields, id], id, keepsNull };
}

/** The fields that a row has of these, in this order. */
export function pick(row: object, names: readonly string[]): object {
	const present = names.filter((name) => Object.hasOwn(row, name));
	return Object.fromEntries(present.map((name) => [name, Reflect.get(row, name)]));
}

export function simplify(row: object, { fields, keepsNull }: Simplified): object {
	const present = fields.filter((name) => keepsNull || Reflect.get(row, name) !== null);
	return pick(row, present);
}
