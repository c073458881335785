import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Agent } from '../../tools/emulator/index.mts';
import {
	credentialNames,
	eventIdOf,
	startTestRig,
	TRIGGER,
	type Rig,
} from '../../tools/n8n/rig.mts';
import {
	inARow,
	pollEvery,
	workflowNode,
	type Execution,
	type StoredWorkflow,
} from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

const NODE = 'Ampersend Trigger';

let rig: Rig;
let agent: Agent;
let workflow: StoredWorkflow;
let key: string;
const keys: string[] = [];
/** Ids of the expected events. */
const paid: string[] = [];

beforeAll(async () => {
	rig = await startTestRig();
	key = rig.sandbox.apiKey;
	keys.push(key);
	agent = rig.sandbox.addAgent({ name: 'Buyer' });
	rig.sandbox.pay({ agent, type: 'spend', amountMicro: 777_777n, status: 'settled' });
	const trigger = workflowNode({
		name: NODE,
		type: TRIGGER,
		parameters: { pollTimes: pollEvery(5), agentScope: 'all' },
		credentials: { ampersendApi: { id: rig.credentialId, name: credentialNames.ampersend } },
	});
	const next = workflowNode({ name: 'Nothing', type: 'n8n-nodes-base.noOp', parameters: {} });
	workflow = await rig.n8n.activate(
		await rig.n8n.importWorkflow(inARow('Key rotation', [trigger, next])),
	);
});

afterAll(async () => {
	await rig?.stop();
});

function pay(): string {
	const payment = rig.sandbox.pay({
		agent,
		type: 'spend',
		amountMicro: 1_000_000n,
		status: 'settled',
	});
	paid.push(eventIdOf(payment));
	return eventIdOf(payment);
}

function makeKey(): string {
	const made = rig.sandbox.createApiKey();
	keys.push(made);
	return made;
}

async function putIn(apiKey: string): Promise<void> {
	const data = { apiKey, baseUrl: rig.sandbox.baseUrl };
	await rig.n8n.updateCredential(rig.credentialId, credentialNames.ampersend, 'ampersendApi', data);
}

function eventIds(executions: Execution[]): unknown[] {
	const runs = executions.flatMap((execution) => execution.runs[NODE] ?? []);
	return runs.flatMap(({ data }) => data?.main?.[0] ?? []).map(({ json }) => json.eventId);
}

async function emitted(eventId: string): Promise<void> {
	await waitFor(`the workflow to run for ${eventId}`, async () =>
		eventIds(await rig.n8n.executions(workflow)).includes(eventId) ? true : undefined,
	);
}

/** Waits for requests of polls that start now or later. */
async function calls(auth: 'valid' | 'revoked', count = 1): Promise<void> {
	const from = rig.sandbox.calls.length;
	await waitFor(`${count} calls with a ${auth} key`, () =>
		rig.sandbox.calls.slice(from).filter((call) => call.auth === auth).length >= count
			? true
			: undefined,
	);
}

test('an active workflow loses no payment if a key is replaced, then revoked', async () => {
	await emitted(pay());

	const successor = makeKey();
	pay();
	await putIn(successor);
	pay();
	rig.sandbox.revokeApiKey(key);
	key = successor;
	const from = rig.sandbox.calls.length;
	await emitted(pay());

	expect(eventIds(await rig.n8n.executions(workflow)).sort()).toEqual(paid.toSorted());
	await calls('valid');
	const last = rig.sandbox.calls.slice(from).filter(({ auth }) => auth === 'valid');
	expect(new Set(last.map(({ keyLabel }) => keyLabel)).size).toBe(1);
	expect(rig.sandbox.calls.filter(({ auth }) => auth !== 'valid')).toEqual([]);
});

test('a key that is revoked first stops the polls, and a new key catches up', async () => {
	await emitted(pay());

	rig.sandbox.revokeApiKey(key);
	pay();
	await calls('revoked', 2);
	pay();
	key = makeKey();
	await putIn(key);
	await emitted(pay());
});

test('every payment was emitted once, and none from before', async () => {
	await calls('valid', 4);
	expect(eventIds(await rig.n8n.executions(workflow)).sort()).toEqual(paid.toSorted());
	expect(paid).toHaveLength(8);
});

test('no key, old or new, is in the log, an execution or any other file of n8n', async () => {
	const secrets = keys.map((each) => each.replace(/^sk_[a-z]+_/, ''));
	for (const secret of secrets) expect(rig.n8n.log).not.toContain(secret);
	expect(await rig.filesHolding(secrets)).toEqual([]);
});

test('a local service answered every request', () => {
	rig.proxy.assertClean();
	rig.sandbox.assertClean();
});
