import * as z from 'zod/v4-mini';

import { changeSettings } from '../../api/agentSettings';
import { routes } from '../../api/routes';
import type { LimitChanges } from '../../descriptions/limits';
import {
	autoTopUpField,
	limitField,
	limitHints,
	noLimitField,
	readLimits,
} from '../../descriptions/limits';
import { agentLocator } from '../../descriptions/locators';
import {
	readUpdateFields,
	requireChanges,
	requireFields,
	updateFieldsOf,
} from '../../descriptions/updateFields';
import { parseLocator } from '../../domain/address';
import { limits } from '../../domain/limits';
import {
	simplifiedUpdatedLimit,
	spendingLimitOutput,
	toSpendingLimitOutput,
} from '../../outputs/spendingLimit';
import type { SpendConfigInput } from '../../schemas/spendConfig';
import { spendConfigInput } from '../../schemas/spendConfig';
import type { WriteOperation } from '../operation';

const KEEP = 'Leave empty to keep the current limit';

/**
 * An agent's first limits. One that is left out would become "no limit", so all are required.
 * @throws ParameterError naming those that are missing
 */
function requireAll(changes: LimitChanges): SpendConfigInput {
	requireFields('spending limits', [
		...limits.map((limit) => ({
			value: changes[limit.wire],
			field: limit,
			orElse: noLimitField(limit),
		})),
		{ value: changes.auto_topup_allowed, field: autoTopUpField },
	]);
	return z.parse(spendConfigInput, changes);
}

export const update: WriteOperation<typeof spendingLimitOutput> = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update spending limits',
		description:
			'Change how much the agent can spend, and auto top-up. Fields you leave out stay the same.',
	},
	fields: [
		agentLocator,
		updateFieldsOf([
			autoTopUpField,
			...limits.flatMap((limit) => [limitField(limit, KEEP), noLimitField(limit)]),
		]),
	],
	output: spendingLimitOutput,
	simplified: simplifiedUpdatedLimit,

	/** The service only takes all settings at once, so the others are read first and sent back. */
	prepare({ read }) {
		const address = read(agentLocator, parseLocator);
		const changes = requireChanges(readLimits(readUpdateFields(read)));
		return async ({ client, hint }) => {
			const settings = await changeSettings(
				client,
				{ read: routes.getSpendingLimit, write: routes.setSpendingLimit },
				address,
				{ address },
				(current) =>
					current ? { ...z.parse(spendConfigInput, current), ...changes } : requireAll(changes),
			);
			for (const text of limitHints(settings, address)) hint(text);
			return toSpendingLimitOutput(address, settings);
		};
	},
};
