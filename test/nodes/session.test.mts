import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import { CredentialTestContext } from 'n8n-core';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { startEmulator, type Agent } from '../../tools/emulator/index.mts';
import {
	addressOfKey,
	jsonOf,
	LOGIN,
	newPrivateKey,
	savedOver,
	useAgentSession,
} from './agentSession.mts';
import { openTrigger, type AgentCredentialFields, type TriggerOptions } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';
import { atOnce } from '../trigger/trigger.mts';

const service = useAmpersend();
const session = useAgentSession(service);
const { run } = session;

const MINUTE = 60_000;

describe("an agent's session reads", () => {
	it('the agent and its balance', async () => {
		const outcome = await run({ resource: 'agent', operation: 'get' });
		expect(outcome.error).toBeUndefined();
		expect(jsonOf(outcome)).toEqual([
			{
				address: session.agent.address,
				name: 'buyer',
				status: 'deployed',
				balanceUsdc: '12.5',
				balanceUsdcMicro: '12500000',
				published: false,
				slug: null,
				registryId: null,
				registryUri: null,
			},
		]);
		expect(service.seen).toEqual([...LOGIN, 'GET /agents/self']);
	});

	it('the spending limits, and what is left of them', async () => {
		service.emulator.pay({ agent: session.agent, amountMicro: 1_250_000n });
		const outcome = await run({ resource: 'spendingLimit', operation: 'get' });
		expect(jsonOf(outcome)).toMatchObject([
			{
				agentAddress: session.agent.address,
				dailyLimitUsdc: '5',
				dailyRemainingUsdc: '3.75',
				dailyRemainingUsdcMicro: '3750000',
				monthlyLimitUsdc: null,
				monthlyRemainingUsdc: null,
			},
		]);
	});

	it('no spending limits', async () => {
		service.emulator.updateAgent(session.agent, { spendConfig: null });
		const outcome = await run({ resource: 'spendingLimit', operation: 'get' });
		expect(jsonOf(outcome)).toMatchObject([{ configured: false, dailyLimitUsdc: null }]);
		expect(service.seen.slice(-4)).toEqual([
			'GET /agents/self/spend-config',
			'GET /agents/self',
			'GET /agents/self/authorized-sellers',
			'GET /agents/self',
		]);
	});

	it.each([
		['spendingLimit', 'spend-config'],
		['autoCollect', 'auto-collect-config'],
	])('no "not set" of %s if the allowlist answers 404, too', async (resource, path) => {
		service.emulator.fault({ route: `GET /agents/self/${path}`, status: 404 });
		service.emulator.fault({ route: 'GET /agents/self/authorized-sellers', status: 404 });

		const { items, error } = await run({ resource, operation: 'get' });

		expect(items).toEqual([]);
		expect(error?.message).toContain('offers neither that nor the allowlist of an agent');
		expect(error?.description).toContain(`GET /agents/self/${path}`);
	});

	it('the auto-collect settings and the allowlist', async () => {
		const [settings] = jsonOf(await run({ resource: 'autoCollect', operation: 'get' }));
		expect(settings).toMatchObject({ enabled: true, thresholdUsdc: '7' });
		const [list] = jsonOf(await run({ resource: 'allowlist', operation: 'get' }));
		expect(list).toMatchObject({
			agentAddress: session.agent.address,
			sellers: session.agent.allowlist,
		});
	});

	it('transactions and payment events', async () => {
		const { id } = service.emulator.pay({ agent: session.agent, amountMicro: 2n });
		const [transaction] = jsonOf(await run({ resource: 'transaction', operation: 'getMany' }));
		expect(transaction).toMatchObject({ id, agentName: 'buyer', amountUsdcMicro: '2' });
		const [event] = jsonOf(await run({ resource: 'paymentEvent', operation: 'getMany' }));
		expect(event).toMatchObject({ agentName: 'buyer', amountUsdcMicro: '2' });
		const [total] = jsonOf(await run({ resource: 'transaction', operation: 'summarize' }));
		expect(total).toMatchObject({ transactions: 1, totalUsdcMicro: '2' });
	});

	it('a whole history into a file', async () => {
		service.emulator.seedActivity(session.agent, 1_000);
		const outcome = await run({ resource: 'transaction', operation: 'export' });
		expect(outcome.error).toBeUndefined();
		expect(jsonOf(outcome)).toMatchObject([{ rows: 1_000, agents: 1 }]);
	});
});

