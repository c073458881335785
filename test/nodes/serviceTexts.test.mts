/** What a service can put in front of a user: texts, links, and answers that aren't as known. */
import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { CredentialTestContext } from 'n8n-core';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { jsonOf, newPrivateKey, useAgentSession } from './agentSession.mts';
import { historyOf } from './payments.mts';
import type { Outcome } from './n8nCore.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const hintsOf = ({ error, hints }: Outcome) => {
	expect(error).toBeUndefined();
	return hints.map(({ message }) => message);
};

const byAddress = ({ address }: { address: string }) => ({ mode: 'address', value: address });

const BEACON = '<img src="https://evil.example/x.png"> <a href="https://evil.example">A & B</a>';

describe('a hint, which n8n shows as HTML', () => {
	const { changeNewest } = historyOf(service, 'transaction');

	it.each([
		['a status', { status: BEACON }],
		['a direction', { type: BEACON }],
	])('shows %s as text', async (_, changes) => {
		service.emulator.pay({ agent: session.agent });
		service.emulator.fault(changeNewest(changes));
		const parameters = { agentScope: 'all', returnAll: true };
		const outcome = await service.run({
			resource: 'transaction',
			operation: 'getMany',
			...parameters,
		});
		const [hint = '', ...others] = hintsOf(outcome);
		expect(others).toEqual([]);
		expect(hint).toContain('&lt;img src="https://evil');
		expect(hint).not.toMatch(/[<>]/);
	});

	it("shows an agent's name as text, on one line with an end", async () => {
		const name = `<a>A & B</a> ${'x\n'.repeat(100)}`;
		service.emulator.updateAgent(session.agent, { name });
		service.emulator.pay({ agent: session.agent });
		service.emulator.fault({
			route: 'GET /agents/{address}/activity',
			times: Infinity,
			mutate: (body) => ({ ...(body as object), totalCount: 0 }),
		});
		const outcome = await service.run({
			resource: 'transaction',
			operation: 'export',
			agentScope: 'all',
		});
		const [hint = ''] = hintsOf(outcome);
		expect(hint).toContain('&lt;a&gt;A &amp; B&lt;/a&gt; x');
		expect(hint.length).toBeLessThan(400);
		expect(hint).not.toContain('\n');
	});
});

describe('an error, which n8n shows as HTML in some places', () => {
	const read = () => ({ resource: 'agent', operation: 'get', agent: byAddress(session.agent) });

	it.each([false, true])('has no tag that the service wrote, for a model: %s', async (isTool) => {
		const body = { message: `${BEACON}</div><!-- 1 < 2` };
		service.emulator.fault({ route: 'GET /agents/{address}', status: 400, body });
		const { error } = await service.run(read(), { isTool });
		expect(error?.message).toContain('‹img src="https://evil.example/x.png">');
		expect(error?.message).toContain('1 < 2');
		for (const text of [error?.message, error?.description]) {
			expect(text).not.toMatch(/<[a-z/!?]/i);
		}
	});

	it('has none in an item of Continue On Fail', async () => {
		service.emulator.fault({
			route: 'GET /agents/{address}',
			status: 400,
			body: { message: BEACON },
		});
		const outcome = await service.run(read(), { onError: 'continueRegularOutput' });
		expect(String(outcome.items[0]?.json.error)).toContain('‹img');
	});
});

