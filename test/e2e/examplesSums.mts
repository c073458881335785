import { describe, expect, test } from '@jest/globals';
import type { ActivityStatus, Agent } from '../../tools/emulator/index.mts';
import { sheetColumns } from '../../tools/n8n/rig.mts';
import { readCsv, toMicro, type Examples } from './examples.mts';
import { midOfLastMonth } from './examplesReports.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const DAY_MS = 24 * 60 * 60_000;
const MICRO_PER_CENT = 10_000n;
const MOVED = 'Moved (USDC)';

const sum = (amounts: string[]) => amounts.reduce((total, usdc) => total + toMicro(usdc), 0n);

/** Half a cent is rounded away from zero. */
function toCents(micro: bigint): bigint {
	const half = MICRO_PER_CENT / 2n;
	return (micro + (micro < 0n ? -half : half)) / MICRO_PER_CENT;
}

/** What the spent amounts of a message add up to: first the headline, then the others. */
function spentIn(message: string): [total: bigint, lines: bigint] {
	const amounts = [...message.matchAll(/([\d.]+) USDC/g)].map(([, usdc = '']) => usdc);
	const [total = '', ...lines] = amounts;
	return [-toMicro(total), -sum(lines)];
}

/** What people add up is what Summarize says that has moved. */
export function testSums(examples: () => Examples): void {
	/** Two agents pay and earn, and not all of it moves, with fractions of a cent. */
	function payAt(timestamp: number | undefined, agents: Agent[]): void {
		const { sandbox } = examples().rig;
		const spent: Array<[ActivityStatus, bigint]> = [
			['settled', 1_254_999n],
			['settled', 4n],
			['denied', 9_170_000n],
			['failed', 5_000_000n],
			['authorized', 2_000_000n],
		];
		const at = timestamp === undefined ? {} : { timestamp };
		for (const agent of agents) {
			for (const [status, amountMicro] of spent) sandbox.pay({ agent, status, amountMicro, ...at });
			sandbox.pay({ agent, type: 'earn', status: 'received', amountMicro: 333_333n, ...at });
		}
	}

	function addHistory(): void {
		const { sandbox } = examples().rig;
		const agents = ['Buyer', 'Planner'].map((name) => sandbox.addAgent({ name }));
		const days = [0, 1, 2, 5, 7, 8, 13].map((ago) => Date.now() - ago * DAY_MS);
		for (const time of [midOfLastMonth(), ...days]) payAt(time, agents);
	}

	/** One agent pays another. Nothing says that the two transactions don't have one id. */
	function payEachOther(): void {
		const { sandbox } = examples().rig;
		const [buyer, seller] = ['Buyer', 'Seller'].map((name) => sandbox.addAgent({ name }));
		if (!buyer || !seller) return;
		const timestamp = Date.now() - 2 * DAY_MS;
		const { id } = sandbox.pay({ agent: buyer, amountMicro: 40_000n, timestamp });
		sandbox.pay({ agent: seller, type: 'earn', id, amountMicro: 39_000n, timestamp });
	}

	/** What the new rows of a sheet add up to. */
	async function rowsOf(
		sheet: keyof typeof sheetColumns,
		steps: () => Promise<unknown>,
	): Promise<bigint> {
		const { rows } = examples().rig.sheets.sheet(sheet);
		const from = rows.length;
		await steps();
		const column = sheetColumns[sheet].indexOf(MOVED);
		return sum(rows.slice(from).map((row) => row[column] ?? ''));
	}

	/** The emails of a run, with what the column of each one's attachments adds up to. */
	async function emailsOf(file: string, count: number, column: string) {
		const { mail } = examples().rig;
		const from = mail.emails.length;
		await examples().run(file);
		const emails = await waitFor(`${count} emails`, () => {
			const found = mail.emails.slice(from);
			return found.length >= count ? found : undefined;
		});
		return emails.map(({ attachments, text = '', html = '' }) => {
			const rows = attachments.flatMap(({ content }) =>
				readCsv(Buffer.from(content as ArrayBuffer)),
			);
			return { body: html || text, moved: sum(rows.map((row) => row[column] ?? '')) };
		});
	}

	describe('adds up to what Summarize says that has moved', () => {
		test('the sheet of nightly-export-to-sheets.json', async () => {
			addHistory();
			payEachOther();
			const moved = await rowsOf('Transactions', async () => {
				await examples().run('nightly-export-to-sheets.json');
				await examples().run('nightly-export-to-sheets.json');
			});
			expect(moved).toBe(await examples().moved({ range: 'last7Days' }));
			expect(moved).not.toBe(0n);
		});

		test('the file and the text of monthly-csv-by-email.json', async () => {
			addHistory();
			const [email] = await emailsOf('monthly-csv-by-email.json', 1, 'movedUsdc');
			const moved = await examples().moved({ range: 'lastMonth' });
			expect(email?.moved).toBe(moved);
			expect(toMicro(/(\S+) USDC moved/.exec(email?.body ?? '')?.[1] ?? '')).toBe(moved);
			expect(moved).not.toBe(0n);
		});

		test('the files and the table of month-end-books-by-email.json', async () => {
			addHistory();
			const emails = await emailsOf('month-end-books-by-email.json', 2, 'Amount');
			const moved = await examples().moved({ range: 'lastMonth' });
			const cents = toCents(moved) * MICRO_PER_CENT;
			for (const { body, moved: booked } of emails) {
				expect(booked).toBe(cents);
				const rows = [...body.matchAll(/<td>(-?[\d.]+)<\/td><\/tr>/g)];
				const amounts = rows.map(([, usdc = '']) => usdc);
				expect(toMicro(amounts.at(-1) ?? '')).toBe(moved);
				expect(sum(amounts.slice(0, -1))).toBe(moved);
				expect(toMicro(/: (\S+) USDC in/.exec(body)?.[1] ?? '')).toBe(cents);
			}
			expect(moved).not.toBe(cents);
		});

		test.each([
			[
				'weekly-spending-summary.json',
				{
					from: "={{ $now.minus({ weeks: 1 }).startOf('week').toISO() }}",
					to: "={{ $now.startOf('week').toISO() }}",
				},
			],
			['cost-per-workflow.json', { range: 'lastMonth' }],
		])('the message of %s', async (file, range) => {
			addHistory();
			const [message = ''] = await examples().messagesOf(() => examples().run(file));
			const moved = await examples().moved({ direction: 'spend', ...range });
			expect(spentIn(message)).toEqual([moved, moved]);
			expect(moved).not.toBe(0n);
		});

		test('the sheet of reconcile-payments-hourly.json', async () => {
			const { sandbox } = examples().rig;
			const agent = sandbox.addAgent({ name: 'Buyer' });
			payAt(undefined, [agent]);
			const open = sandbox.pay({ agent, status: 'authorized', amountMicro: 7_000_000n });
			const moved = await rowsOf('Payments', async () => {
				await examples().run('reconcile-payments-hourly.json');
				sandbox.setStatus(open.id, 'settled');
				await examples().run('reconcile-payments-hourly.json');
			});
			expect(moved).toBe(await examples().moved({}));
		});

		test.each(['payment-alerts-to-slack-and-sheets.json', 'each-payment-once.json'])(
			'the sheet of %s',
			async (file) => {
				const { sandbox, sheets } = examples().rig;
				const { rows } = sheets.sheet('Payments');
				const from = rows.length;
				const agent = sandbox.addAgent({ name: 'Buyer' });
				const moved = await rowsOf('Payments', () =>
					examples().whilePublished(file, async () => {
						payAt(undefined, [agent]);
						const open = sandbox.pay({ agent, status: 'authorized', amountMicro: 7_000_000n });
						await waitFor('seven rows', () => rows.length - from >= 7 || undefined);
						sandbox.setStatus(open.id, 'settled');
						await waitFor('the row of its settling', () => rows.length - from >= 8 || undefined);
					}),
				);
				expect(moved).toBe(await examples().moved({}));
			},
		);
	});
}
