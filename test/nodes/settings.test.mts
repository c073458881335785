import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Agent, type AgentInit } from '../../tools/emulator/index.mts';
import { settingsOf } from './settings.mts';
import { noAgent, useAmpersend } from './setup.mts';

const ampersend = useAmpersend();
const LIST = 'GET /agents';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';
const ACTIVITY = 'GET /agents/{address}/activity';
const target = randomAddress().toLowerCase();

interface Kind {
	resource: 'spendingLimit' | 'autoCollect';
	title: string;
	/** In a message. */
	called: string;
	path: string;
	/** How to give an emulated agent these settings, and where it keeps them. */
	store: (settings: object) => AgentInit;
	stored: (agent: Agent) => object | null;
	/** Two amounts: `wire` is the service's name, `field` is n8n's, which the output repeats. */
	amount: { wire: string; field: string; name: string };
	other: { wire: string; field: string };
	/** Settings of the agents in these tests, with the output field of each. */
	settings: Record<string, unknown>;
	outputs: Record<string, string>;
	/** Update Fields, and what changes on the wire. */
	changes: Array<[INodeParameters, object]>;
	noChanges: Array<[string, INodeParameters]>;
	/** Fields and their display names. */
	amounts: Array<[string, string]>;
	/** An amount, the switch that removes it, and both display names. */
	switches: Array<[string, string, string, string]>;
}

const kinds: Kind[] = [
	{
		resource: 'spendingLimit',
		title: 'Spending Limit',
		called: 'spending limits',
		path: 'spend-config',
		store: (settings) => ({ spendConfig: settings }),
		stored: (agent) => agent.spendConfig,
		amount: { wire: 'daily_limit', field: 'dailyLimit', name: 'Daily Limit (USDC)' },
		other: { wire: 'monthly_limit', field: 'monthlyLimit' },
		settings: {
			auto_topup_allowed: true,
			daily_limit: '5000000',
			monthly_limit: '100000000',
			per_transaction_limit: '250000',
		},
		outputs: {
			auto_topup_allowed: 'autoTopUp',
			daily_limit: 'dailyLimitUsdcMicro',
			monthly_limit: 'monthlyLimitUsdcMicro',
			per_transaction_limit: 'perTransactionLimitUsdcMicro',
		},
		changes: [
			[{ dailyLimit: '7.5' }, { daily_limit: '7500000' }],
			[{ monthlyLimit: '31' }, { monthly_limit: '31000000' }],
			[{ perTransactionLimit: '0.000001' }, { per_transaction_limit: '1' }],
			[{ autoTopUp: false }, { auto_topup_allowed: false }],
			[{ noDailyLimit: true }, { daily_limit: null }],
			[{ noMonthlyLimit: true }, { monthly_limit: null }],
			[{ noPerTransactionLimit: true }, { per_transaction_limit: null }],
			[{ dailyLimit: '0' }, { daily_limit: '0' }],
			[{ dailyLimit: ' 8 ' }, { daily_limit: '8000000' }],
			[
				{ dailyLimit: '1', noMonthlyLimit: true, perTransactionLimit: '', autoTopUp: false },
				{ daily_limit: '1000000', monthly_limit: null, auto_topup_allowed: false },
			],
		],
		noChanges: [
			['no field', {}],
			['empty limits', { dailyLimit: '', monthlyLimit: '' }],
			['a switch that is off', { dailyLimit: '', noDailyLimit: false }],
		],
		amounts: [['perTransactionLimit', 'Limit per Transaction (USDC)']],
		switches: [
			['dailyLimit', 'noDailyLimit', 'Daily Limit (USDC)', 'Daily Limit: None'],
			['monthlyLimit', 'noMonthlyLimit', 'Monthly Limit (USDC)', 'Monthly Limit: None'],
			[
				'perTransactionLimit',
				'noPerTransactionLimit',
				'Limit per Transaction (USDC)',
				'Limit per Transaction: None',
			],
		],
	},
	{
		resource: 'autoCollect',
		title: 'Auto-Collect',
		called: 'auto-collect settings',
		path: 'auto-collect-config',
		store: (settings) => ({ autoCollect: settings }),
		stored: (agent) => agent.autoCollect,
		amount: { wire: 'threshold', field: 'threshold', name: 'Threshold (USDC)' },
		other: { wire: 'minimum_remaining', field: 'minimumRemaining' },
		settings: {
			enabled: true,
			target_address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
			threshold: '100000000',
			minimum_remaining: '10500000',
		},
		outputs: {
			enabled: 'enabled',
			target_address: 'targetAddress',
			threshold: 'thresholdUsdcMicro',
			minimum_remaining: 'minimumRemainingUsdcMicro',
		},
		changes: [
			[{ enabled: false }, { enabled: false }],
			[{ threshold: '12.5' }, { threshold: '12500000' }],
			[{ threshold: '0' }, { threshold: '0' }],
			[{ threshold: '={{ 7 }}' }, { threshold: '7000000' }],
			[{ minimumRemaining: '0.000001' }, { minimum_remaining: '1' }],
			[{ minimumRemaining: '={{ 0 }}' }, { minimum_remaining: '0' }],
			[{ noMinimumRemaining: true }, { minimum_remaining: null }],
			[{ targetAddress: target }, { target_address: target }],
			[
				{ enabled: false, threshold: '', minimumRemaining: '', targetAddress: '' },
				{ enabled: false },
			],
		],
		noChanges: [
			['no field', {}],
			['empty fields', { threshold: '', minimumRemaining: ' ', targetAddress: '' }],
			['a switch that is off', { noMinimumRemaining: false }],
		],
		amounts: [
			['threshold', 'Threshold (USDC)'],
			['minimumRemaining', 'Minimum Remaining (USDC)'],
		],
		switches: [
			[
				'minimumRemaining',
				'noMinimumRemaining',
				'Minimum Remaining (USDC)',
				'Minimum Remaining: None',
			],
		],
	},
];

