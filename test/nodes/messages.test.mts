import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type FaultAction } from '../../tools/emulator/index.mts';
import type { CredentialFields, Outcome } from './n8nCore.mts';
import { noAgent, useAmpersend } from './setup.mts';

const service = useAmpersend();

/** Part of bodies; it must never be shown. */
const RAW = 'raw-body-text';
const HTML = `<html><h1>Sign in</h1><p>${RAW}</p></html>`;

const READ = 'GET /agents/{address}';
const WRITE = 'POST /agents';

const address = randomAddress();
const agent = { __rl: true, mode: 'address', value: address };
const read: INodeParameters = { resource: 'agent', operation: 'get', agent };
const write: INodeParameters = {
	resource: 'agent',
	operation: 'create',
	name: 'New name',
	agentKeyAddress: randomAddress(),
	ifAgentExists: 'create',
};
const rename: INodeParameters = { resource: 'agent', operation: 'update', agent, name: 'New name' };
const list: INodeParameters = { resource: 'agent', operation: 'getMany' };

const readName = 'read the agent';
const writeName = 'create the agent';
const listName = 'list the agents';
const requestOf: Record<string, string> = {
	[listName]: 'GET /agents',
	[readName]: `GET /agents/${address}`,
	[writeName]: 'POST /agents',
};
const CHECK =
	'Look for its name with Agent: Get Many before you run this again, ' +
	'or set If an Agent With This Name Exists to Return Existing.';
const CONTACT_SUPPORT = 'If this keeps happening, contact Ampersend support.';
const MAY_HAVE_HAPPENED = 'The change may have been made, so it was not sent again.';

beforeEach(() => {
	service.emulator.addAgent({ address, name: 'Old name' });
	// The shortest waits of the back-off.
	jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
	jest.restoreAllMocks();
});

const callsOf = (route: string) =>
	service.emulator.calls.filter((call) => call.route === route).length;

