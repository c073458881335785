import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { isEmpty, readOptionalAmount } from '../../descriptions/limits';
import { requireChanges, updateFieldsOf } from '../../descriptions/updateFields';
import { parseAddress, rejectZeroAddress } from '../../domain/address';
import { parseUsdc } from '../../domain/money';
import { readSwitch } from '../../domain/parameter';
import type { AutoCollectInput } from '../../schemas/autoCollect';

const KEEP = 'Leave empty to keep the current value';

export const enabled: INodeProperties = {
	displayName: 'Enabled',
	name: 'enabled',
	type: 'boolean',
	default: true,
	description: 'Whether to collect earnings, at most once per UTC day',
};

export const threshold: INodeProperties = {
	displayName: 'Threshold (USDC)',
	name: 'threshold',
	type: 'string',
	default: '',
	placeholder: 'e.g. 100',
	description: `Collect once the balance reaches this amount, in USDC. ${KEEP}.`,
};

export const minimumRemaining: INodeProperties = {
	displayName: 'Minimum Remaining (USDC)',
	name: 'minimumRemaining',
	type: 'string',
	default: '',
	placeholder: 'e.g. 10',
	description: `Amount to leave with the agent, in USDC. ${KEEP}.`,
};

export const noMinimumRemaining: INodeProperties = {
	displayName: 'Minimum Remaining: None',
	name: 'noMinimumRemaining',
	type: 'boolean',
	default: false,
	description: 'Whether to remove the minimum, so nothing has to stay with the agent',
};

export const targetAddress: INodeProperties = {
	displayName: 'Target Address',
	name: 'targetAddress',
	type: 'string',
	default: '',
	placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984',
	description: `Address that receives the collected USDC. ${KEEP}.`,
};

export const settingsFields = updateFieldsOf([
	enabled,
	minimumRemaining,
	noMinimumRemaining,
	targetAddress,
	threshold,
]);

/** Only what the user set. @throws ParameterError where that is nothing, or can't be read */
export function readChanges(values: IDataObject): Partial<AutoCollectInput> {
	const changes: Partial<AutoCollectInput> = {};
	const on = readSwitch(enabled.displayName, values.enabled);
	if (on !== undefined) changes.enabled = on;
	if (!isEmpty(values.threshold)) {
		changes.threshold = parseUsdc(threshold.displayName, values.threshold).toString();
	}
	if (!isEmpty(values.targetAddress)) {
		changes.target_address = parseAddress(targetAddress.displayName, values.targetAddress);
		rejectZeroAddress(targetAddress.displayName, changes.target_address);
	}
	const remaining = readOptionalAmount(values, minimumRemaining, noMinimumRemaining);
	if (remaining !== undefined) changes.minimum_remaining = remaining;
	return requireChanges(changes);
}
