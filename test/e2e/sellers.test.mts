/** The sellers that the other tests buy from, paid with headers that are made by hand. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AbiCoder, concat, TypedDataEncoder, Wallet } from 'ethers';
import { randomAddress } from '../../tools/emulator/index.mts';
import { installSellers } from '../../tools/sellers/install.mts';
import {
	PRICE_MICRO,
	startSellers,
	type Behaviour,
	type Sellers,
} from '../../tools/sellers/sellers.mts';

const agentKey = new Wallet(Wallet.createRandom().privateKey);
const serviceKey = new Wallet(Wallet.createRandom().privateKey);
const agent = randomAddress();
let sellers: Sellers;

beforeAll(async () => {
	await installSellers((line) => process.stderr.write(`${line}\n`));
	sellers = await startSellers({
		serviceKeyAddress: serviceKey.address,
		agents: [{ address: agent, keys: [agentKey.address] }],
	});
});

afterAll(async () => await sellers?.close());

type Version = 1 | 2;
type KeyKind = 'coSigned' | 'fullAccess';

interface Offer {
	scheme: string;
	network: string;
	maxAmountRequired?: string;
	amount?: string;
	resource?: string;
	payTo: string;
	asset: string;
	maxTimeoutSeconds: number;
	extra: { name: string; version: string };
}

interface Terms {
	error?: string;
	resource?: { url: string };
	accepts: Offer[];
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const fromBase64 = (text: string | null): unknown =>
	JSON.parse(Buffer.from(text ?? '', 'base64').toString());

const urlOf = (version: Version, behaviour: Behaviour): string =>
	`${version === 1 ? sellers.v1 : sellers.v2}/${behaviour}`;

async function termsIn(response: Response, version: Version): Promise<Terms> {
	expect(response.status).toBe(402);
	if (version === 1) return (await response.json()) as Terms;
	return fromBase64(response.headers.get('payment-required')) as Terms;
}

const transferFor = (offer: Offer) => {
	const now = Math.floor(Date.now() / 1000);
	return {
		from: agent,
		to: offer.payTo,
		value: offer.maxAmountRequired ?? offer.amount ?? '',
		validAfter: String(now - 600),
		validBefore: String(now + offer.maxTimeoutSeconds),
		nonce: `0x${randomBytes(32).toString('hex')}`,
	};
};

const fields = 'address from,address to,uint256 value,uint256 validAfter,uint256 validBefore';
const types = {
	TransferWithAuthorization: `${fields},bytes32 nonce`.split(',').map((field) => {
		const [type = '', name = ''] = field.split(' ');
		return { type, name };
	}),
};

type Signers = Partial<Record<'agent' | 'service', Wallet>>;

/** The header that pays an offer. */
function headerFor(
	version: Version,
	{ resource }: Terms,
	offer: Offer,
	kind: KeyKind,
	changes: Partial<ReturnType<typeof transferFor>> = {},
	{ agent: first = agentKey, service: second = serviceKey }: Signers = {},
): Record<string, string> {
	const authorization = { ...transferFor(offer), ...changes };
	const domain = { ...offer.extra, chainId: 84532, verifyingContract: offer.asset };
	const digest = TypedDataEncoder.hash(domain, types, authorization);
	const [one, two] = [first, second].map((key) => key.signingKey.sign(digest).serialized);
	const both = AbiCoder.defaultAbiCoder().encode(['bytes', 'bytes'], [one, two]);
	const signature =
		kind === 'coSigned'
			? concat(['0x375992f0Eff108D87eAcD355B610bE2263B49bF8', both])
			: concat(['0x000000000013fdB5234E4E3162a810F54d9f7E98', one ?? '']);
	const payload = { signature, authorization };
	const { scheme, network } = offer;
	return version === 1
		? { 'X-PAYMENT': base64({ x402Version: 1, scheme, network, payload }) }
		: { 'PAYMENT-SIGNATURE': base64({ x402Version: 2, payload, resource, accepted: offer }) };
}

/** The terms of a behaviour, and a header for them. */
async function offered(version: Version, behaviour: Behaviour) {
	const url = urlOf(version, behaviour);
	const terms = await termsIn(await fetch(url), version);
	const [offer] = terms.accepts;
	if (!offer) throw new Error('The seller offers nothing');
	const header = (...args: [KeyKind, Partial<ReturnType<typeof transferFor>>?, Signers?]) =>
		headerFor(version, terms, offer, ...args);
	return { url, terms, offer, header };
}

/** How many transfers something settled. */
async function settledBy(action: () => Promise<unknown>): Promise<number> {
	const before = (await sellers.ledger()).length;
	await action();
	return (await sellers.ledger()).length - before;
}