/** What the user sees, after checking that it contains nothing that must not be shown. */
function shown({ error, items, run }: Outcome): { message: string; description: string } {
	expect(items).toEqual([]);
	const message = error?.message ?? '';
	const description = error?.description ?? '';
	expect(message).not.toBe('');
	expect(description).not.toBe('');
	for (const text of [message, description]) {
		expect(text).not.toMatch(/\n|^\s|\s$|undefined|\[object|NaN/);
		expect(text).not.toMatch(/\bat .*:\d+:\d+/);
	}
	const everything = inspect(run, {
		depth: Infinity,
		showHidden: true,
		maxStringLength: Infinity,
		maxArrayLength: Infinity,
	});
	for (const stored of [everything, JSON.stringify(run)]) {
		expect(stored).toContain(message.slice(0, 20));
		expect(stored).not.toContain(service.emulator.apiKey.slice(8, 24));
		expect(stored).not.toContain(RAW);
	}
	return { message, description };
}

const fail = async (parameters: INodeParameters, credential: Partial<CredentialFields> = {}) =>
	shown(await service.run(parameters, { credential: { ...service.credential, ...credential } }));

interface Trouble {
	fault: FaultAction;
	times?: number;
	message: (name: string) => string;
	description: { read: string; write: string };
	calls?: { read: number };
}

const notJson = (name: string, found: string) =>
	`Ampersend could not ${name}: ${service.emulator.origin} answered with ${found} instead of JSON.`;

const atOnce = { 'Retry-After': '0' };

const troubles: Record<string, Trouble> = {
	'HTTP 500': {
		fault: { status: 500, headers: atOnce, body: { message: 'Database away', trace: RAW } },
		message: (name) => `Ampersend could not ${name} (HTTP 500): Database away`,
		description: {
			read: CONTACT_SUPPORT,
			write: `${MAY_HAVE_HAPPENED} ${CHECK} ${CONTACT_SUPPORT}`,
		},
		calls: { read: 4 },
	},
	'HTTP 304': {
		fault: { status: 304, headers: { etag: '"x"' } },
		message: (name) =>
			`Ampersend could not ${name}: nothing has changed, says the answer (HTTP 304).`,
		description: {
			read: 'It has no content, and this node keeps none from before.',
			write: `${MAY_HAVE_HAPPENED} ${CHECK} It has no content`,
		},
		calls: { read: 4 },
	},
	"HTTP 503 with a proxy's page": {
		fault: { status: 503, headers: atOnce, body: HTML },
		message: (name) => `Ampersend could not ${name} (HTTP 503).`,
		description: { read: 'contact Ampersend support', write: `${MAY_HAVE_HAPPENED} ${CHECK}` },
		calls: { read: 4 },
	},
	'a lost connection': {
		fault: { reset: true },
		message: (name) => `ended while waiting for Ampersend to ${name} (ECONNRESET).`,
		description: {
			read: 'Run it again later',
			write: `${MAY_HAVE_HAPPENED} ${CHECK} Run it again later`,
		},
		calls: { read: 4 },
	},
	'HTML instead of JSON': {
		fault: { status: 200, body: HTML },
		message: (name) => notJson(name, 'text/html'),
		description: {
			read: 'The Base URL http://127.0.0.1',
			write: `${MAY_HAVE_HAPPENED} ${CHECK}`,
		},
	},
	'truncated JSON': {
		fault: { malformedJson: true },
		message: (name) => notJson(name, 'a malformed body'),
		description: {
			read: 'The Base URL is http://127.0.0.1',
			write: `${MAY_HAVE_HAPPENED} ${CHECK}`,
		},
	},
	'an empty body': {
		fault: { status: 200 },
		message: (name) => notJson(name, 'an empty body'),
		description: {
			read: 'The Base URL is http://127.0.0.1',
			write: `${MAY_HAVE_HAPPENED} ${CHECK}`,
		},
	},
	'a missing field': {
		fault: {
			mutate: (body) => ({ ...(body as object), name: undefined, balance: undefined, note: RAW }),
		},
		message: (name) =>
			`Ampersend was asked to ${name}, and its answer is not as expected: ` +
			'name is missing; balance is missing.',
		description: {
			read: 'Update n8n-nodes-ampersend',
			write: `The change was accepted. ${CHECK} This node knows this answer from`,
		},
	},
	'a field of another format': {
		fault: { mutate: (body) => ({ ...(body as object), createdAt: RAW }) },
		message: (name) =>
			`Ampersend was asked to ${name}, and its answer is not as expected: ` +
			'createdAt is not a time of this century.',
		description: {
			read: 'report this message as an issue',
			write: `The change was accepted. ${CHECK}`,
		},
	},
	'a redirect': {
		fault: { status: 307, headers: { location: 'https://login.example/' }, body: HTML },
		message: (name) => `Ampersend could not ${name}: a redirect (HTTP 307) is not followed.`,
		description: {
			read: 'The Base URL http://127.0.0.1',
			write: 'The change was not made. The credential goes only to the host',
		},
	},
	'HTTP 429 with a wait beyond the budget': {
		fault: { status: 429, headers: { 'Retry-After': '3600' }, body: { message: RAW } },
		message: () => 'Ampersend is receiving too many requests (HTTP 429).',
		description: {
			read: 'Run it again in 60 min, or process fewer items at once.',
			write: 'The change was not made. Run it again in 60 min',
		},
	},
	'HTTP 400 with issues': {
		fault: {
			status: 400,
			body: {
				_tag: 'HttpApiDecodeError',
				issues: [{ path: ['name'], message: 'Expected a non empty string, actual ""' }],
				message: RAW,
			},
		},
		message: (name) =>
			name === writeName
				? 'Name: Expected a non empty string, actual ""'
				: `Ampersend rejected the request to ${name} (HTTP 400): ` +
					'name: Expected a non empty string, actual ""',
		description: { read: 'Correct the value that is named', write: 'Correct this value' },
	},
	'HTTP 403': {
		fault: { status: 403, body: { message: 'This agent belongs to another user', trace: RAW } },
		message: (name) =>
			`The API key isn't allowed to ${name} (HTTP 403): This agent belongs to another user`,
		description: { read: 'Choose one of your own agents', write: 'Choose one of your own agents' },
	},
	'HTTP 409': {
		fault: { status: 409, body: { message: 'It has changed', trace: RAW } },
		message: (name) => `Ampersend rejected the request to ${name} (HTTP 409): It has changed`,
		description: { read: 'Read the current state first.', write: 'Read the current state first.' },
	},
};

/** A message that doesn't name a parameter is followed by what was requested. */
function expectRequest(
	{ message, description }: { message: string; description: string },
	name: string,
): void {
	const request = `The request was ${requestOf[name]}.`;
	if (message.includes(name)) expect(description.endsWith(request)).toBe(true);
	else expect(description).not.toContain('The request was');
}

describe.each(Object.entries(troubles))('%s', (_, { fault, message, description, calls }) => {
	it('after a read, says what happened and what to do', async () => {
		const attempts = calls?.read ?? 1;
		service.emulator.fault({ route: READ, times: attempts, ...fault });
		const seen = await fail(read);
		expect(seen.message).toContain(message(readName));
		expect(seen.description).toContain(description.read);
		expect(seen.description).not.toMatch(/may have been made|was accepted|was not made|not sent/);
		expectRequest(seen, readName);
		expect(callsOf(READ)).toBe(attempts);
	});

	it('after a write, also says what may have happened, and sends nothing twice', async () => {
		service.emulator.fault({ route: WRITE, ...fault });
		const seen = await fail(write);
		expect(seen.message).toContain(message(writeName));
		expect(seen.description).toContain(description.write);
		expectRequest(seen, writeName);
		expect(callsOf(WRITE)).toBe(1);
	});
});

describe('a read', () => {
	it.each<[string, FaultAction]>([
		['HTTP 500', { status: 500, headers: atOnce }],
		['HTTP 502', { status: 502, headers: atOnce, body: HTML }],
		['HTTP 429', { status: 429, headers: atOnce }],
		['a lost connection', { reset: true }],
	])('that meets %s once is retried and succeeds', async (_, fault) => {
		service.emulator.fault({ route: READ, ...fault });
		const { items, error } = await service.run(read);
		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { name: 'Old name' } }]);
		expect(callsOf(READ)).toBe(2);
	});

	it('waits for the time in Retry-After', async () => {
		service.emulator.fault({ route: READ, status: 429, headers: { 'Retry-After': '1' } });
		const { error } = await service.run(read);
		expect(error).toBeUndefined();
		const [first, second] = service.emulator.calls.map(({ at }) => at);
		expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(990);
	});
});