describe('the login', () => {
	it('is used again by the next execution', async () => {
		await run({ resource: 'agent', operation: 'get' });
		await run({ resource: 'agent', operation: 'get' });
		expect(service.seen).toEqual([...LOGIN, 'GET /agents/self', 'GET /agents/self']);
	});

	it('is shared by executions that start at the same time', async () => {
		const outcomes = await Promise.all(
			Array.from({ length: 6 }, async () => await run({ resource: 'agent', operation: 'get' })),
		);
		expect(outcomes.every(({ items }) => items.length === 1)).toBe(true);
		expect(service.seen.filter((route) => route === LOGIN[1])).toHaveLength(1);
	});

	it('is renewed once if the session expires during an export', async () => {
		service.emulator.seedActivity(session.agent, 3_000);
		service.emulator.before('GET /agents/self/activity', () => service.emulator.expireSessions(), {
			match: ({ query }) => query.page === '5',
		});
		const outcome = await run({ resource: 'transaction', operation: 'export' });
		expect(outcome.error).toBeUndefined();
		expect(jsonOf(outcome)).toMatchObject([{ rows: 3_000 }]);
		expect(service.seen.filter((route) => route === LOGIN[1]).length).toBeLessThanOrEqual(7);
	});

	it.each([-5, 5])("works although n8n's clock is %s minutes off", async (minutes) => {
		const emulator = await startEmulator({ clock: () => Date.now() - minutes * MINUTE });
		try {
			const keys = [addressOfKey(session.credential.privateKey)];
			const { address: agentAddress } = emulator.addAgent({ name: 'elsewhere', keys });
			const fields = { ...session.credential, baseUrl: emulator.agentBaseUrl, agentAddress };
			const outcome = await run({ resource: 'agent', operation: 'get' }, fields);
			expect(jsonOf(outcome)).toMatchObject([{ name: 'elsewhere' }]);
		} finally {
			await emulator.close();
		}
	});
});

describe('a login that is rejected', () => {
	const cases: Array<[string, () => Partial<AgentCredentialFields>, string]> = [
		[
			'with a key that the agent does not have',
			() => ({ privateKey: newPrivateKey() }),
			'This key is not a key of the agent',
		],
		[
			'with the address of another agent',
			() => ({ agentAddress: service.emulator.addAgent({ name: 'other' }).address }),
			'This key is not a key of the agent',
		],
	];

	it.each(cases)('%s: says so', async (_, change, reason) => {
		const { error } = await run(
			{ resource: 'agent', operation: 'get' },
			{ ...session.credential, ...change() },
		);
		expect(error?.message).toBe(`Ampersend rejected the agent key (HTTP 401): ${reason}`);
		expect(error?.description).toContain('Check Agent Address, Agent Key and Environment');
	});

	it('after the key was removed: says so', async () => {
		await run({ resource: 'agent', operation: 'get' });
		service.emulator.updateAgent(session.agent, { keys: [] });
		service.emulator.expireSessions();
		const { error } = await run({ resource: 'agent', operation: 'get' });
		expect(error?.message).toContain('Ampersend rejected the agent key (HTTP 401)');
	});
});

