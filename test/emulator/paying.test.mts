import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { verifyTypedData, Wallet } from 'ethers';
import { useEmulator, type Got } from './harness.mts';
import sdkPayments from './sdkPayments.json';
import { randomAddress, type Agent, type AgentInit } from '../../tools/emulator/index.mts';
import * as shapes from '../../tools/emulator/shapes.mts';

const NOW = 1_790_000_000_000;
const SECONDS = NOW / 1000;
const BASE_SEPOLIA = 'eip155:84532';
const USDC = '0x036CbD53842c5426634e7929541eC2318f3dCF7e';
const AUTHORIZE = 'POST /agents/{address}/payment/authorize';
let now = NOW;

const harness = useEmulator({ clock: () => now });
beforeEach(() => {
	now = NOW;
});

const ask = async (request: string, token: string | null, body?: unknown): Promise<Got> =>
	await harness.ask(request.replace(' ', ' /api/v1'), {
		whole: true,
		body,
		authorization: token && `Bearer ${token}`,
	});

async function tokenOf(agent: Agent, wallet: Wallet): Promise<string> {
	const { nonce, sessionId } = (await ask('GET /agents/auth/nonce', null)).body as {
		nonce: string;
		sessionId: string;
	};
	const { origin } = harness.emulator;
	const message = [
		`${new URL(origin).host} wants you to sign in with your Ethereum account:`,
		`${wallet.address}\n\nSign in to API\n`,
		`URI: ${origin}\nVersion: 1\nChain ID: 1\nNonce: ${nonce}`,
		`Issued At: ${new Date(now).toISOString()}`,
	].join('\n');
	const signature = await wallet.signMessage(message);
	const body = { message, signature, sessionId, agentAddress: agent.address };
	return ((await ask('POST /agents/auth/login', null, body)).body as { token: string }).token;
}

/** An agent in its session. */
async function logIn(init: AgentInit = {}) {
	const wallet = new Wallet(Wallet.createRandom().privateKey);
	const agent = harness.emulator.addAgent({ ...init, keys: [wallet.address] });
	const token = await tokenOf(agent, wallet);
	const post = async (name: 'authorize' | 'events', body: unknown) =>
		await ask(`POST /agents/${agent.address}/payment/${name}`, token, body);
	const payments = async () => {
		const got = await ask('GET /agents/self/payments', token);
		return shapes.payments.parse(got.body);
	};
	return { agent, token, post, payments };
}

interface Selected {
	acceptsIndex: number;
	limits: Record<'dailyRemaining' | 'monthlyRemaining', string | null>;
	coSignature?: { authorizationData: Record<string, string>; serverSignature: string };
}

interface Authorized {
	authorized: { selected: Selected | null; alternatives: Selected[] };
	rejected: Array<{ acceptsIndex: number; reason: string; reasonCode: string }>;
	suggested?: { nonce: string; validBefore: string };
}

const seller = randomAddress();

const offer = (changes: object = {}) => ({
	scheme: 'exact',
	network: BASE_SEPOLIA,
	amount: '10000',
	asset: USDC,
	payTo: seller,
	maxTimeoutSeconds: 60,
	extra: { name: 'USDC', version: '2' },
	...changes,
});

const request = (...accepts: object[]) => ({
	paymentRequest: {
		protocol: 'x402-v2',
		data: { x402Version: 2, resource: { url: 'https://api.example.com/x' }, accepts },
	},
	context: { method: 'http' },
});

function authorizedBy(got: Got): Authorized {
	expect(got.status).toBe(200);
	return got.body as Authorized;
}

const report = (transfer: object, event: object, id: string = randomUUID()) => ({
	id,
	payment: {
		protocol: 'x402-v2',
		data: {
			x402Version: 2,
			accepted: offer(),
			payload: { signature: '0x00', authorization: transfer },
		},
	},
	event,
});

const transferOf = (agent: Agent, changes: object = {}) => ({
	from: agent.address,
	to: seller,
	value: '10000',
	validAfter: String(SECONDS - 600),
	validBefore: String(SECONDS + 60),
	nonce: `0x${'0'.repeat(63)}1`,
	...changes,
});

