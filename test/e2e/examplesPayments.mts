import { describe, expect, test } from '@jest/globals';
import { randomAddress } from '../../tools/emulator/index.mts';
import { eventIdOf, sheetColumns } from '../../tools/n8n/rig.mts';
import { expectSuccess, type Examples } from './examples.mts';
import { outputOf } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

/** Examples that a payment starts. */
export function testPayments(examples: () => Examples): void {
	describe('denied-payment-approval.json', () => {
		const FILE = 'denied-payment-approval.json';

		test('adds the seller, raises the limits, or changes nothing, as people answer', async () => {
			const { n8n, sandbox, slack } = examples().rig;
			const [seller, other] = [randomAddress(), randomAddress()] as [string, string];
			const limits = { daily_limit: '5000000', per_transaction_limit: '2000000' };
			const agents = [
				{ name: 'Strict', allowlist: [other] },
				{ name: 'Frugal', allowlist: [seller.toLowerCase()], spendConfig: limits },
				{ name: 'Rejected', allowlist: [other], spendConfig: limits },
			].map((init) => sandbox.addAgent(init));
			const from = slack.messages.length;
			const workflow = await n8n.activate(await examples().rig.importExample(FILE));
			for (const agent of agents) {
				sandbox.pay({ agent, status: 'denied', amountMicro: 2_500_001n, counterparty: seller });
			}

			for (const agent of agents) {
				const question = await waitFor(`a question about ${agent.name}`, () =>
					slack.messages.slice(from).find(({ text }) => text.startsWith(`${agent.name} may not`)),
				);
				const text = `${agent.name} may not pay 2.500001 USDC to ${seller}. Allow it?`;
				expect(question.text).toBe(text);
				const label = agent.name === 'Rejected' ? 'Reject' : 'Approve';
				await examples().open(question.buttons[label] ?? '');
			}
			const reports = await waitFor('three reports', () => {
				const texts = slack.messages.slice(from).filter(({ buttons }) => !buttons.Approve);
				return texts.length >= 3 ? texts.map(({ text }) => text) : undefined;
			});
			await n8n.deactivate(workflow);

			expect(reports.sort()).toEqual(
				[
					`${seller} is on the allowlist of Strict now.`,
					'Rejected still may not pay ' + `${seller}. Nothing was changed.`,
					'The limits of Frugal allow 2.500001 USDC more now.',
				].sort(),
			);
			const [strict, frugal, rejected] = agents.map((agent) => sandbox.agent(agent));
			expect(strict).toMatchObject({ allowlist: [other, seller], spendConfig: null });
			expect(frugal).toMatchObject({
				allowlist: [seller.toLowerCase()],
				spendConfig: {
					daily_limit: '7500001',
					monthly_limit: null,
					per_transaction_limit: '2500001',
				},
			});
			expect(rejected).toEqual(agents[2]);
		});
	});

	test('each-payment-once.json adds no row when the same events are repeated', async () => {
		const { n8n, sandbox, sheets } = examples().rig;
		const { rows } = sheets.sheet('Payments');
		const before = rows.length;
		const eventIds = () =>
			rows
				.slice(before)
				.map((row) => row[sheetColumns.Payments.indexOf('Event ID')])
				.sort();
		const agent = sandbox.addAgent({ name: 'Buyer' });
		const workflow = await n8n.activate(
			await examples().rig.importExample('each-payment-once.json'),
		);
		const spent = sandbox.pay({ agent, amountMicro: 1_250_000n, status: 'settled' });
		const earned = sandbox.pay({ agent, type: 'earn', amountMicro: 3n, status: 'received' });
		const expected = [spent, earned].map(eventIdOf).sort();
		await waitFor('a row for each payment', () => eventIds().length >= 2 || undefined);
		expect(eventIds()).toEqual(expected);

		const again = await n8n.run(workflow, 'Ampersend Trigger');

		expectSuccess(again);
		const sample = outputOf(again, 'Ampersend Trigger').map(({ json }) => json.eventId);
		expect(sample.length).toBeGreaterThan(0);
		expect(expected).toEqual(expect.arrayContaining(sample));
		expect(outputOf(again, 'Each event once')).toEqual([]);
		expect(again.runs).not.toHaveProperty('Append a row');

		const later = sandbox.pay({ agent, amountMicro: 4n, status: 'denied' });
		await waitFor('a row for a later payment', () => eventIds().length >= 3 || undefined);
		await n8n.deactivate(workflow);
		expect(eventIds()).toEqual([...expected, eventIdOf(later)].sort());
		const executions = await n8n.executions(workflow);
		expect(executions.filter(({ status }) => status !== 'success')).toEqual([]);
	});
}
