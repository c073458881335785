import type { INodeProperties } from 'n8n-workflow';

/** What the service accepts (SDK branch, hosted-endpoint.ts: AllowedMethod). */
export const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

export const nameField = {
	displayName: 'Name',
	name: 'name',
	type: 'string',
	default: '',
	placeholder: 'e.g. Weather by city',
	description: 'What buyers see. Ampersend makes the path of the endpoint from it.',
} as const satisfies INodeProperties;

export const priceField = {
	displayName: 'Price (USDC)',
	name: 'price',
	type: 'string',
	default: '',
	placeholder: 'e.g. 0.01',
	description: 'What a buyer pays for each call, with at most six decimals',
} as const satisfies INodeProperties;

export const proxyUrlField = {
	displayName: 'Proxy URL',
	name: 'proxyUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://api.example.com/weather',
	description: 'The API that Ampersend calls after the payment. It must be on the internet.',
} as const satisfies INodeProperties;

export const allowedMethodsField = {
	displayName: 'Allowed Methods',
	name: 'allowedMethods',
	type: 'multiOptions',
	options: methods.map((method) => ({ name: method, value: method })),
	default: ['GET'],
	description: 'HTTP methods that buyers can use',
} as const satisfies INodeProperties;

export const descriptionField = {
	displayName: 'Description',
	name: 'description',
	type: 'string',
	default: '',
	description: 'What buyers read about the endpoint',
} as const satisfies INodeProperties;

export const instructionsField = {
	displayName: 'Instructions',
	name: 'instructions',
	type: 'string',
	typeOptions: { rows: 4 },
	default: '',
	description: 'How to call the endpoint, in Markdown. An empty field removes them.',
} as const satisfies INodeProperties;

export const rateLimitField = {
	displayName: 'Rate Limit per Minute',
	name: 'rateLimit',
	type: 'number',
	typeOptions: { minValue: 10, maxValue: 10_000 },
	default: 60,
	description: 'The most calls that all buyers can make in a minute, from 10 to 10,000',
} as const satisfies INodeProperties;

export const timeoutField = {
	displayName: 'Timeout (Ms)',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: 5_000, maxValue: 60_000 },
	default: 30_000,
	description: 'How long Ampersend waits for the API, from 5,000 to 60,000 milliseconds',
} as const satisfies INodeProperties;

export const requiredHeadersField = {
	displayName: 'Required Headers',
	name: 'requiredHeaders',
	type: 'string',
	default: '',
	placeholder: 'e.g. X-City, X-Country',
	description: 'Names of headers that a buyer must send, separated by commas',
} as const satisfies INodeProperties;

export const headerNameField = {
	displayName: 'Header Name',
	name: 'headerName',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. X-Api-Key',
} as const satisfies INodeProperties;

export const headerValueField = {
	displayName: 'Header Value',
	name: 'headerValue',
	type: 'string',
	typeOptions: { password: true },
	required: true,
	default: '',
	description:
		'Ampersend stores it and never returns it. n8n keeps what you type here in the workflow: ' +
		'for a secret, use an expression that gets it from your secret store.',
} as const satisfies INodeProperties;

export const proxyHeadersField = {
	displayName: 'Proxy Headers',
	name: 'proxyHeaders',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	placeholder: 'Add Header',
	default: {},
	description: 'Headers that Ampersend adds when it calls the API, such as its key',
	options: [{ displayName: 'Header', name: 'header', values: [headerNameField, headerValueField] }],
} as const satisfies INodeProperties;
