import * as z from 'zod/v4-mini';

import { changeSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { agentLocator } from '../../descriptions/locators';
import { readUpdateFields, requireFields } from '../../descriptions/updateFields';
import { parseLocator } from '../../domain/address';
import {
	autoCollectOutput,
	simplifiedAutoCollect,
	toAutoCollectOutput,
} from '../../outputs/autoCollect';
import type { AutoCollectInput } from '../../schemas/autoCollect';
import { autoCollectInput } from '../../schemas/autoCollect';
import type { WriteOperation } from '../operation';
import {
	enabled,
	minimumRemaining,
	noMinimumRemaining,
	readChanges,
	settingsFields,
	targetAddress,
	threshold,
} from './settings';

/**
 * An agent's first settings. One that is left out would be erased if the service only didn't show
 * it, so all are required.
 * @throws ParameterError naming those that are missing
 */
function requireAll(changes: Partial<AutoCollectInput>): AutoCollectInput {
	requireFields('auto-collect settings', [
		{ value: changes.enabled, field: enabled },
		{ value: changes.threshold, field: threshold },
		{ value: changes.target_address, field: targetAddress },
		{ value: changes.minimum_remaining, field: minimumRemaining, orElse: noMinimumRemaining },
	]);
	return z.parse(autoCollectInput, changes);
}

export const update: WriteOperation<typeof autoCollectOutput> = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update auto-collect settings',
		description:
			"Change when the agent's USDC is collected, and the address that receives it. " +
			'Fields you leave out stay the same.',
	},
	fields: [agentLocator, settingsFields],
	output: autoCollectOutput,
	simplified: simplifiedAutoCollect,

	/** The service only takes all settings at once, so the others are read first and sent back. */
	prepare({ read }) {
		const address = read(agentLocator, parseLocator);
		const changes = readChanges(readUpdateFields(read));
		return async ({ client }) => {
			const settings = await changeSettings(
				client,
				{ read: routes.getAutoCollect, write: routes.setAutoCollect },
				address,
				{ address },
				(current) =>
					current ? { ...z.parse(autoCollectInput, current), ...changes } : requireAll(changes),
			);
			return toAutoCollectOutput(address, settings);
		};
	},
};
