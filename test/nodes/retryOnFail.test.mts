/**
 * n8n's Retry On Fail runs a node again with all items. Nothing is written twice by it, and the
 * message is about what stopped the run.
 */
import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { randomAddress } from '../../tools/emulator/index.mts';
import { addressOfKey, newPrivateKey, useAgentSession } from './agentSession.mts';
import { openTool, type Outcome, type RunOptions } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const CREATE_AGENT = 'POST /agents';
const CREATE_ENDPOINT = 'POST /agents/{address}/hosted-endpoints';
const ROTATE = 'POST /agents/{address}/hosted-endpoints/{id}/rotate-secret';
const REQUEST = 'POST /approve-action/agent';
const ADD_KEY = 'POST /agents/{address}/keys';

const keyAddress = () => addressOfKey(newPrivateKey());
const locator = (value: string) => ({ __rl: true, mode: 'address', value });
const countOf = (route: string) => service.seen.filter((one) => one === route).length;

const asAgent = async (parameters: INodeParameters, options: Partial<RunOptions> = {}) =>
	await service.run(
		{ authentication: 'agentSession', resource: 'hostedEndpoint', ...parameters },
		{ credential: session.credential, maxTries: 3, ...options },
	);

const createEndpoints = async (input: IDataObject[], options: Partial<RunOptions> = {}) =>
	await asAgent(
		{
			operation: 'create',
			name: '={{ $json.name }}',
			price: '={{ $json.price }}',
			proxyUrl: 'https://api.example.com/weather',
		},
		{ input, ...options },
	);

const createAgents = async (
	input: IDataObject[],
	options: Partial<RunOptions> = {},
	parameters: INodeParameters = {},
) =>
	await service.run(
		{
			resource: 'agent',
			operation: 'create',
			name: '={{ $json.name }}',
			agentKeyAddress: '={{ $json.key }}',
			...parameters,
		},
		{ input, maxTries: 3, ...options },
	);

const agentNamed = (name: string) => ({ name, key: keyAddress() });
const endpointNames = () => service.emulator.hostedEndpoints(session.agent).map(({ name }) => name);
const agentNames = () => service.emulator.agents().map(({ name }) => name);
const namesOf = ({ items }: Outcome) => items.map(({ json }) => json.name);
const priced = (...names: string[]) => names.map((name) => ({ name, price: '0.01' }));

describe('An item that is invalid', () => {
	it('stops hosted endpoints before the first one is created', async () => {
		const { error } = await createEndpoints([
			...priced('one', 'two'),
			{ name: 'three', price: '' },
		]);

		expect(error?.message).toMatch(/^Price \(USDC\): /);
		expect(error).toMatchObject({ context: { itemIndex: 2 } });
		expect(service.emulator.calls).toEqual([]);
	});

	it('stops agents before the first one is created, and is what the message is about', async () => {
		const { error } = await createAgents([agentNamed('A'), { name: '', key: keyAddress() }]);

		expect(error?.message).toBe('Name: is empty. [item 1]');
		expect(error).toMatchObject({ context: { itemIndex: 1 } });
		expect(service.emulator.calls).toEqual([]);
	});

	it.each<[string, INodeParameters]>([
		['allowlist', { operation: 'update', mode: 'add', sellers: '={{ $json.value }}' }],
		['spendingLimit', { operation: 'update', updateFields: { dailyLimit: '={{ $json.value }}' } }],
		['autoCollect', { operation: 'update', updateFields: { threshold: '={{ $json.value }}' } }],
		['agentKey', { operation: 'add', agentKeyAddress: '={{ $json.value }}' }],
		['agentKey', { operation: 'revoke', agentKey: locator('={{ $json.value }}') }],
		['agentKey', { operation: 'requestApproval', agentKeyAddress: '={{ $json.value }}' }],
	])('of %s stops the run before the first write: %j', async (resource, parameters) => {
		const agent = service.emulator.addAgent({ spendConfig: {}, autoCollect: {} });
		const isAmount = JSON.stringify(parameters).includes('updateFields');

		const { error } = await service.run(
			{ resource, agent: locator(agent.address), ...parameters },
			{ input: [{ value: isAmount ? '1' : keyAddress() }, { value: 'junk' }], maxTries: 2 },
		);

		expect(error?.message).toContain('"junk" is not an a');
		expect(error).toMatchObject({ context: { itemIndex: 1 } });
		expect(service.emulator.calls).toEqual([]);
	});

	it('returns its message with Continue, and the others are written once', async () => {
		const input = [{ name: 'one', price: '' }, ...priced('two', 'three')];

		const outcome = await createEndpoints(input, { onError: 'continueRegularOutput' });

		expect(outcome.items).toMatchObject([
			{ json: { error: expect.stringMatching(/^Price/) }, pairedItem: { item: 0 } },
			{ json: { name: 'two' }, pairedItem: { item: 1 } },
			{ json: { name: 'three' }, pairedItem: { item: 2 } },
		]);
		expect(endpointNames()).toEqual(['two', 'three']);
		expect(countOf(CREATE_ENDPOINT)).toBe(2);
	});
});

