import type { Address, AgentScope } from '../domain/address';
import { addressKey, sameAddress } from '../domain/address';
import { ParameterError } from '../domain/parameter';
import type { Agent } from '../schemas/agent';
import { listAgents, take } from './paginate';
import type { Client } from './send';

/**
 * The agents that a choice names, in the service's order.
 * @param scope `all`, or the addresses of agents
 * @param parameter that holds the choice, as the editor names it
 * @throws ParameterError where a chosen agent is not one of the account
 */
export async function selectAgents(
	client: Client,
	scope: AgentScope,
	parameter: string,
): Promise<Agent[]> {
	const agents = await take(listAgents(client), Infinity);
	if (scope === 'all') return agents;
	const byKey = new Map(agents.map((agent) => [addressKey(agent.address), agent]));
	return scope.map((address) => {
		const agent = byKey.get(addressKey(address));
		if (agent) return agent;
		throw new ParameterError(
			parameter,
			`${address} is no agent of this account.`,
			'Take it out, or use an API key of the account that owns it.',
		);
	});
}

/** Whether the account has an agent of this address, by the one documented way to tell. */
export async function agentExists(client: Client, address: Address): Promise<boolean> {
	for await (const agent of listAgents(client)) {
		if (sameAddress(agent.address, address)) return true;
	}
	return false;
}