describe("the SDK's requests", () => {
	it.each(sdkPayments.payments)('are accepted: $name', async ({ authorize, report: reported }) => {
		const { post } = await logIn({ address: sdkPayments.agent });
		const { authorized, rejected } = authorizedBy(await post('authorize', authorize));
		const isSandbox = /base-sepolia|eip155:84532/.test(authorize);
		expect(authorized.selected?.acceptsIndex).toBe(isSandbox ? 0 : undefined);
		const isOnBase = /"base"|eip155:8453"/.test(authorize);
		expect(rejected.map(({ reasonCode }) => reasonCode)).toEqual(
			isOnBase ? ['unsupported_network'] : [],
		);
		expect(await post('events', reported)).toMatchObject({
			status: 200,
			body: { received: true, paymentId: expect.any(String) },
		});
		const [remembered] = harness.emulator.paymentReports;
		expect(remembered).toMatchObject({ type: 'sending', transfer: { from: expect.any(String) } });
	});
});

describe('a request that does not decode is a 400', () => {
	const v1 = {
		scheme: 'exact',
		network: 'base-sepolia',
		maxAmountRequired: '10000',
		resource: 'https://api.example.com/x',
		description: '',
		payTo: seller,
		maxTimeoutSeconds: 60,
		asset: USDC,
	};
	const ofV1 = (changes: object) => ({
		paymentRequest: {
			protocol: 'x402-v1',
			data: { x402Version: 1, accepts: [{ ...v1, ...changes }] },
		},
	});
	const at = 'paymentRequest.data.accepts';

	it.each<[string, object, string]>([
		['no offer', request(), at],
		['an unknown protocol', { paymentRequest: { protocol: 'x402-v3' } }, 'paymentRequest.protocol'],
		['no protocol', { paymentRequest: null }, 'paymentRequest.protocol'],
		['an amount that is a number', request(offer({ amount: 10_000 })), `${at}.0.amount`],
		['a name of a network in v2', request(offer({ network: 'base' })), `${at}.0.network`],
		['no time', request(offer({ maxTimeoutSeconds: 0 })), `${at}.0.maxTimeoutSeconds`],
		['extra that is a text', request(offer({ extra: 'USDC' })), `${at}.0.extra`],
		['no payee', request(offer({ payTo: undefined })), `${at}.0.payTo`],
		['v1 without a description', ofV1({ description: undefined }), `${at}.0.description`],
		[
			'v1 with the amount of v2',
			ofV1({ maxAmountRequired: undefined }),
			`${at}.0.maxAmountRequired`,
		],
		['an empty context', { ...request(offer()), context: { method: '' } }, 'context.method'],
	])('%s', async (_, body, path) => {
		const { post } = await logIn();
		const got = await post('authorize', body);
		expect(got.status).toBe(400);
		const { issues } = shapes.decodeError.parse(got.body);
		expect(issues.map((issue) => issue.path.join('.'))).toEqual([path]);
		expect(harness.emulator.authorizations).toEqual([]);
	});

	it.each<[string, (agent: Agent) => object, string]>([
		['no id', (agent) => report(transferOf(agent), { type: 'sending' }, ''), 'id'],
		['an unknown event', (agent) => report(transferOf(agent), { type: 'paid' }), 'event.type'],
		['no reason', (agent) => report(transferOf(agent), { type: 'error' }), 'event.reason'],
		[
			'a reason of spaces',
			(agent) => report(transferOf(agent), { type: 'rejected', reason: ' ' }),
			'event.reason',
		],
		[
			'a value in hex',
			(agent) => report(transferOf(agent, { value: '0x2710' }), { type: 'sending' }),
			'payment.data.payload.authorization.value',
		],
	])('a report with %s', async (_, bodyOf, path) => {
		const { agent, post } = await logIn();
		const got = await post('events', bodyOf(agent));
		expect(got.status).toBe(400);
		const { issues } = shapes.decodeError.parse(got.body);
		expect(issues.map((issue) => issue.path.join('.'))).toEqual([path]);
		expect(harness.emulator.paymentReports).toEqual([]);
	});

	it('but unknown fields are ignored', async () => {
		const { post } = await logIn();
		const body = { ...request(offer({ more: 1 })), more: 1 };
		expect(authorizedBy(await post('authorize', body)).rejected).toEqual([]);
	});
});

