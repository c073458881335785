import * as z from 'zod/v4-mini';

import { dropPrototypes, isRecord } from '../json';
import { ParameterError } from '../parameter';
import type { SellerAnswer } from './sellerAnswer';
import { decodeHeader, WHOLE_ANSWER } from './sellerAnswer';
import { offerInV1, offerInV2, requiredInV1, requiredInV2 } from './shapes';

/** A price of a seller. */
export interface Offer {
	/** Among the seller's, from 1. */
	place: number;
	/** As the seller sent it. */
	received: unknown;
	/** As it's sent to Ampersend. */
	sent: object;
	scheme: string;
	network: string;
	/** Micro-USDC, as the seller spells it. */
	amount: string;
	payTo: string;
	asset: string;
	maxTimeoutSeconds: number;
	extra?: Record<string, unknown> | null | undefined;
	/** What is sold: a URL, if the seller keeps to x402. */
	resource: string | null;
	description: string | null;
}

/** What a seller asks for in a 402. */
export interface PaymentRequired {
	version: 1 | 2;
	/** As the seller sent it. */
	received: Record<string, unknown>;
	/** As it's sent to Ampersend, with the offers in `accepts`. */
	head: { accepts: unknown[] };
	/** Those that x402 defines. */
	offers: Offer[];
	/** What is wrong with each of the others. */
	complaints: string[];
}

/** More than any seller's, with the description of its API. */
const MAX_CHARACTERS = 500_000;

/**
 * A copy without fields that a check would see and the payment wouldn't have.
 * @returns undefined if it can't be JSON, or is too long
 */
function copyOf(value: Record<string, unknown>): Record<string, unknown> | undefined {
	try {
		const text = JSON.stringify(value);
		if (text.length > MAX_CHARACTERS) return undefined;
		const copy = JSON.parse(text) as Record<string, unknown>;
		dropPrototypes(copy);
		return copy;
	} catch {
		return undefined;
	}
}

function complaintOf({ issues }: z.core.$ZodError): string {
	const fields = issues.map(({ path }) => path.map(String).join('.') || 'all of it');
	return `can't be read (${[...new Set(fields)].join(', ')})`;
}

const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null);

/** An offer; or what is wrong with it. */
function readOffer(required: Record<string, unknown>, received: unknown, at: number) {
	const place = at + 1;
	const rejected = (error: z.core.$ZodError) => `offer ${place} ${complaintOf(error)}`;
	if (required.x402Version === 1) {
		const { data: sent, error } = z.safeParse(offerInV1, received);
		if (!sent) return rejected(error);
		return { ...sent, place, received, sent, amount: sent.maxAmountRequired };
	}
	const { data: sent, error } = z.safeParse(offerInV2, received);
	if (!sent) return rejected(error);
	const { url, description } = isRecord(required.resource) ? required.resource : {};
	const sold = { resource: textOrNull(url), description: textOrNull(description) };
	return { ...sent, place, received, sent, ...sold };
}

/** @throws ParameterError */
function readRequired(parameter: string, received: Record<string, unknown>): PaymentRequired {
	const version = received.x402Version === 1 ? 1 : 2;
	const { data: head, error } = z.safeParse<z.ZodMiniType<{ accepts: unknown[] }>>(
		version === 1 ? requiredInV1 : requiredInV2,
		received,
	);
	if (!head) {
		throw new ParameterError(
			parameter,
			`what the seller asks for ${complaintOf(error)}.`,
			'Only version 1 and 2 of x402 can be paid, with 1 to 100 offers.',
		);
	}
	const read = head.accepts.map((offer, at) => readOffer(received, offer, at));
	const offers: Offer[] = read.filter((offer) => typeof offer !== 'string');
	const complaints = read.filter((offer) => typeof offer === 'string');
	return { version, received, head, offers, complaints };
}

/** What Ampersend is sent of it. @param offers those that can be paid */
export function requestFor({ head }: PaymentRequired, offers: Offer[]): object {
	return { ...head, accepts: offers.map(({ sent }) => sent) };
}

/** @throws ParameterError always: nothing says what to pay */
function rejectAnswer(parameter: string, { status, headers }: SellerAnswer): never {
	if (status === undefined) {
		throw new ParameterError(
			parameter,
			"doesn't say what a seller asks for.",
			`Connect the HTTP Request node that asks the seller. ${WHOLE_ANSWER}`,
		);
	}
	if (status !== 402) {
		throw new ParameterError(
			parameter,
			`the seller answers ${status}, which asks for no payment.`,
			'Correct the request in the HTTP Request node.',
		);
	}
	throw new ParameterError(
		parameter,
		'the seller answers 402, but not as x402 defines it.',
		headers.size === 0
			? `Its offers can be in a header. ${WHOLE_ANSWER}`
			: 'It may be a paywall for people, or another way to pay. Only x402 can be paid.',
	);
}

/**
 * Reads what a seller asks for: in the header of version 2 of x402, or in the body.
 * @returns undefined if there is nothing to pay
 * @throws ParameterError
 */
export function readPaymentRequired(
	parameter: string,
	answer: SellerAnswer,
): PaymentRequired | undefined {
	const { status = 402, headers, body } = answer;
	if (status < 400) return undefined;
	const header = headers.get('payment-required') ?? headers.get('x-payment-required');
	const received = header === undefined ? body : decodeHeader(header);
	if (status !== 402 || !isRecord(received) || !('x402Version' in received)) {
		rejectAnswer(parameter, answer);
	}
	const copy = copyOf(received);
	if (copy) return readRequired(parameter, copy);
	throw new ParameterError(
		parameter,
		`what the seller asks for has more than ${MAX_CHARACTERS} characters, or can't be JSON.`,
		'Ask the seller for a shorter answer.',
	);
}
