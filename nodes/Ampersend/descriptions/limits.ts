import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Limit } from '../domain/limits';
import { limits } from '../domain/limits';
import { formatUsdc, parseUsdc } from '../domain/money';
import { ParameterError, readSwitch } from '../domain/parameter';

/** @param whenEmpty what an empty field means */
export function limitField(limit: Limit, whenEmpty: string): INodeProperties {
	return {
		displayName: limit.displayName,
		name: limit.name,
		type: 'string',
		default: '',
		placeholder: 'e.g. 25.50',
		description: `${limit.description}. In USDC; 0 allows nothing. ${whenEmpty}.`,
	};
}

/** @param description beginning with "Whether" */
export function noLimitField(
	limit: Limit,
	description = 'Whether to remove this limit',
): INodeProperties {
	return {
		displayName: `${limit.displayName.replace(' (USDC)', '')}: None`,
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
		'Whether to top up the balance automatically, at most once a day, ' +
		'up to the daily limit and within the monthly limit',
};

/** Whether a field is empty, in any of n8n's spellings. */
export function isEmpty(value: unknown): boolean {
	return (
		value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
	);
}

/**
 * Reads an amount that has a switch for "none" beside it.
 * @returns micro-USDC as the wire has it; null where the switch is on; undefined for no change
 * @throws ParameterError where the amount can't be read, or the switch is on as well
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
			`Clear the amount, or turn off ${noneField.displayName}.`,
		);
	}
	return micro.toString();
}

/**
 * A field that was added and left empty must not create an agent that can spend without a limit.
 * @throws ParameterError that names all of them
 */
function rejectEmptyLimits(values: IDataObject, read: LimitChanges): void {
	const empty = limits.filter(({ name, noLimitName, wire }) => {
		const isAdded = [name, noLimitName].some((field) => Object.hasOwn(values, field));
		return isAdded && read[wire] === undefined;
	});
	const [first] = empty;
	if (!first) return;
	const noLimit = noLimitField(first).displayName;
	const isOnlySwitch = !Object.hasOwn(values, first.name);
	const [complaint, advice] =
		empty.length > 1
			? ['have no amount.', 'For no limit, turn on the switch of that limit.']
			: [
					isOnlySwitch ? `is missing while ${noLimit} is off.` : 'is empty.',
					`For no limit, turn on ${noLimit}.`,
				];
	throw new ParameterError(
		empty.map(({ displayName }) => displayName).join(', '),
		complaint,
		`Enter an amount in USDC, e.g. 25 or 0.5. ${advice}`,
	);
}

/** The limits and auto top-up that are set, as the wire has them: micro-USDC, null for no limit. */
export type LimitChanges = { auto_topup_allowed?: boolean } & Partial<
	Record<Limit['wire'], string | null>
>;

/** For an update. @throws ParameterError naming the field that can't be read */
export function readLimits(values: IDataObject): LimitChanges {
	const changes: LimitChanges = {};
	const autoTopUp = readSwitch(autoTopUpField.displayName, values[autoTopUpField.name]);
	if (autoTopUp !== undefined) changes.auto_topup_allowed = autoTopUp;
	for (const limit of limits) {
		const micro = readOptionalAmount(values, limit, noLimitField(limit));
		if (micro !== undefined) changes[limit.wire] = micro;
	}
	return changes;
}

/** For a new agent. @throws ParameterError naming the fields that can't be read */
export function readNewLimits(values: IDataObject): LimitChanges {
	const read = readLimits(values);
	rejectEmptyLimits(values, read);
	return read;
}

/** More may be meant, but an amount in micro-USDC by mistake is always more. */
const UNUSUAL_USDC = 100_000n;
const UNUSUAL_MICRO = UNUSUAL_USDC * 1_000_000n;

/**
 * Notes about limits that are valid, and that may not be meant.
 * @param whose the agent, for a text
 */
export function limitHints(config: LimitChanges, whose: string): string[] {
	const hints: string[] = [];
	for (const { wire, displayName } of limits) {
		const micro = BigInt(config[wire] ?? 0);
		if (micro <= UNUSUAL_MICRO) continue;
		hints.push(
			`${displayName} of ${whose} is ${formatUsdc(micro)}, more than ${UNUSUAL_USDC}. ` +
				'Amounts are in USDC, not in micro-USDC: lower it if you meant less.',
		);
	}
	const { daily_limit: daily, monthly_limit: monthly } = config;
	if (daily && monthly && BigInt(daily) > BigInt(monthly)) {
		hints.push(
			`The daily limit of ${whose} (${formatUsdc(BigInt(daily))} USDC) is more than its monthly ` +
				`limit (${formatUsdc(BigInt(monthly))} USDC), so only the monthly limit has an effect.`,
		);
	}
	return hints;
}
