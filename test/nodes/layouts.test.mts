import { describe, expect, it } from '@jest/globals';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { fileOf, parseCsv } from './files.mts';
import { DAY, HOUR, MINUTE, historyOf } from './payments.mts';
import { short, useAmpersend } from './setup.mts';

const ampersend = useAmpersend();
const { exportFile, changeRows } = historyOf(ampersend, 'transaction');

const SELLER = '0x1f98431c8ad98523631ae4a59f267346ea31f984';
const HASH = `0x${'ab'.repeat(32)}`;
/** A minute after midnight on 1 November in Berlin is still October in UTC. */
const NOVEMBER = Date.parse('2026-10-31T23:00:00Z');

const write = async (options: object, parameters: INodeParameters = {}) =>
	await exportFile({ ...parameters, options: { timeZone: 'Europe/Berlin', ...options } });

const textsOf = (items: INodeExecutionData[]) => items.map((item) => fileOf(item).text);

/** October and November in Berlin, with payments that don't count. */
function addPayments() {
	const { emulator } = ampersend;
	const agent = emulator.addAgent({ name: 'Research assistant' });
	const pay = (at: number, amountMicro: bigint, details = {}) =>
		emulator.pay({
			agent,
			type: 'spend',
			amountMicro,
			counterparty: SELLER,
			timestamp: NOVEMBER + at,
			txHash: HASH,
			...details,
		});
	pay(-3 * DAY, 12_500_000n);
	pay(-2 * DAY, 7_000_000n, { status: 'denied' });
	for (let i = 1; i <= 3; i++) pay(-DAY - i * MINUTE, 1_006_000n);
	pay(-DAY - HOUR, 4_000n, { type: 'earn' });
	pay(-HOUR, 20_000n, { type: 'earn' });
	pay(MINUTE, 40_000n);
	pay(HOUR, 5_000_000n, { status: 'authorized' });
	return agent;
}

const unclear = (rows: number, usdc: string) => ({
	unclear: rows,
	unclearUsdc: usdc,
	unclearUsdcMicro: String(Number(usdc) * 1_000_000),
});

/** In October -12.5 - 3.018 + 0.004 + 0.02 = -15.494, and -0.04 in November. */
const TOTAL = {
	movedUsdc: '-15.534',
	movedUsdcMicro: '-15534000',
	bookedUsdc: '-15.53',
	bookedUsdcMicro: '-15530000',
	...unclear(0, '0'),
};

const TOTALS = [
	{ direction: 'earn', rows: 2, amountUsdc: '0.024' },
	{ direction: 'spend', status: 'settled', rows: 5, amountUsdc: '15.558' },
];

const seller = short(SELLER);
const name = '(Research assistant)';

