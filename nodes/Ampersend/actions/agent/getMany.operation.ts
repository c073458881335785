import { listAgents } from '../../api/lists/accountLists';
import { take } from '../../api/lists/take';
import { balanceFilter, isBelow, readBalanceBelow } from '../../descriptions/balanceFilter';
import { hintAtLimit, pagingFields, readLimit } from '../../descriptions/paging';
import { agentOutput, simplifiedAgent } from '../../outputs/agent';
import type { Agent } from '../../schemas/agent';
import type { RowOperation } from '../operation';
import { noteBalances } from '../noteBalances';

const NOT_COMPARED = "It can't be compared with Balance Below, so the agent is returned. ";

/** Those with less than `limit`, in micro-USDC, or a balance that can't be compared with it. */
async function* below(agents: AsyncIterable<Agent>, limit: bigint): AsyncGenerator<Agent> {
	for await (const agent of agents) if (isBelow(agent.balance, limit)) yield agent;
}

export const getMany: RowOperation<typeof agentOutput.schema> = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many agents',
		description: 'List the agents in the account with their addresses and balances',
	},
	fields: [...pagingFields, balanceFilter('Only agents with less than this amount (USDC)')],
	output: agentOutput.schema,
	simplified: simplifiedAgent,

	async execute({ n8n, client, read, hint }) {
		const limit = readLimit(read);
		const balanceBelow = readBalanceBelow(read);
		const all = listAgents(client);
		const isFiltered = balanceBelow !== undefined;
		const agents = await take(isFiltered ? below(all, balanceBelow) : all, limit);
		hintAtLimit(agents, limit, 'agents', { n8n, hint });
		noteBalances(agents, hint, isFiltered ? NOT_COMPARED : '');
		return agents.map((agent) => agentOutput.of(agent));
	},
};
