import type { INodeProperties } from 'n8n-workflow';

import { hideKey } from '../../api/connection/secrets';
import { readAgent } from '../../descriptions/locators';
import { explorerUrl, isTransactionHash } from '../../domain/explorer';
import { parseIdentifier } from '../../domain/identifier';
import { readChoice } from '../../domain/parameter';
import { shortLine } from '../../domain/text';
import { toIso } from '../../domain/time';
import { base, baseSepolia } from '../../domain/x402/chains';
import { readHeader, type Payment } from '../../domain/x402/header';
import { outcomeOf } from '../../domain/x402/outcome';
import { readSellerAnswer } from '../../domain/x402/sellerAnswer';
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

/** Of what a seller says. */
const MAX_CHARACTERS = 200;

/** What to do where it isn't clear whether the seller has been paid. */
const unclear = ({ payload }: Payment) =>
	"It isn't clear whether the seller was paid. The payment can be used until " +
	`${toIso(Number(payload.authorization.validBefore) * 1000)}. Before you pay again, wait until ` +
	'then, and look for it with Payment Event: Get Many.';

/** Retry On Fail sends the same payment again, which the seller then takes for an invalid one. */
const SENT_TWICE =
	"The seller didn't take the payment. If the request was sent more than once, it may have taken " +
	'the first one: look for it with Payment Event: Get Many before you pay again.';

export const report: WriteOperation<typeof reportedOutput> = {
	option: {
		name: 'Report',
		value: 'report',
		action: 'Report payment',
		description: 'Tell Ampersend what became of a payment, and read whether the seller settled it',
	},
	inSession: 'only',
	fields: [paymentIdField, headerField, responseField, outcomeField],
	output: reportedOutput,

	prepare(context) {
		const { read } = context;
		const address = readAgent(context);
		const id = read(paymentIdField, parseIdentifier);
		const payment = read(headerField, readHeader);
		const answer = outcomeOf(read(responseField, readSellerAnswer));
		const chosen = read(outcomeField, (parameter, value) =>
			readChoice(parameter, value, ['auto', ...outcomes] as const, 'auto'),
		);
		const outcome = chosen === 'auto' ? answer.outcome : chosen;
		const secrets = [{ text: payment.payload.signature.replace(/^0x/, ''), prefix: '' }];
		const reason = shortLine(hideKey({ secrets })(answer.reason), MAX_CHARACTERS);
		const event = outcome === 'accepted' ? { type: outcome } : { type: outcome, reason };
		const { transaction = null, settled = null } = answer;
		const transactionHash = isTransactionHash(transaction) ? transaction : null;
		const chain = chainOf({ network: networkOf(payment) }, [base, baseSepolia]);
		return async ({ client, hint }) => {
			const { received, paymentId } = await reportPayment(client, address, { id, payment, event });
			if (outcome !== 'accepted') hint(outcome === 'error' ? unclear(payment) : SENT_TWICE);
			return {
				received,
				outcome,
				settled,
				transactionHash,
				explorerUrl: explorerUrl(chain?.id ?? null, transactionHash),
				errorReason: outcome === 'accepted' ? null : reason,
				ampersendPaymentId: paymentId ?? null,
			};
		};
	},
};
