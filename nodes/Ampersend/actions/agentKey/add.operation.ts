import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import {
	agentKeyAddressField,
	keyNameField,
	readAddressField,
	readKeyName,
} from '../../descriptions/addresses';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { RowOperation } from '../operation';
import { agentKeyOutput, toAgentKeyOutput } from './output';

export const add: RowOperation<typeof agentKeyOutput> = {
	option: {
		name: 'Add',
		value: 'add',
		action: 'Add agent key',
		description: 'Add a key that can act for the agent and spend its USDC',
	},
	fields: [agentLocator, agentKeyAddressField, additionalFieldsOf([keyNameField])],
	output: agentKeyOutput,

	async execute({ n8n, client, itemIndex }) {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const agentKeyAddress = readAddressField(n8n, agentKeyAddressField, itemIndex);
		const values = readAdditionalFields(n8n, itemIndex);
		const key = await send(client, routes.addAgentKey, {
			path: { address },
			body: { agent_key_address: agentKeyAddress, ...readKeyName(values) },
		});
		return toAgentKeyOutput(address, key);
	},
};
