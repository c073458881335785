import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACTIONS, credentialNames, startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import {
	inARow,
	outputOf,
	workflowNode,
	type Execution,
	type WorkflowNode,
} from '../../tools/n8n/n8n.mts';
import { freePorts } from '../../tools/n8n/ports.mts';

let rig: Rig;
/** All keys that were used; the end searches for them. */
const keys: string[] = [];

beforeAll(async () => {
	rig = await startTestRig();
	keys.push(rig.sandbox.apiKey, rig.production.apiKey);
});

afterAll(async () => {
	await rig?.stop();
});

const manual = workflowNode({
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	parameters: {},
});

function listAgents(credential: { id: string | null; name: string }): WorkflowNode {
	return workflowNode({
		name: 'List agents',
		type: ACTIONS,
		parameters: { resource: 'agent', operation: 'getMany', returnAll: true },
		credentials: { ampersendApi: credential },
	});
}

/** The HTTP Request node, which Custom API Call uses too. */
function httpRequest(url: string): WorkflowNode {
	return workflowNode({
		name: 'HTTP Request',
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		parameters: {
			url,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'ampersendApi',
			options: {},
		},
		credentials: { ampersendApi: { id: null, name: credentialNames.ampersend } },
	});
}

async function runOnce(node: WorkflowNode): Promise<Execution> {
	const workflow = await rig.n8n.importWorkflow(inARow(node.name, [manual, node]));
	return await rig.n8n.run(workflow, manual.name);
}

describe('the credential test', () => {
	async function testWith(data: { apiKey: string; baseUrl?: string }) {
		keys.push(data.apiKey);
		return await rig.n8n.testCredential(
			rig.credentialId,
			credentialNames.ampersend,
			'ampersendApi',
			data,
		);
	}

	test('accepts a key', async () => {
		const { apiKey, baseUrl } = rig.sandbox;
		expect(await testWith({ apiKey, baseUrl })).toMatchObject({ status: 'OK' });
	});

	test('names a revoked key', async () => {
		const apiKey = rig.sandbox.createApiKey();
		rig.sandbox.revokeApiKey(apiKey);
		const result = await testWith({ apiKey, baseUrl: rig.sandbox.baseUrl });
		expect(result).toMatchObject({ status: 'Error', message: expect.stringContaining('revoked') });
	});

	test("names a host that can't be reached", async () => {
		const [port] = await freePorts(1);
		const result = await testWith({
			apiKey: rig.sandbox.apiKey,
			baseUrl: `http://127.0.0.1:${port}/v1`,
		});
		expect(result).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('could not be reached'),
		});
	});

	test('names the Base URL to set if the path prefix is wrong', async () => {
		const { apiKey, baseUrl, origin } = rig.sandbox;
		rig.sandbox.expectUnknown(/^\/agents\b/);
		expect(await testWith({ apiKey, baseUrl: origin })).toEqual({
			status: 'Error',
			message: `Ampersend answers at another Base URL. Set it to ${baseUrl}.`,
		});
	});

	test('rejects a key with an unknown prefix, before any request', async () => {
		const calls = rig.sandbox.calls.length;
		const apiKey = `sk_other_${rig.sandbox.apiKey.slice(8)}`;
		const result = await testWith({ apiKey, baseUrl: rig.sandbox.baseUrl });
		expect(result).toMatchObject({ status: 'Error', message: expect.stringContaining('sk_test_') });
		expect(rig.sandbox.calls).toHaveLength(calls);
	});

	test('rejects plain http to another machine, before any request', async () => {
		const requests = rig.proxy.requests.length;
		const result = await testWith({
			apiKey: rig.sandbox.apiKey,
			baseUrl: 'http://ampersend.example.com/v1',
		});
		expect(result).toMatchObject({ status: 'Error', message: expect.stringContaining('https://') });
		expect(rig.proxy.requests).toHaveLength(requests);
	});

	test('rejects the host of the other deployment, before any request', async () => {
		const requests = rig.proxy.requests.length;
		const result = await testWith({
			apiKey: rig.sandbox.apiKey,
			baseUrl: 'https://api.ampersend.ai/v1',
		});
		expect(result).toMatchObject({ status: 'Error', message: expect.stringContaining('test key') });
		expect(rig.proxy.requests).toHaveLength(requests);
	});
});

describe('the host that a key is sent to', () => {
	test.each([
		['sk_test_', 'api.sandbox.ampersend.ai', () => rig.sandbox],
		['sk_live_', 'api.ampersend.ai', () => rig.production],
	])('a %s key without a Base URL calls https://%s/v1', async (prefix, host, emulatorOf) => {
		const emulator = emulatorOf();
		expect(emulator.apiKey.startsWith(prefix)).toBe(true);
		const agent = emulator.addAgent({ name: `On ${host}` });
		const name = `Key of ${host}`;
		const id = await rig.n8n.createCredential(name, 'ampersendApi', {
			apiKey: emulator.apiKey,
			baseUrl: '',
		});
		const before = rig.proxy.requests.length;

		const execution = await runOnce(listAgents({ id, name }));

		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'List agents').map(({ json }) => json.address)).toEqual([
			agent.address,
		]);
		const requests = rig.proxy.requests.slice(before);
		expect(new Set(requests.map((request) => request.host))).toEqual(new Set([host]));
		expect(
			requests.every(({ path, authorized }) => path.split('?')[0] === '/v1/agents' && authorized),
		).toBe(true);
		emulator.removeAgent(agent);
	});

	test('the HTTP Request node can use the credential for its host', async () => {
		const agent = rig.sandbox.addAgent();
		const execution = await runOnce(httpRequest(`${rig.sandbox.baseUrl}/agents`));
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'HTTP Request')[0]?.json).toMatchObject({
			items: [{ address: agent.address }],
		});
		rig.sandbox.removeAgent(agent);
	});

	test.each([
		'https://slack.com/api/chat.postMessage',
		'https://api.ampersend.ai/v1/agents',
		'https://evil.example.com/v1/agents',
	])('the HTTP Request node cannot send the key to %s', async (url) => {
		const requests = rig.proxy.requests.length;
		const execution = await runOnce(httpRequest(url));
		expect(execution.status).toBe('error');
		expect(`${execution.error?.message} ${execution.stored}`).toContain('This credential is for');
		expect(rig.proxy.requests).toHaveLength(requests);
	});

	test('the HTTP Request node cannot send the key to another port of this machine', async () => {
		const calls = rig.production.calls.length;
		const execution = await runOnce(httpRequest(`${rig.production.baseUrl}/agents`));
		expect(execution.status).toBe('error');
		expect(rig.production.calls).toHaveLength(calls);
	});
});

test('no key is in the log, in a stored execution or in any other file of n8n', async () => {
	const secrets = keys.map((key) => key.replace(/^sk_[a-z]+_/, ''));
	for (const secret of secrets) expect(rig.n8n.log).not.toContain(secret);
	expect(await rig.filesHolding(secrets)).toEqual([]);
	// Checks that the search reads the executions, where a stored key would be.
	expect(await rig.filesHolding(['This credential is for'])).toContainEqual(
		expect.stringMatching(/^(database\.sqlite|execution_data)/),
	);
});

test('a local service answered every request', () => {
	rig.proxy.assertClean();
	rig.sandbox.assertClean();
	rig.production.assertClean();
});
