import * as z from 'zod/v4-mini';

import { address, ifFits, micro, someText } from './common';

const nonce = z.string().check(z.regex(/^0x[0-9a-fA-F]{64}$/));

/** 65 bytes. */
const signature = z.string().check(z.regex(/^0x[0-9a-fA-F]{130}$/));

/** Absent or null without a limit: what the service sends then isn't public. */
const left = z.catch(z.nullish(micro), null);

const digits = z.pipe(z.string().check(z.regex(/^\d{1,12}$/)), z.transform(Number));

const wholeNumber = z.union([z.int().check(z.nonnegative()), digits]);

const coSignature = z.looseObject({
	authorizationData: z.looseObject({
		from: address,
		to: address,
		value: z.string(),
		validAfter: z.string(),
		validBefore: z.string(),
		nonce,
	}),
	serverSignature: signature,
});

/** What Ampersend decides about a seller's offers (SDK: payment/authorize, 200). */
export const paymentAuthorization = z.looseObject({
	authorized: z.looseObject({
		/** Null if no offer is allowed. */
		selected: z.nullable(
			z.looseObject({
				acceptsIndex: wholeNumber,
				/** What is left after this payment, in micro-USDC. */
				limits: z.catch(
					z.nullish(z.looseObject({ dailyRemaining: left, monthlyRemaining: left })),
					null,
				),
				/** Absent for a key with full access. */
				coSignature: z.nullish(coSignature),
			}),
		),
	}),
	rejected: ifFits(
		z.array(
			z.looseObject({
				acceptsIndex: wholeNumber,
				reason: someText,
				reasonCode: z.catch(z.nullish(someText), null),
			}),
		),
	),
	/** For keys with full access. */
	suggested: z.catch(
		z.nullish(
			z.looseObject({
				nonce: z.catch(z.nullish(nonce), null),
				/** Seconds. */
				validBefore: z.catch(z.nullish(wholeNumber), null),
			}),
		),
		null,
	),
});

export type PaymentAuthorization = z.infer<typeof paymentAuthorization>;

/** The answer to a report (SDK: payment/events). */
export const paymentReport = z.looseObject({
	received: z.boolean(),
	/** A UUID. What is longer can be the payment itself. */
	paymentId: z.catch(z.nullish(someText.check(z.maxLength(100))), null),
});
