import { expect, test } from '@jest/globals';
import type { Agent } from '../../tools/emulator/index.mts';
import { readCsv, type Examples } from './examples.mts';
import { outputOf } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const DAY_MS = 24 * 60 * 60_000;

/** n8n's, where it isn't told another. */
const TIME_ZONE = 'America/New_York';

/** The middle of what n8n takes for last month, epoch ms. */
export function midOfLastMonth(): number {
	const today = new Date().toLocaleDateString('en-CA', { timeZone: TIME_ZONE });
	const [year = 0, month = 0] = today.split('-').map(Number);
	return Date.UTC(year, month - 2, 15, 12);
}

/** Examples that run at set times. */
export function testReports(examples: () => Examples): void {
	const pay = (agent: Agent, amounts: bigint[], timestamp?: number) =>
		amounts.map((amountMicro) =>
			examples().rig.sandbox.pay({
				agent,
				amountMicro,
				status: 'settled',
				...(timestamp !== undefined && { timestamp }),
			}),
		);

	test('monthly-csv-by-email.json sends last month, first moment to last', async () => {
		const { mail, sandbox } = examples().rig;
		const agent = sandbox.addAgent({ name: 'Buyer' });
		const empty = await examples().run('monthly-csv-by-email.json');
		const { from, to } = outputOf(empty, 'Export transactions')[0]?.json ?? {};
		const [start, end] = [Date.parse(String(from)), Date.parse(String(to))];
		for (const [i, time] of [start - 1, start, end - 1, end].entries()) {
			pay(agent, [BigInt(1_000_000 + i)], time);
		}
		sandbox.pay({ agent, amountMicro: 9_170_000n, status: 'denied', timestamp: start });

		const execution = await examples().run('monthly-csv-by-email.json');

		const { fileName, content } = await examples().fileOf(execution, 'Export transactions');
		expect(fileName).toBe(`ampersend-${String(from).slice(0, 7)}.csv`);
		const amounts = readCsv(content).map(({ movedUsdc }) => movedUsdc);
		expect(amounts.sort()).toEqual(['-1.000001', '-1.000002', '0']);
		const email = await waitFor('the email', () => mail.emails.at(1));
		expect(email).toMatchObject({
			to: [{ address: 'accounting@example.com' }],
			subject: fileName,
			text:
				'The file has 3 transactions of our Ampersend agents. -2.000003 USDC moved: earned is ' +
				'positive, spent is negative.\n\nSpent, denied: 9.17 USDC (payments: 1)\n' +
				'Spent, settled: 2.000003 USDC (payments: 2)\n',
			attachments: [{ filename: fileName, mimeType: 'text/csv' }],
		});
		const attached = email.attachments[0]?.content as ArrayBuffer;
		expect(Buffer.from(attached)).toEqual(content);
	});

	test('nightly-export-to-sheets.json writes each transaction once, and updates it', async () => {
		const { sandbox, sheets } = examples().rig;
		const { columns, rows } = sheets.sheet('Transactions');
		const agent = sandbox.addAgent({ name: 'Buyer' });
		pay(agent, [1n], Date.now() - 9 * DAY_MS);
		const amountMicro = 90_071_992_547_409_931n;
		const timestamp = Date.now() - 2 * DAY_MS;
		const open = sandbox.pay({ agent, amountMicro, status: 'authorized', timestamp });
		const [settled] = pay(agent, [1_250_000n], timestamp + 1);
		const cells = (name: string) => rows.map((row) => row[columns.indexOf(name)]);

		await examples().run('nightly-export-to-sheets.json');
		const first = { ids: cells('ID'), status: cells('Status') };
		sandbox.setStatus(open.id, 'settled');
		await examples().run('nightly-export-to-sheets.json');

		const idOf = (id = '') => `${id}:${agent.address.toLowerCase()}`;
		expect(first.ids).toEqual([settled?.id, open.id].map(idOf));
		expect(first.status).toEqual(['settled', 'authorized']);
		expect(cells('ID')).toEqual(first.ids);
		expect(cells('Status')).toEqual(['settled', 'settled']);
		expect(cells('Moved (USDC)')).toEqual(['-1.25', '-90071992547.409931']);
		expect(cells('Agent')).toEqual(['Buyer', 'Buyer']);
	});

	test('reconcile-payments-hourly.json adds the events that are missing, each once', async () => {
		const { sandbox, sheets } = examples().rig;
		const { columns, rows } = sheets.sheet('Payments');
		const agent = sandbox.addAgent({ name: 'Buyer' });
		const [old] = pay(agent, [1n], Date.now() - 1.1 * DAY_MS);
		const [first] = pay(agent, [1_250_000n]);
		await examples().run('reconcile-payments-hourly.json');
		const open = sandbox.pay({ agent, amountMicro: 2n, status: 'authorized' });
		await examples().run('reconcile-payments-hourly.json');
		sandbox.setStatus(open.id, 'settled');
		await examples().run('reconcile-payments-hourly.json');

		const own = rows.filter((row) =>
			[old, first, open].some((one) => row[columns.indexOf('Event ID')]?.startsWith(`${one?.id}:`)),
		);
		// As the trigger's events have it.
		const address = agent.address.toLowerCase();
		expect(own.map((row) => row[columns.indexOf('Event ID')])).toEqual([
			`${first?.id}:settled:${address}`,
			`${open.id}:authorized:${address}`,
			`${open.id}:settled:${address}`,
		]);
		expect(own.map((row) => row[columns.indexOf('Event')])).toEqual([
			'payment.settled',
			'payment.authorized',
			'payment.settled',
		]);
		expect(own.map((row) => row[columns.indexOf('Moved (USDC)')])).toEqual([
			'-1.25',
			'0',
			'-0.000002',
		]);
	});

	test('weekly-spending-summary.json adds up the settled payments of last week', async () => {
		const { sandbox } = examples().rig;
		const run = async () =>
			await examples().messagesOf(() => examples().run('weekly-spending-summary.json'));
		const buyer = sandbox.addAgent({ name: 'Buyer' });
		const planner = sandbox.addAgent({ name: 'Planner' });
		const nothing = await run();
		const lastWeek = Date.now() - 7 * DAY_MS;
		pay(buyer, [90_071_992_547_409_931n, 2n], lastWeek);
		pay(planner, [1_250_000n], lastWeek);
		pay(planner, [5n]);
		sandbox.pay({ agent: planner, amountMicro: 7n, status: 'denied', timestamp: lastWeek });

		const messages = await run();

		expect(nothing).toEqual(['*Agents spent 0 USDC last week* (payments: 0)']);
		const [headline, ...lines] = messages.join().split('\n');
		expect(headline).toBe('*Agents spent 90071992548.659933 USDC last week* (payments: 3)');
		expect(lines.sort()).toEqual([
			'• Buyer: 90071992547.409933 USDC (payments: 2)',
			'• Planner: 1.25 USDC (payments: 1)',
		]);
	});

	test('cost-per-workflow.json tells what each workflow spent last month', async () => {
		const { sandbox } = examples().rig;
		const research = sandbox.addAgent({ name: 'Lead research' });
		const monitor = sandbox.addAgent({ name: 'Price monitor' });
		pay(research, [1_250_000n, 4n], midOfLastMonth());
		pay(monitor, [500_000n], midOfLastMonth());
		pay(monitor, [7n]);

		const messages = await examples().messagesOf(() => examples().run('cost-per-workflow.json'));

		const [headline, ...lines] = messages.join().split('\n');
		expect(headline).toBe('*Workflows cost 1.750004 USDC last month* (payments: 3)');
		expect(lines.sort()).toEqual([
			'• Lead research: 1.250004 USDC (payments: 2)',
			'• Price monitor: 0.5 USDC (payments: 1)',
		]);
	});

	test('month-end-books-by-email.json sends the files of each program in one email', async () => {
		const { mail, sandbox } = examples().rig;
		const from = mail.emails.length;
		const agent = sandbox.addAgent({ name: 'R&D <b>' });
		const timestamp = midOfLastMonth();
		const month = new Date(timestamp).toISOString().slice(0, 7);
		// Xero takes 1,000 lines a file, and QuickBooks 999.
		const payment = {
			type: 'spend',
			amountMicro: 10_000n,
			status: 'settled',
			timestamp,
		} as const;
		sandbox.seedActivity(agent, 1001, () => payment);
		sandbox.pay({ agent, amountMicro: 4n, status: 'settled', timestamp });
		sandbox.pay({ agent, amountMicro: 5_000_000n, status: 'failed', timestamp });

		await examples().run('month-end-books-by-email.json');

		const emails = await waitFor('two emails', () => {
			const found = mail.emails.slice(from);
			return found.length >= 2 ? found : undefined;
		});
		const files = emails.map(({ attachments }) => attachments.map(({ filename }) => filename));
		const books = [
			[`ampersend-${month}-quickbooks-1.csv`, `ampersend-${month}-quickbooks-2.csv`],
			[`ampersend-${month}-xero-1.csv`, `ampersend-${month}-xero-2.csv`],
		];
		expect(files).toEqual(books);
		expect(emails.map(({ subject }) => subject)).toEqual(books.map((names) => names.join(', ')));
		const [quickbooks, xero] = emails.map(({ html = '' }) => html);
		const table = '<tr><td>R&#38;D &#60;b></td><td>1002</td><td>-10.010004</td></tr>';
		for (const html of [quickbooks, xero]) {
			expect(html).toContain(table);
			expect(html).toContain('<tr><td>Total</td><td>1002</td><td>-10.010004</td></tr>');
		}
		expect(quickbooks).toContain(`${books[0]?.[0]}: -9.99 USDC in 999 lines<br>`);
		expect(xero).toContain(`${books[1]?.[0]}: -10 USDC in 1000 lines<br>`);
	});

	test('reconcile-every-week.json tells where both lists differ, and that they agree', async () => {
		const { sandbox } = examples().rig;
		const run = async () =>
			await examples().messagesOf(() => examples().run('reconcile-every-week.json'));
		const agent = sandbox.addAgent({ name: 'Buyer' });
		const [agreed, payment] = pay(agent, [1_250_000n, 920_000n], Date.now() - 2 * DAY_MS);
		expect(agreed?.status).toBe('settled');

		const nothing = await run();
		sandbox.setStatus(payment?.id ?? '', 'settled', 'failure');
		const [found = ''] = await run();

		expect(nothing).toEqual([
			':white_check_mark: Nothing to reconcile: transactions and payment events of ' +
				'the last 7 days agree.',
		]);
		const [headline, ...lines] = found.split('\n');
		expect(headline).toBe(':warning: *To reconcile, of the last 7 days: 1*');
		const both = 'transaction of 0.92 USDC (settled), payment event of 0.92 USDC (failure)';
		expect(lines.map((line) => line.replace(/https:.*/, 'LINK'))).toEqual([
			`• Buyer: ${both}. LINK`,
		]);
	});
}
