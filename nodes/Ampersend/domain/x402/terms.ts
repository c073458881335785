import type { Address } from '../address';
import { isAddress, isMisspelled, sameAddress, ZERO } from '../address';
import { formatUsdc } from '../money';
import { quote } from '../parameter';
import { isWeb, parseUrl } from '../webAddress';
import type { Chain } from './chains';
import type { Offer } from './required';

/** What the agent that pays, and its user, accept. */
export interface Purchase {
	agent: Address;
	/** Where the agent has USDC. More than one if the credential doesn't say. */
	chains: readonly Chain[];
	/** Micro-USDC. */
	maximum: bigint;
	/** What was requested from the seller, if it's known. */
	url: URL | undefined;
}

/** What is wrong with an offer, and what to do about it. */
export type Complaint = readonly [complaint: string, advice: string];

const OTHER_SELLER = "Don't pay it: choose another seller.";

/** The longest time that an offer can leave for its payment: what can be used later is a risk. */
export const MAX_SECONDS = 3_600;

/** What a seller needs at least to have a payment carried out (x402: the facilitators' margin). */
export const MIN_SECONDS = 6;

export function chainOf({ network }: Pick<Offer, 'network'>, chains: readonly Chain[]) {
	return chains.find(({ id, nameInV1 }) => [id, nameInV1].includes(network));
}

const differs = (field: string, value: unknown, expected: string): string | undefined => {
	if (value === expected) return undefined;
	const found = value === undefined ? 'is missing' : `is ${quote(value)}`;
	return `${field} ${found}, and has to be "${expected}"`;
};

function complaintAboutToken({ asset, extra }: Offer, { name, usdc, domain }: Chain) {
	if (!sameAddress(asset, usdc)) return `asset ${quote(asset)} isn't USDC on ${name} (${usdc})`;
	const { assetTransferMethod = 'eip3009' } = extra ?? {};
	return (
		differs('extra.name', extra?.name, domain.name) ??
		differs('extra.version', extra?.version, domain.version) ??
		differs('extra.assetTransferMethod', assetTransferMethod, 'eip3009')
	);
}

/** A whole number above 0, as x402 spells it. The largest of a USDC contract has 78 digits. */
const AMOUNT = /^[1-9]\d{0,77}$/;

function complaintAboutAmount({ amount }: Offer, { maximum }: Purchase): Complaint | undefined {
	if (!AMOUNT.test(amount)) {
		return [`amount ${quote(amount)} isn't a whole number above 0 of micro-USDC`, OTHER_SELLER];
	}
	if (BigInt(amount) <= maximum) return undefined;
	return [
		`its price of ${formatUsdc(BigInt(amount))} USDC is above Maximum Amount (USDC), which is ` +
			formatUsdc(maximum),
		'If the price is right, enter a higher maximum. If not, choose another seller.',
	];
}

function complaintAboutPayee(payTo: string, agent: Address, { usdc }: Chain): string | undefined {
	if (!isAddress(payTo)) return `payTo ${quote(payTo)} isn't an address`;
	if (isMisspelled(payTo)) return `payTo ${quote(payTo)} doesn't match its checksum`;
	if (sameAddress(payTo, ZERO)) return `payTo is the zero address, which belongs to nobody`;
	if (sameAddress(payTo, usdc)) return 'payTo is the contract of USDC, which keeps what it gets';
	return sameAddress(payTo, agent) ? 'payTo is the agent itself' : undefined;
}

const pathOf = ({ pathname }: URL) => pathname.replace(/\/$/, '');

function complaintAboutResource({ resource }: Offer, { url }: Purchase): Complaint | undefined {
	if (!url) return undefined;
	const sold = resource === null ? undefined : parseUrl(resource);
	if (sold && isWeb(sold) && sold.host === url.host && pathOf(sold) === pathOf(url))
		return undefined;
	const what = resource === null ? "it doesn't say what it sells" : `it sells ${quote(resource)}`;
	// The rest of it can have a key of the user.
	return [
		`${what}, and URL is ${quote(url.origin + url.pathname)}`,
		'Enter in URL what the HTTP Request node requests. If it does, choose another seller.',
	];
}

/** As the version of x402 that an offer is of spells a chain. */
const spellingIn = ({ sent }: Offer, { id, nameInV1 }: Chain) =>
	'maxAmountRequired' in sent ? nameInV1 : id;

/** Why an offer must not be paid; undefined if it can be. */
export function complaintAbout(offer: Offer, purchase: Purchase): Complaint | undefined {
	const { scheme, network, payTo, maxTimeoutSeconds } = offer;
	const { agent, chains } = purchase;
	const otherScheme = differs('scheme', scheme, 'exact');
	if (otherScheme !== undefined) return [otherScheme, OTHER_SELLER];
	const chain = chainOf(offer, chains);
	if (!chain || spellingIn(offer, chain) !== network) {
		const names = chains.map((one) => `${one.name} (${spellingIn(offer, one)})`).join(' or ');
		return [
			`network ${quote(network)} isn't ${names}`,
			`This agent has its USDC on ${names}: choose a seller that takes it there.`,
		];
	}
	const simple = complaintAboutToken(offer, chain) ?? complaintAboutPayee(payTo, agent, chain);
	if (simple !== undefined) return [simple, OTHER_SELLER];
	const isTime = maxTimeoutSeconds > MIN_SECONDS && maxTimeoutSeconds <= MAX_SECONDS;
	if (!isTime || !Number.isInteger(maxTimeoutSeconds)) {
		const [least, most] = [MIN_SECONDS + 1, MAX_SECONDS];
		return [
			`maxTimeoutSeconds ${maxTimeoutSeconds} isn't a whole number from ${least} to ${most}`,
			OTHER_SELLER,
		];
	}
	return complaintAboutAmount(offer, purchase) ?? complaintAboutResource(offer, purchase);
}
