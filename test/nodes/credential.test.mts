import { randomBytes } from 'node:crypto';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CredentialTestContext } from 'n8n-core';
import type { IHttpRequestOptions, IRequestOptions } from 'n8n-workflow';

import { AmpersendApi } from '../../credentials/AmpersendApi.credentials';
import { resolveAgentConnection } from '../../nodes/Ampersend/api/connection/agentConnection';
import {
	CredentialError,
	resolveConnection,
} from '../../nodes/Ampersend/api/connection/deployments';
import type { ParameterError } from '../../nodes/Ampersend/domain/parameter';
import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { openContext, type ApiKeyFields, type CredentialFields } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const secret = () => randomBytes(24).toString('hex');
const live = `sk_live_${secret()}`;
const test = `sk_test_${secret()}`;

const PRODUCTION = 'https://api.ampersend.ai/v1';
const SANDBOX = 'https://api.sandbox.ampersend.ai/v1';

function rejectionOf(fields: { apiKey?: unknown; baseUrl?: unknown }): CredentialError {
	try {
		resolveConnection(fields);
	} catch (error) {
		if (error instanceof CredentialError) return error;
		throw error;
	}
	throw new Error('it was accepted');
}

/** The text contains no part of the key that is long enough to be a secret. */
function expectNoKey(text: string, apiKey: string): void {
	const letters = apiKey.replace(/^.*sk_(live|test)_/, '');
	for (let i = 0; i + 8 <= letters.length; i += 4)
		expect(text).not.toContain(letters.slice(i, i + 8));
}

describe('a key selects the deployment', () => {
	it.each([
		['sk_live_', live, 'production', PRODUCTION],
		['sk_test_', test, 'sandbox', SANDBOX],
	])('%s calls its own host under /v1', (_, apiKey, name, baseUrl) => {
		for (const override of [undefined, '', '  ']) {
			const connection = resolveConnection({ apiKey, baseUrl: override });
			expect(connection).toMatchObject({ token: apiKey, baseUrl, deployment: { name } });
		}
	});

	it.each([
		['white space around it', (key: string) => ` \t${key}\r\n`],
		['a no-break space around it', (key: string) => `\u00a0${key}\u00a0`],
		['a pasted Bearer', (key: string) => `Bearer ${key}`],
		['a pasted bearer in lower case with extra spaces', (key: string) => ` bearer   ${key} `],
	])('%s is accepted', (_, paste) => {
		expect(resolveConnection({ apiKey: paste(live) })).toMatchObject({
			token: live,
			baseUrl: PRODUCTION,
		});
		expect(resolveConnection({ apiKey: paste(test) })).toMatchObject({
			token: test,
			baseUrl: SANDBOX,
		});
	});
});

const unusable: Array<[string, () => unknown]> = [
	['nothing', () => undefined],
	['empty text', () => ''],
	['white space', () => ' \n'],
	['the word Bearer alone', () => 'Bearer '],
	['another prefix', () => `sk_prod_${secret()}`],
	["another vendor's prefix", () => `sk-${secret()}`],
	['no prefix', () => secret()],
	['the prefix in upper case', () => `SK_TEST_${secret()}`],
	['text before the prefix', () => `key:sk_test_${secret()}`],
	['the prefix alone', () => 'sk_test_'],
	['the other prefix alone', () => 'sk_live_'],
	['white space inside', () => `sk_test_${secret()} ${secret()}`],
	['a line break inside', () => `sk_test_${secret()}\n${secret()}`],
	['a letter that only looks like ASCII', () => `sk_test_${secret()}\u0430`],
	['an invisible character', () => `sk_test_${secret()}\u200b`],
	['a control character', () => `sk_test_${secret()}\u0007${secret()}`],
];

describe("a value that can't be a key", () => {
	it.each(unusable)(
		'%s is rejected, with both prefixes and both dashboards in the message',
		(_, make) => {
			const apiKey = make();
			const { message, description } = rejectionOf({ apiKey });
			const text = `${message} ${description}`;
			for (const named of [
				'sk_live_',
				'sk_test_',
				'https://app.ampersend.ai',
				'https://app.sandbox.ampersend.ai',
			]) {
				expect(text).toContain(named);
			}
			expectNoKey(text, String(apiKey ?? ''));
		},
	);
});

