import { describe, expect, it } from '@jest/globals';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage, type SiweMessage } from 'viem/siwe';
import { recoverMessageAddress } from 'viem/utils';
import { useEmulator, type Got } from './harness.mts';
import { handledRoutes, randomAddress, type Agent } from '../../tools/emulator/index.mts';

const NOW = 1_790_000_000_000;
let now = NOW;

const harness = useEmulator({ clock: () => now });

const ask = async (request: string, token: string | null = null, body?: unknown): Promise<Got> =>
	await harness.ask(request.replace(' ', ' /api/v1'), {
		whole: true,
		body,
		authorization: token && `Bearer ${token}`,
	});

interface Login {
	privateKey?: `0x${string}`;
	agentAddress?: string;
	/** Replaces parts of the message before it is signed. */
	change?: Partial<SiweMessage>;
	/** The time in the message as it's written there. */
	issuedAt?: string;
	/** Replaces parts of the request. */
	send?: Record<string, string>;
}

const messageOf = (got: Got) => (got.body as { message: string }).message;

function addAgent(): { agent: Agent; privateKey: `0x${string}` } {
	now = NOW;
	const privateKey = generatePrivateKey();
	const { address } = privateKeyToAccount(privateKey);
	return { agent: harness.emulator.addAgent({ name: 'seller', keys: [address] }), privateKey };
}

async function logIn({ privateKey, agentAddress, change, issuedAt, send }: Login): Promise<Got> {
	const { nonce, sessionId } = (await ask('GET /agents/auth/nonce')).body as Record<string, string>;
	const account = privateKeyToAccount(privateKey ?? generatePrivateKey());
	const { origin } = harness.emulator;
	const written = createSiweMessage({
		domain: new URL(origin).host,
		address: account.address,
		statement: 'Sign in to API',
		uri: origin,
		version: '1',
		chainId: 1,
		nonce: nonce ?? '',
		issuedAt: new Date(now),
		...change,
	});
	const message =
		issuedAt === undefined ? written : written.replace(/(?<=Issued At: ).+/, issuedAt);
	const signature = await account.signMessage({ message });
	const body = { message, signature, sessionId, agentAddress, ...send };
	return await ask('POST /agents/auth/login', null, body);
}

async function tokenOf(login: Login): Promise<string> {
	const got = await logIn(login);
	expect(got.status).toBe(200);
	return (got.body as { token: string }).token;
}

describe('a login', () => {
	it('gives a token for one agent', async () => {
		const { agent, privateKey } = addAgent();
		const got = await logIn({ privateKey, agentAddress: agent.address });
		expect(got).toMatchObject({
			status: 200,
			body: {
				token: expect.any(String),
				agentAddress: agent.address,
				expiresAt: new Date(NOW + 3_600_000).toISOString(),
			},
		});
		const { token } = got.body as { token: string };
		expect((await ask('GET /agents/self', token)).body).toMatchObject({ address: agent.address });
	});

	it.each<[string, Partial<SiweMessage>, string]>([
		['for another host', { domain: 'api.example.com' }, 'Wrong domain'],
		['for the other deployment', { domain: 'api.ampersend.ai' }, 'Wrong domain'],
		['for another address', { uri: 'https://api.example.com' }, 'Wrong uri'],
		['for another chain', { chainId: 8453 }, 'Wrong chainId'],
		['with another nonce', { nonce: 'abcdefgh12345678' }, 'Wrong nonce'],
		['with another statement', { statement: 'Sign in' }, 'Wrong statement'],
		['that is old', { issuedAt: new Date(NOW - 61_000) }, 'too old'],
		['from the future', { issuedAt: new Date(NOW + 61_000) }, 'from the future'],
	])('%s is a 401', async (_, change, message) => {
		const { agent, privateKey } = addAgent();
		const got = await logIn({ privateKey, agentAddress: agent.address, change });
		expect(got.status).toBe(401);
		expect(messageOf(got)).toContain(message);
	});

	it('with a key that the agent does not have is a 401', async () => {
		const { agent } = addAgent();
		const got = await logIn({ agentAddress: agent.address });
		expect([got.status, messageOf(got)]).toEqual([401, 'This key is not a key of the agent']);
	});

	it('with the signature of another key is a 401', async () => {
		const { agent, privateKey } = addAgent();
		const { address } = privateKeyToAccount(generatePrivateKey());
		const got = await logIn({ privateKey, agentAddress: agent.address, change: { address } });
		expect([got.status, messageOf(got)]).toEqual([401, 'The signature is not by this address']);
	});

	it.each<[string, string, number]>([
		['of the time in any zone', new Date(NOW + 14 * 3_600_000).toISOString().slice(0, -1), 200],
		['that no zone has now', new Date(NOW + 15 * 3_600_000).toISOString().slice(0, -1), 401],
		['that is no time', 'today', 401],
	])('can have a time without a zone %s', async (_, issuedAt, status) => {
		const { agent, privateKey } = addAgent();
		const got = await logIn({ privateKey, agentAddress: agent.address, issuedAt });
		expect(got.status).toBe(status);
	});

	it('twice with one nonce is a 401', async () => {
		const { agent, privateKey } = addAgent();
		await tokenOf({ privateKey, agentAddress: agent.address });
		const again = await ask('POST /agents/auth/login', null, harness.emulator.calls.at(-1)?.body);
		expect([again.status, messageOf(again)]).toEqual([401, 'Unknown or used session id']);
	});
});