describe('a link', () => {
	const unsafe = [
		'javascript:alert(1)',
		'data:text/html,<script>alert(1)</script>',
		'http://dashboard.example.com/approve',
		'https://app.ampersend.ai@evil.example/approve',
		'https://evil.example/ <https://app.ampersend.ai|Approve>',
		'//evil.example',
	];

	it.each(unsafe)('to approve is not handed on: %s', async (url) => {
		service.emulator.fault({
			route: 'POST /approve-action/agent',
			mutate: (body) => ({ ...(body as object), user_approve_url: url }),
		});
		const { error, items } = await service.run({
			resource: 'agent',
			operation: 'requestApproval',
			agentKeyAddress: session.agent.address,
		});
		expect(error?.message).toContain('user_approve_url is not a link that starts with https');
		expect(error?.message).not.toContain(url);
		expect(items).toEqual([]);
	});

	it.each(unsafe)('to fund is not handed on: %s', async (url) => {
		service.emulator.fault({ route: 'GET /agents/self/funding-link', mutate: () => ({ url }) });
		const { error, items } = await session.run({ resource: 'fundingLink', operation: 'get' });
		expect(error?.message).toContain('url is not a link that starts with https');
		expect(items).toEqual([]);
	});

	it('that nothing rests on is null, with a hint', async () => {
		service.emulator.addListing({ name: 'Weather', docs_url: 'https://docs.example.com' });
		service.emulator.fault({
			route: 'GET /agents/marketplace/agentic/discover',
			mutate: (body) => (body as object[]).map((row) => ({ ...row, url: 'javascript:alert(1)' })),
		});
		const outcome = await session.run({ resource: 'marketplace', operation: 'search' });
		expect(jsonOf(outcome)).toMatchObject([{ url: null, docsUrl: 'https://docs.example.com' }]);
		expect(hintsOf(outcome)).toEqual([
			"Ampersend was asked to search the marketplace, and url isn't as expected in its answer. " +
				'It counts as empty. A newer version of n8n-nodes-ampersend may know more.',
		]);
	});

	it('to this machine can start with http', async () => {
		const url = 'http://127.0.0.1:8080/approve/x';
		service.emulator.fault({ route: 'GET /agents/self/funding-link', mutate: () => ({ url }) });
		expect(jsonOf(await session.run({ resource: 'fundingLink', operation: 'get' }))).toEqual([
			{ url },
		]);
	});
});

describe('the value of a proxy header', () => {
	const CREATE = 'POST /agents/{address}/hosted-endpoints';
	const url = 'https://api.example.com/weather-service';
	const create = async (headerValue: string) =>
		await session.run({
			resource: 'hostedEndpoint',
			operation: 'create',
			name: 'Weather by city',
			price: '0.01',
			proxyUrl: url,
			additionalFields: {
				description: 'A service that needs a key',
				proxyHeaders: { header: [{ headerName: 'X-Key', headerValue }] },
			},
		});

	it.each([
		['the proxy URL', () => 'weather-service'],
		['the name', () => 'Weather by city'],
		["the agent's address", () => session.agent.address],
		["the agent's address in lower case", () => session.agent.address.toLowerCase()],
		['the network', () => 'base-sepolia'],
	])('that is also in %s leaves a good answer unchanged', async (_, value) => {
		expect(jsonOf(await create(value()))).toMatchObject([
			{
				name: 'Weather by city',
				proxyUrl: url,
				agentAddress: session.agent.address,
				network: 'base-sepolia',
			},
		]);
		expect(service.emulator.hostedEndpoints(session.agent)).toMatchObject([
			{ proxyHeaders: { 'X-Key': value() } },
		]);
	});

	it('is hidden in fields that are new, at any depth', async () => {
		const value = 'a secret for the API';
		const echo = { name: value, list: [{ [value]: encodeURIComponent(value) }] };
		service.emulator.fault({
			route: CREATE,
			mutate: (body) => ({ ...(body as object), echo, instructions: { markdown: '', echo } }),
		});
		const outcome = await create(value);
		expect(jsonOf(outcome)).toMatchObject([{ echo: { name: '…', list: [{ '…': '…' }] } }]);
		expect(JSON.stringify(outcome.run.data.resultData.runData)).not.toContain(value);
	});

	it('is hidden in what the service says is wrong', async () => {
		const value = 'a secret for the API';
		service.emulator.fault({ route: CREATE, status: 400, body: { message: `Bad: ${value}.` } });
		const { error } = await create(value);
		expect(error?.message).toContain('(HTTP 400): Bad: ….');
	});

	it('is hidden if a header is added', async () => {
		jsonOf(await create('a first value'));
		const [{ id } = { id: '' }] = service.emulator.hostedEndpoints(session.agent);
		const outcome = await session.run({
			resource: 'hostedEndpoint',
			operation: 'addProxyHeader',
			hostedEndpoint: { mode: 'id', value: id },
			headerName: 'X-Other',
			headerValue: 'weather-service',
		});
		expect(jsonOf(outcome)).toMatchObject([{ proxyUrl: url }]);
	});
});

describe('a token of a session that repeats itself', () => {
	it('does not keep n8n busy, whatever the service answers', async () => {
		const many = 8_000;
		service.emulator.fault({
			route: 'POST /agents/auth/login',
			mutate: (body) => ({ ...(body as object), token: `${'a'.repeat(many - 1)}b` }),
		});
		service.emulator.fault({
			route: 'GET /agents/self',
			status: 400,
			body: { message: `%${'a'.repeat(200_000)}` },
		});
		const before = process.cpuUsage();
		const { error } = await session.run({ resource: 'agent', operation: 'get' });
		const { user, system } = process.cpuUsage(before);
		expect(error?.message).toContain('(HTTP 400): %aaa');
		expect((user + system) / 1000).toBeLessThan(4_000);
	});
});

