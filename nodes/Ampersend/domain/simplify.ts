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

/** The fields that a row has of these, in this order. There can be a million rows. */
export function pick(row: object, names: readonly string[]): object {
	return pickIf(row, names, () => true);
}

function pickIf(
	row: object,
	names: readonly string[],
	isWanted: (value: unknown) => boolean,
): object {
	const picked: Record<string, unknown> = {};
	for (const name of names) {
		const value: unknown = Reflect.get(row, name);
		if (Object.hasOwn(row, name) && isWanted(value)) picked[name] = value;
	}
	return picked;
}

const isNotNull = (value: unknown): boolean => value !== null;

export function simplify(row: object, { fields, keepsNull }: Simplified): object {
	return keepsNull ? pick(row, fields) : pickIf(row, fields, isNotNull);
}