describe('A write that an earlier try has finished', () => {
	it('is not made again: the next try returns its result, and makes what is missing', async () => {
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'two',
		});

		const outcome = await createEndpoints(priced('one', 'two', 'three'));

		expect(outcome.error).toBeUndefined();
		expect(namesOf(outcome)).toEqual(['one', 'two', 'three']);
		expect(outcome.items.map(({ json }) => json.id)).toEqual(
			service.emulator.hostedEndpoints(session.agent).map(({ id }) => id),
		);
		expect(outcome.items.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2].map((item) => ({ item })),
		);
		expect(countOf(CREATE_ENDPOINT)).toBe(4);
	});

	it('is not made again for an AI agent', async () => {
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'two',
		});

		const outcome = await createEndpoints(priced('one', 'two'), { isTool: true });

		expect(namesOf(outcome)).toEqual(['one', 'two']);
		expect(endpointNames()).toEqual(['one', 'two']);
	});

	it('is known again although an expression has another value in each try', async () => {
		service.emulator.fault({
			route: REQUEST,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'last',
		});

		const outcome = await service.run(
			{
				resource: 'agent',
				operation: 'requestApproval',
				name: '={{ $json.name ?? "at " + $now.toMillis() + Math.random() }}',
				agentKeyAddress: keyAddress(),
			},
			{ input: [{}, { name: 'last' }], maxTries: 3 },
		);

		expect(outcome.error).toBeUndefined();
		expect(outcome.items).toHaveLength(2);
		expect(countOf(REQUEST)).toBe(3);
	});

	it('is known again with an item that JSON cannot hold', async () => {
		const circular: IDataObject = { name: 'one', price: '0.01', big: 1n as never };
		circular.self = circular;
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'two',
		});

		const outcome = await createEndpoints([circular, ...priced('two')]);

		expect(namesOf(outcome)).toEqual(['one', 'two']);
		expect(countOf(CREATE_ENDPOINT)).toBe(3);
	});

	it('does not hide what stops every try', async () => {
		service.emulator.fault({
			route: CREATE_AGENT,
			status: 400,
			body: { message: 'No more agents' },
			match: ({ body }) => (body as IDataObject).name === 'B',
			times: 3,
		});

		const { error } = await createAgents([agentNamed('A'), agentNamed('B')]);

		expect(error?.message).toContain('No more agents');
		expect(error).toMatchObject({ context: { itemIndex: 1 } });
		expect(agentNames()).toEqual(['buyer', 'A']);
	});

	it('counts with Continue, too, if n8n retries because of the first item', async () => {
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'one',
			times: 2,
		});

		const outcome = await createEndpoints(priced('one', 'two'), {
			onError: 'continueRegularOutput',
		});

		expect(namesOf(outcome)).toEqual(['one', 'two']);
		expect(endpointNames().sort()).toEqual(['one', 'two']);
	});

	it('is not removed again, so that a revoked key is no complaint', async () => {
		const keys = [keyAddress(), keyAddress()];
		const agent = service.emulator.addAgent({ keys });
		service.emulator.fault({
			route: 'DELETE /agents/{address}/keys/{keyAddress}',
			status: 400,
			match: ({ params }) => params.keyAddress === keys[1],
		});

		const { error, items } = await service.run(
			{
				resource: 'agentKey',
				operation: 'revoke',
				agent: locator(agent.address),
				agentKey: locator('={{ $json.key }}'),
			},
			{ input: keys.map((key) => ({ key })), maxTries: 2 },
		);

		expect(error).toBeUndefined();
		expect(items).toHaveLength(2);
		expect(service.emulator.agent(agent).keys).toEqual([]);
	});

	it('keeps its hints', async () => {
		const agents = [1, 2].map(() => service.emulator.addAgent());
		const route = 'PUT /agents/{address}/authorized-sellers';
		const other = randomAddress();
		service.emulator.after(route, ({ params }) =>
			service.emulator.updateAgent(params.address ?? '', { allowlist: [other] }),
		);
		service.emulator.fault({ route, mutate: () => [other] });
		service.emulator.fault({
			route: 'GET /agents/{address}/authorized-sellers',
			status: 400,
			match: ({ params }) => params.address === agents[1]?.address,
		});

		const { hints, items } = await service.run(
			{
				resource: 'allowlist',
				operation: 'update',
				agent: locator('={{ $json.address }}'),
				mode: 'add',
				sellers: randomAddress(),
			},
			{ input: agents.map(({ address }) => ({ address })), maxTries: 2 },
		);

		expect(items).toMatchObject([
			{ json: { asRequested: false } },
			{ json: { asRequested: true } },
		]);
		expect(hints).toMatchObject([{ message: expect.stringContaining(agents[0]?.address ?? '-') }]);
	});

	it('is made again in another run of the same node', async () => {
		const outcome = await createAgents([agentNamed('A')], { runs: 2 }, { ifAgentExists: 'create' });

		expect(outcome.error).toBeUndefined();
		expect(agentNames()).toEqual(['buyer', 'A', 'A']);
	});

	it('is made again in another run of the node, even if the run before has failed', async () => {
		service.emulator.fault({
			route: CREATE_AGENT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'A',
			times: 4,
		});
		await createAgents(
			[agentNamed('A'), agentNamed('B')],
			{ onError: 'continueRegularOutput', maxTries: 2, runs: 2 },
			{ ifAgentExists: 'create' },
		);

		expect(agentNames()).toEqual(['buyer', 'B', 'B']);
	});
});

