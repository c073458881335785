import type { Address } from './address';
import { addressKey } from './address';
import type { TimeRange } from './time';
import { isWithin } from './time';

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
