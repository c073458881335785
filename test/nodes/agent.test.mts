import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { checksummed } from '../../tools/emulator/addresses.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import { noAgent, useAmpersend } from './setup.mts';

const service = useAmpersend();

const UNPAIRED = { item: 0 };

const create = async (fields: INodeParameters = {}, additionalFields: INodeParameters = {}) =>
	await service.run({
		resource: 'agent',
		operation: 'create',
		name: 'Buyer',
		agentKeyAddress: randomAddress(),
		ifAgentExists: 'create',
		...fields,
		additionalFields,
	});

const locator = (value: string, mode = 'list') => ({ __rl: true, mode, value });

const bodies = () =>
	service.emulator.calls.filter(({ method }) => method !== 'GET').map(({ body }) => body);

describe('Agent: Create', () => {
	it('creates an agent with its key, without limits and without an allowlist', async () => {
		const agentKeyAddress = randomAddress();
		const { items, error, hints } = await create({ name: 'Buyer', agentKeyAddress });

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(service.seen).toEqual(['POST /agents']);
		expect(bodies()).toEqual([
			{
				agent_key_address: agentKeyAddress,
				name: 'Buyer',
				spend_config: null,
				authorized_sellers: null,
			},
		]);
		const [agent] = service.emulator.agents();
		expect(agent).toMatchObject({ name: 'Buyer', allowlist: [], spendConfig: null });
		expect(agent?.keys.map(({ address }) => address)).toEqual([agentKeyAddress]);
		expect(items).toEqual([
			{
				json: {
					address: agent?.address,
					name: 'Buyer',
					balanceUsdc: '0',
					balanceUsdcMicro: '0',
					createdAt: new Date(agent?.createdAt ?? NaN).toISOString(),
					updatedAt: new Date(agent?.updatedAt ?? NaN).toISOString(),
					userId: agent?.userId,
					initData: agent?.initData,
					nonce: agent?.nonce,
					created: true,
				},
				pairedItem: UNPAIRED,
			},
		]);
	});

	const seller = checksummed(`0x${'ab'.repeat(20)}`);
	const other = `0x${'12'.repeat(20)}`;
	it.each([
		['a list', [seller, seller.toLowerCase(), other]],
		['text with commas', `${seller}, ${seller.toLowerCase()},${other},`],
		['text with line breaks', `\n${seller}\r\n${other}\n0x${seller.slice(2).toUpperCase()}\n`],
		['a list from an expression', `={{ ["${seller}", "${other}", "${seller.toLowerCase()}"] }}`],
	])(
		'accepts an allowlist as %s and drops duplicates in another letter case',
		async (_form, sellers) => {
			const { error } = await create({}, { sellers });

			expect(error).toBeUndefined();
			expect(bodies()).toMatchObject([{ authorized_sellers: [seller, other] }]);
			expect(service.emulator.agents()[0]?.allowlist).toEqual([seller, other]);
		},
	);

	it('sends decimals as exact micro-USDC, zero as zero and a missing limit as null', async () => {
		const { error } = await create({}, { dailyLimit: '9007199254.740993', perTransactionLimit: 0 });

		expect(error).toBeUndefined();
		const limits = {
			auto_topup_allowed: false,
			daily_limit: '9007199254740993',
			monthly_limit: null,
			per_transaction_limit: '0',
		};
		expect(bodies()).toMatchObject([{ spend_config: limits }]);
		expect(service.emulator.agents()[0]?.spendConfig).toMatchObject(limits);
	});

	it('sends Auto Top-Up alone, without limits', async () => {
		await create({}, { autoTopUp: true });

		expect(bodies()).toMatchObject([
			{
				spend_config: {
					auto_topup_allowed: true,
					daily_limit: null,
					monthly_limit: null,
					per_transaction_limit: null,
				},
			},
		]);
	});

	const limitFields = [
		['Daily Limit', 'dailyLimit'],
		['Monthly Limit', 'monthlyLimit'],
		['Limit per Transaction', 'perTransactionLimit'],
	] as const;
	const noLimits = {
		auto_topup_allowed: false,
		daily_limit: null,
		monthly_limit: null,
		per_transaction_limit: null,
	};
	const switchOf = (name: string) => `no${name.charAt(0).toUpperCase()}${name.slice(1)}`;

	it.each(limitFields)('creates an agent without a %s if its switch is on', async (_, name) => {
		for (const on of [true, '={{ "true" }}']) {
			const { error } = await create({}, { [switchOf(name)]: on });
			expect(error).toBeUndefined();
		}
		// An empty field next to the switch isn't an amount.
		expect(
			(await create({}, { [switchOf(name)]: true, [name]: '={{ null }}' })).error,
		).toBeUndefined();

		expect(bodies()).toMatchObject(Array.from({ length: 3 }, () => ({ spend_config: noLimits })));
	});

	it.each(limitFields)('creates no agent if the field %s is empty', async (title, name) => {
		const nothing = [
			'',
			'  ',
			'={{ null }}',
			'={{ undefined }}',
			'={{ $json.limit }}',
			'={{ "\\n\\t" }}',
		];
		for (const value of nothing) {
			for (const more of [
				{},
				{ [switchOf(name)]: false },
				{ [switchOf(name)]: '={{ undefined }}' },
			]) {
				const { error, items } = await create({}, { [name]: value, ...more });

				expect([value, error?.message]).toEqual([value, `${title} (USDC): is empty.`]);
				expect(error?.description).toContain(`turn on ${title}: None`);
				expect(items).toEqual([]);
			}
		}
		expect(service.emulator.calls).toEqual([]);
	});

	it('creates no agent if several limits are empty, and names all of them', async () => {
		const { error } = await create(
			{},
			Object.fromEntries(limitFields.map(([, name]) => [name, ''])),
		);

		const titles = limitFields.map(([title]) => `${title} (USDC)`);
		expect(error?.message).toBe(`${titles.join(', ')}: have no amount.`);
		expect(error?.description).toContain('turn on the switch of that limit');
		expect(service.emulator.calls).toEqual([]);
	});

	it('says which limits were left out while another one is set', async () => {
		const { hints } = await create({}, { dailyLimit: '5', [switchOf('monthlyLimit')]: true });

		expect(hints.map(({ message }) => message)).toEqual([
			'"Buyer" has no limit for: Limit per Transaction (USDC).',
		]);
	});

	it('shows what the node has done, whatever the answer adds', async () => {
		service.emulator.fault({
			route: 'POST /agents',
			mutate: (body) => ({ ...(body as object), created: 1_700_000_000_000, zzz: 1 }),
		});
		const { items } = await create({}, {});

		expect(items).toMatchObject([{ json: { created: true, zzz: 1 } }]);
	});

	it.each(limitFields)(
		'creates no agent without a %s if its switch is off',
		async (title, name) => {
			for (const off of [false, '={{ false }}', '={{ null }}', '={{ undefined }}', '']) {
				const { error } = await create({}, { [switchOf(name)]: off });

				expect(error?.message).toBe(`${title} (USDC): is missing while ${title}: None is off.`);
			}
			expect(service.emulator.calls).toEqual([]);
		},
	);

	it.each(limitFields)('rejects a %s if the switch that removes it is on', async (title, name) => {
		const { error } = await create({}, { [name]: '5', [switchOf(name)]: true });

		expect(error?.message).toBe(`${title} (USDC): has an amount while ${title}: None is on.`);
		expect(service.emulator.calls).toEqual([]);
	});

	it.each(['', ' , ', '={{ null }}', '={{ undefined }}', '={{ [] }}', '={{ [""] }}'])(
		'creates no agent if the field Allowlist is %j',
		async (sellers) => {
			const { error } = await create({}, { sellers });

			expect(error?.message).toBe('Allowlist: has no addresses.');
			expect(error?.description).toContain('remove the field');
			expect(service.emulator.calls).toEqual([]);
		},
	);

	const zero = `0x${'0'.repeat(40)}`;
	const brokenChecksum = `0x${seller[2] === 'a' ? 'A' : 'a'}${seller.slice(3)}`;
	it.each<[string, string, string, INodeParameters, INodeParameters]>([
		['a name of spaces', 'Name', 'is empty', { name: '  ' }, {}],
		[
			'an address that is cut off',
			'Agent Key Address',
			'is not an address',
			{ agentKeyAddress: seller.slice(0, -1) },
			{},
		],
		[
			'an address with a wrong checksum',
			'Agent Key Address',
			"doesn't match its checksum",
			{ agentKeyAddress: brokenChecksum },
			{},
		],
		[
			'an unknown choice',
			'If an Agent With This Name Exists',
			'"replace" is not an option',
			{ ifAgentExists: '={{ "replace" }}' },
			{},
		],
		[
			'the zero address as key',
			'Agent Key Address',
			'is the zero address',
			{ agentKeyAddress: zero },
			{},
		],
		[
			'the zero address as seller',
			'Allowlist',
			'is the zero address',
			{},
			{ sellers: [seller, zero] },
		],
		[
			"a seller that isn't an address",
			'Allowlist',
			'"0x12" is not an address',
			{},
			{ sellers: `${seller}, 0x12` },
		],
		[
			"a seller that isn't text",
			'Allowlist',
			'"12" is not an address',
			{},
			{ sellers: '={{ [12] }}' },
		],
		[
			'seven decimals',
			'Daily Limit (USDC)',
			'"0.1234567" has more than six decimals',
			{},
			{ dailyLimit: '0.1234567' },
		],
		['a minus sign', 'Monthly Limit (USDC)', '"-1" has a sign', {}, { monthlyLimit: '-1' }],
		['a plus sign', 'Monthly Limit (USDC)', '"+1" has a sign', {}, { monthlyLimit: '+1' }],
		[
			'an exponent',
			'Limit per Transaction (USDC)',
			'"1e6" has an exponent',
			{},
			{ perTransactionLimit: '1e6' },
		],
		[
			'a number too small for plain notation',
			'Daily Limit (USDC)',
			'"1e-7" has an exponent',
			{},
			{ dailyLimit: '={{ 0.0000001 }}' },
		],
		[
			'a thousands separator',
			'Daily Limit (USDC)',
			'"1,000" has a thousands separator or a decimal comma',
			{},
			{ dailyLimit: '1,000' },
		],
		['a currency', 'Daily Limit (USDC)', '"5 USDC" is not an amount', {}, { dailyLimit: '5 USDC' }],
		[
			'a switch that is neither on nor off',
			'Auto Top-Up',
			'"perhaps" is neither true nor false',
			{},
			{ autoTopUp: '={{ "perhaps" }}' },
		],
	])(
		'rejects %s, names the field and sends nothing',
		async (_title, parameter, complaint, fields, more) => {
			const { error, items } = await create(fields, more);

			expect(error?.message).toContain(`${parameter}: `);
			expect(error?.message).toContain(complaint);
			expect(error?.description).toMatch(/\w+ .*\.$/);
			expect(items).toEqual([]);
			expect(service.emulator.calls).toEqual([]);
		},
	);

	it.each(['Agent Key Address', 'Allowlist'])(
		'never repeats a private key pasted into %s',
		async (parameter) => {
			const secret = randomBytes(32).toString('hex');
			const pasted = {
				[parameter === 'Allowlist' ? 'sellers' : 'agentKeyAddress']: `={{ "0x" + $json.secret }}`,
			};
			const { error } = await service.run(
				{
					resource: 'agent',
					operation: 'create',
					name: 'Buyer',
					agentKeyAddress: randomAddress(),
					...(parameter === 'Allowlist' ? { additionalFields: pasted } : pasted),
				},
				{ input: [{ secret }] },
			);

			expect(error?.message).toBe(`${parameter}: is as long as a private key, so it is not shown.`);
			expect(inspect(error, { depth: 12 })).not.toContain(secret);
			expect(service.emulator.calls).toEqual([]);
		},
	);
});

