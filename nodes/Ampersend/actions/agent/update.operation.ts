import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { agentLocator, readLocator } from '../../descriptions/locators';
import { requireText } from '../../domain/parameter';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { toAgentOutput } from './output';

const name = { displayName: 'New Name', name: 'name' } as const;

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update an agent',
		description: 'Rename an agent',
	},
	fields: [
		agentLocator,
		{
			...name,
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Research assistant',
			description: 'The name that the dashboard shows from now on',
		},
	],

	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const body = {
			name: requireText(name.displayName, n8n.getNodeParameter(name.name, itemIndex)),
		};
		return toItems([
			toAgentOutput(await send(client, routes.updateAgent, { path: { address }, body })),
		]);
	},
};
