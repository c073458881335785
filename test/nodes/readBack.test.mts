/** Writes whose answers don't show the change, and names of fields that a service may have. */
import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Contract } from '../../tools/emulator/index.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();

const locator = (value: string) => ({ __rl: true, mode: 'address', value });

const RENAME = 'PATCH /agents/{address}';
const ADD_KEY = 'POST /agents/{address}/keys';
const CREATE = 'POST /agents';
const SET_LIMITS = 'PUT /agents/{address}/spend-config';
const SET_AUTO_COLLECT = 'PUT /agents/{address}/auto-collect-config';

const target = randomAddress();
const newKey = randomAddress();

interface Write {
	route: string;
	parameters: INodeParameters;
	/** What the output has. */
	wanted: INodeParameters;
	/** What an answer that isn't about the change looks like. */
	shown: Record<string, unknown>;
}

const writes: Write[] = [
	{
		route: RENAME,
		parameters: { resource: 'agent', operation: 'update', name: 'Renamed' },
		wanted: { name: 'Renamed' },
		shown: { name: 'Other' },
	},
	{
		route: SET_LIMITS,
		parameters: {
			resource: 'spendingLimit',
			operation: 'update',
			updateFields: { dailyLimit: '9.5' },
		},
		wanted: { dailyLimitUsdc: '9.5', monthlyLimitUsdc: '100' },
		shown: { daily_limit: '1' },
	},
	{
		route: SET_AUTO_COLLECT,
		parameters: {
			resource: 'autoCollect',
			operation: 'update',
			updateFields: { threshold: '7' },
		},
		wanted: { thresholdUsdc: '7', targetAddress: target },
		shown: { threshold: '1' },
	},
	{
		route: ADD_KEY,
		parameters: {
			resource: 'agentKey',
			operation: 'add',
			agentKeyAddress: newKey,
			additionalFields: { keyName: 'Second' },
		},
		wanted: { address: newKey, name: 'Second', added: true },
		shown: { name: 'Other' },
	},
];

/** With settings of each kind. */
function addAgent(): string {
	return service.emulator.addAgent({
		spendConfig: {
			daily_limit: '1000000',
			monthly_limit: '100000000',
			per_transaction_limit: null,
		},
		autoCollect: { enabled: true, target_address: target, threshold: '1000000' },
	}).address;
}

async function runWith(contract: Contract, { parameters }: Write, agent = addAgent()) {
	service.emulator.setContract(contract);
	return await service.run({ ...parameters, agent: locator(agent), simplify: false });
}

const callsTo = (route: string) => service.emulator.calls.filter((call) => call.route === route);