describe('nothing is sent', () => {
	it.each([
		['an empty key', { privateKey: '' }, 'Agent Key: is empty.'],
		['an API key', { privateKey: 'sk_live_x' }, 'Agent Key: is an API key, not a private key.'],
		['an address as the key', { privateKey: `0x${'1'.repeat(40)}` }, 'Agent Key: is an address'],
		['no agent', { agentAddress: '' }, 'Agent Address: is empty.'],
		['the zero address', { agentAddress: `0x${'0'.repeat(40)}` }, 'Agent Address: "0x00000'],
		['an unknown environment', { environment: 'x' }, 'The Environment is unknown.'],
		['no base URL', { baseUrl: '' }, 'The Base URL is empty.'],
		['plain http to elsewhere', { baseUrl: 'http://example.com' }, 'must start with https://'],
	])('with %s', async (_, change, message) => {
		const { error } = await run(
			{ resource: 'agent', operation: 'get' },
			{ ...session.credential, ...change },
		);
		expect(error?.message).toContain(message);
		expect(service.emulator.calls).toEqual([]);
	});

	it('for an operation that needs an API key', async () => {
		const { error } = await run({
			resource: 'agent',
			operation: 'getMany',
		});
		expect(error?.message).toBe(
			"Credential: an agent's session can't be used for Agent: Get Many.",
		);
	});
});

describe('the credential test', () => {
	const test = async (fields: AgentCredentialFields) =>
		await credentialTest.ampersendAgentApiTest.call(new CredentialTestContext(), {
			id: '',
			name: '',
			type: 'ampersendAgentApi',
			data: { ...fields },
		});

	it('logs in and names the agent', async () => {
		expect(await test(session.credential)).toEqual({
			status: 'OK',
			message: `Ampersend accepts the agent key of buyer (other, ${service.emulator.agentBaseUrl})`,
		});
	});

	it('says why a key is rejected', async () => {
		const result = await test({ ...session.credential, privateKey: newPrivateKey() });
		expect(result.status).toBe('Error');
		expect(result.message).toContain('This key is not a key of the agent');
	});
});

describe('the trigger', () => {
	const open = (parameters: INodeParameters = {}, options: TriggerOptions = {}) =>
		openTrigger({ authentication: 'agentSession', ...parameters }, session.credential, options);
	const pay = (id: string, agent: Agent = session.agent) => service.emulator.pay({ agent, id });
	const idsOf = (items: IDataObject[] | null) => items?.map(({ activityId }) => activityId) ?? [];

	it('emits each payment once, also after its session expired', async () => {
		const trigger = open();
		service.emulator.pay({ agent: session.agent, id: 'old', timestamp: Date.now() - MINUTE });
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('new');
		expect(await trigger.poll()).toMatchObject([{ activityId: 'new', agentName: 'buyer' }]);
		service.emulator.expireSessions();
		pay('newer');
		expect(idsOf(await trigger.poll())).toEqual(['newer']);
		expect(await trigger.poll()).toBeNull();
	});

	it('sends one request for a poll that finds nothing', async () => {
		const trigger = open();
		await trigger.poll('trigger', 'activate');
		service.emulator.clearCalls();
		expect(await trigger.poll()).toBeNull();
		expect(service.seen).toEqual(['GET /agents/self/activity']);
	});

	it('stores neither key nor token', async () => {
		const trigger = open();
		await trigger.poll('trigger', 'activate');
		pay('new');
		const items = await trigger.poll();
		const [token] = service.emulator.sessionTokens();
		expect(session.credential.sessionToken).toContain(token);
		const stored = JSON.stringify([trigger.state, items, trigger.warnings]);
		for (const secret of [session.credential.privateKey.slice(2), token]) {
			expect(stored).not.toContain(secret);
		}
	});

	it('ignores the agents that were chosen for an API key', async () => {
		const other = service.emulator.addAgent();
		const trigger = open({ agentScope: 'selected', agents: [other.address] });
		await trigger.poll('trigger', 'activate');
		pay('new');
		pay('of another agent', other);
		expect(idsOf(await trigger.poll())).toEqual(['new']);
	});

	it('continues if a workflow changes from an API key to a session', async () => {
		const before = openTrigger({ agentScope: 'all' }, service.credential);
		pay('old');
		await before.poll('trigger', 'activate');
		pay('in between');
		const state = JSON.parse(JSON.stringify(before.state)) as IDataObject;
		const after = open({}, { state });
		expect(idsOf(await after.poll('trigger', 'activate'))).toEqual(['in between']);
		expect(await after.poll()).toBeNull();
	});

	it("emits no old payments of another agent after the credential's agent changes", async () => {
		const privateKey = newPrivateKey();
		const other = service.emulator.addAgent({ keys: [addressOfKey(privateKey)] });
		const trigger = open();
		await trigger.poll('trigger', 'activate');
		pay('old', other);
		const changes = { agentAddress: other.address, privateKey };
		trigger.credential = savedOver(session.credential, changes);
		expect(await trigger.poll()).toBeNull();
		pay('new', other);
		pay('of the agent before');
		expect(idsOf(await trigger.poll())).toEqual(['new']);
	});

	it('loses nothing while the agent key is replaced', async () => {
		const trigger = open();
		await trigger.poll('trigger', 'activate');
		service.emulator.updateAgent(session.agent, { keys: [] });
		service.emulator.expireSessions();
		pay('meanwhile');
		await expect(trigger.poll()).rejects.toThrow('Ampersend rejected the agent key');
		const privateKey = newPrivateKey();
		service.emulator.updateAgent(session.agent, { keys: [addressOfKey(privateKey)] });
		trigger.credential = savedOver(session.credential, { privateKey });
		pay('after');
		expect(idsOf(await trigger.poll())).toEqual(['meanwhile', 'after']);
	});

	it('waits for the service if a login fails for now', async () => {
		const trigger = open();
		service.emulator.fault({ route: LOGIN[0] ?? '', status: 503, times: 2, headers: atOnce });
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('new');
		await trigger.poll();
		pay('newer');
		expect(idsOf(await trigger.poll())).toEqual(['newer']);
	});

	it('cannot be published with a key that is rejected', async () => {
		const trigger = openTrigger(
			{ authentication: 'agentSession' },
			{ ...session.credential, privateKey: newPrivateKey() },
		);
		await expect(trigger.poll('trigger', 'activate')).rejects.toThrow(
			'Ampersend rejected the agent key',
		);
	});
});

