import * as z from 'zod/v4-mini';

import { sameAddress } from '../domain/address';
import type { ActivityRow } from '../domain/transaction';
import { counterpartyOf } from '../domain/transaction';
import { eventName } from '../domain/triggerEvent';

/** Which payment events start the workflow; an absent part lets everything through. JSON. */
export const eventFilter = z.object({
	/** Such as `payment.denied`. */
	events: z.optional(z.array(z.string())),
	/** `earn`, `spend`. */
	directions: z.optional(z.array(z.string())),
	/** Micro-USDC, an integer. */
	minimumMicro: z.optional(z.string().check(z.regex(/^\d{1,78}$/))),
	counterparties: z.optional(z.array(z.string())),
});
export type EventFilter = z.infer<typeof eventFilter>;

export function passes(filter: EventFilter, row: ActivityRow): boolean {
	const { events, directions, minimumMicro, counterparties } = filter;
	const counterparty = counterpartyOf(row);
	return (
		(events?.includes(eventName(row.status)) ?? true) &&
		(directions?.includes(row.type) ?? true) &&
		(minimumMicro === undefined || BigInt(row.amount) >= BigInt(minimumMicro)) &&
		(counterparties?.some((one) => counterparty !== null && sameAddress(one, counterparty)) ?? true)
	);
}

/** What passes two filters. */
export function intersect(one: EventFilter, other: EventFilter): EventFilter {
	const filter = { ...one, ...other };
	for (const part of ['events', 'directions', 'counterparties'] as const) {
		const [entries, others] = [one[part], other[part]];
		if (entries && others) filter[part] = entries.filter((entry) => others.includes(entry));
	}
	if (BigInt(one.minimumMicro ?? 0) > BigInt(other.minimumMicro ?? 0)) {
		filter.minimumMicro = one.minimumMicro;
	}
	return filter;
}

/** Whether two filters let the same through. Their lists are in one order. */
export function isSameFilter(one: EventFilter, other: EventFilter): boolean {
	const parts = ({ events, directions, minimumMicro, counterparties }: EventFilter) =>
		JSON.stringify([events, directions, minimumMicro, counterparties]);
	return parts(one) === parts(other);
}
