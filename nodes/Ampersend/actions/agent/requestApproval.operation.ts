import type { IDataObject } from 'n8n-workflow';

import {
	agentKeyAddressField,
	keyNameField,
	readAddressField,
	readKeyName,
} from '../../descriptions/addresses';
import { inAlphabeticalOrder } from '../../descriptions/options';
import { readText } from '../../domain/parameter';
import { approvalRequestOutput, requestApproval as request } from '../approval';
import type { RowOperation } from '../operation';
import { newLimitFields, readSpendConfig } from './newLimits';

const nameField = { displayName: 'Name', name: 'name' } as const;

export const requestApproval: RowOperation<typeof approvalRequestOutput> = {
	option: {
		name: 'Request Approval',
		value: 'requestApproval',
		action: 'Request approval of an agent',
		description: 'Get a link where the owner approves a new agent. This sends no key.',
	},
	inSession: 'also',
	fields: [
		{
			...nameField,
			type: 'string',
			default: '',
			placeholder: 'e.g. Research assistant',
			description: 'Name of the agent in the dashboard',
		},
		agentKeyAddressField,
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: inAlphabeticalOrder([keyNameField, ...newLimitFields]),
		},
	],
	output: approvalRequestOutput,

	async execute({ n8n, client, itemIndex }) {
		const name = readText(
			nameField.displayName,
			n8n.getNodeParameter(nameField.name, itemIndex, ''),
		);
		const agentKeyAddress = readAddressField(n8n, agentKeyAddressField, itemIndex);
		const values = n8n.getNodeParameter('additionalFields', itemIndex, {}) as IDataObject;
		const spendConfig = readSpendConfig(values);
		return await request(client, agentKeyAddress, {
			name: name === '' ? null : name,
			...readKeyName(values),
			...(spendConfig && { spend_config: spendConfig }),
			mode: 'create',
		});
	},
};
