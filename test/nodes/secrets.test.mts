import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { useAgentSession } from './agentSession.mts';
import { runNode, type Outcome } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const digits = randomBytes(32).toString('hex');

/** Secrets, as people paste them into the wrong field. */
const secrets: Array<[string, string]> = [
	['an API key', `sk_live_${digits}`],
	['a private key', `0x${digits}`],
	['a private key with 0X', `0X${digits.toUpperCase()}`],
	["a webhook's secret", `whsec_${digits}`],
];

/** What a text can show of a secret and still be of no use: a few letters. */
function expectHidden(text: string): void {
	const seen = text.toLowerCase();
	for (let start = 0; start + 16 <= digits.length; start += 8) {
		expect(seen.includes(digits.slice(start, start + 16))).toBe(false);
	}
}

function expectRejected(outcome: Outcome, parameter: string): void {
	expect(outcome.error?.message).toMatch(new RegExp(`^${parameter}`));
	expect(outcome.error?.description).toMatch(/./);
	expectHidden(`${outcome.error?.message} ${outcome.error?.description}`);
	expectHidden(JSON.stringify([outcome.items, outcome.hints]));
	expectHidden(JSON.stringify(service.emulator.calls));
}

const byId = (value: string) => ({ __rl: true, mode: 'id', value });
const ofEndpoint = { resource: 'hostedEndpoint', hostedEndpoint: byId('abc') };
const newEndpoint = { resource: 'hostedEndpoint', operation: 'create', name: 'Weather' };
const sold = { ...newEndpoint, price: '0.01', proxyUrl: 'https://api.example.com' };
const secret = '={{ $json.secret }}';

/** By the field that has the secret. */
const inSession: Array<[string, IDataObject]> = [
	['Hosted Endpoint', { ...ofEndpoint, operation: 'get', hostedEndpoint: byId(secret) }],
	['Hosted Endpoint', { ...ofEndpoint, operation: 'delete', hostedEndpoint: byId(secret) }],
	['Header Name', { ...ofEndpoint, operation: 'removeProxyHeader', headerName: secret }],
	['Header Name', { ...ofEndpoint, operation: 'addRequiredHeader', headerName: secret }],
	[
		'Header Name',
		{ ...ofEndpoint, operation: 'addProxyHeader', headerName: secret, headerValue: 'x' },
	],
	[
		'Proxy Headers',
		{
			...sold,
			additionalFields: { proxyHeaders: { header: [{ headerName: secret, headerValue: '' }] } },
		},
	],
	['Required Headers', { ...sold, additionalFields: { requiredHeaders: secret } }],
	['Description', { ...sold, additionalFields: { description: '=It uses {{ $json.secret }} .' } }],
	['Instructions', { ...sold, additionalFields: { instructions: '=Send {{ $json.secret }}' } }],
	['Description', { ...ofEndpoint, operation: 'update', updateFields: { description: secret } }],
	['Name', { ...sold, name: '=Weather {{ $json.secret }}' }],
];

const withKey: Array<[string, IDataObject]> = [
	['Listing', { resource: 'marketplace', operation: 'get', listing: byId(secret) }],
	['Search', { resource: 'marketplace', operation: 'search', search: secret }],
	['Category', { resource: 'marketplace', operation: 'search', filters: { category: secret } }],
	['Token', { resource: 'agent', operation: 'getApproval', token: secret }],
	['Token', { resource: 'agentKey', operation: 'getApproval', token: secret }],
	[
		'Name',
		{
			resource: 'agent',
			operation: 'create',
			name: '=Buyer {{ $json.secret }}',
			agentKeyAddress: `0x${'ab'.repeat(20)}`,
		},
	],
];

describe.each(secrets)('%s', (_, value) => {
	it.each(inSession)('in %s is neither sent nor shown: %j', async (parameter, parameters) => {
		const input = [{ secret: value }];
		const credential = session.credential;
		const all = { authentication: 'agentSession', ...parameters } as INodeParameters;
		expectRejected(await runNode(all, { credential, input }), parameter);
	});

	it.each(withKey)('in %s is neither sent nor shown: %j', async (parameter, parameters) => {
		const options = { credential: service.credential, input: [{ secret: value }] };
		expectRejected(await runNode(parameters as INodeParameters, options), parameter);
	});

	it('in an OpenAPI document is neither sent nor shown', async () => {
		const of = (path: string, operation: IDataObject) => ({
			openapi: '3.1.0',
			servers: [{ url: 'https://api.example.com' }],
			paths: { [path]: { get: operation } },
		});
		for (const [path, operation] of [
			['/weather', { summary: `Weather ${value}` }],
			['/weather', { summary: 'Weather', description: `Send ${value}` }],
			['/weather', { 'x-ampersend-name': value }],
			[`/${value}`, { summary: 'Weather', 'x-ampersend-other': 1 }],
		] as const) {
			const document = JSON.stringify(of(path, operation));
			const outcome = await session.run({
				resource: 'hostedEndpoint',
				operation: 'createMany',
				openApi: document,
				price: '0.01',
			});
			expectRejected(outcome, 'OpenAPI Document');
		}
	});
});

describe('A private key that could be an ID', () => {
	it('is not shown if the service knows no such ID', async () => {
		const outcome = await session.run({
			...ofEndpoint,
			operation: 'get',
			hostedEndpoint: byId(digits),
		});
		expect(outcome.error?.description).toContain('/hosted-endpoints/…');
		expectHidden(JSON.stringify([outcome.error?.message, outcome.error?.description]));
	});
});

describe('A private key in an address field', () => {
	it.each([
		['as OpenSSL prints it', digits.replace(/..(?=.)/g, '$&:')],
		['with a wrong letter', `${digits.slice(0, 30)}O${digits.slice(31)}`],
		['with a hyphen', `${digits.slice(0, 32)}-${digits.slice(32)}`],
		['with an escaped line break', `${digits.slice(0, 32)}\\n${digits.slice(32)}`],
		['in Base64', Buffer.from(digits, 'hex').toString('base64')],
		['as a bearer token', `Bearer eyJhbGciOiJIUzI1NiJ9.${digits}`],
	])('is not shown %s', async (_, text) => {
		const outcome = await service.run(
			{
				resource: 'agentKey',
				operation: 'getMany',
				agent: { __rl: true, mode: 'address', value: secret },
			},
			{ input: [{ secret: text }] },
		);
		expect(outcome.error?.message).toMatch(/^Agent: /);
		expectHidden(`${outcome.error?.message} ${outcome.error?.description}`.replace(/[-:O]/g, ''));
		expect(outcome.error?.message).not.toContain(text.slice(8, 40));
	});
});
