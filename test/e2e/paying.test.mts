/** An agent buys from real sellers, with the workflows of the examples. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { inARow, outputOf, workflowNode, type Execution } from '../../tools/n8n/n8n.mts';
import { readExample } from '../../tools/n8n/rig.mts';
import { PRICE_MICRO, type Behaviour } from '../../tools/sellers/sellers.mts';
import { Buyer } from './paying.mts';

let buyer: Buyer;

beforeAll(async () => {
	buyer = await Buyer.start();
});

afterAll(async () => await buyer?.stop());

beforeEach(async () => await buyer.begin());

async function buy(version: 'v1' | 'v2', behaviour: Behaviour): Promise<Execution> {
	return await buyer.run(await buyer.importBuying(`${buyer.sellers[version]}/${behaviour}`));
}

const first = (execution: Execution, node: string) => outputOf(execution, node)[0]?.json;

describe.each(['v1', 'v2'] as const)('a seller of x402 %s', (version) => {
	test.each(['coSigned', 'fullAccess'] as const)(
		'is paid once with a %s key',
		async (paymentKey) => {
			buyer.rig.sandbox.updateAgent(buyer.agent, { paymentKey });
			const execution = await buy(version, 'normal');
			expect(first(execution, 'Authorize payment')).toMatchObject({
				authorized: true,
				amountUsdc: '0.01',
				keyKind: paymentKey,
			});
			expect(first(execution, 'Pay the seller')).toMatchObject({ statusCode: 200 });
			const settled = await buyer.settled();
			expect(settled).toMatchObject([{ from: buyer.agent.address, value: String(PRICE_MICRO) }]);
			expect(first(execution, 'Report payment')).toMatchObject({
				received: true,
				outcome: 'accepted',
				settled: true,
				transactionHash: settled[0]?.transaction,
				explorerUrl: `https://sepolia.basescan.org/tx/${settled[0]?.transaction}`,
				errorReason: null,
			});
			expect(buyer.rig.sandbox.authorizations.at(-1)).toMatchObject({ status: 'settled' });
		},
	);

	test('that asks for nothing is not paid', async () => {
		const execution = await buy(version, 'free');
		expect(outputOf(execution, 'Authorize payment').map(({ json }) => json)).toEqual([
			{ authorized: false, reason: 'nothingToPay' },
		]);
		expect(await buyer.settled()).toEqual([]);
	});

	test('is not paid beyond the limits of the agent', async () => {
		buyer.rig.sandbox.updateAgent(buyer.agent, { spendConfig: { daily_limit: '1' } });
		expect(first(await buy(version, 'normal'), 'Authorize payment')).toMatchObject({
			authorized: false,
			reason: expect.stringContaining('Daily limit exceeded'),
		});
		expect(await buyer.settled()).toEqual([]);
	});

	test.each<[Behaviour, number, string]>([
		['breaks', 0, 'error'],
		['fails', 1, 'error'],
		// It's sent again, and the seller says that it was used.
		['hangs', 1, 'error'],
		['asksAgain', 1, 'rejected'],
		['redirects', 0, 'error'],
		['raises', 0, 'rejected'],
	])('that %s gets %s payments', async (behaviour, payments, outcome) => {
		const execution = await buy(version, behaviour);
		expect(await buyer.settled()).toHaveLength(payments);
		const reported = first(execution, 'Report payment');
		const isSettled = reported?.settled === true;
		expect(reported).toMatchObject({ outcome: isSettled ? 'accepted' : outcome });
		expect(await buyer.sellers.strays()).toEqual([]);
	});
});

test.each<[Behaviour, string, number]>([
	['normal', 'bought', 1],
	['free', 'free', 0],
	['asksAgain', 'unclear', 1],
])('another workflow buys where the seller is %s: %s', async (behaviour, status, payments) => {
	const bought = await buyer.rig.n8n.importWorkflow(await readExample('buy-in-sub-workflow.json'));
	const caller = await buyer.rig.n8n.importWorkflow(
		inARow('Caller', [
			workflowNode({ name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {} }),
			workflowNode({
				name: 'Input',
				type: 'n8n-nodes-base.set',
				typeVersion: 3.4,
				parameters: {
					mode: 'raw',
					jsonOutput: JSON.stringify({ url: `${buyer.sellers.v2}/${behaviour}` }),
					options: {},
				},
			}),
			workflowNode({
				name: 'Buy',
				type: 'n8n-nodes-base.executeWorkflow',
				typeVersion: 1.1,
				parameters: { workflowId: { __rl: true, mode: 'id', value: bought.id }, options: {} },
			}),
		]),
	);
	const execution = await buyer.rig.n8n.run(caller, 'Start');
	expect(execution.error?.message).toBeUndefined();
	expect(first(execution, 'Buy')).toMatchObject({ status });
	expect(await buyer.settled()).toHaveLength(payments);
});
