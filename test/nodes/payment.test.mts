import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Hex } from 'viem';

import { checksummed } from '../../nodes/Ampersend/domain/address';
import { deployments } from '../../tools/emulator/deployments.mts';
import { addressOfKey, jsonOf, newPrivateKey, useAgentSession } from './agentSession.mts';
import { openTool, type RunOptions } from './n8nCore.mts';
import {
	answerInV1,
	answerInV2,
	encode,
	offerInV1,
	offerInV2,
	requiredInV1,
	requiredInV2,
	signerOf,
} from './seller.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const AUTHORIZE = 'POST /agents/{address}/payment/authorize';
const EVENTS = 'POST /agents/{address}/payment/events';

const seller = () => session.agent.allowlist[0] ?? '';
const countOf = (route: string) => service.seen.filter((one) => one === route).length;

const authorize = async (
	input: IDataObject[],
	parameters: INodeParameters = {},
	options: Partial<RunOptions> = {},
) =>
	await service.run(
		{
			authentication: 'agentSession',
			resource: 'payment',
			operation: 'authorize',
			maximumAmount: '0.10',
			...parameters,
		},
		{ credential: session.credential, input, ...options },
	);

const report = async (input: IDataObject[], parameters: INodeParameters) =>
	await service.run(
		{ authentication: 'agentSession', resource: 'payment', operation: 'report', ...parameters },
		{ credential: session.credential, input },
	);

/** The payment in a header. */
const decoded = (header: unknown) =>
	JSON.parse(Buffer.from(String(header), 'base64').toString()) as {
		payload: { signature: Hex; authorization: Record<string, string> };
		accepted?: unknown;
		extensions?: unknown;
	};

const { chain, usdcContract } = deployments.sandbox;

const slice = (hex: Hex, from: number, to: number): Hex =>
	`0x${hex.slice(2 + 2 * from, 2 + 2 * to)}`;

