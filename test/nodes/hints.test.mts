import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { startEmulator } from '../../tools/emulator/index.mts';
import { useAgentSession } from './agentSession.mts';
import { historyOf } from './payments.mts';
import type { Outcome } from './n8nCore.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const ACTIVITY = 'GET /agents/{address}/activity';

const textsOf = ({ error, hints }: Outcome) => {
	expect(error).toBeUndefined();
	return hints.map(({ message }) => message);
};

const locator = ({ address }: { address: string }) => ({
	__rl: true,
	mode: 'address',
	value: address,
});

describe('A published workflow with a credential for the sandbox', () => {
	const parameters = { resource: 'agent', operation: 'getMany' };

	it('says so once, whatever the number of items', async () => {
		const outcome = await service.run(parameters, { published: true, input: [{}, {}] });

		expect(textsOf(outcome)).toEqual([
			'This workflow is published, and its Ampersend credential is for the sandbox: no real USDC ' +
				'is paid there. For production, choose another credential in this node.',
		]);
	});

	it("says nothing while it isn't published", async () => {
		expect(textsOf(await service.run(parameters))).toEqual([]);
	});

	it('says nothing with a key for production', async () => {
		const production = await startEmulator({ deployment: 'production' });
		try {
			const { apiKey, baseUrl } = production;
			const credential = { apiKey, baseUrl };

			expect(textsOf(await service.run(parameters, { published: true, credential }))).toEqual([]);
			expect(production.calls).toHaveLength(1);
		} finally {
			await production.close();
		}
	});

	it("is written to n8n's log when a trigger is published, and not at each poll", async () => {
		const trigger = openTrigger({ agentScope: 'all' }, service.credential);
		await trigger.poll('trigger', 'activate');
		await trigger.poll();

		expect(trigger.notes).toEqual([
			'Under Test: published with a credential for the sandbox, where no real USDC is paid',
		]);
	});
});

describe('A balance under the daily limit', () => {
	const READ = 'GET /agents/{address}/spend-config';
	const AGENT = 'GET /agents/{address}';
	const get = async (agent: { address: string }, options = {}) =>
		await service.run(
			{ resource: 'spendingLimit', operation: 'get', agent: locator(agent) },
			options,
		);
	const addAgent = (balanceMicro: bigint, spendConfig = {}) =>
		service.emulator.addAgent({
			name: 'Research',
			balanceMicro,
			spendConfig: { auto_topup_allowed: false, daily_limit: '5000000', ...spendConfig },
		});

	it('is shown with what to do', async () => {
		const outcome = await get(addAgent(4_999_999n));

		expect(textsOf(outcome)).toEqual([
			'"Research" has 4.999999 USDC, less than its daily limit of 5 USDC, ' +
				'and auto top-up is off. Add USDC to the agent, or turn on auto top-up.',
		]);
		expect(service.seen).toEqual([READ, AGENT]);
	});

	describe('of the agent of a session', () => {
		const session = useAgentSession(service);

		it('is shown as well', async () => {
			service.emulator.updateAgent(session.agent, { balanceMicro: 1n });

			const outcome = await session.run({ resource: 'spendingLimit', operation: 'get' });

			expect(textsOf(outcome)).toEqual([expect.stringContaining('"buyer" has 0.000001 USDC')]);
		});
	});

	it.each([
		['the balance is as high', 5_000_000n, {}],
		['auto top-up is on', 1n, { auto_topup_allowed: true }],
		['there is no daily limit', 1n, { daily_limit: null }],
	])('is not shown if %s', async (_, balance, spendConfig) => {
		expect(textsOf(await get(addAgent(balance, spendConfig)))).toEqual([]);
		expect(service.seen).toEqual([READ, AGENT]);
	});

	it('costs no further request in a run that nobody watches', async () => {
		const outcome = await get(addAgent(1n), { mode: 'trigger' });

		expect(textsOf(outcome)).toEqual([expect.stringContaining('"Research" has 0.000001 USDC')]);
		expect(service.seen).toEqual([READ, AGENT]);
	});

	it.each([
		[404, 'This node could not read the name and balance of', [READ, AGENT]],
		[429, '"Research" has 0.000001 USDC', [READ, AGENT, AGENT]],
		[503, '"Research" has 0.000001 USDC', [READ, AGENT, AGENT]],
	])('is shown once the balance can be read, after a %d', async (status, text, seen) => {
		const agent = addAgent(1n);
		service.emulator.fault({ route: AGENT, status, headers: { 'Retry-After': '0' } });

		const outcome = await get(agent);

		expect(textsOf(outcome)).toEqual([expect.stringContaining(text)]);
		expect(outcome.items[0]?.json).toMatchObject({ dailyLimitUsdc: '5' });
		expect(service.seen).toEqual(seen);
	});
});

