import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator } from '../../descriptions/locators';
import { parseLocator } from '../../domain/address';
import type { RowOperation } from '../operation';
import {
	noteBalances,
	readAgentOutput,
	simplifiedReadAgent,
	toAgentOutput,
	toOwnAgentOutput,
} from './output';

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
			return toOwnAgentOutput(await send(client, routes.getSelf, { path: {} }));
		}
		const address = read(agentLocator, parseLocator);
		const agent = await send(client, routes.getAgent, { path: { address } });
		noteBalances([agent], hint);
		return toAgentOutput(agent);
	},
};
