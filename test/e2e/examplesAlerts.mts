import { describe, expect, test } from '@jest/globals';
import { randomAddress, type Agent } from '../../tools/emulator/index.mts';
import type { Examples } from './examples.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const DAY_MS = 24 * 60 * 60_000;

/** As the messages show it. */
const short = (address: string) => `${address.slice(0, 6)}…${address.slice(-4)}`;

/** Examples that tell Slack of something, or ask. */
export function testAlerts(examples: () => Examples): void {
	/** Waits for the next messages in Slack. */
	async function messages(from: number, count: number): Promise<string[]> {
		const { slack } = examples().rig;
		return await waitFor(`${count} messages`, () => {
			const texts = slack.messages.slice(from).map(({ text }) => text);
			return texts.length >= count ? texts : undefined;
		});
	}

	test('denied-payment-to-slack.json tells of a denied payment, and of no other', async () => {
		const { sandbox, slack } = examples().rig;
		const agent = sandbox.addAgent({ name: 'Research assistant' });
		const counterparty = randomAddress();
		const from = slack.messages.length;
		await examples().whilePublished('denied-payment-to-slack.json', async () => {
			sandbox.pay({ agent, counterparty, amountMicro: 1_250_000n, status: 'settled' });
			sandbox.pay({ agent, counterparty, amountMicro: 920_000n, status: 'denied' });
			await messages(from, 1);
		});

		expect(slack.messages.slice(from).map(({ text }) => text)).toEqual([
			`:no_entry: Payment denied: 0.92 USDC, Research assistant → ${short(counterparty)}`,
		]);
	});

	test('low-balance-to-slack.json tells once of each time that a balance gets low', async () => {
		const { sandbox, slack } = examples().rig;
		const from = slack.messages.length;
		const limit = { spendConfig: { daily_limit: '90071992547409931' } };
		const balanceMicro = 90_071_992_547_409_930n;
		const low = sandbox.addAgent({ name: 'Low', balanceMicro, ...limit });
		sandbox.addAgent({ name: 'Enough', balanceMicro: balanceMicro + 1n, ...limit });
		sandbox.addAgent({ name: 'Empty', balanceMicro: 0n });
		const [first, empty] = [
			':warning: Low balance: Low has 90071992547.40993 USDC left, ' +
				'less than 90071992547.409931 USDC.',
			':warning: Low balance: Empty has 0 USDC left.',
		];
		await examples().whilePublished('low-balance-to-slack.json', async () => {
			expect((await messages(from, 2)).sort()).toEqual([empty, first]);
			sandbox.updateAgent(low, { balanceMicro: balanceMicro + 1n });
			await examples().polls(2);
			sandbox.updateAgent(low, { balanceMicro });
			await messages(from, 3);
			await examples().polls(2);
		});

		expect(slack.messages.slice(from + 2).map(({ text }) => text)).toEqual([first]);
	});

	test('budget-used-to-slack.json tells once of a limit that is mostly used', async () => {
		const { sandbox, slack } = examples().rig;
		const from = slack.messages.length;
		const agent = sandbox.addAgent({ name: 'Buyer', spendConfig: { daily_limit: '5000000' } });
		await examples().whilePublished('budget-used-to-slack.json', async () => {
			sandbox.pay({ agent, amountMicro: 3_999_999n, status: 'settled' });
			await examples().polls(2);
			sandbox.pay({ agent, amountMicro: 1n, status: 'settled' });
			await messages(from, 1);
			sandbox.pay({ agent, amountMicro: 500_000n, status: 'settled' });
			await examples().polls(2);
		});

		expect(slack.messages.slice(from).map(({ text }) => text)).toEqual([
			':warning: Buyer has used 80 % of its daily limit: 4 of 5 USDC.',
		]);
	});

	test('unusual-payment-to-slack.json tells of new sellers and large amounts only', async () => {
		const { sandbox, slack } = examples().rig;
		const from = slack.messages.length;
		const [known, unknown] = [randomAddress(), randomAddress()] as [string, string];
		const pay = (agent: Agent, counterparty: string, amountMicro: bigint, days = 0) =>
			sandbox.pay({
				agent,
				counterparty,
				amountMicro,
				status: 'settled',
				timestamp: Date.now() - days * DAY_MS,
			});
		const buyer = sandbox.addAgent({ name: 'Buyer' });
		const other = sandbox.addAgent({ name: 'Other' });
		for (const amount of [100_000n, 90_000n, 3_000_000n]) pay(buyer, known, amount, 2);
		// Not in the last 30 days, and not of this agent.
		pay(buyer, unknown, 100_000n, 40);
		pay(other, unknown, 100_000n, 1);
		await examples().whilePublished('unusual-payment-to-slack.json', async () => {
			pay(buyer, known, 999_999n);
			await examples().polls(2);
			expect(slack.messages.slice(from)).toEqual([]);
			pay(buyer, unknown, 100_000n);
			await messages(from, 1);
			pay(buyer, known.toLowerCase(), 90_071_992_547_409_931n);
			await messages(from, 2);
		});

		const texts = slack.messages.slice(from).map(({ text }) => text.split('\n'));
		expect(texts.map(([text]) => text)).toEqual([
			`:eyes: Unusual payment: 0.1 USDC, Buyer → ${short(unknown)} (a new seller)`,
			`:eyes: Unusual payment: 90071992547.409931 USDC, Buyer → ${short(known.toLowerCase())} ` +
				'(at least ten times the median)',
		]);
		expect(texts.map(([, link]) => link)).toEqual(
			texts.map(() => expect.stringMatching(/^https:/)),
		);
	});

	describe('freeze-agent-from-slack.json', () => {
		const FILE = 'freeze-agent-from-slack.json';
		const question = (name: string) =>
			`${name} has used 90 % of its daily limit: 4.5 of 5 USDC. Freeze it?`;

		/** Agents that have used 90 % of their daily limit. */
		function spenders(...names: string[]): Agent[] {
			const { sandbox } = examples().rig;
			return names.map((name) => {
				const limits = { daily_limit: '5000000', per_transaction_limit: '4500001' };
				const agent = sandbox.addAgent({ name, spendConfig: limits });
				sandbox.pay({ agent, amountMicro: 4_500_000n, status: 'settled' });
				return agent;
			});
		}

		test('freezes and unfreezes, with limits and without, or changes nothing', async () => {
			const { sandbox, slack } = examples().rig;
			const from = slack.messages.length;
			const [frozen, left] = spenders('Frozen', 'Left') as [Agent, Agent];
			const buttonOf = async (text: string, label: string) =>
				await waitFor(`the button ${label}`, () => {
					const asked = slack.messages.slice(from).find((message) => message.text === text);
					return asked?.buttons[label];
				});
			const were = '5 a day, no limit a month, 4.500001 for a payment (USDC).';
			const answers: string[] = [];
			await examples().whilePublished(FILE, async () => {
				await examples().open(await buttonOf(question('Left'), 'Leave'));
				await examples().open(await buttonOf(question('Frozen'), 'Freeze'));
				const unfreeze = await buttonOf(
					`Frozen is frozen. Its limits were: ${were} Unfreeze it?`,
					'Unfreeze',
				);
				answers.push(JSON.stringify(sandbox.agent(frozen).spendConfig));
				await examples().open(unfreeze);
				await waitFor('the report', () =>
					slack.messages.slice(from).find(({ text }) => text.includes('any more')),
				);
				// Its budget is still used: that's no new crossing.
				await examples().polls(2);
			});

			expect(answers.map((text) => JSON.parse(text) as object)).toMatchObject([
				{ daily_limit: '0', monthly_limit: '0', per_transaction_limit: '0' },
			]);
			expect(slack.messages.slice(from)).toHaveLength(4);
			expect(slack.messages.at(-1)?.text).toBe(
				`Frozen isn't frozen any more. Its limits are: ${were}`,
			);
			const settings = { daily_limit: '5000000', per_transaction_limit: '4500001' };
			for (const agent of [frozen, left]) {
				expect(sandbox.agent(agent).spendConfig).toMatchObject({
					...settings,
					monthly_limit: null,
				});
			}
		});
	});
}
