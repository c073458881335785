import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';
import { checksummed } from '../../tools/emulator/addresses.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import { addressOfKey, newPrivateKey, savedOver, useAgentSession } from './agentSession.mts';
import { openEditor } from './editor.mts';
import { noAgent, short, useAmpersend } from './setup.mts';

const service = useAmpersend();

const type = new Ampersend();
const { listSearch, loadOptions } = type.methods;

const editor = (given: INodeParameters = {}, credential = service.credential) =>
	openEditor(given, credential);

const locator = (value: string, mode = 'list') => ({ __rl: true, mode, value });

const searchAgents = async (filter?: string, token?: string) =>
	await listSearch.searchAgents.call(editor(), filter, token);

/** What a user gets who scrolls to the end. */
async function scrolled(): Promise<string[]> {
	const values: string[] = [];
	for (let token: string | undefined; ; ) {
		const { results, paginationToken } = await searchAgents(undefined, token);
		values.push(...results.map(({ value }) => String(value)));
		token = paginationToken as string | undefined;
		if (token === undefined) return values;
	}
}

const searchAgentKeys = async (agent: INodeParameters[string], filter?: string) =>
	await listSearch.searchAgentKeys.call(
		editor({ resource: 'agentKey', operation: 'revoke', agent, agentKey: locator('') }),
		filter,
	);

const caught = async (promise: Promise<unknown>): Promise<Error & { description?: string }> =>
	await promise.then(
		() => {
			throw new Error('nothing was thrown');
		},
		(error: Error) => error,
	);

const A = checksummed(`0x${'ab'.repeat(20)}`);
const B = checksummed(`0x${'cd'.repeat(20)}`);

const linkTo = (address: string) => ({
	value: address.toLowerCase(),
	url: `https://sepolia.basescan.org/address/${address.toLowerCase()}`,
});

