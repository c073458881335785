import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Client } from '../../api/client';
import { rejectAuthentication } from '../../api/connection/authorize';
import { CallError } from '../../api/errors';
import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { rethrow } from '../../domain/rethrow';
import { readHeader } from '../../domain/x402/header';
import { readPaymentRequired, requestFor } from '../../domain/x402/required';
import { readSellerAnswer } from '../../domain/x402/sellerAnswer';
import { MIN_SECONDS } from '../../domain/x402/terms';
import { authorizedOutput } from '../../outputs/payment';
import type { OperationContext, WriteOperation } from '../operation';
import { declinedOffers, judge, rejectedOffers } from './declined';
import { protocolOf, reportPayment } from './events';
import { purchaseFields, readPurchase } from './purchase';
import { signPayment } from './signed';

const requiredField: INodeProperties = {
	displayName: 'Payment Required',
	name: 'paymentRequired',
	type: 'json',
	required: true,
	default: '={{ $json }}',
	description:
		"The seller's answer with status 402: the item of an HTTP Request node with the options " +
		'Include Response Headers and Status, and Never Error',
};

const NOT_NAMED =
	'Idempotency Key: with this agent key, Ampersend makes another payment each time. ' +
	'Only a seller that takes payment-identifier tells a repeat by it.';

/** The payment must not get old meanwhile. */
const SENDING_MS = 3_000;

const NOT_TOLD =
	"The payment is authorized and signed. Ampersend doesn't know that it's on its way: ";

/** Tells Ampersend that a payment is on its way. The payment doesn't depend on it. */
async function reportSending(
	{ client, hint }: Pick<OperationContext, 'client' | 'hint'>,
	agent: string,
	{ headerValue, paymentId: id }: ReturnType<typeof signPayment>,
): Promise<void> {
	const payment = readHeader('', headerValue);
	const timely = { ...client, deadline: Date.now() + SENDING_MS };
	try {
		const event = { type: 'sending' } as const;
		const { received } = await reportPayment(timely, agent, { id, payment, event });
		if (!received) hint(`${NOT_TOLD}it didn't take the report.`);
	} catch (error) {
		if (!(error instanceof CallError) || error.cancelled) rethrow(error);
		hint(NOT_TOLD + error.message);
	}
}

/** The agent of the credential, which signs. @throws ParameterError if there is none */
function signerOf({ connection }: Pick<Client, 'connection'>) {
	const { agent, privateKey, authentication } = connection;
	return agent && privateKey ? { agent, privateKey } : rejectAuthentication(authentication);
}

export const authorize: WriteOperation<typeof authorizedOutput> = {
	option: {
		name: 'Authorize',
		value: 'authorize',
		action: 'Authorize payment',
		description:
			"Get the header that pays a seller, within the agent's limits. " +
			'The seller asks for it with HTTP status 402.',
	},
	inSession: 'only',
	fields: [requiredField, ...purchaseFields],
	output: authorizedOutput,
	isOver: ({ validBefore }) =>
		typeof validBefore === 'string' && Date.parse(validBefore) <= Date.now() + MIN_SECONDS * 1000,

	prepare(context) {
		const { agent, privateKey } = signerOf(context.client);
		const purchase = readPurchase(context, agent);
		const required = context.read(requiredField, (parameter, value) =>
			readPaymentRequired(parameter, readSellerAnswer(parameter, value)),
		);
		if (!required) return async () => ({ authorized: false, reason: 'nothingToPay' });
		const judged = judge(required, purchase);
		const { payable } = judged;
		if (payable.length === 0) {
			const { declined, error } = rejectedOffers(requiredField.displayName, judged);
			return purchase.continuesOnDecline ? async () => declined : rethrow(error);
		}
		return async ({ client, hint }) => {
			const paymentRequest = {
				protocol: protocolOf(required.version),
				data: requestFor(required, payable) as IDataObject,
			};
			const answer = await send(client, routes.authorizePayment, {
				path: { address: agent },
				body: { paymentRequest, context: { method: 'http' } },
			});
			const { selected } = answer.authorized;
			if (!selected) {
				const { declined, error } = declinedOffers(judged, answer, purchase);
				return purchase.continuesOnDecline ? declined : rethrow(error);
			}
			const signed = signPayment(required, payable, selected, answer, purchase, privateKey);
			if (purchase.isNamed && signed.keyKind === 'coSigned') hint(NOT_NAMED);
			await reportSending({ client, hint }, agent, signed);
			return signed;
		};
	},
};
