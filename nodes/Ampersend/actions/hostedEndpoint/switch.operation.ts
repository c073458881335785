import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import type { RowOperation } from '../operation';
import { hostedEndpointOutput, toHostedEndpointOutput } from './output';

function switchOperation(
	enabled: boolean,
	option: RowOperation['option'],
): RowOperation<typeof hostedEndpointOutput> {
	return {
		option,
		inSession: 'only',
		fields: [hostedEndpointLocator],
		output: hostedEndpointOutput,
		async execute(context) {
			const { client } = context;
			const path = readHostedEndpoint(context);
			const body = { enabled };
			return toHostedEndpointOutput(
				await send(client, routes.updateHostedEndpoint, { path, body }),
			);
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
