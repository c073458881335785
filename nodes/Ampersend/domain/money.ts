import type * as z from 'zod/v4-mini';

import { ParameterError, quote } from './parameter';
import { withoutTrailing } from './text';

/** Micro-USDC in one USDC: the token has six decimals on every chain that Ampersend uses. */
const MICRO_PER_USDC = 1_000_000n;
const DECIMALS = 6;

/** Plain notation: digits, and up to six decimals after a dot. */
const USDC = /^(\d+)(?:\.(\d{1,6}))?$/;

/** The largest amount that a USDC contract can hold (uint256), in micro-USDC. */
const MAX_MICRO = 2n ** 256n - 1n;

/** The largest amount has 78 digits; more would only take time to read. */
const MICRO = /^\d{1,78}$/;

/** Whether text is micro-USDC as the wire has it: a whole number, without a sign. */
export function isMicro(text: string): boolean {
	return MICRO.test(text);
}

/** Room for the largest amount with all its decimals, and some leading zeros. */
const MAX_CHARACTERS = 100;

/** Significant digits that a number always keeps (ECMAScript: 53 bits). */
export const EXACT_DIGITS = 15;

/** Whether a number may have lost digits where it came from. */
function mayHaveLostDigits(value: unknown, text: string): boolean {
	return typeof value === 'number' && text.replace(/^0\.0*|\./g, '').length > EXACT_DIGITS;
}

function complaintAbout(text: string): [string, string] {
	if (/^[+\-\u2012-\u2015\u2212]/.test(text))
		return ['has a sign.', 'Enter the amount without + or -.'];
	if (text.includes(',') || /\d[\s'\u2019_]\d|\d\.\d+\.\d/.test(text)) {
		return [
			'has a thousands separator or a decimal comma.',
			'Use digits with a dot for decimals, e.g. 1234.5.',
		];
	}
	if (/^(?:\d+(?:\.\d*)?|\.\d+)e[+-]?\d+$/i.test(text)) {
		return ['has an exponent.', 'Write all digits, e.g. 0.000001 instead of 1e-6.'];
	}
	if (/^\d+\.\d{7,}$/.test(text)) {
		return [
			'has more than six decimals.',
			'USDC has six decimals. Round the amount first: this node never rounds.',
		];
	}
	return ['is not an amount.', 'Enter an amount in USDC, e.g. 25 or 0.5.'];
}

/** The text of an amount. @throws ParameterError for none, or too much */
function textOf(parameter: string, value: unknown): string {
	const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
	const canBeEmpty = typeof value === 'string' || value === undefined || value === null;
	if (text === '' && canBeEmpty) {
		throw new ParameterError(parameter, 'is empty.', 'Enter an amount in USDC, e.g. 25 or 0.5.');
	}
	if (text.length <= MAX_CHARACTERS) return text;
	throw new ParameterError(
		parameter,
		`is too long for an amount (${text.length} characters).`,
		'Enter an amount in USDC, e.g. 25 or 0.5. For no limit, turn on its switch.',
	);
}

/**
 * Reads decimal USDC into micro-USDC, exactly.
 * @param value text such as `"12.5"`, or a number as an expression may give it
 * @throws ParameterError naming the parameter, for anything but plain decimal notation
 */
export function parseUsdc(parameter: string, value: unknown): bigint {
	const text = textOf(parameter, value);
	const match = USDC.exec(text);
	if (!match) {
		const [complaint, advice] = complaintAbout(text);
		throw new ParameterError(parameter, `${quote(value)} ${complaint}`, advice);
	}
	if (mayHaveLostDigits(value, text)) {
		throw new ParameterError(
			parameter,
			`${quote(value)} has more digits than a number can keep.`,
			'Pass the amount as text all the way from its source: digits may already be lost.',
		);
	}
	const [, whole = '', fraction = ''] = match;
	const micro = BigInt(whole) * MICRO_PER_USDC + BigInt(fraction.padEnd(DECIMALS, '0'));
	if (micro <= MAX_MICRO) return micro;
	throw new ParameterError(
		parameter,
		'is more than a USDC contract can hold.',
		'Check the number of digits. For no limit, turn on its switch.',
	);
}

/**
 * The same for an amount that can't be 0.
 * @param advice what to do about 0
 * @throws ParameterError naming the parameter, for 0 too
 */
export function parsePositiveUsdc(parameter: string, value: unknown, advice: string): bigint {
	const micro = parseUsdc(parameter, value);
	if (micro > 0n) return micro;
	throw new ParameterError(parameter, 'is 0.', advice);
}

/** The latest amount: a row of a file has it twice, as what it's about and as what has moved. */
let latest = { micro: 0n, text: '0' };

/** Decimal USDC without trailing zeros. @param micro micro-USDC */
export function formatUsdc(micro: bigint): string {
	if (micro < 0n) return `-${formatUsdc(-micro)}`;
	if (micro !== latest.micro) {
		const digits = micro.toString().padStart(DECIMALS + 1, '0');
		const text = withoutTrailing(`${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`, '0');
		latest = { micro, text: withoutTrailing(text, '.') };
	}
	return latest.text;
}

/** The fields of amounts: one called `x` has `xUsdc` and `xUsdcMicro`. */
export type AmountFields<Amounts> = {
	[Name in keyof Amounts & string as `${Name}Usdc` | `${Name}UsdcMicro`]: Amounts[Name];
};

type Micros = Record<string, bigint | string | null>;
type Spelled<Micro> = Micro extends null ? null : string;

/**
 * Amounts as they leave this package, in both spellings; null stays null.
 * @param micros micro-USDC by name: `{ x: 12500000n }` gives
 * `{ xUsdc: "12.5", xUsdcMicro: "12500000" }`
 */
export function amountFields<Given extends Micros>(
	micros: Given,
): AmountFields<{ [Name in keyof Given]: Spelled<Given[Name]> }>;
export function amountFields(micros: Micros): Record<string, string | null> {
	const fields: Record<string, string | null> = {};
	for (const [name, value] of Object.entries(micros)) {
		const micro = value === null ? null : BigInt(value);
		fields[`${name}Usdc`] = micro === null ? null : formatUsdc(micro);
		fields[`${name}UsdcMicro`] = micro === null ? null : micro.toString();
	}
	return fields;
}

type AmountTypes = Record<string, z.ZodMiniType<string | null | undefined>>;

/** The schema of what `amountFields` gives. @param types a text, nullable or not, by name */
export function amountShape<Types extends AmountTypes>(types: Types): AmountFields<Types>;
export function amountShape(types: AmountTypes): AmountTypes {
	return Object.fromEntries(
		Object.entries(types).flatMap(([name, type]) => [
			[`${name}Usdc`, type],
			[`${name}UsdcMicro`, type],
		]),
	);
}
