import { findAgentKey } from '../../api/agents';
import type { Client } from '../../api/client';
import { readBack } from '../../api/readBack';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import { agentKeyAddressField, keyNameField, readKeyName } from '../../descriptions/addresses';
import { agentLocator } from '../../descriptions/locators';
import type { Address } from '../../domain/address';
import { parseLocator, parseUsableAddress, sameAddress } from '../../domain/address';
import { rethrow } from '../../domain/rethrow';
import { addedAgentKeyOutput, agentKeyOutput } from '../../outputs/agentKey';
import type { AgentKey } from '../../schemas/agentKey';
import type { WriteOperation } from '../operation';
import { findRejected, ifExistsField, readIfExists } from './existing';

function namedOtherwise(address: Address): string {
	return (
		`Ampersend added the key ${address}, and shows another name than was sent. ` +
		'Check it with Agent Key: Get Many.'
	);
}

/** The new key as it was answered. It's read again if the answer is about something else. */
async function shownKey(
	client: Client,
	address: Address,
	keyAddress: Address,
	answered: AgentKey | undefined,
): Promise<AgentKey> {
	const isAboutKey = answered && sameAddress(answered.address, keyAddress);
	const listing = callOf(client, routes.listAgentKeys, { path: { address } });
	const readAgain = async () => await findAgentKey(client, address, keyAddress);
	const shown = isAboutKey ? answered : undefined;
	return await readBack(routes.addAgentKey, {}, shown, listing, readAgain);
}

export const add: WriteOperation<typeof addedAgentKeyOutput> = {
	option: {
		name: 'Add',
		value: 'add',
		action: 'Add agent key',
		description: 'Add a key that can act for the agent and spend its USDC',
	},
	fields: [agentLocator, agentKeyAddressField, ifExistsField, additionalFieldsOf([keyNameField])],
	output: addedAgentKeyOutput,

	prepare({ read }) {
		const address = read(agentLocator, parseLocator);
		const agentKeyAddress = read(agentKeyAddressField, parseUsableAddress);
		const returnsExisting = readIfExists(read) === 'return';
		const values = readAdditionalFields(read);
		const keyName = readKeyName(values);
		const body = { agent_key_address: agentKeyAddress, ...keyName };
		return async ({ client, hint }) => {
			try {
				const answered = await send(client, routes.addAgentKey, { path: { address }, body });
				const key = await shownKey(client, address, agentKeyAddress, answered);
				if (key.name !== (keyName.key_name ?? key.name)) hint(namedOtherwise(agentKeyAddress));
				return agentKeyOutput.after({ added: true }, key, { agentAddress: address });
			} catch (error) {
				if (!returnsExisting) rethrow(error);
				const key = await findRejected(client, address, agentKeyAddress, error);
				return agentKeyOutput.after({ added: false }, key, { agentAddress: address });
			}
		};
	},
};
