import type { INodeProperties } from 'n8n-workflow';

import type { Client } from '../../api/client';
import { listAgents } from '../../api/lists/accountLists';
import { runMemory } from '../../api/runMemory';
import type { Read } from '../../descriptions/reader';
import { addressKey } from '../../domain/address';
import { ParameterError, quote, readChoice } from '../../domain/parameter';
import { nameKey } from '../../domain/text';
import type { Agent } from '../../schemas/agent';

const choices = ['create', 'return', 'stop'] as const;

export const ifExistsField: INodeProperties = {
	displayName: 'If an Agent With This Name Exists',
	name: 'ifAgentExists',
	type: 'options',
	options: [
		{
			name: 'Create Another',
			value: 'create',
			description: "Create an agent with the same name. Names don't have to be unique.",
		},
		{
			name: 'Return Existing',
			value: 'return',
			description: 'Return the existing agent. Its key, allowlist and limits stay the same.',
		},
		{
			name: 'Stop',
			value: 'stop',
			description: 'Stop with a message that names the existing agent',
		},
	],
	default: 'stop',
	description: 'What to do if the account already has an agent with this name',
};

export function readIfExists(read: Read): (typeof choices)[number] {
	return read(ifExistsField, (parameter, value) => readChoice(parameter, value, choices, 'stop'));
}

/** The agents that a run has created, by account: the list may not show them yet. */
const createdIn = runMemory<Agent[]>();

const accountOf = ({ connection: { baseUrl, token } }: Client) => `${baseUrl} ${token}`;

export function rememberCreated(client: Client, agent: Agent): void {
	const created = createdIn(client.run ?? client);
	const account = accountOf(client);
	created.set(account, [...(created.get(account) ?? []), agent]);
}

async function agentsNamed(client: Client, name: string): Promise<Agent[]> {
	const created = createdIn(client.run ?? client).get(accountOf(client)) ?? [];
	const found = new Map(created.map((agent) => [addressKey(agent.address), agent]));
	for await (const agent of listAgents(client)) found.set(addressKey(agent.address), agent);
	const sought = nameKey(name);
	return [...found.values()].filter((agent) => nameKey(agent.name) === sought);
}

/**
 * @returns the agent to return; undefined to create one
 * @throws ParameterError where the choice allows neither
 */
export async function findExisting(
	client: Client,
	name: string,
	choice: (typeof choices)[number],
): Promise<Agent | undefined> {
	if (choice === 'create') return undefined;
	const found = await agentsNamed(client, name);
	if (found.length === 0) return undefined;
	if (choice === 'return' && found.length === 1) return found[0];
	const addresses = found.map(({ address }) => address).join(', ');
	throw choice === 'return'
		? new ParameterError(
				'Name',
				`${found.length} agents have the name ${quote(name)} (${addresses}). ` +
					'No agent was returned or created.',
				'Rename all but one, or use Agent: Get with the address of the one you want.',
			)
		: new ParameterError(
				'Name',
				`an agent named ${quote(name)} already exists (${addresses}). No agent was created.`,
				`Choose another name, or set ${ifExistsField.displayName} ` +
					'to Return Existing or Create Another.',
			);
}
