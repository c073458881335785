import type { IDataObject } from 'n8n-workflow';

import type { Client } from '../../api/client';
import { CallError, withFields } from '../../api/errors';
import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { rethrow } from '../../domain/rethrow';
import { mayHoldPayment, type Payment } from '../../domain/x402/header';

export type PaymentEvent =
	| { type: 'sending' | 'accepted' }
	| { type: 'rejected' | 'error'; reason: string };

/** Names the protocol of a payment to Ampersend. */
export const protocolOf = (version: 1 | 2) => `x402-v${version}`;

/** An error that can hold the payment in another spelling doesn't show what the service says. */
function withoutPayment(error: unknown): unknown {
	if (!(error instanceof CallError)) return error;
	const { message, description, status } = error;
	if (![message, description].some(mayHoldPayment)) return error;
	return withFields(error, {
		message:
			`Ampersend could not report the payment (HTTP ${status}), and says why in words that can ` +
			'hold the payment, so they are not shown.',
		description: 'Run it again: a report moves no money.',
	});
}

/**
 * Tells Ampersend what became of a payment. The payment can still be used, so it's sent in secret.
 * @param id the same for all events of a payment
 */
export async function reportPayment(
	client: Client,
	address: string,
	{ id, payment, event }: { id: string; payment: Payment; event: PaymentEvent },
) {
	const protocol = protocolOf(payment.x402Version);
	return await send(client, routes.reportPayment, {
		path: { address },
		body: { id, event },
		secretBody: { payment: { protocol, data: payment as IDataObject } },
	}).catch((error: unknown) => rethrow(withoutPayment(error)));
}
