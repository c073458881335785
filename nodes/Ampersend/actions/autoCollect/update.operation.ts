import type { IDataObject } from 'n8n-workflow';

import { getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import { isEmpty, readOptionalAmount } from '../../descriptions/limits';
import { agentLocator, readLocator } from '../../descriptions/locators';
import {
	readUpdateFields,
	rejectIncomplete,
	requireChanges,
	updateFieldsOf,
} from '../../descriptions/updateFields';
import { parseAddress, rejectZeroAddress } from '../../domain/address';
import { readSwitch } from '../../domain/parameter';
import { parseUsdc } from '../../domain/money';
import type { AutoCollect, AutoCollectInput } from '../../schemas/autoCollect';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { enabled, minimumRemaining, noMinimumRemaining, targetAddress, threshold } from './fields';
import { toAutoCollectOutput } from './output';

const SETTINGS = 'auto-collect settings';

/** Only what the user set. @throws ParameterError where that is nothing, or cannot be read */
function readChanges(values: IDataObject): Partial<AutoCollectInput> {
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

/** The settings to send. @throws ParameterError where the first ones are not complete */
function complete(
	current: AutoCollect | undefined,
	changes: Partial<AutoCollectInput>,
): AutoCollectInput {
	const on = changes.enabled ?? current?.enabled;
	const atLeast = changes.threshold ?? current?.threshold;
	if (on === undefined) return rejectIncomplete(enabled.displayName, SETTINGS);
	if (atLeast === undefined) return rejectIncomplete(threshold.displayName, SETTINGS);
	return {
		target_address: current?.target_address ?? null,
		minimum_remaining: current?.minimum_remaining ?? null,
		...changes,
		enabled: on,
		threshold: atLeast,
	};
}

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update auto-collect settings',
		description: 'Change the settings; what you leave out stays as it is',
	},
	fields: [
		agentLocator,
		updateFieldsOf([enabled, minimumRemaining, noMinimumRemaining, targetAddress, threshold]),
	],

	/** The service takes all settings at once: the others are read first and sent back unchanged. */
	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const changes = readChanges(readUpdateFields(n8n, itemIndex));
		const path = { address };
		const config = await repeat(client, async (once) => {
			const current = await getSettings(once, routes.getAutoCollect, address, { path });
			const body = { ...complete(current, changes) };
			return await send(once, routes.setAutoCollect, { path, body });
		});
		return toItems([toAutoCollectOutput(address, config)]);
	},
};