describe('Limits that may not be meant', () => {
	const key = `0x${'12'.repeat(20)}`;
	const add = (additionalFields: INodeParameters) => [
		{
			resource: 'agent',
			operation: 'create',
			name: 'Buyer',
			agentKeyAddress: key,
			additionalFields,
		},
		{
			resource: 'agent',
			operation: 'requestApproval',
			name: 'Buyer',
			agentKeyAddress: key,
			additionalFields,
		},
	];
	const micro = (whose: string) =>
		`Daily Limit (USDC) of ${whose} is 100000.000001, more than 100000. ` +
		'Amounts are in USDC, not in micro-USDC: lower it if you meant less.';
	const monthly = (whose: string) =>
		`The daily limit of ${whose} (5.5 USDC) is more than its monthly limit (5 USDC), ` +
		'so only the monthly limit has an effect.';

	it.each([
		[
			{ dailyLimit: '100000.000001' },
			[
				micro('"Buyer"'),
				'"Buyer" has no limit for: Monthly Limit (USDC), Limit per Transaction (USDC).',
			],
		],
		[{ dailyLimit: '5.5', monthlyLimit: '5', noPerTransactionLimit: true }, [monthly('"Buyer"')]],
		[{ dailyLimit: '100000', monthlyLimit: '100000', perTransactionLimit: '1' }, []],
		[{}, []],
	])('are named with a new agent that has %j', async (fields, texts) => {
		for (const parameters of add(fields)) {
			expect(textsOf(await service.run(parameters))).toEqual(texts);
		}
	});

	it('are named after an update, with what was set before', async () => {
		const spendConfig = { daily_limit: '1000000', monthly_limit: '5000000' };
		const agent = service.emulator.addAgent({ spendConfig });
		const update = async (dailyLimit: string) =>
			textsOf(
				await service.run({
					resource: 'spendingLimit',
					operation: 'update',
					agent: locator(agent),
					updateFields: { dailyLimit },
				}),
			);

		expect(await update('5')).toEqual([]);
		expect(await update('5.5')).toEqual([monthly(agent.address)]);
	});

	it('are not named for an agent that exists, whose limits stay', async () => {
		service.emulator.addAgent({ name: 'Buyer' });
		const [create = {}] = add({ dailyLimit: '100001' });

		expect(textsOf(await service.run({ ...create, ifAgentExists: 'return' }))).toEqual([]);
	});
});

