import { amountFields, EXACT_DIGITS, parsePositiveUsdc, parseUsdc } from './money';
import { ParameterError } from './parameter';

/** Plain decimals of bounded length, with at most the six that USDC has. */
const WHOLE_MICRO = /^(\d{1,60})(?:\.(\d{1,6}))?$/;

/** Whether the service's price is a number that a price can be, or its digits. */
export function isUsdPrice(price: number | string): boolean {
	const text = String(price);
	return text.length <= 100 && text.trim() !== '' && Number(text) >= 0 && Number(text) < Infinity;
}

/**
 * Reads a price in USDC as text, and gives the number that the service wants. No digit is lost:
 * what JSON makes of the number has the same digits.
 * @throws ParameterError naming the parameter, where it is no amount above 0, or too long a number
 */
export function parsePrice(parameter: string, value: unknown): number {
	const micro = parsePositiveUsdc(
		parameter,
		value,
		'Enter what a call costs in USDC, e.g. 0.01. The smallest price is 0.000001.',
	);
	if (micro.toString().length > EXACT_DIGITS) {
		throw new ParameterError(
			parameter,
			`has more than ${EXACT_DIGITS} digits, which Ampersend can't keep.`,
			'Enter a lower price.',
		);
	}
	return Number(String(value).trim());
}

/** A price as it leaves this package. It has no micro-USDC if it isn't a whole number of them. */
export function priceFields(price: number | string): {
	priceUsdc: string;
	priceUsdcMicro: string | null;
} {
	const text = String(price).trim();
	if (WHOLE_MICRO.test(text)) return amountFields({ price: parseUsdc('price_usd', text) });
	return { priceUsdc: text, priceUsdcMicro: null };
}