describe("an agent's private key in the API Key field", () => {
	const digits = randomBytes(32).toString('hex');

	it.each([
		['with 0x', `0x${digits}`],
		['without', digits],
		['in upper case', digits.toUpperCase()],
		["in the SDK's combined secret", `0x${digits}:::0x${'ab'.repeat(20)}`],
		['after Bearer', `Bearer 0x${digits}`],
	])('(%s) is told to be one, with where it belongs', (_, apiKey) => {
		const { message, description } = rejectionOf({ apiKey });
		expect(message).toContain("The API Key is the private key of an agent's key.");
		expect(description).toContain('an Ampersend Agent API credential');
		expect(`${message} ${description}`).not.toContain(digits.slice(0, 8));
	});
});

describe('an API key in the Agent Key field', () => {
	it.each([
		['of production', live],
		['of the sandbox', test],
		['after Bearer', `Bearer ${live}`],
		["in the SDK's combined secret", `${test}:::0x${'ab'.repeat(20)}`],
	])('(%s) is told to be one, with where it belongs', async (_, privateKey) => {
		const agentAddress = `0x${'ab'.repeat(20)}`;
		const rejection = await resolveAgentConnection({
			environment: 'sandbox',
			agentAddress,
			privateKey,
		}).catch((error: unknown) => error);
		const { message, description } = rejection as ParameterError;
		expect(message).toBe('Agent Key: is an API key, not a private key.');
		expect(description).toContain('an Ampersend API credential');
		expectNoKey(`${message} ${description}`, privateKey);
	});
});

it('The dialog always says that an API key does not pay', () => {
	const notices = new AmpersendApi().properties.filter(({ type }) => type === 'notice');
	expect(notices.filter(({ displayOptions }) => !displayOptions)).toMatchObject([
		{ displayName: expect.stringContaining('manages agents and does not pay') },
	]);
});

describe('an override', () => {
	it.each([
		['http://127.0.0.1:4010/v1'],
		['http://127.9.9.9:4010/v1'],
		['http://localhost:4010/v1'],
		['http://emulator.localhost/v1'],
		['http://[::1]:4010/v1'],
		['https://proxy.example/ampersend/v1'],
		['https://staging.example'],
		['https://eu.api.ampersend.ai/v1'],
	])('%s is used unchanged', (baseUrl) => {
		for (const apiKey of [live, test]) {
			expect(resolveConnection({ apiKey, baseUrl }).baseUrl).toBe(baseUrl);
			expect(resolveConnection({ apiKey, baseUrl: `  ${baseUrl}///\n` }).baseUrl).toBe(baseUrl);
		}
	});

	it("can set another path on the key's own deployment", () => {
		const baseUrl = 'https://api.sandbox.ampersend.ai/api/v1/sdk';
		expect(resolveConnection({ apiKey: test, baseUrl }).baseUrl).toBe(baseUrl);
	});

	const disguises = (host: string) => [
		`https://${host}/v1`,
		`https://${host}.`,
		`https://${host.toUpperCase()}/v1`,
		`https://${host}:8443/v1`,
		`https://${host}.:443/`,
		`https://${host.replace('.ai', '%2Eai')}/v1`,
		`https://${host.replace('.ai', '\u3002ai')}/v1`,
	];

	it.each([...disguises('api.ampersend.ai'), ...disguises('app.ampersend.ai')])(
		'%s is rejected for a test key',
		(baseUrl) => {
			const { message, description } = rejectionOf({ apiKey: test, baseUrl });
			expect(message).toBe("A test key can't call production.");
			expect(description).toContain('https://api.sandbox.ampersend.ai');
			expectNoKey(message + description, test);
		},
	);

	it.each([...disguises('api.sandbox.ampersend.ai'), ...disguises('app.sandbox.ampersend.ai')])(
		'%s is rejected for a production key',
		(baseUrl) => {
			const { message, description } = rejectionOf({ apiKey: live, baseUrl });
			expect(message).toBe("A production key can't call the sandbox.");
			expect(description).toContain('https://api.ampersend.ai');
			expectNoKey(message + description, live);
		},
	);

	it.each([
		[live, 'https://app.ampersend.ai/v1'],
		[test, 'https://app.sandbox.ampersend.ai'],
	])("is rejected if it is the dashboard of the key's own deployment", (apiKey, baseUrl) => {
		expect(rejectionOf({ apiKey, baseUrl }).message).toContain('the dashboard, not of the API');
	});

	it.each([
		'http://api.sandbox.ampersend.ai/v1',
		'http://staging.example/v1',
		'http://10.0.0.5:4010/v1',
		'http://0.0.0.0:4010/v1',
		'http://localhost.evil.example/v1',
		'http://127.0.0.1.evil.example/v1',
	])('%s is rejected, because it is neither https nor this machine', (baseUrl) => {
		const { message, description } = rejectionOf({ apiKey: test, baseUrl });
		expect(message).toBe('The Base URL must start with https://.');
		expect(description).toContain('127.0.0.1');
	});

	it.each([
		'https://user:pass@staging.example/v1',
		'https://user@staging.example/v1',
		'https://staging.example/v1?tenant=1',
		'https://staging.example/v1#top',
	])('%s is rejected, because it contains more than scheme, host and path', (baseUrl) => {
		const { message, description } = rejectionOf({ apiKey: test, baseUrl });
		expect(message).toContain('more than scheme, host and path');
		expect(description).toContain(SANDBOX);
		expect(message + description).not.toContain('pass');
	});

	it.each([
		'api.ampersend.ai',
		'/v1',
		'https://',
		'ftp://staging.example',
		'file:///etc/hosts',
		'javascript:0',
		'none',
	])("%s is rejected, because it isn't a web address", (baseUrl) => {
		const { message, description } = rejectionOf({ apiKey: test, baseUrl });
		expect(message).toBe("The Base URL isn't a web address.");
		expect(description).toContain(SANDBOX);
	});
});

