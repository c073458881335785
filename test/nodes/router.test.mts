import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { randomAddress } from '../../tools/emulator/index.mts';
import type { Outcome } from './n8nCore.mts';
import { noAgent, useAmpersend } from './setup.mts';

const service = useAmpersend();

const locator = (value: string) => ({ __rl: true, mode: 'address', value });

const getAgent = { resource: 'agent', operation: 'get', agent: locator('={{ $json.agent }}') };

describe('Several input items', () => {
	it('each run with their own expressions, and each output is linked to its input', async () => {
		const agents = ['one', 'two', 'three'].map((name) => service.emulator.addAgent({ name }));
		const { items } = await service.run(getAgent, {
			input: agents.map(({ address }) => ({ agent: address })),
		});

		expect(items.map(({ json, pairedItem }) => [json.name, pairedItem])).toEqual([
			['one', { item: 0 }],
			['two', { item: 1 }],
			['three', { item: 2 }],
		]);
		expect(service.emulator.calls.map(({ params }) => params.address).sort()).toEqual(
			agents.map(({ address }) => address).sort(),
		);
	});

	it('link each of several outputs to the input that it came from', async () => {
		const [one, none, two] = [1, 0, 2].map((count) =>
			service.emulator.addAgent({ keys: Array.from({ length: count }, randomAddress) }),
		);
		const { items } = await service.run(
			{ resource: 'agentKey', operation: 'getMany', agent: locator('={{ $json.agent }}') },
			{ input: [one, none, two].map((agent) => ({ agent: agent?.address })) },
		);

		expect(items.map(({ json, pairedItem }) => [json.agentAddress, pairedItem])).toEqual([
			[one?.address, { item: 0 }],
			[two?.address, { item: 2 }],
			[two?.address, { item: 2 }],
		]);
	});

	it('that write are processed in order, one request after the other', async () => {
		const { address } = service.emulator.addAgent({ name: 'start' });
		service.emulator.fault({ route: 'PATCH /agents/{address}', delayMs: 30 });
		await service.run(
			{
				resource: 'agent',
				operation: 'update',
				agent: locator(address),
				name: '={{ $json.name }}',
			},
			{ input: [{ name: 'slow' }, { name: 'fast' }, { name: 'last' }] },
		);

		expect(service.emulator.calls.map(({ body }) => body)).toEqual([
			{ name: 'slow' },
			{ name: 'fast' },
			{ name: 'last' },
		]);
		expect(service.emulator.agent(address).name).toBe('last');
	});
});

/** Counts how many requests of a route are answered at the same time. */
function watchConcurrency(route: string, delayOf: (address: string) => number) {
	const { emulator } = service;
	const watch = { now: 0, most: 0, first: 0 };
	const delays = new Set(emulator.agents().map(({ address }) => delayOf(address)));
	for (const delayMs of delays) {
		emulator.fault({
			route,
			delayMs,
			match: ({ params: { address = '' } }) => {
				if (delayOf(address) !== delayMs) return false;
				watch.now++;
				watch.most = Math.max(watch.most, watch.now);
				return true;
			},
			mutate: (body) => {
				watch.first ||= watch.most;
				watch.now--;
				return body;
			},
			times: Infinity,
		});
	}
	return watch;
}

