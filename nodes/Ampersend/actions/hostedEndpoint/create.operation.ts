import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import {
	allowedMethodsField,
	descriptionField,
	instructionsField,
	nameField,
	priceField,
	proxyHeadersField,
	proxyUrlField,
	rateLimitField,
	requiredHeadersField,
	timeoutField,
} from '../../descriptions/hostedEndpoint';
import { readAgent } from '../../descriptions/locators';
import { rejectNothingIn } from '../../descriptions/options';
import { withoutUndefined } from '../../domain/json';
import { requirePublicText } from '../../domain/parameter';
import { parsePrice } from '../../domain/price';
import { parsePublicUrl } from '../../domain/publicUrl';
import { hostedEndpointOutput, simplifiedHostedEndpoint } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';
import { rejectOtherEndpoints } from './answered';
import { readProxyHeaders, readRequiredHeaders, readSettings } from './settings';

export const create: WriteOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create hosted endpoint',
		description: 'Start selling an API: buyers pay USDC for each call, and Ampersend passes it on',
	},
	inSession: 'only',
	fields: [
		{ ...nameField, required: true },
		{ ...priceField, required: true },
		{ ...proxyUrlField, required: true },
		additionalFieldsOf([
			allowedMethodsField,
			descriptionField,
			instructionsField,
			proxyHeadersField,
			rateLimitField,
			requiredHeadersField,
			timeoutField,
		]),
	],
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHostedEndpoint,

	prepare(context) {
		const { read } = context;
		const values = readAdditionalFields(read);
		// Without one of them, an endpoint takes more calls than it should.
		rejectNothingIn(values, [allowedMethodsField, rateLimitField, requiredHeadersField]);
		const address = readAgent(context);
		const proxy_headers = readProxyHeaders(values[proxyHeadersField.name]);
		const body = {
			name: read(nameField, requirePublicText),
			price_usd: read(priceField, parsePrice),
			proxy_url: read(proxyUrlField, parsePublicUrl),
			...readSettings(values),
			...withoutUndefined({
				required_headers: readRequiredHeaders(values[requiredHeadersField.name]),
			}),
			agent_address: address,
		};
		const path = { address };
		const secretBody = withoutUndefined({ proxy_headers });
		return async ({ client }) => {
			const created = await send(client, routes.createHostedEndpoint, { path, body, secretBody });
			rejectOtherEndpoints([body], [created]);
			return hostedEndpointOutput.of(created);
		};
	},
};