describe('A layout of money that has moved', () => {
	it('is what QuickBooks Online reads, in cents', async () => {
		addPayments();
		const { items, error, hints } = await write({ layout: 'quickbooks' });

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(textsOf(items)).toEqual([
			[
				'Date,Description,Amount',
				`11/01/2026,Paid ${seller} ${name},-0.04`,
				`10/31/2026,Earned ${name},0.02`,
				`10/30/2026,3 payments to ${seller} with fractions of a cent ${name},-3.02`,
				`10/29/2026,Paid ${seller} ${name},-12.50`,
				// Nothing is written for 0.004 that was earned: -15.50 are in lines, -15.49 have moved.
				'10/31/2026,Rounding difference of 2026-10,0.01',
				'',
			].join('\r\n'),
		]);
		expect(items[0]?.json).toMatchObject({ rows: 5, ...TOTAL, totals: TOTALS });
	});

	it('is what Xero reads', async () => {
		addPayments();
		const { items } = await write({ layout: 'xero', order: 'oldestFirst' });

		expect(textsOf(items)).toEqual([
			[
				'Date,Amount,Payee,Description,Reference',
				'2026-10-31,0.01,,Rounding difference of 2026-10,',
				`2026-10-29,-12.50,${SELLER},Paid ${seller} ${name},${HASH}`,
				`2026-10-30,-3.02,${SELLER},3 payments to ${seller} with fractions of a cent ${name},`,
				`2026-10-31,0.02,,Earned ${name},${HASH}`,
				`2026-11-01,-0.04,${SELLER},Paid ${seller} ${name},${HASH}`,
				'',
			].join('\r\n'),
		]);
		expect(items[0]?.json).toMatchObject({ rows: 5, ...TOTAL });
	});

	it('is a journal with your names of accounts', async () => {
		addPayments();
		const { items } = await write({
			layout: 'journal',
			currency: 'USDC',
			expenseAccount: '={{ "=1+1" }}',
			incomeAccount: '',
			walletAccount: '1210; USDC',
		});

		const memos = [
			`Paid ${seller} ${name}`,
			`Earned ${name}`,
			`3 payments to ${seller} with fractions of a cent ${name}`,
		];
		expect(textsOf(items)).toEqual([
			[
				'Date,Account,Debit,Credit,Memo,Currency',
				`2026-11-01,'=1+1,0.04,,${memos[0]},USDC`,
				`2026-11-01,1210; USDC,,0.04,${memos[0]},USDC`,
				`2026-10-31,1210; USDC,0.02,,${memos[1]},USDC`,
				`2026-10-31,Agent Income,,0.02,${memos[1]},USDC`,
				`2026-10-30,'=1+1,3.02,,${memos[2]},USDC`,
				`2026-10-30,1210; USDC,,3.02,${memos[2]},USDC`,
				`2026-10-29,'=1+1,12.50,,${memos[0]},USDC`,
				`2026-10-29,1210; USDC,,12.50,${memos[0]},USDC`,
				'2026-10-31,1210; USDC,0.01,,Rounding difference of 2026-10,USDC',
				'2026-10-31,Rounding,,0.01,Rounding difference of 2026-10,USDC',
				'',
			].join('\r\n'),
		]);
		expect(items[0]?.json).toMatchObject({ rows: 10, ...TOTAL });
	});

	it.each([
		['quickbooks', undefined, [999, 999, 502]],
		['quickbooks', 1_500, [999, 999, 502]],
		['quickbooks', 900, [900, 900, 700]],
		['xero', undefined, [1_000, 1_000, 500]],
		['xero', 100_000, [1_000, 1_000, 500]],
		['xero', 999, [999, 999, 502]],
		['journal', undefined, [5_000]],
		['journal', 3_333, [3_332, 1_668]],
	])('has at most so many rows a file: %s with %s', async (layout, rowsPerFile, expected) => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 2_500, (i) => ({
			type: 'spend',
			amountMicro: BigInt(i + 1) * 10_000n,
		}));
		const { items, error } = await write({ layout, ...(rowsPerFile && { rowsPerFile }) });

		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.rows)).toEqual(expected);
		const files = textsOf(items).map((text) => parseCsv(text));
		expect(files.map(({ length }) => length - 1)).toEqual(expected);
		const booked = items.reduce((sum, { json }) => sum + Number(json.bookedUsdc), 0);
		expect(booked).toBeCloseTo(-(2_500 * 2_501) / 200);
		expect(items.every(({ json }) => json.bookedUsdc === json.movedUsdc)).toBe(true);
		if (layout !== 'journal') return;
		for (const [, ...rows] of files) {
			const sum = (column: number) => rows.reduce((all, row) => all + Number(row[column]), 0);
			expect(sum(2)).toBeCloseTo(sum(3));
		}
	});

	it.each([
		['signs of three bytes', '\u20ac'],
		['characters of four bytes', '\u{1f4b8}'],
		['quotes, which a file doubles', '"'],
		['signs that a spreadsheet would run', ',\uff1d'],
	])('is below the 350 KB that QuickBooks takes, with a name of %s', async (_, part) => {
		const agent = ampersend.emulator.addAgent({ name: `A${part.repeat(500)}` });
		const big = 10n ** 17n + 5_001n;
		ampersend.emulator.seedActivity(
			agent,
			6_000,
			() => ({ type: 'spend', amountMicro: big, counterparty: SELLER }),
			{ newest: NOVEMBER, everyMs: DAY / 3 },
		);
		const { items, error } = await write({ layout: 'quickbooks', byteOrderMark: true });

		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.rows)).toEqual([999, 999, expect.any(Number)]);
		for (const item of items) {
			const { text } = fileOf(item);
			expect(Buffer.byteLength(text)).toBeLessThan(350_000);
			expect(text).toMatch(/^\ufeffDate,Description,Amount\r\n\d\d\/\d\d\/\d{4},/);
		}
		expect(fileOf(items[0]).text).toContain(' payments to ');
		expect(fileOf(items[0]).text).not.toContain('\ufffd');
	});

	it('has no line, and says what moved, where nothing reaches half a cent', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, type: 'spend', amountMicro: 4_000n });
		const { items, hints } = await write({ layout: 'quickbooks' });

		expect(textsOf(items)).toEqual(['Date,Description,Amount\r\n']);
		expect(items[0]?.json).toMatchObject({ rows: 0, movedUsdc: '-0.004', bookedUsdc: '0' });
		expect(hints.map(({ message }) => message)).toEqual([
			'The file has no lines: what 1 payments have moved (-0.004 USDC) is less than half a cent ' +
				'in each month. Nothing of it is carried into another month.',
		]);
	});

	it('has only a heading without payments', async () => {
		ampersend.emulator.addAgent();
		const { items, hints } = await write({ layout: 'xero' });

		expect(hints.map(({ message }) => message)).toEqual([
			'No money has moved, so the file has no lines.',
		]);
		expect(items[0]?.json).toMatchObject({ rows: 0, movedUsdc: '0', bookedUsdc: '0', totals: [] });
		expect(textsOf(items)).toEqual(['Date,Amount,Payee,Description,Reference\r\n']);
	});

	it('is as Summarize says, month by month', async () => {
		const { emulator } = ampersend;
		for (let a = 0; a < 2; a++) {
			emulator.seedActivity(
				emulator.addAgent(),
				1_200,
				(i) => ({ type: i % 5 ? 'spend' : 'earn', amountMicro: BigInt(i * i * 37) }),
				{ newest: NOVEMBER + 20 * DAY, everyMs: 3 * HOUR + a },
			);
		}
		const timeZone = 'Europe/Berlin';
		const summary = await ampersend.run({
			resource: 'transaction',
			operation: 'summarize',
			groupBy: ['month'],
			options: { timeZone },
		});
		const { items } = await write({ layout: 'quickbooks' });
		const files = textsOf(items).map((text) => parseCsv(text).slice(1));
		const rows = files.flat();
		expect(files.length).toBeGreaterThan(1);
		expect(summary.items.length).toBeGreaterThan(2);
		for (const { json } of summary.items) {
			const [year, month] = String(json.month).split('-');
			const cents = rows
				.filter(([date = '']) => date.startsWith(`${month}/`) && date.endsWith(`/${year}`))
				.reduce((sum, [, , amount]) => sum + Math.round(Number(amount) * 100), 0);
			expect(cents).toBe(Math.round(Number(json.movedUsdc) * 100));
		}
	});

	it('moves nothing by a status that is new, and says so', async () => {
		const agent = ampersend.emulator.addAgent();
		for (let i = 0; i < 2; i++) {
			ampersend.emulator.pay({ agent, type: 'spend', amountMicro: 20_000n });
		}
		ampersend.emulator.fault(
			changeRows((rows) => rows.map((row, i) => (i === 0 ? { ...row, status: 'refunded' } : row))),
		);
		const { items, hints } = await write({ layout: 'quickbooks' });

		expect(items[0]?.json).toMatchObject({ rows: 1, bookedUsdc: '-0.02', ...unclear(1, '0.02') });
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringContaining('"refunded". They count as money that has not moved'),
		]);
	});

	it.each([{ status: 'refunded' }, { type: 'refund' }])(
		'says what it leaves out, and no more of what has moved: %j',
		async (change) => {
			const agent = ampersend.emulator.addAgent();
			for (const status of ['settled', 'settled', 'settled', 'failed'] as const) {
				ampersend.emulator.pay({ agent, type: 'spend', status, amountMicro: 1_000_000n });
			}
			const { items: none } = await write({ layout: 'quickbooks' });
			expect(none.map(({ json }) => json)).toMatchObject([unclear(0, '0')]);
			ampersend.emulator.fault(
				changeRows((rows) =>
					rows.map((row) => (row.status === 'settled' ? { ...row, ...change } : row)),
				),
			);
			const { items, hints } = await write({ layout: 'xero' });

			expect(items.map(({ json }) => json)).toMatchObject([{ rows: 0, ...unclear(3, '3') }]);
			expect(hints[0]?.message).toBe(
				"The file has no lines: it isn't known whether 3 payments (3 USDC) have moved money. " +
					'No other has.',
			);
		},
	);

	it('takes names as data, on one line', async () => {
		const name = '=1+1, "a"\r\n\u2028\u0000\t;@SUM(A1)\n';
		const agent = ampersend.emulator.addAgent({ name });
		ampersend.emulator.pay({ agent, type: 'spend', amountMicro: 20_000n, counterparty: SELLER });
		const { items } = await write({ layout: 'xero' });

		const [, [, , , description] = []] = parseCsv(fileOf(items[0]).text);
		expect(description).toBe(`Paid ${seller} (=1+1, "a" ;'@SUM(A1))`);
	});
});

