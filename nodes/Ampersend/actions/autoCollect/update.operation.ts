import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { sendOptional } from '../../api/optional';
import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import { isEmpty, readOptionalAmount } from '../../descriptions/limits';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { parseAddress } from '../../domain/address';
import { InputRefusal, readSwitch } from '../../domain/input';
import { parseUsdc } from '../../domain/money';
import type { AutoCollect, AutoCollectInput } from '../../schemas/auto-collect';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { presentAutoCollect } from './present';

const updateFields = { displayName: 'Update Fields', name: 'updateFields' } as const;

const LEAVE = 'Empty leaves it as it is';

const enabled: INodeProperties = {
	displayName: 'Enabled',
	name: 'enabled',
	type: 'boolean',
	default: true,
	description: 'Whether earnings are collected, at most once per UTC day',
};

const threshold: INodeProperties = {
	displayName: 'Threshold (USDC)',
	name: 'threshold',
	type: 'string',
	default: '',
	placeholder: 'e.g. 100',
	description: `Balance from which on it is collected. Decimal USDC. ${LEAVE}.`,
};

const minimumRemaining: INodeProperties = {
	displayName: 'Minimum Remaining (USDC)',
	name: 'minimumRemaining',
	type: 'string',
	default: '',
	placeholder: 'e.g. 10',
	description: `What stays with the agent. Decimal USDC. ${LEAVE}.`,
};

const noMinimumRemaining: INodeProperties = {
	displayName: 'No Minimum Remaining',
	name: 'noMinimumRemaining',
	type: 'boolean',
	default: false,
	description: 'Whether to remove the minimum, so that nothing has to stay with the agent',
};

const targetAddress: INodeProperties = {
	displayName: 'Target Address',
	name: 'targetAddress',
	type: 'string',
	default: '',
	placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984',
	description: `Where collected USDC goes. ${LEAVE}.`,
};

/** Only what the user set. @throws InputRefusal where that is nothing, or cannot be read */
function readChanges(values: IDataObject): Partial<AutoCollectInput> {
	const changes: Partial<AutoCollectInput> = {};
	const on = readSwitch(enabled.displayName, values.enabled);
	if (on !== undefined) changes.enabled = on;
	if (!isEmpty(values.threshold)) {
		changes.threshold = parseUsdc(threshold.displayName, values.threshold).toString();
	}
	if (!isEmpty(values.targetAddress)) {
		changes.target_address = parseAddress(targetAddress.displayName, values.targetAddress);
	}
	const remaining = readOptionalAmount(values, minimumRemaining, noMinimumRemaining);
	if (remaining !== undefined) changes.minimum_remaining = remaining;
	if (Object.keys(changes).length === 0) {
		throw new InputRefusal(
			updateFields.displayName,
			'says nothing to change.',
			'Add a field with its new value.',
		);
	}
	return changes;
}

/** The settings to send. @throws InputRefusal where the first ones are not complete */
function complete(
	current: AutoCollect | undefined,
	changes: Partial<AutoCollectInput>,
): AutoCollectInput {
	const on = changes.enabled ?? current?.enabled;
	const atLeast = changes.threshold ?? current?.threshold;
	if (on === undefined || atLeast === undefined) {
		const missing = on === undefined ? enabled : threshold;
		throw new InputRefusal(
			missing.displayName,
			'is needed, because this agent has no auto-collect settings yet.',
			`Add ${missing.displayName} to ${updateFields.displayName}.`,
		);
	}
	return {
		target_address: current?.target_address ?? null,
		minimum_remaining: current?.minimum_remaining ?? null,
		...changes,
		enabled: on,
		threshold: atLeast,
	};
}

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update auto-collect settings',
		description: 'Change the settings; what you leave out stays as it is',
	},
	fields: [
		agentLocator,
		{
			...updateFields,
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [enabled, minimumRemaining, noMinimumRemaining, targetAddress, threshold],
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
			const current = await sendOptional(once, routes.getAutoCollect, address, { path });
			const body = { ...complete(current, changes) };
			return await send(once, routes.setAutoCollect, { path, body });
		});
		return toItems([presentAutoCollect(address, config)]);
	},
};