describe('Payment: Authorize', () => {
	it.each([
		['version 1', (payTo: string) => answerInV1(offerInV1(payTo)), 'X-PAYMENT', 1],
		['version 2', (payTo: string) => answerInV2(offerInV2(payTo)), 'PAYMENT-SIGNATURE', 2],
	] as const)(
		'pays an offer of %s with a co-signed key',
		async (_, answer, headerName, version) => {
			const [item = {}] = jsonOf(await authorize([answer(seller())]));
			expect(Object.keys(item)).toEqual([
				'authorized',
				'reason',
				'amountUsdc',
				'amountUsdcMicro',
				'description',
				'dailyRemainingUsdc',
				'monthlyRemainingUsdc',
				'validBefore',
				'network',
				'x402Version',
				'keyKind',
				'from',
				'payTo',
				'asset',
				'resource',
				'headerName',
				'headerValue',
				'paymentId',
				'nonce',
			]);
			expect(item).toMatchObject({
				authorized: true,
				reason: null,
				headerName,
				x402Version: version,
				amountUsdc: '0.01',
				amountUsdcMicro: '10000',
				payTo: seller(),
				from: session.agent.address,
				resource: 'https://api.example.com/premium',
				description: 'Premium data',
				keyKind: 'coSigned',
				dailyRemainingUsdc: '4.99',
				monthlyRemainingUsdc: null,
			});
			const { signature, authorization } = decoded(item.headerValue).payload;
			const [agentPart, servicePart] = [slice(signature, 116, 181), slice(signature, 244, 309)];
			const ownKey = addressOfKey(session.credential.privateKey);
			expect(await signerOf(authorization, agentPart)).toBe(ownKey);
			expect(await signerOf(authorization, servicePart)).toBe(
				await service.emulator.serviceKeyAddress(),
			);
			expect(service.emulator.paymentReports).toMatchObject([
				{ id: item.paymentId, type: 'sending' },
			]);
		},
	);

	it('pays with a key that has full access, for as long as all accept', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const before = Math.floor(Date.now() / 1000);
		const answer = answerInV2(offerInV2(seller()));
		const [item = {}] = jsonOf(await authorize([answer], { options: { validitySeconds: 30 } }));
		expect(item).toMatchObject({ authorized: true, keyKind: 'fullAccess' });
		const { signature, authorization } = decoded(item.headerValue).payload;
		expect(await signerOf(authorization, slice(signature, 20, 85))).toBe(
			addressOfKey(session.credential.privateKey),
		);
		const validity = Number(authorization.validBefore) - before;
		expect(validity).toBeGreaterThanOrEqual(30);
		expect(validity).toBeLessThan(40);
		expect(Date.parse(String(item.validBefore)) / 1000).toBe(Number(authorization.validBefore));
	});

	it('takes the nonce that Ampersend suggests, unless the user names the purchase', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess', suggestsNonce: true });
		const answer = answerInV2(offerInV2(seller()));
		const [item = {}] = jsonOf(await authorize([answer]));
		expect(item.nonce).toBe(service.emulator.authorizations[0]?.nonce);
		const options = { idempotencyKey: 'order 7' };
		const [first] = jsonOf(await authorize([answer], { options }));
		const [second] = jsonOf(await authorize([answer], { options }));
		expect(second?.nonce).toBe(first?.nonce);
		expect(second?.nonce).not.toBe(service.emulator.authorizations[2]?.nonce);
		const [other] = jsonOf(await authorize([answer], { options: { idempotencyKey: 'order 8' } }));
		expect(other?.nonce).not.toBe(first?.nonce);
	});

	it('pays once for a name, however its accents and white space are spelled', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const answer = answerInV2(offerInV2(seller()));
		const nonces = new Set<unknown>();
		for (const idempotencyKey of ['caf\u00e9 7', ' cafe\u0301\u00a07 ', 'caf\u00e9  7']) {
			const [item] = jsonOf(await authorize([answer], { options: { idempotencyKey } }));
			nonces.add(item?.nonce);
		}
		expect(nonces.size).toBe(1);
	});

	it('pays once for a name, however the address of the agent is spelled', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const { credential } = session;
		const nonces: unknown[] = [];
		for (const agentAddress of [checksummed(session.agent.address), session.agent.address]) {
			const [item] = jsonOf(
				await authorize(
					[answerInV2(offerInV2(seller()))],
					{ options: { idempotencyKey: 'order 7' } },
					{ credential: { ...credential, agentAddress, sessionToken: '' } },
				),
			);
			nonces.push(item?.nonce);
		}
		expect(new Set(nonces).size).toBe(1);
	});

	it('says that a co-signed key pays again for the same name', async () => {
		const options = { idempotencyKey: 'order 7' };
		const outcome = await authorize([answerInV2(offerInV2(seller()))], { options });
		expect(outcome.hints.map(({ message }) => message).join()).toContain(
			'another payment each time',
		);
		const { error } = await authorize([answerInV2(offerInV2(seller()))], {
			options: { idempotencyKey: '={{ "" }}' },
		});
		expect(error?.message).toBe('Idempotency Key: is empty.');
	});

	it('asks only about what can be paid', async () => {
		const dear = offerInV2(seller(), { amount: '2000000' });
		const [item] = jsonOf(await authorize([answerInV2(dear, offerInV2(seller()))]));
		expect(item).toMatchObject({ authorized: true, amountUsdc: '0.01' });
		expect(service.emulator.authorizations).toMatchObject([{ amountMicro: 10_000n }]);
	});

	it('says how long Ampersend makes a payment valid, and asks once', async () => {
		const { error } = await authorize(
			[answerInV2(offerInV2(seller(), { maxTimeoutSeconds: 500 }))],
			{ options: { validitySeconds: 60 } },
			{ maxTries: 3 },
		);
		expect(error?.message).toMatch(/can be used for (499|500) seconds, and Validity \(Seconds\)/);
		expect(error?.description).toMatch(/enter (499|500) or more in Validity \(Seconds\)/);
		expect(countOf(AUTHORIZE)).toBe(1);
	});

	it.each<[string, (data: IDataObject) => void, string]>([
		['another price', (data) => (data.value = '1'), 'it pays "1" micro-USDC instead of 10000'],
		['another payee', (data) => (data.to = session.agent.address), 'instead of'],
		['another payer', (data) => (data.from = seller()), "which isn't the agent"],
		['a time to come', (data) => (data.validAfter = '9990000000'), "it can't be used before"],
		['a time that is over', (data) => (data.validBefore = '1000'), 'it ends at'],
	])('does not sign %s, however often n8n tries', async (_, change, complaint) => {
		service.emulator.fault({
			route: AUTHORIZE,
			mutate: (body) => {
				const { authorized } = body as {
					authorized: { selected: { coSignature: { authorizationData: IDataObject } } };
				};
				change(authorized.selected.coSignature.authorizationData);
				return body;
			},
		});
		const { error } = await authorize([answerInV2(offerInV2(seller()))], {}, { maxTries: 3 });
		expect(error?.message).toMatch(/^Ampersend authorized something else than was asked: /);
		expect(error?.message).toContain(complaint);
		expect(countOf(AUTHORIZE)).toBe(1);
		expect(countOf(EVENTS)).toBe(0);
	});

	it('gives each item a purchase of its own', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const answer = answerInV2(offerInV2(seller()));
		const items = jsonOf(await authorize([answer, answer]));
		expect(new Set(items.map(({ nonce }) => nonce)).size).toBe(2);
		expect(countOf(AUTHORIZE)).toBe(2);
	});

	it.each([
		['the body alone', (payTo: string) => requiredInV1(offerInV1(payTo))],
		['version 2 in the body', (payTo: string) => requiredInV2(offerInV2(payTo))],
		[
			'text in place of JSON',
			(payTo: string) => ({
				data: JSON.stringify(requiredInV1(offerInV1(payTo))),
				headers: {},
				statusCode: 402,
			}),
		],
		[
			'a request that n8n takes for failed',
			(payTo: string) => ({
				error: { message: '402 - …', name: 'AxiosError', status: 402 },
				details: { httpCode: '402', body: requiredInV1(offerInV1(payTo)) },
			}),
		],
		[
			'a header beside a body of version 1',
			(payTo: string) => ({
				...answerInV2(offerInV2(payTo)),
				body: requiredInV1(offerInV1(payTo, { maxAmountRequired: '777' })),
			}),
		],
		[
			'an offer of another chain before it',
			(payTo: string) => answerInV2(offerInV2(payTo, { network: 'eip155:1' }), offerInV2(payTo)),
		],
		[
			'an offer that nobody can read before it',
			(payTo: string) => answerInV2(offerInV2(payTo, { amount: 10_000 }), offerInV2(payTo)),
		],
	])('reads %s', async (_, answer) => {
		const [item] = jsonOf(await authorize([answer(seller())]));
		expect(item).toMatchObject({ authorized: true, amountUsdc: '0.01', payTo: seller() });
	});

	it('has nothing to pay where the seller asks for nothing', async () => {
		const free = { body: { answer: 42 }, headers: {}, statusCode: 200 };
		expect(jsonOf(await authorize([free]))).toEqual([
			{ authorized: false, reason: 'nothingToPay' },
		]);
		expect(service.seen).toEqual([]);
	});

	it('echoes the offer as it came, and adds an id where the seller offers that', async () => {
		const offer = offerInV2(seller(), { unknown: { z: 1, a: null } });
		const extensions = { 'payment-identifier': { info: { required: true }, schema: {} }, x: null };
		const answer = { ...requiredInV2(offer), extensions };
		const [item] = jsonOf(await authorize([answer]));
		const payment = decoded(item?.headerValue);
		expect(JSON.stringify(payment.accepted)).toBe(JSON.stringify(offer));
		expect(payment.extensions).toEqual({
			'payment-identifier': {
				info: { required: true, id: expect.stringMatching(/^[\w-]{16,128}$/) },
				schema: {},
			},
			x: null,
		});
	});

	it('rejects an offer of version 1 that spells its chain as version 2 does', async () => {
		const answer = answerInV1(offerInV1(seller(), { network: 'eip155:84532' }));
		const { error } = await authorize([answer]);
		expect(error?.message).toContain(
			'network "eip155:84532" isn\'t Base (base) or Base Sepolia (base-sepolia)',
		);
		expect(service.seen).toEqual([]);
	});

	it.each<[string, IDataObject, string]>([
		['another scheme', { scheme: 'upto' }, 'scheme is "upto", and has to be "exact"'],
		['another chain', { network: 'eip155:1' }, 'network "eip155:1" isn\'t Base'],
		['another token', { asset: `0x${'6'.repeat(40)}` }, "isn't USDC on Base Sepolia"],
		['the name of another token', { extra: { name: 'USD Coin', version: '2' } }, 'extra.name'],
		['no name of the token', { extra: null }, 'extra.name is missing'],
		[
			'another way to transfer',
			{ extra: { name: 'USDC', version: '2', assetTransferMethod: 'permit2' } },
			'extra.assetTransferMethod is "permit2"',
		],
		['an amount in hex', { amount: '0x2710' }, 'amount "0x2710" isn\'t a whole number'],
		['a negative amount', { amount: '-1' }, 'amount "-1"'],
		['no amount', { amount: '0' }, 'amount "0"'],
		['a leading zero', { amount: '010000' }, 'amount "010000"'],
		['a fraction', { amount: '0.01' }, 'amount "0.01"'],
		['a higher price', { amount: '100001' }, 'its price of 0.100001 USDC is above Maximum Amount'],
		['a number in place of text', { amount: 10_000 }, "offer 1 can't be read (amount)"],
		['no payee', { payTo: '' }, 'payTo "" isn\'t an address'],
		['the zero address', { payTo: `0x${'0'.repeat(40)}` }, 'payTo is the zero address'],
		['the token as the payee', { payTo: usdcContract }, 'payTo is the contract of USDC'],
		['a fraction of a second', { maxTimeoutSeconds: 60.5 }, 'maxTimeoutSeconds 60.5'],
		['a year', { maxTimeoutSeconds: 31_536_000 }, 'maxTimeoutSeconds 31536000'],
		['too little time', { maxTimeoutSeconds: 6 }, 'maxTimeoutSeconds 6'],
		['no time', { maxTimeoutSeconds: 0 }, "can't be read (maxTimeoutSeconds)"],
		['too much to repeat', { more: 'a'.repeat(20_000) }, 'its payment would be a header of'],
	])('rejects %s before it asks', async (_, changes, complaint) => {
		const answer = answerInV2(offerInV2(seller(), changes));
		const { error } = await authorize([answer]);
		expect(error?.message).toMatch(/^Payment Required: none of the seller's offers can be paid\./);
		expect(error?.message).toContain(complaint);
		expect(error?.description).toMatch(/^Nothing was sent\. \w/);
		const [item] = jsonOf(await authorize([answer], { options: { onDecline: 'continue' } }));
		expect(item).toMatchObject({ authorized: false, reason: expect.stringContaining(complaint) });
		expect(item).not.toHaveProperty('headerValue');
		expect(service.seen).toEqual([]);
	});

	it('rejects a payee whose checksum is wrong, and the agent itself', async () => {
		const swapped = addressOfKey(newPrivateKey()).replace(/[a-z](?=[^a-z]*$)/i, (letter) =>
			letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
		);
		for (const [payTo, complaint] of [
			[swapped, "doesn't match its checksum"],
			[session.agent.address.toLowerCase(), 'payTo is the agent itself'],
		] as const) {
			const { error } = await authorize([answerInV2(offerInV2(payTo))]);
			expect(error?.message).toContain(complaint);
		}
		expect(service.seen).toEqual([]);
	});

	it.each<[string, IDataObject, string]>([
		['another answer', { statusCode: 404, headers: {}, body: {} }, 'the seller answers 404'],
		['a paywall', { statusCode: 402, headers: { a: 'b' }, data: '<html>' }, 'not as x402 defines'],
		['no answer', { name: 'x' }, "doesn't say what a seller asks for"],
		[
			'another version',
			{ x402Version: 3, accepts: [] },
			"can't be read (x402Version, resource, accepts)",
		],
		['no offers', requiredInV2(), "can't be read (accepts)"],
		[
			'a header that is none',
			{ statusCode: 402, headers: { 'PAYMENT-REQUIRED': '%%%' }, body: requiredInV1() },
			'not as x402 defines',
		],
	])('rejects %s', async (_, answer, complaint) => {
		const { error } = await authorize([answer]);
		expect(error?.message).toMatch(/^Payment Required: /);
		expect(error?.message).toContain(complaint);
		expect(service.seen).toEqual([]);
	});

	it.each<[INodeParameters, string]>([
		[{ maximumAmount: '={{ "" }}' }, 'Maximum Amount (USDC): is empty.'],
		[{ maximumAmount: '0' }, 'Maximum Amount (USDC): is 0.'],
		[{ maximumAmount: '1e3' }, 'Maximum Amount (USDC): "1e3" has an exponent.'],
		[{ options: { validitySeconds: 5 } }, 'Validity (Seconds): "5" isn\'t a whole number'],
		[{ options: { url: 'api' } }, 'URL: "api" isn\'t a web address.'],
		[{ options: { onDecline: 'maybe' } }, 'On Decline: "maybe"'],
	])('rejects %j', async (parameters, complaint) => {
		const { error } = await authorize([answerInV2(offerInV2(seller()))], parameters);
		expect(error?.message).toContain(complaint);
		expect(service.seen).toEqual([]);
	});

	it('compares what is sold with the URL', async () => {
		const answer = answerInV2(offerInV2(seller()));
		const [item] = jsonOf(
			await authorize([answer], { options: { url: 'https://api.example.com/premium?page=2' } }),
		);
		expect(item).toMatchObject({ authorized: true });
		const { error } = await authorize([answer], {
			options: { url: 'https://api.example.com/other' },
		});
		expect(error?.message).toContain(
			'it sells "https://api.example.com/premium", and URL is "https://api.example.com/other"',
		);
	});

	it('shows nothing of a URL that can be a key', async () => {
		const { error } = await authorize([answerInV2(offerInV2(seller()))], {
			options: { url: 'https://me:hidden@api.example.com/other?key=hidden#hidden' },
		});
		expect(error?.message).toContain('and URL is "https://api.example.com/other"');
		expect(error?.message).not.toContain('hidden');
	});

	it('compares with the URL only what is sold on the web', async () => {
		const resource = 'javascript://api.example.com/premium';
		const { error } = await authorize([answerInV1(offerInV1(seller(), { resource }))], {
			options: { url: 'https://api.example.com/premium' },
		});
		expect(error?.message).toContain(`it sells "${resource}"`);
	});

	it('checks the fields that the payment has, and not those of a prototype', async () => {
		const offer = JSON.stringify(offerInV2(seller())).replace(
			/"extra":(\{.*?\})/,
			'"extra":{"__proto__":$1}',
		);
		const required = JSON.stringify(requiredInV2({ offer: 1 })).replace('{"offer":1}', offer);
		const headers = { 'payment-required': Buffer.from(required).toString('base64') };
		const { error } = await authorize([{ statusCode: 402, headers, body: {} }]);
		expect(error?.message).toContain('offer 1: extra.name is missing');
		expect(service.seen).toEqual([]);
	});

	it('says what Ampersend says of each offer if it allows none', async () => {
		service.emulator.updateAgent(session.agent, { spendConfig: { daily_limit: '5000' } });
		const answer = answerInV2(offerInV2(seller()), offerInV2(addressOfKey(newPrivateKey())));
		const { error } = await authorize([answer]);
		expect(error?.message).toMatch(
			/^Ampersend declined the payment: offer 1 \(0\.01 USDC to 0x.{4}….{4} on Base Sepolia\): /,
		);
		expect(error?.message).toContain(': Daily limit exceeded (daily_limit_exceeded); offer 2 ');
		const [item] = jsonOf(await authorize([answer], { options: { onDecline: 'continue' } }));
		expect(item).toMatchObject({
			authorized: false,
			reason: expect.stringContaining('Daily limit exceeded'),
			offers: [
				{ offer: 1, amountUsdc: '0.01', payTo: seller(), reasonCode: 'daily_limit_exceeded' },
				{ offer: 2, reasonCode: 'seller_not_authorized' },
			],
		});
		expect(countOf(EVENTS)).toBe(0);
	});

	it.each<[string, { status: number; body?: IDataObject }]>([
		['answers 500', { status: 500 }],
		['says so', { status: 200, body: { received: false } }],
	])('goes on with a hint where Ampersend does not take the report, and %s', async (_, fault) => {
		service.emulator.fault({ route: EVENTS, ...fault });
		const outcome = await authorize([answerInV2(offerInV2(seller()))]);
		expect(jsonOf(outcome)).toMatchObject([{ authorized: true }]);
		expect(outcome.hints.map(({ message }) => message).join()).toContain(
			"Ampersend doesn't know that it's on its way",
		);
	});

	it('gives a retry of the execution what it has authorized, until that expires', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const input = ['10000', '20000'].map((amount) => answerInV2(offerInV2(seller(), { amount })));
		const parameters = { options: { validitySeconds: 10 } };
		const isSecond = ({ body }: { body?: unknown }) => JSON.stringify(body).includes('20000');
		service.emulator.fault({ route: AUTHORIZE, status: 400, match: isSecond, times: 2 });
		const { run: retryOf, error } = await authorize(input, parameters);
		expect(error).toBeDefined();
		const again = await authorize(input, parameters, { retryOf });
		expect([again.error === undefined, countOf(AUTHORIZE)]).toEqual([false, 3]);
		// It has to have more than six seconds left.
		await setTimeout(4_500);
		const [first] = jsonOf(await authorize(input, parameters, { retryOf }));
		expect(countOf(AUTHORIZE)).toBe(5);
		expect(Date.parse(String(first?.validBefore))).toBeGreaterThan(Date.now() + 6_000);
	});

	it('authorizes once, however often n8n tries again', async () => {
		service.emulator.fault({ route: AUTHORIZE, status: 503, when: 'after' });
		const { error } = await authorize([answerInV2(offerInV2(seller()))], {}, { maxTries: 3 });
		expect(error?.description).toContain('Nothing was signed, so nothing can be paid.');
		expect(countOf(AUTHORIZE)).toBe(1);
	});

	it('needs the credential of an agent', async () => {
		const { error } = await service.run(
			{ resource: 'payment', operation: 'authorize', maximumAmount: '1' },
			{ input: [answerInV2(offerInV2(seller()))] },
		);
		expect(error?.message).toContain('Credential: ');
		expect(service.seen).toEqual([]);
	});

	it('makes each call of a tool a purchase of its own, also without an execution', async () => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const extensions = { 'payment-identifier': { info: {} } };
		const required = { ...requiredInV2(offerInV2(seller())), extensions };
		const call = async () => {
			const tool = openTool(
				{
					authentication: 'agentSession',
					resource: 'payment',
					operation: 'authorize',
					maximumAmount: '0.10',
					paymentRequired: "={{ $fromAI('required', '', 'json') }}",
				},
				{ credential: session.credential, hasExecution: false },
			);
			const [item] = JSON.parse(await tool({ required })) as IDataObject[];
			return decoded(item?.headerValue);
		};
		const [one, other] = [await call(), await call()];
		expect(one.payload.authorization.nonce).not.toBe(other.payload.authorization.nonce);
		expect(one.extensions).not.toEqual(other.extensions);
	});

	it('takes no maximum from a model', async () => {
		const { error } = await authorize(
			[answerInV2(offerInV2(seller()))],
			{ maximumAmount: "={{ $fromAI('maximum') }}" },
			{ isTool: true },
		);
		expect(error?.message).toContain('Maximum Amount (USDC): is an expression');
	});
});

