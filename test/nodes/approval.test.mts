import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';
import { keccak256 } from 'viem/utils';

import { addressOfKey, jsonOf, newPrivateKey, useAgentSession } from './agentSession.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const agentKeyAddress = addressOfKey(newPrivateKey());
const REQUEST = 'POST /approve-action/agent';
const STATUS = 'GET /approve-action/{token}/status';

const byAddress = (value: string) => ({ mode: 'address', value });
const lastBody = () => service.emulator.calls.at(-1)?.body;

const ways: Array<[string, (parameters: INodeParameters) => ReturnType<typeof session.run>]> = [
	['an API key', (parameters) => service.run(parameters)],
	['an agent session', (parameters) => session.run(parameters)],
];

describe.each(ways)('with the credential of %s', (_, run) => {
	const request = async (resource: string, parameters: INodeParameters = {}) =>
		await run({ resource, operation: 'requestApproval', agentKeyAddress, ...parameters });
	const tokenOf = (outcome: Awaited<ReturnType<typeof request>>) =>
		String(jsonOf(outcome)[0]?.token);
	const statusOf = async (token: string, resource = 'agent') => {
		const outcome = await run({ resource, operation: 'getApproval', token });
		expect(outcome.hints).toEqual([]);
		return jsonOf(outcome);
	};

	it('an owner approves a new agent', async () => {
		const additionalFields = { keyName: 'Worker', dailyLimit: '5', noMonthlyLimit: true };
		const outcome = await request('agent', { name: 'Researcher', additionalFields });
		expect(lastBody()).toEqual({
			session_key_address: agentKeyAddress,
			name: 'Researcher',
			key_name: 'Worker',
			spend_config: {
				auto_topup_allowed: false,
				daily_limit: '5000000',
				monthly_limit: null,
				per_transaction_limit: null,
			},
			mode: 'create',
		});
		const token = tokenOf(outcome);
		const code = String(BigInt(keccak256(agentKeyAddress as `0x${string}`)) % 1_000_000n);
		expect(jsonOf(outcome)).toEqual([
			{
				token,
				approveUrl: `https://dashboard.example.com/approve/${token}`,
				statusUrl: `${service.emulator.agentBaseUrl}/approve-action/${token}/status`,
				verificationCode: code.padStart(6, '0'),
				agentKeyAddress,
			},
		]);
		expect(await statusOf(token)).toEqual([
			{ status: 'pending', agentAddress: null, agentKeyAddress: null, resolvedAt: null },
		]);

		service.emulator.decide(token, 'resolved');
		const [resolved] = await statusOf(token);
		expect(resolved).toMatchObject({ status: 'resolved', agentKeyAddress });
		expect(service.emulator.agent(String(resolved?.agentAddress))).toMatchObject({
			name: 'Researcher',
			keys: [{ address: agentKeyAddress, name: 'Worker' }],
			spendConfig: { daily_limit: '5000000' },
		});
		expect(Date.parse(String(resolved?.resolvedAt))).not.toBeNaN();
	});

	it('an owner approves an agent without a name or limits', async () => {
		const outcome = await request('agent');
		expect(lastBody()).toEqual({
			session_key_address: agentKeyAddress,
			name: null,
			mode: 'create',
		});
		service.emulator.decide(tokenOf(outcome), 'resolved');
		expect(await statusOf(tokenOf(outcome))).toMatchObject([{ status: 'resolved' }]);
	});

	it('an owner chooses the agent that gets a key', async () => {
		const outcome = await request('agentKey', { ownerChooses: true });
		expect(lastBody()).toEqual({
			session_key_address: agentKeyAddress,
			name: null,
			mode: 'connect_choose',
		});
		service.emulator.decide(tokenOf(outcome), 'resolved', session.agent);
		expect(await statusOf(tokenOf(outcome), 'agentKey')).toMatchObject([
			{ status: 'resolved', agentAddress: session.agent.address, agentKeyAddress },
		]);
	});

	it.each(['rejected', 'blocked'] as const)('an owner leaves it %s', async (status) => {
		const token = tokenOf(await request('agent'));
		service.emulator.decide(token, status);
		expect(await statusOf(token)).toMatchObject([{ status, agentAddress: null }]);
	});

	it('no key and no token is sent', async () => {
		await statusOf(tokenOf(await request('agent')));
		expect(service.seen).toEqual([REQUEST, STATUS]);
		expect(service.emulator.calls.map(({ auth }) => auth)).toEqual(['missing', 'missing']);
	});

	it('an unknown token is said clearly', async () => {
		const { error } = await run({ resource: 'agent', operation: 'getApproval', token: 'abc' });
		expect(error?.message).toContain('Unknown approval token');
		expect(error?.description).toContain('Check the ID, token or name.');
	});

	it('a status that is new is passed on', async () => {
		const token = tokenOf(await request('agent'));
		service.emulator.fault({ route: STATUS, mutate: () => ({ status: 'expired' }) });
		expect(await statusOf(token)).toMatchObject([{ status: 'expired' }]);
	});

	it.each<[string, INodeParameters, string]>([
		['an address that is none', { agentKeyAddress: '0x12' }, 'Agent Key Address: "0x12"'],
		['the zero address', { agentKeyAddress: `0x${'0'.repeat(40)}` }, 'is the zero address'],
		['a private key', { agentKeyAddress: newPrivateKey() }, 'is as long as a private key'],
		['an empty limit', { additionalFields: { dailyLimit: '' } }, 'Daily Limit (USDC): is empty.'],
		['a limit that is none', { additionalFields: { dailyLimit: 'x' } }, '"x" is not an amount'],
	])('nothing is sent with %s', async (_what, parameters, message) => {
		const { error } = await request('agent', parameters);
		expect(error?.message).toContain(message);
		expect(service.emulator.calls).toEqual([]);
	});

	it.each([' ', '..', 'a/../b', 'https://a/b', 'a?b', 'a b', 'x'.repeat(4_097)])(
		'nothing is sent for the token "%s"',
		async (token) => {
			const { error } = await run({ resource: 'agent', operation: 'getApproval', token });
			expect(error?.message).toMatch(/^Token: /);
			expect(service.emulator.calls).toEqual([]);
		},
	);

	it('a request whose answer is lost is not repeated', async () => {
		service.emulator.fault({ route: REQUEST, reset: true, when: 'after' });
		const { error } = await request('agent');
		expect(error?.description).toContain('Run it again');
		expect(service.seen).toEqual([REQUEST]);
	});
});