describe.each(writes)('$route', (write) => {
	it.each(['nothing', 'ok'] as const)('is read back after an answer with %s', async (kind) => {
		const { items, error, hints } = await runWith({ writeAnswers: { [write.route]: kind } }, write);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: write.wanted }]);
		expect(hints).toEqual([]);
		expect(callsTo(write.route)).toHaveLength(1);
	});

	it('is read back after an answer about something else', async () => {
		const { items, error } = await runWith(
			{
				instead: {
					[write.route]: { status: 200, body: { address: randomAddress() }, when: 'after' },
				},
			},
			write,
		);

		// The agent's own address is its own.
		if (write.route === RENAME) expect(error?.message).toContain('belongs to another agent');
		else expect(items).toMatchObject([{ json: write.wanted }]);
	});

	it('says that the change was accepted if it then is not there', async () => {
		service.emulator.fault({ route: write.route, status: 200, body: { ok: true } });
		const { error, items } = await runWith({}, write);

		expect(items).toEqual([]);
		expect(error?.message).toMatch(/^Ampersend was asked to .*, and the change is not there\.$/);
		expect(error?.description).toMatch(/^The change was accepted\. (Look|Read) /);
		expect(callsTo(write.route)).toHaveLength(1);
	});

	it('is read back if its answer shows another value than was sent', async () => {
		const { items, error, hints } = await runWith(
			{ values: { [write.route]: write.shown } },
			write,
		);

		expect(error).toBeUndefined();
		if (write.route === ADD_KEY) {
			expect(items).toMatchObject([{ json: { address: newKey, name: 'Other' } }]);
			expect(hints[0]?.message).toContain('shows another name than was sent');
		} else {
			expect(items).toMatchObject([{ json: write.wanted }]);
			expect(hints).toEqual([]);
		}
	});

	it('is read back after HTTP 202, which does not say that it is done', async () => {
		const { items, error } = await runWith(
			{ instead: { [write.route]: { status: 202, when: 'after' } } },
			write,
		);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: write.wanted }]);
	});

	it.each([
		{ success: false, error: 'Not allowed to do this' },
		{ errors: [{ message: 'Not allowed to do this' }] },
		{ ok: false, message: 'Not allowed to do this' },
	])('is no success if its answer has %j', async (body) => {
		service.emulator.fault({ route: write.route, status: 200, body });
		const { items, error } = await runWith({}, write);

		expect(items).toEqual([]);
		expect(error?.message).toMatch(/, and reports an error \(HTTP 200\): Not allowed to do this/);
		expect(error?.description).toContain('The change may have been made');
		expect(callsTo(write.route)).toHaveLength(1);
	});

	it('says that the change was accepted if it can not be read back', async () => {
		const reads: Record<string, string> = {
			[RENAME]: 'GET /agents',
			[ADD_KEY]: 'GET /agents/{address}/keys',
			[SET_LIMITS]: 'GET /agents/{address}/spend-config',
			[SET_AUTO_COLLECT]: 'GET /agents/{address}/auto-collect-config',
		};
		service.emulator.fault({ route: write.route, when: 'after', status: 200, body: { ok: true } });
		const read = reads[write.route] ?? '';
		const isReadFirst = write.route === SET_LIMITS || write.route === SET_AUTO_COLLECT;
		if (isReadFirst) service.emulator.fault({ route: read, delayMs: 0 });
		service.emulator.fault({ route: read, status: 403, body: { message: 'Forbidden' } });
		const { error } = await runWith({}, write);

		expect(error?.message).toContain("isn't allowed to");
		expect(error?.description).toMatch(/^The change was accepted\. /);
		expect(callsTo(write.route)).toHaveLength(1);
	});
});

describe('A deletion', () => {
	const keys = [randomAddress(), randomAddress()];
	const [first = ''] = keys;
	const revoke = async () => {
		const { address } = service.emulator.addAgent({ keys });
		const outcome = await service.run({
			resource: 'agentKey',
			operation: 'revoke',
			agent: locator(address),
			agentKey: locator(first),
		});
		return { ...outcome, left: service.emulator.agent(address).keys.length };
	};
	const route = 'DELETE /agents/{address}/keys/{keyAddress}';

	it.each([
		[200, { deleted: false }],
		[202, { status: 'accepted' }],
		[202, undefined],
		[207, { results: [{ status: 409 }] }],
	])(
		'answered with %i and %j is not taken for done while the key is there',
		async (status, body) => {
			service.emulator.fault({ route, status, body });
			const { items, error, left } = await revoke();

			expect(items).toEqual([]);
			expect(error?.message).toContain(
				'list the agent keys after the change, and the change is not',
			);
			expect(left).toBe(2);
		},
	);

	it.each([
		[200, { success: true }],
		[202, undefined],
	])('answered with %i and %j is done if the key is gone', async (status, body) => {
		service.emulator.fault({ route, status, body, when: 'after' });
		const { items, left } = await revoke();

		expect(items).toMatchObject([{ json: { deleted: true, address: first } }]);
		expect(left).toBe(1);
	});
});

