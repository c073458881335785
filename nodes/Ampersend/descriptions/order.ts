import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { readChoice } from '../domain/parameter';

/** @param remark what to consider about Oldest First */
export function orderOption(remark: string): INodeProperties {
	return {
		displayName: 'Order',
		name: 'order',
		type: 'options',
		options: [
			{ name: 'Newest First', value: 'newestFirst' },
			{ name: 'Oldest First', value: 'oldestFirst' },
		],
		default: 'newestFirst',
		description: `The order of the payments. ${remark}.`,
	};
}

/** @throws ParameterError if an expression gives no valid order */
export function readIsOldestFirst({ order }: IDataObject): boolean {
	const choices = ['newestFirst', 'oldestFirst'] as const;
	return readChoice('Order', order ?? 'newestFirst', choices) === 'oldestFirst';
}