describe('a write', () => {
	it('that is rate-limited is sent again, because it was not carried out', async () => {
		service.emulator.fault({ route: WRITE, status: 429, headers: atOnce });
		const { items, error } = await service.run(write);
		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { name: 'New name' } }]);
		expect(callsOf(WRITE)).toBe(2);
	});

	it.each<[string, FaultAction]>([
		['HTTP 500', { status: 500, headers: atOnce, when: 'after' }],
		['a lost connection', { reset: true, when: 'after' }],
	])('that took effect, but lost its answer to %s, is not sent again', async (_, fault) => {
		service.emulator.fault({ route: 'POST /agents', ...fault });
		const { description } = await fail({
			resource: 'agent',
			operation: 'create',
			name: 'Buyer',
			agentKeyAddress: randomAddress(),
			ifAgentExists: 'create',
		});
		expect(service.emulator.agents().filter(({ name }) => name === 'Buyer')).toHaveLength(1);
		expect(callsOf('POST /agents')).toBe(1);
		expect(description).toContain(MAY_HAVE_HAPPENED);
		expect(description).toContain('Look for its name with Agent: Get Many');
	});
});

describe('a bad base URL', () => {
	it.each([
		['api.ampersend.ai', "isn't a web address", 'https://api.sandbox.ampersend.ai/v1'],
		['http://staging.example/v1', 'must start with https://', '127.0.0.1'],
		['https://api.ampersend.ai/v1', "A test key can't call production.", 'Clear the Base URL'],
		[
			'https://app.sandbox.ampersend.ai',
			'the dashboard, not of the API',
			'https://api.sandbox.ampersend.ai/v1',
		],
		[
			'https://staging.example/v1/agents',
			'contains a route (/agents)',
			'Enter https://staging.example/v1.',
		],
		[
			`https://staging.example/p/api/v1/sdk/agents/0x${'1'.repeat(40)}/keys`,
			'contains a route (/agents/0x1111',
			'Enter https://staging.example/p/api/v1/sdk.',
		],
		['https://staging.example/v1/AGENTS', 'contains a route (/AGENTS)', 'staging.example/v1.'],
		['https://app.sandbox.ampersend.ai/agents', 'the dashboard, not of the API', 'Clear it'],
		['https://staging.example/v1 v', 'contains white space', 'https://api.sandbox.ampersend.ai/v1'],
		['https://staging.example/SK_LIVE_1', 'something that looks like an API key', 'API Key only'],
		['https://staging.example/v1?key=1', 'contains more than scheme, host and path', 'Remove'],
	])('%s is rejected before anything is sent', async (baseUrl, complaint, advice) => {
		for (const parameters of [read, write]) {
			const { message, description } = await fail(parameters, { baseUrl });
			expect(message).toContain(complaint);
			expect(description).toContain(advice);
		}
		expect(service.emulator.calls).toEqual([]);
	});

	it.each([
		['read', list, listName],
		['read of an assumed route', read, readName],
		['write', write, writeName],
	])(
		'with a wrong path is reported after a %s, with the one that answers',
		async (_, parameters, name) => {
			const { origin } = service.emulator;
			service.emulator.expectUnknown(/^\/agents\b/);
			const { message, description } = await fail(parameters, { baseUrl: origin });
			expect(message).toBe(`Ampersend answers at another Base URL: ${origin}/v1`);
			expect(description).toContain('Set this Base URL in the credential.');
			expect(description).toContain(`At ${origin}, it could not ${name} (HTTP 404).`);
			expect(description.includes('The change was not made.')).toBe(parameters === write);
			const [first, ...others] = service.emulator.calls;
			expect(first?.path).toMatch(/^\/agents/);
			expect(others.every(({ method }) => method === 'GET')).toBe(true);
		},
	);

	it('is asked for once in a run, however many items fail', async () => {
		const { origin } = service.emulator;
		service.emulator.expectUnknown(/^\/agents\b/);
		const credential = { ...service.credential, baseUrl: origin };
		const input = [{}, {}, {}];
		await service.run(read, { credential, input, onError: 'continueRegularOutput' });
		const ownPath = `/agents/${address}`;
		const { calls } = service.emulator;
		expect(calls.filter(({ path }) => path === ownPath)).toHaveLength(3);
		expect(calls.filter(({ path }) => path.startsWith('/v1/agents?'))).toHaveLength(1);
	});
});