describe("An answer that has changed, and that the node can't take as assumed", () => {
	it.each([
		['get', 'GET /agents/{address}', (agent: object) => ({ ...agent, balance: '1.5' })],
		[
			'getMany',
			'GET /agents',
			(page: object) => ({
				...page,
				items: Reflect.get(page, 'items').map((agent: object) => ({ ...agent, balance: '1.5' })),
			}),
		],
	] as const)(
		"Agent: %s says that a balance isn't micro-USDC",
		async (operation, route, change) => {
			const agent = service.emulator.addAgent({ name: 'Research' });
			service.emulator.fault({ route, mutate: (body) => change(body as object) });

			const outcome = await service.run({
				resource: 'agent',
				operation,
				...(operation === 'get' && { agent: locator(agent) }),
			});

			expect(textsOf(outcome)).toEqual([
				expect.stringMatching(/^The balance of ".+" is "1\.5", which isn't in whole micro-USDC\./),
			]);
		},
	);

	const { changeNewest } = historyOf(service, 'transaction');
	const rows = { agentScope: 'all' };

	it.each([
		['getMany', { ...rows, returnAll: true }],
		['export', rows],
		['summarize', rows],
	])('Transaction: %s names a status and a direction that are new', async (operation, fields) => {
		const agent = service.emulator.addAgent();
		service.emulator.pay({ agent });
		service.emulator.fault(changeNewest({ status: 'refunded', type: 'refund' }));

		const outcome = await service.run({ resource: 'transaction', operation, ...fields });

		const ending =
			'They count as money that has not moved, unless a filter leaves them out. ' +
			'A newer version of n8n-nodes-ampersend may know more.';
		expect(textsOf(outcome)).toEqual([
			`Some transactions have a direction that this node doesn't know: "refund". ${ending}`,
			`Some transactions have a status that this node doesn't know: "refunded". ${ending}`,
		]);
	});

	it.each([
		['transaction', ACTIVITY, 'transactions'],
		['paymentEvent', 'GET /agents/{address}/payments', 'payment events'],
	])('%s: getMany names a chain that is new', async (resource, route, noun) => {
		const agent = service.emulator.addAgent();
		service.emulator.pay({ agent });
		service.emulator.pay({ agent });
		const onChains = (all: object[]) =>
			all.map((row, i) => ({ ...row, chain_caip2id: i === 0 ? 'eip155:1' : null }));
		service.emulator.fault({
			route,
			mutate: (body) =>
				Array.isArray(body)
					? onChains(body)
					: { ...(body as object), activity: onChains(Reflect.get(body as object, 'activity')) },
		});

		const outcome = await service.run({ resource, operation: 'getMany', ...rows, returnAll: true });

		expect(outcome.items[0]?.json).toMatchObject({ chain: 'eip155:1', explorerUrl: null });
		expect(textsOf(outcome)).toEqual([
			`Some ${noun} have a chain that this node doesn't know: "eip155:1". ` +
				'They count like the others, unless a filter leaves them out. ' +
				'A newer version of n8n-nodes-ampersend may know more.',
		]);
	});

	it('is named where a filter leaves it out', async () => {
		const agent = service.emulator.addAgent();
		service.emulator.pay({ agent });
		service.emulator.fault(changeNewest({ status: 'refunded' }));

		const parameters: INodeParameters = {
			...rows,
			returnAll: true,
			filters: { status: ['settled'] },
		};
		const outcome = await service.run({
			resource: 'transaction',
			operation: 'getMany',
			...parameters,
		});

		expect(outcome.items).toEqual([]);
		expect(textsOf(outcome)).toEqual([expect.stringContaining('"refunded"')]);
	});

	it('Payment Event: getMany names a few of many new statuses', async () => {
		const agent = service.emulator.addAgent();
		for (let i = 0; i < 8; i++) service.emulator.pay({ agent });
		service.emulator.fault({
			route: 'GET /agents/{address}/payments',
			mutate: (body) => (body as object[]).map((row, i) => ({ ...row, status: `new-${i}` })),
		});

		const outcome = await service.run({
			resource: 'paymentEvent',
			operation: 'getMany',
			...rows,
			returnAll: true,
		});

		const named = [0, 1, 2, 3, 4].map((i) => `"new-${i}"`).join(', ');
		expect(textsOf(outcome)).toEqual([
			expect.stringContaining(`a status that this node doesn't know: ${named}. `),
		]);
	});
});
