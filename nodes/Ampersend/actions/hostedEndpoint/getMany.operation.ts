import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { readAgent } from '../../descriptions/locators';
import { firstRows, pagingFields, readLimit } from '../../descriptions/paging';
import { hostedEndpointOutput, simplifiedHostedEndpoint } from '../../outputs/hostedEndpoint';
import type { RowOperation } from '../operation';

export const getMany: RowOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many hosted endpoints',
		description: 'List the APIs that the agent sells, with their prices',
	},
	inSession: 'only',
	fields: pagingFields,
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHostedEndpoint,

	async execute(context) {
		const { client, read, hint } = context;
		const limit = readLimit(read);
		const path = { address: readAgent(context) };
		const endpoints = await send(client, routes.listHostedEndpoints, { path });
		const first = firstRows(endpoints, limit, 'hosted endpoints', hint);
		return first.map((endpoint) => hostedEndpointOutput.of(endpoint));
	},
};
