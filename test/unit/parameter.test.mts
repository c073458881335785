import { describe, expect, it } from '@jest/globals';

import {
	readChoice,
	readPublicText,
	readSwitch,
	readText,
} from '../../nodes/Ampersend/domain/parameter';

describe('a switch', () => {
	it.each([
		[true, true],
		['true', true],
		['TRUE', true],
		[' True ', true],
		[false, false],
		['FALSE', false],
		['', undefined],
		[' ', undefined],
		[undefined, undefined],
	])('reads %j as %j', (given, value) => {
		expect(readSwitch('Return All', given)).toBe(value);
	});

	it.each(['yes', '1', 1, 0, 'TRUE FALSE', [], {}])('rejects %j', (given) => {
		expect(() => readSwitch('Return All', given)).toThrow('is neither true nor false.');
	});
});

describe('a choice', () => {
	it('is its default if the text is empty, and only then', () => {
		const read = (given: unknown) => readChoice('Order', given, ['up', 'down'], 'down');
		for (const given of ['', ' ', '\u00a0']) expect(read(given)).toBe('down');
		for (const given of ['up', 'UP', 'Up', 'up ', ' Up\n']) expect(read(given)).toBe('up');
		for (const given of [undefined, null, 'left', ['up'], 0, false]) {
			expect(() => read(given)).toThrow('Order: ');
		}
	});

	it('is required without a default', () => {
		expect(() => readChoice('Columns', '', ['id'])).toThrow('Columns: "" is not an option.');
	});
});

describe('a text', () => {
	it('is the ISO text of a date', () => {
		expect(readText('File Name', new Date(0))).toBe('1970-01-01T00:00:00.000Z');
		expect(() => readText('File Name', new Date(NaN))).toThrow('is not text.');
	});
});

describe('a text that others see', () => {
	it('is no key', () => {
		const digits = 'a1'.repeat(32);
		const wrong = `${'a1'.repeat(15)}O${'b2'.repeat(16)}c`;
		for (const key of [
			...[digits, `0x${digits}`, `0X${digits}`, `my key: ${digits}`, 'sk_live_1', 'SK_TEST_1'],
			...[`Buyer 0x${digits}`, `${digits} buyer`, `key_${digits}`, digits.slice(0, 60), wrong],
			...[digits.replace(/..(?=.)/g, '$&:'), digits.replace(/.{8}/g, '$& ')],
			...['whsec_1', `Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln`],
			'abandon ability able about above absent absorb abstract absurd abuse access accident',
		]) {
			expect(() => readPublicText('Name', key)).toThrow(
				'Name: contains something that looks like a key, so it is not sent.',
			);
		}
		const address = `0x${'ab'.repeat(20)}`;
		for (const name of [
			...['Buyer', '', address, `${address} bed`, `${address} ${address}`],
			...['one two three four five six seven', '2014 2015 2016 2017 2018 2019 2020 2021 2022 2023'],
			...['task_test_1 of risk_live_2', 'Keys begin with sk_live_ or sk_test_…'],
			'sells fresh market data for every major crypto trading pair each day',
			'This endpoint returns the current weather of any city in the world, with a forecast',
			'12345678-1234-1234-1234-123456789abc 12345678-1234-1234-1234-123456789abc',
			'https://api.example.com/v1/weather/of/any/city/in/the/world/with/a/forecast',
		]) {
			expect(readPublicText('Name', name)).toBe(name);
		}
	});
});
