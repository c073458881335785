import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod/v4-mini';

import { ParameterError } from '../../nodes/Ampersend/domain/parameter';
import {
	amountFields,
	amountShape,
	formatUsdc,
	parseUsdc,
} from '../../nodes/Ampersend/domain/money';

const LARGEST = 2n ** 256n - 1n;
const micro = fc.oneof(
	fc.bigInt({ min: 0n, max: 10_000_000n }),
	fc.bigInt({ min: 0n, max: LARGEST }),
);

function rejectionOf(value: unknown): ParameterError {
	try {
		parseUsdc('Daily Limit', value);
	} catch (error) {
		if (error instanceof ParameterError) return error;
		throw error;
	}
	throw new Error(`${String(value)} was accepted`);
}

describe('an amount', () => {
	it('is read back exactly from its text, up to the largest that a contract can hold', () => {
		fc.assert(fc.property(micro, (value) => parseUsdc('Amount', formatUsdc(value)) === value));
		expect(parseUsdc('Amount', formatUsdc(LARGEST))).toBe(LARGEST);
	});

	it('is written without trailing zeros, without an exponent and with at most six decimals', () => {
		fc.assert(
			fc.property(micro, (value) => /^(0|[1-9]\d*)(\.\d{0,5}[1-9])?$/.test(formatUsdc(value))),
		);
	});

	it.each([
		['0', 0n],
		['0.000001', 1n],
		['0.1', 100_000n],
		['1', 1_000_000n],
		['1.10', 1_100_000n],
		['12.5', 12_500_000n],
		['007', 7_000_000n],
		[' 25 ', 25_000_000n],
		['9007199254740993.000001', 9_007_199_254_740_993_000_001n],
	])('reads %j as %s micro-USDC', (text, expected) => {
		expect(parseUsdc('Amount', text)).toBe(expected);
	});

	it('has a minus before the same digits if it is negative, whatever came before', () => {
		fc.assert(
			fc.property(micro, micro, (one, other) => {
				const texts = [one, -one, other, -one, one].map(formatUsdc);
				const minus = one === 0n ? '' : '-';
				const text = texts[0] ?? '';
				expect(texts).toEqual([text, minus + text, formatUsdc(other), minus + text, text]);
				expect(parseUsdc('Amount', texts[2])).toBe(other);
			}),
		);
	});

	it('adds up exactly, unlike floats', () => {
		expect(formatUsdc(parseUsdc('Amount', '0.1') + parseUsdc('Amount', '0.2'))).toBe('0.3');
		fc.assert(
			fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 24n })), (values) => {
				const sum = values.reduce((total, value) => total + value, 0n);
				const read = values.map((value) => parseUsdc('Amount', formatUsdc(value)));
				expect(formatUsdc(read.reduce((total, value) => total + value, 0n))).toBe(formatUsdc(sum));
			}),
		);
	});

	it('keeps the order of its value', () => {
		fc.assert(
			fc.property(micro, micro, (one, other) => {
				const [first, second] = [one, other].map((value) => parseUsdc('Amount', formatUsdc(value)));
				expect(Number(first! > second!)).toBe(Number(one > other));
			}),
		);
	});

	it('becomes two output fields that match its schema', () => {
		const fields = amountFields({ daily: '12500000', monthly: null, balance: 0n });
		expect(fields).toEqual({
			dailyUsdc: '12.5',
			dailyUsdcMicro: '12500000',
			monthlyUsdc: null,
			monthlyUsdcMicro: null,
			balanceUsdc: '0',
			balanceUsdcMicro: '0',
		});
		const shape = amountShape({ daily: z.string(), monthly: z.null(), balance: z.string() });
		expect(z.parse(z.strictObject(shape), fields)).toEqual(fields);
	});
});

