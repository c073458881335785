import type { Address, AgentScope } from '../domain/address';
import { addressKey, sameAddress } from '../domain/address';
import { ParameterError } from '../domain/parameter';
import { rethrow } from '../domain/rethrow';
import type { Agent } from '../schemas/agent';
import type { AgentKey } from '../schemas/agentKey';
import type { Client } from './client';
import { listAgentKeys, listAgents } from './lists/accountLists';
import { routes } from './routes';
import { keyOfConnection, runMemory } from './runMemory';
import { send } from './send';

/** An agent, as far as both an account and the agent itself know it. */
export type KnownAgent = Pick<Agent, 'address' | 'name'> &
	Partial<Pick<Agent, 'balance' | 'createdAt'>>;

/** The agents that the client can reach by `addressKey`, in the service's order. */
export type Directory = Map<string, KnownAgent>;

async function readDirectory(client: Client): Promise<Directory> {
	const directory: Directory = new Map();
	const add = (agent: KnownAgent) => directory.set(addressKey(agent.address), agent);
	if (client.connection.agent !== undefined) {
		const self = await send(client, routes.getSelf, { path: {} });
		add({ ...self, balance: self.balance_usdc_micro });
	} else {
		for await (const agent of listAgents(client)) add(agent);
	}
	return directory;
}

const directoriesOf = runMemory<Promise<Directory>>();

/** Looks up the agents; once for reads that share it, unless that fails. */
export async function lookUpAgents(client: Client): Promise<Directory> {
	const { reads, connection } = client;
	if (!reads) return await readDirectory(client);
	const directories = directoriesOf(reads);
	const key = keyOfConnection(connection);
	const looking = directories.get(key) ?? readDirectory(client);
	directories.set(key, looking);
	try {
		return await looking;
	} catch (error) {
		directories.delete(key);
		return rethrow(error);
	}
}

/** The account's agent with this address. */
export async function findAgent(client: Client, address: Address): Promise<Agent | undefined> {
	for await (const agent of listAgents(client)) {
		if (sameAddress(agent.address, address)) return agent;
	}
	return undefined;
}

/** The agent's key with this address. */
export async function findAgentKey(
	client: Client,
	address: Address,
	keyAddress: Address,
): Promise<AgentKey | undefined> {
	for await (const key of listAgentKeys(client, address)) {
		if (sameAddress(key.address, keyAddress)) return key;
	}
	return undefined;
}

/**
 * Whether the account has an agent with this address. The list is the only documented way to tell.
 */
export async function agentExists(client: Client, address: Address): Promise<boolean> {
	return (await lookUpAgents(client)).has(addressKey(address));
}

/**
 * @param parameter display name of the parameter that selects the agents
 * @throws ParameterError if a chosen agent isn't in the account
 */
export function requireAgents(directory: Directory, chosen: Address[], parameter: string): void {
	const missing = chosen.filter((address) => !directory.has(addressKey(address)));
	if (missing.length === 0) return;
	throw new ParameterError(
		parameter,
		missing.length === 1
			? `${missing[0]} isn't an agent in this account.`
			: `${missing.join(', ')} aren't agents in this account.`,
		'Choose agents of this account, or use an API key of the account that owns them.',
	);
}

/**
 * The chosen agents: all in the service's order, or the selected ones in theirs.
 * @throws ParameterError if a chosen agent isn't in the account
 */
export async function selectAgents(
	client: Client,
	scope: AgentScope,
	parameter: string,
): Promise<KnownAgent[]> {
	const directory = await lookUpAgents(client);
	if (scope === 'all') return [...directory.values()];
	requireAgents(directory, scope, parameter);
	return scope.flatMap((address) => directory.get(addressKey(address)) ?? []);
}