describe('Agent: Create, if an agent with that name exists', () => {
	it('creates another one if told to, without looking', async () => {
		service.emulator.addAgent({ name: 'Buyer' });
		const { items } = await create({ ifAgentExists: 'create' });

		expect(items).toMatchObject([{ json: { name: 'Buyer', created: true } }]);
		expect(service.seen).toEqual(['POST /agents']);
		expect(service.emulator.agents().map(({ name }) => name)).toEqual(['Buyer', 'Buyer']);
	});

	it('stops by default, and says which agent it is and what to do', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { error } = await service.run({
			resource: 'agent',
			operation: 'create',
			name: 'Buyer',
			agentKeyAddress: randomAddress(),
		});

		expect(error?.message).toBe(
			`Name: an agent named "Buyer" already exists (${address}). No agent was created.`,
		);
		expect(error?.description).toBe(
			'Choose another name, or set If an Agent With This Name Exists ' +
				'to Return Existing or Create Another.',
		);
		expect(service.seen).toEqual(['GET /agents']);
		expect(service.emulator.agents()).toHaveLength(1);
	});

	it('returns it unchanged if told to', async () => {
		const existing = service.emulator.addAgent({ name: 'Buyer', balanceMicro: 1_500_000n });
		const { items, error } = await create({ ifAgentExists: 'return' }, { dailyLimit: '5' });

		expect(error).toBeUndefined();
		expect(items).toMatchObject([
			{
				json: {
					address: existing.address,
					balanceUsdc: '1.5',
					balanceUsdcMicro: '1500000',
					created: false,
				},
				pairedItem: UNPAIRED,
			},
		]);
		expect(service.seen).toEqual(['GET /agents']);
		expect(service.emulator.agents()).toEqual([existing]);
	});

	it('returns none of several, and names them all', async () => {
		const twins = [1, 2].map(() => service.emulator.addAgent({ name: 'Buyer' }).address);
		const { error } = await create({ ifAgentExists: 'return' });

		expect(error?.message).toBe(
			`Name: 2 agents have the name "Buyer" (${twins.join(', ')}). ` +
				'No agent was returned or created.',
		);
		expect(error?.description).toContain('Agent: Get');
		expect(service.emulator.agents()).toHaveLength(2);
	});

	it('compares names without surrounding spaces, and with their letter case', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		service.emulator.addAgent({ name: 'buyer' });
		const { items } = await create({ ifAgentExists: 'return', name: '  Buyer\n' });

		expect(items).toMatchObject([{ json: { address, created: false } }]);
	});

	it('ignores spaces around the names that the service has', async () => {
		const { address } = service.emulator.addAgent({ name: ' Buyer\t' });
		const returned = await create({ ifAgentExists: 'return' });
		const stopped = await create({ ifAgentExists: 'stop' });

		expect(returned.items).toMatchObject([{ json: { address, created: false } }]);
		expect(stopped.error?.message).toContain(`an agent named "Buyer" already exists (${address})`);
		expect(service.emulator.agents()).toHaveLength(1);
	});

	it.each(['stop', 'return'])('creates it if no agent has the name (%s)', async (ifAgentExists) => {
		service.emulator.addAgent({ name: 'Buyer 2' });
		const { items } = await create({ ifAgentExists, name: ' Buyer ' });

		expect(items).toMatchObject([{ json: { name: 'Buyer', created: true } }]);
		expect(service.seen).toEqual(['GET /agents', 'POST /agents']);
		expect(service.emulator.agents().map(({ name }) => name)).toEqual(['Buyer 2', 'Buyer']);
	});

	it('finds it beyond the first page', async () => {
		for (let i = 0; i < 100; i++) service.emulator.addAgent();
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { items } = await create({ ifAgentExists: 'return' });

		expect(items).toMatchObject([{ json: { address, created: false } }]);
		expect(service.seen).toEqual(['GET /agents', 'GET /agents']);
		expect(service.emulator.agents()).toHaveLength(101);
	});

	it('creates one agent for two items with the same name, and returns it for both', async () => {
		const { items } = await service.run(
			{
				resource: 'agent',
				operation: 'create',
				name: '={{ $json.name }}',
				agentKeyAddress: randomAddress(),
				ifAgentExists: 'return',
			},
			{ input: [{ name: 'Buyer' }, { name: 'Buyer ' }] },
		);

		expect(service.emulator.agents()).toHaveLength(1);
		const address = service.emulator.agents()[0]?.address;
		expect(items).toMatchObject([
			{ json: { address, created: true }, pairedItem: { item: 0 } },
			{ json: { address, created: false }, pairedItem: { item: 1 } },
		]);
	});

	it.each(['return', 'stop'])(
		'creates one agent where the list shows it late, too (%s)',
		async (ifAgentExists) => {
			service.emulator.fault({
				route: 'GET /agents',
				times: 2,
				mutate: (body) => ({ ...(body as object), items: [], total: 0 }),
			});
			const { items, error } = await service.run(
				{
					resource: 'agent',
					operation: 'create',
					name: '={{ $json.name }}',
					agentKeyAddress: randomAddress(),
					ifAgentExists,
				},
				{ input: [{ name: 'Buyer' }, { name: 'Buyer' }] },
			);

			expect(service.emulator.agents()).toHaveLength(1);
			if (ifAgentExists === 'return')
				expect(items).toMatchObject([{}, { json: { created: false } }]);
			else expect(error?.message).toContain('an agent named "Buyer" already exists');
		},
	);

	it("creates none if the list can't be read", async () => {
		service.emulator.fault({
			route: 'GET /agents',
			status: 403,
			body: { message: 'Not for this key' },
		});
		const { error } = await create({ ifAgentExists: 'return' });

		expect(error?.message).toBe(
			"The API key isn't allowed to list the agents (HTTP 403): Not for this key",
		);
		expect(service.emulator.agents()).toEqual([]);
	});
});

