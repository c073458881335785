import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import type { AgentInit, PaymentDetails } from '../../tools/emulator/index.mts';
import { jsonOf, useAgentSession } from './agentSession.mts';
import { DAY, HOUR, LIST } from './payments.mts';
import { useAmpersend } from './setup.mts';

/** How far the time of node and service is from this machine's, in ms. */
let shift = 0;
const realNow = Date.now;
// The service takes its clock when it starts, so this stands before its own set-up.
beforeEach(() => {
	shift = 0;
	jest.spyOn(Date, 'now').mockImplementation(() => realNow() + shift);
});
afterEach(() => {
	jest.restoreAllMocks();
});

const service = useAmpersend();

const READ = 'GET /agents/{address}/spend-config';
const ACTIVITY = 'GET /agents/{address}/activity';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';

const getMany = async (parameters: INodeParameters = {}) =>
	await service.run({
		resource: 'spendingLimit',
		operation: 'getMany',
		returnAll: true,
		...parameters,
	});

const addAgent = (init: AgentInit = {}) => service.emulator.addAgent(init);
const textsOf = ({ hints }: { hints: Array<{ message: string }> }) =>
	hints.map(({ message }) => message);
const count = (route: string) =>
	service.emulator.calls.filter((call) => call.route === route && call.query.page !== '0').length;

const NOON = Date.UTC(2026, 9, 15, 12);

/** Lets node and service have this time. */
const atTime = async <T,>(now: number, work: () => Promise<T>): Promise<T> => {
	shift = now - realNow();
	return await work();
};

