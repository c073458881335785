import { listAgents } from '../../api/lists/accountLists';
import { take } from '../../api/lists/take';
import { pagingFields, readLimit } from '../../descriptions/paging';
import { agentOutput, simplifiedAgent } from '../../outputs/agent';
import type { RowOperation } from '../operation';
import { noteBalances } from './noteBalances';

export const getMany: RowOperation<typeof agentOutput.schema> = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many agents',
		description: 'List the agents in the account with their addresses and balances',
	},
	fields: pagingFields,
	output: agentOutput.schema,
	simplified: simplifiedAgent,

	async execute({ client, read, hint }) {
		const agents = await take(listAgents(client), readLimit(read));
		noteBalances(agents, hint);
		return agents.map((agent) => agentOutput.of(agent));
	},
};