describe('a number from an expression', () => {
	it.each([
		[0, 0n],
		[-0, 0n],
		[25, 25_000_000n],
		[0.1, 100_000n],
		[0.000001, 1n],
		[1234567.891, 1_234_567_891_000n],
	])('%d is read as the decimals that it shows', (value, expected) => {
		expect(parseUsdc('Amount', value)).toBe(expected);
	});

	it.each([
		[0.1 + 0.2, 'more than six decimals'],
		[1e-7, 'exponent'],
		[1e21, 'exponent'],
		[-1, 'a sign'],
		[NaN, 'not an amount'],
		[Infinity, 'not an amount'],
	])('%d is rejected', (value, complaint) => {
		expect(rejectionOf(value).message).toContain(complaint);
	});

	it('is rejected if it may already have lost digits', () => {
		// Written as 9007199254740993 and 123456789012.345678; a JSON number holds neither exactly.
		for (const value of [Number('9007199254740993'), Number('123456789012.345678')]) {
			const { message, description } = rejectionOf(value);
			expect(message).toContain('more digits than a number can keep');
			expect(description).toContain('text');
		}
	});
});

describe("a value that isn't a plain amount", () => {
	it.each([
		['-5', 'has a sign', 'without + or -'],
		['+5', 'has a sign', 'without + or -'],
		['\u22125', 'has a sign', 'without + or -'],
		['-1e3', 'has a sign', 'without + or -'],
		['1e6', 'exponent', 'Write all digits'],
		['1E-6', 'exponent', 'Write all digits'],
		['1.5e3', 'exponent', 'Write all digits'],
		['1,000', 'thousands separator', 'with a dot for decimals'],
		['1,000.50', 'thousands separator', 'with a dot for decimals'],
		['1 000', 'thousands separator', 'with a dot for decimals'],
		['1\u00a0000', 'thousands separator', 'with a dot for decimals'],
		["1'000", 'thousands separator', 'with a dot for decimals'],
		['1_000', 'thousands separator', 'with a dot for decimals'],
		['1.000.000', 'thousands separator', 'with a dot for decimals'],
		['0,5', 'decimal comma', 'with a dot for decimals'],
		['0.1234567', 'more than six decimals', 'Round the amount first'],
		['1.0000000', 'more than six decimals', 'Round the amount first'],
		['ten', 'is not an amount', 'e.g. 25 or 0.5'],
		['5 USDC', 'is not an amount', 'e.g. 25 or 0.5'],
		['$5', 'is not an amount', 'e.g. 25 or 0.5'],
		['0x10', 'is not an amount', 'e.g. 25 or 0.5'],
		['.5', 'is not an amount', 'e.g. 25 or 0.5'],
		['5.', 'is not an amount', 'e.g. 25 or 0.5'],
		['\uff15', 'is not an amount', 'e.g. 25 or 0.5'],
		['', 'is empty', 'e.g. 25 or 0.5'],
		['   ', 'is empty', 'e.g. 25 or 0.5'],
		[undefined, 'is empty', 'e.g. 25 or 0.5'],
		[null, 'is empty', 'e.g. 25 or 0.5'],
		[{ amount: 5 }, 'is not an amount', 'e.g. 25 or 0.5'],
		[[5], 'is not an amount', 'e.g. 25 or 0.5'],
		[true, 'is not an amount', 'e.g. 25 or 0.5'],
	])('%j is rejected: %s', (value, complaint, advice) => {
		const rejection = rejectionOf(value);
		expect(rejection.message).toMatch(/^Daily Limit: /);
		expect(rejection.message).toContain(complaint);
		expect(rejection.description).toContain(advice);
		expect(rejection.parameter).toBe('Daily Limit');
	});

	it('is shown in the message, so the user finds it', () => {
		expect(rejectionOf('1,000').message).toContain('"1,000"');
	});

	it('is rejected one micro-USDC above the largest, and the message suggests no limit', () => {
		const rejection = rejectionOf(formatUsdc(LARGEST + 1n));
		expect(rejection.message).toContain('more than a USDC contract can hold');
		expect(rejection.description).toContain('no limit');
	});

	it('is never read as another amount: text is either plain decimals or rejected', () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.,-+eE '_") }), (text) => {
				let read: bigint;
				try {
					read = parseUsdc('Amount', text);
				} catch (error) {
					expect(error).toBeInstanceOf(ParameterError);
					return;
				}
				const [whole = '', fraction = ''] = text.trim().split('.');
				expect(read.toString().padStart(7, '0')).toBe(
					BigInt(whole + fraction.padEnd(6, '0'))
						.toString()
						.padStart(7, '0'),
				);
			}),
			{ numRuns: 500 },
		);
	});
});
