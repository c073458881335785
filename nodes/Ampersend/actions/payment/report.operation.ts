import type { INodeProperties } from 'n8n-workflow';

import { readAgent } from '../../descriptions/locators';
import { sameAddress } from '../../domain/address';
import { explorerUrl, isTransactionHash } from '../../domain/explorer';
import { parseIdentifier } from '../../domain/identifier';
import { ParameterError, readChoice } from '../../domain/parameter';
import { toIso } from '../../domain/time';
import { base, baseSepolia } from '../../domain/x402/chains';
import { readHeader, type Payment } from '../../domain/x402/header';
import { paymentIdOf } from '../../domain/x402/ids';
import { outcomeOf, type Outcome } from '../../domain/x402/outcome';
import { readSellerAnswer, WHOLE_ANSWER } from '../../domain/x402/sellerAnswer';
import { chainOf } from '../../domain/x402/terms';
import { outcomes, reportedOutput } from '../../outputs/payment';
import type { WriteOperation } from '../operation';
import { reportPayment } from './events';

const paymentIdField: INodeProperties = {
	displayName: 'Payment ID',
	name: 'paymentId',
	type: 'string',
	required: true,
	default: '',
	placeholder: "e.g. {{ $('Authorize').item.json.paymentId }}",
	description: 'What Authorize returned in paymentId',
};

const headerField: INodeProperties = {
	displayName: 'Header Value',
	name: 'headerValue',
	type: 'string',
	typeOptions: { password: true },
	required: true,
	default: '',
	placeholder: "e.g. {{ $('Authorize').item.json.headerValue }}",
	description: 'What Authorize returned in headerValue. It goes to Ampersend, and nowhere else.',
};

const responseField: INodeProperties = {
	displayName: 'Response',
	name: 'response',
	type: 'json',
	required: true,
	default: '={{ $json }}',
	description: "The seller's answer to the paid request: the item of the HTTP Request node",
};

const outcomeField: INodeProperties = {
	displayName: 'Outcome',
	name: 'outcome',
	type: 'options',
	options: [
		{ name: 'Accepted', value: 'accepted', description: 'The seller delivered what was paid for' },
		{ name: 'From Response', value: 'auto', description: "What the seller's answer says" },
		{ name: 'Rejected', value: 'rejected', description: "The seller didn't take the payment" },
		{ name: 'Unclear', value: 'error', description: "It isn't known what became of the payment" },
	],
	default: 'auto',
	description: 'What became of the payment',
};

const networkOf = (payment: Payment) =>
	payment.x402Version === 1 ? payment.network : payment.accepted.network;

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
function* notesOn(
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

/** @throws ParameterError for a payment of another agent */
function readOwnPayment(parameter: string, value: unknown, agent: string): Payment {
	const payment = readHeader(parameter, value);
	if (sameAddress(payment.payload.authorization.from, agent)) return payment;
	throw new ParameterError(
		parameter,
		'is a payment of another agent.',
		'Choose the credential with which Authorize made it.',
	);
}

export const report: WriteOperation<typeof reportedOutput> = {
	option: {
		name: 'Report',
		value: 'report',
		action: 'Report payment',
		description: 'Tell Ampersend what became of a payment, and read whether the seller settled it',
	},
	inSession: 'only',
	// It moves no money.
	repeatable: true,
	fields: [paymentIdField, headerField, responseField, outcomeField],
	output: reportedOutput,

	prepare(context) {
		const { read } = context;
		const address = readAgent(context);
		const id = read(paymentIdField, parseIdentifier);
		const payment = read(headerField, (...given) => readOwnPayment(...given, address));
		const answer = outcomeOf(read(responseField, readSellerAnswer));
		const chosen = read(outcomeField, (parameter, value) =>
			readChoice(parameter, value, ['auto', ...outcomes] as const, 'auto'),
		);
		const outcome = chosen === 'auto' ? answer.outcome : chosen;
		const { reason, isExplained, settled = null, transaction = null } = answer;
		const event = outcome === 'accepted' ? { type: outcome } : { type: outcome, reason };
		const transactionHash = isTransactionHash(transaction) ? transaction : null;
		const chain = chainOf({ network: networkOf(payment) }, [base, baseSepolia]);
		const isFine = outcome === 'accepted' && !(settled === false && isExplained);
		return async ({ client, hint }) => {
			const { received, paymentId } = await reportPayment(client, address, { id, payment, event });
			for (const note of notesOn(outcome, answer, { id, payment, received })) hint(note);
			return {
				received,
				outcome,
				settled,
				transactionHash,
				explorerUrl: explorerUrl(chain?.id ?? null, transactionHash),
				errorReason: isFine ? null : reason,
				ampersendPaymentId: paymentId ?? null,
			};
		};
	},
};
