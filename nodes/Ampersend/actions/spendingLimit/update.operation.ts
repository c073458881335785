import { sendOptional } from '../../api/optional';
import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import {
	autoTopUpField,
	limitField,
	limits,
	noLimitField,
	readLimits,
} from '../../descriptions/limits';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { readUpdateFields, requireChanges, updateFieldsOf } from '../../descriptions/updateFields';
import type { SpendConfigInput } from '../../schemas/spend-config';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { presentSpendingLimit, unsetSpendingLimit } from './present';

const LEAVE = 'Empty leaves the limit as it is';

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update spending limits',
		description: 'Change limits and auto top-up; what you leave out stays as it is',
	},
	fields: [
		agentLocator,
		updateFieldsOf([
			autoTopUpField,
			...limits.flatMap((limit) => [limitField(limit, LEAVE), noLimitField(limit)]),
		]),
	],

	/** The service takes all settings at once: the others are read first and sent back unchanged. */
	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const changes = requireChanges(readLimits(readUpdateFields(n8n, itemIndex)));
		const path = { address };
		const config = await repeat(client, async (once) => {
			const current =
				(await sendOptional(once, routes.getSpendingLimit, address, { path })) ?? unsetSpendingLimit;
			const body: SpendConfigInput = {
				auto_topup_allowed: current.auto_topup_allowed,
				daily_limit: current.daily_limit,
				monthly_limit: current.monthly_limit,
				per_transaction_limit: current.per_transaction_limit,
				...changes,
			};
			return await send(once, routes.setSpendingLimit, { path, body });
		});
		return toItems([presentSpendingLimit(address, config)]);
	},
};
