import { unsetHint, getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { agentLocator, readAgent } from '../../descriptions/locators';
import {
	simplifiedSpendingLimit,
	spendingLimitOutput,
	toSpendingLimitOutput,
} from '../../outputs/spendingLimit';
import type { RowOperation } from '../operation';
import { noteLowBalance } from './lowBalance';

export const get: RowOperation<typeof spendingLimitOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get spending limits',
		description: 'Get how much the agent can spend, and whether auto top-up is on',
	},
	inSession: 'also',
	fields: [agentLocator],
	output: spendingLimitOutput,
	simplified: simplifiedSpendingLimit,

	async execute(context) {
		const { client, hint } = context;
		const address = readAgent(context);
		const config = await getSettings(client, routes.getSpendingLimit, address, {
			path: { address },
		});
		if (config) await noteLowBalance(context, address, config);
		else hint(unsetHint('spending limits', address));
		return toSpendingLimitOutput(address, config);
	},
};
