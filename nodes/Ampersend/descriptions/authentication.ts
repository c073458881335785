import type { INodeProperties } from 'n8n-workflow';

import type { Authentication } from '../domain/authentication';
import { authentications } from '../domain/authentication';
import { readChoice } from '../domain/parameter';

/** For fields that make no sense for an agent's session, which is that of one agent. */
export const withApiKey = { show: { authentication: ['apiKey'] } };

/** For what only an agent can do. */
export const inSession = { show: { authentication: ['agentSession'] } };

/** Actions and trigger share this field. Workflows without it use an API key. */
export const authenticationField: INodeProperties = {
	displayName: 'Authentication',
	name: 'authentication',
	type: 'options',
	options: [
		{
			name: 'Agent Session',
			value: 'agentSession',
			description: 'As one agent, with one of its keys. Reads what the agent itself can see.',
		},
		{
			name: 'API Key',
			value: 'apiKey',
			description: 'As the owner of the agents. Reads and changes all agents of the account.',
		},
	],
	default: 'apiKey',
};

/** @throws ParameterError for an unknown value */
export function readAuthentication(value: unknown): Authentication {
	return readChoice(authenticationField.displayName, value, authentications, 'apiKey');
}