describe("A retry of the whole execution, n8n's Retry", () => {
	const others = { ifAgentExists: 'create' };
	const input = [agentNamed('A'), agentNamed('B')];

	it.each<[string, INodeParameters, IDataObject[], string[]]>([
		['makes only what is missing', {}, input, ['buyer', 'A', 'B']],
		[
			'makes what has other parameters now',
			{ additionalFields: { dailyLimit: '1' } },
			input,
			['buyer', 'A', 'A', 'B'],
		],
		['makes what has another input now', {}, [...input].reverse(), ['buyer', 'A', 'B', 'A']],
	])('%s', async (_, changes, changed, names) => {
		service.emulator.fault({
			route: CREATE_AGENT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'B',
		});
		const { run: retryOf, error } = await createAgents(input, { maxTries: undefined }, others);
		expect(error).toBeDefined();

		const outcome = await createAgents(changed, { retryOf }, { ...others, ...changes });

		expect(outcome.error).toBeUndefined();
		expect(namesOf(outcome)).toEqual(changed.map(({ name }) => name));
		expect(agentNames()).toEqual(names);
	});
});

describe('A retry of the whole execution after a write that may have been made', () => {
	it('makes it again, since a person could check', async () => {
		const input = [agentNamed('A')];
		const others = { ifAgentExists: 'create' };
		service.emulator.fault({ route: CREATE_AGENT, status: 502 });
		const { run: retryOf, error } = await createAgents(input, {}, others);
		expect(error?.description).toContain('may have been made');

		const outcome = await createAgents(input, { retryOf }, others);

		expect(namesOf(outcome)).toEqual(['A']);
		expect(countOf(CREATE_AGENT)).toBe(2);
	});
});

