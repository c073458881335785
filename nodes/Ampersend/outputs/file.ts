import * as z from 'zod/v4-mini';

import type { HistoryQuery } from '../api/lists/merge';
import type { FilterableRow } from '../domain/filter';
import { amountFields, amountShape } from '../domain/money';
import type { Tally } from '../domain/tally';
import { toIsoOrNull } from '../domain/time';
import { text, textOrNull } from './output';

const count = z.number();

/** What an export returns besides its file. */
export const fileOutput = z.object({
	fileName: text,
	format: text,
	rows: count,
	/** Signed: earned is positive, spent is negative. Absent for payment events. */
	...amountShape({ moved: z.optional(text) }),
	agents: count,
	/** ISO 8601, UTC; null if the range has no start. */
	from: textOrNull,
	/** ISO 8601, UTC; null if it has no end. */
	to: textOrNull,
	/** One for each direction and status in the file. */
	totals: z.array(
		z.object({
			/** Absent for payment events. */
			direction: z.optional(text),
			status: text,
			rows: count,
			...amountShape({ amount: text }),
		}),
	),
});

export type FileGroup = Pick<FilterableRow, 'direction' | 'status'>;

export function fileGroupOf({ direction, status }: FilterableRow): FileGroup {
	return direction === undefined ? { status } : { direction, status };
}

export function toFileOutput(
	{ fileName, format }: { fileName: string; format: string },
	{ agents, filter }: HistoryQuery,
	tally: Tally<FileGroup>,
	isSigned: boolean,
): z.infer<typeof fileOutput> {
	const { rows: total, moved } = tally.whole;
	return {
		fileName,
		format,
		rows: total,
		...(isSigned && amountFields({ moved })),
		agents: agents.length,
		from: toIsoOrNull(filter.from),
		to: toIsoOrNull(filter.to),
		totals: tally.totals.map(({ group, rows, amount }) => ({
			...group,
			rows,
			...amountFields({ amount }),
		})),
	};
}
