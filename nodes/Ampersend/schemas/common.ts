import * as z from 'zod/v4-mini';

import { isMicro } from '../domain/money';
import { hasNoZone, readTime } from '../domain/time';
import { isLink } from '../domain/webAddress';
import { rejectUnclearRows } from './envelope';
import { withRowsAt } from './forms';

/** `0x` and 40 hexadecimal digits, in any letter case (SDK, types.ts). */
export const address = z.string().check(z.regex(/^0x[0-9a-fA-F]{40}$/));

/** Text that isn't empty. */
export const someText = z.string().check(z.minLength(1));

/** Micro-USDC as a decimal integer string (SDK, types.ts: NonNegativeIntegerString). */
export const micro = z.string().check(z.refine(isMicro, 'has an unexpected format'));

/** The same, with a minus for less than 0. */
export const signedMicro = z
	.string()
	.check(z.refine((text) => isMicro(text.replace(/^-/, '')), 'has an unexpected format'));

/** A time as the service sent it, in a unit that `readTime` knows. */
export const sentTime = z.union([z.string(), z.number()]).check(
	z.refine((value) => !Number.isNaN(readTime(value)), {
		error: ({ input }) =>
			typeof input === 'string' && hasNoZone(input)
				? 'is a time without a time zone'
				: 'is not a time of this century',
	}),
);

/** The same in epoch ms (SDK, types.ts: ConvertedTimestamp, which is in ms). */
export const timestamp = z.pipe(sentTime, z.transform(readTime));

/** A link to show: the service's, so it's checked before anyone is sent there. */
export const link = z.string().check(z.refine(isLink, 'is not a link that starts with https'));

/** How many there are, as a number or as text. */
export const someCount = z.union([
	// A larger one isn't exact, such as the largest of 64 bits, and is no count.
	z.number().check(z.lte(Number.MAX_SAFE_INTEGER)),
	z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number)),
]);

/**
 * A field that nothing rests on: read if it fits, and null where it doesn't or is missing, so that
 * the rest can be read. `misfitsIn` names the fields that became null.
 */
export function ifFits<Field extends z.ZodMiniType>(field: Field) {
	return z.catch(z.nullable(field), null);
}

/**
 * A page of an offset-paged list (SDK, management.ts: listAgents).
 * @param names where the rows can be instead of `items`
 */
export function page<Item extends z.ZodMiniType>(item: Item, ...names: string[]) {
	const shape = z
		.looseObject({
			items: z.array(item),
			/** Nothing rests on it: it may count only the page. */
			total: z.catch(z.optional(someCount), undefined),
		})
		.check(rejectUnclearRows(names, false));
	return withRowsAt(shape, ...names);
}

/**
 * A list that comes whole.
 * @param names where the rows can be, if the list isn't the whole body
 */
export function list<Item extends z.ZodMiniType>(item: Item, ...names: string[]) {
	return withRowsAt(z.array(item).check(rejectUnclearRows(names, true)), ...names);
}

/** Settings, or nothing where none are set. */
export function orUnset<Shape extends z.ZodMiniType>(shape: Shape) {
	return z.optional(shape);
}

/** The answer to a write, which need not repeat what was sent: undefined if it has another form. */
export function orNothing<Shape extends z.ZodMiniType>(shape: Shape) {
	return z.catch(z.optional(shape), undefined);
}

/** The answer to a deletion: undefined if it's empty. Any other doesn't say that it's done. */
export const deletion = z.optional(z.looseObject({}));
