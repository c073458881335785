import type { PrivateKey } from '../../domain/agentSecret';
import { amountFields } from '../../domain/money';
import { toIso } from '../../domain/time';
import { complaintAboutTransfer, tooLong, transferOf } from '../../domain/x402/authorization';
import { headerOf } from '../../domain/x402/header';
import { paymentIdOf, uuidOf } from '../../domain/x402/ids';
import type { Offer, PaymentRequired } from '../../domain/x402/required';
import { chainOf, MAX_SECONDS } from '../../domain/x402/terms';
import { signTransfer } from '../../domain/x402/transfer';
import { inUsdc } from '../../outputs/output';
import type { AuthorizedOutput } from '../../outputs/payment';
import type { PaymentAuthorization } from '../../schemas/paymentAuthorization';
import { rejectAuthorization, rejectValidity } from './declined';
import type { PurchaseOptions } from './purchase';

type Selected = NonNullable<PaymentAuthorization['authorized']['selected']>;

/** The offer that Ampersend has chosen, of those it was sent. @throws CallError if it's none */
function chosen(payable: Offer[], { acceptsIndex }: Selected, { chains }: PurchaseOptions) {
	const offer = payable[acceptsIndex];
	const chain = offer && chainOf(offer, chains);
	return chain ? { offer, chain } : rejectAuthorization('it names an offer that it was not sent');
}

/** What tells this purchase from others. */
const termsOf = ({ network, payTo, amount, resource }: Offer) => [network, payTo, amount, resource];

/** The transfer to sign, and what Ampersend has signed of it. @throws CallError */
function transferFor(
	offer: Offer,
	{ coSignature }: Selected,
	suggested: PaymentAuthorization['suggested'],
	purchase: PurchaseOptions,
) {
	const { agent, validity, isNamed } = purchase;
	const window = { agent, validity, now: Math.floor(Date.now() / 1000) };
	const key = purchase.keyOf(termsOf(offer));
	// What the user names must not be paid twice, also where Ampersend suggests another nonce.
	const nonce = (isNamed ? undefined : suggested?.nonce) ?? `0x${key}`;
	const transfer =
		coSignature?.authorizationData ??
		transferOf(offer, window, nonce, suggested?.validBefore ?? undefined);
	const complaint = complaintAboutTransfer(transfer, offer, window);
	if (complaint !== undefined) rejectAuthorization(`${complaint} (offer ${offer.place})`);
	const seconds = tooLong(transfer, window);
	if (seconds !== undefined) rejectValidity(seconds, MAX_SECONDS);
	const { from, to, value, validAfter, validBefore, nonce: used } = transfer;
	return {
		key,
		authorization: { from, to, value, validAfter, validBefore, nonce: used },
		serverSignature: coSignature?.serverSignature,
	};
}

/**
 * Signs the payment that Ampersend has allowed, once it's checked.
 * @param payable the offers that Ampersend was sent
 * @throws CallError if it isn't what the seller asks for and the user accepts
 */
export function signPayment(
	required: PaymentRequired,
	payable: Offer[],
	selected: Selected,
	{ suggested }: PaymentAuthorization,
	purchase: PurchaseOptions,
	privateKey: PrivateKey,
): AuthorizedOutput & { headerValue: string; paymentId: string } {
	const { offer, chain } = chosen(payable, selected, purchase);
	const { key, authorization, serverSignature } = transferFor(offer, selected, suggested, purchase);
	const signature = signTransfer(chain, authorization, privateKey, serverSignature);
	const { headerName, headerValue } = headerOf(
		required,
		offer,
		{ signature, authorization },
		uuidOf(key),
	);
	const { network, amount, asset, resource, description } = offer;
	const { from, to, validBefore, nonce } = authorization;
	return {
		authorized: true,
		reason: null,
		...amountFields({ amount }),
		description,
		dailyRemainingUsdc: inUsdc(selected.limits?.dailyRemaining) ?? null,
		monthlyRemainingUsdc: inUsdc(selected.limits?.monthlyRemaining) ?? null,
		validBefore: toIso(Number(validBefore) * 1000),
		network,
		x402Version: required.version,
		keyKind: serverSignature === undefined ? 'fullAccess' : 'coSigned',
		from,
		payTo: to,
		asset,
		resource,
		headerName,
		headerValue,
		paymentId: paymentIdOf(nonce),
		nonce,
	};
}
