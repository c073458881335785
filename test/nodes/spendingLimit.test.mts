import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Agent } from '../emulator/index.mts';
import type { RunOptions } from './n8n.mts';
import { useAmpersend } from './setup.mts';

const ampersend = useAmpersend();

const READ = 'GET /agents/{address}/spend-config';
const WRITE = 'PUT /agents/{address}/spend-config';
const LIST = 'GET /agents';

const locate = (agent: string) => ({ __rl: true as const, mode: 'address', value: agent });

function get({ address }: { address: string }, options?: Partial<RunOptions>) {
	return ampersend.run(
		{ resource: 'spendingLimit', operation: 'get', agent: locate(address) },
		options,
	);
}

function update(
	{ address }: { address: string },
	updateFields: INodeParameters,
	options?: Partial<RunOptions>,
) {
	return ampersend.run(
		{ resource: 'spendingLimit', operation: 'update', agent: locate(address), updateFields },
		options,
	);
}

/** An agent that has something in every setting. */
function limitedAgent(): Agent {
	return ampersend.emulator.addAgent({
		name: 'buyer',
		spendConfig: {
			auto_topup_allowed: true,
			daily_limit: '5000000',
			monthly_limit: '100000000',
			per_transaction_limit: '250000',
		},
	});
}

const bodies = () =>
	ampersend.emulator.calls.filter(({ method }) => method === 'PUT').map(({ body }) => body);

const noUpdate = {
	auto_topup_allowed: true,
	daily_limit: '5000000',
	monthly_limit: '100000000',
	per_transaction_limit: '250000',
};

describe('Get', () => {
	it('gives every limit in both spellings, with times in ISO 8601', async () => {
		const agent = limitedAgent();

		const { items, error, hints } = await get(agent);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const changedAt = new Date(agent.createdAt).toISOString();
		expect(items).toEqual([
			{
				json: {
					agentAddress: agent.address,
					configured: true,
					autoTopUp: true,
					dailyLimitUsdc: '5',
					dailyLimitUsdcMicro: '5000000',
					monthlyLimitUsdc: '100',
					monthlyLimitUsdcMicro: '100000000',
					perTransactionLimitUsdc: '0.25',
					perTransactionLimitUsdcMicro: '250000',
					createdAt: changedAt,
					updatedAt: changedAt,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([READ]);
		expect(ampersend.emulator.calls[0]?.params).toEqual({ address: agent.address });
	});

	it('tells no limit from a limit of zero', async () => {
		const agent = ampersend.emulator.addAgent({
			spendConfig: { daily_limit: '0', monthly_limit: null },
		});

		const { items } = await get(agent);

		expect(items[0]?.json).toMatchObject({
			configured: true,
			dailyLimitUsdc: '0',
			dailyLimitUsdcMicro: '0',
			monthlyLimitUsdc: null,
			monthlyLimitUsdcMicro: null,
		});
	});

	it('reads times that the service gives as strings', async () => {
		ampersend.emulator.wire.timestamps = 'string';
		const agent = limitedAgent();

		const { items } = await get(agent);

		expect(items[0]?.json.updatedAt).toBe(new Date(agent.createdAt).toISOString());
	});

	it('keeps fields that the service adds', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), weekly_limit: '7' }),
		});

		const { items } = await get(agent);

		expect(items[0]?.json).toMatchObject({ weekly_limit: '7', dailyLimitUsdc: '5' });
	});

	it('says "not configured" where nothing was ever set, once the agent is known to exist', async () => {
		const agent = ampersend.emulator.addAgent();

		const { items, error } = await get(agent);

		expect(error).toBeUndefined();
		expect(items[0]?.json).toEqual({
			agentAddress: agent.address,
			configured: false,
			autoTopUp: false,
			dailyLimitUsdc: null,
			dailyLimitUsdcMicro: null,
			monthlyLimitUsdc: null,
			monthlyLimitUsdcMicro: null,
			perTransactionLimitUsdc: null,
			perTransactionLimitUsdcMicro: null,
			createdAt: null,
			updatedAt: null,
		});
		expect(ampersend.seen).toEqual([READ, LIST]);
	});

	it('finds an agent without limits on a later page, and in another letter case', async () => {
		for (let i = 0; i < 100; i++) ampersend.emulator.addAgent();
		const { address } = ampersend.emulator.addAgent();

		const { items } = await get({ address: address.toLowerCase() });

		expect(items[0]?.json.configured).toBe(false);
		expect(ampersend.seen).toEqual([READ, LIST, LIST]);
	});

	it('does not take an unknown agent for one without limits', async () => {
		limitedAgent();
		const address = randomAddress();

		const { items, error } = await get({ address });

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			`Ampersend has nothing at GET /agents/${address}/spend-config: Agent not found`,
		);
		expect(error?.description).toContain('Check the address first');
		expect(error?.httpCode).toBe('404');
		expect(ampersend.seen).toEqual([READ, LIST]);
	});

	it('does not take a wrong path prefix for an agent without limits', async () => {
		const agent = limitedAgent();
		const { origin } = ampersend.emulator;
		const baseUrl = `${origin}/v9`;
		ampersend.emulator.expectUnknown(`/v9/agents/${agent.address}/spend-config`, 'GET');
		ampersend.emulator.expectUnknown('/v9/agents', 'GET');

		const { items, error } = await get(agent, {
			credential: { ...ampersend.credential, baseUrl },
		});

		expect(items).toEqual([]);
		expect(error?.message).toBe('Ampersend has nothing at GET /agents: No route GET /v9/agents');
		expect(error?.description).toContain(`The Base URL in use is ${baseUrl}.`);
		expect(error?.description).toContain('path prefix');
	});

	it("refuses another account's agent with the service's reason", async () => {
		const agent = ampersend.emulator.addAgent({ owner: 'somebody else', spendConfig: {} });

		const { error } = await get(agent);

		expect(error?.message).toContain(`The API key may not use GET /agents/${agent.address}`);
		expect(error?.description).toContain('another account');
		expect(ampersend.seen).toEqual([READ]);
	});

	it('names the field and the route where the answer lacks a limit', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), monthly_limit: undefined }),
		});

		const { error } = await get(agent);

		expect(error?.message).toBe(
			`Ampersend's answer to GET /agents/${agent.address}/spend-config has changed its form: monthly_limit is missing.`,
		);
	});

	it('does not show an amount that is not whole micro-USDC', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), daily_limit: '5.5' }),
		});

		const { items, error } = await get(agent);

		expect(items).toEqual([]);
		expect(error?.message).toContain('daily_limit is not of the expected form');
	});
});

