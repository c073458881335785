import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import type { WriteOperation } from '../operation';
import { hostedEndpointOutput, toHostedEndpointOutput } from './output';

function switchOperation(
	enabled: boolean,
	option: WriteOperation['option'],
): WriteOperation<typeof hostedEndpointOutput> {
	return {
		option,
		inSession: 'only',
		fields: [hostedEndpointLocator],
		output: hostedEndpointOutput,
		prepare(context) {
			const path = readHostedEndpoint(context);
			const body = { enabled };
			return async ({ client }) => {
				return toHostedEndpointOutput(
					await send(client, routes.updateHostedEndpoint, { path, body }),
				);
			};
		},
	};
}

export const enable = switchOperation(true, {
	name: 'Enable',
	value: 'enable',
	action: 'Enable hosted endpoint',
	description: 'Start selling an API again: buyers can pay USDC for calls',
});

export const disable = switchOperation(false, {
	name: 'Disable',
	value: 'disable',
	action: 'Disable hosted endpoint',
	description: 'Stop selling an API, but keep its endpoint',
});
