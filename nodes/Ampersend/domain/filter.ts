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

/** Which rows pass. An absent part lets everything through. JSON. */
export interface RowFilter {
	/** Epoch ms, inclusive. */
	from?: number | undefined;
	/** Epoch ms, exclusive. */
	to?: number | undefined;
	directions?: string[] | undefined;
	statuses?: string[] | undefined;
	/** Each is an `addressKey`. */
	counterparties?: string[] | undefined;
	/** Micro-USDC, an integer. */
	minimumMicro?: string | undefined;
	/** Micro-USDC, an integer. */
	maximumMicro?: string | undefined;
}

function wordsOf(words: string[] | undefined): Set<string> | undefined {
	return words && new Set(words.map((word) => word.toLowerCase()));
}

/** Returns a test for rows. It reads the filter once. The letter case of words doesn't count. */
export function matcherOf(filter: RowFilter): (row: FilterableRow) => boolean {
	const { from = -Infinity, to = Infinity, minimumMicro = '0' } = filter;
	const directions = wordsOf(filter.directions);
	const statuses = wordsOf(filter.statuses);
	const counterparties = filter.counterparties && new Set(filter.counterparties);
	const minimum = BigInt(minimumMicro);
	const maximum = filter.maximumMicro === undefined ? undefined : BigInt(filter.maximumMicro);
	return ({ at, amount, direction = '', status, counterparty }) =>
		at >= from &&
		at < to &&
		amount >= minimum &&
		(maximum === undefined || amount <= maximum) &&
		(directions?.has(direction.toLowerCase()) ?? true) &&
		(statuses?.has(status.toLowerCase()) ?? true) &&
		(counterparties?.has(counterparty === null ? '' : addressKey(counterparty)) ?? true);
}
