import { readBack } from '../../api/readBack';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { hostedEndpointOutput, simplifiedHostedEndpoint } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';

function switchOperation(
	enabled: boolean,
	option: WriteOperation['option'],
): WriteOperation<typeof hostedEndpointOutput.schema> {
	return {
		option,
		inSession: 'only',
		fields: [hostedEndpointLocator],
		output: hostedEndpointOutput.schema,
		simplified: simplifiedHostedEndpoint,
		prepare(context) {
			const path = readHostedEndpoint(context);
			const body = { enabled };
			return async ({ client }) => {
				const route = routes.updateHostedEndpoint;
				const answered = await send(client, route, { path, body });
				const call = callOf(client, routes.getHostedEndpoint, { path });
				const readAgain = async () => await send(client, routes.getHostedEndpoint, { path });
				return hostedEndpointOutput.of(await readBack(route, body, answered, call, readAgain));
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