describe('every byte that the service receives', () => {
	it('is free of the private key, in each of its spellings', async () => {
		const bytes: Buffer[] = [];
		const target = Number(new URL(service.emulator.origin).port);
		const sockets = new Set<Socket>();
		const forwarder = createServer((socket) => {
			const onward = connect(target, '127.0.0.1');
			for (const one of [socket, onward]) {
				sockets.add(one);
				one.on('error', () => {});
			}
			socket.on('data', (chunk) => bytes.push(Buffer.from(chunk)));
			socket.pipe(onward).pipe(socket);
		});
		await new Promise<void>((resolve) => {
			forwarder.listen(0, '127.0.0.1', resolve);
		});
		try {
			const { port } = forwarder.address() as AddressInfo;
			const fields = { ...session.credential, baseUrl: `http://127.0.0.1:${port}/api/v1` };
			jsonOf(await run({ resource: 'agent', operation: 'get' }, fields));
			jsonOf(await run({ resource: 'transaction', operation: 'export' }, fields));
			const parameters = { name: 'x', price: '1', proxyUrl: 'https://api.example.com' };
			jsonOf(await run({ resource: 'hostedEndpoint', operation: 'create', ...parameters }, fields));
		} finally {
			for (const socket of sockets) socket.destroy();
			forwarder.close();
		}
		const received = Buffer.concat(bytes);
		const key = Buffer.from(session.credential.privateKey.slice(2), 'hex');
		expect(received.length).toBeGreaterThan(1_000);
		expect(received.includes(key)).toBe(false);
		const text = received.toString('latin1');
		expect(text).toContain('wants you to sign in with your Ethereum account');
		for (const encoding of ['hex', 'base64', 'base64url'] as const) {
			const spelled = key.toString(encoding);
			expect(text.toLowerCase()).not.toContain(spelled.toLowerCase());
		}
	});
});
