import * as z from 'zod/v4-mini';

import type { HistoryQuery } from '../api/lists/merge';
import { fromCents } from '../domain/books';
import type { FilterableRow } from '../domain/filter';
import { amountFields, amountShape } from '../domain/money';
import type { Tally, Total } from '../domain/tally';
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
	/** What the lines of a book add up to, in whole cents. Absent in other layouts. */
	...amountShape({ booked: z.optional(text) }),
	/**
	 * Payments that a book leaves out because this node doesn't know their status or direction: of
	 * all files of the export, on each item. Absent in other layouts.
	 */
	unclear: z.optional(count),
	/** What these payments add up to, without a sign. Absent in other layouts. */
	...amountShape({ unclear: z.optional(text) }),
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

/** What a book leaves out, because it isn't known whether it has moved. */
export type Unclear = Pick<Total, 'amount' | 'rows'>;

/** What a file has. */
export interface FileContents {
	rows: number;
	/** Cents; absent in a file of payments. */
	booked?: bigint;
	tally: Tally<FileGroup>;
}

export function toFileOutput(
	{ fileName, format }: { fileName: string; format: string },
	{ agents, filter }: HistoryQuery,
	{ rows: written, booked, tally }: FileContents,
	isSigned: boolean,
	unclear: Unclear,
): z.infer<typeof fileOutput> {
	const { moved } = tally.whole;
	return {
		fileName,
		format,
		rows: written,
		...(isSigned && amountFields({ moved })),
		...(booked !== undefined && amountFields({ booked: fromCents(booked) })),
		...(booked !== undefined && {
			unclear: unclear.rows,
			...amountFields({ unclear: unclear.amount }),
		}),
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