const badAmounts = [
	['1.2345678', 'has more than six decimals'],
	['-1', 'has a sign'],
	['+1', 'has a sign'],
	['1e3', 'has an exponent'],
	['1,000', 'has a thousands separator'],
	["1'000", 'has a thousands separator'],
	['1 000', 'has a thousands separator'],
	['ten', 'is not an amount'],
	['5 USDC', 'is not an amount'],
	['.5', 'is not an amount'],
	['0x10', 'is not an amount'],
	['={{ 1e21 }}', 'has an exponent'],
	['={{ 1e-7 }}', 'has an exponent'],
	['={{ 0.1 + 0.2 }}', 'has more than six decimals'],
	['={{ 9007199254740993 }}', 'has more digits than a number can keep'],
	['={{ -3 }}', 'has a sign'],
	['={{ 0 / 0 }}', 'is not an amount'],
	['={{ true }}', 'is not an amount'],
	['={{ [5] }}', 'is not an amount'],
	[`1${'0'.repeat(77)}`, 'is more than a USDC contract can hold'],
];

describe.each(kinds)('$title', (kind) => {
	const { resource, title, called, path, store, stored, amount, other, settings } = kind;
	const READ = `GET /agents/{address}/${path}`;
	const WRITE = `PUT /agents/{address}/${path}`;
	const { get, update, bodies } = settingsOf(ampersend, resource);

	const addAgent = (changes: object = {}) =>
		ampersend.emulator.addAgent(store({ ...settings, ...changes }));
	/** What the service has stored for an agent. */
	const settingsNow = (agent: Agent) => stored(ampersend.emulator.agent(agent));
	/** An agent with every setting, and a service that changes its next answer. */
	const addAgentWithAnswer = (changes: object) => {
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), ...changes }),
		});
		return addAgent();
	};

	describe('Get', () => {
		it('distinguishes an amount that is not set from zero', async () => {
			const none = addAgent({ [other.wire]: null });
			const zero = addAgent({ [other.wire]: '0' });

			const [withNone, withZero] = [await get(none), await get(zero)];

			expect(withNone.items[0]?.json).toMatchObject({
				configured: true,
				[`${other.field}Usdc`]: null,
				[`${other.field}UsdcMicro`]: null,
			});
			expect(withZero.items[0]?.json).toMatchObject({
				configured: true,
				[`${other.field}Usdc`]: '0',
				[`${other.field}UsdcMicro`]: '0',
			});
		});

		it('reads times that are strings', async () => {
			ampersend.emulator.wire.timestamps = 'string';
			const agent = addAgent();

			const { items } = await get(agent);

			expect(items[0]?.json.updatedAt).toBe(new Date(agent.createdAt).toISOString());
		});

		it.each([
			['null', { mutate: () => null }],
			['nothing', { status: 204 }],
		])('counts %s like a 404: the agent has none', async (_, answer) => {
			const agent = ampersend.emulator.addAgent();
			const usual = await get(agent);
			const addAgentWithSettings = addAgent();
			ampersend.emulator.fault({ route: READ, ...answer });
			const outcome = await get(addAgentWithSettings);

			expect(outcome.error).toBeUndefined();
			const { address, name } = addAgentWithSettings;
			expect(outcome.items[0]?.json).toEqual({
				...usual.items[0]?.json,
				agentAddress: address,
				...(resource === 'spendingLimit' && { name }),
			});
			expect(outcome.hints).toHaveLength(usual.hints.length);
		});

		it('returns null for missing times', async () => {
			const agent = addAgentWithAnswer({ created_at: undefined, updated_at: undefined });

			const { items, hints } = await get(agent);

			expect(items).toMatchObject([
				{ json: { configured: true, createdAt: null, updatedAt: null } },
			]);
			expect(hints).toEqual([]);
		});

		it('keeps fields that the service adds', async () => {
			const agent = addAgentWithAnswer({ added: 'yesterday', [amount.wire]: '5000000' });

			const { items } = await get(agent);

			expect(items[0]?.json).toMatchObject({ added: 'yesterday', [`${amount.field}Usdc`]: '5' });
		});

		it('finds an agent without settings on a later page, in another letter case', async () => {
			for (let i = 0; i < 100; i++) ampersend.emulator.addAgent();
			const { address } = ampersend.emulator.addAgent();

			const { items } = await get({ address: address.toLowerCase() });

			expect(items[0]?.json.configured).toBe(false);
			// The name and balance of an agent come last.
			expect(ampersend.seen.slice(0, 4)).toEqual([READ, LIST, LIST, ALLOWLIST]);
			expect(ampersend.seen.slice(4)).toEqual(
				resource === 'spendingLimit' ? ['GET /agents/{address}'] : [],
			);
		});

		it('does not mistake an unknown agent for one without settings', async () => {
			addAgent();
			const address = randomAddress();

			const { items, error } = await get({ address });

			expect(items).toEqual([]);
			expect(error?.message).toBe(noAgent(address));
			expect(error?.description).toContain('Choose one from the list');
			expect(error?.httpCode).toBe('404');
			expect(ampersend.seen).toEqual([READ, LIST]);
		});

		it('does not mistake a wrong path prefix for an agent without settings', async () => {
			const agent = addAgent();
			const baseUrl = `${ampersend.emulator.origin}/v9`;
			ampersend.emulator.expectUnknown(/^\/v9\//, 'GET');

			const { items, error } = await get(agent, {
				credential: { ...ampersend.credential, baseUrl },
			});

			expect(items).toEqual([]);
			expect(error?.message).toBe(
				`Ampersend answers at another Base URL: ${ampersend.emulator.origin}/v1`,
			);
			expect(error?.description).toContain(`At ${baseUrl}, it could not list the agents`);
		});

		it.each([
			['get', () => ({})],
			['update', () => ({ updateFields: kind.changes[0]?.[0] })],
		] as const)(
			'%s does not mistake a base URL without the routes of an agent for settings that are not set',
			async (operation, fields) => {
				const agent = addAgent();
				ampersend.emulator.fault({ route: READ, status: 404 });
				ampersend.emulator.fault({ route: ALLOWLIST, status: 404, times: 4 });
				ampersend.emulator.fault({ route: ACTIVITY, status: 404, times: 3 });

				const { items, error } = await ampersend.run({
					resource,
					operation,
					agent: { __rl: true, mode: 'address', value: agent.address },
					...fields(),
				});

				expect(items).toEqual([]);
				expect(error?.message).toBe(
					`Ampersend was asked to read the ${called}, and offers neither that nor the ` +
						'allowlist of an agent at this Base URL (HTTP 404).',
				);
				expect(error?.description).toContain("can't tell whether the agent has any");
				expect(error?.description).toContain(`At the Base URL ${ampersend.emulator.baseUrl}, `);
				expect(error?.description).toContain('lists agents, and answers for none of them.');
				expect(error?.description).toContain('There is no more at');
				expect(error?.description).toContain(`GET /agents/${agent.address}/${path}`);
				expect(ampersend.seen.slice(0, 3)).toEqual([READ, LIST, ALLOWLIST]);
				expect(ampersend.seen.every((route) => !route?.startsWith('PUT '))).toBe(true);
				expect(settingsNow(agent)).toMatchObject(settings);
			},
		);

		it('leads from the base URL without these routes to the other one', async () => {
			const agent = addAgent();
			const baseUrl = `${ampersend.emulator.origin}/api/v1/sdk`;
			ampersend.emulator.fault({ route: READ, status: 404 });
			ampersend.emulator.fault({ route: ALLOWLIST, status: 404, times: 2 });
			ampersend.emulator.fault({ route: ACTIVITY, status: 404 });

			const { error } = await get(agent, { credential: { ...ampersend.credential, baseUrl } });

			expect(error?.message).toBe(
				`Ampersend answers at another Base URL: ${ampersend.emulator.origin}/v1`,
			);
		});

		it('does not take an allowlist that could not be read for an answer', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.fault({ route: ALLOWLIST, status: 403 });

			const { items, error } = await get(agent);

			expect(items).toEqual([]);
			expect(error?.message).toContain("The API key isn't allowed to read the allowlist");
		});

		it("rejects another account's agent with the service's reason", async () => {
			const agent = ampersend.emulator.addAgent({ owner: 'somebody else', ...store({}) });

			const { error } = await get(agent);

			expect(error?.message).toContain(`The API key isn't allowed to read the ${called}`);
			expect(error?.description).toContain(`GET /agents/${agent.address}`);
			expect(error?.description).toContain('another account');
			expect(ampersend.seen).toEqual([READ]);
		});

		it('names the field and the route if the answer lacks an amount', async () => {
			const agent = addAgentWithAnswer({ [amount.wire]: undefined });

			const { error } = await get(agent);

			expect(error?.message).toBe(
				`Ampersend was asked to read the ${called}, and its answer is not as expected: ` +
					`${amount.wire} is missing.`,
			);
			expect(error?.description).toContain(`GET /agents/${agent.address}/${path}`);
		});

		it("does not show an amount that isn't whole micro-USDC", async () => {
			const agent = addAgentWithAnswer({ [amount.wire]: '5.5' });

			const { items, error } = await get(agent);

			expect(items).toEqual([]);
			expect(error?.message).toContain(`${amount.wire} has an unexpected format`);
		});
	});

	describe('Update', () => {
		it.each(kind.changes)('with %j, sends the other settings unchanged', async (set, sent) => {
			const agent = addAgent();

			const { items, error, hints } = await update(agent, set);

			expect(error).toBeUndefined();
			expect(hints).toEqual([]);
			const expected: Record<string, unknown> = { ...settings, ...sent };
			expect(ampersend.seen).toEqual([READ, WRITE]);
			expect(bodies()).toEqual([expected]);
			expect(settingsNow(agent)).toMatchObject(expected);
			expect(items).toHaveLength(1);
			expect(items[0]).toMatchObject({
				json: {
					agentAddress: agent.address,
					configured: true,
					...Object.fromEntries(
						Object.entries(kind.outputs).map(([wire, field]) => [field, expected[wire]]),
					),
				},
				pairedItem: { item: 0 },
			});
		});

		it.each([
			['an integer', '={{ 12 }}', '12000000'],
			['a fraction', '={{ 12.34 }}', '12340000'],
			['zero', '={{ 0 }}', '0'],
			['text', '={{ $json.limit }}', '3500000'],
		])('accepts %s from an expression', async (_, expression, micro) => {
			const agent = addAgent();

			const { error } = await update(
				agent,
				{ [amount.field]: expression },
				{ input: [{ limit: '3.5' }] },
			);

			expect(error).toBeUndefined();
			expect(settingsNow(agent)).toMatchObject({ [amount.wire]: micro });
		});

		it.each([
			['a field that is missing from the item', '={{ $json.nothing }}'],
			['null', '={{ null }}'],
			['white space', '   '],
		])('leaves an amount unchanged for %s', async (_, empty) => {
			const agent = addAgent();

			const { error } = await update(agent, { [amount.field]: empty, [other.field]: '1' });

			expect(error).toBeUndefined();
			expect(bodies()).toEqual([{ ...settings, [other.wire]: '1000000' }]);
		});

		it('sends nothing to an agent that does not exist', async () => {
			const address = randomAddress();

			const { error } = await update({ address }, { [amount.field]: '2' });

			expect(error?.message).toBe(noAgent(address));
			expect(ampersend.seen).toEqual([READ, LIST]);
		});

		it('keeps every digit of amounts that a float could not hold', async () => {
			const kept = '123456789012345678901234567890';
			const agent = addAgent({ [other.wire]: kept });

			const { items } = await update(agent, { [amount.field]: '98765432109876543210.123456' });

			expect(bodies()).toEqual([
				{ ...settings, [amount.wire]: '98765432109876543210123456', [other.wire]: kept },
			]);
			expect(items[0]?.json).toMatchObject({
				[`${amount.field}Usdc`]: '98765432109876543210.123456',
				[`${other.field}Usdc`]: '123456789012345678901234.56789',
				[`${other.field}UsdcMicro`]: kept,
			});
		});

		describe.each(kind.amounts)('%s', (field, name) => {
			it.each(badAmounts)(
				'rejects the amount %s, names the field and sends nothing',
				async (bad, reason) => {
					const agent = addAgent();

					const { items, error } = await update(agent, {
						[amount.field]: '1',
						[field]: bad,
					});

					expect(items).toEqual([]);
					expect(error?.message.startsWith(`${name}: `)).toBe(true);
					expect(error?.message).toContain(reason);
					expect(error?.description).toBeTruthy();
					expect(ampersend.seen).toEqual([]);
				},
			);
		});

		it.each(kind.switches)(
			'rejects %s if the switch that removes it is on',
			async (field, noField, name, switchName) => {
				const agent = addAgent();

				const { error } = await update(agent, { [field]: '0', [noField]: true });

				expect(error?.message).toBe(`${name}: has an amount while ${switchName} is on.`);
				expect(error?.description).toBe(`Clear the amount, or turn off ${switchName}.`);
				expect(ampersend.seen).toEqual([]);
			},
		);

		it.each(kind.noChanges)('rejects an update that changes nothing: %s', async (_, fields) => {
			const agent = addAgent();

			const { error } = await update(agent, fields);

			expect(error?.message).toBe('Update Fields: no field has a new value.');
			expect(error?.description).toBe('Add a field, and enter its new value.');
			expect(ampersend.seen).toEqual([]);
		});

		it('writes the settings of each item, and returns the message of one that fails', async () => {
			const agents = [addAgent(), addAgent(), ampersend.emulator.addAgent(), addAgent()];

			const { items, error } = await ampersend.run(
				{
					resource,
					operation: 'update',
					agent: { __rl: true, mode: 'address', value: '={{ $json.agent }}' },
					updateFields: { [amount.field]: '={{ $json.amount }}' },
				},
				{
					onError: 'continueRegularOutput',
					input: ['1', '-2', '3', '4'].map((value, i) => ({
						agent: agents[i]?.address,
						amount: value,
					})),
				},
			);

			expect(error).toBeUndefined();
			const shown = `${amount.field}Usdc`;
			expect(items).toMatchObject([
				{ json: { agentAddress: agents[0]?.address, [shown]: '1' }, pairedItem: { item: 0 } },
				{ json: { error: `${amount.name}: "-2" has a sign.` }, pairedItem: { item: 1 } },
				{
					json: {
						error: expect.stringMatching(/^.+, .+: are required, because the service reports no /),
					},
					pairedItem: { item: 2 },
				},
				{ json: { agentAddress: agents[3]?.address, [shown]: '4' }, pairedItem: { item: 3 } },
			]);
			expect(agents.map(settingsNow)).toMatchObject([
				{ [amount.wire]: '1000000' },
				settings,
				null,
				{ [amount.wire]: '4000000' },
			]);
		});

		it('does not repeat a change whose answer was lost, and says how to check it', async () => {
			const agent = addAgent();
			ampersend.emulator.fault({ route: WRITE, reset: true, when: 'after' });

			const { error } = await update(agent, { [amount.field]: '1' });

			expect(ampersend.seen).toEqual([READ, WRITE]);
			expect(settingsNow(agent)).toMatchObject({ [amount.wire]: '1000000' });
			expect(error?.description).toContain(`PUT /agents/${agent.address}/${path}`);
			expect(error?.description).toContain('may have been made');
			expect(error?.description).toContain(`${title}: Get`);
		});

		it('is read again if its answer has another format', async () => {
			const agent = addAgent();
			ampersend.emulator.fault({ route: WRITE, mutate: () => ({}) });

			const { items } = await update(agent, { [amount.field]: '1' });

			expect(items).toMatchObject([{ json: { [`${amount.field}Usdc`]: '1' } }]);
			expect(ampersend.seen).toEqual([READ, WRITE, READ]);
			expect(settingsNow(agent)).toMatchObject({ [amount.wire]: '1000000' });
		});

		it("writes nothing if the current settings can't be read", async () => {
			const agent = addAgent();
			ampersend.emulator.fault({ route: READ, mutate: () => ({ [amount.wire]: '1' }) });

			const { error } = await update(agent, { [amount.field]: '1' });

			expect(error?.message).toContain('is missing');
			expect(ampersend.seen).toEqual([READ]);
		});
	});

	describe('Update, if the service keeps failing', () => {
		const always = { times: Infinity, headers: { 'Retry-After': '0' } };
		const fourTimes = (...routes: string[]) => Array.from({ length: 4 }, () => routes).flat();

		it('reads four times in total, and writes nothing', async () => {
			const agent = addAgent();
			ampersend.emulator.fault({ route: READ, status: 500, ...always });

			const { error } = await update(agent, { [amount.field]: '1' });

			expect(error?.httpCode).toBe('500');
			expect(ampersend.seen).toEqual(fourTimes(READ));
		});

		it('checks four times in total that an agent without settings exists', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.fault({ route: LIST, status: 500, ...always });

			const { error } = await update(agent, { [amount.field]: '1' });

			expect(error?.httpCode).toBe('500');
			expect(ampersend.seen).toEqual(fourTimes(READ, LIST));
		});

		it('writes four times in total after 429, and reads the settings again each time', async () => {
			const agent = addAgent();
			ampersend.emulator.fault({ route: WRITE, status: 429, ...always });

			const { error } = await update(agent, { [amount.field]: '1' });

			expect(error?.httpCode).toBe('429');
			expect(ampersend.seen).toEqual(fourTimes(READ, WRITE));
		});
	});
});