describe('The layout of a spreadsheet', () => {
	it.each([
		[{}, '\ufeff', ';', '0,04'],
		[{ decimalSeparator: 'dot' }, '\ufeff', ',', '0.04'],
		[{ decimalSeparator: 'dot', byteOrderMark: false, delimiter: 'tab' }, '', '\t', '0.04'],
	])('has words and local times, with %j', async (options, mark, delimiter, amount) => {
		const agent = addPayments();
		const columns = ['occurredAt', 'agentAddress', 'amountUsdc', 'explorerUrl', 'id'];
		const { items, error } = await write({ layout: 'spreadsheet', columns, ...options });

		expect(error).toBeUndefined();
		const [head, , row] = fileOf(items[0]).text.split('\r\n');
		const headings = ['Occurred At', 'Agent Address', 'Amount USDC', 'Explorer URL', 'ID'];
		expect(head).toBe(mark + headings.join(delimiter));
		expect(row?.split(delimiter).slice(0, 3)).toEqual([
			'2026-11-01 00:01:00',
			agent.address,
			amount,
		]);
		expect(items[0]?.json).toMatchObject({ rows: 9, movedUsdc: TOTAL.movedUsdc });
		expect(items[0]?.json).not.toHaveProperty('bookedUsdc');
	});

	it('is there for payment events, too', async () => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent(), amountMicro: 40_000n });
		const { items } = await historyOf(ampersend, 'paymentEvent').exportFile({
			options: { layout: 'spreadsheet', columns: ['scheme', 'amountUsdc', 'expiresAt'] },
		});

		expect(fileOf(items[0]).text).toMatch(
			/^\ufeffScheme;Amount USDC;Expires At\r\n\w*;0,04;(?:\d{4}-\d\d-\d\d [\d:]{8})?\r\n$/,
		);
	});
});