it('an agent of another name is not taken for the one that was created', async () => {
	service.emulator.fault({
		route: CREATE,
		mutate: (body) => ({ ...(body as object), name: 'buyer' }),
	});
	const { items, error } = await service.run({
		resource: 'agent',
		operation: 'create',
		name: 'New',
		agentKeyAddress: randomAddress(),
	});

	expect(items).toEqual([]);
	expect(error?.message).toContain('its answer belongs to another agent: name is "buyer".');
});

it('an error inside a list is no empty list', async () => {
	const { address } = service.emulator.addAgent({ allowlist: [randomAddress()] });
	const route = 'GET /agents/{address}/authorized-sellers';
	const body = { success: false, error: 'backend down', data: [] };
	service.emulator.fault({ route, status: 200, body });
	const { items, error } = await service.run({
		resource: 'allowlist',
		operation: 'update',
		agent: locator(address),
		mode: 'add',
		sellers: randomAddress(),
	});

	expect(items).toEqual([]);
	expect(error?.message).toContain('reports an error (HTTP 200): backend down');
	expect(error?.description).toContain('Nothing was changed.');
	expect(service.emulator.agent(address).allowlist).toHaveLength(1);
});

describe('Names of fields', () => {
	const agentKeyAddress = randomAddress();
	const create = {
		resource: 'agent',
		operation: 'create',
		name: 'New',
		agentKeyAddress,
		ifAgentExists: 'create',
	};

	it.each([
		[ADD_KEY, { agent_key_address: 'session_key_address' }],
		[ADD_KEY, { agent_key_address: 'address' }],
		[ADD_KEY, { agent_key_address: 'session_key_address', key_name: 'name' }],
		[CREATE, { agent_key_address: 'session_key_address' }],
	])('%s is sent once more under %j', async (route, names) => {
		service.emulator.setContract({ requestNames: { [route]: names } });
		const agent = addAgent();
		const { items, error } = await service.run({
			...(route === CREATE ? create : writes[3]?.parameters),
			agent: locator(agent),
			simplify: false,
		});

		expect(error).toBeUndefined();
		expect(items).toHaveLength(1);
		expect(callsTo(route)).toHaveLength(2);
		const keys = service.emulator.agents().flatMap(({ keys }) => keys);
		expect(keys).toContainEqual(
			expect.objectContaining({ address: route === CREATE ? agentKeyAddress : newKey }),
		);
	});

	it('is not sent once more for a field that stands for nothing that was sent', async () => {
		service.emulator.setContract({
			requestNames: { [ADD_KEY]: { agent_key_address: 'public_key' } },
		});
		const { error } = await service.run({
			...writes[3]?.parameters,
			agent: locator(addAgent()),
		});

		expect(error?.message).toContain('public_key: is missing');
		expect(error?.description).toContain("It names a field that this node doesn't send.");
		expect(callsTo(ADD_KEY)).toHaveLength(1);
	});

	it.each([
		['name', 'is already taken'],
		['address', 'This wallet address is blocked'],
	])('is not sent once more where %s is not missing', async (field, message) => {
		service.emulator.fault({
			route: ADD_KEY,
			status: 400,
			body: { _tag: 'HttpApiDecodeError', issues: [{ path: [field], message }] },
		});
		const { error } = await service.run({ ...writes[3]?.parameters, agent: locator(addAgent()) });

		expect(error?.message).toContain(message);
		expect(callsTo(ADD_KEY)).toHaveLength(1);
	});

	it.each<[number, unknown]>([
		[422, { detail: [{ loc: ['body', 'session_key_address'], msg: 'Field required' }] }],
		[400, { error: { issues: [{ path: ['session_key_address'], message: 'Required' }] } }],
		[400, { errors: { session_key_address: ['is required'] } }],
	])('is sent once more after %i with %j', async (status, body) => {
		service.emulator.fault({ route: ADD_KEY, status, body });
		const { calls } = service.emulator;
		await service.run({ ...writes[3]?.parameters, agent: locator(addAgent()) });

		expect(calls.map((call) => Object.keys(call.body as object)[0])).toEqual([
			'agent_key_address',
			'session_key_address',
		]);
	});

	it('says what the second answer says', async () => {
		service.emulator.setContract({
			requestNames: { [ADD_KEY]: { agent_key_address: 'session_key_address' } },
		});
		const agent = service.emulator.addAgent({ keys: [newKey] });
		const { error } = await service.run({
			...writes[3]?.parameters,
			agent: locator(agent.address),
		});

		expect(error?.message).toBe('Agent Key Address: this agent already has this key.');
		expect(callsTo(ADD_KEY)).toHaveLength(2);
	});
});

