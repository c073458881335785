import * as z from 'zod/v4-mini';

import { amountShape } from '../domain/money';
import { text, textOrNull } from './output';

/** An offer of the seller that isn't paid. */
const declinedOffer = z.object({
	/** Its place among the seller's, from 1. */
	offer: z.number(),
	reason: text,
	/** Ampersend's, such as `daily_limit_exceeded`. */
	reasonCode: textOrNull,
	/** Null if the seller spells it in another way. */
	amountUsdc: textOrNull,
	payTo: text,
	network: text,
});

export const authorizedOutput = z.object({
	authorized: z.boolean(),
	/** Null if it's authorized. `nothingToPay` if the seller asks for nothing. */
	reason: textOrNull,
	...amountShape({ amount: z.optional(text) }),
	/** What is sold, as the seller says. */
	description: z.optional(textOrNull),
	/** What is left of the limit after this payment. Null without a limit. */
	dailyRemainingUsdc: z.optional(textOrNull),
	monthlyRemainingUsdc: z.optional(textOrNull),
	/** ISO 8601, UTC. Until then, the header can be used. */
	validBefore: z.optional(text),
	/** As the seller names it. */
	network: z.optional(text),
	x402Version: z.optional(z.number()),
	keyKind: z.optional(z.enum(['coSigned', 'fullAccess'])),
	/** Why each offer isn't paid, if none is. */
	offers: z.optional(z.array(declinedOffer)),
	/** The agent. */
	from: z.optional(text),
	payTo: z.optional(text),
	/** The contract of USDC. */
	asset: z.optional(text),
	/** Of what is sold, as the seller says. */
	resource: z.optional(textOrNull),
	/** The header that pays. */
	headerName: z.optional(text),
	/** Secret until `validBefore`. */
	headerValue: z.optional(text),
	/** For Payment: Report. */
	paymentId: z.optional(text),
	nonce: z.optional(text),
});

export type AuthorizedOutput = z.infer<typeof authorizedOutput>;
export type DeclinedOffer = z.infer<typeof declinedOffer>;

export const outcomes = ['accepted', 'rejected', 'error'] as const;

export const reportedOutput = z.object({
	outcome: z.enum(outcomes),
	/** What the seller says. Null if it says nothing. */
	settled: z.nullable(z.boolean()),
	/** Null if the seller accepted it. */
	errorReason: textOrNull,
	received: z.boolean(),
	explorerUrl: textOrNull,
	transactionHash: textOrNull,
	/** Ampersend's id of the payment. */
	ampersendPaymentId: textOrNull,
});
