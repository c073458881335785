import * as z from 'zod/v4-mini';

import { ParameterError } from '../parameter';
import { hasKeyDigits, isBase64, looksSecret } from '../secret';
import type { Offer, PaymentRequired } from './required';
import { decodeHeader } from './sellerAnswer';
import type { Authorization } from './shapes';
import { payment, settlement } from './shapes';

/** The payment as its header has it, and as it's reported to Ampersend. */
export type Payment = z.infer<typeof payment>;

export interface SignedTransfer {
	signature: string;
	authorization: Authorization;
}

const IDENTIFIER = 'payment-identifier';

/** The seller's extensions, with an id in the one that lets it answer a repeat from its cache. */
function withIdentifier(extensions: unknown, id: string): unknown {
	const { success, data } = z.safeParse(identified, extensions);
	if (!success) return extensions;
	const { [IDENTIFIER]: offered } = data;
	return { ...data, [IDENTIFIER]: { ...offered, info: { ...offered.info, id } } };
}

const identified = z.looseObject({ [IDENTIFIER]: z.looseObject({ info: z.looseObject({}) }) });

/**
 * What a payment's header says. Its fields are as the seller sent them, because a seller compares
 * them with its own. Source of their order: the SDK.
 */
function payloadOf(
	{ version, received }: PaymentRequired,
	offer: Offer,
	payload: SignedTransfer,
	id: string,
): object {
	const { scheme, network } = offer;
	if (version === 1) return { x402Version: version, scheme, network, payload };
	const { extensions, resource } = received;
	return {
		x402Version: version,
		payload,
		extensions: withIdentifier(extensions, id),
		resource,
		accepted: offer.received,
	};
}

/** Characters of a header besides what it repeats, with both signatures. */
const OWN_CHARACTERS = 2_000;

/** About how many characters a payment's header has. */
export function lengthOfHeader({ version, received }: PaymentRequired, offer: Offer): number {
	const { extensions, resource } = received;
	const repeated = version === 1 ? '' : JSON.stringify([extensions, resource, offer.received]);
	return OWN_CHARACTERS + Math.ceil((Buffer.byteLength(repeated) * 4) / 3);
}

/** The header that pays, which has to be kept secret until the transfer's validBefore. */
export function headerOf(
	required: PaymentRequired,
	offer: Offer,
	transfer: SignedTransfer,
	id: string,
): { headerName: string; headerValue: string } {
	const text = JSON.stringify(payloadOf(required, offer, transfer, id));
	return {
		headerName: required.version === 1 ? 'X-PAYMENT' : 'PAYMENT-SIGNATURE',
		headerValue: Buffer.from(text, 'utf8').toString('base64'),
	};
}

/**
 * Reads the payment in a header.
 * @throws ParameterError, which never shows the header
 */
export function readHeader(parameter: string, value: unknown): Payment {
	const text = typeof value === 'string' ? value.trim() : '';
	const { success, data } = z.safeParse(payment, decodeHeader(text));
	if (success) return data;
	throw new ParameterError(
		parameter,
		text === '' ? 'is empty.' : "isn't the header of a payment.",
		'Use what Payment: Authorize returns in headerValue, whole and unchanged.',
	);
}

/** Whether text can hold a part of a payment, in hex or Base64. @param text of bounded length */
export function mayHoldPayment(text: string): boolean {
	const runs = text.replace(/\s+/g, '').split(/[^\w+/-]/);
	// Bytes can have anything between them.
	const hasDigits = hasKeyDigits(text.replace(/[^0-9a-z]/gi, ''));
	return hasDigits || looksSecret(text) || runs.some((run) => isBase64(run));
}

/** What a seller says of the settlement in its header; undefined if it has none. */
export function readSettlement(headers: ReadonlyMap<string, string>) {
	const text = headers.get('payment-response') ?? headers.get('x-payment-response');
	return text === undefined ? undefined : z.safeParse(settlement, decodeHeader(text)).data;
}
