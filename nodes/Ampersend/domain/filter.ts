import * as z from 'zod/v4-mini';

import type { Address } from './address';
import { addressKey } from './address';

/** What a filter checks in a transaction or a payment event. */
export interface FilterableRow {
	/** Epoch ms. */
	at: number;
	/** Micro-USDC. */
	amount: bigint;
	/** `earn` or `spend`; absent if the row has no direction. */
	direction?: string;
	status: string;
	counterparty: Address | null;
}

/** As the known ones are written: its letter case doesn't count. Empty without one. */
export function directionOf({ direction = '' }: Pick<FilterableRow, 'direction'>): string {
	return direction.toLowerCase();
}

/** The values of a history that are known. The sets are open: the service can add to them. */
export interface KnownValues {
	/** Absent if rows have no direction. */
	directions?: readonly string[];
	statuses: readonly string[];
}

/** Source: SDK, agent.ts: UnifiedAgentActivityDTO. */
export const knownOfTransactions = {
	directions: ['earn', 'spend'],
	statuses: ['authorized', 'denied', 'failed', 'received', 'settled'],
} as const satisfies KnownValues;

/** Source: SDK, agent.ts: AgentSelfPaymentDTO. */
export const knownOfPaymentEvents = {
	statuses: [
		'authorized',
		'denied',
		'expired',
		'failure',
		'pending',
		'requested',
		'settled',
		'success',
		'unmanaged',
	],
} as const satisfies KnownValues;

/** One part of a filter. */
interface Part<Value> {
	/** What is stored of it. */
	shape: z.ZodMiniType<Value>;
	/** Compiles it to a predicate. */
	matcher(value: Value): (row: FilterableRow) => boolean;
	/** What passes both values. */
	intersect(value: Value, other: Value): Value;
}

/** A list of words of which a row has one. */
function anyOf(matcher: Part<string[]>['matcher']): Part<string[]> {
	return {
		shape: z.array(z.string()),
		matcher,
		intersect: (words, others) => words.filter((word) => others.includes(word)),
	};
}

/** Their letter case doesn't count. */
function anyWordOf(read: (row: FilterableRow) => string): Part<string[]> {
	return anyOf((words) => {
		const keys = new Set(words.map((word) => word.toLowerCase()));
		return (row) => keys.has(read(row).toLowerCase());
	});
}

/** Micro-USDC, an integer. */
const micro = z.string().check(z.regex(/^\d{1,78}$/));

/** Every part of a filter: what it reads, stores and passes. */
const parts = {
	/** Epoch ms, inclusive. */
	from: {
		shape: z.number(),
		matcher: (from) => (row) => row.at >= from,
		intersect: Math.max,
	} satisfies Part<number>,
	/** Epoch ms, exclusive. */
	to: {
		shape: z.number(),
		matcher: (to) => (row) => row.at < to,
		intersect: Math.min,
	} satisfies Part<number>,
	statuses: anyWordOf(({ status }) => status),
	directions: anyWordOf(directionOf),
	minimumMicro: {
		shape: micro,
		matcher: (text) => {
			const minimum = BigInt(text);
			return (row) => row.amount >= minimum;
		},
		intersect: (text, other) => (BigInt(text) > BigInt(other) ? text : other),
	} satisfies Part<string>,
	maximumMicro: {
		shape: micro,
		matcher: (text) => {
			const maximum = BigInt(text);
			return (row) => row.amount <= maximum;
		},
		intersect: (text, other) => (BigInt(text) < BigInt(other) ? text : other),
	} satisfies Part<string>,
	/** Each is an `addressKey`. */
	counterparties: anyOf((addresses) => {
		const keys = new Set(addresses);
		return ({ counterparty }) => keys.has(counterparty === null ? '' : addressKey(counterparty));
	}),
};

type Parts = typeof parts;
type Name = keyof Parts;
type ValueOf<One extends Name> = Parts[One] extends Part<infer Value> ? Value : never;

/** Which rows pass. An absent part lets everything through. JSON. */
export type RowFilter = { [One in Name]?: ValueOf<One> | undefined };

const names = Object.keys(parts) as Name[];

/** What is stored of a filter. */
export const rowFilter = z.object(
	Object.fromEntries(names.map((name) => [name, z.optional(parts[name].shape)])),
) as z.ZodMiniType<RowFilter>;

/** Does something with each part that a filter has. The compiler can't relate value and part. */
function eachPart<Result>(
	filter: RowFilter,
	work: (part: Part<unknown>, value: unknown, name: Name) => Result,
): Result[] {
	return names.flatMap((name) => {
		const value = filter[name];
		return value === undefined ? [] : [work(parts[name] as Part<unknown>, value, name)];
	});
}

/** Compiles a filter to a predicate. */
export function matcherOf(filter: RowFilter): (row: FilterableRow) => boolean {
	const matchers = eachPart(filter, (part, value) => part.matcher(value));
	return (row) => matchers.every((matches) => matches(row));
}

/** A filter that passes what both filters pass. */
export function intersect(filter: RowFilter, other: RowFilter): RowFilter {
	const both = eachPart(filter, (part, value, name) => {
		const otherValue = other[name];
		return [name, otherValue === undefined ? value : part.intersect(value, otherValue)];
	});
	return { ...other, ...Object.fromEntries(both) };
}

/** Whether two filters pass the same rows. Their lists are sorted. */
export function isSameFilter(filter: RowFilter, other: RowFilter): boolean {
	return names.every((name) => JSON.stringify(filter[name]) === JSON.stringify(other[name]));
}
