import type { Address } from '../../domain/address';
import type { Agent } from '../../schemas/agent';
import type { AgentKey } from '../../schemas/agentKey';
import type { Client } from '../client';
import type { Route } from '../routes';
import { routes } from '../routes';
import { send } from '../send';
import type { List, ListPart } from './offsetPages';
import { offsetPages, partAfter } from './offsetPages';

const idOf = ({ connection }: Client, { path }: Route) => `${connection.baseUrl}${path}`;

function agentPages(client: Client): List<Agent> {
	const route = routes.listAgents;
	return {
		id: idOf(client, route),
		route,
		readPage: async (query) => await send(client, route, { path: {}, query }),
	};
}

function agentKeyPages(client: Client, address: Address): List<AgentKey> {
	const route = routes.listAgentKeys;
	return {
		id: idOf(client, route),
		route,
		readPage: async (query) => await send(client, route, { path: { address }, query }),
	};
}

/** Every agent in the account, in the service's order, page by page. */
export function listAgents(client: Client): AsyncGenerator<Agent> {
	return offsetPages(agentPages(client));
}

/** The agents after a part of that list. */
export async function agentsAfter(client: Client, after: string): Promise<ListPart<Agent>> {
	return await partAfter(agentPages(client), after);
}

/** Every key of one agent, in the service's order, page by page. */
export function listAgentKeys(client: Client, address: Address): AsyncGenerator<AgentKey> {
	return offsetPages(agentKeyPages(client, address));
}

/** The keys after a part of that list. */
export async function agentKeysAfter(
	client: Client,
	address: Address,
	after: string,
): Promise<ListPart<AgentKey>> {
	return await partAfter(agentKeyPages(client, address), after);
}