describe('Agent: Create, when the answer is lost', () => {
	it.each([
		[
			'the connection breaks',
			{ reset: true, when: 'after' },
			'ended while waiting for Ampersend to create the agent (ECONNRESET)',
		],
		[
			'the service answers 502',
			{ status: 502, body: '<html>', when: 'after' },
			'could not create the agent (HTTP 502)',
		],
		[
			'the service answers 500 with Retry-After',
			{ status: 500, headers: { 'Retry-After': '0' }, when: 'after' },
			'could not create the agent (HTTP 500)',
		],
		['the answer is cut off', { malformedJson: true }, 'a malformed body instead of'],
	] as const)('if %s, is not sent again and says how to check', async (_title, fault, message) => {
		service.emulator.fault({ route: 'POST /agents', ...fault });
		const { error } = await create();

		expect(service.seen).toEqual(['POST /agents']);
		expect(service.emulator.agents()).toHaveLength(1);
		expect(error?.message).toContain(message);
		expect(error?.description).toContain(
			'The change may have been made, so it was not sent again. ' +
				'Look for its name with Agent: Get Many before you run this again',
		);
	});

	it('returns the created agent when run again with Return Existing', async () => {
		service.emulator.fault({ route: 'POST /agents', reset: true, when: 'after' });
		expect((await create({ ifAgentExists: 'return' })).error).toBeDefined();
		const { items } = await create({ ifAgentExists: 'return' });

		expect(items).toMatchObject([
			{ json: { address: service.emulator.agents()[0]?.address, created: false } },
		]);
		expect(service.emulator.agents()).toHaveLength(1);
	});

	it('says that nothing was sent if there was no connection', async () => {
		const { origin } = service.emulator;
		await service.emulator.close();
		const { error } = await create();

		expect(error?.message).toBe(`Ampersend could not be reached at ${origin} (no connection).`);
		expect(error?.description).toContain('Nothing was sent. Check the Base URL');
	});
});

