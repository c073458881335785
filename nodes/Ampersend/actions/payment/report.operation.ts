import type { INodeProperties } from 'n8n-workflow';

import { readAgent } from '../../descriptions/locators';
import { sameAddress } from '../../domain/address';
import { explorerUrl, isTransactionHash } from '../../domain/explorer';
import { parseIdentifier } from '../../domain/identifier';
import { ParameterError, readChoice } from '../../domain/parameter';
import { chains } from '../../domain/x402/chains';
import { readHeader, type Payment } from '../../domain/x402/header';
import { outcomeOf } from '../../domain/x402/outcome';
import { readSellerAnswer } from '../../domain/x402/sellerAnswer';
import { chainOf } from '../../domain/x402/terms';
import { outcomes, reportedOutput } from '../../outputs/payment';
import type { WriteOperation } from '../operation';
import { reportPayment } from './events';
import { notesOn } from './notes';

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
		const chain = chainOf({ network: networkOf(payment) }, chains);
		const isFine = outcome === 'accepted' && !(settled === false && isExplained);
		return async ({ client, hint }) => {
			const { received, paymentId } = await reportPayment(client, address, { id, payment, event });
			for (const note of notesOn(outcome, answer, { id, payment, received })) hint(note);
			return {
				outcome,
				settled,
				errorReason: isFine ? null : reason,
				received,
				explorerUrl: explorerUrl(chain?.id ?? null, transactionHash),
				transactionHash,
				ampersendPaymentId: paymentId ?? null,
			};
		};
	},
};
