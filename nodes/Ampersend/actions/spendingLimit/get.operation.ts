import { unsetHint, getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { agentLocator, readAgent } from '../../descriptions/locators';
import {
	readSpendingLimitOutput,
	simplifiedSpendingLimit,
	toReadSpendingLimit,
} from '../../outputs/spendingLimit';
import { noteBalances } from '../noteBalances';
import type { RowOperation } from '../operation';
import { noteLowBalance, readOwner } from './owner';

export const get: RowOperation<typeof readSpendingLimitOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get spending limits',
		description: 'Get what the agent has and can spend, and whether auto top-up is on',
	},
	inSession: 'also',
	fields: [agentLocator],
	output: readSpendingLimitOutput,
	simplified: simplifiedSpendingLimit,

	async execute(context) {
		const { client, hint } = context;
		const address = readAgent(context);
		const config = await getSettings(client, routes.getSpendingLimit, address, {
			path: { address },
		});
		if (!config) hint(unsetHint('spending limits', address));
		const owner = await readOwner(context, address);
		if (owner) noteBalances([owner], hint);
		if (owner && config) noteLowBalance(context, owner, config);
		return toReadSpendingLimit(address, owner ?? {}, config);
	},
};
