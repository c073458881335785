import { randomInt, randomUUID } from 'node:crypto';
import { addressId, isAddress, randomAddress, randomHash } from './addresses.mts';
import type { AutoCollectInput, SpendConfigInput } from './decode.mts';
import { deployments, type DeploymentName } from './deployments.mts';
import { History, type Activity, type ActivityStatus, type PaymentStatus } from './payments.mts';

export interface AgentKey {
	address: string;
	name: string | null;
	/** Epoch milliseconds, as all times here. */
	createdAt: number;
}

interface Stamps {
	created_at: number;
	updated_at: number;
}

export type SpendConfig = SpendConfigInput & Stamps;
export type AutoCollectConfig = AutoCollectInput & Stamps;

/** Everything that the emulator knows about an agent, except its payments. */
export interface Agent {
	address: string;
	name: string;
	/** Its public name, if it has one. */
	slug: string | null;
	/** The test's name for the user that it belongs to. */
	owner: string;
	userId: string;
	balanceMicro: string;
	initData: Record<string, unknown>;
	nonce: string;
	createdAt: number;
	updatedAt: number;
	keys: AgentKey[];
	allowlist: string[];
	spendConfig: SpendConfig | null;
	autoCollect: AutoCollectConfig | null;
	/** Whether the service signs its payments, too, or its keys sign alone. */
	paymentKey: PaymentKey;
	/** Whether an authorization with a full-access key suggests a nonce. */
	suggestsNonce: boolean;
}

export type PaymentKey = 'coSigned' | 'fullAccess';

export interface AgentInit {
	address?: string;
	name?: string;
	slug?: string;
	owner?: string;
	balanceMicro?: bigint | string;
	initData?: Record<string, unknown>;
	createdAt?: number;
	/** One random key by default. */
	keys?: Array<string | { address: string; name?: string | null }>;
	allowlist?: string[];
	spendConfig?: Partial<SpendConfigInput> | null;
	autoCollect?: Partial<AutoCollectInput> | null;
	/** Of all its keys; co-signed by default. */
	paymentKey?: PaymentKey;
	/** False by default. */
	suggestsNonce?: boolean;
}

/** Replaces what is given; other fields of a config stay unchanged. */
export type AgentPatch = Pick<
	AgentInit,
	| 'name'
	| 'slug'
	| 'balanceMicro'
	| 'allowlist'
	| 'keys'
	| 'spendConfig'
	| 'autoCollect'
	| 'paymentKey'
	| 'suggestsNonce'
>;

export interface PaymentDetails {
	type?: Activity['type'];
	amountMicro?: bigint | string;
	status?: ActivityStatus;
	/** Who gets a spend. The wire has no payer, so the receiver of an earning is the agent. */
	counterparty?: string;
	/** Epoch milliseconds; now by default. */
	timestamp?: number;
	txHash?: string | null;
	amountAs?: Activity['amountAs'];
	paymentStatus?: PaymentStatus;
	scheme?: Activity['scheme'];
	/** Epoch milliseconds. */
	expiresAt?: number | null;
}

export type AgentRef = string | { address: string };

export interface PaymentInit extends PaymentDetails {
	agent: AgentRef;
	id?: string;
}

export interface SeedOptions {
	/** Time of the newest row; now by default. */
	newest?: number;
	/** Time between rows that have no time of their own; a minute by default. */
	everyMs?: number;
}

export const MAIN_USER = 'main';

const PAYMENT_LIFETIME_MS = 5 * 60_000;
const MINUTE_MS = 60_000;

const paymentStatusOf: Readonly<Record<ActivityStatus, PaymentStatus>> = {
	received: 'settled',
	settled: 'settled',
	authorized: 'authorized',
	failed: 'failure',
	denied: 'denied',
};

const isOnChain = (status: ActivityStatus): boolean =>
	status === 'settled' || status === 'received';

const noLimits: SpendConfigInput = {
	auto_topup_allowed: false,
	daily_limit: null,
	monthly_limit: null,
	per_transaction_limit: null,
};

const nothingCollected: AutoCollectInput = {
	enabled: false,
	target_address: null,
	threshold: '0',
	minimum_remaining: null,
};

function keysOf(keys: NonNullable<AgentInit['keys']>, createdAt: number): AgentKey[] {
	return keys.map((key) => {
		const { address, name = null } = typeof key === 'string' ? { address: key } : key;
		return { address, name, createdAt };
	});
}

