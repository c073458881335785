import type { Address } from '../address';
import { sameAddress } from '../address';
import { formatUsdc } from '../money';
import { quote } from '../parameter';
import { toIso } from '../time';
import type { Offer } from './required';
import type { Authorization } from './shapes';
import { MAX_SECONDS, MIN_SECONDS } from './terms';

/** Who pays, and for how long the payment can be used. All times are in seconds. */
export interface Window {
	agent: Address;
	now: number;
	/** The longest time that the user accepts. */
	validity: number;
}

/** A transfer can be used from this long ago on: clocks differ (SDK). */
const BEFORE_NOW = 600;

/** By how much the service's clock, and its idea of how long is needed, can differ. */
const MARGIN = 60;

/** What Ampersend suggests for a transfer that it doesn't sign itself. */
export interface Suggested {
	nonce: string;
	/** Seconds since 1970. */
	validBefore: number;
}

/**
 * The transfer that pays an offer, if the agent key needs no second signature.
 * @param nonce 32 bytes in hex, with `0x`: what has it can be carried out once
 */
export function transferOf(
	{ payTo, amount, maxTimeoutSeconds }: Offer,
	{ agent, now, validity }: Window,
	nonce: string,
	latest = Infinity,
): Authorization {
	const validBefore = Math.min(now + Math.min(maxTimeoutSeconds, validity), latest);
	return {
		from: agent,
		to: payTo,
		value: amount,
		validAfter: String(now - BEFORE_NOW),
		validBefore: String(validBefore),
		nonce,
	};
}

const SECONDS = /^\d{1,12}$/;

const timeOf = (seconds: string) => toIso(Number(seconds) * 1000);

function complaintAboutTime(
	{ validAfter, validBefore }: Authorization,
	{ now }: Window,
): string | undefined {
	if (!SECONDS.test(validAfter)) return `validAfter ${quote(validAfter)} isn't a time in seconds`;
	if (!SECONDS.test(validBefore))
		return `validBefore ${quote(validBefore)} isn't a time in seconds`;
	const here = `n8n's clock says ${timeOf(String(now))}`;
	if (Number(validAfter) > now) return `it can't be used before ${timeOf(validAfter)}, and ${here}`;
	return Number(validBefore) <= now + MIN_SECONDS
		? `it ends at ${timeOf(validBefore)}, and ${here}`
		: undefined;
}

/** For how many seconds a transfer can be used, if that's longer than the user accepts. */
export function tooLong(
	{ validBefore }: Authorization,
	{ now, validity }: Window,
): number | undefined {
	const seconds = Number(validBefore) - now;
	return seconds > Math.min(validity, MAX_SECONDS) + MARGIN ? seconds : undefined;
}

/** Why a transfer must not be signed; undefined if it pays the offer, and nothing else. */
export function complaintAboutTransfer(
	transfer: Authorization,
	{ payTo, amount }: Offer,
	window: Window,
): string | undefined {
	const { from, to, value } = transfer;
	if (!sameAddress(from, window.agent)) return `it's from ${quote(from)}, which isn't the agent`;
	if (!sameAddress(to, payTo)) return `it pays ${quote(to)} instead of ${quote(payTo)}`;
	if (value !== amount) {
		const price = `${amount} micro-USDC (${formatUsdc(BigInt(amount))} USDC)`;
		return `it pays ${quote(value)} micro-USDC instead of ${price}`;
	}
	return complaintAboutTime(transfer, window);
}
