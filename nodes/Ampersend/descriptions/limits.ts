import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Limit } from '../domain/limits';
import { limits } from '../domain/limits';
import { parseUsdc } from '../domain/money';
import { ParameterError, readSwitch } from '../domain/parameter';

/** @param whenEmpty what leaving the field empty means */
export function limitField(limit: Limit, whenEmpty: string): INodeProperties {
	return {
		displayName: limit.displayName,
		name: limit.name,
		type: 'string',
		default: '',
		placeholder: 'e.g. 25.50',
		description: `${limit.description}. Decimal USDC; 0 allows nothing. ${whenEmpty}.`,
	};
}

/** @param description beginning with "Whether" */
export function noLimitField(
	limit: Limit,
	description = 'Whether to remove this limit',
): INodeProperties {
	return {
		displayName: `No ${limit.displayName.replace(' (USDC)', '')}`,
		name: limit.noLimitName,
		type: 'boolean',
		default: false,
		description,
	};
}

export const autoTopUpField: INodeProperties = {
	displayName: 'Auto Top-Up',
	name: 'autoTopUp',
	type: 'boolean',
	default: true,
	description:
		'Whether the balance is topped up by itself, at most once a day, to the daily limit and within the monthly limit',
};

/** An empty amount, in any of the ways in which n8n hands over "nothing". */
export function isEmpty(value: unknown): boolean {
	return (
		value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
	);
}

/**
 * Reads one amount of a collection that also has a switch for "none".
 * @returns micro-USDC as the wire has it; null for the switch; undefined for "leave as it is"
 * @throws ParameterError for an amount that cannot be read, or one beside a switch that removes it
 */
export function readOptionalAmount(
	values: IDataObject,
	field: { displayName: string; name: string },
	noneField: { displayName: string; name: string },
): string | null | undefined {
	const value = values[field.name];
	const none = readSwitch(noneField.displayName, values[noneField.name]) ?? false;
	if (isEmpty(value)) return none ? null : undefined;
	const micro = parseUsdc(field.displayName, value);
	if (none) {
		throw new ParameterError(
			field.displayName,
			`has an amount while ${noneField.displayName} is on.`,
			'Clear the amount, or switch the other off.',
		);
	}
	return micro.toString();
}

/**
 * Reads one limit of an agent that is yet to be made. A field that was added and gives nothing is a
 * slip, and must not make an agent that may spend without a limit.
 * @returns micro-USDC as the wire has it; null where its switch is on; undefined where neither was
 * added
 * @throws ParameterError for a field that was added and gives nothing, or an amount that cannot be
 * read
 */
function readNewLimit(values: IDataObject, limit: Limit): string | null | undefined {
	const noLimit = noLimitField(limit);
	const read = readOptionalAmount(values, limit, noLimit);
	if (read !== undefined) return read;
	const isAdded = Object.hasOwn(values, limit.name);
	if (!isAdded && !Object.hasOwn(values, noLimit.name)) return undefined;
	throw new ParameterError(
		limit.displayName,
		isAdded ? 'is empty.' : `is left out while ${noLimit.displayName} is off.`,
		`Write decimal USDC, e.g. 25 or 0.5. For no limit, switch on ${noLimit.displayName}.`,
	);
}

/**
 * Limits and auto top-up as the wire has them: micro-USDC, null for no limit; only those that are
 * set.
 */
export type LimitChanges = { auto_topup_allowed?: boolean } & Partial<
	Record<Limit['wire'], string | null>
>;

function readSettings(
	values: IDataObject,
	readLimit: (limit: Limit) => string | null | undefined,
): LimitChanges {
	const changes: LimitChanges = {};
	const autoTopUp = readSwitch(autoTopUpField.displayName, values[autoTopUpField.name]);
	if (autoTopUp !== undefined) changes.auto_topup_allowed = autoTopUp;
	for (const limit of limits) {
		const micro = readLimit(limit);
		if (micro !== undefined) changes[limit.wire] = micro;
	}
	return changes;
}

/** Of an update. @throws ParameterError naming the field that cannot be read */
export function readLimits(values: IDataObject): LimitChanges {
	return readSettings(values, (limit) => readOptionalAmount(values, limit, noLimitField(limit)));
}

/** Of an agent that is yet to be made. @throws ParameterError naming the field that cannot be read */
export function readNewLimits(values: IDataObject): LimitChanges {
	return readSettings(values, (limit) => readNewLimit(values, limit));
}