describe('an address that the service does not know', () => {
	const unknown = { ...agent, value: randomAddress() };

	it.each([
		['read', read],
		['write', rename],
	])('is named after a %s, and what to do', async (_, parameters) => {
		const { message, description } = await fail({ ...parameters, agent: unknown });
		expect(message).toBe(noAgent(unknown.value));
		expect(description).toBe(
			'Choose one from the list, or use an API key of the account that owns it.',
		);
		expect(service.emulator.calls).toHaveLength(1);
	});

	it.each([
		['read', read, READ],
		['write', rename, 'PATCH /agents/{address}'],
	])(
		'or a route that it lacks: both are named after a %s whose answer leaves it open',
		async (_, parameters, route) => {
			service.emulator.fault({ route, status: 404, body: { message: 'Not found' } });
			const { message, description } = await fail(parameters);
			expect(message).toContain('Ampersend found nothing when asked to');
			expect(description).toContain('Check the address first.');
			expect(description).toContain('this node assumes it');
		},
	);

	it('is the only suggested cause on a documented route', async () => {
		const route = 'POST /agents/{address}/keys';
		service.emulator.fault({ route, status: 404, body: { message: 'Not found' } });
		const { message, description } = await fail({
			resource: 'agentKey',
			operation: 'add',
			agent,
			agentKeyAddress: randomAddress(),
		});
		expect(message).toContain('Ampersend found nothing when asked to add the agent key (HTTP 404)');
		expect(description).toContain(`The request was POST /agents/${agent.value}/keys.`);
		expect(description).toContain("Check the address: it may not be in this API key's account.");
		expect(description).not.toContain('assumes');
	});
});

describe('a value that the service rejects', () => {
	const add = (issues: object[], status = 400) => {
		const route = 'POST /agents/{address}/keys';
		service.emulator.fault({ route, status, body: { issues } });
		return fail({
			resource: 'agentKey',
			operation: 'add',
			agent,
			agentKeyAddress: randomAddress(),
		});
	};

	it('is named as in the editor', async () => {
		const { message, description } = await add([
			{ path: ['agent_key_address'], message: 'Expected a contract' },
			{ path: ['body', 'key_name'], message: 'Too long' },
		]);
		expect(message).toBe('Agent Key Address: Expected a contract; Key Name: Too long');
		expect(description).toBe(
			'Correct this value: Ampersend rejected the request to add the agent key (HTTP 400).',
		);
	});

	it('is named in an allowlist', async () => {
		const route = 'PUT /agents/{address}/authorized-sellers';
		const issues = [{ path: ['authorized_sellers', 0], message: 'Not a seller' }];
		service.emulator.fault({ route, status: 400, body: { issues } });
		const { message } = await fail({
			resource: 'allowlist',
			operation: 'update',
			agent,
			mode: 'add',
			sellers: randomAddress(),
		});
		expect(message).toBe('Sellers: Not a seller');
	});

	it('is named in a request for approval', async () => {
		const issues = [{ path: ['session_key_address'], message: 'Not a key' }];
		const route = 'POST /approve-action/agent';
		service.emulator.fault({ route, status: 400, body: { issues } });
		const { message } = await fail({
			resource: 'agent',
			operation: 'requestApproval',
			agentKeyAddress: randomAddress(),
		});
		expect(message).toBe('Agent Key Address: Not a key');
	});

	it("is named as the service does if the editor doesn't have it", async () => {
		const { message } = await add([{ path: ['extra', 0], message: 'Not wanted' }]);
		expect(message).toContain('(HTTP 400): extra.0: Not wanted');
	});

	it.each([
		[401, 'Ampersend rejected the API key (HTTP 401)', 'revoked or mistyped'],
		[403, "The API key isn't allowed to add the agent key", 'use a key of the account'],
		[500, 'Ampersend could not add the agent key', MAY_HAVE_HAPPENED],
	])('is not the cause of HTTP %i, whatever issues it has', async (status, what, next) => {
		const issues = [{ path: ['key_name'], message: 'Too long' }];
		const { message, description } = await add(issues, status);
		expect(message).toContain(what);
		expect(description).toContain(next);
	});
});

