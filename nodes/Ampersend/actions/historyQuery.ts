import { selectAgents } from '../api/agents';
import type { HistoryQuery } from '../api/history';
import { agentScopeParameter, readAgentScope } from '../descriptions/agentScope';
import { readHistoryFilter } from '../descriptions/history';
import type { OperationContext } from './operation';

/**
 * Reads whose history is wanted, and which part of it. Everything that can be refused is, before
 * the agents are asked for.
 * @param now epoch ms
 */
export async function readHistoryQuery(
	{ n8n, client, itemIndex }: OperationContext,
	now: number,
): Promise<Omit<HistoryQuery, 'limit'>> {
	const get = (name: string, fallback: unknown): unknown =>
		n8n.getNodeParameter(name, itemIndex, fallback);
	const scope = readAgentScope(get);
	const filter = readHistoryFilter(n8n, itemIndex);
	const agents = await selectAgents(client, scope, agentScopeParameter(get));
	return { agents, filter, now };
}
