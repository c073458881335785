import { isRecord } from '../json';
import { looksSecret } from '../parameter';
import { shortLine } from '../text';
import { readSettlement } from './header';
import type { SellerAnswer } from './sellerAnswer';
import { decodeHeader } from './sellerAnswer';

/** What became of a payment. `error`: it isn't clear. */
export interface Outcome {
	outcome: 'accepted' | 'rejected' | 'error';
	/** Why it isn't accepted: the seller's words, or its status. */
	reason: string;
	/** Whether it has the seller's words. */
	isExplained: boolean;
	/** Whether the item says what the seller answered, or that it didn't. */
	isKnown: boolean;
	/** As the seller says; undefined if it says nothing. */
	settled: boolean | undefined;
	transaction: string | undefined;
}

const textIn = (value: unknown): string | undefined => {
	const text = isRecord(value) ? value.error : undefined;
	return typeof text === 'string' ? text : undefined;
};

/** What the seller says of a payment that it doesn't take: in a header (version 2), or the body. */
function reasonOf({ headers, body }: SellerAnswer): string | undefined {
	const header = headers.get('payment-required');
	return textIn(header === undefined ? undefined : decodeHeader(header)) ?? textIn(body);
}

/**
 * What facilitators say of a payment that can have been carried out when it was sent first: its
 * nonce is used, or the chain doesn't take its transaction (x402 1.2, @x402/evm 2.27).
 */
const MAY_BE_USED = /nonce|already|replay|duplicate|transaction/i;

function whatBecame(
	status: number | undefined,
	isSettled: boolean,
	reason: string,
): Outcome['outcome'] {
	if (isSettled) return 'accepted';
	if (status === 402) return MAY_BE_USED.test(reason) ? 'error' : 'rejected';
	return status !== undefined && status >= 200 && status < 300 ? 'accepted' : 'error';
}

const MAX_CHARACTERS = 200;

/** The seller's words, if they can be shown. */
const wordsOf = (...texts: Array<string | undefined>): string | undefined =>
	texts
		.map((text) => shortLine((text ?? '').trim(), MAX_CHARACTERS))
		// The payment itself can be among them.
		.find((text) => text !== '' && !looksSecret(text));

/**
 * What the answer to a paid request says of the payment. Source: SDK for Python, which reports a
 * 402 as rejected, a 200 or a settlement as accepted, and all else as unclear. A 402 that says it
 * has settled is accepted, and one that can come from a request that was sent twice is unclear.
 */
export function outcomeOf(answer: SellerAnswer): Outcome {
	const { status, headers } = answer;
	const { success: settled, errorReason, transaction } = readSettlement(headers) ?? {};
	const words = wordsOf(errorReason, reasonOf(answer));
	const nothing = answer.isFailed ? 'The seller gave no answer' : "The seller's answer isn't known";
	const answered = status === undefined ? nothing : `The seller answered ${status}`;
	return {
		outcome: whatBecame(status, settled === true, words ?? ''),
		reason: words ?? answered,
		isExplained: words !== undefined,
		isKnown: status !== undefined || answer.isFailed,
		settled,
		transaction,
	};
}