describe('The list of agents', () => {
	it('shows name and address, by name; the values are in lower case', async () => {
		service.emulator.addAgent({ name: 'Writer', address: A, balanceMicro: 12_500_000n });
		service.emulator.addAgent({ name: 'buyer', address: B });
		service.emulator.addAgent({ name: 'hidden', owner: 'someone else' });

		expect(await searchAgents()).toEqual({
			results: [
				{ name: `buyer (${short(B)})`, description: 'Balance: 0 USDC', ...linkTo(B) },
				{ name: `Writer (${short(A)})`, description: 'Balance: 12.5 USDC', ...linkTo(A) },
			],
		});
		expect(service.seen).toEqual(['GET /agents']);
	});

	it('returns a value that the node accepts, for any checksum', async () => {
		service.emulator.addAgent({ name: 'Writer', address: A });
		const value = (await searchAgents()).results[0]?.value;
		const { items } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: locator(String(value)),
		});

		expect(items).toMatchObject([{ json: { address: A } }]);
	});

	it.each([
		['part of a name, in any letter case', 'WRIT', ['Writer']],
		['a whole address in any letter case', `0x${A.slice(2).toUpperCase()}`, ['Writer']],
		['part of an address', 'cdcd', ['Buyer', 'Buyer 2']],
		['text with spaces around it', '  buyer ', ['Buyer', 'Buyer 2']],
		['nothing', '', ['Buyer', 'Buyer 2', 'Writer']],
		['text that no agent has', 'reader', []],
	])('is searched by %s', async (_title, filter, names) => {
		service.emulator.addAgent({ name: 'Writer', address: A });
		service.emulator.addAgent({ name: 'Buyer 2', address: `0x${'cd'.repeat(19)}01` });
		service.emulator.addAgent({ name: 'Buyer', address: B });
		const { results } = await searchAgents(filter);

		expect(results.map(({ name }) => name.replace(/ \(.*/, ''))).toEqual(names);
	});

	it('is searched beyond the first page', async () => {
		for (let i = 0; i < 100; i++) service.emulator.addAgent({ name: `agent ${i}` });
		const { address } = service.emulator.addAgent({ name: 'Buyer' });

		expect((await searchAgents('buyer')).results).toEqual([
			{
				name: `Buyer (${short(address)})`,
				description: 'Balance: 0 USDC',
				...linkTo(address),
			},
		]);
	});

	it('leaves out a balance that is no whole number of micro-USDC', async () => {
		service.emulator.addAgent({ name: 'Writer', address: A, balanceMicro: '1.5' });

		expect((await searchAgents()).results).toEqual([
			{ name: `Writer (${short(A)})`, ...linkTo(A) },
		]);
	});

	it('is loaded part by part: 1 000 agents, each once, with eleven requests', async () => {
		const agents = Array.from({ length: 1000 }, (_, i) =>
			service.emulator.addAgent({ name: `agent ${i}` }),
		);
		const values = await scrolled();

		expect(values.toSorted()).toEqual(
			agents.map(({ address }) => address.toLowerCase()).toSorted(),
		);
		expect(service.seen).toHaveLength(11);
	});

	it('is read whole if rows have moved between two parts, so no agent is missing', async () => {
		for (let i = 0; i < 150; i++) service.emulator.addAgent({ name: `agent ${i}` });
		service.emulator.fault({
			route: 'GET /agents',
			match: ({ query }) => query.offset === '99',
			mutate(body) {
				const { items, total } = body as { items: unknown[]; total: number };
				return { items: items.slice(1), total: total - 1 };
			},
		});

		expect(new Set(await scrolled()).size).toBe(150);
		// One more, because the count is smaller than the list.
		expect(service.seen).toHaveLength(5);
	});

	it('leaves out no agent if the count is only of the page', async () => {
		for (let i = 0; i < 250; i++) service.emulator.addAgent({ name: `agent ${i}` });
		service.emulator.fault({
			route: 'GET /agents',
			times: Infinity,
			mutate(body) {
				const { items } = body as { items: unknown[] };
				return { items, total: items.length };
			},
		});

		expect(await scrolled()).toHaveLength(250);
	});

	it('of a whole account is offered where several are chosen', async () => {
		for (let i = 0; i < 101; i++) service.emulator.addAgent({ name: `agent ${i}` });

		expect(await loadOptions.getAgents.call(editor())).toHaveLength(101);
	});

	it('ends if the service returns the same rows again', async () => {
		for (let i = 0; i < 150; i++) service.emulator.addAgent({ name: `agent ${i}` });
		let first: unknown;
		service.emulator.fault({
			route: 'GET /agents',
			times: Infinity,
			mutate(body) {
				const { items, total } = body as { items: unknown; total: number };
				first ??= items;
				return { items: first, total };
			},
		});
		const { paginationToken } = await searchAgents();
		const error = await caught(searchAgents(undefined, String(paginationToken)));

		expect(error.message).toContain('returns the same rows again');
	});

	it('also loads for one agent of the trigger', async () => {
		service.emulator.addAgent({ name: 'Writer', address: A });
		service.emulator.addAgent({ name: 'Buyer', address: B });
		const { description, methods } = new AmpersendTrigger();
		const locators = description.properties.filter(({ name }) => name === 'agent');
		const modes = locators.flatMap((property) => property.modes ?? []);

		expect(modes.map(({ name }) => name)).toEqual(['list', 'address', 'url']);
		expect(modes[0]?.typeOptions?.searchListMethod).toBe('searchAgents');
		expect(
			await methods.listSearch.searchAgents.call(editor({ agentScope: 'one' }), 'buy'),
		).toEqual({
			results: [{ name: `Buyer (${short(B)})`, description: 'Balance: 0 USDC', ...linkTo(B) }],
		});
	});

	it('also loads for several agents', async () => {
		service.emulator.addAgent({ name: 'Writer', address: A });
		service.emulator.addAgent({ name: 'Buyer', address: B });

		expect(await loadOptions.getAgents.call(editor())).toEqual([
			{ name: `Buyer (${short(B)})`, description: 'Balance: 0 USDC', ...linkTo(B) },
			{ name: `Writer (${short(A)})`, description: 'Balance: 0 USDC', ...linkTo(A) },
		]);
	});

	it('is requested once more if the service is busy', async () => {
		service.emulator.addAgent({ name: 'Buyer', address: B });
		service.emulator.fault({ route: 'GET /agents', status: 429, headers: { 'Retry-After': '0' } });

		expect((await searchAgents()).results).toHaveLength(1);
		expect(service.seen).toEqual(['GET /agents', 'GET /agents']);
	});
});

