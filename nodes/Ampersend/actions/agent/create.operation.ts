import type { IDataObject } from 'n8n-workflow';

import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentKeyAddressField, readAddressField, sellersField } from '../../descriptions/addresses';
import { autoTopUpField, limitField, limits, readLimits } from '../../descriptions/limits';
import { parseAddresses } from '../../domain/address';
import { requireText } from '../../domain/input';
import type { SpendConfigInput } from '../../schemas/spend-config';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { findExisting, ifExistsField, readIfExists } from './existing';
import { presentAgent } from './present';

const NO_LIMIT = 'Empty means no limit';

/** The limits to set at creation; null where none is given, as the SDK sends it. */
function readSpendConfig(values: IDataObject): SpendConfigInput | null {
	const given = readLimits(values);
	if (Object.keys(given).length === 0) return null;
	return {
		auto_topup_allowed: false,
		daily_limit: null,
		monthly_limit: null,
		per_transaction_limit: null,
		...given,
	};
}

export const create: Operation = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create an agent',
		description: 'Create an agent with its first key, allowlist and spending limits',
	},
	fields: [
		{
			displayName: 'Name',
			name: 'name',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Research assistant',
			description: 'The name that the dashboard shows',
		},
		agentKeyAddressField,
		ifExistsField,
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [
				{ ...sellersField, displayName: 'Allowlist' },
				autoTopUpField,
				...limits.map((limit) => limitField(limit, NO_LIMIT)),
			].sort((one, other) => one.displayName.localeCompare(other.displayName)),
		},
	],

	/** `created` tells a new agent from one that was there. */
	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const name = requireText('Name', n8n.getNodeParameter('name', itemIndex));
		const agentKeyAddress = readAddressField(n8n, agentKeyAddressField, itemIndex);
		const ifExists = readIfExists(n8n, itemIndex);
		const values = n8n.getNodeParameter('additionalFields', itemIndex, {}) as IDataObject;
		const sellers = parseAddresses('Allowlist', values.sellers);
		const body = {
			agent_key_address: agentKeyAddress,
			name,
			spend_config: readSpendConfig(values),
			authorized_sellers: sellers.length > 0 ? sellers : null,
		};
		const existing = await findExisting(client, name, ifExists);
		const agent = existing ?? (await send(client, routes.createAgent, { path: {}, body }));
		return toItems([{ ...presentAgent(agent), created: existing === undefined }]);
	},
};
