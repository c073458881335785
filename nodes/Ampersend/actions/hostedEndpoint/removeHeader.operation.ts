import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { headerNameField } from '../../descriptions/hostedEndpoint';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { parseHeaderName } from '../../domain/identifier';
import { hostedEndpointOutput, simplifiedHeaders } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';

function removeOperation(
	route: typeof routes.removeProxyHeader | typeof routes.removeRequiredHeader,
	option: WriteOperation['option'],
): WriteOperation<typeof hostedEndpointOutput.schema> {
	return {
		option,
		inSession: 'only',
		fields: [hostedEndpointLocator, headerNameField],
		output: hostedEndpointOutput.schema,
		simplified: simplifiedHeaders,
		prepare(context) {
			const path = {
				...readHostedEndpoint(context),
				name: context.read(headerNameField, parseHeaderName),
			};
			return async ({ client }) => {
				return hostedEndpointOutput.of(await send(client, route, { path }));
			};
		},
	};
}

export const removeProxyHeader = removeOperation(routes.removeProxyHeader, {
	name: 'Remove Proxy Header',
	value: 'removeProxyHeader',
	action: 'Remove proxy header from hosted endpoint',
	description: 'Remove a header that Ampersend sends to your API',
});

export const removeRequiredHeader = removeOperation(routes.removeRequiredHeader, {
	name: 'Remove Required Header',
	value: 'removeRequiredHeader',
	action: 'Remove required header from hosted endpoint',
	description: 'Remove a header that every buyer must send',
});
