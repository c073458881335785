import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { hostedEndpointTestOutput } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';

export const test: WriteOperation<typeof hostedEndpointTestOutput.schema> = {
	option: {
		name: 'Test',
		value: 'test',
		action: 'Test hosted endpoint',
		description: 'Let Ampersend call the API once, and get the status of its answer',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator],
	output: hostedEndpointTestOutput.schema,
	repeatable: true,

	prepare(context) {
		const path = readHostedEndpoint(context);
		return async ({ client }) => {
			const answer = await send(client, routes.testHostedEndpoint, { path, body: {} });
			return hostedEndpointTestOutput.of(answer, { id: path.id });
		};
	},
};
