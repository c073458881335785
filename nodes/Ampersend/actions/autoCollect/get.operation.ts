import { unsetHint, getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { agentLocator, readAgent } from '../../descriptions/locators';
import {
	autoCollectOutput,
	simplifiedAutoCollect,
	toAutoCollectOutput,
} from '../../outputs/autoCollect';
import type { RowOperation } from '../operation';

export const get: RowOperation<typeof autoCollectOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get auto-collect settings',
		description: "Get when and where the agent's earnings are collected",
	},
	inSession: 'also',
	fields: [agentLocator],
	output: autoCollectOutput,
	simplified: simplifiedAutoCollect,

	async execute(context) {
		const { client, hint } = context;
		const address = readAgent(context);
		const config = await getSettings(client, routes.getAutoCollect, address, {
			path: { address },
		});
		if (!config) hint(unsetHint('auto-collect settings', address));
		return toAutoCollectOutput(address, config);
	},
};
