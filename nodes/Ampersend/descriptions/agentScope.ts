import type { INodeProperties } from 'n8n-workflow';

import type { AgentScope } from '../domain/address';
import { parseAddresses, parseLocator } from '../domain/address';
import { ParameterError, readChoice } from '../domain/parameter';
import { agentLocator } from './locators';

/** n8n asks for this wording where options are loaded. */
const chosenAgents = {
	displayName: 'Agent Names or IDs',
	name: 'agents',
} as const;

/**
 * All agents of the account, one or several chosen ones. The same on the action and the trigger.
 */
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
	},
	{ ...agentLocator, displayOptions: { show: { agentScope: ['one'] } } },
	{
		...chosenAgents,
		type: 'multiOptions',
		typeOptions: { loadOptionsMethod: 'getAgents' },
		displayOptions: { show: { agentScope: ['selected'] } },
		default: [],
		description:
			'Choose from the list, or specify IDs using an ' +
			'<a href="https://docs.n8n.io/code/expressions/">expression</a>. ' +
			"An ID is the agent's address.",
	},
];

/**
 * @param get reads a parameter by name, the second argument where it has no value
 * @throws ParameterError where agents are to be chosen and none is
 */
export function readAgentScope(get: (name: string, fallback: unknown) => unknown): AgentScope {
	const scope = readChoice('Agents', get('agentScope', 'all'), ['all', 'one', 'selected']);
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

/** The parameter that holds the choice, as the editor names it. */
export function agentScopeParameter(get: (name: string, fallback: unknown) => unknown): string {
	return get('agentScope', 'all') === 'one' ? agentLocator.displayName : chosenAgents.displayName;
}
