import { getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { readUpdateFields, rejectIncomplete } from '../../descriptions/updateFields';
import type { AutoCollect, AutoCollectInput } from '../../schemas/autoCollect';
import type { RowOperation } from '../operation';
import { autoCollectOutput, toAutoCollectOutput } from './output';
import { enabled, readChanges, settingsFields, threshold } from './settings';

const SETTINGS = 'auto-collect settings';

/** All settings, to send. @throws ParameterError where an agent's first settings lack one */
function complete(
	current: AutoCollect | undefined,
	changes: Partial<AutoCollectInput>,
): AutoCollectInput {
	const settings: Partial<AutoCollectInput> = { ...current, ...changes };
	return {
		enabled: settings.enabled ?? rejectIncomplete(enabled.displayName, SETTINGS),
		threshold: settings.threshold ?? rejectIncomplete(threshold.displayName, SETTINGS),
		target_address: settings.target_address ?? null,
		minimum_remaining: settings.minimum_remaining ?? null,
	};
}

export const update: RowOperation<typeof autoCollectOutput> = {
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

	/** The service only takes all settings at once, so the others are read first and sent back. */
	async execute({ n8n, client, itemIndex }) {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const changes = readChanges(readUpdateFields(n8n, itemIndex));
		const path = { address };
		const config = await repeat(client, async (once) => {
			const current = await getSettings(once, routes.getAutoCollect, address, { path });
			const body = complete(current, changes);
			return await send(once, routes.setAutoCollect, { path, body });
		});
		return toAutoCollectOutput(address, config);
	},
};
