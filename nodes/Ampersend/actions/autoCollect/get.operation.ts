import { unsetHint, getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toAutoCollectOutput } from './output';

export const get: Operation = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get auto-collect settings',
		description: 'Read when and where the earnings of an agent are collected',
	},
	fields: [agentLocator],

	/** `configured` is false where nothing was ever set for the agent. */
	async execute({ n8n, client, itemIndex, hint }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const config = await getSettings(client, routes.getAutoCollect, address, {
			path: { address },
		});
		if (!config) hint(unsetHint('auto-collect settings', address));
		return toItems([toAutoCollectOutput(address, config)]);
	},
};
