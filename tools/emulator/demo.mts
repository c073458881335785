import type { Agent, AgentInit, Emulator, PaymentDetails } from './index.mts';
import { randomAddress } from './index.mts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

const spends = [
	'settled',
	'settled',
	'settled',
	'denied',
	'settled',
	'authorized',
	'failed',
] as const;

/** With `earnsEvery` 3, every third payment is earned; with 0, none is. */
const mixed =
	(earnsEvery: number, typicalMicro: number) =>
	(i: number): PaymentDetails => ({
		type: earnsEvery > 0 && i % earnsEvery === 0 ? 'earn' : 'spend',
		status: earnsEvery > 0 && i % earnsEvery === 0 ? 'received' : spends[i % spends.length],
		// 7919 is prime, so amounts don't repeat soon.
		amountMicro: BigInt(typicalMicro + ((i * 7919) % typicalMicro)),
	});

interface DemoAgent {
	init: AgentInit;
	payments: number;
	everyMs: number;
	details: (i: number) => PaymentDetails;
}

/**
 * Typical agents of an account: with and without limits, allowlist, auto-collect and history.
 */
export function seedDemoAgents(emulator: Emulator): Agent[] {
	const [search, maps, weather, treasury] = Array.from({ length: 4 }, randomAddress) as [
		string,
		string,
		string,
		string,
	];
	const createdAt = emulator.now() - 60 * DAY_MS;
	const demo: DemoAgent[] = [
		{
			init: {
				name: 'Research assistant',
				balanceMicro: 24_500_000n,
				allowlist: [search, maps],
				keys: [
					{ address: randomAddress(), name: 'server' },
					{ address: randomAddress(), name: 'laptop' },
				],
				spendConfig: {
					auto_topup_allowed: true,
					daily_limit: '25000000',
					monthly_limit: '300000000',
					per_transaction_limit: '2000000',
				},
			},
			payments: 240,
			everyMs: 4 * HOUR_MS,
			details: mixed(0, 150_000),
		},
		{
			init: {
				name: 'Weather seller',
				balanceMicro: 88_120_000n,
				autoCollect: {
					enabled: true,
					target_address: treasury,
					threshold: '50000000',
					minimum_remaining: '5000000',
				},
			},
			payments: 150,
			everyMs: 7 * HOUR_MS,
			details: mixed(1, 20_000),
		},
		{
			init: {
				name: 'Travel planner',
				balanceMicro: 3_070_001n,
				allowlist: [maps, weather],
				spendConfig: { daily_limit: '5000000' },
			},
			payments: 45,
			everyMs: DAY_MS,
			details: mixed(3, 900_000),
		},
		{ init: { name: 'Fresh agent' }, payments: 0, everyMs: HOUR_MS, details: mixed(0, 1) },
	];
	return demo.map(({ init, payments, everyMs, details }) => {
		const agent = emulator.addAgent({ ...init, createdAt });
		emulator.seedActivity(agent, payments, details, { everyMs });
		return agent;
	});
}