function configOf<T extends object>(
	fallback: T,
	before: (T & Stamps) | null,
	settings: Partial<T> | null,
	now: number,
): (T & Stamps) | null {
	return (
		settings && {
			...fallback,
			...before,
			...settings,
			created_at: before?.created_at ?? now,
			updated_at: now,
		}
	);
}

/** Much faster than `structuredClone`. */
export const copyOf = (agent: Agent): Agent => ({
	...agent,
	initData: { ...agent.initData },
	keys: agent.keys.map((key) => ({ ...key })),
	allowlist: [...agent.allowlist],
	spendConfig: agent.spendConfig && { ...agent.spendConfig },
	autoCollect: agent.autoCollect && { ...agent.autoCollect },
});

/** An agent and its payments. */
export interface Entry {
	agent: Agent;
	history: History;
}

interface Place {
	history: History;
	ref: number;
}

/** All state of one deployment. */
export class World {
	readonly chain: string;
	readonly #entries = new Map<string, Entry>();
	readonly #userIds = new Map<string, string>();
	readonly #wallets = new Map<string, string>();
	readonly #payments = new Map<string, Place>();
	readonly #seeds = new Map<string, Place & { count: number }>();

	constructor(
		deployment: DeploymentName,
		readonly clock: () => number,
	) {
		this.chain = deployments[deployment].chain;
	}

	find(address: string): Entry | undefined {
		return this.#entries.get(addressId(address));
	}

	get(ref: AgentRef): Entry {
		const address = typeof ref === 'string' ? ref : ref.address;
		const entry = this.find(address);
		if (!entry) throw new Error(`The emulator has no agent ${address}`);
		return entry;
	}

	/** In the order of their creation. */
	agentsOf(owner: string): Agent[] {
		return [...this.#entries.values()].flatMap(({ agent }) =>
			agent.owner === owner ? [agent] : [],
		);
	}

	addAgent(init: AgentInit = {}): Agent {
		const address = init.address ?? randomAddress();
		if (!isAddress(address)) throw new Error(`addAgent: not an address: ${address}`);
		if (this.find(address)) throw new Error(`addAgent: there is an agent ${address} already`);
		const now = this.clock();
		const owner = init.owner ?? MAIN_USER;
		const createdAt = init.createdAt ?? now;
		const agent: Agent = {
			address,
			name: init.name ?? `agent ${this.#entries.size + 1}`,
			slug: init.slug ?? null,
			owner,
			userId: this.#userId(owner),
			balanceMicro: String(init.balanceMicro ?? 0),
			initData: init.initData ?? { address, intentExecutorInstalled: true },
			nonce: String(randomInt(1, 2 ** 47)),
			createdAt,
			updatedAt: createdAt,
			keys: keysOf(init.keys ?? [randomAddress()], createdAt),
			allowlist: [...(init.allowlist ?? [])],
			spendConfig: configOf(noLimits, null, init.spendConfig ?? null, createdAt),
			autoCollect: configOf(nothingCollected, null, init.autoCollect ?? null, createdAt),
			paymentKey: init.paymentKey ?? 'coSigned',
			suggestsNonce: init.suggestsNonce ?? false,
		};
		this.#entries.set(addressId(address), { agent, history: new History() });
		return agent;
	}

	updateAgent(ref: AgentRef, patch: AgentPatch): void {
		const { agent } = this.get(ref);
		const now = this.clock();
		if (patch.name !== undefined) agent.name = patch.name;
		if (patch.slug !== undefined) agent.slug = patch.slug;
		if (patch.balanceMicro !== undefined) agent.balanceMicro = String(patch.balanceMicro);
		if (patch.allowlist !== undefined) agent.allowlist = [...patch.allowlist];
		if (patch.paymentKey !== undefined) agent.paymentKey = patch.paymentKey;
		if (patch.suggestsNonce !== undefined) agent.suggestsNonce = patch.suggestsNonce;
		if (patch.keys !== undefined) agent.keys = keysOf(patch.keys, now);
		if (patch.spendConfig !== undefined) {
			agent.spendConfig = configOf(noLimits, agent.spendConfig, patch.spendConfig, now);
		}
		if (patch.autoCollect !== undefined) {
			agent.autoCollect = configOf(nothingCollected, agent.autoCollect, patch.autoCollect, now);
		}
		agent.updatedAt = now;
	}

