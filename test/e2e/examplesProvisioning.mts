import { describe, expect, test } from '@jest/globals';
import { readCsv, type Examples } from './examples.mts';
import { outputOf, type Execution } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const settingsOf = (execution: Execution, node: string) => outputOf(execution, node)[0]?.json ?? {};

/** Examples that create agents, and change their keys. */
export function testProvisioning(examples: () => Examples): void {
	describe('provision-agent.json', () => {
		const FILE = 'provision-agent.json';

		test('creates an agent with two keys and sellers; a second run changes nothing', async () => {
			const { sandbox } = examples().rig;
			const execution = await examples().run(FILE);
			const settings = settingsOf(execution, 'What to set up');
			const [made] = sandbox.agents();
			expect(made).toMatchObject({
				name: settings.agentName,
				keys: [
					{ address: settings.agentKeyAddress },
					{ address: settings.backupKeyAddress, name: 'Backup' },
				],
				allowlist: settings.sellers,
				spendConfig: { daily_limit: '25000000' },
			});

			const again = await examples().run(FILE);

			expect(sandbox.agents()).toEqual([{ ...made, updatedAt: expect.any(Number) }]);
			const runs = [execution, again];
			expect(runs.map((run) => settingsOf(run, 'Create agent').created)).toEqual([true, false]);
			expect(runs.map((run) => settingsOf(run, 'Add backup key').added)).toEqual([true, false]);
		});

		test('exports what the agent of that name paid and earned', async () => {
			const { sandbox } = examples().rig;
			const agent = sandbox.addAgent({ name: 'Research assistant' });
			sandbox.pay({ agent, type: 'spend', amountMicro: 1_250_000n, status: 'settled' });
			const amountMicro = 90_071_992_547_409_931n;
			sandbox.pay({ agent, type: 'earn', amountMicro, status: 'received' });

			const execution = await examples().run(FILE);

			const file = await examples().fileOf(execution, 'Export transactions');
			expect(file.fileName).toBe(`${agent.address}.csv`);
			const rows = readCsv(file.content).map(({ direction, amountUsdc, movedUsdc }) => [
				direction,
				amountUsdc,
				movedUsdc,
			]);
			expect(rows.sort()).toEqual([
				['earn', '90071992547.409931', '90071992547.409931'],
				['spend', '1.25', '-1.25'],
			]);
		});
	});

	test('provision-agents-from-sheet.json creates an agent for each row, once', async () => {
		const FILE = 'provision-agents-from-sheet.json';
		const { sandbox, sheets } = examples().rig;
		const address = (digit: string) => `0x${digit.repeat(40)}`;
		const { rows } = sheets.sheet('Agents');
		rows.push(
			['Buyer', address('1'), address('2'), `${address('3')}, ${address('4')}`, '25.10', ''],
			['Seller', address('5'), address('6'), address('3'), '0.000001', ''],
		);

		await examples().run(FILE);
		const made = sandbox.agents();
		const again = await examples().run(FILE);

		expect(made).toMatchObject([
			{
				name: 'Buyer',
				keys: [{ address: address('1') }, { address: address('2'), name: 'Backup' }],
				allowlist: [address('3'), address('4')],
				spendConfig: { daily_limit: '25100000' },
			},
			{
				name: 'Seller',
				keys: [{ address: address('5') }, { address: address('6'), name: 'Backup' }],
				allowlist: [address('3')],
				spendConfig: { daily_limit: '1' },
			},
		]);
		expect(sandbox.agents()).toEqual(
			made.map((one) => ({ ...one, updatedAt: expect.any(Number) })),
		);
		expect(outputOf(again, 'Create agent').map(({ json }) => json.created)).toEqual([false, false]);
		expect(rows.map((row) => row.at(-1))).toEqual(made.map((one) => one.address));
		rows.length = 0;
	});

	test('rotate-agent-key.json revokes the old key after a payment with the new one', async () => {
		const { sandbox } = examples().rig;
		const [newKey, oldKey, address] = ['1', '2', '3'].map((digit) => `0x${digit.repeat(40)}`);
		const agent = sandbox.addAgent({ address, keys: [oldKey ?? ''] });
		sandbox.pay({ agent, status: 'settled', timestamp: Date.now() - 1000 });
		const keys = () => sandbox.agent(agent).keys.map((key) => key.address);
		const looks = () => sandbox.calls.filter(({ path }) => path.includes('/activity')).length;

		const messages = await examples().messagesOf(() =>
			examples().run('rotate-agent-key.json', async () => {
				const before = looks();
				// With the old key: it proves nothing.
				sandbox.pay({ agent, status: 'settled' });
				await examples().press('The new key is in use');
				await waitFor('a look at the payments', () => looks() > before || undefined);
				expect(keys()).toEqual([oldKey, newKey]);
				sandbox.pay({ agent, status: 'settled' });
			}),
		);

		expect(keys()).toEqual([newKey]);
		expect(messages).toEqual([
			expect.stringContaining(`has the new key ${newKey}`),
			`The key ${oldKey} of the agent ${address} is revoked.`,
		]);
	});

	test('request-approval.json sends the link, and reports the new agent', async () => {
		const { sandbox } = examples().rig;
		let asked: Record<string, unknown> = {};
		const messages = await examples().messagesOf(async () => {
			const from = sandbox.calls.length;
			const execution = await examples().run('request-approval.json', async () => {
				await waitFor(
					'a look at the request',
					() => sandbox.calls.slice(from).some(({ path }) => path.endsWith('/status')) || undefined,
				);
				for (const token of sandbox.undecided()) sandbox.decide(token, 'resolved');
			});
			asked = settingsOf(execution, 'Request approval');
		});

		const [agent] = sandbox.agents();
		expect(agent).toMatchObject({
			name: 'Research assistant',
			keys: [{ address: '0x1111111111111111111111111111111111111111' }],
			spendConfig: { daily_limit: '25000000' },
		});
		const [link, answer] = messages;
		expect(link).toContain(String(asked.approveUrl));
		expect(link).toContain(`*${String(asked.verificationCode)}*`);
		expect(answer).toBe(`Research assistant: approved, at ${agent?.address}`);
	});
}