describe('Payment: Report', () => {
	const paid = async () => {
		const [item = {}] = jsonOf(await authorize([answerInV2(offerInV2(seller()))]));
		return { paymentId: String(item.paymentId), headerValue: String(item.headerValue) };
	};
	const hash = `0x${'ab'.repeat(32)}`;
	const settlement = (fields: IDataObject) => ({
		'payment-response': encode({ network: chain, ...fields }),
	});

	it.each<[string, IDataObject, IDataObject, string]>([
		[
			'that was settled',
			{ statusCode: 200, headers: settlement({ success: true, transaction: hash }), body: {} },
			{
				received: true,
				outcome: 'accepted',
				settled: true,
				transactionHash: hash,
				explorerUrl: `https://sepolia.basescan.org/tx/${hash}`,
				errorReason: null,
				ampersendPaymentId: expect.any(String),
			},
			'settled',
		],
		[
			'that was delivered, and not settled yet',
			{ statusCode: 201, headers: {}, body: {} },
			{ outcome: 'accepted', settled: null, transactionHash: null, errorReason: null },
			'settled',
		],
		[
			'that the seller did not take',
			{ statusCode: 402, headers: {}, body: { error: 'insufficient_funds' } },
			{ outcome: 'rejected', settled: null, errorReason: 'insufficient_funds' },
			'rejected',
		],
		[
			'that was sent twice, and taken once',
			{ statusCode: 402, headers: {}, body: { error: 'invalid_exact_evm_nonce_already_used' } },
			{ outcome: 'error', settled: null },
			'reserved',
		],
		[
			'whose settlement went wrong',
			{
				statusCode: 402,
				headers: settlement({ success: false, transaction: '', errorReason: 'expired' }),
			},
			{ outcome: 'rejected', settled: false, errorReason: 'expired', transactionHash: null },
			'rejected',
		],
		[
			'with an answer that says nothing of it',
			{ statusCode: 500, headers: {}, data: 'Internal Server Error' },
			{ outcome: 'error', settled: null, errorReason: 'The seller answered 500' },
			'reserved',
		],
		[
			'without an answer',
			{ error: { message: 'timeout of 300000ms exceeded', code: 'ECONNABORTED' } },
			{ outcome: 'error', settled: null, errorReason: 'The seller gave no answer' },
			'reserved',
		],
		[
			'whose transaction the chain did not take',
			{
				statusCode: 402,
				headers: {},
				body: { error: 'invalid_exact_evm_transaction_simulation_failed' },
			},
			{ outcome: 'error' },
			'reserved',
		],
		[
			'with a reason that is empty',
			{ statusCode: 402, headers: settlement({ success: false, errorReason: '  ' }) },
			{ outcome: 'error', errorReason: 'The seller answered 402' },
			'reserved',
		],
		[
			'whose transaction is shown although it was not settled',
			{
				statusCode: 402,
				headers: settlement({ success: false, transaction: hash, errorReason: 'rejected' }),
			},
			{ outcome: 'error', settled: false, transactionHash: hash },
			'reserved',
		],
		[
			'whose nonce is used, in words that are not shown',
			{ statusCode: 402, headers: {}, body: { error: `nonce 0x${'cd'.repeat(32)} is used` } },
			{ outcome: 'error', errorReason: 'The seller answered 402' },
			'reserved',
		],
		[
			'whose nonce is used, at the end of many words',
			{ statusCode: 402, headers: {}, body: { error: `${'so '.repeat(100)} the nonce is used` } },
			{ outcome: 'error' },
			'reserved',
		],
		[
			'whose nonce is used, in the second of two reasons',
			{
				statusCode: 402,
				headers: settlement({ success: false, errorReason: 'rejected' }),
				body: { error: 'the nonce is used' },
			},
			{ outcome: 'error', settled: false, errorReason: 'rejected' },
			'reserved',
		],
		[
			'that threw an exception at the seller',
			{ statusCode: 402, headers: {}, body: { x402Version: 1, error: {}, accepts: [] } },
			{ outcome: 'error' },
			'reserved',
		],
		...[
			'unexpected_settle_error',
			'Payment settlement failed',
			'fetch failed',
			'The operation timed out',
			'Failed to settle payment: 504 Gateway Timeout',
		].map((error): [string, IDataObject, IDataObject, string] => [
			`whose settlement got lost: ${error}`,
			{ statusCode: 402, headers: {}, body: { error } },
			{ outcome: 'error', errorReason: error },
			'reserved',
		]),
		[
			'that was settled before the seller went down',
			{ statusCode: 502, headers: settlement({ success: true, transaction: hash }) },
			{ outcome: 'accepted', settled: true },
			'settled',
		],
	])('tells of a payment %s', async (_, response, expected, status) => {
		const outcome = await report([response], await paid());
		expect(jsonOf(outcome)).toMatchObject([expected]);
		expect(service.emulator.authorizations).toMatchObject([{ status }]);
		expect(outcome.hints).toHaveLength(expected.outcome === 'accepted' ? 0 : 1);
	});

	it('says what the user says', async () => {
		const response = { statusCode: 200, headers: {}, body: {} };
		const [item] = jsonOf(await report([response], { ...(await paid()), outcome: 'rejected' }));
		expect(item).toMatchObject({ outcome: 'rejected', errorReason: 'The seller answered 200' });
		expect(service.emulator.paymentReports).toMatchObject([{}, { type: 'rejected' }]);
	});

	it('of a seller that delivers and was not paid has its words', async () => {
		const headers = settlement({ success: false, errorReason: 'insufficient_funds' });
		const outcome = await report([{ statusCode: 200, headers }], await paid());
		expect(jsonOf(outcome)).toMatchObject([
			{ outcome: 'accepted', settled: false, errorReason: 'insufficient_funds' },
		]);
		expect(outcome.hints).toHaveLength(1);
	});

	it('without a status says what to set', async () => {
		const outcome = await report([{ answer: 42 }], await paid());
		expect(jsonOf(outcome)).toMatchObject([
			{ outcome: 'error', errorReason: "The seller's answer isn't known" },
		]);
		expect(outcome.hints.map(({ message }) => message).join()).toContain(
			'Include Response Headers and Status',
		);
	});

	it('rejects a payment of another agent, and says that an ID is of another payment', async () => {
		const payment = await paid();
		const { payload, ...rest } = decoded(payment.headerValue);
		const authorization = { ...payload.authorization, from: seller() };
		const headerValue = encode({ ...rest, payload: { ...payload, authorization } });
		const response = { statusCode: 200, headers: {} };
		const { error } = await report([response], { ...payment, headerValue });
		expect(error?.message).toBe('Header Value: is a payment of another agent.');
		const outcome = await report([response], { ...payment, paymentId: 'hello' });
		expect(outcome.hints.map(({ message }) => message).join()).toContain(
			"Payment ID isn't what Authorize returned with this Header Value.",
		);
	});

	it.each<[string, (signature: string) => string]>([
		['as it is', (signature) => signature],
		['without 0x', (signature) => signature.slice(2)],
		['in upper case', (signature) => signature.toUpperCase()],
		['with spaces', (signature) => [...signature].join(' ')],
		['cut', (signature) => signature.slice(3)],
		['as the part that the agent signs', (signature) => signature.slice(42, 172)],
		['with colons', (signature) => (signature.slice(42).match(/../g) ?? []).join(':')],
		['as numbers', (signature) => Buffer.from(signature.slice(42), 'hex').join()],
		['in Base64', (signature) => Buffer.from(signature.slice(2), 'hex').toString('base64')],
		[
			'in Base64 for URLs',
			(signature) => Buffer.from(signature.slice(42), 'hex').toString('base64url'),
		],
		['as a part of the header', (signature) => encode({ payload: { signature } }).slice(30, 190)],
		['in Base64 with spaces', (signature) => [...encode({ signature })].slice(20, 110).join(' ')],
	])('shows the payment nowhere if it is repeated %s', async (_, spell) => {
		service.emulator.updateAgent(session.agent, { paymentKey: 'fullAccess' });
		const payment = await paid();
		const text = spell(decoded(payment.headerValue).payload.signature);
		service.emulator.fault({ route: EVENTS, status: 400, body: { message: `bad ${text}` } });
		const response = { statusCode: 402, headers: {}, body: { error: `no: ${text}` } };
		const { error } = await report([response], payment);
		const outcome = await report([response], payment);
		const [item] = jsonOf(outcome);
		const shown = [error?.message, error?.description, JSON.stringify(item)].join();
		expect(shown).not.toContain(text.slice(0, 60));
		expect(item?.errorReason).toBe('The seller answered 402');
	});

	it.each([
		'X-PAYMENT header is required: the price is 10000 micro-USDC on Base Sepolia',
		'invalid_exact_evm_payload_authorization_valid_before',
		'EIP-3009 USDC transfer on eip155:84532 rejected, balance of the payer is too low',
	])('shows the words "%s"', async (words) => {
		const response = { statusCode: 402, headers: {}, body: { error: words } };
		const [item] = jsonOf(await report([response], await paid()));
		expect(item?.errorReason).toBe(words);
	});

	it('shows no header that is wrong', async () => {
		const payment = await paid();
		const response = { statusCode: 402, headers: {} };
		const headerValue = payment.headerValue.slice(0, -40);
		const { error: wrong } = await report([response], { ...payment, headerValue });
		expect(wrong?.message).toBe("Header Value: isn't the header of a payment.");
		expect(`${wrong?.description}`).not.toContain(headerValue.slice(0, 20));
	});
});
