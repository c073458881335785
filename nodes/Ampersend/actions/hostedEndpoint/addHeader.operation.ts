import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { headerNameField, headerValueField } from '../../descriptions/hostedEndpoint';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { parseHeaderName, parseHeaderValue } from '../../domain/identifier';
import { hostedEndpointOutput, simplifiedHeaders } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';

export const addProxyHeader: WriteOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Add Proxy Header',
		value: 'addProxyHeader',
		action: 'Add proxy header to hosted endpoint',
		description: 'Add a header that Ampersend sends to your API, such as its key',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator, headerNameField, headerValueField],
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHeaders,

	prepare(context) {
		const path = readHostedEndpoint(context);
		const name = context.read(headerNameField, parseHeaderName);
		const value = context.read(headerValueField, parseHeaderValue);
		return async ({ client }) => {
			return hostedEndpointOutput.of(
				await send(client, routes.addProxyHeader, { path, body: { name }, secretBody: { value } }),
			);
		};
	},
};

export const addRequiredHeader: WriteOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Add Required Header',
		value: 'addRequiredHeader',
		action: 'Add required header to hosted endpoint',
		description: 'Add a header that every buyer must send',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator, headerNameField],
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHeaders,

	prepare(context) {
		const path = readHostedEndpoint(context);
		const body = { name: context.read(headerNameField, parseHeaderName) };
		return async ({ client }) => {
			return hostedEndpointOutput.of(await send(client, routes.addRequiredHeader, { path, body }));
		};
	},
};