describe('Items that only read', () => {
	const addAgents = (count: number) =>
		Array.from({ length: count }, (_, i) => service.emulator.addAgent({ name: `agent ${i}` }));
	const inputOf = (agents: Array<{ address: string }>) =>
		agents.map(({ address }) => ({ agent: address }));

	it('run six at a time after the first, and keep their order', async () => {
		const agents = addAgents(20);
		const places = new Map(agents.map(({ address }, i) => [address, i]));
		const watch = watchConcurrency(
			'GET /agents/{address}',
			(address) => 40 - 5 * ((places.get(address) ?? 0) % 7),
		);
		const { items } = await service.run(getAgent, { input: inputOf(agents) });

		expect(items.map(({ json, pairedItem }) => [json.name, pairedItem])).toEqual(
			agents.map((_, item) => [`agent ${item}`, { item }]),
		);
		expect(watch).toMatchObject({ first: 1, most: 6, now: 0 });
	});

	it('end with the first that fails, once those beside it have ended', async () => {
		const agents = addAgents(30);
		const [slow, fast] = [randomAddress(), randomAddress()];
		service.emulator.fault({
			route: 'GET /agents/{address}',
			match: ({ params }) => params.address === slow,
			delayMs: 150,
		});
		const addresses = agents.map(({ address }) => address);
		addresses.splice(9, 2, slow, fast);
		const { error, items } = await service.run(getAgent, {
			input: addresses.map((agent) => ({ agent })),
		});

		expect(items).toEqual([]);
		expect(error?.message).toBe(`${noAgent(slow)} [item 9]`);
		expect(error).toMatchObject({ context: { itemIndex: 9 } });
		const sent = service.emulator.calls.length;
		expect(sent).toBeLessThanOrEqual(11 + 6);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(service.emulator.calls).toHaveLength(sent);
	});

	it('return the message of each that fails, with Continue, in their order', async () => {
		const agents = addAgents(9);
		const unknown = randomAddress();
		const { items } = await service.run(getAgent, {
			input: inputOf([...agents.slice(0, 4), { address: unknown }, ...agents.slice(4)]),
			onError: 'continueRegularOutput',
		});

		expect(items.map(({ json }) => json.error ?? json.name)).toEqual([
			...agents.slice(0, 4).map(({ name }) => name),
			noAgent(unknown),
			...agents.slice(4).map(({ name }) => name),
		]);
	});

	it.each<Record<string, string>>([{}, { 'retry-after': '1' }])(
		'take turns once the service limits the rate (%j)',
		async (headers) => {
			const agents = addAgents(12);
			let answered: number[] = [];
			const isTooMany = () => {
				answered = answered.filter((at) => at > Date.now() - 400);
				if (answered.length >= 1) return true;
				answered.push(Date.now());
				return false;
			};
			service.emulator.fault({
				route: 'GET /agents/{address}',
				status: 429,
				headers,
				match: isTooMany,
				times: Infinity,
			});
			const { items, error } = await service.run(getAgent, { input: inputOf(agents) });

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.name)).toEqual(agents.map(({ name }) => name));
		},
	);

	it('send nothing more if the first is rejected', async () => {
		const { emulator } = service;
		const [agent] = addAgents(1);
		const { error } = await service.run(getAgent, {
			input: Array.from({ length: 8 }, () => ({ agent: agent?.address })),
			credential: { apiKey: `${emulator.apiKey}0`, baseUrl: emulator.baseUrl },
		});

		expect(error?.httpCode).toBe('401');
		const ofAgent = service.emulator.calls.filter(({ route }) => route === 'GET /agents/{address}');
		expect(ofAgent).toHaveLength(1);
	});

	it.each(['getMany', 'export', 'summarize'])(
		'look up the agents once, to %s the transactions of one each',
		async (operation) => {
			const agents = addAgents(250);
			for (const { address } of agents) service.emulator.seedActivity(address, 1);
			const parameters = {
				resource: 'transaction',
				operation,
				agentScope: 'one',
				agent: locator('={{ $json.agent }}'),
			};
			await service.run(parameters, { input: inputOf(agents.slice(0, 1)) });
			const before = service.emulator.calls.length;
			const { items } = await service.run(parameters, { input: inputOf(agents.slice(0, 30)) });

			expect(items).toHaveLength(30);
			const seen = service.emulator.calls.slice(before).map(({ route }) => route);
			expect(seen.filter((route) => route === 'GET /agents')).toHaveLength(3);
			expect(seen).toHaveLength(30 + 3);
		},
	);
});

describe('A credential whose expressions differ for each item', () => {
	it('is resolved for each item', async () => {
		const { emulator, credential } = service;
		const keys = [
			emulator.apiKey,
			emulator.createApiKey({ owner: 'someone else' }),
			emulator.apiKey,
		];
		const mine = emulator.addAgent();
		const theirs = emulator.addAgent({ owner: 'someone else' });
		const { items } = await service.run(getAgent, {
			credential: (itemIndex) => ({ ...credential, apiKey: keys[itemIndex] ?? '' }),
			input: [mine, theirs, mine].map(({ address }) => ({ agent: address })),
		});

		expect(items.map(({ json }) => json.address)).toEqual(
			[mine, theirs, mine].map(({ address }) => address),
		);
		expect(emulator.calls.map(({ keyLabel }) => keyLabel).sort()).toEqual([
			'key-1',
			'key-1',
			'key-2',
		]);
	});
});