describe('Agent: Create, when there are too many requests', () => {
	it.each(['0', '1'])('waits for Retry-After (%s s) and creates one agent', async (seconds) => {
		service.emulator.fault({
			route: 'POST /agents',
			status: 429,
			headers: { 'Retry-After': seconds },
		});
		const { items, error } = await create();

		expect(error).toBeUndefined();
		expect(items).toHaveLength(1);
		expect(service.emulator.agents()).toHaveLength(1);
		const [first, second, ...others] = service.emulator.calls;
		expect([first?.status, second?.status, others]).toEqual([429, 200, []]);
		expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(
			Number(seconds) * 1000 - 10,
		);
	});

	it('gives up after four attempts, and says that nothing was changed', async () => {
		service.emulator.fault({
			route: 'POST /agents',
			status: 429,
			headers: { 'Retry-After': '0' },
			times: 4,
		});
		const { error } = await create();

		expect(service.seen).toHaveLength(4);
		expect(service.emulator.agents()).toEqual([]);
		expect(error?.message).toBe('Ampersend is receiving too many requests (HTTP 429).');
		expect(error?.description).toContain('The change was not made.');
	});
});

describe('Agent: Get', () => {
	it.each(['list', 'address', 'url'])('reads the agent chosen by %s', async (mode) => {
		const { address } = service.emulator.addAgent({ name: 'Buyer', balanceMicro: 12_345_678n });
		const value = mode === 'url' ? `https://app.example/agents/${address}/keys?tab=1` : address;
		const { items } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: locator(value, mode),
		});

		expect(items).toMatchObject([
			{
				json: { address, name: 'Buyer', balanceUsdc: '12.345678', balanceUsdcMicro: '12345678' },
				pairedItem: UNPAIRED,
			},
		]);
		expect(items[0]?.json).not.toHaveProperty('balance');
		expect(service.emulator.calls).toMatchObject([
			{ route: 'GET /agents/{address}', params: { address } },
		]);
	});

	it("returns a balance that isn't a whole number unchanged, and no amounts", async () => {
		const agent = service.emulator.addAgent();
		service.emulator.fault({
			route: 'GET /agents/{address}',
			mutate: (body) => ({ ...(body as object), balance: '1.5', tier: 'gold' }),
		});
		const { items } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: locator(agent.address),
		});

		expect(items).toMatchObject([
			{ json: { balance: '1.5', balanceUsdc: null, balanceUsdcMicro: null, tier: 'gold' } },
		]);
	});

	it('is not retried once its attempts have taken a minute', async () => {
		const { address } = service.emulator.addAgent();
		let now = Date.now();
		const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
		const route = 'GET /agents/{address}';
		service.emulator.fault({ route, status: 503, headers: { 'Retry-After': '0' }, times: 2 });
		const passTime = () => {
			now += 40_000;
		};
		service.emulator.before(route, () => {
			passTime();
			service.emulator.before(route, passTime);
		});
		const { error } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: locator(address),
		});
		clock.mockRestore();

		expect(error?.httpCode).toBe('503');
		expect(service.emulator.calls).toHaveLength(2);
	});

	it('says which agent is unknown, and what to check', async () => {
		const address = randomAddress();
		const { error } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: locator(address),
		});

		expect(error?.message).toBe(noAgent(address));
		expect(error?.description).toContain('Choose one from the list');
		expect(error?.httpCode).toBe('404');
	});

	it('says that an agent belongs to another account', async () => {
		const { address } = service.emulator.addAgent({ owner: 'someone else' });
		const { error } = await service.run({
			resource: 'agent',
			operation: 'get',
			agent: locator(address),
		});

		expect(error?.message).toBe(
			"The API key isn't allowed to read the agent (HTTP 403): " +
				'This agent belongs to another user',
		);
		expect(error?.description).toContain(`The request was GET /agents/${address}.`);
		expect(error?.description).toContain('Choose one of your own agents');
	});
});