describe('a call made with the credential by any node', () => {
	const credential = new AmpersendApi();
	const authenticate = async (options: Partial<IHttpRequestOptions> & { uri?: string }) =>
		await credential.authenticate({ apiKey: test, baseUrl: '' }, options as IHttpRequestOptions);

	it.each<[string, Partial<IHttpRequestOptions> & { uri?: string }]>([
		['url', { url: `${SANDBOX}/agents` }],
		['uri', { uri: `${SANDBOX}/agents` }],
		['another path of the host', { url: 'https://api.sandbox.ampersend.ai/v2/agents' }],
		['the host in upper case', { url: 'https://API.SANDBOX.AMPERSEND.AI/v1' }],
		['the default port', { url: 'https://api.sandbox.ampersend.ai:443/v1' }],
		['a base and a path', { baseURL: SANDBOX, url: '/agents' }],
		['a base alone', { baseURL: SANDBOX, url: '' }],
	])('gets the key for its own host, given as %s', async (_, options) => {
		const { headers } = await authenticate(options);
		expect(headers).toEqual({ Authorization: `Bearer ${test}` });
	});

	it.each<[Partial<IHttpRequestOptions> & { uri?: string }]>([
		[{ url: 'https://evil.example/v1/agents' }],
		[{ uri: 'https://evil.example/v1/agents' }],
		[{ url: `${PRODUCTION}/agents` }],
		[{ url: 'https://app.sandbox.ampersend.ai' }],
		[{ url: 'http://api.sandbox.ampersend.ai/v1/agents' }],
		[{ url: 'https://api.sandbox.ampersend.ai:8443/v1/agents' }],
		[{ url: 'https://api.sandbox.ampersend.ai.evil.example/' }],
		[{ url: 'https://evil.example/?https://api.sandbox.ampersend.ai' }],
		[{ url: 'https://api.sandbox.ampersend.ai@evil.example/' }],
		[{ url: 'https://api.sandbox.ampersend.ai:443@evil.example/' }],
		[{ url: 'https://evil.example\\@api.sandbox.ampersend.ai/' }],
		[{ url: '//evil.example/x' }],
		[{ url: '/v1/agents' }],
		[{ url: '' }],
		[{}],
		[{ url: '//evil.example/x', baseURL: SANDBOX }],
		[{ url: '\\\\evil.example/x', baseURL: SANDBOX }],
		[{ url: 'https://evil.example/x', baseURL: SANDBOX }],
		[{ url: '/agents', baseURL: 'https://evil.example' }],
		// n8n's HTTP client appends these to the base, while URL reads another host.
		[{ url: '\\\\api.sandbox.ampersend.ai/x', baseURL: 'https://evil.example' }],
		[{ url: ' //api.sandbox.ampersend.ai/x', baseURL: 'https://evil.example' }],
		[{ url: `${SANDBOX}/agents`, baseURL: 'https://evil.example' }],
	])('does not get the key for %j', async (options) => {
		const rejection = await authenticate(options).then(
			() => undefined,
			(error: unknown) => error as CredentialError,
		);
		expect(rejection).toBeInstanceOf(CredentialError);
		expect(rejection?.message).toMatch(
			/^This credential is for https:\/\/api\.sandbox\.ampersend\.ai and was not sent to /,
		);
		expectNoKey(`${rejection?.message} ${rejection?.description}`, test);
	});

	it('is sent with one authorization header, even if its node has set another', async () => {
		const { headers } = await authenticate({
			url: SANDBOX,
			headers: { authorization: 'Basic old', AUTHORIZATION: 'Basic older', Accept: 'text/plain' },
		});
		expect(headers).toEqual({ Accept: 'text/plain', Authorization: `Bearer ${test}` });
	});

	it('keeps the rest of the request, and does not change the original', async () => {
		const given = {
			url: SANDBOX,
			method: 'POST' as const,
			body: { a: 1 },
			headers: { authorization: 'old' },
		};
		const before = structuredClone(given);
		expect(await authenticate(given)).toMatchObject({
			url: SANDBOX,
			method: 'POST',
			body: { a: 1 },
		});
		expect(given).toEqual(before);
	});

	it("does not send the key to a redirect's target, and follows none to another host", async () => {
		const asked = {
			url: SANDBOX,
			sendCredentialsOnCrossOriginRedirect: true,
			allowedDomains: '*.ampersend.ai',
		};
		expect(await authenticate(asked)).toMatchObject({
			sendCredentialsOnCrossOriginRedirect: false,
			allowedDomains: 'api.sandbox.ampersend.ai',
		});
	});
});