describe('a revoked key', () => {
	it.each([
		['read', list],
		['write', write],
	])('is reported after a %s, with where to create another', async (_, parameters) => {
		service.emulator.revokeApiKey(service.emulator.apiKey);
		const { message, description } = await fail(parameters);
		expect(message).toBe(
			'Ampersend rejected the API key (HTTP 401): This API key has been revoked',
		);
		expect(description).toContain('https://app.sandbox.ampersend.ai');
		expect(description).toContain('Copy it again into the credential');
		// Where no path lists agents, the key is wrong, and not the Base URL.
		const [, ...others] = service.emulator.calls.map(({ method, path }) => `${method} ${path}`);
		expect(others).toEqual(
			['/v1', '/api/v1', '/api/v1/sdk'].map((at) => `GET ${at}/agents?limit=3&offset=0`),
		);
	});
});

describe('a dead service', () => {
	// Nothing of these tests listens at this address, so no other one takes the port meanwhile.
	const origin = 'http://127.0.0.77:4000';

	it('is reported after a read and a write, with what to check', async () => {
		const [afterRead, afterWrite] = await Promise.all(
			[read, write].map(async (parameters) => await fail(parameters, { baseUrl: `${origin}/v1` })),
		);
		for (const { message, description } of [afterRead!, afterWrite!]) {
			expect(message).toBe(`Ampersend could not be reached at ${origin} (no connection).`);
			expect(description).toContain('Check the Base URL in the credential');
		}
		expect(afterRead?.description).not.toContain('sent');
		expect(afterWrite?.description).toMatch(/^Nothing was sent\. /);
	});
});

describe('with Continue On Fail', () => {
	it('the item holds the message and the next step, but no key, stack or raw body', async () => {
		service.emulator.fault({ route: READ, times: 4, status: 500, headers: atOnce, body: HTML });
		const { items, error } = await service.run(read, { onError: 'continueRegularOutput' });
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => Object.values(json))).toEqual([
			[
				`Ampersend could not ${readName} (HTTP 500).`,
				`${CONTACT_SUPPORT} The request was ${requestOf[readName]}.`,
			],
		]);
		const stored = inspect(items, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
		expect(stored).not.toContain(service.emulator.apiKey.slice(8, 24));
		expect(stored).not.toContain(RAW);
	});
});

describe('an assumed route that answers 404', () => {
	it.each([
		['allowlist', 'get', 'GET /agents/{address}/authorized-sellers'],
		['transaction', 'getMany', 'GET /agents/{address}/activity'],
		['paymentEvent', 'getMany', 'GET /agents/{address}/payments'],
		['agent', 'get', 'GET /agents/{address}'],
	])('offers the agent session for %s: %s', async (resource, operation, route) => {
		service.emulator.fault({ route, status: 404, body: { message: 'Not found' } });
		const { description } = await fail({ resource, operation, agent });
		expect(description).toContain('this node assumes it');
		expect(description).toContain(
			'With an Ampersend Agent API credential, the agent has a route that is known to work.',
		);
	});

	it('offers none where an agent has no such route', async () => {
		const keys = { resource: 'agentKey', operation: 'getMany', agent };
		const route = 'GET /agents/{address}/keys';
		service.emulator.fault({ route, status: 404, body: { message: 'Not found' } });
		const { description } = await fail(keys);
		expect(description).toContain('this node assumes it');
		expect(description).not.toContain('Ampersend Agent API');
	});
});
