import { findAgent } from '../../api/agents';
import { readBack } from '../../api/readBack';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import { agentLocator } from '../../descriptions/locators';
import { parseLocator } from '../../domain/address';
import { requirePublicText } from '../../domain/parameter';
import { agentOutput, simplifiedAgent } from '../../outputs/agent';
import type { WriteOperation } from '../operation';

const name = { displayName: 'New Name', name: 'name' } as const;

export const update: WriteOperation<typeof agentOutput.schema> = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update agent',
		description: 'Rename an agent. Its keys, allowlist and limits stay the same.',
	},
	fields: [
		agentLocator,
		{
			...name,
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Research assistant',
			description: 'New name of the agent in the dashboard',
		},
	],
	output: agentOutput.schema,
	simplified: simplifiedAgent,

	prepare({ read }) {
		const address = read(agentLocator, parseLocator);
		const body = {
			name: read(name, requirePublicText),
		};
		return async ({ client }) => {
			const answered = await send(client, routes.updateAgent, { path: { address }, body });
			const listing = callOf(client, routes.listAgents, { path: {} });
			const readAgain = async () => await findAgent(client, address);
			return agentOutput.of(await readBack(routes.updateAgent, body, answered, listing, readAgain));
		};
	},
};
