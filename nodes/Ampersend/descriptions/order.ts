import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { readChoice } from '../domain/parameter';
import { optionsOf } from './options';

const orders = ['newestFirst', 'oldestFirst'] as const;

/** @param remark what to consider about Oldest First */
export function orderOption(remark: string): INodeProperties {
	return {
		displayName: 'Order',
		name: 'order',
		type: 'options',
		options: optionsOf(orders),
		default: 'newestFirst',
		description: `The order of the payments. ${remark}.`,
	};
}

/** @throws ParameterError if an expression gives no valid order */
export function readIsOldestFirst({ order }: IDataObject): boolean {
	return readChoice('Order', order ?? '', orders, 'newestFirst') === 'oldestFirst';
}
