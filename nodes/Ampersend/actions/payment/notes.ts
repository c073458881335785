import { toIso } from '../../domain/time';
import type { Payment } from '../../domain/x402/header';
import { paymentIdOf } from '../../domain/x402/ids';
import type { Outcome } from '../../domain/x402/outcome';
import { WHOLE_ANSWER } from '../../domain/x402/sellerAnswer';

const LOOK = 'look for it with Payment Event: Get Many before you pay again.';

/** What to do where it isn't clear whether the seller has been paid. */
const unclear = ({ payload }: Payment) =>
	"It isn't clear whether the seller was paid. The payment can be used until " +
	`${toIso(Number(payload.authorization.validBefore) * 1000)}. Wait until then, and ${LOOK}`;

/** Retry On Fail sends the same payment again, which the seller then takes for an invalid one. */
const SENT_TWICE =
	"The seller didn't take the payment. If the request was sent more than once, it may have taken " +
	`the first one: ${LOOK}`;

const OTHER_PAYMENT =
	"Payment ID isn't what Authorize returned with this Header Value. Ampersend may take the " +
	'report for one of another payment: use both from the same item.';

/** What a user should know of a report. */
export function* notesOn(
	outcome: string,
	{ settled, isKnown, reason }: Outcome,
	{ id, payment, received }: { id: string; payment: Payment; received: boolean },
): Generator<string> {
	if (id !== paymentIdOf(payment.payload.authorization.nonce)) yield OTHER_PAYMENT;
	if (!received) yield "Ampersend didn't take the report.";
	if (!isKnown) yield `Response has no status. ${WHOLE_ANSWER}`;
	if (outcome === 'error') yield unclear(payment);
	if (outcome === 'rejected') yield SENT_TWICE;
	if (outcome === 'accepted' && settled === false) {
		yield `The seller delivered, and says that it wasn't paid (${reason}).`;
	}
}
