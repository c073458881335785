import { isRecord } from '../json';
import { shortLine } from '../text';
import { mayHoldPayment, readSettlement } from './header';
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

const errorIn = (value: unknown): unknown => (isRecord(value) ? value.error : undefined);

/** What the seller says of a payment that it doesn't take: in a header (version 2), or the body. */
function reasonsOf({ headers, body }: SellerAnswer): unknown[] {
	const header = headers.get('payment-required');
	return [errorIn(header === undefined ? undefined : decodeHeader(header)), errorIn(body)];
}

/** What is said of a payment that can have been carried out, or can still be. */
const MAY_BE_USED = [
	// It was sent before, or the chain doesn't take its transaction (x402 1.2, @x402/evm 2.27).
	/nonce|already|replay|duplicate|transaction/i,
	// Nobody knows how its settlement ended (x402-express 1.2, @x402/core 2.27).
	/settle|pending|unknown|unexpected|internal|facilitator/i,
	// The same, in the words of Node.js or of a gateway, which sellers repeat.
	/gateway|timed?[ _-]?out|fetch|abort|terminated|closed|socket|hang ?up|econn/i,
];

/** More than a seller has to say. */
const READ_CHARACTERS = 10_000;

/** What isn't text is an exception, which can be of the settlement (x402-express sends it). */
const isUnclear = (reason: unknown): boolean =>
	typeof reason === 'string'
		? MAY_BE_USED.some((words) => words.test(reason.slice(0, READ_CHARACTERS)))
		: (reason ?? null) !== null;

/** @param isUsed whether the payment can have been carried out, although the seller answers 402 */
function whatBecame(
	status: number | undefined,
	isSettled: boolean,
	isUsed: boolean,
): Outcome['outcome'] {
	if (isSettled) return 'accepted';
	if (status === 402) return isUsed ? 'error' : 'rejected';
	return status !== undefined && status >= 200 && status < 300 ? 'accepted' : 'error';
}

const MAX_CHARACTERS = 200;

/** The seller's words, if they can be shown. */
const wordsOf = (reasons: unknown[]): string | undefined =>
	reasons
		.filter((reason) => typeof reason === 'string')
		.map((text) => shortLine(text.trim(), MAX_CHARACTERS))
		// The payment itself can be among them.
		.find((text) => text !== '' && !mayHoldPayment(text));

/**
 * What the answer to a paid request says of the payment. Source: SDK for Python, which reports a
 * 402 as rejected, a 200 or a settlement as accepted, and all else as unclear. A 402 that says it
 * has settled is accepted, and one that can come from a request that was sent twice, or from a
 * settlement that got lost, is unclear.
 */
export function outcomeOf(answer: SellerAnswer): Outcome {
	const { status, headers } = answer;
	const { success: settled, errorReason, transaction = '' } = readSettlement(headers) ?? {};
	const reasons = [errorReason, ...reasonsOf(answer)];
	const words = wordsOf(reasons);
	const isLost = settled === false && words === undefined;
	// Words that can't be shown count, too.
	const isUsed = transaction !== '' || isLost || reasons.some(isUnclear);
	const nothing = answer.isFailed ? 'The seller gave no answer' : "The seller's answer isn't known";
	const answered = status === undefined ? nothing : `The seller answered ${status}`;
	return {
		outcome: whatBecame(status, settled === true, isUsed),
		reason: words ?? answered,
		isExplained: words !== undefined,
		isKnown: status !== undefined || answer.isFailed,
		settled,
		transaction,
	};
}
