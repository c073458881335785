import type { Address } from './address';
import { sameAddress } from './address';
import { withFurther } from './json';
import { amount } from './money';
import { epochToMs, toIso } from './time';

/** An activity row, as far as it is read here (see schemas/activity.ts). */
export interface ActivityRow {
	id: string;
	/** `earn`, `spend`, or one that is new. */
	type: string;
	agent_address: Address;
	receiver: Address;
	/** Micro-USDC. */
	amount: number | string;
	status: string;
	/** Epoch seconds or ms. */
	timestamp: number | string;
	tx_hash: string | null;
	chain_caip2id: string | null;
}

/** The agent that a row belongs to. */
export interface AgentLabel {
	address: Address;
	name: string;
}

const EXPLORERS = new Map([
	['eip155:8453', 'https://basescan.org/tx/'],
	['eip155:84532', 'https://sepolia.basescan.org/tx/'],
]);

const TRANSACTION_HASH = /^0x[0-9a-f]{64}$/i;

/**
 * Link to a transaction in its chain's explorer; null where the chain is unknown or the hash is
 * none.
 */
export function explorerUrl(chain: string | null, transactionHash: string | null): string | null {
	const explorer = chain === null ? undefined : EXPLORERS.get(chain);
	if (!explorer || transactionHash === null || !TRANSACTION_HASH.test(transactionHash)) return null;
	return explorer + transactionHash;
}

/**
 * Whom a row pays. A row names a receiver only: on a payment earned that is usually the agent
 * itself, and who paid is not published, so it is null.
 */
export function counterpartyOf({
	receiver,
	agent_address,
}: Pick<ActivityRow, 'receiver' | 'agent_address'>): Address | null {
	return sameAddress(receiver, agent_address) ? null : receiver;
}

/** A transaction as it leaves the nodes: amounts in both spellings, ISO 8601 time in UTC. */
export type Transaction = ReturnType<typeof toTransaction>;

/** Fields that are not known here survive as they came. */
export function toTransaction(row: ActivityRow, agent: AgentLabel) {
	const {
		id,
		type,
		agent_address,
		receiver,
		amount: received,
		status,
		timestamp,
		tx_hash,
		chain_caip2id,
		...unknown
	} = row;
	const { usdc, micro } = amount(BigInt(received));
	return withFurther(
		{
			id,
			agentAddress: agent_address,
			agentName: agent.name,
			direction: type,
			counterparty: counterpartyOf({ receiver, agent_address }),
			amountUsdc: usdc,
			amountUsdcMicro: micro,
			status,
			transactionHash: tx_hash,
			explorerUrl: explorerUrl(chain_caip2id, tx_hash),
			chain: chain_caip2id,
			occurredAt: toIso(epochToMs(timestamp)),
		},
		unknown,
	);
}
