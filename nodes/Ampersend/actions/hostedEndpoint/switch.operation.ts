import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readAgent, readIdLocator } from '../../descriptions/locators';
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
			const { n8n, client, itemIndex } = context;
			const path = {
				address: readAgent(context),
				id: readIdLocator(n8n, hostedEndpointLocator, itemIndex),
			};
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
	description: 'Start selling an API again',
});

export const disable = switchOperation(false, {
	name: 'Disable',
	value: 'disable',
	action: 'Disable hosted endpoint',
	description: 'Stop selling an API, and keep its endpoint',
});