it('only the agent itself pays', async () => {
	const { token } = await logIn();
	const other = harness.emulator.addAgent();
	for (const [name, body] of [
		['authorize', request(offer())],
		['events', report(transferOf(other), { type: 'sending' })],
	] as const) {
		for (const address of [other.address, randomAddress()]) {
			const got = await ask(`POST /agents/${address}/payment/${name}`, token, body);
			expect(got.status).toBe(403);
		}
	}
});

describe('a co-signed key', () => {
	it('gets a transfer that the service has signed', async () => {
		const { agent, post } = await logIn();
		const { authorized, suggested } = authorizedBy(await post('authorize', request(offer())));
		const { authorizationData: data, serverSignature = '' } =
			authorized.selected?.coSignature ?? {};
		expect(data).toEqual({
			from: agent.address,
			to: seller,
			value: '10000',
			validAfter: String(SECONDS - 600),
			validBefore: String(SECONDS + 60),
			nonce: expect.stringMatching(/^0x[0-9a-f]{64}$/),
		});
		const fields = ['value', 'validAfter', 'validBefore'].map((name) => ({
			name,
			type: 'uint256',
		}));
		const types = {
			TransferWithAuthorization: [
				{ name: 'from', type: 'address' },
				{ name: 'to', type: 'address' },
				...fields,
				{ name: 'nonce', type: 'bytes32' },
			],
		};
		const domain = { name: 'USDC', version: '2', chainId: 84532, verifyingContract: USDC };
		const signer = verifyTypedData(domain, types, data ?? {}, serverSignature);
		expect(signer).toBe(await harness.emulator.serviceKeyAddress());
		expect(suggested).toBeUndefined();
	});

	it('gets another nonce each time, and ten minutes at most', async () => {
		const { post } = await logIn();
		const body = request(offer({ maxTimeoutSeconds: 86_400 }));
		const [one, two] = [await post('authorize', body), await post('authorize', body)].map(
			(got) => authorizedBy(got).authorized.selected?.coSignature?.authorizationData,
		);
		expect(one?.['nonce']).not.toBe(two?.['nonce']);
		expect(one?.['validBefore']).toBe(String(SECONDS + 600));
	});
});

describe('a full-access key', () => {
	it('gets no signature', async () => {
		const { post } = await logIn({ paymentKey: 'fullAccess' });
		const answer = authorizedBy(await post('authorize', request(offer())));
		expect(answer).toEqual({
			authorized: {
				selected: { acceptsIndex: 0, limits: { dailyRemaining: null, monthlyRemaining: null } },
				alternatives: [],
			},
			rejected: [],
		});
	});

	it('gets a nonce where the service suggests one', async () => {
		const { post } = await logIn({ paymentKey: 'fullAccess', suggestsNonce: true });
		const { suggested } = authorizedBy(await post('authorize', request(offer())));
		const nonce = expect.stringMatching(/^0x[0-9a-f]{64}$/);
		expect(suggested).toEqual({ nonce, validBefore: String(SECONDS + 60) });
	});
});

