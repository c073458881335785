import type { IDataObject } from 'n8n-workflow';

import { sendOptional } from '../../api/optional';
import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import {
	autoTopUpField,
	limitField,
	limits,
	noLimitField,
	readOptionalAmount,
} from '../../descriptions/limits';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { InputRefusal, readSwitch } from '../../domain/input';
import type { SpendConfigInput } from '../../schemas/spend-config';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { presentSpendingLimit, unsetSpendingLimit } from './present';

const updateFields = { displayName: 'Update Fields', name: 'updateFields' } as const;
const LEAVE = 'Empty leaves the limit as it is';

/** Only what the user set. @throws InputRefusal where that is nothing */
function readChanges(values: IDataObject): Partial<SpendConfigInput> {
	const changes: Partial<SpendConfigInput> = {};
	const autoTopUp = readSwitch(autoTopUpField.displayName, values[autoTopUpField.name]);
	if (autoTopUp !== undefined) changes.auto_topup_allowed = autoTopUp;
	for (const limit of limits) {
		const micro = readOptionalAmount(values, limit, noLimitField(limit));
		if (micro !== undefined) changes[limit.wire] = micro;
	}
	if (Object.keys(changes).length === 0) {
		throw new InputRefusal(
			updateFields.displayName,
			'says nothing to change.',
			'Add a limit, a switch that removes one, or Auto Top-Up.',
		);
	}
	return changes;
}

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update spending limits',
		description: 'Change limits and auto top-up; what you leave out stays as it is',
	},
	fields: [
		agentLocator,
		{
			...updateFields,
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [
				autoTopUpField,
				...limits.flatMap((limit) => [limitField(limit, LEAVE), noLimitField(limit)]),
			].sort((one, other) => one.displayName.localeCompare(other.displayName)),
		},
	],

	/** The service takes all settings at once: the others are read first and sent back unchanged. */
	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const changes = readChanges(
			n8n.getNodeParameter(updateFields.name, itemIndex, {}) as IDataObject,
		);
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