describe('a session', () => {
	it.each(handledRoutes.filter(({ access }) => access === 'agent'))(
		'is required by $method $path',
		async ({ method, path }) => {
			const request = `${method} ${path.replace(/\{\w+\}/g, randomAddress())}`;
			expect((await ask(request)).status).toBe(401);
			expect((await ask(request, harness.emulator.apiKey)).status).toBe(401);
		},
	);

	it.each(handledRoutes.filter(({ access }) => access === 'anyone'))(
		'is not required by $method $path',
		async ({ method, path }) => {
			const got = await ask(`${method} ${path.replace(/\{\w+\}/g, randomAddress())}`);
			expect([200, 400, 404]).toContain(got.status);
		},
	);

	it("reaches no user's route", async () => {
		const { agent, privateKey } = addAgent();
		const token = await tokenOf({ privateKey, agentAddress: agent.address });
		for (const { method, path } of handledRoutes.filter(({ access }) => access === 'user')) {
			const got = await ask(`${method} ${path.replace(/\{\w+\}/g, agent.address)}`, token);
			expect(got.status).toBe(401);
		}
	});

	it('ends', async () => {
		const { agent, privateKey } = addAgent();
		harness.emulator.setSessionLifetime(1_000);
		const token = await tokenOf({ privateKey, agentAddress: agent.address });
		now += 999;
		expect((await ask('GET /agents/self', token)).status).toBe(200);
		now += 1;
		const got = await ask('GET /agents/self', token);
		expect([got.status, messageOf(got)]).toEqual([401, 'The session has expired']);
	});

	it('signs a message with a key of the service', async () => {
		const { agent, privateKey } = addAgent();
		const token = await tokenOf({ privateKey, agentAddress: agent.address });
		const path = `POST /agents/${agent.address}/auth/sign-siwx`;
		const message = 'api.example.com wants you to sign in';
		const got = await ask(path, token, { message });
		const { serverSignature: signature } = got.body as { serverSignature: `0x${string}` };
		expect(signature).toMatch(/^0x[0-9a-f]{130}$/);
		const signer = await recoverMessageAddress({ message, signature });
		expect(signer).not.toBe(privateKeyToAccount(privateKey).address);
		expect((await ask(path, token, {})).status).toBe(400);
		const other = `POST /agents/${randomAddress()}/auth/sign-siwx`;
		expect((await ask(other, token, { message })).status).toBe(403);
	});

	it("reaches no other agent's endpoints", async () => {
		const { agent, privateKey } = addAgent();
		const token = await tokenOf({ privateKey, agentAddress: agent.address });
		const other = harness.emulator.addAgent();
		const path = `/agents/${other.address}/hosted-endpoints`;
		expect((await ask(`GET ${path}`, token)).status).toBe(403);
		const own = `/agents/${agent.address}/hosted-endpoints`;
		const input = { name: 'x', price_usd: 1, proxy_url: 'https://api.example.com' };
		const body = { ...input, agent_address: other.address };
		expect((await ask(`POST ${own}`, token, body)).status).toBe(400);
	});
});

describe('a hosted endpoint', () => {
	const input = (agent: Agent, changes: object = {}) => ({
		agent_address: agent.address,
		name: 'Weather',
		price_usd: 0.01,
		proxy_url: 'https://api.example.com',
		...changes,
	});

	it.each([
		['without a name', { name: '' }],
		['for nothing', { price_usd: 0 }],
		['for a text', { price_usd: '0.01' }],
		['in a private network', { proxy_url: 'http://10.0.0.1' }],
		['with a short timeout', { proxy_timeout_ms: 4_999 }],
		['with a low rate', { rate_limit_per_minute: 9 }],
		['with an unknown method', { allowed_methods: ['FETCH'] }],
		['with headers in a list', { proxy_headers: ['X-Key'] }],
	])('%s is a 400', async (_, changes) => {
		const { agent, privateKey } = addAgent();
		const token = await tokenOf({ privateKey, agentAddress: agent.address });
		const path = `/agents/${agent.address}/hosted-endpoints`;
		expect((await ask(`POST ${path}`, token, input(agent, changes))).status).toBe(400);
	});

	it('is made with the others of a bulk, or not at all', async () => {
		const { agent, privateKey } = addAgent();
		const token = await tokenOf({ privateKey, agentAddress: agent.address });
		const path = `POST /agents/${agent.address}/hosted-endpoints/bulk`;
		const endpoints = [input(agent), input(agent)];
		expect((await ask(path, token, { endpoints })).status).toBe(409);
		expect(harness.emulator.hostedEndpoints(agent)).toEqual([]);
		const names = endpoints.map((one, i) => ({ ...one, name: `Weather ${i}` }));
		expect((await ask(path, token, { endpoints: names })).status).toBe(200);
		expect(harness.emulator.hostedEndpoints(agent)).toHaveLength(2);
	});
});