describe('An update that is accepted, and not done', () => {
	it.each(writes)('is read back: $route', async (write) => {
		const { error, items } = await runWith({}, write);
		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: write.wanted }]);

		const agent = addAgent();
		// What was sent, and nothing is stored.
		service.emulator.fault({ route: write.route, status: 202, body: write.wanted });
		const pending = await runWith({}, write, agent);
		expect(pending.items).toEqual([]);
		expect(pending.error?.message).toContain('after the change, and the change is not there.');
		expect(pending.error?.description).toContain('The change was accepted.');
	});

	it.each([202, 207])('says so where it is not read back: HTTP %s', async (status) => {
		service.emulator.fault({
			route: CREATE,
			status,
			body: { address: newKey, name: 'New', balance: '0', createdAt: 1, updatedAt: 1 },
		});
		const { error } = await service.run({
			resource: 'agent',
			operation: 'create',
			name: 'New',
			agentKeyAddress: newKey,
		});

		expect(error?.message).toBe(
			'Ampersend accepted the request to create the agent, ' +
				`and doesn't say that it's done (HTTP ${status}).`,
		);
		expect(error?.description).toContain(
			'The change may be made later, so it was not sent again. Look for its name with Agent: Get',
		);
	});

	it('is fine if it can be read', async () => {
		const agent = addAgent();
		service.emulator.fault({ route: RENAME, status: 202, body: {} });
		service.emulator.updateAgent(agent, { name: 'Renamed' });
		const parameters = { resource: 'agent', operation: 'update', name: 'Renamed' };
		const { error, items } = await service.run({ ...parameters, agent: locator(agent) });

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { name: 'Renamed' } }]);
	});
});

describe('Two items for one agent, where reads lag', () => {
	const LIMITS = 'GET /agents/{address}/spend-config';
	const SELLERS = 'GET /agents/{address}/authorized-sellers';
	/** Every read shows what was there before the run. */
	const lag = (route: string) => {
		let first: unknown;
		service.emulator.fault({ route, times: Infinity, mutate: (body) => (first ??= body) });
	};

	it('change different limits', async () => {
		const agent = addAgent();
		lag(LIMITS);
		const { error } = await service.run(
			{
				resource: 'spendingLimit',
				operation: 'update',
				agent: locator(agent),
				updateFields: Object.fromEntries(
					['dailyLimit', 'monthlyLimit', 'perTransactionLimit'].map((name) => [
						name,
						`={{ $json.${name} ?? "" }}`,
					]),
				),
			},
			{ input: [{ dailyLimit: '9' }, { monthlyLimit: '70' }, { perTransactionLimit: '3' }] },
		);

		expect(error).toBeUndefined();
		expect(service.emulator.agent({ address: agent }).spendConfig).toMatchObject({
			daily_limit: '9000000',
			monthly_limit: '70000000',
			per_transaction_limit: '3000000',
		});
	});

	it('add, add and remove sellers', async () => {
		const [a, b, c] = [randomAddress(), randomAddress(), randomAddress()];
		const { address } = service.emulator.addAgent({ allowlist: [a] });
		lag(SELLERS);
		const { error, items } = await service.run(
			{
				resource: 'allowlist',
				operation: 'update',
				agent: locator(address),
				mode: '={{ $json.mode }}',
				sellers: '={{ $json.sellers }}',
			},
			{
				input: [
					{ mode: 'add', sellers: b },
					{ mode: 'add', sellers: c },
					{ mode: 'remove', sellers: a },
				],
			},
		);

		expect(error).toBeUndefined();
		expect(service.emulator.agent({ address }).allowlist).toEqual([b, c]);
		expect(items).toMatchObject([
			{ json: { count: 2, changedMeanwhile: false } },
			{ json: { count: 3, added: [c], changedMeanwhile: false } },
			{ json: { count: 2, removed: [a], changedMeanwhile: false } },
		]);
	});

	it('keep what someone else has changed between them', async () => {
		const [a, b, c] = [randomAddress(), randomAddress(), randomAddress()];
		const { address } = service.emulator.addAgent({ allowlist: [a] });
		service.emulator.before(
			SELLERS,
			() => service.emulator.updateAgent({ address }, { allowlist: [b] }),
			{ match: () => callsTo(SELLERS).length === 3 },
		);
		const { error } = await service.run(
			{
				resource: 'allowlist',
				operation: 'update',
				agent: locator(address),
				mode: 'add',
				sellers: '={{ $json.sellers }}',
			},
			{ input: [{ sellers: b }, { sellers: c }] },
		);

		expect(error).toBeUndefined();
		expect(service.emulator.agent({ address }).allowlist).toEqual([b, c]);
	});
});

