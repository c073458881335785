import type { Activity, Agent, Emulator } from './index.mts';
import { randomAddress } from './index.mts';

export interface StreamedPayment {
	/** A new payment, or a new status of an existing one. */
	kind: 'new' | 'status';
	agent: Agent;
	activity: Activity;
}

export interface StreamOptions {
	/** Time between payments; with 0 only `next` makes payments. */
	everyMs: number;
	onPayment?: (payment: StreamedPayment) => void;
	/** Returns a number from 0 to below 1. */
	random?: () => number;
}

export interface PaymentStream {
	/** Makes the next payment now; does nothing if the main user has no agent. */
	next(): StreamedPayment | undefined;
	stop(): void;
}

const kinds = [
	{ weight: 4, type: 'spend', status: 'authorized' },
	{ weight: 2, type: 'spend', status: 'settled' },
	{ weight: 1, type: 'spend', status: 'denied' },
	{ weight: 3, type: 'earn', status: 'received' },
] as const;

const SETTLE_CHANCE = 0.5;
const FAIL_CHANCE = 0.1;
const MAX_AMOUNT_MICRO = 2_000_000;

/**
 * Makes the main user's agents pay and earn: new payments, some denied, and authorized ones that
 * settle or fail later.
 */
export function startPaymentStream(emulator: Emulator, options: StreamOptions): PaymentStream {
	const { everyMs, onPayment = () => {}, random = Math.random } = options;
	const strangers = Array.from({ length: 4 }, randomAddress);
	let authorized: StreamedPayment[] = [];

	const oneOf = <T,>(items: readonly T[]): T | undefined =>
		items[Math.floor(random() * items.length)];

	function settleOne(): StreamedPayment | undefined {
		const first = authorized.shift();
		if (!first) return undefined;
		const activity = emulator.setStatus(
			first.activity.id,
			random() < FAIL_CHANCE ? 'failed' : 'settled',
		);
		return { kind: 'status', agent: first.agent, activity };
	}

	function payOne(agents: readonly Agent[]): StreamedPayment | undefined {
		const agent = oneOf(agents);
		const kind = oneOf(kinds.flatMap((one) => Array.from({ length: one.weight }, () => one)));
		if (!agent || !kind) return undefined;
		const activity = emulator.pay({
			agent,
			type: kind.type,
			status: kind.status,
			amountMicro: BigInt(1 + Math.floor(random() * MAX_AMOUNT_MICRO)),
			counterparty: oneOf(agent.allowlist.length > 0 ? agent.allowlist : strangers),
		});
		const payment: StreamedPayment = { kind: 'new', agent, activity };
		if (kind.status === 'authorized') authorized.push(payment);
		return payment;
	}

	function next(): StreamedPayment | undefined {
		const agents = emulator.agents();
		const present = new Set(agents.map(({ address }) => address));
		authorized = authorized.filter(({ agent }) => present.has(agent.address));
		const payment =
			authorized.length > 0 && random() < SETTLE_CHANCE ? settleOne() : payOne(agents);
		if (payment) onPayment(payment);
		return payment;
	}

	const timer = everyMs > 0 ? setInterval(next, everyMs) : undefined;
	return { next, stop: () => clearInterval(timer) };
}