	removeAgent(ref: AgentRef): void {
		const { agent, history } = this.get(ref);
		this.#entries.delete(addressId(agent.address));
		for (const places of [this.#payments, this.#seeds]) {
			for (const [id, place] of places) if (place.history === history) places.delete(id);
		}
	}

	pay({ agent: ref, id = randomUUID(), ...details }: PaymentInit): Activity {
		const { agent, history } = this.get(ref);
		const known = this.#payments.get(id);
		if (known?.history === history) throw new Error(`pay: there is a payment ${id} already`);
		const row = this.#row(agent, id, {
			...details,
			timestamp: details.timestamp ?? this.clock(),
			counterparty: details.counterparty ?? randomAddress(),
			txHash: details.txHash,
		});
		const place = { history, ref: history.insert(row) };
		// An agent that another one pays can have the same id: `setStatus` is of the first.
		if (!known) this.#payments.set(id, place);
		return row;
	}

	/** Adds `count` rows, oldest first; `details` has to return the same for an `i` each time. */
	seed(
		ref: AgentRef,
		count: number,
		details: (i: number) => PaymentDetails,
		options: SeedOptions,
	): void {
		const { agent, history } = this.get(ref);
		const { newest = this.clock(), everyMs = MINUTE_MS } = options;
		const runId = randomUUID();
		const sellers = Array.from({ length: 5 }, randomAddress);
		const hashes = Array.from({ length: 16 }, randomHash);
		const hashAt = (i: number): string =>
			`${hashes[i % hashes.length]?.slice(0, -8)}${i.toString(16).padStart(8, '0')}`;
		const timeAt = (i: number, { timestamp } = details(i)): number =>
			timestamp ?? newest - (count - 1 - i) * everyMs;
		const rowAt = (i: number): Activity => {
			const given = details(i);
			return this.#row(agent, `${runId}:${i}`, {
				...given,
				type: given.type ?? (i % 3 === 0 ? 'earn' : 'spend'),
				amountMicro: given.amountMicro ?? BigInt(10_000 + (i % 1_000) * 100),
				timestamp: timeAt(i, given),
				counterparty: given.counterparty ?? sellers[i % sellers.length],
				txHash: given.txHash === undefined ? hashAt(i) : given.txHash,
			});
		};
		const firstRef = history.seed({ count, rowAt, timeAt: (i) => timeAt(i) });
		this.#seeds.set(runId, { history, ref: firstRef, count });
	}

	setStatus(id: string, status: ActivityStatus, paymentStatus = paymentStatusOf[status]): Activity {
		const { history, ref } = this.#place(id);
		const { txHash } = history.row(ref);
		return history.change(ref, {
			status,
			paymentStatus,
			txHash: isOnChain(status) ? (txHash ?? randomHash()) : txHash,
		});
	}

	#place(id: string): Place {
		const paid = this.#payments.get(id);
		if (paid) return paid;
		const [runId = '', i = ''] = id.split(':');
		const seed = this.#seeds.get(runId);
		if (!seed || !/^\d+$/.test(i) || Number(i) >= seed.count)
			throw new Error(`The emulator has no payment ${id}`);
		return { history: seed.history, ref: seed.ref + Number(i) };
	}

	#row(agent: Agent, id: string, details: PaymentDetails & { timestamp?: number }): Activity {
		const { type = 'spend', timestamp = this.clock(), counterparty } = details;
		const status = details.status ?? (type === 'earn' ? 'received' : 'settled');
		return {
			id,
			agentAddress: agent.address,
			type,
			receiver: type === 'earn' ? agent.address : (counterparty ?? agent.address),
			amountMicro: BigInt(details.amountMicro ?? 10_000),
			status,
			timestamp,
			txHash: isOnChain(status)
				? details.txHash === undefined
					? randomHash()
					: details.txHash
				: null,
			chain: this.chain,
			amountAs: details.amountAs,
			paymentStatus: details.paymentStatus ?? paymentStatusOf[status],
			scheme: details.scheme === undefined ? 'exact' : details.scheme,
			expiresAt:
				details.expiresAt === undefined ? timestamp + PAYMENT_LIFETIME_MS : details.expiresAt,
		};
	}

	/** The wallet of a user: the same each time. */
	walletOf(owner: string): string {
		const known = this.#wallets.get(owner) ?? randomAddress();
		this.#wallets.set(owner, known);
		return known;
	}

	#userId(owner: string): string {
		const known = this.#userIds.get(owner);
		if (known) return known;
		const made = randomUUID();
		this.#userIds.set(owner, made);
		return made;
	}
}
