import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator } from '../../descriptions/locators';
import { parseLocator } from '../../domain/address';
import {
	agentOutput,
	ownAgentOutput,
	readAgentOutput,
	simplifiedReadAgent,
} from '../../outputs/agent';
import type { RowOperation } from '../operation';
import { noteBalances } from '../noteBalances';

export const get: RowOperation<typeof readAgentOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get agent',
		description: 'Get the name and balance of one agent',
	},
	inSession: 'also',
	fields: [agentLocator],
	output: readAgentOutput,
	simplified: simplifiedReadAgent,

	async execute({ client, read, hint }) {
		if (client.connection.agent !== undefined) {
			return ownAgentOutput.of(await send(client, routes.getSelf, { path: {} }));
		}
		const address = read(agentLocator, parseLocator);
		const agent = await send(client, routes.getAgent, { path: { address } });
		noteBalances([agent], hint);
		return agentOutput.of(agent);
	},
};
