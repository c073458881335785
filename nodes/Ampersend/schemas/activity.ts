import * as z from 'zod/v4-mini';

import { isAddress, sameAddress } from '../domain/address';
import { isRecord } from '../domain/json';
import { isMicro } from '../domain/money';
import { readTime } from '../domain/time';
import { address, ifFits, micro, sentTime, someCount, someText } from './common';
import { whatSaysMore } from './envelope';
import { isProof, MAX_NAME, withoutProofs } from './proofs';
import { bothWays } from './spellings';

/**
 * An amount in micro-USDC (assumed: the SDK does not name the unit), as a number or as text. A
 * number that is no safe integer has already lost digits, so it is rejected rather than shown.
 */
export const wholeMicro = z.union([
	micro,
	z.number().check(z.refine(isSafeAmount, 'is not whole micro-USDC')),
]);

function isSafeAmount(value: unknown): boolean {
	return Number.isSafeInteger(value) && Number(value) >= 0;
}

/**
 * A transaction. Source: SDK, agent.ts: UnifiedAgentActivityDTO. The types (`earn` and `spend` are
 * known) and the statuses are open sets: one that is new must not keep the others from being read.
 */
const activity = z
	.looseObject({
		type: someText,
		id: someText,
		agent_address: address,
		/** Null where it isn't known: such a row is still a payment. */
		receiver: ifFits(address),
		amount: wholeMicro,
		status: someText,
		/** As it was sent: the trigger shows the row. */
		timestamp: sentTime,
		tx_hash: ifFits(z.string()),
		chain_caip2id: ifFits(z.string()),
	})
	.check(z.overwrite(withoutProofs));

export type Activity = z.infer<typeof activity>;

const isSomeText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';

/** What each field has in a row that needs nothing done to it. */
const plainFields = {
	type: isSomeText,
	id: isSomeText,
	agent_address: (value) => typeof value === 'string' && isAddress(value),
	receiver: (value) => value === null || (typeof value === 'string' && isAddress(value)),
	amount: (value) => (typeof value === 'string' ? isMicro(value) : isSafeAmount(value)),
	status: isSomeText,
	timestamp: (value) =>
		(typeof value === 'string' || typeof value === 'number') && !Number.isNaN(readTime(value)),
	tx_hash: isTextOrNull,
	chain_caip2id: isTextOrNull,
} satisfies Record<keyof typeof activity.shape, (value: unknown) => boolean>;

const plainChecks = new Map<string, (value: unknown) => boolean>(Object.entries(plainFields));
const otherNames = new Set(bothWays(Object.keys(plainFields)));

/** Names of fields that aren't known here, and whether they are kept as they are. */
const unknownNames = new Map<string, boolean>();
const MAX_UNKNOWN_NAMES = 1_000;

function isKept(name: string): boolean {
	const known = unknownNames.get(name);
	if (known !== undefined) return known;
	const isIt = name !== '__proto__' && !otherNames.has(name) && !isProof(name);
	const isShort = name.length <= MAX_NAME;
	if (isShort && unknownNames.size < MAX_UNKNOWN_NAMES) unknownNames.set(name, isIt);
	return isIt;
}

function isPlainRow(row: unknown): row is Activity {
	if (!isRecord(row)) return false;
	let known = 0;
	for (const name in row) {
		const value = row[name];
		const check = plainChecks.get(name);
		if (check === undefined) {
			if (!isKept(name) || (typeof value === 'object' && value !== null)) return false;
		} else if (check(value)) known++;
		else return false;
	}
	return known === plainChecks.size;
}

const page = z.looseObject({
	activity: z.array(activity),
	hasNextPage: z.boolean(),
	/** Saves requests only: nothing rests on it. */
	totalCount: z.catch(z.optional(someCount), undefined),
});

type Page = z.infer<typeof page>;

/** A cursor also says that more rows follow. Which rows a count is of is known only to who asks. */
function withNextPage(answer: Page): Page {
	const hasNextPage = whatSaysMore(answer, answer.activity.length, Infinity) !== undefined;
	return { ...answer, hasNextPage };
}

export const activityPage = page.check(z.overwrite(withNextPage));

/**
 * The same for a page of rows that need nothing done to them, in a tenth of the time: a list can
 * have millions.
 * @param agent of all rows, if that's known
 * @returns undefined for any other body, which may still be right
 */
export function plainActivityPage(body: unknown, agent: string | undefined): Page | undefined {
	if (!isRecord(body)) return undefined;
	const { activity: rows, hasNextPage, totalCount, ...rest } = body;
	if (!Array.isArray(rows) || typeof hasNextPage !== 'boolean') return undefined;
	const isCount = typeof totalCount === 'number' && totalCount <= Number.MAX_SAFE_INTEGER;
	if (totalCount !== undefined && !isCount) return undefined;
	if (!rows.every(isPlainRow) || Object.keys(rest).length > 0) return undefined;
	return isOfOne(rows, agent)
		? withNextPage({ activity: rows, hasNextPage, totalCount: totalCount as number | undefined })
		: undefined;
}

/** Whether all rows name one agent in the same way, and this one, if it's known. */
function isOfOne(rows: Activity[], agent: string | undefined): boolean {
	const [first] = rows;
	if (first === undefined || agent === undefined) return true;
	const { agent_address: named } = first;
	return sameAddress(named, agent) && rows.every((row) => row.agent_address === named);
}
