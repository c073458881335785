import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { ownerOutput } from '../../outputs/owner';
import type { RowOperation } from '../operation';

export const get: RowOperation<typeof ownerOutput.schema> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get owner',
		description: 'Get the account that owns the agent, and its wallet',
	},
	inSession: 'only',
	fields: [],
	output: ownerOutput.schema,

	async execute({ client }) {
		return ownerOutput.of(await send(client, routes.getOwner, { path: {} }));
	},
};
