import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { listAgents } from '../../api/paginate';
import type { Client } from '../../api/send';
import { ParameterError, quote, readChoice } from '../../domain/parameter';
import type { Agent } from '../../schemas/agent';

const choices = ['create', 'refuse', 'return'] as const;

export const ifExistsField: INodeProperties = {
	displayName: 'If an Agent With This Name Exists',
	name: 'ifAgentExists',
	type: 'options',
	options: [
		{
			name: 'Create Another',
			value: 'create',
			description: 'Names need not be unique: another agent of this name is made',
		},
		{
			name: 'Refuse',
			value: 'refuse',
			description: 'Stop with a message that names the existing agent',
		},
		{
			name: 'Return It',
			value: 'return',
			description: 'Give the existing agent, unchanged: its key, allowlist and limits stay',
		},
	],
	default: 'refuse',
	description: 'What to do so that a workflow which runs twice does not make two agents',
};

export function readIfExists(n8n: IExecuteFunctions, itemIndex: number): (typeof choices)[number] {
	const value = n8n.getNodeParameter(ifExistsField.name, itemIndex);
	return readChoice(ifExistsField.displayName, value, choices);
}

async function agentsNamed(client: Client, name: string): Promise<Agent[]> {
	const found: Agent[] = [];
	for await (const agent of listAgents(client)) {
		if (agent.name.trim() === name) found.push(agent);
	}
	return found;
}

/**
 * Finds the agent to return.
 * @returns undefined where a new one is to be made
 * @throws ParameterError where neither is to be done
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
				`${found.length} agents are called ${quote(name)} (${addresses}), so none of them was returned and none created.`,
				'Rename all but one of them, or use Agent: Get with the address of the one you mean.',
			)
		: new ParameterError(
				'Name',
				`an agent called ${quote(name)} exists already (${addresses}), so none was created.`,
				`Choose another name, or set ${ifExistsField.displayName} to Return It or Create Another.`,
			);
}
