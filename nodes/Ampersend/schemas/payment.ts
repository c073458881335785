import * as z from 'zod/v4-mini';

import { wholeMicro } from './activity';
import { address, ifFits, list, micro, someText, timestamp } from './common';
import { withoutProofs } from './proofs';

/**
 * A payment that an agent made or tried to make, in either of its two forms. An agent's own session
 * gets `amount_usdc_micro` and no id (SDK, agent.ts: AgentSelfPaymentDTO); `amount` is what the SDK
 * read before 051de14, and what a user API key probably gets, perhaps with an id.
 */
const eitherPayment = z.looseObject({
	id: z.optional(z.nullable(z.union([someText, z.number()]))),
	seller_address: ifFits(address),
	amount_usdc_micro: z.optional(z.nullable(micro)),
	amount: z.optional(z.nullable(wholeMicro)),
	scheme: ifFits(z.string()),
	status: someText,
	tx_hash: ifFits(z.string()),
	chain_caip2id: ifFits(z.string()),
	created_at: timestamp,
	expires_at: ifFits(timestamp),
});

/** One form for both: the amount under one name, the id as text where there is one. */
export const payment = z.pipe(
	eitherPayment,
	z.transform(({ id, amount, amount_usdc_micro, ...row }, { issues }) => {
		const complain = (field: string, message: string) =>
			issues.push({ code: 'custom', input: row, path: [field], message });
		const [named, other] = [amount_usdc_micro ?? undefined, amount ?? undefined];
		const micros = named ?? String(other);
		// A row with an amount of a wrong form gets here as well, without that amount.
		const isSound = issues.length === 0;
		if (isSound && named === undefined && other === undefined) {
			complain('amount_usdc_micro', 'is missing, and so is amount');
		} else if (isSound && other !== undefined && String(other) !== micros) {
			complain('amount', 'differs from amount_usdc_micro');
		}
		const identity = id === undefined || id === null ? {} : { id: String(id) };
		return withoutProofs({ ...row, ...identity, amount_usdc_micro: micros });
	}),
);

export type Payment = z.infer<typeof payment>;

export const payments = list(payment, 'payments');
