import * as z from 'zod/v4-mini';

import type { RowFilter } from '../domain/filter';

const list = z.optional(z.array(z.string()));

/** Which payment events start the workflow, as stored. */
export const eventFilter = z.object({
	statuses: list,
	directions: list,
	minimumMicro: z.optional(z.string().check(z.regex(/^\d{1,78}$/))),
	counterparties: list,
});
export type EventFilter = Omit<RowFilter, 'from' | 'to' | 'maximumMicro'>;

/** A filter that passes what both filters pass. */
export function intersect(one: EventFilter, other: EventFilter): EventFilter {
	const filter = { ...one, ...other };
	for (const part of ['statuses', 'directions', 'counterparties'] as const) {
		const [entries, others] = [one[part], other[part]];
		if (entries && others) filter[part] = entries.filter((entry) => others.includes(entry));
	}
	if (BigInt(one.minimumMicro ?? 0) > BigInt(other.minimumMicro ?? 0)) {
		filter.minimumMicro = one.minimumMicro;
	}
	return filter;
}

/** Whether two filters pass the same events. Their lists are sorted. */
export function isSameFilter(one: EventFilter, other: EventFilter): boolean {
	const parts = ({ statuses, directions, minimumMicro, counterparties }: EventFilter) =>
		JSON.stringify([statuses, directions, minimumMicro, counterparties]);
	return parts(one) === parts(other);
}
