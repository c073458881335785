import type { IDataObject } from 'n8n-workflow';

import type { Client } from '../../api/client';
import { routes } from '../../api/routes';
import { send } from '../../api/send';
import type { Payment } from '../../domain/x402/header';

export type PaymentEvent =
	| { type: 'sending' | 'accepted' }
	| { type: 'rejected' | 'error'; reason: string };

/** Names the protocol of a payment to Ampersend. */
export const protocolOf = (version: 1 | 2) => `x402-v${version}`;

/**
 * Tells Ampersend what became of a payment. The payment can still be used, so it's sent in secret.
 * @param id the same for all events of a payment
 */
export async function reportPayment(
	client: Client,
	address: string,
	{ id, payment, event }: { id: string; payment: Payment; event: PaymentEvent },
) {
	return await send(client, routes.reportPayment, {
		path: { address },
		body: { id, event },
		secretBody: {
			payment: { protocol: protocolOf(payment.x402Version), data: payment as IDataObject },
		},
	});
}
