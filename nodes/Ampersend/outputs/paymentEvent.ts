import type { AgentRow, PaymentRow } from '../api/lists/merge';
import { simplifiedTo } from '../domain/simplify';
import { toIso } from '../domain/time';
import type { Payment } from '../schemas/payment';
import { onChain } from './onChain';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, copied, time } = outputsOf<Payment, AgentRow<PaymentRow>>();

export const paymentEventOutput = outputOf({
	/** ISO 8601, UTC. */
	occurredAt: computed(text, (_, { row }) => toIso(row.at), 'created_at'),
	agentName: computed(text, (_, { agent }) => agent.name),
	...amounts({ amount: amount(text, (_, { row }) => row.amount, 'amount_usdc_micro') }),
	status: copied('status', text),
	/** ISO 8601, UTC. */
	expiresAt: time('expires_at'),
	scheme: copied('scheme', textOrNull),
	/** Null where the service gives none that fits. */
	counterparty: copied('seller_address', textOrNull),
	agentAddress: computed(text, (_, { agent }) => agent.address),
	...onChain,
	/** Null where the service gives none. */
	id: computed(textOrNull, ({ id }) => id ?? null, 'id'),
});

export const simplifiedPaymentEvent = simplifiedTo(
	paymentEventOutput.schema,
	[
		'occurredAt',
		'agentName',
		'amountUsdc',
		'status',
		'expiresAt',
		'counterparty',
		'agentAddress',
		'explorerUrl',
	],
	'id',
);