describe('An item that cannot be processed', () => {
	const unknown = randomAddress();
	const inputOf = (...addresses: string[]) => addresses.map((agent) => ({ agent }));

	it('ends the execution by default, and names the item', async () => {
		const { address } = service.emulator.addAgent();
		const { error, items } = await service.run(getAgent, {
			input: inputOf(address, unknown, address),
		});

		expect(items).toEqual([]);
		expect(error?.message).toBe(`${noAgent(unknown)} [item 1]`);
		expect(error).toMatchObject({ context: { itemIndex: 1 } });
		// The third ran beside the second.
		expect(service.emulator.calls).toHaveLength(3);
	});

	it.each([
		['an invalid value', '={{ $json.agent }}', { agent: 'nobody' }, 'not an address'],
		[
			'an expression that fails',
			"={{ $json.agent ?? $('Nowhere').item.json }}",
			{},
			'Referenced node',
		],
	])('is named in the error for %s', async (_, value, bad, message) => {
		const { address } = service.emulator.addAgent();
		const { error } = await service.run(
			{ ...getAgent, agent: locator(value) },
			{ input: [{ agent: address }, { agent: address }, bad] },
		);

		expect(error?.message).toContain(message);
		expect(error).toMatchObject({ context: { itemIndex: 2 } });
		expect(service.emulator.calls).toHaveLength(2);
	});

	it('returns its message instead of its output with Continue, and the others run', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { items, error } = await service.run(getAgent, {
			input: inputOf(address, unknown, 'junk', address),
			onError: 'continueRegularOutput',
		});

		expect(error).toBeUndefined();
		expect(items).toMatchObject([
			{ json: { name: 'Buyer' }, pairedItem: { item: 0 } },
			{
				json: {
					error: noAgent(unknown),
					details: expect.stringContaining('Choose one from the list'),
				},
				pairedItem: { item: 1 },
			},
			{
				json: {
					error: 'Agent: "junk" is not an address.',
					details:
						'An address is 0x followed by 40 hexadecimal digits. Copy the whole address again.',
				},
				pairedItem: { item: 2 },
			},
			{ json: { name: 'Buyer' }, pairedItem: { item: 3 } },
		]);
		expect(service.emulator.calls.map(({ status }) => status)).toEqual([200, 404, 200]);
	});

	it('goes to the error output with Continue (Using Error Output), with its input', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { items, errorItems, error } = await service.run(getAgent, {
			input: [
				{ agent: unknown, row: 1 },
				{ agent: address, row: 2 },
				{ agent: 'junk', row: 3 },
			],
			onError: 'continueErrorOutput',
		});

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { name: 'Buyer' }, pairedItem: { item: 1 } }]);
		expect(errorItems).toMatchObject([
			{
				json: {
					agent: unknown,
					row: 1,
					error: noAgent(unknown),
					details: expect.stringContaining('Choose one from the list'),
				},
				pairedItem: { item: 0 },
			},
			{
				json: {
					agent: 'junk',
					row: 3,
					error: 'Agent: "junk" is not an address.',
					details: expect.stringContaining('Copy the whole address again'),
				},
				pairedItem: { item: 2 },
			},
		]);
	});

	it('can be the only one with a failing expression', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { items } = await service.run(
			{ ...getAgent, agent: locator("={{ $json.agent ?? $('Nowhere').item.json.agent }}") },
			{ input: [{}, { agent: address }], onError: 'continueRegularOutput' },
		);

		expect(items).toMatchObject([
			{ json: { error: "Referenced node doesn't exist" }, pairedItem: { item: 0 } },
			{ json: { name: 'Buyer' }, pairedItem: { item: 1 } },
		]);
		expect(service.emulator.calls).toHaveLength(1);
	});

	it('says that a write may have happened, and the next item is written', async () => {
		service.emulator.fault({ route: 'POST /agents', reset: true, when: 'after' });
		const { items } = await service.run(
			{
				resource: 'agent',
				operation: 'create',
				name: '={{ $json.name }}',
				agentKeyAddress: randomAddress(),
				ifAgentExists: 'create',
			},
			{ input: [{ name: 'lost' }, { name: 'kept' }], onError: 'continueRegularOutput' },
		);

		expect(items).toMatchObject([
			{ json: { details: expect.stringContaining('may have been made') } },
			{ json: { name: 'kept', created: true } },
		]);
		expect(service.emulator.agents().map(({ name }) => name)).toEqual(['lost', 'kept']);
	});

	it.each([
		['agent', 'destroy'],
		['wallet', 'get'],
	])(
		'can have an unknown operation (%s: %s): it says so, and nothing is sent',
		async (resource, operation) => {
			const { error, items } = await service.run({ resource, operation });

			expect(items).toEqual([]);
			expect(error?.message).toContain('has no operation "');
			expect(error?.message).toContain(`of "${resource}"`);
			expect(error).toMatchObject({ context: { itemIndex: 0 } });
			expect(error?.description).toContain('Open the node and choose a resource and an operation.');
			expect(service.emulator.calls).toEqual([]);
		},
	);
});

