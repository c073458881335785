import type { Address } from './address';
import { withFurther } from './json';
import { amount } from './money';
import { toIso } from './time';
import type { AgentLabel } from './transaction';
import { explorerUrl } from './transaction';

/** A payment that an agent made or tried to make (see schemas/payment.ts). */
export interface PaymentRow {
	/** Some routes give none. */
	id?: string;
	seller_address: Address;
	/** Micro-USDC. */
	amount_usdc_micro: string;
	scheme: string | null;
	status: string;
	tx_hash: string | null;
	chain_caip2id: string | null;
	/** Epoch ms. */
	created_at: number | string;
	/** Epoch ms. */
	expires_at: number | string | null;
}

/** A payment event as it leaves the nodes: amounts in both spellings, ISO 8601 times in UTC. */
export type PaymentEvent = ReturnType<typeof toPaymentEvent>;

/** Fields that are not known here survive as they came. */
export function toPaymentEvent(row: PaymentRow, agent: AgentLabel) {
	const {
		id,
		seller_address,
		amount_usdc_micro,
		scheme,
		status,
		tx_hash,
		chain_caip2id,
		created_at,
		expires_at,
		...unknown
	} = row;
	const { usdc, micro } = amount(amount_usdc_micro);
	return withFurther(
		{
			...(id !== undefined && { id }),
			agentAddress: agent.address,
			agentName: agent.name,
			counterparty: seller_address,
			amountUsdc: usdc,
			amountUsdcMicro: micro,
			status,
			scheme,
			transactionHash: tx_hash,
			explorerUrl: explorerUrl(chain_caip2id, tx_hash),
			chain: chain_caip2id,
			occurredAt: toIso(created_at),
			expiresAt: expires_at === null ? null : toIso(expires_at),
		},
		unknown,
	);
}