describe('A layout that a file cannot have', () => {
	it.each<[string, INodeParameters, string, string]>([
		['JSON', { format: 'json', options: { layout: 'quickbooks' } }, 'QuickBooks Online', 'Layout'],
		['lines', { format: 'jsonl', options: { layout: 'spreadsheet' } }, 'Spreadsheet', 'Layout'],
	])('is rejected for %s by name', async (_, parameters, title, parameter) => {
		const { items, error } = await exportFile(parameters);

		expect(items).toEqual([]);
		expect(error?.message).toBe(`${parameter}: ${title} needs CSV.`);
		expect(error?.description).toBe('Set File Format to CSV, or Layout to All Columns.');
		expect(ampersend.seen).toEqual([]);
	});

	it('is rejected with columns', async () => {
		const { error } = await exportFile({ options: { layout: 'xero', columns: ['status'] } });

		expect(error?.message).toBe('Columns: Xero has its own columns.');
		expect(error?.description).toBe('Remove Columns, or choose another Layout.');
		expect(ampersend.seen).toEqual([]);
	});

	it.each([
		['journal', 'Journal'],
		['quickbooks', 'QuickBooks Online'],
		['xero', 'Xero'],
	])('is rejected for payment events, which have no direction: %s', async (layout, title) => {
		const { error } = await historyOf(ampersend, 'paymentEvent').exportFile({
			options: { layout: `={{ "${layout}" }}` },
		});

		expect(error?.message).toBe(
			`Layout: ${title} needs movedUsdc, which payment events don't have.`,
		);
		expect(error?.description).toBe('Use Transaction: Export.');
		expect(ampersend.seen).toEqual([]);
	});

	it.each([
		['Expense Account', { expenseAccount: 'ampersend wallet ' }],
		['Income Account', { incomeAccount: '1210', walletAccount: '1210' }],
		['Rounding Account', { walletAccount: 'Rounding' }],
	])('is rejected if the account of the wallet is also the %s', async (name, accounts) => {
		const { error } = await exportFile({ options: { layout: 'journal', ...accounts } });

		expect(error?.message).toBe(`Wallet Account: has the same name as ${name}.`);
		expect(ampersend.seen).toEqual([]);
	});

	it.each([
		['currency', 'Currency'],
		['expenseAccount', 'Expense Account'],
		['incomeAccount', 'Income Account'],
		['roundingAccount', 'Rounding Account'],
		['walletAccount', 'Wallet Account'],
	])('is rejected if an expression for %s gives no value', async (option, displayName) => {
		const { error } = await exportFile({
			options: { layout: 'journal', [option]: '={{ $json.missing }}' },
		});

		expect(error?.message).toBe(`${displayName}: the expression gives no value.`);
		expect(ampersend.seen).toEqual([]);
	});
});