describe("The list of an agent's keys", () => {
	it.each(['list', 'address', 'url'])('belongs to the agent chosen by %s', async (mode) => {
		const named = { address: A, name: 'Worker 1' };
		const agent = service.emulator.addAgent({ keys: [B, named] });
		service.emulator.addAgent();
		const value =
			mode === 'url' ? `https://app.example/agents/${agent.address}/keys` : agent.address;

		expect(await searchAgentKeys(locator(value, mode))).toEqual({
			results: [
				{ name: B, ...linkTo(B) },
				{ name: `Worker 1 (${short(A)})`, ...linkTo(A) },
			],
		});
		expect(service.seen).toEqual(['GET /agents/{address}/keys']);
		expect(service.emulator.calls[0]?.params).toEqual({ address: agent.address });
	});

	it('is searched by name and by address', async () => {
		const { address } = service.emulator.addAgent({ keys: [B, { address: A, name: 'Worker 1' }] });
		const found = async (filter: string) =>
			(await searchAgentKeys(locator(address), filter)).results.map(({ value }) => value);

		expect(await found('worker')).toEqual([A.toLowerCase()]);
		expect(await found(B)).toEqual([B.toLowerCase()]);
		expect(await found('nobody')).toEqual([]);
	});

	it.each([
		[
			"the agent isn't an address",
			locator('Buyer', 'address'),
			'Agent: "Buyer" is not an address.',
			'Copy the whole address again',
		],
	])('says what is missing if %s, and sends nothing', async (_title, agent, message, advice) => {
		const error = await caught(searchAgentKeys(agent));

		expect(error.message).toBe(`${message} ${error.description}`);
		expect(error.description).toContain(advice);
		expect(service.emulator.calls).toEqual([]);
	});

	it.each([
		['no agent is chosen', locator(''), 'Agent: none is chosen.', 'Choose an agent first.'],
		['the node has no agent yet', '', 'Agent: none is chosen.', 'Choose an agent first.'],
		[
			'the editor has no value for an expression',
			{ __rl: true, mode: 'address', value: null },
			'Agent: is an expression without a value here.',
			'Use By Address.',
		],
		[
			'the agent is still an expression',
			locator('={{ $json.agent }}', 'address'),
			'Agent: is an expression without a value here.',
			'Use By Address.',
		],
	])('has nothing to choose if %s', async (_title, agent, complaint, description) => {
		// n8n shows only the message there.
		const message = `${complaint} ${description}`;
		await expect(searchAgentKeys(agent)).rejects.toMatchObject({ message, description });
		expect(service.emulator.calls).toEqual([]);
	});

	it("says that the agent's link is wrong, and sends nothing", async () => {
		const error = await caught(searchAgentKeys(locator('https://app.example/agents', 'url')));

		expect(error.message).toMatch(/^Agent: the link contains no address\. Copy a link /);
		expect(service.emulator.calls).toEqual([]);
	});

	it('says that the agent is unknown', async () => {
		const address = randomAddress();
		const error = await caught(searchAgentKeys(locator(address)));

		expect(error.message).toBe(noAgent(address));
		expect(error.description).toContain('Choose one from the list');
	});
});

