import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Activity, Agent } from '../../tools/emulator/index.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import { startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { outputOf, type Execution, type StoredWorkflow } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

let rig: Rig;
let agent: Agent;
let workflow: StoredWorkflow;

beforeAll(async () => {
	rig = await startTestRig();
	agent = rig.sandbox.addAgent({ name: 'Research assistant' });
	rig.sandbox.pay({ agent, type: 'spend', amountMicro: 777_777n, status: 'settled' });
	workflow = await rig.n8n.activate(
		await rig.importExample('payment-alerts-to-slack-and-sheets.json'),
	);
});

afterAll(async () => {
	await rig?.stop();
});

async function runFor(payment: Activity): Promise<Execution> {
	return await waitFor(`the workflow to run for a payment ${payment.status}`, async () => {
		const executions = await rig.n8n.executions(workflow);
		return executions.find(({ stored }) => stored.includes(payment.id));
	});
}

const payments = () => rig.sheets.sheet('Payments');

/** Cells of the sheet's last row, by column. */
function lastRow(): Record<string, string | undefined> {
	const row = payments().rows.at(-1) ?? [];
	return Object.fromEntries(payments().columns.map((column, i) => [column, row[i]]));
}

describe('an active workflow', () => {
	const seller = randomAddress();

	test.each([
		{
			type: 'spend',
			status: 'settled',
			event: 'payment.settled',
			amountMicro: 1_250_000n,
			amountUsdc: '1.25',
			movedUsdc: '-1.25',
		},
		{
			type: 'spend',
			status: 'denied',
			event: 'payment.denied',
			amountMicro: 25_000_001n,
			amountUsdc: '25.000001',
			movedUsdc: '0',
		},
		{
			type: 'earn',
			status: 'received',
			event: 'payment.received',
			amountMicro: 1n,
			amountUsdc: '0.000001',
			movedUsdc: '0.000001',
		},
	] as const)(
		'sends $event to Slack and Google Sheets',
		async ({ type, status, event, amountMicro, amountUsdc, movedUsdc }) => {
			const seen = { messages: rig.slack.messages.length, rows: payments().rows.length };

			const payment = rig.sandbox.pay({ agent, type, status, amountMicro, counterparty: seller });
			const execution = await runFor(payment);

			expect({ status: execution.status, error: execution.error?.message }).toEqual({
				status: 'success',
				error: undefined,
			});
			expect(outputOf(execution, 'Ampersend Trigger').map(({ json }) => json)).toMatchObject([
				{
					event,
					agentAddress: agent.address,
					agentName: agent.name,
					amountUsdc,
					movedUsdc,
					status,
				},
			]);
			expect(rig.slack.messages.slice(seen.messages)).toMatchObject([
				{
					channel: '#payments',
					text: expect.stringContaining(`Payment ${status}: ${amountUsdc} USDC, ${agent.name}`),
				},
			]);
			expect(payments().rows.length - seen.rows).toBe(1);
			expect(lastRow()).toMatchObject({
				Event: event,
				Agent: agent.name,
				'Moved (USDC)': movedUsdc,
				Status: status,
				Direction: type,
			});
		},
	);

	test('sends both events of a payment that is authorized and then settles', async () => {
		const payment = rig.sandbox.pay({
			agent,
			type: 'spend',
			status: 'authorized',
			amountMicro: 3_000_000n,
			counterparty: seller,
		});
		const first = await runFor(payment);
		expect(outputOf(first, 'Ampersend Trigger').map(({ json }) => json.event)).toEqual([
			'payment.authorized',
		]);

		rig.sandbox.setStatus(payment.id, 'settled');
		const second = await waitFor('the run for its settling', async () =>
			(await rig.n8n.executions(workflow, first.id)).at(0),
		);

		expect(outputOf(second, 'Ampersend Trigger').map(({ json }) => json)).toMatchObject([
			{ event: 'payment.settled', amountUsdc: '3' },
		]);
	});
});

test('nothing was sent twice, and nothing from before', async () => {
	const ids = payments().rows.map((row) => row[payments().columns.indexOf('Event ID')]);
	expect(new Set(ids).size).toBe(ids.length);
	expect(ids).toHaveLength(5);
	expect(rig.slack.messages).toHaveLength(5);
	expect(rig.slack.messages.filter(({ text }) => text.includes('0.777777'))).toEqual([]);
});

test('no key is in the log, in a stored execution or in any other file of n8n', async () => {
	const secret = rig.sandbox.apiKey.replace(/^sk_[a-z]+_/, '');
	expect(rig.n8n.log).not.toContain(secret);
	expect(await rig.filesHolding([secret])).toEqual([]);
});

test('a local service answered every request', () => {
	rig.proxy.assertClean();
	rig.sandbox.assertClean();
});
