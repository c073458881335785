import * as z from 'zod/v4-mini';

import type { AgentRow, PaymentRow } from '../api/lists/merge';
import { explorerUrl } from '../domain/explorer';
import { simplifiedTo } from '../domain/simplify';
import { toIso } from '../domain/time';
import type { Payment } from '../schemas/payment';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, copied, time } = outputsOf<Payment, AgentRow<PaymentRow>>();

export const paymentEventOutput = outputOf({
	/** ISO 8601, UTC. */
	occurredAt: computed(text, (_, { row }) => toIso(row.at), 'created_at'),
	agentName: computed(text, (_, { agent }) => agent.name),
	...amounts({ amount: amount(text, (_, { row }) => row.amount, 'amount_usdc_micro') }),
	/** Null where the service gives none that fits. */
	counterparty: copied('seller_address', textOrNull),
	status: copied('status', text),
	/** ISO 8601, UTC. */
	expiresAt: time('expires_at'),
	scheme: copied('scheme', textOrNull),
	explorerUrl: computed(textOrNull, ({ chain_caip2id, tx_hash }) =>
		explorerUrl(chain_caip2id, tx_hash),
	),
	transactionHash: copied('tx_hash', textOrNull),
	/** CAIP-2. */
	chain: copied('chain_caip2id', textOrNull),
	agentAddress: computed(text, (_, { agent }) => agent.address),
	/** Where the service gives one. */
	id: copied('id', z.optional(text)),
});

export const simplifiedPaymentEvent = simplifiedTo(
	paymentEventOutput.schema,
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
