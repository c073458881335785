import { getSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import type { LimitChanges } from '../../descriptions/limits';
import {
	autoTopUpField,
	limitField,
	limits,
	noLimitField,
	readLimits,
} from '../../descriptions/limits';
import { agentLocator, readLocator } from '../../descriptions/locators';
import {
	readUpdateFields,
	rejectIncomplete,
	requireChanges,
	updateFieldsOf,
} from '../../descriptions/updateFields';
import type { SpendConfig, SpendConfigInput } from '../../schemas/spendConfig';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toSpendingLimitOutput } from './output';

const LEAVE = 'Empty leaves the limit as it is';

function settingsOf(config: SpendConfig): SpendConfigInput {
	const { auto_topup_allowed, daily_limit, monthly_limit, per_transaction_limit } = config;
	return { auto_topup_allowed, daily_limit, monthly_limit, per_transaction_limit };
}

/**
 * Where the service tells of no limits, one that is left out would become "no limit": so it must be
 * said.
 * @throws ParameterError naming what is left out
 */
function requireAll(changes: LimitChanges): SpendConfigInput {
	const what = 'spending limits that the service tells of';
	const { daily_limit, monthly_limit, per_transaction_limit, auto_topup_allowed } = changes;
	const missing = limits.find(({ wire }) => changes[wire] === undefined);
	if (missing) rejectIncomplete(missing.displayName, what, noLimitField(missing).displayName);
	return {
		daily_limit: daily_limit ?? null,
		monthly_limit: monthly_limit ?? null,
		per_transaction_limit: per_transaction_limit ?? null,
		auto_topup_allowed: auto_topup_allowed ?? rejectIncomplete(autoTopUpField.displayName, what),
	};
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
			const current = await getSettings(once, routes.getSpendingLimit, address, { path });
			const body = current ? { ...settingsOf(current), ...changes } : requireAll(changes);
			return await send(once, routes.setSpendingLimit, { path, body });
		});
		return toItems([toSpendingLimitOutput(address, config)]);
	},
};
