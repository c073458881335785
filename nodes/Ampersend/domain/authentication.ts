/**
 * How the API knows who calls: as the owner of agents, or as one of them. Names and credentials are
 * stored in workflows. A row needs its credential class, its connection
 * (`api/connection/connections.ts`), and an entry in the action node, which n8n's linter reads.
 */
export const authentications = {
	apiKey: {
		name: 'API Key',
		description: 'As the owner of the agents. Reads and changes all agents of the account.',
		credential: 'ampersendApi',
		credentialName: 'Ampersend API',
		who: 'an API key',
		/** Whether it reaches a single agent, which calls itself. */
		isOneAgent: false,
	},
	agentSession: {
		name: 'Agent Session',
		description: 'As one agent, with one of its keys. Reads what the agent itself can see.',
		credential: 'ampersendAgentApi',
		credentialName: 'Ampersend Agent API',
		who: "an agent's session",
		isOneAgent: true,
	},
} as const;

export type Authentication = keyof typeof authentications;

export type CredentialName = (typeof authentications)[Authentication]['credential'];

export const authenticationNames = Object.keys(authentications) as Authentication[];

/** What workflows without the parameter use. */
export const DEFAULT_AUTHENTICATION: Authentication = 'apiKey';
