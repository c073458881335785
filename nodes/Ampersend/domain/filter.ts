import type { Address } from './address';
import { addressKey, sameAddress } from './address';
import { isMicro } from './money';
import type { TimeRange } from './time';
import { isWithin } from './time';
import type { ActivityRow } from './transaction';
import { counterpartyOf } from './transaction';

/** Which rows of a history are wanted. Empty ones and absent fields let everything through. */
export interface HistoryFilter {
	range: TimeRange;
	direction?: 'earn' | 'spend';
	statuses: string[];
	/** Keys of addresses: a list from a webhook may be long, and is asked for each row. */
	counterparties: ReadonlySet<string>;
}

/** What a row must show to be filtered. */
export interface FilterableRow {
	/** ISO 8601. */
	occurredAt: string;
	direction?: string;
	status: string;
	counterparty: Address | null;
}

export function matches(filter: HistoryFilter, row: FilterableRow): boolean {
	const { range, direction, statuses, counterparties } = filter;
	const { counterparty } = row;
	return (
		isWithin(range, Date.parse(row.occurredAt)) &&
		(direction === undefined || row.direction === direction) &&
		(statuses.length === 0 || statuses.includes(row.status)) &&
		(counterparties.size === 0 ||
			(counterparty !== null && counterparties.has(addressKey(counterparty))))
	);
}

/** Which payment events start a workflow. JSON: the trigger keeps it beside what it has told of. */
export interface EventFilter {
	/** Such as `payment.denied`; empty for every event. */
	events: string[];
	direction?: 'earn' | 'spend';
	/** Micro-USDC, an integer. */
	minimumMicro?: string;
	/** Empty for all. */
	counterparties: Address[];
}

function isTexts(value: unknown): value is string[] {
	return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

/** Whether something that was stored is a filter. */
export function isEventFilter(value: unknown): value is EventFilter {
	if (typeof value !== 'object' || value === null) return false;
	const { events, direction, minimumMicro, counterparties } = value as Record<string, unknown>;
	return (
		isTexts(events) &&
		(direction === undefined || direction === 'earn' || direction === 'spend') &&
		(minimumMicro === undefined || isMicro(String(minimumMicro))) &&
		isTexts(counterparties)
	);
}

/** The event that a row in this status is. */
export function eventName(status: string): string {
	return `payment.${status}`;
}

/** Whether a row, as it is now, is an event that the filter lets through. */
export function lets(filter: EventFilter, row: ActivityRow): boolean {
	const { events, direction, minimumMicro, counterparties } = filter;
	const counterparty = counterpartyOf(row);
	return (
		(events.length === 0 || events.includes(eventName(row.status))) &&
		(direction === undefined || row.type === direction) &&
		(minimumMicro === undefined || BigInt(row.amount) >= BigInt(minimumMicro)) &&
		(counterparties.length === 0 ||
			(counterparty !== null && counterparties.some((one) => sameAddress(one, counterparty))))
	);
}