describe('A new agent', () => {
	const seller = randomAddress();
	const create = async () =>
		await service.run({
			resource: 'agent',
			operation: 'create',
			name: 'New',
			agentKeyAddress: newKey,
			additionalFields: { dailyLimit: '5', sellers: seller },
		});
	const READS = ['GET /agents/{address}/spend-config', 'GET /agents/{address}/authorized-sellers'];

	it('has the limits and the allowlist that were sent', async () => {
		const { error, items } = await create();
		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { created: true } }]);
		expect(service.seen).toEqual(['GET /agents', CREATE, ...READS]);
	});

	it.each([
		['spending limits', READS[0], { daily_limit: null }, 'Spending Limit: Update'],
		['allowlist', READS[1], [], 'Allowlist: Update'],
	])('is an error if its %s were dropped', async (what, route = '', shown, operation) => {
		service.emulator.fault({
			route,
			mutate: (body) => (Array.isArray(body) ? shown : { ...(body as object), ...shown }),
		});
		const { error } = await create();
		const [agent] = service.emulator.agents();
		expect(error?.message).toContain('after the change, and the change is not there.');
		expect(error?.description).toContain(
			`The agent ${agent?.address} was created. Correct its ${what} with ${operation}.`,
		);
	});

	it('has a hint if its settings can not be read', async () => {
		for (const route of READS) service.emulator.fault({ route, status: 403, body: {} });
		const { error, items, hints } = await create();
		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { created: true } }]);
		const texts = hints.map(({ message }) => message);
		for (const what of ['spending limits', 'allowlist']) {
			expect(texts).toContainEqual(
				expect.stringContaining(`This node could not check the ${what} of the new agent 0x`),
			);
		}
	});

	it.each([
		['Cafe\u0301', 'Caf\u00e9'],
		['My  Agent', 'My Agent'],
	])('can have its name spelled anew: %s', async (name, spelled) => {
		const fault = () =>
			service.emulator.fault({
				route: CREATE,
				mutate: (body) => ({ ...(body as object), name: spelled }),
			});
		fault();
		const parameters = { resource: 'agent', operation: 'create', agentKeyAddress: newKey, name };
		expect((await service.run(parameters)).error).toBeUndefined();
		const [agent] = service.emulator.agents();
		service.emulator.updateAgent(agent!, { name: spelled });
		const again = await service.run({ ...parameters, ifAgentExists: 'return' });
		expect(again.items).toMatchObject([{ json: { address: agent?.address, created: false } }]);
	});
});
