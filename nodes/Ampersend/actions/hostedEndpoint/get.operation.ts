import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { hostedEndpointOutput, simplifiedHostedEndpoint } from '../../outputs/hostedEndpoint';
import type { RowOperation } from '../operation';

export const get: RowOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get hosted endpoint',
		description: 'Get the price, API and settings of a hosted endpoint',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator],
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHostedEndpoint,

	async execute(context) {
		const { client } = context;
		const path = readHostedEndpoint(context);
		return hostedEndpointOutput.of(await send(client, routes.getHostedEndpoint, { path }));
	},
};
