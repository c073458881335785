/** n8n is killed while it buys, and then the user does what docs/paying.md says. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
	inARow,
	outputOf,
	workflowNode,
	type StoredWorkflow,
	type Workflow,
	type WorkflowNode,
} from '../../tools/n8n/n8n.mts';
import { Receiver } from '../../tools/n8n/receiver.mts';
import { ACTIONS } from '../../tools/n8n/rig.mts';
import { waitFor } from '../../tools/n8n/wait.mts';
import { Buyer, CREDENTIAL, START } from './paying.mts';

let buyer: Buyer;
let receiver: Receiver;

beforeAll(async () => {
	buyer = await Buyer.start();
	receiver = await Receiver.start();
});

afterAll(async () => {
	await receiver?.stop();
	await buyer?.stop();
});

beforeEach(async () => await buyer.begin());

/** With one node more before another, which passes on what it gets. */
function withNodeBefore(name: string, node: WorkflowNode) {
	return (workflow: Workflow): Workflow => {
		const there = `"node":"${name}"`;
		const connections = JSON.parse(
			JSON.stringify(workflow.connections).replaceAll(there, `"node":"${node.name}"`),
		) as Workflow['connections'];
		connections[node.name] = { main: [[{ node: name, type: 'main', index: 0 }]] };
		return { ...workflow, nodes: [...workflow.nodes, node], connections };
	};
}

/** The example, which can be held before one of its nodes. */
async function importHeldBefore(name: string): Promise<StoredWorkflow> {
	const url = `${buyer.sellers.v2}/normal`;
	return await buyer.importBuying(url, withNodeBefore(name, receiver.node('Gate', '$json')));
}

/** Kills n8n once it's so far, and starts it again. */
async function killOnce(workflow: StoredWorkflow, isSoFar: () => Promise<boolean>): Promise<void> {
	const running = buyer.rig.n8n.run(workflow, START).catch(() => undefined);
	await waitFor('the moment to kill n8n', async () => (await isSoFar()) || undefined);
	await buyer.rig.n8n.kill();
	await running;
	await buyer.rig.restart();
}

/** What *Payment Event: Get Many* shows of the last payment. */
async function lastPayment() {
	const [start, look] = [
		workflowNode({ name: START, type: 'n8n-nodes-base.manualTrigger', parameters: {} }),
		workflowNode({
			name: 'Look',
			type: ACTIONS,
			parameters: {
				authentication: 'agentSession',
				resource: 'paymentEvent',
				operation: 'getMany',
			},
			credentials: { ampersendAgentApi: { id: null, name: CREDENTIAL } },
		}),
	];
	const workflow = await buyer.rig.n8n.importWorkflow(inARow('Look', [start, look]));
	return outputOf(await buyer.run(workflow), 'Look')[0]?.json;
}

/** What n8n does with *Retry* of the executions that were killed: nothing, or nothing that pays. */
async function retryAll(workflow: StoredWorkflow): Promise<void> {
	const { n8n } = buyer.rig;
	const killed = await n8n.executions(workflow);
	expect(killed).toHaveLength(1);
	for (const { id } of killed) await n8n.retry(id).catch(() => undefined);
}

/** Kills n8n while it's held before a node. */
async function killBefore(name: string): Promise<StoredWorkflow> {
	const workflow = await importHeldBefore(name);
	const passed = receiver.requests.length;
	receiver.hold();
	await killOnce(workflow, async () => receiver.requests.length > passed);
	receiver.release();
	return workflow;
}

/** What can be seen of a payment whose end Ampersend was not told; n8n starts slowly at times. */
const open = () => ({
	status: expect.stringMatching(/^(authorized|expired)$/),
	amountUsdc: '0.01',
	counterparty: buyer.sellers.payTo,
});

test('between Authorize and the paid request: nothing is paid, it can be run again', async () => {
	const workflow = await killBefore('Pay the seller');
	expect(await lastPayment()).toMatchObject(open());
	expect(await buyer.settled()).toEqual([]);

	const again = await buyer.run(workflow);

	expect(outputOf(again, 'Report payment')[0]?.json).toMatchObject({ settled: true });
	expect(await buyer.settled()).toHaveLength(1);
});

test.each<[string, () => Promise<StoredWorkflow>]>([
	[
		'during the paid request',
		async () => {
			const workflow = await buyer.importBuying(`${buyer.sellers.v2}/hangs`);
			await killOnce(workflow, async () => (await buyer.settled()).length > 0);
			return workflow;
		},
	],
	['between the paid request and Report', async () => await killBefore('Report payment')],
])('%s: it is paid once, and can be seen', async (_, kill) => {
	const workflow = await kill();
	await retryAll(workflow);
	expect(await lastPayment()).toMatchObject(open());
	expect(await buyer.settled()).toHaveLength(1);
});
