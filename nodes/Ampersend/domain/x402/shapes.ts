import * as z from 'zod/v4-mini';

/*
 * What x402 defines, as the official SDK's schema (@x402/core 2.9) reads it: fields that it doesn't
 * know are dropped, and the others come in its order.
 */

const text = z.string();
const record = z.looseObject({});

/** Absent where it's null: newer versions of x402 take that, and older ones don't. */
const textIfAny = z.pipe(
	z.nullish(text),
	z.transform((value) => value ?? undefined),
);

const seconds = z.number().check(z.positive());

export const offerInV1 = z.object({
	scheme: text,
	network: text,
	maxAmountRequired: text,
	resource: text,
	description: text,
	mimeType: textIfAny,
	outputSchema: z.nullish(record),
	payTo: text,
	maxTimeoutSeconds: seconds,
	asset: text,
	extra: z.nullish(record),
});

export const offerInV2 = z.object({
	scheme: text,
	network: text.check(z.includes(':')),
	amount: text,
	asset: text,
	payTo: text,
	maxTimeoutSeconds: seconds,
	extra: z.nullish(record),
});

const resourceInV2 = z.object({ url: text, description: textIfAny, mimeType: textIfAny });

const offers = z.array(z.unknown()).check(z.minLength(1), z.maxLength(100));

export const requiredInV1 = z.object({
	x402Version: z.literal(1),
	error: textIfAny,
	accepts: offers,
});

export const requiredInV2 = z.object({
	x402Version: z.literal(2),
	error: textIfAny,
	resource: resourceInV2,
	accepts: offers,
	extensions: z.nullish(record),
});

const authorization = z.object({
	from: text,
	to: text,
	value: text,
	validAfter: text,
	validBefore: text.check(z.regex(/^\d{1,12}$/)),
	nonce: text,
});

/** A transfer of USDC that its payer authorizes (EIP-3009): decimal numbers, times in seconds. */
export type Authorization = z.infer<typeof authorization>;

const payload = z.object({ signature: text, authorization });

/** What a payment's header says, as it's reported to Ampersend. */
export const payment = z.union([
	z.object({ x402Version: z.literal(1), scheme: text, network: text, payload }),
	z.object({
		x402Version: z.literal(2),
		resource: z.optional(resourceInV2),
		accepted: offerInV2,
		payload,
		extensions: z.pipe(
			z.nullish(record),
			z.transform((value) => value ?? undefined),
		),
	}),
]);

/** What a seller says of the settlement. */
export const settlement = z.looseObject({
	success: z.boolean(),
	transaction: z.catch(text, ''),
	network: z.catch(text, ''),
	errorReason: z.catch(z.optional(text), undefined),
});
