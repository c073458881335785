import { expect, test } from '@jest/globals';
import type { Agent } from '../../tools/emulator/index.mts';
import { readCsv, type Examples } from './examples.mts';
import { outputOf } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const DAY_MS = 24 * 60 * 60_000;

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
		const { from, to } = outputOf(empty, 'Last month')[0]?.json ?? {};
		const [start, end] = [Date.parse(String(from)), Date.parse(String(to))];
		for (const [i, time] of [start - 1, start, end - 1, end].entries()) {
			pay(agent, [BigInt(1_000_000 + i)], time);
		}

		const execution = await examples().run('monthly-csv-by-email.json');

		const { fileName, content } = await examples().fileOf(execution, 'Export transactions');
		expect(fileName).toBe(`ampersend-${String(from).slice(0, 7)}.csv`);
		const amounts = readCsv(content).map(({ amountUsdc }) => amountUsdc);
		expect(amounts.sort()).toEqual(['1.000001', '1.000002']);
		const email = await waitFor('the email', () => mail.emails.at(1));
		expect(email).toMatchObject({
			to: [{ address: 'accounting@example.com' }],
			subject: fileName,
			text: 'The file has 2 transactions of our Ampersend agents.\n',
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

		expect(first.ids).toEqual([settled?.id, open.id]);
		expect(first.status).toEqual(['settled', 'authorized']);
		expect(cells('ID')).toEqual(first.ids);
		expect(cells('Status')).toEqual(['settled', 'settled']);
		expect(cells('Amount (USDC)')).toEqual(['1.25', '90071992547.409931']);
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
		expect(own[0]?.[columns.indexOf('Amount (USDC)')]).toBe('1.25');
	});

	test('low-balance-to-slack.json names the agents with less than their daily limit', async () => {
		const { sandbox } = examples().rig;
		const limit = { spendConfig: { daily_limit: '90071992547409931' } };
		sandbox.addAgent({ name: 'Low', balanceMicro: 90_071_992_547_409_930n, ...limit });
		sandbox.addAgent({ name: 'Enough', balanceMicro: 90_071_992_547_409_931n, ...limit });
		sandbox.addAgent({ name: 'Without a limit', balanceMicro: 0n, spendConfig: {} });
		sandbox.addAgent({ name: 'Not set up', balanceMicro: 0n });

		const messages = await examples().messagesOf(() => examples().run('low-balance-to-slack.json'));

		expect(messages).toEqual([
			':warning: *Low* has 90071992547.40993 USDC left. ' +
				'Its daily limit is 90071992547.409931 USDC.',
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
}
