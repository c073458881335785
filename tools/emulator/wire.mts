import { createHash } from 'node:crypto';
import type { HostedEndpoint } from './endpoints.mts';
import type { Activity } from './payments.mts';
import type { Agent, AgentKey, AutoCollectConfig, SpendConfig } from './world.mts';

/** The format that the emulator uses if the vendor's is open or unknown. */
export interface WireStyle {
	/** Unit of an activity's `timestamp`; always a string. */
	activityTimestamp: 'ms' | 's';
	activityAmount: 'string' | 'number';
	/** `created_at`, `updated_at` and `expires_at`. */
	timestamps: 'number' | 'string';
	/** A payment as an agent's own session gets it, or as a user's session probably gets it. */
	payments: 'session' | 'user';
}

export const defaultStyle: Readonly<WireStyle> = {
	activityTimestamp: 'ms',
	activityAmount: 'string',
	timestamps: 'number',
	payments: 'session',
};

/** Looks like a secret of that length, and is the same each time. */
const proofOf = (id: string, bytes: number): string =>
	`0x${createHash('shake256', { outputLength: bytes }).update(id).digest('hex')}`;

export class Wire {
	constructor(readonly style: WireStyle) {}

	agent({
		address,
		name,
		userId,
		balanceMicro,
		initData,
		nonce,
		createdAt,
		updatedAt,
	}: Agent): object {
		return { address, name, userId, balance: balanceMicro, initData, nonce, createdAt, updatedAt };
	}

	/** As the agent sees itself. */
	agentSelf({ address, name, slug, balanceMicro }: Agent): object {
		return {
			address,
			name,
			slug,
			status: 'deployed',
			published: false,
			registry_id: null,
			registry_uri: null,
			balance_usdc_micro: balanceMicro,
		};
	}

	/** Secrets stay with the emulator. @param slug of the agent, if it has a public name */
	endpoint(endpoint: HostedEndpoint, slug: string | null): object {
		return {
			id: endpoint.id,
			agent_address: endpoint.agentAddress,
			agent_slug: slug,
			access_url: slug && `https://${slug}.example.com/${endpoint.slug}`,
			slug: endpoint.slug,
			name: endpoint.name,
			description: endpoint.description,
			price_usd: endpoint.priceUsd,
			network: 'base-sepolia',
			proxy_url: endpoint.proxyUrl,
			proxy_timeout_ms: endpoint.proxyTimeoutMs,
			allowed_methods: endpoint.allowedMethods,
			proxy_header_names: Object.keys(endpoint.proxyHeaders),
			required_header_names: endpoint.requiredHeaderNames,
			rate_limit_per_minute: endpoint.rateLimitPerMinute,
			instructions: endpoint.instructions,
			enabled: endpoint.enabled,
			created_at: this.#time(endpoint.createdAt),
			updated_at: this.#time(endpoint.updatedAt),
			deleted_at: null,
		};
	}

	key({ address, name, createdAt }: AgentKey): object {
		return { address, name, created_at: this.#time(createdAt) };
	}

	config(
		agent: Agent,
		{ created_at, updated_at, ...settings }: SpendConfig | AutoCollectConfig,
	): object {
		return {
			agent_address: agent.address,
			...settings,
			created_at: this.#time(created_at),
			updated_at: this.#time(updated_at),
		};
	}

	activity(row: Activity): object {
		const { activityTimestamp, activityAmount } = this.style;
		return {
			type: row.type,
			id: row.id,
			agent_address: row.agentAddress,
			receiver: row.receiver,
			amount:
				(row.amountAs ?? activityAmount) === 'number'
					? Number(row.amountMicro)
					: String(row.amountMicro),
			status: row.status,
			timestamp: String(
				activityTimestamp === 's' ? Math.floor(row.timestamp / 1000) : row.timestamp,
			),
			tx_hash: row.txHash,
			chain_caip2id: row.chain,
		};
	}

	/** @param isSession whether an agent calls, in its session */
	payment(row: Activity, isSession: boolean): object {
		const amount = String(row.amountMicro);
		return {
			...(this.style.payments === 'user' && !isSession
				? { id: row.id, amount, signature: proofOf(row.id, 65), nonce: proofOf(row.id, 32) }
				: { amount_usdc_micro: amount }),
			seller_address: row.receiver,
			scheme: row.scheme,
			status: row.paymentStatus,
			tx_hash: row.txHash,
			chain_caip2id: row.chain,
			created_at: this.#time(row.timestamp),
			expires_at: row.expiresAt === null ? null : this.#time(row.expiresAt),
		};
	}

	#time(ms: number): number | string {
		return this.style.timestamps === 'string' ? String(ms) : ms;
	}
}
