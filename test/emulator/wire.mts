import type { Activity } from './history.mts';
import type { Agent, AgentKey, AutoCollectConfig, SpendConfig } from './world.mts';

/** Where the vendor's spelling is open or not known, which one the emulator speaks. */
export interface WireStyle {
	/** Unit of an activity's `timestamp`; always a string. */
	activityTimestamp: 'ms' | 's';
	activityAmount: 'string' | 'number';
	/** `created_at`, `updated_at` and `expires_at`. */
	timestamps: 'number' | 'string';
}

export const defaultStyle: Readonly<WireStyle> = {
	activityTimestamp: 'ms',
	activityAmount: 'string',
	timestamps: 'number',
};

export class Wire {
	constructor(readonly style: WireStyle) {}

	agent({ address, name, userId, balanceMicro, initData, nonce, createdAt, updatedAt }: Agent): object {
		return { address, name, userId, balance: balanceMicro, initData, nonce, createdAt, updatedAt };
	}

	key({ address, name, createdAt }: AgentKey): object {
		return { address, name, created_at: this.#time(createdAt) };
	}

	config(agent: Agent, { created_at, updated_at, ...settings }: SpendConfig | AutoCollectConfig): object {
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
			amount: (row.amountAs ?? activityAmount) === 'number' ? Number(row.amountMicro) : String(row.amountMicro),
			status: row.status,
			timestamp: String(activityTimestamp === 's' ? Math.floor(row.timestamp / 1000) : row.timestamp),
			tx_hash: row.txHash,
			chain_caip2id: row.chain,
		};
	}

	payment(row: Activity): object {
		return {
			seller_address: row.receiver,
			amount_usdc_micro: String(row.amountMicro),
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
