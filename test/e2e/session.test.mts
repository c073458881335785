import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { startEmulator, type Agent } from '../../tools/emulator/index.mts';
import { ACTIONS, startTestRig, TRIGGER, type Rig } from '../../tools/n8n/rig.mts';
import {
	inARow,
	outputOf,
	pollEvery,
	workflowNode,
	type Execution,
	type StoredWorkflow,
	type WorkflowNode,
} from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const NAME = 'Agent of the test';
const TYPE = 'ampersendAgentApi';
const MINUTE = 60_000;

let rig: Rig;
let agent: Agent;
let credentialId: string;
let privateKey: string;
/** All private keys that were used; the end searches for them. */
const privateKeys: string[] = [];

function newKey(): { privateKey: string; address: string } {
	const made = generatePrivateKey();
	privateKeys.push(made);
	return { privateKey: made, address: privateKeyToAccount(made).address };
}

const fields = (changes: object = {}) => ({
	environment: 'other',
	baseUrl: rig.sandbox.agentBaseUrl,
	agentAddress: agent.address,
	privateKey,
	...changes,
});

beforeAll(async () => {
	rig = await startTestRig();
	const key = newKey();
	privateKey = key.privateKey;
	agent = rig.sandbox.addAgent({ name: 'Seller', keys: [key.address], balanceMicro: 5n });
	credentialId = await rig.n8n.createCredential(NAME, TYPE, fields());
});

afterAll(async () => {
	await rig?.stop();
});

const manual = workflowNode({
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	parameters: {},
});

function step(
	name: string,
	parameters: Record<string, unknown>,
	credential = { id: credentialId, name: NAME },
): WorkflowNode {
	return workflowNode({
		name,
		type: ACTIONS,
		parameters: { authentication: 'agentSession', ...parameters },
		credentials: { [TYPE]: credential },
	});
}

async function runRow(name: string, nodes: WorkflowNode[]): Promise<Execution> {
	const workflow = await rig.n8n.importWorkflow(inARow(name, [manual, ...nodes]));
	return await rig.n8n.run(workflow, manual.name);
}

function jsonOf(execution: Execution, node: string) {
	expect({ status: execution.status, error: execution.error?.message }).toEqual({
		status: 'success',
		error: undefined,
	});
	return outputOf(execution, node).map(({ json }) => json);
}

describe('the credential test', () => {
	const testWith = async (changes: object = {}) =>
		await rig.n8n.testCredential(credentialId, NAME, TYPE, fields(changes));

	test('names the agent that logs in', async () => {
		expect(await testWith()).toMatchObject({
			status: 'OK',
			message: expect.stringContaining('accepts the agent key of Seller'),
		});
	});

	test("takes the SDK's combined secret", async () => {
		const combined = `${privateKey}:::${agent.address}`;
		expect(await testWith({ agentAddress: '', privateKey: combined })).toMatchObject({
			status: 'OK',
		});
	});

	test('says that a key is not one of the agent', async () => {
		const result = await testWith({ privateKey: newKey().privateKey });
		expect(result).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('This key is not a key of the agent'),
		});
		const other = rig.sandbox.addAgent();
		expect(await testWith({ agentAddress: other.address })).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('Check Agent Address, Agent Key and Environment'),
		});
		rig.sandbox.removeAgent(other);
	});

	test.each([-5, 5])('works if the clock is %s minutes off', async (minutes) => {
		const elsewhere = await startEmulator({ clock: () => Date.now() + minutes * MINUTE });
		try {
			const { address } = privateKeyToAccount(privateKey as `0x${string}`);
			const there = elsewhere.addAgent({ name: 'Elsewhere', keys: [address] });
			const changes = { baseUrl: elsewhere.agentBaseUrl, agentAddress: there.address };
			expect(await testWith(changes)).toMatchObject({
				status: 'OK',
				message: expect.stringContaining('Elsewhere'),
			});
		} finally {
			await elsewhere.close();
		}
	});

	test('rejects what is no key, before any request', async () => {
		const calls = rig.sandbox.calls.length;
		const result = await testWith({ privateKey: agent.address });
		expect(result).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('is an address, not a private key'),
		});
		expect(rig.sandbox.calls).toHaveLength(calls);
	});
});

test.each([
	['sandbox', 'api.sandbox.ampersend.ai', () => rig.sandbox],
	['production', 'api.ampersend.ai', () => rig.production],
])('the environment %s is https://%s/api/v1', async (environment, host, emulatorOf) => {
	const { address } = privateKeyToAccount(privateKey as `0x${string}`);
	const there = emulatorOf().addAgent({ name: `On ${host}`, keys: [address] });
	const name = `Agent on ${host}`;
	const data = { environment, agentAddress: there.address, privateKey };
	const id = await rig.n8n.createCredential(name, TYPE, data);
	const before = rig.proxy.requests.length;
	const get = step('Get agent', { resource: 'agent', operation: 'get' }, { id, name });

	expect(jsonOf(await runRow(name, [get]), 'Get agent')).toMatchObject([{ name: `On ${host}` }]);

	const requests = rig.proxy.requests.slice(before);
	expect(requests.map((request) => `${request.host}${request.path}`)).toEqual([
		`${host}/api/v1/agents/auth/nonce`,
		`${host}/api/v1/agents/auth/login`,
		`${host}/api/v1/agents/self`,
	]);
	expect(requests.map(({ authorized }) => authorized)).toEqual([false, false, true]);
	emulatorOf().removeAgent(there);
});

