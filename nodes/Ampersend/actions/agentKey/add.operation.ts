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
import type { WriteOperation } from '../operation';
import { findRejected, ifExistsField, readIfExists } from './existing';
import { addedAgentKeyOutput, toAgentKeyOutput } from './output';

export const add: WriteOperation<typeof addedAgentKeyOutput> = {
	option: {
		name: 'Add',
		value: 'add',
		action: 'Add agent key',
		description: 'Add a key that can act for the agent and spend its USDC',
	},
	fields: [agentLocator, agentKeyAddressField, ifExistsField, additionalFieldsOf([keyNameField])],
	output: addedAgentKeyOutput,

	prepare({ n8n, itemIndex }) {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const agentKeyAddress = readAddressField(n8n, agentKeyAddressField, itemIndex);
		const returnsExisting = readIfExists(n8n, itemIndex) === 'return';
		const values = readAdditionalFields(n8n, itemIndex);
		const body = { agent_key_address: agentKeyAddress, ...readKeyName(values) };
		return async ({ client }) => {
			try {
				const key = await send(client, routes.addAgentKey, { path: { address }, body });
				return { ...toAgentKeyOutput(address, key), added: true };
			} catch (error) {
				if (!returnsExisting) return await Promise.reject(error);
				const key = await findRejected(client, address, agentKeyAddress, error);
				return { ...toAgentKeyOutput(address, key), added: false };
			}
		};
	},
};