describe('A cancelled execution', () => {
	const cancellable = () => {
		let cancel = () => {};
		return {
			cancel: () => cancel(),
			onStart: (execution: { cancel(): void }) => {
				cancel = () => execution.cancel();
			},
		};
	};

	it.each([undefined, 'continueRegularOutput'] as const)(
		'ends while a read hangs, and sends nothing more (onError %s)',
		async (onError) => {
			const route = 'GET /agents/{address}/authorized-sellers';
			const agents = [service.emulator.addAgent(), service.emulator.addAgent()];
			const execution = cancellable();
			service.emulator.fault({ route, hang: true });
			service.emulator.before(route, execution.cancel);
			const { items, error, run } = await service.run(
				{
					resource: 'allowlist',
					operation: 'update',
					agent: locator('={{ $json.agent }}'),
					mode: 'add',
					sellers: randomAddress(),
				},
				{
					input: agents.map(({ address }) => ({ agent: address })),
					onError,
					onStart: execution.onStart,
				},
			);

			const message = onError ? items[0]?.json.error : error?.message;
			expect(message).toBe(
				'The request to read the allowlist was stopped because the execution was canceled.' +
					(onError ? '' : ' [item 0]'),
			);
			if (!onError) expect(run.status).toBe('canceled');
			expect(service.seen).toEqual([route]);
			expect(service.emulator.agents()).toEqual(agents);
		},
	);

	it('ends while it waits for a retry, and sends nothing more', async () => {
		const { address } = service.emulator.addAgent();
		const execution = cancellable();
		const setTimer = globalThis.setTimeout;
		const timers = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((
			run: () => void,
			ms?: number,
		) => {
			// A millisecond may pass before it waits.
			if (ms === undefined || ms < 49_000 || ms > 50_000) return setTimer(run, ms);
			setImmediate(execution.cancel);
			return setTimer(run, ms).unref();
		}) as typeof setTimeout);
		service.emulator.fault({
			route: 'GET /agents/{address}',
			status: 503,
			headers: { 'Retry-After': '50' },
		});
		const { error, run } = await service.run(getAgent, {
			input: [{ agent: address }, { agent: address }],
			onStart: execution.onStart,
		});
		timers.mockRestore();

		expect(error?.message).toContain('was stopped because the execution was canceled.');
		expect(run.status).toBe('canceled');
		expect(service.emulator.calls).toHaveLength(1);
		// Well before the wait ends.
	}, 25_000);
});

