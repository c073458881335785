import * as z from 'zod/v4-mini';

import { isMicro } from '../domain/money';
import { isLink } from '../domain/webAddress';

/** The latest time of a JavaScript date, in ms. */
const LATEST_MS = 8.64e15;

/** `0x` and 40 hexadecimal digits, in any letter case (SDK, types.ts). */
export const address = z.string().check(z.regex(/^0x[0-9a-fA-F]{40}$/));

/** Text that isn't empty. */
export const someText = z.string().check(z.minLength(1));

/** Micro-USDC as a decimal integer string (SDK, types.ts: NonNegativeIntegerString). */
export const micro = z.string().check(z.refine(isMicro, 'has an unexpected format'));

/** Dates have no more digits. */
const timestampDigits = z.string().check(z.regex(/^\d{1,16}$/));

/**
 * Epoch time, a non-negative integer or the same as a string (SDK, types.ts: ConvertedTimestamp).
 */
export const timestamp = z
	.union([timestampDigits, z.number().check(z.int(), z.nonnegative())])
	.check(z.refine((value) => Number(value) <= LATEST_MS, 'is later than any date'));

/** A link to show: the service's, so it's checked before anyone is sent there. */
export const link = z.string().check(z.refine(isLink, 'is not a link that starts with https'));

/** How many there are, as a number or as text. */
export const someCount = z.union([
	z.number(),
	z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number)),
]);

/**
 * A field that nothing rests on: read if it fits, and null where it doesn't or is missing, so that
 * the rest can be read. `misfitsIn` names the fields that became null.
 */
export function ifFits<Field extends z.ZodMiniType>(field: Field) {
	return z.catch(z.nullable(field), null);
}

/** A page of an offset-paged list (SDK, management.ts: listAgents). */
export function page<Item extends z.ZodMiniType>(item: Item) {
	return z.looseObject({
		items: z.array(item),
		total: someCount.check(
			z.refine((total) => Number.isSafeInteger(total) && total >= 0, 'is not a count'),
		),
	});
}