const versions: Version[] = [1, 2];
const combinations = versions.flatMap((version) =>
	(['coSigned', 'fullAccess'] as const).map((kind) => ({ version, kind })),
);

describe('a seller', () => {
	test.each(combinations)('of version $version is paid once, $kind', async ({ version, kind }) => {
		const { url, terms, offer, header } = await offered(version, 'normal');
		expect(terms.resource?.url ?? offer.resource).toBe(url);
		expect(offer).toMatchObject({ scheme: 'exact', payTo: sellers.payTo });
		const headers = { ...header(kind), 'content-type': 'application/json' };
		const paid = await fetch(url, { method: 'POST', headers, body: '{"city":"Berlin"}' });
		expect(paid.status).toBe(200);
		expect(await paid.json()).toMatchObject({ method: 'POST', body: '{"city":"Berlin"}' });
		const [last] = (await sellers.ledger()).slice(-1);
		expect(last).toMatchObject({
			from: agent,
			to: sellers.payTo,
			value: String(PRICE_MICRO),
			x402Version: version,
			keyKind: kind,
		});
		const settlement = version === 1 ? 'x-payment-response' : 'payment-response';
		expect(fromBase64(paid.headers.get(settlement))).toMatchObject({
			success: true,
			transaction: last?.transaction,
		});
		expect(await settledBy(async () => await fetch(url, { method: 'POST', headers }))).toBe(0);
	});

	test.each(versions)('of version %d is free where it says so', async (version) => {
		const response = await fetch(urlOf(version, 'free'));
		expect([response.status, await response.json()]).toMatchObject([200, { sold: '/free' }]);
	});
});

describe.each(versions)('version %d is not paid with', (version) => {
	const stranger = new Wallet(Wallet.createRandom().privateKey);

	test.each<[string, KeyKind, Partial<ReturnType<typeof transferFor>>, Signers]>([
		['a key of nobody', 'fullAccess', {}, { agent: stranger }],
		['a service of nobody', 'coSigned', {}, { service: stranger }],
		['both keys in the other order', 'coSigned', {}, { agent: serviceKey, service: agentKey }],
		['an agent of nobody', 'fullAccess', { from: randomAddress() }, {}],
		['another payee', 'fullAccess', { to: randomAddress() }, {}],
		['too little', 'fullAccess', { value: String(PRICE_MICRO - 1n) }, {}],
		['what has ended', 'fullAccess', { validBefore: '1790000000' }, {}],
		['what has not begun', 'fullAccess', { validAfter: '4000000000' }, {}],
	])('%s', async (_, kind, changes, signers) => {
		const { url, header } = await offered(version, 'normal');
		const count = await settledBy(async () => {
			await termsIn(await fetch(url, { headers: header(kind, changes, signers) }), version);
		});
		expect(count).toBe(0);
	});
});

describe.each(versions)('a bad seller of version %d', (version) => {
	test.each<[Behaviour, number, number]>([
		['fails', 500, 1],
		['asksAgain', 402, 1],
		['breaks', 500, 0],
		['raises', 402, 0],
		['redirects', 307, 0],
	])('%s: it answers %d, and %d payments are settled', async (behaviour, status, settled) => {
		const { url, header } = await offered(version, behaviour);
		let answer: Response | undefined;
		const count = await settledBy(async () => {
			answer = await fetch(url, { headers: header('coSigned'), redirect: 'manual' });
		});
		expect([answer?.status, count]).toEqual([status, settled]);
	});

	test('raises its price', async () => {
		const { url, offer, header } = await offered(version, 'raises');
		const again = await termsIn(await fetch(url, { headers: header('coSigned') }), version);
		const prices = [offer, ...again.accepts].map((one) => one.maxAmountRequired ?? one.amount);
		expect(prices).toEqual([String(PRICE_MICRO), String(2n * PRICE_MICRO)]);
	});

	test('redirects to a host that sees the header', async () => {
		const { url, header } = await offered(version, 'redirects');
		const headers = header('fullAccess');
		await fetch(url, { headers });
		const [name = '', value] = Object.entries(headers)[0] ?? [];
		expect((await sellers.strays()).at(-1)?.headers[name.toLowerCase()]).toBe(value);
	});

	test('never answers, and has the money', async () => {
		const { url, header } = await offered(version, 'hangs');
		const count = await settledBy(async () => {
			const signal = AbortSignal.timeout(3_000);
			await expect(fetch(url, { headers: header('coSigned'), signal })).rejects.toThrow();
		});
		expect(count).toBe(1);
	});
});
