import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import type { RowOperation } from '../operation';
import { hostedEndpointOutput, simplifiedHostedEndpoint, toHostedEndpointOutput } from './output';

export const get: RowOperation<typeof hostedEndpointOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get hosted endpoint',
		description: 'Get the price, API and settings of a hosted endpoint',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator],
	output: hostedEndpointOutput,
	simplified: simplifiedHostedEndpoint,

	async execute(context) {
		const { client } = context;
		const path = readHostedEndpoint(context);
		return toHostedEndpointOutput(await send(client, routes.getHostedEndpoint, { path }));
	},
};