describe('A write that may have been made', () => {
	const lost = (route: string, times = 1) =>
		service.emulator.fault({ route, status: 502, when: 'after', times });

	it.each<[string, string, () => Promise<Outcome>]>([
		['Hosted Endpoint: Create', CREATE_ENDPOINT, async () => await createEndpoints(priced('one'))],
		[
			'Request Approval',
			REQUEST,
			async () =>
				await service.run(
					{ resource: 'agent', operation: 'requestApproval', agentKeyAddress: keyAddress() },
					{ maxTries: 3 },
				),
		],
		[
			'Agent: Create with Create Another',
			CREATE_AGENT,
			async () => await createAgents([agentNamed('A')], {}, { ifAgentExists: 'create' }),
		],
	])('is not sent again: %s', async (_, route, run) => {
		lost(route);

		const { error } = await run();

		expect(error?.message).toContain('(HTTP 502)');
		expect(error?.description).toContain(
			'The change may have been made, so it was not sent again.',
		);
		expect(countOf(route)).toBe(1);
	});

	it('is not sent again where n8n runs the tool within the AI agent', async () => {
		service.emulator.fault({ route: CREATE_AGENT, status: 502, when: 'after', times: 2 });
		const call = openTool(
			{
				resource: 'agent',
				operation: 'create',
				name: "={{ $fromAI('name') }}",
				agentKeyAddress: "={{ $fromAI('key') }}",
				ifAgentExists: 'create',
			},
			{ credential: service.credential, maxTries: 3 },
		);
		const [first, second] = [agentNamed('A'), agentNamed('B')];

		const calls = await Promise.allSettled([call(first), call(second)]);

		for (const { status, ...result } of calls) {
			expect(status).toBe('rejected');
			expect('reason' in result && String(result.reason)).toContain('may have been made');
		}
		expect(agentNames().sort()).toEqual(['A', 'B', 'buyer']);
		// A model that has read so can decide to call again.
		expect(await call({ ...first })).toContain('"name":"A"');
		expect(countOf(CREATE_AGENT)).toBe(3);
	});

	it('is not sent again if its answer is not as expected', async () => {
		service.emulator.fault({ route: CREATE_ENDPOINT, mutate: () => ({}) });

		const { error } = await createEndpoints(priced('one'));

		expect(error?.message).toContain('not as expected');
		expect(error?.description).toContain('The change was accepted.');
		expect(endpointNames()).toEqual(['one']);
	});

	it('is sent again if it certainly was not made', async () => {
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			status: 429,
			headers: { 'Retry-After': '3600' },
		});

		const outcome = await createEndpoints(priced('one'));

		expect(namesOf(outcome)).toEqual(['one']);
		expect(endpointNames()).toEqual(['one']);
	});

	it('is sent again if only the login before it was lost', async () => {
		lost('POST /agents/auth/login');

		const outcome = await createEndpoints(priced('one'));

		expect(namesOf(outcome)).toEqual(['one']);
	});

	it('is made for other items, and with Continue its item says so after each try', async () => {
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			reset: true,
			when: 'after',
			match: ({ body }) => (body as IDataObject).name === 'one',
		});

		const { items } = await createEndpoints(priced('one', 'two'), {
			onError: 'continueRegularOutput',
		});

		expect(items).toMatchObject([
			{ json: { details: expect.stringContaining('may have been made') } },
			{ json: { name: 'two' } },
		]);
		expect(countOf(CREATE_ENDPOINT)).toBe(2);
	});

	it('is what the message is about, and not that the agent exists', async () => {
		lost(CREATE_AGENT);

		const { error } = await createAgents([agentNamed('A')]);

		expect(error?.message).toContain('Ampersend could not create the agent (HTTP 502)');
		expect(error?.description).toContain('may have been made');
		expect(agentNames()).toEqual(['buyer', 'A']);
	});

	it('is what the message is about, and not that the agent has the key', async () => {
		const agent = service.emulator.addAgent({ keys: [] });
		lost(ADD_KEY);

		const { error } = await service.run(
			{
				resource: 'agentKey',
				operation: 'add',
				agent: locator(agent.address),
				agentKeyAddress: keyAddress(),
			},
			{ maxTries: 2 },
		);

		expect(error?.message).toContain('Ampersend could not add the agent key (HTTP 502)');
		expect(service.emulator.agent(agent).keys).toHaveLength(1);
	});

	it('is found by the next try with Return Existing', async () => {
		lost(CREATE_AGENT);

		const { error, items } = await createAgents([agentNamed('A')], {}, { ifAgentExists: 'return' });

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { name: 'A', created: false } }]);
		expect(agentNames()).toEqual(['buyer', 'A']);
	});

	it('is sent again if it says how something is to be', async () => {
		const agent = service.emulator.addAgent({ spendConfig: { daily_limit: '1' } });
		lost('PUT /agents/{address}/spend-config');

		const { error, items } = await service.run(
			{
				resource: 'spendingLimit',
				operation: 'update',
				agent: locator(agent.address),
				updateFields: { dailyLimit: '7' },
			},
			{ maxTries: 2 },
		);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { dailyLimitUsdc: '7' } }]);
	});
});

describe('What n8n stores of the tries', () => {
	const contextOf = ({ run }: Outcome) => JSON.stringify(run.data.executionData?.contextData);

	it('is nothing after a success', async () => {
		service.emulator.fault({
			route: CREATE_ENDPOINT,
			status: 400,
			match: ({ body }) => (body as IDataObject).name === 'two',
		});

		const outcome = await createEndpoints(priced('one', 'two'));

		expect(outcome.error).toBeUndefined();
		expect(contextOf(outcome)).not.toContain('one');
	});

	it('is never a signing secret: each try rotates again', async () => {
		await createEndpoints(priced('one', 'two'), { maxTries: undefined });
		const ids = service.emulator.hostedEndpoints(session.agent).map(({ id }) => id);
		const secrets: string[] = [];
		service.emulator.fault({
			route: ROTATE,
			status: 400,
			match: ({ params }) => params.id === ids[1],
			times: 3,
		});
		for (let i = 0; i < 3; i++) {
			service.emulator.fault({
				route: ROTATE,
				match: ({ params }) => params.id === ids[0],
				mutate: (body) => {
					secrets.push(String((body as IDataObject).signingSecret));
					return body;
				},
			});
		}

		const outcome = await asAgent(
			{ operation: 'rotateSecret', hostedEndpoint: { mode: 'id', value: '={{ $json.id }}' } },
			{ input: ids.map((id) => ({ id })) },
		);

		expect(outcome.error?.message).toContain('rejected the request to rotate the signing secret');
		expect(secrets).toHaveLength(3);
		const stored = JSON.stringify(outcome.run);
		for (const secret of secrets) expect(stored).not.toContain(secret);
	});
});