describe('against a service', () => {
	const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';
	const ACTIVITY = 'GET /agents/{address}/activity';

	const ampersend = useAmpersend();
	let other: Server;
	let otherOrigin: string;
	let seen: IncomingHttpHeaders[];
	let credential: CredentialFields;

	beforeEach(async () => {
		seen = [];
		credential = ampersend.credential;
		other = createServer(({ headers }, response) => {
			seen.push(headers);
			response.setHeader('content-type', 'application/json').end('{"elsewhere":true}');
		}).listen(0, '127.0.0.1');
		await once(other, 'listening');
		otherOrigin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
	});
	afterEach(async () => {
		other.closeAllConnections();
		other.close();
		await once(other, 'close');
	});

	/**
	 * n8n's two helpers for requests with a credential; the HTTP Request node uses the older
	 * one.
	 */
	const requestHelpers: Array<[string, (url: string) => Promise<unknown>]> = [
		[
			'httpRequestWithAuthentication',
			async (url) => {
				const context = openContext(credential);
				const options: IHttpRequestOptions = { url, method: 'GET' };
				return await context.helpers.httpRequestWithAuthentication.call(
					context,
					'ampersendApi',
					options,
				);
			},
		],
		[
			'requestWithAuthentication',
			async (uri) => {
				const context = openContext(credential);
				const options: IRequestOptions = { uri, method: 'GET', json: true };
				return await context.helpers.requestWithAuthentication.call(
					context,
					'ampersendApi',
					options,
				);
			},
		],
	];

	it.each(requestHelpers)(
		'%s: the target host of a redirect is called without the key',
		async (_, call) => {
			const { emulator } = ampersend;
			emulator.fault({
				route: 'GET /agents',
				status: 302,
				headers: { location: `${otherOrigin}/stolen` },
			});
			expect(await call(`${emulator.baseUrl}/agents`)).toEqual({ elsewhere: true });
			expect(emulator.calls).toMatchObject([{ auth: 'valid', status: 302 }]);
			expect(seen).toHaveLength(1);
			expect(seen[0]).not.toHaveProperty('authorization');
			expectNoKey(JSON.stringify(seen), emulator.apiKey);
		},
	);

	it.each(requestHelpers)('%s: a redirect to a subdomain is not followed', async (_, call) => {
		const { emulator } = ampersend;
		const { port } = new URL(emulator.origin);
		const thief = createServer((request, response) => {
			seen.push(request.headers);
			response.setHeader('content-type', 'application/json').end('{"elsewhere":true}');
		}).listen(Number(port), '127.0.0.2');
		await once(thief, 'listening');
		const lookUp = jest.spyOn(dns, 'lookup').mockImplementation(((
			host: string,
			options: { all?: boolean },
			done: (error: null, address: unknown, family?: number) => void,
		) => {
			const address = host === 'localhost' ? '127.0.0.1' : '127.0.0.2';
			if (options.all) done(null, [{ address, family: 4 }]);
			else done(null, address, 4);
		}) as never);
		try {
			const home = `http://localhost:${port}/v1`;
			const location = `http://evil.localhost:${port}/stolen`;
			credential = { ...ampersend.credential, baseUrl: home };
			emulator.fault({ route: 'GET /agents', status: 302, headers: { location } });
			await expect(call(`${home}/agents`)).rejects.toThrow(/Domain not allowed.*evil\.localhost/);
			expect(await call(`${home}/agents`)).toMatchObject({ items: [] });
		} finally {
			lookUp.mockRestore();
			thief.closeAllConnections();
			thief.close();
		}
		expect(emulator.calls).toMatchObject([
			{ auth: 'valid', status: 302 },
			{ auth: 'valid', status: 200 },
		]);
		expect(seen).toEqual([]);
	});

	it.each(requestHelpers)('%s: a redirect on the same host keeps the key', async (_, call) => {
		const { emulator } = ampersend;
		emulator.fault({
			route: 'GET /agents',
			status: 302,
			headers: { location: '/api/v1/sdk/agents' },
		});
		expect(await call(`${emulator.baseUrl}/agents`)).toMatchObject({ items: [] });
		expect(emulator.calls).toMatchObject([{ auth: 'valid' }, { auth: 'valid', status: 200 }]);
	});

	it.each(requestHelpers)(
		'%s: another host is not called, and the message says why',
		async (_, call) => {
			const error = await call(`${otherOrigin}/x`).then(
				() => undefined,
				(thrown: unknown) => thrown as Error,
			);
			expect(error?.message).toContain('was not sent to');
			expectNoKey(error?.message ?? '', ampersend.emulator.apiKey);
			expect(seen).toEqual([]);
			expect(ampersend.emulator.calls).toEqual([]);
		},
	);

	it.each(unusable)(
		'%s instead of a key: nothing is sent and the node says why',
		async (_, make) => {
			const apiKey = make();
			const { error } = await ampersend.run(
				{ resource: 'agent', operation: 'getMany' },
				{ credential: { ...ampersend.credential, apiKey: apiKey as string } },
			);
			expect(error?.message).toMatch(/^The API Key /);
			expect(`${error?.message} ${error?.description}`).toContain('sk_live_');
			expectNoKey(`${error?.message} ${error?.description}`, String(apiKey ?? ''));
			expect(ampersend.emulator.calls).toEqual([]);
		},
	);

	describe('the credential test', () => {
		const runTest = async (fields: Partial<ApiKeyFields> = {}) =>
			await credentialTest.ampersendApiTest.call(new CredentialTestContext(), {
				id: '1',
				name: 'Ampersend',
				type: 'ampersendApi',
				data: { ...ampersend.credential, ...fields },
			});

		/** The message, after checking the status and that the message contains no key. */
		async function messageOf(
			status: 'OK' | 'Error',
			fields?: Partial<ApiKeyFields>,
		): Promise<string> {
			const result = await runTest(fields);
			expect(result.status).toBe(status);
			expectNoKey(result.message, fields?.apiKey ?? ampersend.emulator.apiKey);
			return result.message;
		}

		it('says that the key is accepted, and by which deployment', async () => {
			const { emulator } = ampersend;
			emulator.addAgent();
			expect(await messageOf('OK')).toBe(
				`Ampersend accepts the key (sandbox, ${emulator.baseUrl}), lists the agents ` +
					"and reads an agent's allowlist",
			);
			const [first, ...others] = emulator.calls;
			expect(first).toMatchObject({ route: 'GET /agents', auth: 'valid', query: { limit: '3' } });
			expect(others.every(({ method }) => method === 'GET')).toBe(true);
		});

		it('accepts a key and Base URL in the forms that the node accepts', async () => {
			await messageOf('OK', {
				apiKey: ` Bearer ${ampersend.emulator.apiKey}\n`,
				baseUrl: `${ampersend.emulator.baseUrl}/`,
			});
		});

		it('says that a key is revoked, and where to create another', async () => {
			const { emulator } = ampersend;
			emulator.revokeApiKey(emulator.apiKey);
			const message = await messageOf('Error');
			expect(message).toContain('rejected the API key (HTTP 401): This API key has been revoked');
			expect(message).toContain('https://app.sandbox.ampersend.ai');
			expect(
				emulator.calls.every(({ auth, method }) => auth === 'revoked' && method === 'GET'),
			).toBe(true);
		});

		it("says that a key isn't allowed to list agents", async () => {
			ampersend.emulator.fault({
				route: 'GET /agents',
				status: 403,
				body: { message: 'Suspended account' },
			});
			expect(await messageOf('Error')).toMatch(
				/isn't allowed to list the agents \(HTTP 403\): Suspended account/,
			);
		});

		it('says that the host is unreachable, and what to check', async () => {
			const port = (other.address() as AddressInfo).port;
			other.closeAllConnections();
			other.close();
			await once(other, 'close');
			const message = await messageOf('Error', { baseUrl: `http://127.0.0.1:${port}/v1` });
			expect(message).toContain(`could not be reached at http://127.0.0.1:${port}`);
			expect(message).toContain('Check the Base URL');
			other.listen(0, '127.0.0.1');
			await once(other, 'listening');
		});

		it('says that the path has nothing, and which Base URL to set', async () => {
			const { emulator } = ampersend;
			emulator.addAgent();
			emulator.expectUnknown(/^\/agents\b/);
			expect(await messageOf('Error', { baseUrl: emulator.origin })).toBe(
				`Ampersend answers at another Base URL. Set it to ${emulator.origin}/v1.`,
			);
		});

		it('says which Base URL answers for agents, if this one only lists them', async () => {
			const { emulator } = ampersend;
			emulator.addAgent();
			emulator.fault({ route: ALLOWLIST, status: 404 });
			emulator.fault({ route: ACTIVITY, status: 404 });
			expect(await messageOf('Error')).toBe(
				`Ampersend answers at another Base URL. Set it to ${emulator.origin}/api/v1.`,
			);
		});

		it('accepts a Base URL where only the allowlist is missing', async () => {
			const { emulator } = ampersend;
			emulator.addAgent();
			emulator.fault({ route: ALLOWLIST, status: 404 });
			expect(await messageOf('OK')).toMatch(/lists the agents and reads an agent's transactions$/);
		});

		it('says that no Base URL answers for an agent', async () => {
			const { emulator } = ampersend;
			emulator.addAgent();
			emulator.fault({ route: ALLOWLIST, status: 404, times: 3 });
			emulator.fault({ route: ACTIVITY, status: 404, times: 3 });
			const message = await messageOf('Error');
			expect(message).toContain(`The key can list agents at ${emulator.baseUrl}`);
			expect(message).toContain(
				`There is no more at ${emulator.origin}/api/v1, ${emulator.origin}/api/v1/sdk.`,
			);
			expect(message).toContain('use an Ampersend Agent API credential');
		});

		it('says that an account without agents leaves it open', async () => {
			expect(await messageOf('OK')).toContain('The account has no agent yet');
		});

		it('says that something other than the API answered', async () => {
			ampersend.emulator.fault({
				route: 'GET /agents',
				status: 200,
				body: '<html>Sign in, raw</html>',
			});
			const message = await messageOf('Error');
			expect(message).toContain('with text/html instead of JSON');
			expect(message).not.toContain('raw');
		});

		it('says that the service is unavailable, after one attempt', async () => {
			ampersend.emulator.fault({
				route: 'GET /agents',
				status: 500,
				body: { message: 'Database away', trace: 'raw' },
			});
			const message = await messageOf('Error');
			expect(message).toContain('(HTTP 500): Database away');
			expect(message).not.toContain('raw');
			expect(ampersend.emulator.calls).toHaveLength(1);
		});

		it('does not follow a redirect', async () => {
			ampersend.emulator.fault({
				route: 'GET /agents',
				status: 302,
				headers: { location: `${otherOrigin}/stolen` },
			});
			expect(await messageOf('Error')).toContain('a redirect (HTTP 302) is not followed');
			expect(seen).toEqual([]);
		});

		it.each(unusable)(
			'says what is wrong with %s instead of a key, and sends nothing',
			async (_, make) => {
				const message = await messageOf('Error', { apiKey: make() as string });
				expect(message).toMatch(/^The API Key .*sk_live_.*sk_test_/s);
				expect(ampersend.emulator.calls).toEqual([]);
			},
		);

		it('says what is wrong with an override, and sends nothing', async () => {
			expect(await messageOf('Error', { baseUrl: PRODUCTION })).toMatch(
				/^A test key can't call production\./,
			);
			expect(ampersend.emulator.calls).toEqual([]);
		});
	});
});
