import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import { priceField, timeoutField } from '../../descriptions/hostedEndpoint';
import { readAgent } from '../../descriptions/locators';
import { readerIn } from '../../descriptions/reader';
import { withoutUndefined } from '../../domain/json';
import { readOpenApi } from '../../domain/openApi';
import { readText } from '../../domain/parameter';
import { parsePrice } from '../../domain/price';
import { hostedEndpointOutput, simplifiedHostedEndpoint } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';
import { rejectOtherEndpoints } from './answered';
import { readRateLimit, readTimeout } from './settings';

const documentField = { displayName: 'OpenAPI Document', name: 'document' } as const;
const defaultPriceField = { ...priceField, displayName: 'Default Price (USDC)' } as const;
const baseUrlField = { displayName: 'Base URL', name: 'baseUrl' } as const;

export const createMany: WriteOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Create Many',
		value: 'createMany',
		action: 'Create many hosted endpoints',
		description:
			'Start selling each operation of an OpenAPI 3 document: creates all endpoints, or none',
	},
	inSession: 'only',
	fields: [
		{
			...documentField,
			type: 'json',
			required: true,
			default: '',
			description:
				'OpenAPI 3.0 or 3.1, as JSON. An operation can set its own x-ampersend-price (in USDC), ' +
				'x-ampersend-name, x-ampersend-description and x-ampersend-rate-limit.',
		},
		{
			...defaultPriceField,
			description: 'What a call costs where the document has no x-ampersend-price',
		},
		additionalFieldsOf([
			{
				...baseUrlField,
				type: 'string',
				default: '',
				placeholder: 'e.g. https://api.example.com/v1',
				description:
					'Replaces the servers of the document. A path or an operation with servers of its own ' +
					'keeps them.',
			},
			timeoutField,
		]),
	],
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHostedEndpoint,

	prepare(context) {
		const { read } = context;
		const values = readAdditionalFields(read);
		const address = readAgent(context);
		const timeout = readTimeout(values[timeoutField.name]);
		const baseUrl = readerIn(values)(baseUrlField, readText);
		const found = read(documentField, (parameter, value) => readOpenApi(parameter, value, baseUrl));
		const endpoints = found.map(({ place, method, url, name, description, price, rateLimit }) => ({
			name,
			price_usd:
				price === undefined
					? read(defaultPriceField, parsePrice)
					: parsePrice(`${place}: x-ampersend-price`, price),
			proxy_url: url,
			allowed_methods: [method],
			...withoutUndefined({
				description,
				rate_limit_per_minute: readRateLimit(rateLimit, `${place}: x-ampersend-rate-limit`),
				proxy_timeout_ms: timeout,
			}),
			agent_address: address,
		}));
		return async ({ client }) => {
			const created = await send(client, routes.createHostedEndpoints, {
				path: { address },
				body: { endpoints },
			});
			rejectOtherEndpoints(endpoints, created);
			return created.map((endpoint) => hostedEndpointOutput.of(endpoint));
		};
	},
};