test('an export goes on if the session expires in the middle', async () => {
	rig.sandbox.seedActivity(agent, 1_500);
	rig.sandbox.before('GET /agents/self/activity', () => rig.sandbox.expireSessions(), {
		match: ({ query }) => query.page === '4',
	});
	const node = step('Export', { resource: 'transaction', operation: 'export' });
	const execution = await runRow('Export in a session', [node]);
	expect(jsonOf(execution, 'Export')).toMatchObject([{ rows: 1_500 }]);
	const binary = outputOf(execution, 'Export')[0]?.binary?.data;
	if (binary === undefined) throw new Error('There is no file.');
	const lines = (await rig.n8n.file(binary)).toString('utf8').trimEnd().split('\r\n');
	expect(new Set(lines).size).toBe(1_501);
});

test('the life of a hosted endpoint', async () => {
	const of = (operation: string, parameters: object = {}) =>
		step(operation, {
			resource: 'hostedEndpoint',
			operation,
			hostedEndpoint: { __rl: true, mode: 'id', value: "={{ $('create').item.json.id }}" },
			...parameters,
		});
	const execution = await runRow('Hosted endpoint', [
		step('create', {
			resource: 'hostedEndpoint',
			operation: 'create',
			name: 'Weather',
			price: '0.000001',
			proxyUrl: 'https://api.example.com/weather',
		}),
		of('update', { updateFields: { price: '1.25' } }),
		of('disable'),
		of('enable'),
		of('test'),
		of('addProxyHeader', { headerName: 'X-Api-Key', headerValue: 'for the API only' }),
		of('rotateSecret'),
		of('getMany', { simplify: false }),
		of('delete'),
	]);
	expect(jsonOf(execution, 'create')).toMatchObject([{ priceUsdc: '0.000001' }]);
	expect(jsonOf(execution, 'test')).toMatchObject([{ status: 200 }]);
	expect(jsonOf(execution, 'rotateSecret')).toMatchObject([
		{ signingSecret: expect.stringMatching(/^whsec_/) },
	]);
	expect(jsonOf(execution, 'getMany')).toMatchObject([
		{ priceUsdc: '1.25', enabled: true, proxyHeaderNames: ['X-Api-Key'] },
	]);
	expect(jsonOf(execution, 'delete')).toMatchObject([{ deleted: true }]);
	expect(rig.sandbox.hostedEndpoints(agent)).toEqual([]);
});

describe('an active workflow', () => {
	const NODE = 'Ampersend Trigger';
	let workflow: StoredWorkflow;
	const paid: string[] = [];

	beforeAll(async () => {
		const trigger = workflowNode({
			name: NODE,
			type: TRIGGER,
			parameters: { pollTimes: pollEvery(5), authentication: 'agentSession' },
			credentials: { [TYPE]: { id: credentialId, name: NAME } },
		});
		const next = workflowNode({ name: 'Nothing', type: 'n8n-nodes-base.noOp', parameters: {} });
		workflow = await rig.n8n.activate(
			await rig.n8n.importWorkflow(inARow('Own payments', [trigger, next])),
		);
	});

	function pay(): void {
		paid.push(rig.sandbox.pay({ agent, type: 'spend', amountMicro: 1_000_000n }).id);
	}

	async function emitted(): Promise<unknown[]> {
		const executions = await rig.n8n.executions(workflow);
		const runs = executions.flatMap((execution) => execution.runs[NODE] ?? []);
		return runs
			.flatMap(({ data }) => data?.main?.[0] ?? [])
			.map(({ json }) => String(json.eventId).split(':')[0]);
	}

	async function allEmitted(): Promise<void> {
		await waitFor(`${paid.length} payments`, async () =>
			(await emitted()).includes(paid.at(-1)) ? true : undefined,
		);
	}

	const logins = () =>
		rig.sandbox.calls.filter(({ route }) => route === 'POST /agents/auth/login').length;

	test('emits each payment, also after its session expired', async () => {
		pay();
		await allEmitted();
		const before = logins();
		rig.sandbox.expireSessions();
		pay();
		await allEmitted();
		expect(logins()).toBe(before + 1);
	});

	test('loses nothing while the agent key is replaced', async () => {
		const { privateKey: next, address } = newKey();
		rig.sandbox.updateAgent(agent, { keys: [address] });
		rig.sandbox.expireSessions();
		pay();
		const before = logins();
		await waitFor('a poll that is rejected', () => (logins() > before ? true : undefined));
		pay();
		privateKey = next;
		await rig.n8n.updateCredential(credentialId, NAME, TYPE, fields());
		await allEmitted();
	});

	test('emitted every payment once, and none from before', async () => {
		expect((await emitted()).sort()).toEqual(paid.toSorted());
		await rig.n8n.deactivate(workflow);
	});
});

test('no other node gets the credential', async () => {
	const request = workflowNode({
		name: 'HTTP Request',
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		parameters: {
			url: `${rig.sandbox.agentBaseUrl}/agents/self`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: TYPE,
			options: {},
		},
		credentials: { [TYPE]: { id: credentialId, name: NAME } },
	});
	const start = workflowNode({
		name: 'Start',
		type: 'n8n-nodes-base.manualTrigger',
		parameters: {},
	});
	await expect(rig.n8n.importWorkflow(inARow('Another node', [start, request]))).rejects.toThrow(
		'(n8n-nodes-base.httpRequest) cannot use credential type',
	);
});

test('no private key and no token is in the log or a file of n8n', async () => {
	const digits = privateKeys.map((key) => key.slice(2));
	for (const secret of digits) expect(rig.n8n.log).not.toContain(secret);
	const tokens = rig.sandbox.sessionTokens();
	expect(tokens.length).toBeGreaterThan(2);
	expect(await rig.filesHolding([...digits, ...tokens])).toEqual([]);
});

test('a local service answered every request', () => {
	rig.proxy.assertClean();
	rig.sandbox.assertClean();
});
