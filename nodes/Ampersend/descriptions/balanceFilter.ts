import type { INodeProperties } from 'n8n-workflow';

import { isMicro, parsePositiveUsdc } from '../domain/money';
import { filtersField, readCollection } from './options';
import type { Read } from './reader';

const balanceBelow = {
	displayName: 'Balance Below (USDC)',
	name: 'balanceBelow',
	type: 'string',
	default: '',
	placeholder: 'e.g. 5 or 0.5',
} as const;

/** The Filters of what is listed by agent. @param description what the amount does */
export function balanceFilter(description: string): INodeProperties {
	return filtersField([{ ...balanceBelow, description }]);
}

/**
 * @returns micro-USDC; undefined if it isn't set
 * @throws ParameterError for anything but an amount above 0
 */
export function readBalanceBelow(read: Read): bigint | undefined {
	const { displayName, name } = balanceBelow;
	const { [name]: value = '' } = readCollection(read, filtersField([balanceBelow]));
	return value === ''
		? undefined
		: parsePositiveUsdc(
				displayName,
				value,
				'No balance is below 0. For agents without any USDC, enter 0.000001.',
			);
}

/**
 * Whether a balance passes the filter. One that can't be compared does, and a hint says so.
 * @param balance as the service sent it
 * @param threshold micro-USDC
 */
export function isBelow(balance: string, threshold: bigint): boolean {
	return !isMicro(balance) || BigInt(balance) < threshold;
}