describe('Spending Limit: Get Many', () => {
	it('returns balance, limits, and what is used and left of them, with an API key', async () => {
		const agent = addAgent({
			name: 'buyer',
			balanceMicro: 12_500_000n,
			spendConfig: { daily_limit: '5000000', monthly_limit: '30000000' },
		});
		const pay = (timestamp: number, amountMicro: bigint, details: PaymentDetails = {}) =>
			service.emulator.pay({ agent, timestamp, amountMicro, ...details });
		const midnight = Date.UTC(2026, 9, 15);
		pay(NOON, 1_000_000n);
		pay(midnight, 500_000n, { status: 'authorized' });
		pay(midnight - 1, 3_000_000n);
		pay(Date.UTC(2026, 9, 1), 2_000_000n);
		pay(Date.UTC(2026, 9, 1) - 1, 9_000_000n);
		pay(NOON, 7_000_000n, { status: 'denied' });
		pay(NOON, 7_000_000n, { status: 'failed' });
		pay(NOON, 7_000_000n, { type: 'earn' });

		const { items, error, hints } = await atTime(NOON, async () => await getMany());

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const changedAt = new Date(agent.createdAt).toISOString();
		expect(items).toEqual([
			{
				json: {
					name: 'buyer',
					agentAddress: agent.address,
					balanceUsdc: '12.5',
					balanceUsdcMicro: '12500000',
					configured: true,
					autoTopUp: false,
					dailyLimitUsdc: '5',
					dailyLimitUsdcMicro: '5000000',
					dailyUsedUsdc: '1.5',
					dailyUsedUsdcMicro: '1500000',
					dailyRemainingUsdc: '3.5',
					dailyRemainingUsdcMicro: '3500000',
					dailyUsedPercent: 30,
					monthlyLimitUsdc: '30',
					monthlyLimitUsdcMicro: '30000000',
					monthlyUsedUsdc: '6.5',
					monthlyUsedUsdcMicro: '6500000',
					monthlyRemainingUsdc: '23.5',
					monthlyRemainingUsdcMicro: '23500000',
					monthlyUsedPercent: 21.66,
					perTransactionLimitUsdc: null,
					perTransactionLimitUsdcMicro: null,
					isLow: false,
					isSpent: false,
					usedFrom: 'activity',
					createdAt: changedAt,
					updatedAt: changedAt,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(service.seen).toEqual([LIST, READ, ACTIVITY, ACTIVITY]);
		expect(service.emulator.calls.at(-1)?.query.preset).toBe('30d');
	});

	it.each<[string, Record<string, string | null>, string[], object]>([
		['no limit', {}, [], { dailyUsedUsdc: null, monthlyUsedUsdc: null, usedFrom: null }],
		[
			'a limit for a payment',
			{ per_transaction_limit: '1' },
			[],
			{ dailyUsedPercent: null, monthlyUsedPercent: null, isSpent: false },
		],
		[
			'a daily limit',
			{ daily_limit: '2000000' },
			['1d'],
			{ dailyUsedUsdc: '1', dailyUsedPercent: 50, monthlyUsedUsdc: null, monthlyUsedPercent: null },
		],
		[
			'a monthly limit',
			{ monthly_limit: '4000000' },
			['30d'],
			{
				dailyUsedUsdc: '1',
				dailyLimitUsdc: null,
				dailyUsedPercent: null,
				dailyRemainingUsdc: null,
				monthlyUsedPercent: 75,
				monthlyRemainingUsdc: '1',
			},
		],
	])('reads no more than it needs for %s', async (_, limits, presets, expected) => {
		const agent = addAgent({ spendConfig: limits });
		for (const timestamp of [NOON - HOUR, NOON - 2 * DAY])
			service.emulator.pay({
				agent,
				timestamp,
				amountMicro: timestamp === NOON - HOUR ? 1_000_000n : 2_000_000n,
			});

		const [item] = jsonOf(await atTime(NOON, async () => await getMany()));

		expect(item).toMatchObject(expected);
		const asked = service.emulator.calls.filter(
			({ route, query }) => route === ACTIVITY && query.page !== '0',
		);
		expect(asked.map(({ query }) => query.preset)).toEqual(presets);
	});

	it('reads the whole month on its last day, and stops before the one before', async () => {
		const now = Date.UTC(2026, 9, 31, 23);
		const agent = addAgent({ spendConfig: { monthly_limit: '900000000' } });
		service.emulator.seedActivity(
			agent,
			1_000,
			() => ({ type: 'spend', amountMicro: 1_000_000n }),
			{ newest: now, everyMs: 2 * HOUR },
		);

		const [item] = jsonOf(await atTime(now, async () => await getMany()));

		expect(item).toMatchObject({ monthlyUsedUsdc: '372' });
		expect(count(ACTIVITY)).toBeLessThanOrEqual(3);
	});

	it.each<[string, bigint | string, string | null, boolean | null]>([
		['below the daily limit', 4_999_999n, '5000000', true],
		['at the daily limit', 5_000_000n, '5000000', false],
		['at 0 without a daily limit', 0n, null, true],
		['at 0.000001 without a daily limit', 1n, null, false],
		['at 0 with a daily limit of 0', 0n, '0', true],
		['at 0.000001 with a daily limit of 0', 1n, '0', false],
		['in another unit', '1.5', '5000000', null],
		['below 0', '-1', '5000000', null],
	])('of a balance %s says whether it is low', async (_, balanceMicro, limit, isLow) => {
		addAgent({ name: 'buyer', balanceMicro, spendConfig: { daily_limit: limit } });

		const outcome = await getMany();

		expect(jsonOf(outcome)).toMatchObject([{ isLow }]);
		expect(textsOf(outcome)).toEqual(
			isLow === null
				? [
						`The balance of "buyer" is "${balanceMicro}", which isn't in whole micro-USDC. ` +
							'Without Simplify, the output has it as "balance". ' +
							"It can't be compared, so isLow is null. " +
							'A newer version of n8n-nodes-ampersend may know it.',
					]
				: [],
		);
		if (isLow === null) {
			expect(jsonOf(outcome)).toMatchObject([{ balance: balanceMicro, balanceUsdc: null }]);
		}
	});

	it.each<[string, Record<string, string>, bigint, object]>([
		['the daily limit', { daily_limit: '3', monthly_limit: '9' }, 3n, { isSpent: true }],
		[
			'more',
			{ daily_limit: '2' },
			3n,
			{ isSpent: true, dailyRemainingUsdc: '0', dailyUsedPercent: 150 },
		],
		['the monthly limit', { monthly_limit: '3' }, 3n, { isSpent: true, dailyUsedPercent: null }],
		['nearly all', { daily_limit: '30001' }, 30_000n, { isSpent: false, dailyUsedPercent: 99.99 }],
		['nothing of 0', { daily_limit: '0' }, 0n, { isSpent: true, dailyUsedPercent: 100 }],
	])('says whether a limit is spent after %s', async (_, spendConfig, amountMicro, expected) => {
		const agent = addAgent({ spendConfig });
		service.emulator.pay({ agent, amountMicro, timestamp: NOON });

		expect(jsonOf(await atTime(NOON, async () => await getMany()))).toMatchObject([expected]);
	});

	it('adds up no status that is new, and says so', async () => {
		const agent = addAgent({ spendConfig: { daily_limit: '5000000' } });
		service.emulator.pay({ agent, timestamp: NOON });
		service.emulator.fault({
			route: ACTIVITY,
			times: Infinity,
			mutate: (body) => {
				const page = body as { activity: object[] };
				return { ...page, activity: page.activity.map((row) => ({ ...row, status: 'held' })) };
			},
		});

		const outcome = await atTime(NOON, async () => await getMany());

		expect(jsonOf(outcome)).toMatchObject([{ dailyUsedUsdc: '0', usedFrom: 'activity' }]);
		expect(textsOf(outcome).join()).toContain('"held"');
	});

	describe('of agents without limits', () => {
		it('needs no further request if another agent has some', async () => {
			addAgent({ name: 'unset', balanceMicro: 5n });
			addAgent({ spendConfig: {} });

			const outcome = await getMany();

			expect(textsOf(outcome)).toEqual([]);
			expect(jsonOf(outcome)).toMatchObject([
				{
					name: 'unset',
					configured: false,
					balanceUsdc: '0.000005',
					dailyLimitUsdc: null,
					dailyUsedPercent: null,
					monthlyLimitUsdc: null,
					monthlyUsedPercent: null,
					isLow: false,
					isSpent: false,
					usedFrom: null,
				},
				{ configured: true },
			]);
			expect(service.seen).toEqual([LIST, READ, READ]);
		});

		it('checks once that the service offers routes of agents, and says so', async () => {
			for (let i = 0; i < 3; i++) addAgent();

			const outcome = await getMany();

			expect(jsonOf(outcome).map(({ configured }) => configured)).toEqual([false, false, false]);
			expect(textsOf(outcome)).toEqual([
				expect.stringContaining('Ampersend has no spending limits for any of these agents'),
			]);
			expect(service.seen).toEqual([LIST, READ, READ, READ, ALLOWLIST]);
		});

		it("fails if the service doesn't offer them", async () => {
			addAgent();
			for (const route of [READ, ALLOWLIST])
				service.emulator.fault({ route, status: 404, times: Infinity });

			const { items, error } = await getMany();

			expect(items).toEqual([]);
			expect(error?.httpCode).toBe('404');
		});
	});

	describe('agents', () => {
		it.each([
			['one', (address: string) => ({ agent: { __rl: true, mode: 'address', value: address } })],
			['selected', (address: string) => ({ agents: [address] })],
		])('reads only those of the scope %s', async (agentScope, fields) => {
			addAgent({ spendConfig: {} });
			const { address } = addAgent({ name: 'chosen', spendConfig: {} });

			const items = jsonOf(await getMany({ agentScope, ...fields(address) }));

			expect(items).toMatchObject([{ name: 'chosen' }]);
			expect(count(READ)).toBe(1);
		});

		it('reads only the first ones up to Limit', async () => {
			for (let i = 0; i < 5; i++) addAgent({ name: `agent ${i}`, spendConfig: {} });

			const items = jsonOf(await getMany({ returnAll: false, limit: 2 }));

			expect(items.map(({ name }) => name)).toEqual(['agent 0', 'agent 1']);
			expect(count(READ)).toBe(2);
		});

		it('returns nothing for an account without agents', async () => {
			expect(jsonOf(await getMany())).toEqual([]);
			expect(service.seen).toEqual([LIST]);
		});

		it('reads 1 000 agents with a request each, and one more for those with a limit', async () => {
			for (let i = 0; i < 1_000; i++) {
				addAgent({ spendConfig: i % 10 === 0 ? { daily_limit: '5' } : i % 2 === 0 ? {} : null });
			}

			const { items, error } = await getMany();

			expect(error).toBeUndefined();
			expect(items).toHaveLength(1_000);
			expect([count(LIST), count(READ), count(ACTIVITY), count(ALLOWLIST)]).toEqual([
				11, 1_000, 100, 0,
			]);
		}, 120_000);

		it('has at most six requests at the same time', async () => {
			for (let i = 0; i < 40; i++) addAgent({ spendConfig: { daily_limit: '5' } });
			const pending = () =>
				service.emulator.calls.filter(({ outcome }) => outcome === 'pending').length;
			const most = { [READ]: 0, [ACTIVITY]: 0 };
			for (const route of [READ, ACTIVITY] as const) {
				service.emulator.fault({
					route,
					times: Infinity,
					match: () => {
						most[route] = Math.max(most[route], pending());
						return true;
					},
					delayMs: 50,
				});
			}

			expect(jsonOf(await getMany())).toHaveLength(40);
			expect(most).toEqual({ [READ]: 6, [ACTIVITY]: 6 });
		});
	});

	describe('Balance Below', () => {
		it('returns only the agents below it, which are low, and reads no other', async () => {
			const balances = [0n, 4_999_999n, 5_000_000n, 90_000_000n];
			for (const balanceMicro of balances)
				addAgent({ balanceMicro, spendConfig: { daily_limit: '60000000' } });

			const items = jsonOf(await getMany({ filters: { balanceBelow: '5' } }));

			expect(items).toMatchObject([
				{ balanceUsdc: '0', isLow: true },
				{ balanceUsdc: '4.999999', isLow: true },
			]);
			expect(count(READ)).toBe(2);
		});

		it('lets Limit count the agents that pass', async () => {
			for (let i = 0; i < 6; i++)
				addAgent({ name: `${i}`, balanceMicro: i % 2 === 0 ? 9n : 1n, spendConfig: {} });

			const filters = { balanceBelow: '0.000005' };
			const outcome = await getMany({ returnAll: false, limit: 2, filters });

			expect(jsonOf(outcome).map(({ name }) => name)).toEqual(['1', '3']);
			expect(textsOf(outcome)).toEqual(['Returned 2 of 3 agents.']);
		});

		it("returns a balance that can't be compared, and says so", async () => {
			addAgent({ balanceMicro: '1.5', spendConfig: {} });

			const outcome = await getMany({ filters: { balanceBelow: '1' } });

			expect(jsonOf(outcome)).toMatchObject([{ balance: '1.5', isLow: null }]);
			expect(textsOf(outcome)).toHaveLength(1);
		});
	});

	it.each<[INodeParameters, string]>([
		[{ filters: { balanceBelow: '0' } }, 'Balance Below (USDC): is 0.'],
		[{ filters: { balanceBelow: 'x' } }, 'Balance Below (USDC): "x" is not an amount.'],
		[{ filters: { balanceBelow: '={{ null }}' } }, 'Balance Below (USDC): the expression gives'],
		[{ returnAll: false, limit: 0 }, 'Limit: "0" is not a whole number above 0.'],
		[{ agentScope: 'selected', agents: [] }, 'Agent Names or IDs: none is selected.'],
		[{ agentScope: 'some' }, 'Agents: "some" is not an option.'],
	])('rejects %j, and sends nothing', async (parameters, message) => {
		const { error } = await getMany(parameters);

		expect(error?.message).toContain(message);
		expect(service.emulator.calls).toEqual([]);
	});

	it.each([READ, ACTIVITY])('returns no part of the answer if %s fails', async (route) => {
		for (let i = 0; i < 30; i++) addAgent({ spendConfig: { daily_limit: '5' } });
		service.emulator.fault({ route, status: 401, times: Infinity });

		const { items, error } = await getMany();

		expect(items).toEqual([]);
		expect(error?.message).toContain('HTTP 401');
		expect(count(route)).toBeLessThanOrEqual(12);
	});

	it('waits if there are too many requests, and returns all', async () => {
		for (let i = 0; i < 8; i++) addAgent({ spendConfig: { daily_limit: '5' } });
		service.emulator.fault({ route: READ, status: 429, headers: { 'Retry-After': '0' }, times: 3 });

		expect(jsonOf(await getMany())).toHaveLength(8);
	});

	it('shortens items to ten fields, and keeps a null', async () => {
		addAgent({ name: 'buyer', spendConfig: { daily_limit: '5000000' } });

		const [item = {}] = jsonOf(await getMany({ simplify: true }));

		expect(Object.keys(item)).toEqual([
			'name',
			'balanceUsdc',
			'isLow',
			'isSpent',
			'dailyLimitUsdc',
			'dailyUsedUsdc',
			'dailyUsedPercent',
			'monthlyLimitUsdc',
			'monthlyUsedPercent',
			'agentAddress',
		]);
		expect(item).toMatchObject({ monthlyLimitUsdc: null, monthlyUsedPercent: null });
	});

	describe('in a session', () => {
		const session = useAgentSession(service);
		const own = async () =>
			await session.run({ resource: 'spendingLimit', operation: 'getMany', returnAll: true });

		it('takes what is used from the service, and reads no payments', async () => {
			service.emulator.pay({ agent: session.agent, amountMicro: 2_000_000n });

			const items = jsonOf(await own());

			expect(items).toMatchObject([
				{
					name: 'buyer',
					agentAddress: session.agent.address,
					balanceUsdc: '12.5',
					dailyLimitUsdc: '5',
					dailyUsedUsdc: '2',
					dailyRemainingUsdc: '3',
					dailyUsedPercent: 40,
					monthlyUsedUsdc: null,
					monthlyRemainingUsdc: null,
					isLow: false,
					isSpent: false,
					usedFrom: 'service',
				},
			]);
			expect(service.seen.filter((route) => !route?.includes('/auth/'))).toEqual([
				'GET /agents/self',
				'GET /agents/self/spend-config',
			]);
		});

		it('counts more than all as used of a limit that was lowered', async () => {
			service.emulator.fault({
				route: 'GET /agents/self/spend-config',
				times: 2,
				mutate: (body) => ({ ...(body as object), daily_remaining_usdc_micro: '-1500000' }),
			});

			expect(jsonOf(await own())).toMatchObject([
				{ dailyUsedUsdc: '6.5', dailyRemainingUsdc: '0', dailyUsedPercent: 130, isSpent: true },
			]);
			const ofGet = await session.run({ resource: 'spendingLimit', operation: 'get' });
			expect(jsonOf(ofGet)).toMatchObject([{ dailyRemainingUsdc: '0' }]);
		});

		it("adds it up from payments where the service doesn't say it", async () => {
			service.emulator.pay({ agent: session.agent, amountMicro: 2_000_000n });
			service.emulator.fault({
				route: 'GET /agents/self/spend-config',
				times: Infinity,
				mutate: (body) => ({ ...(body as object), daily_remaining_usdc_micro: undefined }),
			});

			expect(jsonOf(await own())).toMatchObject([
				{ dailyUsedUsdc: '2', dailyRemainingUsdc: '3', usedFrom: 'activity' },
			]);
		});
	});
});

describe('Spending Limit: Get', () => {
	const AGENT = 'GET /agents/{address}';
	const get = async ({ address }: { address: string }) =>
		await service.run({
			resource: 'spendingLimit',
			operation: 'get',
			agent: { __rl: true, mode: 'address', value: address },
		});

	it('returns name and balance with the limits', async () => {
		const agent = addAgent({ name: 'buyer', balanceMicro: 7n, spendConfig: {} });

		expect(jsonOf(await get(agent))).toMatchObject([
			{ name: 'buyer', balanceUsdc: '0.000007', balanceUsdcMicro: '7', configured: true },
		]);
		expect(service.seen).toEqual([READ, AGENT]);
	});

	it('returns limits without name and balance if those fail, and says so', async () => {
		const agent = addAgent({ spendConfig: { daily_limit: '5000000' } });
		service.emulator.fault({ route: AGENT, status: 403, times: Infinity });

		const outcome = await get(agent);

		expect(jsonOf(outcome)).toMatchObject([
			{ name: null, balanceUsdc: null, balanceUsdcMicro: null, dailyLimitUsdc: '5' },
		]);
		expect(jsonOf(outcome)[0]).not.toHaveProperty('balance');
		expect(textsOf(outcome)).toEqual([
			expect.stringContaining(
				`This node could not read the name and balance of ${agent.address}: `,
			),
		]);
	});

	it("returns a balance that isn't whole micro-USDC as it came, and says so", async () => {
		const agent = addAgent({ balanceMicro: '1.5', spendConfig: { daily_limit: '5000000' } });

		const outcome = await get(agent);

		expect(jsonOf(outcome)).toMatchObject([{ balance: '1.5', balanceUsdc: null }]);
		expect(textsOf(outcome)).toEqual([expect.stringContaining("isn't in whole micro-USDC")]);
	});

	it('reads the balance again after a moment without an answer', async () => {
		const agent = addAgent({ balanceMicro: 7n, spendConfig: {} });
		service.emulator.fault({ route: AGENT, status: 503, headers: { 'Retry-After': '0' } });

		expect(jsonOf(await get(agent))).toMatchObject([{ balanceUsdc: '0.000007' }]);
	});
});
