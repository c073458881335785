import * as z from 'zod/v4-mini';

import type { AgentRow, PaymentRow } from '../../api/lists/merge';
import { explorerUrl } from '../../domain/explorer';
import { omit, withRest } from '../../domain/json';
import { amountFields, amountShape } from '../../domain/money';
import { simplifiedTo } from '../../domain/simplify';
import { toIso, toIsoOrNull } from '../../domain/time';

const text = z.string();

/** A payment event as it leaves the node. */
export const paymentEventOutput = z.object({
	/** ISO 8601, UTC. */
	occurredAt: text,
	agentName: text,
	...amountShape({ amount: text }),
	/** Null where the service gives none that fits. */
	counterparty: z.nullable(text),
	status: text,
	/** ISO 8601, UTC. */
	expiresAt: z.nullable(text),
	scheme: z.nullable(text),
	explorerUrl: z.nullable(text),
	transactionHash: z.nullable(text),
	/** CAIP-2. */
	chain: z.nullable(text),
	agentAddress: text,
	/** Where the service gives one. */
	id: z.optional(text),
});

export const simplifiedPaymentEvent = simplifiedTo(
	paymentEventOutput,
	[
		'occurredAt',
		'agentName',
		'amountUsdc',
		'counterparty',
		'status',
		'expiresAt',
		'explorerUrl',
		'agentAddress',
	],
	'id',
);
export type PaymentEventOutput = z.infer<typeof paymentEventOutput>;

/** Wire fields that the output renames or converts. */
const knownFields = new Set([
	'id',
	'seller_address',
	'amount_usdc_micro',
	'status',
	'scheme',
	'tx_hash',
	'chain_caip2id',
	'created_at',
	'expires_at',
] as const);

/** Fields of the service that aren't known here survive. */
export function toPaymentEventOutput({ row, agent }: AgentRow<PaymentRow>): PaymentEventOutput {
	const { wire, at, amount } = row;
	const { id, seller_address, status, scheme, tx_hash, chain_caip2id, expires_at } = wire;
	return withRest(
		{
			occurredAt: toIso(at),
			agentName: agent.name,
			...amountFields({ amount }),
			counterparty: seller_address,
			status,
			expiresAt: toIsoOrNull(expires_at),
			scheme,
			explorerUrl: explorerUrl(chain_caip2id, tx_hash),
			transactionHash: tx_hash,
			chain: chain_caip2id,
			agentAddress: agent.address,
			...(id !== undefined && { id }),
		},
		omit(wire, knownFields),
	);
}
