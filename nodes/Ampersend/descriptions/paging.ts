import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { ParameterError, quote, readCount, readSwitch } from '../domain/parameter';
import type { Read } from './reader';

const returnAllField: INodeProperties = {
	displayName: 'Return All',
	name: 'returnAll',
	type: 'boolean',
	default: false,
	description: 'Whether to return all results or only up to a given limit',
};

const limitField: INodeProperties = {
	displayName: 'Limit',
	name: 'limit',
	type: 'number',
	typeOptions: { minValue: 1 },
	displayOptions: { show: { returnAll: [false] } },
	default: 50,
	description: 'Max number of results to return',
};

export const pagingFields: INodeProperties[] = [returnAllField, limitField];

function parseLimit(parameter: string, value: unknown): number {
	const limit = readCount(value);
	if (limit !== undefined && limit > 0) return limit;
	throw new ParameterError(
		parameter,
		`${quote(value)} is not a whole number above 0.`,
		`Enter a number such as 50, or turn on ${returnAllField.displayName}.`,
	);
}

/**
 * How many results to return; Infinity for all.
 * @throws ParameterError where the limit isn't a whole number above 0
 */
export function readLimit(read: Read): number {
	return read(returnAllField, readSwitch) ? Infinity : read(limitField, parseLimit);
}

/**
 * A hint for a list that ends at the limit. For one input item, n8n's editor says so itself,
 * without the total, and no node can turn that off.
 * @param total undefined if it isn't known
 * @returns none if n8n's will do
 */
export function pagingHints(
	limit: number,
	total: number | undefined,
	noun: string,
	inputItems = 1,
): string[] {
	if (total !== undefined) return [`Returned ${limit} of ${total} ${noun}.`];
	if (inputItems === 1) return [];
	const { displayName } = returnAllField;
	return [`There may be more than ${limit} ${noun}. Turn on ${displayName} to get all of them.`];
}

type Hint = (message: string) => void;

/** The first rows of a list that was read whole. A hint says how many there are. */
export function firstRows<Row>(rows: Row[], limit: number, noun: string, hint: Hint): Row[] {
	if (rows.length > limit) for (const text of pagingHints(limit, rows.length, noun)) hint(text);
	return rows.slice(0, limit);
}

/** Says that there may be more rows than were taken, if they are as many as the limit. */
export function hintAtLimit(
	{ length }: unknown[],
	limit: number,
	noun: string,
	{ n8n, hint }: { n8n: Pick<IExecuteFunctions, 'getInputData'>; hint: Hint },
): void {
	if (length < limit) return;
	for (const text of pagingHints(limit, undefined, noun, n8n.getInputData().length)) hint(text);
}
