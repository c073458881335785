import { isRecord } from '../json';
import { readSettlement } from './header';
import type { SellerAnswer } from './sellerAnswer';
import { decodeHeader } from './sellerAnswer';

/** What became of a payment. `error`: it isn't clear. */
export interface Outcome {
	outcome: 'accepted' | 'rejected' | 'error';
	/** Why it isn't accepted; the seller's words if it has any. */
	reason: string;
	/** As the seller says; undefined if it says nothing. */
	settled: boolean | undefined;
	transaction: string | undefined;
}

const textIn = (value: unknown): string | undefined => {
	const text = isRecord(value) ? value.error : undefined;
	return typeof text === 'string' && text.trim() !== '' ? text : undefined;
};

/** What the seller says of a payment that it doesn't take: in a header (version 2), or the body. */
function reasonOf({ headers, body }: SellerAnswer): string | undefined {
	const header = headers.get('payment-required');
	return textIn(header === undefined ? undefined : decodeHeader(header)) ?? textIn(body);
}

/** What facilitators say of a payment that was carried out when it was first sent. */
const USED = /nonce|already|replay|duplicate/i;

function whatBecame(
	status: number | undefined,
	isSettled: boolean,
	reason: string,
): Outcome['outcome'] {
	if (isSettled) return 'accepted';
	if (status === 402) return USED.test(reason) ? 'error' : 'rejected';
	return status !== undefined && status >= 200 && status < 300 ? 'accepted' : 'error';
}

/**
 * What the answer to a paid request says of the payment. Source: SDK for Python, which reports a
 * 402 as rejected, a 200 or a settlement as accepted, and all else as unclear. A 402 that says it
 * has settled is accepted, and one that says the payment was used is unclear: the request may have
 * been sent twice.
 */
export function outcomeOf(answer: SellerAnswer): Outcome {
	const { status, headers } = answer;
	const { success: settled, errorReason, transaction } = readSettlement(headers) ?? {};
	const answered = status === undefined ? 'gave no answer' : `answered ${status}`;
	const reason = errorReason ?? reasonOf(answer) ?? `The seller ${answered}`;
	return {
		outcome: whatBecame(status, settled === true, reason),
		reason,
		settled,
		transaction,
	};
}