describe('A model that uses the node as a tool', () => {
	it.each([
		['an invalid address', 'nowhere', /^Agent: "nowhere" is not an address\. \w/],
		['an agent that does not exist', randomAddress(), /^Agent: no agent 0x.* \w/],
	])('gets the field and the next step in each text: %s', async (_, agent, text) => {
		const { error } = await service.run(getAgent, { input: [{ agent }], isTool: true });

		expect(error?.message).toMatch(text);
		expect(error?.description).toBe(error?.message);
	});
});

describe('The API key', () => {
	let executions: jest.SpiedFunction<Ampersend['execute']>;
	beforeEach(() => {
		executions = jest.spyOn(Ampersend.prototype, 'execute');
	});
	afterEach(() => {
		executions.mockRestore();
	});

	/**
	 * What n8n stores, and what the node returned or threw: n8n stores a copy of an error without its
	 * causes.
	 */
	const everythingOf = async ({ run, error }: Outcome) => {
		const ended = await Promise.allSettled(executions.mock.results.map(({ value }) => value));
		expect(ended).toHaveLength(1);
		return `${JSON.stringify(run)}\n${inspect([error, ended], { depth: 12, showHidden: true })}`;
	};

	const write = async (onError?: 'continueRegularOutput') =>
		await service.run(
			{
				resource: 'agent',
				operation: 'create',
				name: 'x',
				agentKeyAddress: randomAddress(),
				ifAgentExists: 'create',
			},
			{ onError },
		);

	/** What must not appear: the whole key, and what follows its prefix. */
	const secret = () => service.emulator.apiKey.replace(/^sk_test_/, '');

	it('is nowhere in what n8n stores of a run', async () => {
		const outcome = await write();

		expect(outcome.items).toHaveLength(1);
		expect(service.emulator.calls).toMatchObject([{ auth: 'valid' }]);
		expect(await everythingOf(outcome)).not.toContain(secret());
	});

	it.each<[string, string, () => void | Promise<void>]>([
		[
			'the key is revoked',
			'rejected the API key (HTTP 401)',
			() => service.emulator.revokeApiKey(service.emulator.apiKey),
		],
		[
			'the connection breaks',
			'(ECONNRESET)',
			() => service.emulator.fault({ route: 'POST /agents', reset: true }),
		],
		['nothing listens', 'could not be reached', async () => await service.emulator.close()],
		[
			'the service repeats it in its message',
			'sk_test_…',
			() => {
				const body = { message: `No access for ${service.emulator.apiKey}, sorry` };
				service.emulator.fault({ route: 'POST /agents', status: 400, body });
			},
		],
		[
			'the service repeats it in a field of its answer',
			'not as expected',
			() =>
				service.emulator.fault({
					route: 'POST /agents',
					mutate: () => ({ name: service.emulator.apiKey }),
				}),
		],
		[
			'a page that repeats it comes instead of JSON',
			'with text/html instead of JSON',
			() =>
				service.emulator.fault({
					route: 'POST /agents',
					status: 200,
					body: `<p>${service.emulator.apiKey}</p>`,
				}),
		],
	])('is nowhere in the run, the error or its causes if %s', async (_title, message, arrange) => {
		const key = secret();
		await arrange();
		const outcome = await write();

		expect(outcome.error?.message).toContain(message);
		expect(key.length).toBeGreaterThan(10);
		expect(await everythingOf(outcome)).not.toContain(key);
	});

	it('is nowhere in an item with its error', async () => {
		const key = secret();
		service.emulator.revokeApiKey(service.emulator.apiKey);
		const outcome = await write('continueRegularOutput');

		expect(outcome.items).toMatchObject([
			{ json: { error: expect.stringContaining('rejected the API key') } },
		]);
		expect(await everythingOf(outcome)).not.toContain(key);
	});

	it('with an unknown prefix is rejected without repeating it, and without a call', async () => {
		const apiKey = `sk_other_${'x'.repeat(9)}`;
		const outcome = await service.run(
			{ resource: 'agent', operation: 'getMany' },
			{ credential: { ...service.credential, apiKey } },
		);

		expect(outcome.error?.message).toBe(
			'The API Key has an unknown prefix. A key starts with sk_live_ or sk_test_.',
		);
		expect(await everythingOf(outcome)).not.toContain(apiKey);
		expect(service.emulator.calls).toEqual([]);
	});
});
