/** An agent buys from real sellers, with the workflows of the examples. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import type { Agent } from '../../tools/emulator/index.mts';
import {
	inARow,
	outputOf,
	workflowNode,
	type Execution,
	type StoredWorkflow,
} from '../../tools/n8n/n8n.mts';
import { readExample, startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { waitFor } from '../../tools/n8n/wait.mts';
import { installSellers } from '../../tools/sellers/install.mts';
import {
	PRICE_MICRO,
	startSellers,
	type Behaviour,
	type Sellers,
	type Settled,
} from '../../tools/sellers/sellers.mts';

const BUY = 'buy-from-an-api.json';
const START = 'When you execute the workflow';
const TIMEOUT_MS = 3_000;

let rig: Rig;
let sellers: Sellers;
let agent: Agent;
/** How many transfers were settled before the running test. */
let before: number;

beforeAll(async () => {
	await installSellers((line) => process.stderr.write(`${line}\n`));
	rig = await startTestRig();
	const { sandbox, n8n } = rig;
	const privateKey = generatePrivateKey();
	const { address } = privateKeyToAccount(privateKey);
	agent = sandbox.addAgent({ name: 'Buyer', keys: [address], balanceMicro: 5_000_000n });
	sellers = await startSellers({
		serviceKeyAddress: await sandbox.serviceKeyAddress(),
		agents: [{ address: agent.address, keys: [address] }],
	});
	await n8n.createCredential('Ampersend Agent account', 'ampersendAgentApi', {
		environment: 'other',
		baseUrl: sandbox.agentBaseUrl,
		agentAddress: agent.address,
		privateKey,
	});
});

afterAll(async () => {
	await sellers?.close();
	await rig?.stop();
});

beforeEach(async () => {
	rig.sandbox.updateAgent(agent, { paymentKey: 'coSigned', spendConfig: null });
	before = (await sellers.ledger()).length;
});

const settledSince = async (): Promise<Settled[]> => (await sellers.ledger()).slice(before);

/** Imports the example, unchanged except for what it buys and how long it waits. */
async function importBuying(version: 'v1' | 'v2', behaviour: Behaviour): Promise<StoredWorkflow> {
	const example = await readExample(BUY);
	const nodes = example.nodes.map((node) => {
		const { parameters } = node;
		if (node.name === 'What to buy') {
			const value = `${sellers[version]}/${behaviour}`;
			const assignments = [{ id: 'url', name: 'url', type: 'string', value }];
			return { ...node, parameters: { ...parameters, assignments: { assignments } } };
		}
		if (node.name !== 'Pay the seller') return node;
		const options = { ...(parameters.options as object), timeout: TIMEOUT_MS };
		return { ...node, parameters: { ...parameters, options } };
	});
	return await rig.n8n.importWorkflow({ ...example, nodes });
}

async function buy(version: 'v1' | 'v2', behaviour: Behaviour): Promise<Execution> {
	const execution = await rig.n8n.run(await importBuying(version, behaviour), START);
	expect({ status: execution.status, error: execution.error?.message }).toEqual({
		status: 'success',
		error: undefined,
	});
	return execution;
}

const first = (execution: Execution, node: string) => outputOf(execution, node)[0]?.json;

describe.each(['v1', 'v2'] as const)('a seller of x402 %s', (version) => {
	test.each(['coSigned', 'fullAccess'] as const)(
		'is paid once with a %s key',
		async (paymentKey) => {
			rig.sandbox.updateAgent(agent, { paymentKey });
			const execution = await buy(version, 'normal');
			expect(first(execution, 'Authorize payment')).toMatchObject({
				authorized: true,
				amountUsdc: '0.01',
				keyKind: paymentKey,
			});
			expect(first(execution, 'Pay the seller')).toMatchObject({ statusCode: 200 });
			const settled = await settledSince();
			expect(settled).toMatchObject([{ from: agent.address, value: String(PRICE_MICRO) }]);
			expect(first(execution, 'Report payment')).toMatchObject({
				received: true,
				outcome: 'accepted',
				settled: true,
				transactionHash: settled[0]?.transaction,
				explorerUrl: `https://sepolia.basescan.org/tx/${settled[0]?.transaction}`,
				errorReason: null,
			});
			expect(rig.sandbox.authorizations.at(-1)).toMatchObject({ status: 'settled' });
		},
	);

	test('that asks for nothing is not paid', async () => {
		const execution = await buy(version, 'free');
		expect(outputOf(execution, 'Authorize payment').map(({ json }) => json)).toEqual([
			{ authorized: false, reason: 'nothingToPay' },
		]);
		expect(await settledSince()).toEqual([]);
	});

	test('is not paid beyond the limits of the agent', async () => {
		rig.sandbox.updateAgent(agent, { spendConfig: { daily_limit: '1' } });
		expect(first(await buy(version, 'normal'), 'Authorize payment')).toMatchObject({
			authorized: false,
			reason: expect.stringContaining('Daily limit exceeded'),
		});
		expect(await settledSince()).toEqual([]);
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
		expect(await settledSince()).toHaveLength(payments);
		const reported = first(execution, 'Report payment');
		const isSettled = reported?.settled === true;
		expect(reported).toMatchObject({ outcome: isSettled ? 'accepted' : outcome });
		expect(await sellers.strays()).toEqual([]);
	});
});

test.each<[Behaviour, string, number]>([
	['normal', 'bought', 1],
	['free', 'free', 0],
	['asksAgain', 'unclear', 1],
])('another workflow buys where the seller is %s: %s', async (behaviour, status, payments) => {
	const bought = await rig.n8n.importWorkflow(await readExample('buy-in-sub-workflow.json'));
	const caller = await rig.n8n.importWorkflow(
		inARow('Caller', [
			workflowNode({ name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {} }),
			workflowNode({
				name: 'Input',
				type: 'n8n-nodes-base.set',
				typeVersion: 3.4,
				parameters: {
					mode: 'raw',
					jsonOutput: JSON.stringify({ url: `${sellers.v2}/${behaviour}` }),
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
	const execution = await rig.n8n.run(caller, 'Start');
	expect(execution.error?.message).toBeUndefined();
	expect(first(execution, 'Buy')).toMatchObject({ status });
	expect(await settledSince()).toHaveLength(payments);
});

test('n8n killed while it pays: the seller is paid once', async () => {
	const workflow = await importBuying('v2', 'hangs');
	const running = rig.n8n.run(workflow, START).catch(() => undefined);
	await waitFor('the payment', async () => ((await settledSince()).length > 0 ? true : undefined));
	await rig.n8n.kill();
	await running;
	await rig.restart();
	expect(await settledSince()).toHaveLength(1);
	expect(rig.sandbox.authorizations.at(-1)).toMatchObject({ status: 'reserved' });
});
