import type { INodeProperties } from 'n8n-workflow';

import type { Address, AgentScope } from '../domain/address';
import { parseAddresses, parseLocator } from '../domain/address';
import { ParameterError, readChoice } from '../domain/parameter';
import { asOneAgent, asOwner } from './authentication';
import { agentLocator } from './locators';
import type { Read } from './reader';

/** n8n requires this wording for fields whose options are loaded. */
const chosenAgents = { displayName: 'Agent Names or IDs', name: 'agents' } as const;

export const agentScope = { displayName: 'Agents', name: 'agentScope' } as const;

/** Selects all agents in the account, one, or several. Actions and trigger share these fields. */
export const agentScopeFields: INodeProperties[] = [
	{
		displayName: 'Reads only the agent of this credential.',
		name: 'ownAgent',
		type: 'notice',
		default: '',
		displayOptions: asOneAgent,
	},
	{
		...agentScope,
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

function parseChosenAgents(parameter: string, value: unknown): Address[] {
	const chosen = parseAddresses(parameter, value);
	if (chosen.length > 0) return chosen;
	throw new ParameterError(
		parameter,
		'none is selected.',
		'Select at least one agent, or set Agents to All.',
	);
}

/** @throws ParameterError if no agent is selected, or the selection is invalid */
export function readAgentScope(read: Read): AgentScope {
	const scope = read(agentScope, (parameter, value) =>
		readChoice(parameter, value, ['all', 'one', 'selected'], 'all'),
	);
	if (scope === 'all') return 'all';
	return scope === 'one'
		? [read(agentLocator, parseLocator)]
		: read(chosenAgents, parseChosenAgents);
}

/** Display name of the parameter that selects the agents. */
export function agentScopeParameter(read: Read): string {
	const isOne = read(agentScope, (_, value) => value === 'one');
	return isOne ? agentLocator.displayName : chosenAgents.displayName;
}
