import type { INodeProperties } from 'n8n-workflow';

import type { LimitChanges } from '../../descriptions/limits';
import { autoTopUpField, limitField, limitHints, noLimitField } from '../../descriptions/limits';
import { limits } from '../../domain/limits';
import type { SpendConfigInput } from '../../schemas/spendConfig';
import { unsetSpendConfig } from '../../schemas/spendConfig';

const NO_LIMIT = 'Leave the field out for no limit; if you add it, enter an amount';

/** In Additional Fields: limits and auto top-up of a new agent. */
export const newLimitFields: INodeProperties[] = [
	autoTopUpField,
	...limits.flatMap((limit) => [
		limitField(limit, NO_LIMIT),
		noLimitField(limit, 'Whether to create the agent without this limit'),
	]),
];

/** Limits of the new agent as the wire has them; null without any, as the SDK sends it. */
export function spendConfigOf(given: LimitChanges): SpendConfigInput | null {
	if (Object.keys(given).length === 0) return null;
	return { ...unsetSpendConfig, ...given };
}

/** Notes about the limits of a new agent, also about those that it doesn't have. */
export function newLimitHints(given: LimitChanges, whose: string): string[] {
	const isLimited = limits.some(({ wire }) => typeof given[wire] === 'string');
	const leftOut = limits.filter(({ wire }) => isLimited && given[wire] === undefined);
	const names = leftOut.map(({ displayName }) => displayName).join(', ');
	return [...limitHints(given, whose), ...(names ? [`${whose} has no limit for: ${names}.`] : [])];
}