describe('The list of sellers', () => {
	const searchSellers = async (given: INodeParameters, filter?: string) =>
		await listSearch.searchSellers.call(editor(given), filter);

	it('has the latest counterparties, newest first, then the rest of the allowlist', async () => {
		const [older, newer, unpaid] = [randomAddress(), randomAddress(), randomAddress()];
		const { emulator } = service;
		const agent = emulator.addAgent({ allowlist: [unpaid, older] });
		emulator.pay({ agent, counterparty: older, timestamp: Date.now() - 2000 });
		emulator.pay({ agent, counterparty: newer, timestamp: Date.now() - 1000 });
		emulator.pay({ agent, counterparty: older, timestamp: Date.now() - 3000 });
		const given = { agentScope: 'one', agent: locator(agent.address) };

		expect(await searchSellers(given)).toEqual({
			results: [
				{ name: newer, ...linkTo(newer) },
				{ name: `${short(older, 10)} (allowlist)`, ...linkTo(older) },
				{ name: `${short(unpaid, 10)} (allowlist)`, ...linkTo(unpaid) },
			],
		});
		expect((await searchSellers(given, ` ${newer.slice(0, 12)}`)).results).toHaveLength(1);
	});

	const LISTS = ['authorized-sellers', 'activity'].map((path) => `GET /agents/{address}/${path}`);
	const withTwo = () => {
		const [allowed, paid] = [randomAddress(), randomAddress()];
		const agent = service.emulator.addAgent({ allowlist: [allowed] });
		service.emulator.pay({ agent, counterparty: paid });
		return { given: { agentScope: 'one', agent: locator(agent.address) }, allowed, paid };
	};

	it.each([
		['the allowlist', 0, 'paid'],
		['the activity', 1, 'allowed'],
	] as const)("has the rest if Ampersend doesn't offer %s", async (_, index, left) => {
		const { given, ...sellers } = withTwo();
		service.emulator.fault({ route: String(LISTS[index]), status: 404 });

		expect((await searchSellers(given)).results).toMatchObject([
			{ value: sellers[left].toLowerCase() },
		]);
	});

	it.each([
		['both are unknown', LISTS, 404],
		['one is denied', LISTS.slice(0, 1), 403],
	])("can't be loaded if %s", async (_, failing, status) => {
		const { given } = withTwo();
		for (const route of failing) service.emulator.fault({ route, status });

		await expect(searchSellers(given)).rejects.toMatchObject({ httpCode: String(status) });
	});

	it.each([
		[
			{ agentScope: 'all' },
			'Agents: only the sellers of one agent can be listed.',
			'Set Agents to One, or use By Address.',
		],
		[{ agentScope: 'one', agent: locator('') }, 'Agent: none is chosen.', 'Choose an agent first.'],
	])('has nothing to choose without an agent: %j', async (given, complaint, description) => {
		const message = `${complaint} ${description}`;
		await expect(searchSellers(given)).rejects.toMatchObject({ message, description });
		expect(service.emulator.calls).toEqual([]);
	});
});

describe("A list that can't be loaded", () => {
	it('says which host does not answer, and what to check', async () => {
		const { origin, apiKey } = service.emulator;
		await service.emulator.close();
		const error = await caught(searchAgents());

		expect(error.message).toBe(`Ampersend could not be reached at ${origin} (no connection).`);
		expect(error.description).toContain('Check the Base URL in the credential');
		expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(
			apiKey.slice('sk_test_'.length),
		);
	});

	it('is requested at most twice, because a user is waiting', async () => {
		service.emulator.fault({
			route: 'GET /agents',
			status: 503,
			headers: { 'Retry-After': '0' },
			times: 2,
		});
		const error = await caught(searchAgents());

		expect(error.message).toBe('Ampersend could not list the agents (HTTP 503).');
		expect(service.seen).toEqual(['GET /agents', 'GET /agents']);
	});

	it('does not wait longer than a user would', async () => {
		service.emulator.fault({ route: 'GET /agents', status: 429, headers: { 'Retry-After': '11' } });
		const error = await caught(searchAgents());

		expect(error.message).toContain('too many requests (HTTP 429).');
		expect(error.description).toContain('Run it again in 11 s');
		expect(service.seen).toEqual(['GET /agents']);
	});

	it('says that the key is revoked and where to create another, without the key', async () => {
		const { apiKey } = service.emulator;
		service.emulator.revokeApiKey(apiKey);
		const error = await caught(loadOptions.getAgents.call(editor()));

		expect(error.message).toBe(
			'Ampersend rejected the API key (HTTP 401): This API key has been revoked',
		);
		expect(error.description).toContain('create a new one at https://app.sandbox.ampersend.ai');
		expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(
			apiKey.slice('sk_test_'.length),
		);
	});
});