describe('what is allowed', () => {
	it.each<[string, object, string]>([
		['another scheme', { scheme: 'deferred' }, 'unsupported_scheme'],
		['another chain', { network: 'eip155:8453' }, 'unsupported_network'],
		['another token', { asset: randomAddress() }, 'unsupported_asset'],
		['an amount in hex', { amount: '0x2710' }, 'invalid_amount'],
		['an amount of 0', { amount: '0' }, 'invalid_amount'],
		['a name for a payee', { payTo: 'seller.eth' }, 'invalid_seller'],
		['a seller off the allowlist', { payTo: randomAddress() }, 'seller_not_authorized'],
		['more than a transaction may cost', { amount: '50001' }, 'per_tx_limit_exceeded'],
	])('is not %s', async (_, changes, reasonCode) => {
		const { agent, post, payments } = await logIn({
			allowlist: [seller],
			spendConfig: { per_transaction_limit: '50000' },
		});
		const { authorized, rejected } = authorizedBy(await post('authorize', request(offer(changes))));
		expect(authorized).toEqual({ selected: null, alternatives: [] });
		expect(rejected).toEqual([{ acceptsIndex: 0, reason: expect.any(String), reasonCode }]);
		expect(harness.emulator.authorizations).toMatchObject([
			{ agentAddress: agent.address, status: 'declined', selected: null },
		]);
		const rows = ['invalid_amount', 'invalid_seller'].includes(reasonCode) ? [] : ['denied'];
		expect((await payments()).map(({ status }) => status)).toEqual(rows);
	});

	it('is the first offer, and others are alternatives', async () => {
		const { post } = await logIn({ spendConfig: { daily_limit: '100000', monthly_limit: null } });
		const accepts = [
			offer({ network: 'eip155:1' }),
			offer({ asset: USDC.toLowerCase() }),
			offer({ amount: '30000' }),
		];
		const { authorized, rejected } = authorizedBy(await post('authorize', request(...accepts)));
		expect(authorized.selected).toMatchObject({
			acceptsIndex: 1,
			limits: { dailyRemaining: '90000', monthlyRemaining: null },
		});
		expect(authorized.alternatives).toEqual([
			{ acceptsIndex: 2, limits: { dailyRemaining: '70000', monthlyRemaining: null } },
		]);
		expect(rejected).toMatchObject([{ acceptsIndex: 0, reasonCode: 'unsupported_network' }]);
	});

	it('is what the limits of a UTC day and month leave', async () => {
		const { agent, post } = await logIn({
			spendConfig: { daily_limit: '25000', monthly_limit: '45000' },
		});
		const codes = async () => {
			const { authorized, rejected } = authorizedBy(await post('authorize', request(offer())));
			return [authorized.selected?.limits, ...rejected.map(({ reasonCode }) => reasonCode)];
		};
		harness.emulator.pay({ agent, amountMicro: 5_000n });
		expect(await codes()).toEqual([{ dailyRemaining: '10000', monthlyRemaining: '30000' }]);
		expect(await codes()).toEqual([{ dailyRemaining: '0', monthlyRemaining: '20000' }]);
		expect(await codes()).toEqual([undefined, 'daily_limit_exceeded']);
		harness.emulator.updateAgent(agent, { spendConfig: { daily_limit: null } });
		expect(await codes()).toEqual([{ dailyRemaining: null, monthlyRemaining: '10000' }]);
		expect(await codes()).toEqual([{ dailyRemaining: null, monthlyRemaining: '0' }]);
		expect(await codes()).toEqual([undefined, 'monthly_limit_exceeded']);
	});

	it('is the same for requests at once as for requests in a row', async () => {
		const { post } = await logIn({ spendConfig: { daily_limit: '30000' } });
		const answers = await Promise.all(
			Array.from({ length: 5 }, async () => await post('authorize', request(offer()))),
		);
		const selected = answers.filter((got) => authorizedBy(got).authorized.selected !== null);
		expect(selected).toHaveLength(3);
	});
});

