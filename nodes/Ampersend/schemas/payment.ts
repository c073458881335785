import * as z from 'zod/v4-mini';

import { address, micro, timestamp } from './common';

/** A payment that an agent made or tried to make. Source: SDK, agent.ts: AgentSelfPaymentDTO. It has no id. */
export const payment = z.looseObject({
	seller_address: address,
	amount_usdc_micro: micro,
	scheme: z.nullable(z.string()),
	status: z.string().check(z.minLength(1)),
	tx_hash: z.nullable(z.string()),
	chain_caip2id: z.nullable(z.string()),
	created_at: timestamp,
	expires_at: z.nullable(timestamp),
});

export type Payment = z.infer<typeof payment>;

export const payments = z.array(payment);
