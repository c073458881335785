import type { INodeProperties } from 'n8n-workflow';

import type { AgentScope } from '../domain/address';
import { parseAddresses, parseLocator } from '../domain/address';
import { ParameterError, readChoice } from '../domain/parameter';
import { asOwner } from './authentication';
import { agentLocator } from './locators';

/** n8n requires this wording for fields whose options are loaded. */
const chosenAgents = {
	displayName: 'Agent Names or IDs',
	name: 'agents',
} as const;

/** Selects all agents in the account, one, or several. Actions and trigger share these fields. */
export const agentScopeFields: INodeProperties[] = [
	{
		displayName: 'Agents',
		name: 'agentScope',
		type: 'options',
		options: [
			{ name: 'All', value: 'all', description: 'All agents in the account' },
			{
				name: 'One',
				value: 'one',
				description: 'One agent, from a searchable list or by its address',
			},
			{ name: 'Several', value: 'selected', description: 'The agents that you choose' },
		],
		default: 'all',
		description: 'The agents whose payments to read',
		displayOptions: asOwner,
	},
	{ ...agentLocator, displayOptions: { show: { ...asOwner.show, agentScope: ['one'] } } },
	{
		...chosenAgents,
		type: 'multiOptions',
		typeOptions: { loadOptionsMethod: 'getAgents' },
		displayOptions: { show: { ...asOwner.show, agentScope: ['selected'] } },
		default: [],
		description:
			'Choose from the list, or specify IDs using an ' +
			'<a href="https://docs.n8n.io/code/expressions/">expression</a>. ' +
			"An ID is the agent's address.",
	},
];

/**
 * @param get reads a parameter by name, and returns the fallback if it has no value
 * @throws ParameterError if no agent is selected, or the selection is invalid
 */
export function readAgentScope(get: (name: string, fallback: unknown) => unknown): AgentScope {
	const scope = readChoice('Agents', get('agentScope', ''), ['all', 'one', 'selected'], 'all');
	if (scope === 'all') return 'all';
	if (scope === 'one') {
		return [parseLocator(agentLocator.displayName, get(agentLocator.name, ''))];
	}
	const chosen = parseAddresses(chosenAgents.displayName, get(chosenAgents.name, []));
	if (chosen.length === 0) {
		throw new ParameterError(
			chosenAgents.displayName,
			'none is selected.',
			'Select at least one agent, or set Agents to All.',
		);
	}
	return chosen;
}

/** Display name of the parameter that selects the agents. */
export function agentScopeParameter(get: (name: string, fallback: unknown) => unknown): string {
	return get('agentScope', 'all') === 'one' ? agentLocator.displayName : chosenAgents.displayName;
}