describe('what is authorized', () => {
	const left = async (token: string) =>
		((await ask('GET /agents/self/spend-config', token)).body as Record<string, string>)[
			'daily_remaining_usdc_micro'
		];

	async function authorized(init: AgentInit = {}) {
		const session = await logIn({ spendConfig: { daily_limit: '100000' }, ...init });
		const answer = authorizedBy(await session.post('authorize', request(offer())));
		const transfer = answer.authorized.selected?.coSignature?.authorizationData;
		return { ...session, transfer: transfer ?? transferOf(session.agent) };
	}

	it('is reserved until it expires', async () => {
		const { token, payments } = await authorized();
		expect(await left(token)).toBe('90000');
		expect(await payments()).toMatchObject([
			{ status: 'authorized', seller_address: seller, expires_at: NOW + 60_000, tx_hash: null },
		]);
		now += 59_999;
		expect(await left(token)).toBe('90000');
		now += 1;
		expect(await left(token)).toBe('100000');
		expect(await payments()).toMatchObject([{ status: 'expired' }]);
		expect(harness.emulator.authorizations).toMatchObject([{ status: 'expired' }]);
	});

	it.each(['coSigned', 'fullAccess'] as const)(
		'with a %s key is spent once it is accepted, also late',
		async (paymentKey) => {
			const { token, post, payments, transfer } = await authorized({ paymentKey });
			const id = randomUUID();
			const sending = await post('events', report(transfer, { type: 'sending' }, id));
			expect(await left(token)).toBe('90000');
			now += 61_000;
			const accepted = await post('events', report(transfer, { type: 'accepted' }, id));
			expect(accepted.body).toEqual(sending.body);
			const [authorization] = harness.emulator.authorizations;
			expect(authorization).toMatchObject({
				status: 'settled',
				nonce: transfer['nonce'],
				reportId: id,
				paymentId: (accepted.body as { paymentId: string }).paymentId,
			});
			expect(await left(token)).toBe('90000');
			expect(await payments()).toMatchObject([
				{ status: 'settled', tx_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
			]);
			const activity = await ask('GET /agents/self/activity', token);
			expect(shapes.activityPage.parse(activity.body).activity).toMatchObject([
				{ id: authorization?.paymentId, type: 'spend', status: 'settled', amount: '10000' },
			]);
		},
	);

	it('is free again once it is rejected, and not after an error', async () => {
		const { token, post, payments, transfer } = await authorized();
		await post('events', report(transfer, { type: 'error', reason: 'No answer' }));
		expect(await left(token)).toBe('90000');
		await post('events', report(transfer, { type: 'rejected', reason: 'Payment rejected' }));
		expect(await left(token)).toBe('100000');
		expect(await payments()).toMatchObject([{ status: 'failure' }]);
	});

	it('stays spent, whatever is reported later', async () => {
		const { token, post, transfer } = await authorized();
		for (const event of [{ type: 'accepted' }, { type: 'rejected', reason: 'Used before' }]) {
			await post('events', report(transfer, event));
		}
		expect(await left(token)).toBe('90000');
		expect(harness.emulator.authorizations).toMatchObject([{ status: 'settled' }]);
	});

	it('is the oldest one of that payee and amount where a key chose the nonce', async () => {
		const { agent, post } = await authorized({ paymentKey: 'fullAccess' });
		await post('authorize', request(offer()));
		const nonces = [1, 2].map((i) => `0x${String(i).padStart(64, '0')}`);
		for (const nonce of nonces) {
			await post('events', report(transferOf(agent, { nonce }), { type: 'sending' }));
		}
		expect(harness.emulator.authorizations.map(({ nonce }) => nonce)).toEqual(nonces);
	});

	it('can be reported twice, and both are remembered', async () => {
		const { post, transfer } = await authorized();
		const body = report(transfer, { type: 'sending' });
		const [one, two] = [await post('events', body), await post('events', body)];
		expect(two).toMatchObject({ status: 200, body: one.body });
		expect(harness.emulator.paymentReports.map(({ id }) => id)).toEqual([body.id, body.id]);
	});

	it('has nothing to do with a report of another payment', async () => {
		const { agent, token, post } = await authorized();
		await post('events', report(transferOf(agent), { type: 'accepted' }));
		expect(harness.emulator.authorizations).toMatchObject([{ status: 'reserved' }]);
		expect(await left(token)).toBe('90000');
	});
});

it('an answer can be another one', async () => {
	const { post } = await logIn();
	harness.emulator.fault({
		route: AUTHORIZE,
		mutate: (body) => ({ ...(body as object), authorized: { selected: null, alternatives: [] } }),
	});
	const { authorized } = authorizedBy(await post('authorize', request(offer())));
	expect(authorized.selected).toBeNull();
	expect(harness.emulator.authorizations).toMatchObject([{ status: 'reserved' }]);
	harness.emulator.assertClean();
});
