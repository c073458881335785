import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { ParameterError, quote, readCount, readSwitch } from '../domain/parameter';

export const pagingFields: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		displayOptions: { show: { returnAll: [false] } },
		default: 50,
		description: 'Max number of results to return',
	},
];

/**
 * How many results to return; Infinity for all.
 * @throws ParameterError where the limit isn't a whole number above 0
 */
export function readLimit(n8n: IExecuteFunctions, itemIndex: number): number {
	const returnAll = n8n.getNodeParameter('returnAll', itemIndex, false);
	if (readSwitch('Return All', returnAll)) return Infinity;
	const value: unknown = n8n.getNodeParameter('limit', itemIndex, 50);
	const limit = readCount(value);
	if (limit !== undefined && limit > 0) return limit;
	throw new ParameterError(
		'Limit',
		`${quote(value)} is not a whole number above 0.`,
		'Enter a number such as 50, or turn on Return All.',
	);
}