describe('Update', () => {
	it.each([
		{ set: { dailyLimit: '7.5' }, sent: { daily_limit: '7500000' } },
		{ set: { monthlyLimit: '31' }, sent: { monthly_limit: '31000000' } },
		{ set: { perTransactionLimit: '0.000001' }, sent: { per_transaction_limit: '1' } },
		{ set: { autoTopUp: false }, sent: { auto_topup_allowed: false } },
		{ set: { noDailyLimit: true }, sent: { daily_limit: null } },
		{ set: { noMonthlyLimit: true }, sent: { monthly_limit: null } },
		{ set: { noPerTransactionLimit: true }, sent: { per_transaction_limit: null } },
		{ set: { dailyLimit: '0' }, sent: { daily_limit: '0' } },
		{ set: { dailyLimit: ' 8 ' }, sent: { daily_limit: '8000000' } },
		{
			set: { dailyLimit: '1', noMonthlyLimit: true, perTransactionLimit: '', autoTopUp: false },
			sent: { daily_limit: '1000000', monthly_limit: null, auto_topup_allowed: false },
		},
	])('with $set sends all four settings, the others as they were', async ({ set, sent }) => {
		const agent = limitedAgent();

		const { items, error, hints } = await update(agent, set);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const expected = { ...noUpdate, ...sent };
		expect(ampersend.seen).toEqual([READ, WRITE]);
		expect(bodies()).toEqual([expected]);
		expect(ampersend.emulator.agent(agent).spendConfig).toMatchObject(expected);
		expect(items).toHaveLength(1);
		expect(items[0]).toMatchObject({
			json: {
				agentAddress: agent.address,
				configured: true,
				autoTopUp: expected.auto_topup_allowed,
				dailyLimitUsdcMicro: expected.daily_limit,
				monthlyLimitUsdcMicro: expected.monthly_limit,
				perTransactionLimitUsdcMicro: expected.per_transaction_limit,
			},
			pairedItem: { item: 0 },
		});
	});

	it.each([
		[{ dailyLimit: '2' }, 'Monthly Limit (USDC)', 'No Monthly Limit'],
		[
			{ dailyLimit: '2', noMonthlyLimit: true, perTransactionLimit: '1' },
			'Auto Top-Up',
			'Add Auto Top-Up to Update Fields',
		],
	])(
		'does not take a 404 for leave to remove the limits that are left out: %j',
		async (fields, named, next) => {
			const agent = ampersend.emulator.addAgent({ spendConfig: { monthly_limit: '50000000' } });
			ampersend.emulator.fault({ route: READ, status: 404, body: { message: 'Not Found' } });

			const { error } = await update(agent, fields);

			expect(error?.message).toContain(`${named}: is required`);
			expect(error?.description).toContain(next);
			expect(ampersend.seen).toEqual([READ, LIST]);
			expect(ampersend.emulator.agent(agent).spendConfig?.monthly_limit).toBe('50000000');
		},
	);

	it('sets the first limits of an agent, where each is given or said to be none', async () => {
		const agent = ampersend.emulator.addAgent();

		const { items } = await update(agent, {
			autoTopUp: false,
			dailyLimit: '2',
			noMonthlyLimit: true,
			noPerTransactionLimit: true,
		});

		expect(ampersend.seen).toEqual([READ, LIST, WRITE]);
		expect(bodies()).toEqual([
			{
				auto_topup_allowed: false,
				daily_limit: '2000000',
				monthly_limit: null,
				per_transaction_limit: null,
			},
		]);
		expect(items[0]?.json).toMatchObject({ dailyLimitUsdc: '2', monthlyLimitUsdc: null });
	});

	it('sends nothing to an agent that does not exist', async () => {
		const address = randomAddress();

		const { error } = await update({ address }, { dailyLimit: '2' });

		expect(error?.message).toContain('Agent not found');
		expect(ampersend.seen).toEqual([READ, LIST]);
	});

	it.each([
		['an integer', '={{ 12 }}', '12000000'],
		['a fraction', '={{ 12.34 }}', '12340000'],
		['zero', '={{ 0 }}', '0'],
		['text', '={{ $json.limit }}', '3500000'],
	])('takes %s from an expression', async (_, expression, micro) => {
		const agent = limitedAgent();

		const { error } = await update(
			agent,
			{ dailyLimit: expression },
			{ input: [{ limit: '3.5' }] },
		);

		expect(error).toBeUndefined();
		expect(ampersend.emulator.agent(agent).spendConfig?.daily_limit).toBe(micro);
	});

	it.each([
		['a field that is missing in the item', '={{ $json.nothing }}'],
		['null', '={{ null }}'],
		['white space', '   '],
	])('leaves a limit as it is for %s', async (_, dailyLimit) => {
		const agent = limitedAgent();

		const { error } = await update(agent, { dailyLimit, monthlyLimit: '1' });

		expect(error).toBeUndefined();
		expect(bodies()).toEqual([{ ...noUpdate, monthly_limit: '1000000' }]);
	});

	it('carries amounts beyond every floating-point number through unchanged', async () => {
		const kept = '123456789012345678901234567890';
		const agent = ampersend.emulator.addAgent({ spendConfig: { monthly_limit: kept } });

		const { items } = await update(agent, { dailyLimit: '98765432109876543210.123456' });

		expect(bodies()).toEqual([
			{
				auto_topup_allowed: false,
				daily_limit: '98765432109876543210123456',
				monthly_limit: kept,
				per_transaction_limit: null,
			},
		]);
		expect(items[0]?.json).toMatchObject({
			dailyLimitUsdc: '98765432109876543210.123456',
			monthlyLimitUsdc: '123456789012345678901234.56789',
			monthlyLimitUsdcMicro: kept,
		});
	});

	it.each([
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
	])('refuses the amount %s by name, and sends nothing', async (amount, complaint) => {
		const agent = limitedAgent();

		const { items, error } = await update(agent, { perTransactionLimit: amount, dailyLimit: '1' });

		expect(items).toEqual([]);
		expect(error?.message).toMatch(/^Limit per Transaction \(USDC\): /);
		expect(error?.message).toContain(complaint);
		expect(error?.description).toBeTruthy();
		expect(ampersend.seen).toEqual([]);
	});

	it.each([
		['dailyLimit', 'noDailyLimit', 'Daily Limit (USDC)', 'No Daily Limit'],
		['monthlyLimit', 'noMonthlyLimit', 'Monthly Limit (USDC)', 'No Monthly Limit'],
		[
			'perTransactionLimit',
			'noPerTransactionLimit',
			'Limit per Transaction (USDC)',
			'No Limit per Transaction',
		],
	])('refuses %s beside the switch that removes it', async (limit, noLimit, name, switchName) => {
		const agent = limitedAgent();

		const { error } = await update(agent, { [limit]: '0', [noLimit]: true });

		expect(error?.message).toBe(`${name}: has an amount while ${switchName} is on.`);
		expect(error?.description).toBe(`Clear the amount, or turn off ${switchName}.`);
		expect(ampersend.seen).toEqual([]);
	});

	it.each<[string, INodeParameters]>([
		['no field', {}],
		['empty limits', { dailyLimit: '', monthlyLimit: '' }],
		['a switch that is off', { dailyLimit: '', noDailyLimit: false }],
	])('refuses an update that says nothing to change: %s', async (_, fields) => {
		const agent = limitedAgent();

		const { error } = await update(agent, fields);

		expect(error?.message).toBe('Update Fields: no fields to update.');
		expect(error?.description).toContain('Add a field with its new value');
		expect(ampersend.seen).toEqual([]);
	});

	it.each([
		['autoTopUp', 'Auto Top-Up'],
		['noDailyLimit', 'No Daily Limit'],
	])('refuses a value of %s that is neither on nor off', async (field, name) => {
		const agent = limitedAgent();

		const { error } = await update(agent, { [field]: '={{ "perhaps" }}' });

		expect(error?.message).toBe(`${name}: "perhaps" is neither true nor false.`);
		expect(ampersend.seen).toEqual([]);
	});

	it('gives each input item its own limits, and an item that fails its message', async () => {
		const agents = [limitedAgent(), limitedAgent(), limitedAgent()];

		const { items, error } = await ampersend.run(
			{
				resource: 'spendingLimit',
				operation: 'update',
				agent: locate('={{ $json.agent }}'),
				updateFields: { dailyLimit: '={{ $json.limit }}' },
			},
			{
				onError: 'continueRegularOutput',
				input: ['1', '-2', '3'].map((limit, i) => ({ agent: agents[i]?.address, limit })),
			},
		);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([
			{ json: { agentAddress: agents[0]?.address, dailyLimitUsdc: '1' }, pairedItem: { item: 0 } },
			{
				json: { error: 'Daily Limit (USDC): "-2" has a sign.' },
				pairedItem: { item: 1 },
			},
			{ json: { agentAddress: agents[2]?.address, dailyLimitUsdc: '3' }, pairedItem: { item: 2 } },
		]);
		expect(agents.map((agent) => ampersend.emulator.agent(agent).spendConfig?.daily_limit)).toEqual(
			['1000000', '5000000', '3000000'],
		);
	});

	it('does not repeat a change whose answer was lost, and says how to look', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({ route: WRITE, reset: true, when: 'after' });

		const { error } = await update(agent, { dailyLimit: '1' });

		expect(ampersend.seen).toEqual([READ, WRITE]);
		expect(ampersend.emulator.agent(agent).spendConfig?.daily_limit).toBe('1000000');
		expect(error?.message).toContain(`PUT /agents/${agent.address}/spend-config`);
		expect(error?.description).toContain('may have been made all the same');
		expect(error?.description).toContain('Spending Limit: Get');
	});

	it('says that the change was accepted where its answer has another form', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({ route: WRITE, mutate: () => ({}) });

		const { error } = await update(agent, { dailyLimit: '1' });

		expect(error?.message).toContain('auto_topup_allowed is missing');
		expect(error?.description).toContain('The change itself was accepted');
		expect(ampersend.emulator.agent(agent).spendConfig?.daily_limit).toBe('1000000');
	});

	it('writes nothing where the present limits cannot be read', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({ route: READ, mutate: () => ({ daily_limit: '1' }) });

		const { error } = await update(agent, { dailyLimit: '1' });

		expect(error?.message).toContain('is missing');
		expect(ampersend.seen).toEqual([READ]);
	});
});

describe('Update, where the trouble stays', () => {
	const stays = { times: Infinity, headers: { 'Retry-After': '0' } };

	it('reads four times in all, and writes nothing', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({ route: READ, status: 500, ...stays });

		const { error } = await update(agent, { dailyLimit: '1' });

		expect(error?.httpCode).toBe('500');
		expect(ampersend.seen).toEqual([READ, READ, READ, READ]);
	});

	it('looks four times in all whether the agent is there, where it has no limits', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.fault({ route: LIST, status: 500, ...stays });

		const { error } = await update(agent, { dailyLimit: '1' });

		expect(error?.httpCode).toBe('500');
		expect(ampersend.seen).toEqual(Array.from({ length: 4 }, () => [READ, LIST]).flat());
	});

	it('is turned away four times in all, with the limits read anew for each', async () => {
		const agent = limitedAgent();
		ampersend.emulator.fault({ route: WRITE, status: 429, ...stays });

		const { error } = await update(agent, { dailyLimit: '1' });

		expect(error?.httpCode).toBe('429');
		expect(ampersend.seen).toEqual(Array.from({ length: 4 }, () => [READ, WRITE]).flat());
	});
});