describe('in an agent session', () => {
	const session = useAgentSession(service);
	const inSession = () => editor({ authentication: 'agentSession' }, session.credential);

	it('the list of hosted endpoints shows names, and finds by name or ID', async () => {
		for (const name of ['Weather', 'Maps']) {
			const parameters = { resource: 'hostedEndpoint', operation: 'create', name };
			const proxyUrl = 'https://api.example.com';
			await session.run({ ...parameters, price: '1', proxyUrl });
		}
		const [weather, maps] = service.emulator.hostedEndpoints(session.agent);
		const search = async (filter?: string) =>
			(await listSearch.searchHostedEndpoints.call(inSession(), filter)).results;
		expect(await search()).toEqual([
			{ name: 'Maps', value: maps?.id },
			{ name: 'Weather', value: weather?.id },
		]);
		expect(await search(' WEATH')).toEqual([{ name: 'Weather', value: weather?.id }]);
		expect(await search(maps?.id)).toEqual([{ name: 'Maps', value: maps?.id }]);
	});

	it('endpoints of one name show their IDs, and deleted ones are left out', async () => {
		const of = (id: string, name: string, deleted_at: number | null = null) => ({
			id,
			agent_address: session.agent.address,
			name,
			price_usd: 1,
			proxy_url: 'https://api.example.com',
			enabled: true,
			deleted_at,
		});
		const listed = [
			of('a', 'Weather'),
			of('b', ' Weather '),
			of('c', '\u202e'),
			of('d', 'Old', Date.now()),
		];
		service.emulator.fault({
			route: 'GET /agents/{address}/hosted-endpoints',
			mutate: () => [...listed, of('e', 'Ma\u202eps')],
		});
		const { results } = await listSearch.searchHostedEndpoints.call(inSession());
		expect(results).toEqual([
			{ name: 'c', value: 'c' },
			{ name: 'Ma ps', value: 'e' },
			{ name: 'Weather (a)', value: 'a' },
			{ name: 'Weather (b)', value: 'b' },
		]);
	});

	it("the list of sellers is that of the session's agent", async () => {
		const counterparty = randomAddress();
		const agent = service.emulator.agent(session.agent);
		service.emulator.pay({ agent, counterparty });
		const { results } = await listSearch.searchSellers.call(inSession());
		expect(results[0]?.value).toBe(counterparty.toLowerCase());
	});

	it("the list of sellers is the other agent's once its credential is saved over", async () => {
		const parameters = { resource: 'agent', operation: 'get' };
		await session.run(parameters);
		const privateKey = newPrivateKey();
		const agent = service.emulator.addAgent({ keys: [addressOfKey(privateKey)] });
		const counterparty = randomAddress();
		service.emulator.pay({ agent, counterparty });
		const changes = { agentAddress: agent.address, privateKey };
		const context = editor(
			{ authentication: 'agentSession' },
			savedOver(session.credential, changes),
		);
		const { results } = await listSearch.searchSellers.call(context);
		expect(results[0]?.value).toBe(counterparty.toLowerCase());
	});

	it('the list of listings lets the service search', async () => {
		const { id } = service.emulator.addListing({ name: 'Weather' });
		service.emulator.addListing({ name: 'Maps' });
		const search = async (filter?: string) =>
			(await listSearch.searchListings.call(inSession(), filter)).results;
		expect(await search('weather')).toEqual([{ name: 'Weather', value: id }]);
		expect(await search()).toHaveLength(2);
	});
});

it('the list of listings is the same with an API key', async () => {
	const { id } = service.emulator.addListing({ name: 'Weather' });
	service.emulator.addListing({ name: 'Maps' });
	const { results } = await listSearch.searchListings.call(editor({}), 'weather');
	expect(results).toEqual([{ name: 'Weather', value: id }]);
	expect(service.seen).toEqual(['GET /agents/marketplace']);
});