describe('a private key in Base URL', () => {
	it.each(['', '/v1'])('is not sent: at the end of a path, before "%s"', async (end) => {
		const key = newPrivateKey();
		const baseUrl = `${service.emulator.origin}/${key}${end}`;
		const agents = { resource: 'agent', operation: 'getMany' };
		const withKey = await service.run(agents, { credential: { ...service.credential, baseUrl } });
		const owner = { resource: 'owner', operation: 'get' };
		const inSession = await session.run(owner, { ...session.credential, baseUrl });
		for (const { error } of [withKey, inSession]) {
			expect(error?.message).toBe('The Base URL contains something that looks like a private key.');
			expect(error?.description).not.toContain(key.slice(2));
		}
		expect(service.emulator.calls).toEqual([]);
	});

	it('is not sent if a line break divides it, nor is an API key', async () => {
		const agents = { resource: 'agent', operation: 'getMany' };
		for (const key of [newPrivateKey(), service.emulator.apiKey]) {
			const baseUrl = `${service.emulator.origin}/${key.slice(0, 6)}\n${key.slice(6)}`;
			const { error } = await service.run(agents, {
				credential: { ...service.credential, baseUrl },
			});
			expect(error?.message).toMatch(/^The Base URL contains something that looks like an? /);
		}
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('the token of an approval', () => {
	const REQUEST = 'POST /approve-action/agent';
	const STATUS = 'GET /approve-action/{token}/status';
	const part = (length: number) => 'eyJ9'.repeat(length / 4);

	it.each([
		['Base64', 'ab+/cd//ef/Z=='],
		['a JWT', `${part(100)}.${part(560)}.${part(40)}`],
		['a long JWT', `${part(400)}.${part(3_000)}.${part(80)}`],
	])('is taken by Get Approval as Request Approval returns it: %s', async (_, token) => {
		service.emulator.fault({
			route: REQUEST,
			mutate: (body) => ({ ...(body as object), token }),
		});
		const [requested] = jsonOf(
			await service.run({
				resource: 'agent',
				operation: 'requestApproval',
				agentKeyAddress: session.agent.address,
			}),
		);
		expect(requested).toMatchObject({ token });
		service.emulator.fault({ route: STATUS, status: 200, body: { status: 'pending' } });
		const status = await service.run({ resource: 'agent', operation: 'getApproval', token });
		expect(jsonOf(status)).toMatchObject([{ status: 'pending' }]);
		expect(service.emulator.calls.at(-1)?.params).toEqual({ token });
	});

	it.each(['a b', '../agents', 'https://evil.example/x'])(
		'is not returned if Get Approval could not take it: "%s"',
		async (token) => {
			service.emulator.fault({
				route: REQUEST,
				mutate: (body) => ({ ...(body as object), token }),
			});
			const { error } = await service.run({
				resource: 'agent',
				operation: 'requestApproval',
				agentKeyAddress: session.agent.address,
			});
			expect(error?.message).toContain('is not as expected: token has an unexpected format');
		},
	);
});

describe('the credential test of an agent', () => {
	it('shows one line with an end, however long the name of the agent is', async () => {
		service.emulator.fault({
			route: 'GET /agents/self',
			mutate: (body) => ({ ...(body as object), name: `Buyer\n${'x\n'.repeat(500_000)}` }),
		});
		const { status, message } = await credentialTest.ampersendAgentApiTest.call(
			new CredentialTestContext(),
			{ id: '', name: '', type: 'ampersendAgentApi', data: { ...session.credential } },
		);
		expect([status, message]).toEqual(['OK', expect.stringContaining('the agent key of Buyer x')]);
		expect(message.length).toBeLessThan(400);
		expect(message).not.toContain('\n');
	});
});

describe('a count of transactions', () => {
	const counted = (totalCount: unknown) => ({
		route: 'GET /agents/{address}/activity',
		times: Infinity,
		mutate: (body: unknown) => ({ ...(body as object), totalCount }),
	});
	const all = { resource: 'transaction', operation: 'getMany', agentScope: 'all' };

	it('can be text', async () => {
		for (let i = 0; i < 3; i++) service.emulator.pay({ agent: session.agent });
		service.emulator.fault(counted('130'));
		const outcome = await service.run({ ...all, limit: 2 });
		expect(outcome.items).toHaveLength(2);
		expect(hintsOf(outcome)).toEqual(['Returned 2 of 130 transactions.']);
	});

	it('is absent if it is null', async () => {
		service.emulator.pay({ agent: session.agent });
		service.emulator.fault(counted(null));
		const outcome = await service.run({ ...all, returnAll: true });
		expect(outcome.items).toHaveLength(1);
		expect(hintsOf(outcome)).toEqual([]);
	});

	it.each([[{}], ['many'], [-1.5], [true]])('is absent if it is %j', async (totalCount) => {
		service.emulator.pay({ agent: session.agent });
		service.emulator.fault(counted(totalCount));
		const outcome = await service.run({ ...all, returnAll: true });
		expect(outcome.items).toHaveLength(1);
	});

	it.each([[null], ['1']])(
		'does not keep the trigger from starting the workflow: %j',
		async (totalCount) => {
			const trigger = openTrigger({}, service.credential);
			await trigger.poll('trigger', 'activate');
			service.emulator.pay({ agent: session.agent });
			service.emulator.fault(counted(totalCount));
			expect(await trigger.poll()).toHaveLength(1);
			expect(trigger.warnings).toEqual([]);
		},
	);

	it('of agents can be text', async () => {
		service.emulator.fault({
			route: 'GET /agents',
			mutate: (body) => ({ ...(body as object), total: '1' }),
		});
		const outcome = await service.run({ resource: 'agent', operation: 'getMany' });
		expect(jsonOf(outcome)).toHaveLength(1);
	});
});

describe('a row without what nothing rests on', () => {
	const hintOf = (field: string, noun: string, isMissing: boolean) =>
		`Ampersend was asked to list the ${noun}, and ${field} ` +
		`${isMissing ? 'is missing in its answer' : "isn't as expected in its answer"}. ` +
		'It counts as empty. A newer version of n8n-nodes-ampersend may know more.';

	const without = (row: IDataObject, ...names: string[]) =>
		Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));

	const resources = [
		['transaction', 'receiver', 'transactions'],
		['paymentEvent', 'seller_address', 'payment events'],
	] as const;

	it.each(resources)('is read, with hints: %s', async (resource, party, noun) => {
		const { changeRows } = historyOf(service, resource);
		const { agent } = session;
		const other = service.emulator.addAgent();
		for (const one of [agent, other]) {
			service.emulator.pay({ agent: one, amountMicro: 7n, type: 'spend' });
		}
		for (const operation of ['getMany', 'export']) {
			service.emulator.fault({
				...changeRows((rows) =>
					rows.map((row) => ({
						...without(row, 'tx_hash'),
						chain_caip2id: { network: 'base' },
						[party]: null,
					})),
				),
				match: ({ params }) => params.address?.toLowerCase() === agent.address.toLowerCase(),
			});
			const outcome = await service.run({
				resource,
				operation,
				agentScope: 'all',
				...(operation === 'getMany' && { returnAll: true }),
			});
			const texts = hintsOf(outcome).sort();
			expect(texts).toEqual([hintOf('chain_caip2id', noun, false), hintOf('tx_hash', noun, true)]);
			if (operation === 'export') {
				expect(outcome.items).toMatchObject([{ json: { rows: 2 } }]);
				continue;
			}
			const rows = outcome.items.map(({ json }) => json);
			expect(rows).toHaveLength(2);
			expect(rows.find(({ agentAddress }) => agentAddress === agent.address)).toMatchObject({
				amountUsdcMicro: '7',
				counterparty: null,
				transactionHash: null,
				chain: null,
				explorerUrl: null,
			});
			expect(rows.find(({ agentAddress }) => agentAddress === other.address)).toMatchObject({
				counterparty: expect.stringMatching(/^0x/),
			});
		}
	});

	it('is left out by a filter for a counterparty', async () => {
		const { changeNewest } = historyOf(service, 'transaction');
		const { agent } = session;
		service.emulator.pay({ agent, type: 'spend' });
		service.emulator.fault(changeNewest({ receiver: 'nobody' }));
		const outcome = await service.run({
			resource: 'transaction',
			operation: 'getMany',
			agentScope: 'all',
			returnAll: true,
			filters: { counterparty: agent.address },
		});
		expect(outcome.items).toEqual([]);
		expect(hintsOf(outcome)).toEqual([hintOf('receiver', 'transactions', false)]);
	});

	it.each<[string, IDataObject]>([
		['id', { id: null }],
		['agent_address', { agent_address: null }],
		['amount', { amount: '1.5' }],
		['status', { status: '' }],
		['timestamp', { timestamp: 'today' }],
	])('is not read without %s, on which something rests', async (field, changes) => {
		const { changeNewest } = historyOf(service, 'transaction');
		service.emulator.pay({ agent: session.agent });
		service.emulator.fault(changeNewest(changes));
		const { error } = await service.run({
			resource: 'transaction',
			operation: 'getMany',
			agentScope: 'all',
			returnAll: true,
		});
		expect(error?.message).toContain(`activity.0.${field}`);
	});

	it('starts the workflow, and n8n logs once a poll what is missing', async () => {
		const { changeRows } = historyOf(service, 'transaction');
		const trigger = openTrigger({}, service.credential);
		await trigger.poll('trigger', 'activate');
		const agents = [session.agent, service.emulator.addAgent()];
		for (const agent of agents) service.emulator.pay({ agent, type: 'spend' });
		service.emulator.fault({
			...changeRows((rows) => rows.map((row) => ({ ...without(row, 'tx_hash'), receiver: null }))),
			times: 2,
		});
		const events = await trigger.poll();
		expect(events).toHaveLength(2);
		expect(events).toMatchObject([
			{ counterparty: null, transactionHash: null },
			{ counterparty: null, transactionHash: null },
		]);
		expect(trigger.notes.filter((note) => note.includes('tx_hash is missing'))).toHaveLength(1);
		expect(trigger.warnings).toEqual([]);
	});

	it('is a hosted endpoint that was created', async () => {
		service.emulator.fault({
			route: 'POST /agents/{address}/hosted-endpoints',
			mutate: (body) => without(body as IDataObject, 'slug', 'updated_at', 'proxy_header_names'),
		});
		const outcome = await session.run({
			resource: 'hostedEndpoint',
			operation: 'create',
			name: 'Weather',
			price: '0.01',
			proxyUrl: 'https://api.example.com/weather',
		});
		expect(jsonOf(outcome)).toMatchObject([
			{ name: 'Weather', slug: null, updatedAt: null, proxyHeaderNames: null },
		]);
		expect(hintsOf(outcome)).toEqual([
			'Ampersend was asked to create the hosted endpoint, and slug, proxy_header_names, ' +
				'updated_at are missing in its answer. They count as empty. ' +
				'A newer version of n8n-nodes-ampersend may know more.',
		]);
	});
});

describe('an answer of a proxy or a firewall', () => {
	const READ = 'GET /agents/{address}';
	const read: () => INodeParameters = () => ({
		resource: 'agent',
		operation: 'get',
		agent: byAddress(session.agent),
	});
	const page = '<html><h1>Blocked by raw rule</h1></html>';

	it('that asks for a login is not about the credential', async () => {
		service.emulator.fault({ route: READ, status: 407, body: page });
		const { error } = await service.run(read());
		expect(error?.message).toBe('A proxy between n8n and Ampersend asks for a login (HTTP 407).');
		expect(error?.description).toContain("n8n's proxy settings (HTTPS_PROXY, HTTP_PROXY)");
		expect(error?.description).not.toContain('check every field');
	});

	it.each([400, 403, 405, 413, 451])('is told from one of Ampersend: HTTP %d', async (status) => {
		service.emulator.fault({ route: READ, status, body: page });
		const { error } = await service.run(read());
		expect(error?.message).toBe(
			`Ampersend could not read the agent: ${service.emulator.origin} answered with ` +
				`HTTP ${status}, and not in JSON.`,
		);
		expect(error?.description).toContain('a proxy or a firewall may have answered');
		expect(error?.description).not.toMatch(/another account|every field|raw/);
	});

	it.each([401, 404, 429])('may be one where it means the same: HTTP %d', async (status) => {
		service.emulator.fault({
			route: READ,
			status,
			body: page,
			times: status === 429 ? 4 : 1,
			headers: { 'Retry-After': '0' },
		});
		const { error } = await service.run(read());
		expect(error?.description).toContain('a proxy or a firewall may have answered');
	});

	it('is told in a session, too', async () => {
		service.emulator.fault({ route: 'GET /agents/self', status: 403, body: page });
		const { error } = await session.run({ resource: 'agent', operation: 'get' });
		expect(error?.description).toContain('a proxy or a firewall may have answered');
		expect(error?.description).not.toContain('Its owner can do this');
	});

	it('is not assumed for JSON', async () => {
		service.emulator.fault({ route: READ, status: 403, body: { message: 'Not yours' } });
		const { error } = await service.run(read());
		expect(error?.description).toContain('another account');
		expect(error?.description).not.toContain('firewall');
	});
});
