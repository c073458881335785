import type { Address } from './address';
import { addressKey } from './address';

/** What a filter looks at in a transaction or a payment event. */
export interface FilterableRow {
	/** Epoch ms. */
	at: number;
	/** Micro-USDC. */
	amount: bigint;
	/** `earn`, `spend`; absent where a row has none. */
	direction?: string;
	status: string;
	counterparty: Address | null;
}

/** Which rows are wanted; an absent part lets everything through. JSON. */
export interface RowFilter {
	/** Epoch ms; part of the range. */
	from?: number | undefined;
	/** Epoch ms; not part of the range. */
	to?: number | undefined;
	directions?: string[] | undefined;
	statuses?: string[] | undefined;
	/** Keys of addresses. */
	counterparties?: string[] | undefined;
	/** Micro-USDC, an integer. */
	minimumMicro?: string | undefined;
}

/** Tests rows against a filter, which is read once. */
export function matcherOf(filter: RowFilter): (row: FilterableRow) => boolean {
	const { from = -Infinity, to = Infinity, minimumMicro = '0' } = filter;
	const directions = filter.directions && new Set(filter.directions);
	const statuses = filter.statuses && new Set(filter.statuses);
	const counterparties = filter.counterparties && new Set(filter.counterparties);
	const minimum = BigInt(minimumMicro);
	return ({ at, amount, direction = '', status, counterparty }) =>
		at >= from &&
		at < to &&
		amount >= minimum &&
		(directions?.has(direction) ?? true) &&
		(statuses?.has(status) ?? true) &&
		(counterparties?.has(counterparty === null ? '' : addressKey(counterparty)) ?? true);
}