describe('Agent: Get Many', () => {
	const getMany = async (fields: INodeParameters) =>
		await service.run({ resource: 'agent', operation: 'getMany', ...fields });

	it('reads every page with Return All', async () => {
		const addresses = Array.from({ length: 205 }, () => service.emulator.addAgent().address);
		const { items } = await getMany({ returnAll: true });

		expect(items.map(({ json }) => json.address)).toEqual(addresses);
		expect(new Set(items.map(({ pairedItem }) => JSON.stringify(pairedItem)))).toEqual(
			new Set([JSON.stringify(UNPAIRED)]),
		);
		expect(service.emulator.calls.map(({ query }) => query)).toEqual([
			{ limit: '100', offset: '0' },
			{ limit: '100', offset: '100' },
			{ limit: '100', offset: '200' },
			{ limit: '100', offset: '205' },
		]);
	});

	it.each([
		['', (address: string) => address],
		[' in another letter case', (address: string) => `0x${address.slice(2).toUpperCase()}`],
	])('returns an agent that shifts to the next page only once%s', async (_, spell) => {
		const addresses = Array.from({ length: 130 }, () => service.emulator.addAgent().address);
		service.emulator.fault({
			route: 'GET /agents',
			match: ({ query }) => query.offset === '100',
			mutate: (body) => {
				const page = body as { items: object[] };
				const shifted = { ...page.items[0], address: spell(addresses[99] ?? '') };
				return { ...page, items: [shifted, ...page.items] };
			},
		});
		const { items, error } = await getMany({ returnAll: true });

		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.address)).toEqual(addresses);
	});

	it('does not return a partial list if the service repeats a page', async () => {
		for (let i = 0; i < 150; i++) service.emulator.addAgent();
		const firstPage = service.emulator
			.agents()
			.slice(0, 100)
			.map(({ address }) => address);
		service.emulator.fault({
			route: 'GET /agents',
			match: ({ query }) => query.offset === '100',
			mutate: (body) => {
				const { items, ...page } = body as { items: object[] };
				return { ...page, items: items.map((item, i) => ({ ...item, address: firstPage[i] })) };
			},
		});
		const { items, error } = await getMany({ returnAll: true });

		expect(items).toEqual([]);
		expect(error?.message).toContain('returns the same rows again, whatever "offset" asks for');
		expect(error?.description).toContain('this node assumes it');
		expect(service.seen).toHaveLength(2);
	});

	it('does not treat an empty page as the end if the total says otherwise', async () => {
		service.emulator.addAgent();
		service.emulator.fault({
			route: 'GET /agents',
			mutate: (body) => ({ ...(body as object), items: [] }),
		});
		const { items, error } = await getMany({ returnAll: true });

		expect(items).toEqual([]);
		expect(error?.message).toContain(
			'returns no rows after the first 0, and its total says that more follow',
		);
	});

	it('accepts Return All as text from an expression', async () => {
		service.emulator.addAgent();
		service.emulator.addAgent();
		const { items } = await getMany({ returnAll: '={{ "true" }}', limit: 1 });

		expect(items).toHaveLength(2);
	});

	it('returns an empty list for an account without agents', async () => {
		service.emulator.addAgent({ owner: 'someone else' });
		const { items, error } = await getMany({ returnAll: true });

		expect(error).toBeUndefined();
		expect(items).toEqual([]);
		expect(service.seen).toEqual(['GET /agents']);
	});

	it.each([
		['the first 50', {}, 50, 1],
		['1', { limit: 1 }, 1, 1],
		['101, from two pages', { limit: 101 }, 101, 2],
		['all if Limit is higher than their number', { limit: 1000 }, 120, 2],
	])('returns %s', async (_title, fields, count, pages) => {
		const addresses = Array.from({ length: 120 }, () => service.emulator.addAgent().address);
		const { items } = await getMany(fields);

		expect(items.map(({ json }) => json.address)).toEqual(addresses.slice(0, count));
		expect(service.seen).toHaveLength(pages);
	});

	it.each<[unknown, string]>([
		[0, '"0"'],
		[1.5, '"1.5"'],
		[-1, '"-1"'],
		['={{ "many" }}', '"many"'],
		['={{ true }}', '"true"'],
		['={{ false }}', '"false"'],
		['={{ [5] }}', '"[5]"'],
		['={{ [] }}', '"[]"'],
		['={{ ({ limit: 5 }) }}', '"{"limit":5}"'],
		['={{ "" }}', '""'],
		['={{ " " }}', '" "'],
		['={{ null }}', '"null"'],
		['={{ 1e400 }}', '"Infinity"'],
		['={{ NaN }}', '"NaN"'],
		['={{ "1e3" }}', '"1e3"'],
		['={{ "0x10" }}', '"0x10"'],
		['={{ "Infinity" }}', '"Infinity"'],
		['={{ "99999999999999999999" }}', '"99999999999999999999"'],
	])('rejects a Limit of %s and names the field', async (limit, shown) => {
		const { error } = await getMany({ limit } as INodeParameters);

		expect(error?.message).toBe(`Limit: ${shown} is not a whole number above 0.`);
		expect(error?.description).toContain('Return All');
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('Agent: Get Many, Balance Below', () => {
	const below = async (balanceBelow: unknown, fields: INodeParameters = { returnAll: true }) =>
		await service.run({
			resource: 'agent',
			operation: 'getMany',
			...fields,
			filters: { balanceBelow } as INodeParameters,
		});
	const addAgents = (...balances: Array<bigint | string>) =>
		balances.map((balanceMicro) => service.emulator.addAgent({ balanceMicro }).address);

	it('says for several items that there may be more agents; for one, n8n says so', async () => {
		addAgents(0n, 1n, 9_000_000n, 2n);
		const one = await below('5', { returnAll: false, limit: 2 });
		expect(one.items).toHaveLength(2);
		expect(one.hints).toEqual([]);
		const two = await service.run(
			{
				resource: 'agent',
				operation: 'getMany',
				limit: 2,
				filters: { balanceBelow: '5' },
			},
			{ input: [{}, {}] },
		);
		expect(two.items).toHaveLength(4);
		expect(two.hints.map(({ message }) => message)).toEqual([
			'There may be more than 2 agents. Turn on Return All to get all of them.',
		]);
	});

	it.each<[unknown, bigint[]]>([
		['5', [0n, 4_999_999n]],
		[5, [0n, 4_999_999n]],
		['={{ "5.000001" }}', [0n, 4_999_999n, 5_000_000n]],
		['0.000001', [0n]],
		['', [0n, 4_999_999n, 5_000_000n, 10n ** 30n]],
		['9'.repeat(40), [0n, 4_999_999n, 5_000_000n, 10n ** 30n]],
	])('of %p returns the agents with strictly less, exactly', async (amount, expected) => {
		addAgents(0n, 4_999_999n, 5_000_000n, 10n ** 30n);

		const { items, error, hints } = await below(amount);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(items.map(({ json }) => BigInt(String(json.balanceUsdcMicro)))).toEqual(expected);
		expect(service.seen).toEqual(['GET /agents']);
	});

	it('lets Limit count only the agents that pass, and stops once there are enough', async () => {
		const addresses = Array.from({ length: 250 }, (_, i) =>
			addAgents(i % 2 === 0 ? 1_000_000n : 9_000_000n),
		).flat();

		const { items } = await below('2', { limit: 60 });

		const low = addresses.filter((_, i) => i % 2 === 0);
		expect(items.map(({ json }) => json.address)).toEqual(low.slice(0, 60));
		expect(service.seen).toEqual(['GET /agents', 'GET /agents']);
	});

	it.each(['1.5', '-1', '0x10', ''])(
		"returns an agent with the balance %p, which can't be compared, and says so",
		async (balance) => {
			const [odd] = addAgents(balance, 9_000_000n);

			const { items, hints } = await below('5');

			expect(items).toMatchObject([{ json: { address: odd, balance, balanceUsdc: null } }]);
			expect(hints.map(({ message }) => message)).toEqual([
				expect.stringContaining(
					"It can't be compared with Balance Below, so the agent is returned.",
				),
			]);
		},
	);

	it.each<[unknown, string]>([
		['0', 'is 0.'],
		['-1', '"-1" has a sign.'],
		['1,5', '"1,5" has a thousands separator or a decimal comma.'],
		['0.0000001', '"0.0000001" has more than six decimals.'],
		['little', '"little" is not an amount.'],
		['={{ [5] }}', 'is not an amount.'],
		['={{ null }}', 'the expression gives no value.'],
		['={{ $json.missing }}', 'the expression gives no value.'],
	])('rejects %p, and sends nothing', async (amount, complaint) => {
		const { error } = await below(amount);

		expect(error?.message).toContain('Balance Below (USDC): ');
		expect(error?.message).toContain(complaint);
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('Agent: Update', () => {
	const rename = async (address: string, name: string) =>
		await service.run({ resource: 'agent', operation: 'update', agent: locator(address), name });

	it('renames the agent, without the spaces around the name', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { items } = await rename(address, ' Second buyer ');

		expect(items).toMatchObject([
			{ json: { address, name: 'Second buyer' }, pairedItem: UNPAIRED },
		]);
		expect(service.emulator.calls).toMatchObject([
			{ route: 'PATCH /agents/{address}', params: { address }, body: { name: 'Second buyer' } },
		]);
		expect(service.emulator.agent(address).name).toBe('Second buyer');
	});

	it('rejects an empty name and names the field', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		const { error } = await rename(address, '={{ "" }}');

		expect(error?.message).toBe('New Name: is empty.');
		expect(error?.description).toBe('Fill in New Name.');
		expect(service.emulator.calls).toEqual([]);
		expect(service.emulator.agent(address).name).toBe('Buyer');
	});

	it('names the fields that the service does not accept', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		service.emulator.fault({
			route: 'PATCH /agents/{address}',
			status: 400,
			body: {
				issues: [{ path: ['name'], message: 'Expected at most 40 characters' }],
				message: 'long text',
			},
		});
		const { error } = await rename(address, 'Second buyer');

		expect(error?.message).toBe('New Name: Expected at most 40 characters');
		expect(service.emulator.agent(address).name).toBe('Buyer');
	});

	it('says how to check if the answer is lost', async () => {
		const { address } = service.emulator.addAgent({ name: 'Buyer' });
		service.emulator.fault({ route: 'PATCH /agents/{address}', reset: true, when: 'after' });
		const { error } = await rename(address, 'Second buyer');

		expect(service.seen).toEqual(['PATCH /agents/{address}']);
		expect(service.emulator.agent(address).name).toBe('Second buyer');
		expect(error?.description).toContain(
			'Read the agent with Agent: Get before you run this again.',
		);
	});
});
