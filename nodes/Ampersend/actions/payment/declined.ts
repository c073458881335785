import { CallError } from '../../api/errors';
import { shortAddress } from '../../domain/address';
import { formatUsdc, isMicro } from '../../domain/money';
import { ParameterError } from '../../domain/parameter';
import { shortLine } from '../../domain/text';
import type { Chain } from '../../domain/x402/chains';
import type { Offer, PaymentRequired } from '../../domain/x402/required';
import { chainOf, complaintAbout, type Purchase } from '../../domain/x402/terms';
import type { AuthorizedOutput, DeclinedOffer } from '../../outputs/payment';
import type { PaymentAuthorization } from '../../schemas/paymentAuthorization';

/** Offers that a message names. */
const MAX_NAMED = 5;
const MAX_CHARACTERS = 200;

function declinedOffer(offer: Offer, reason: string, reasonCode: string | null): DeclinedOffer {
	const { place, amount, payTo, network } = offer;
	return {
		offer: place,
		reason: shortLine(reason, MAX_CHARACTERS),
		reasonCode: reasonCode === null ? null : shortLine(reasonCode, MAX_CHARACTERS),
		amountUsdc: isMicro(amount) ? formatUsdc(BigInt(amount)) : null,
		payTo,
		network,
	};
}

/** A list of reasons, as far as a message has room. */
function joined(reasons: string[]): string {
	const rest = reasons.length - MAX_NAMED;
	const more = rest > 0 ? [`and ${rest} more`] : [];
	return [...reasons.slice(0, MAX_NAMED), ...more].join('; ');
}

const output = (reason: string, offers: DeclinedOffer[]): AuthorizedOutput => ({
	authorized: false,
	reason,
	offers,
});

/**
 * What is wrong with every offer; undefined if one can be paid.
 * @param advice what to do about the first
 */
export function rejectedOffers(
	parameter: string,
	{ offers, complaints }: PaymentRequired,
	purchase: Purchase,
): { declined: AuthorizedOutput; error: ParameterError } | undefined {
	const rejected = offers.map((offer) => ({ offer, found: complaintAbout(offer, purchase) }));
	if (rejected.some(({ found }) => found === undefined)) return undefined;
	const declined = rejected.flatMap(({ offer, found }) =>
		found ? declinedOffer(offer, found[0], null) : [],
	);
	const reasons = declined.map(({ offer, reason }) => `offer ${offer}: ${reason}`);
	const reason = joined([...reasons, ...complaints]);
	const [advice] = rejected.flatMap(({ found }) => (found ? found[1] : []));
	return {
		declined: output(reason, declined),
		error: new ParameterError(
			parameter,
			`none of the seller's offers can be paid. ${reason}.`,
			`Nothing was sent. ${advice ?? 'Choose another seller.'}`,
		),
	};
}

function nameOf({ amountUsdc, payTo, offer }: DeclinedOffer, chain: Chain | undefined): string {
	const amount = amountUsdc === null ? '' : `${amountUsdc} USDC `;
	const network = chain ? ` on ${chain.name}` : '';
	return `offer ${offer} (${amount}to ${shortAddress(payTo)}${network})`;
}

/** What Ampersend says of each offer, if it allows none. */
export function declinedOffers(
	{ offers }: PaymentRequired,
	{ rejected }: PaymentAuthorization,
	{ chains }: Purchase,
): { declined: AuthorizedOutput; error: CallError } {
	const declined = offers.map((offer, index) => {
		const found = rejected?.find(({ acceptsIndex }) => acceptsIndex === index);
		return declinedOffer(offer, found?.reason ?? 'no reason given', found?.reasonCode ?? null);
	});
	const reason = joined(
		declined.map((each) => {
			const offer = offers.find(({ place }) => place === each.offer);
			const code = each.reasonCode === null ? '' : ` (${each.reasonCode})`;
			return `${nameOf(each, offer && chainOf(offer, chains))}: ${each.reason}${code}`;
		}),
	);
	return {
		declined: output(reason, declined),
		error: new CallError({
			message: `Ampersend declined the payment: ${reason}`,
			description:
				"Nothing was signed or paid. Check the agent's limits with Spending Limit: Get, and its " +
				'allowlist. To go on without an error, set On Decline to Continue.',
			repeatable: false,
		}),
	};
}

/** @throws CallError always: the answer isn't what was asked for, and must not be signed */
export function rejectAuthorization(complaint: string): never {
	throw new CallError({
		message: `Ampersend authorized something else than was asked: ${shortLine(complaint, 400)}.`,
		description:
			"Nothing was signed or paid. The amount can count against the agent's limits until the " +
			'authorization expires. If it happens again, tell Ampersend, and use this message.',
		repeatable: false,
	});
}
