import { CallError } from '../../api/errors';
import { shortAddress } from '../../domain/address';
import { formatUsdc, isMicro } from '../../domain/money';
import { ParameterError } from '../../domain/parameter';
import { shortLine } from '../../domain/text';
import { lengthOfHeader } from '../../domain/x402/header';
import type { Offer, PaymentRequired } from '../../domain/x402/required';
import type { Complaint, Purchase } from '../../domain/x402/terms';
import { chainOf, complaintAbout } from '../../domain/x402/terms';
import type { AuthorizedOutput, DeclinedOffer } from '../../outputs/payment';
import type { PaymentAuthorization } from '../../schemas/paymentAuthorization';

/** Offers that a message names. */
const MAX_NAMED = 5;
const MAX_CHARACTERS = 200;

/** Servers take 16 KB of headers unless they say otherwise, and a request has others. */
const MAX_HEADER_CHARACTERS = 14_000;

/** A seller's offers: those that can be paid, and what is wrong with the others. */
export interface Judged {
	payable: Offer[];
	rejected: Array<{ offer: Offer; complaint: Complaint }>;
	/** Of those that can't be read. */
	unreadable: string[];
}

function complaintAboutLength(required: PaymentRequired, offer: Offer): Complaint | undefined {
	const length = lengthOfHeader(required, offer);
	if (length <= MAX_HEADER_CHARACTERS) return undefined;
	return [
		`its payment would be a header of ${length} characters, which is more than servers take`,
		'The seller adds too much to what it asks for, in resource, extensions or the offer.',
	];
}

export function judge(required: PaymentRequired, purchase: Purchase): Judged {
	const judged: Judged = { payable: [], rejected: [], unreadable: required.complaints };
	for (const offer of required.offers) {
		const complaint = complaintAbout(offer, purchase) ?? complaintAboutLength(required, offer);
		if (complaint) judged.rejected.push({ offer, complaint });
		else judged.payable.push(offer);
	}
	return judged;
}

function declinedOffer(offer: Offer, reason: string, reasonCode: string | null): DeclinedOffer {
	const { place, amount, payTo, network } = offer;
	const short = (text: string) => shortLine(text, MAX_CHARACTERS);
	return {
		offer: place,
		reason: short(reason),
		reasonCode: reasonCode === null ? null : short(reasonCode),
		amountUsdc: isMicro(amount) ? formatUsdc(BigInt(amount)) : null,
		payTo: short(payTo),
		network: short(network),
	};
}

/** Reasons, as far as a message has room. */
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

const rejectedOf = ({ rejected }: Judged): DeclinedOffer[] =>
	rejected.map(({ offer, complaint: [complaint] }) => declinedOffer(offer, complaint, null));

const reasonsOf = ({ unreadable }: Judged, offers: DeclinedOffer[]): string[] => [
	...offers.map(({ offer, reason }) => `offer ${offer}: ${reason}`),
	...unreadable,
];

/** What is wrong with every offer. */
export function rejectedOffers(
	parameter: string,
	judged: Judged,
): { declined: AuthorizedOutput; error: ParameterError } {
	const offers = rejectedOf(judged);
	const reason = joined(reasonsOf(judged, offers));
	const [advice = 'Choose another seller.'] = judged.rejected.map(({ complaint }) => complaint[1]);
	return {
		declined: output(reason, offers),
		error: new ParameterError(
			parameter,
			`none of the seller's offers can be paid. ${reason}.`,
			`Nothing was sent. ${advice}`,
		),
	};
}

/** An offer for a message. */
function nameOf(offer: Offer, { chains }: Purchase): string {
	const { place, amount, payTo } = offer;
	const chain = chainOf(offer, chains);
	const where = chain ? ` on ${chain.name}` : '';
	return `offer ${place} (${formatUsdc(BigInt(amount))} USDC to ${shortAddress(payTo)}${where})`;
}

/** What Ampersend says of each offer, if it allows none. */
export function declinedOffers(
	judged: Judged,
	{ rejected }: PaymentAuthorization,
	purchase: Purchase,
): { declined: AuthorizedOutput; error: CallError } {
	const declined = judged.payable.map((offer, index) => {
		const found = rejected?.find(({ acceptsIndex }) => acceptsIndex === index);
		const { reason = 'no reason given', reasonCode = null } = found ?? {};
		return { offer, said: declinedOffer(offer, reason, reasonCode) };
	});
	const others = rejectedOf(judged);
	const reason = joined([
		...declined.map(({ offer, said }) => {
			const code = said.reasonCode === null ? '' : ` (${said.reasonCode})`;
			return `${nameOf(offer, purchase)}: ${said.reason}${code}`;
		}),
		...reasonsOf(judged, others),
	]);
	return {
		declined: output(reason, [...declined.map(({ said }) => said), ...others]),
		error: new CallError({
			message: `Ampersend declined the payment: ${reason}`,
			description:
				"Nothing was signed or paid. Check the agent's limits with Spending Limit: Get, and its " +
				'allowlist. To go on instead of stopping, set On Decline to Continue.',
			repeatable: false,
		}),
	};
}

const RESERVED =
	"Nothing was signed or paid. The amount can count against the agent's limits until the " +
	'authorization expires. ';

/** @throws CallError always: the answer isn't what was asked for, and must not be signed */
export function rejectAuthorization(complaint: string): never {
	throw new CallError({
		message: `Ampersend authorized something else than was asked: ${shortLine(complaint, 400)}.`,
		description: `${RESERVED}If it happens again, tell Ampersend, and use this message.`,
		repeatable: false,
		mayBeMade: true,
	});
}

/** @throws CallError always: the user doesn't accept how long the payment could be used */
export function rejectValidity(seconds: number, longest: number): never {
	throw new CallError({
		message:
			`Ampersend has signed a payment that can be used for ${seconds} seconds, ` +
			'and Validity (Seconds) accepts less.',
		description:
			RESERVED +
			(seconds > longest
				? `This node signs nothing that can be used for longer than ${longest} seconds.`
				: `If that's fine, enter ${seconds} or more in Validity (Seconds), or remove it.`),
		repeatable: false,
		mayBeMade: true,
	});
}
