import type { IDataObject } from 'n8n-workflow';

import type { Client } from '../../api/client';
import { errorFor } from '../../api/errors';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import { agentKeyAddressField, sellersField } from '../../descriptions/addresses';
import { readNewLimits } from '../../descriptions/limits';
import type { Address } from '../../domain/address';
import { parseAddresses, parseUsableAddress, rejectZeroAddress } from '../../domain/address';
import { ParameterError, quote, requirePublicText } from '../../domain/parameter';
import { nameKey } from '../../domain/text';
import { agentOutput, createdAgentOutput, simplifiedCreatedAgent } from '../../outputs/agent';
import type { Agent } from '../../schemas/agent';
import type { WriteOperation } from '../operation';
import { requireCreatedWith } from './created';
import { findExisting, ifExistsField, readIfExists, rememberCreated } from './existing';
import { nameField } from './nameField';
import { newLimitFields, newLimitHints, spendConfigOf } from './newLimits';

const allowlist = { ...sellersField, displayName: 'Allowlist' } as const;

/**
 * Sellers to allow; null without the field, as the SDK sends it.
 * @throws ParameterError where the field has no address
 */
function readAllowlist(values: IDataObject): Address[] | null {
	if (!Object.hasOwn(values, allowlist.name)) return null;
	const sellers = parseAddresses(allowlist.displayName, values[allowlist.name]);
	rejectZeroAddress(allowlist.displayName, ...sellers);
	if (sellers.length > 0) return sellers;
	throw new ParameterError(
		allowlist.displayName,
		'has no addresses.',
		'Enter at least one seller, or remove the field to create the agent without an allowlist.',
	);
}

/** @throws CallError, also if the answer is about an agent of another name */
async function createAgent(client: Client, body: IDataObject & { name: string }): Promise<Agent> {
	const agent = await send(client, routes.createAgent, { path: {}, body });
	if (nameKey(agent.name) === nameKey(body.name)) return agent;
	const call = callOf(client, routes.createAgent, { path: {} });
	const facts = { whose: 'another agent', place: 'name', other: quote(agent.name) };
	throw errorFor('otherOne', facts, call);
}

export const create: WriteOperation<typeof createdAgentOutput> = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create agent',
		description: 'Create an agent whose key can spend USDC, with its allowlist and spending limits',
	},
	fields: [
		{ ...nameField, required: true },
		agentKeyAddressField,
		ifExistsField,
		additionalFieldsOf([allowlist, ...newLimitFields]),
	],
	output: createdAgentOutput,
	simplified: simplifiedCreatedAgent,

	prepare({ read }) {
		const name = read(nameField, requirePublicText);
		const agentKeyAddress = read(agentKeyAddressField, parseUsableAddress);
		const ifExists = readIfExists(read);
		const values = readAdditionalFields(read);
		const newLimits = readNewLimits(values);
		const body = {
			agent_key_address: agentKeyAddress,
			name,
			spend_config: spendConfigOf(newLimits),
			authorized_sellers: readAllowlist(values),
		};
		return async ({ client, hint }) => {
			const existing = await findExisting(client, name, ifExists);
			if (existing) return agentOutput.after({ created: false }, existing);
			const agent = await createAgent(client, body);
			rememberCreated(client, agent);
			const { spend_config, authorized_sellers } = body;
			await requireCreatedWith(client, agent.address, spend_config, authorized_sellers, hint);
			for (const text of newLimitHints(newLimits, quote(name))) hint(text);
			return agentOutput.after({ created: true }, agent);
		};
	},
};
