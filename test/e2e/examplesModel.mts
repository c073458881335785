import { expect, test } from '@jest/globals';
import { readExample } from '../../tools/n8n/rig.mts';
import { expectSuccess, type Examples } from './examples.mts';
import { chat, type ScriptedModel } from '../../tools/n8n/chatModel.mts';
import { outputOf } from '../../tools/n8n/n8n.mts';

/** The example with an AI agent. */
export function testModel(examples: () => Examples, model: () => ScriptedModel): void {
	test('ai-agent-reads-budgets.json reads balances, limits and spending, and no more', async () => {
		const { rig } = examples();
		const { address } = rig.sandbox.addAgent({
			name: 'Buyer',
			balanceMicro: 90_071_992_547_409_931n,
			spendConfig: { daily_limit: '25000000' },
		});
		const timestamp = Date.parse('2026-10-05T12:00:00Z');
		rig.sandbox.pay({ agent: address, amountMicro: 1_250_000n, timestamp });
		model().play(
			() => ({ tool: 'Get_agents', arguments: {} }),
			() => ({ tool: 'Get_spending_limits', arguments: { agent_address: address } }),
			() => ({
				tool: 'Summarize_spending',
				arguments: { from: '2026-10-01', to: '2026-11-01' },
			}),
			() => 'It spent 1.25 USDC in October.',
		);
		const from = rig.sandbox.calls.length;
		const example = await readExample('ai-agent-reads-budgets.json');

		const execution = await chat(rig, example, 'What did the buyer spend in October?');

		expectSuccess(execution);
		expect(outputOf(execution, 'AI Agent')[0]?.json.output).toBe('It spent 1.25 USDC in October.');
		const results = model().results.map((result) => JSON.parse(result) as object[]);
		expect(results).toMatchObject([
			[{ address, balanceUsdc: '90071992547.409931' }],
			[{ agentAddress: address, dailyLimitUsdc: '25' }],
			[{ agentName: 'Buyer', status: 'settled', totalUsdc: '1.25' }],
		]);
		expect(
			model()
				.tools.map(({ name }) => name)
				.sort(),
		).toEqual(['Get_agents', 'Get_spending_limits', 'Summarize_spending']);
		const writes = rig.sandbox.calls.slice(from).filter(({ method }) => method !== 'GET');
		expect(writes).toEqual([]);
	});
}