describe('a key for one agent', () => {
	it('is asked for with an API key by its address', async () => {
		const outcome = await service.run({
			resource: 'agentKey',
			operation: 'requestApproval',
			agentKeyAddress,
			agent: byAddress(session.agent.address),
			additionalFields: { keyName: 'Second' },
		});
		expect(lastBody()).toEqual({
			session_key_address: agentKeyAddress,
			name: null,
			key_name: 'Second',
			mode: 'connect',
			agent_address: session.agent.address,
		});
		service.emulator.decide(String(jsonOf(outcome)[0]?.token), 'resolved');
		expect(service.emulator.agent(session.agent).keys).toMatchObject([
			{},
			{ address: agentKeyAddress, name: 'Second' },
		]);
	});

	it("is for the session's own agent", async () => {
		jsonOf(
			await session.run({ resource: 'agentKey', operation: 'requestApproval', agentKeyAddress }),
		);
		expect(lastBody()).toMatchObject({ mode: 'connect', agent_address: session.agent.address });
	});

	it('is not asked for without an agent', async () => {
		const { error } = await service.run({
			resource: 'agentKey',
			operation: 'requestApproval',
			agentKeyAddress,
			agent: byAddress(' '),
		});
		expect(error?.message).toBe('Agent: is empty.');
		expect(service.emulator.calls).toEqual([]);
	});
});

it.each(['/v1', '/api/v1/sdk', '/api/v1', ''])(
	'finds the address for approvals if the base URL ends with "%s"',
	async (path) => {
		const { apiKey, origin } = service.emulator;
		const parameters = { resource: 'agent', operation: 'requestApproval', agentKeyAddress };
		const credential = { apiKey, baseUrl: origin + path };
		jsonOf(await service.run(parameters, { credential }));
		expect(service.seen).toEqual([REQUEST]);
	},
);
