import { selectAgents } from '../api/agents';
import type { HistoryQuery } from '../api/history';
import { chosenAgents, readAgentScope } from '../descriptions/agentScope';
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
	const scope = readAgentScope((name, fallback) => n8n.getNodeParameter(name, itemIndex, fallback));
	const filter = readHistoryFilter(n8n, itemIndex);
	const agents = await selectAgents(client, scope, chosenAgents.displayName);
	return { agents, filter, now };
}
