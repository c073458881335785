/** What an n8n that already runs can be asked, too: in place of one of our own (`npm run e2e`). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Guest } from '../../tools/n8n/guest.mts';
import {
	inARow,
	outputOf,
	workflowNode,
	type Execution,
	type WorkflowNode,
} from '../../tools/n8n/n8n.mts';
import { ACTIONS, startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { runningN8n } from '../../tools/n8n/running.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

let rig: Rig | undefined;
let guest: Guest;

beforeAll(async () => {
	const running = runningN8n();
	if (running === undefined) rig = await startTestRig();
	guest = await Guest.start(running ?? (rig as Rig).n8n);
});

afterAll(async () => {
	await guest?.leave();
	await rig?.stop();
});

const manual = workflowNode({
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	parameters: {},
});

async function runRow(name: string, nodes: WorkflowNode[]): Promise<Execution> {
	const workflow = await guest.importWorkflow(inARow(name, [manual, ...nodes]));
	const execution = await guest.n8n.run(workflow, manual.name);
	expect(execution.error?.message).toBeUndefined();
	return execution;
}

const itemsOf = (execution: Execution, node: string) =>
	outputOf(execution, node).map(({ json }) => json);

describe('an API key', () => {
	let credentials: { ampersendApi: { id: string; name: string } };
	const values = (apiKey = guest.emulator.apiKey) => ({ apiKey, baseUrl: guest.emulator.baseUrl });

	beforeAll(async () => {
		credentials = { ampersendApi: await guest.createCredential('ampersendApi', values()) };
	});

	async function testWith(data: object) {
		const { id, name } = credentials.ampersendApi;
		return await guest.n8n.testCredential(id, name, 'ampersendApi', { ...data });
	}

	test('is tested: a valid one, and a revoked one', async () => {
		expect(await testWith(values())).toMatchObject({ status: 'OK' });

		const revoked = guest.emulator.createApiKey();
		guest.emulator.revokeApiKey(revoked);
		expect(await testWith(values(revoked))).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('revoked'),
		});
	});

	test('creates an agent, renames it, and lists it', async () => {
		const agent = (parameters: Record<string, unknown>) => ({
			type: ACTIONS,
			credentials,
			parameters: { resource: 'agent', ...parameters },
		});
		const found = { __rl: true, mode: 'address', value: '={{ $json.address }}' };
		const execution = await runRow('agent', [
			workflowNode({
				name: 'Create',
				...agent({
					operation: 'create',
					name: 'First name',
					agentKeyAddress: `0x${'7'.repeat(40)}`,
				}),
			}),
			workflowNode({
				name: 'Rename',
				...agent({ operation: 'update', agent: found, name: 'Second name' }),
			}),
			workflowNode({ name: 'List', ...agent({ operation: 'getMany', returnAll: true }) }),
		]);

		const [{ address } = { address: '' }] = guest.emulator.agents();
		expect(itemsOf(execution, 'List')).toMatchObject([{ name: 'Second name', address }]);
		expect(guest.emulator.agents()).toMatchObject([{ name: 'Second name' }]);
	});

	test('starts a workflow once for a payment', async () => {
		const agent = guest.emulator.addAgent({ name: 'Payer' });
		const polls = () => guest.emulator.calls.filter(({ route }) => route === 'GET /agents').length;
		const untilPolled = async (times: number) => {
			const before = polls();
			await waitFor('a poll', () => (polls() >= before + times ? true : undefined));
		};
		const workflow = await guest.publishTrigger(credentials.ampersendApi);
		// The first poll reads the baseline: a payment before its end is part of it.
		await untilPolled(2);
		guest.emulator.pay({ agent, type: 'spend', status: 'settled', amountMicro: 1_250_000n });

		const executions = await waitFor('the workflow to start', async () => {
			const ended = await guest.n8n.executions(workflow);
			return ended.length > 0 ? ended : undefined;
		});
		expect(executions.map((one) => itemsOf(one, 'Payment'))).toMatchObject([
			[{ event: 'payment.settled', agentName: 'Payer', amountUsdc: '1.25', movedUsdc: '-1.25' }],
		]);
		await untilPolled(2);
		expect(await guest.n8n.executions(workflow)).toHaveLength(1);
	});
});

test("an agent's key is tested, logs in, and lists the agent's payments", async () => {
	const privateKey = generatePrivateKey();
	const { emulator } = guest;
	const agent = emulator.addAgent({ keys: [privateKeyToAccount(privateKey).address] });
	emulator.pay({ agent, type: 'earn', status: 'received', amountMicro: 1n });
	const values = {
		environment: 'other',
		baseUrl: emulator.agentBaseUrl,
		agentAddress: agent.address,
		privateKey,
	};
	const type = 'ampersendAgentApi';
	const credential = await guest.createCredential(type, values);
	expect(
		await guest.n8n.testCredential(credential.id, credential.name, type, values),
	).toMatchObject({ status: 'OK' });

	const execution = await runRow('session', [
		workflowNode({
			name: 'List',
			type: ACTIONS,
			credentials: { [type]: credential },
			parameters: {
				authentication: 'agentSession',
				resource: 'transaction',
				operation: 'getMany',
				returnAll: true,
			},
		}),
	]);
	expect(itemsOf(execution, 'List')).toMatchObject([
		{ agentAddress: agent.address, amountUsdc: '0.000001', status: 'received' },
	]);
});

test('a guest removes what it has made, and nothing else', async () => {
	const other = await Guest.start({ url: guest.n8n.url, login: guest.n8n.login });
	const before = await other.n8n.names();
	await other.createCredential('ampersendApi', { apiKey: '', baseUrl: '' });
	const row = inARow('removed', [manual]);
	await other.importWorkflow(row);
	expect((await other.n8n.names()).length).toBe(before.length + 2);

	await other.leave();

	expect(await guest.n8n.names()).toEqual(before);
});
