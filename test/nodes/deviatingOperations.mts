/** Operations of the node, run by hostile services. */
import type { INodeParameters } from 'n8n-workflow';

import type { Emulator } from '../../tools/emulator/index.mts';
import { credentialOf } from './agentSession.mts';
import {
	BUYER,
	ENDPOINT,
	KEY,
	LISTING,
	NEW_KEY,
	NEW_SELLER,
	PLAIN,
	PRIVATE_KEY,
	SELLER,
	TOKEN,
	type Ending,
	type Result,
	type Subject,
} from './deviations.mts';
import { runNode, type Outcome } from './n8nCore.mts';
import { answerInV2, encode, offerInV2 } from './seller.mts';

export const locator = (value: string, mode = 'address') => ({ __rl: true, mode, value });
const ofBuyer = { agent: locator(BUYER) };
const ofPlain = { agent: locator(PLAIN) };
const history = { agentScope: 'one', ...ofBuyer, returnAll: true };
const updateAllowlist = (mode: string, seller: string) => ({ ...ofBuyer, mode, sellers: seller });

const approval = { agentKeyAddress: NEW_KEY };
const ofListing = { listing: locator(LISTING, 'id') };
const ofToken = { token: TOKEN };

/** What each operation of an API key is run with. */
export const runs: Record<string, INodeParameters[]> = {
	'agent create': [
		{ name: 'new', agentKeyAddress: NEW_KEY },
		{
			name: 'buyer',
			agentKeyAddress: NEW_KEY,
			ifAgentExists: 'return',
		},
	],
	'agent get': [ofBuyer],
	'agent getApproval': [ofToken],
	'agent getMany': [{ returnAll: true }, { returnAll: true, filters: { balanceBelow: '100' } }],
	'agent requestApproval': [{ ...approval, name: 'new', additionalFields: { dailyLimit: '5' } }],
	'agent update': [{ ...ofBuyer, name: 'renamed' }],
	'agentKey add': [
		{ ...ofBuyer, agentKeyAddress: NEW_KEY, additionalFields: { keyName: 'third' } },
	],
	'agentKey getApproval': [ofToken],
	'agentKey getMany': [{ ...ofBuyer, returnAll: true }],
	'agentKey requestApproval': [
		{ ...approval, ...ofBuyer },
		{ ...approval, ownerChooses: true },
	],
	'agentKey revoke': [{ ...ofBuyer, agentKey: locator(KEY) }],
	'allowlist get': [ofBuyer, ofPlain],
	'allowlist update': [
		updateAllowlist('add', NEW_SELLER),
		updateAllowlist('remove', SELLER),
		updateAllowlist('replace', NEW_SELLER),
	],
	'autoCollect get': [ofBuyer, ofPlain],
	'autoCollect update': [
		{ ...ofBuyer, updateFields: { threshold: '9' } },
		{
			...ofPlain,
			updateFields: { enabled: true, threshold: '9', targetAddress: SELLER, minimumRemaining: '1' },
		},
	],
	'marketplace get': [ofListing],
	'marketplace search': [{}],
	'paymentEvent export': [{ ...history }],
	'paymentEvent getMany': [history],
	'spendingLimit get': [ofBuyer, ofPlain],
	'spendingLimit getMany': [{ ...history, agentScope: 'all' }],
	'spendingLimit update': [
		{ ...ofBuyer, updateFields: { dailyLimit: '9' } },
		{
			...ofPlain,
			updateFields: {
				dailyLimit: '9',
				monthlyLimit: '90',
				perTransactionLimit: '1',
				autoTopUp: false,
			},
		},
	],
	'transaction export': [history],
	'transaction getMany': [history, { ...history, returnAll: false, limit: 5 }],
	'transaction reconcile': [history],
	'transaction summarize': [history],
};

const ofEndpoint = { hostedEndpoint: locator(ENDPOINT, 'id') };
const api = { name: 'Maps', price: '0.25', proxyUrl: 'https://api.example.com/maps' };
const documentOfApi = {
	openapi: '3.1.0',
	servers: [{ url: 'https://api.example.com' }],
	paths: { '/cities': { get: { summary: 'Cities' } }, '/rain': { get: { summary: 'Rain' } } },
};
const inSession = { authentication: 'agentSession' };
const ofOwnHistory = { returnAll: true };

/** The header of a payment. */
const paid = encode({
	x402Version: 1,
	scheme: 'exact',
	network: 'base-sepolia',
	payload: {
		signature: `0x${'ab'.repeat(85)}`,
		authorization: {
			from: BUYER,
			to: SELLER,
			value: '10000',
			validAfter: '1790000000',
			validBefore: '1790000600',
			nonce: `0x${'cd'.repeat(32)}`,
		},
	},
});

/** What each operation of an agent's session is run with. */
export const sessionRuns: Record<string, INodeParameters[]> = {
	'agent get': [{}],
	'agent getApproval': [ofToken],
	'agent requestApproval': [{ ...approval, name: 'new' }],
	'agentKey getApproval': [ofToken],
	'agentKey requestApproval': [approval],
	'allowlist get': [{}],
	'autoCollect get': [{}],
	'fundingLink get': [{ amount: '5' }],
	'hostedEndpoint addProxyHeader': [{ ...ofEndpoint, headerName: 'X-New', headerValue: 'a value' }],
	'hostedEndpoint addRequiredHeader': [{ ...ofEndpoint, headerName: 'X-New' }],
	'hostedEndpoint create': [api],
	'hostedEndpoint createMany': [{ document: JSON.stringify(documentOfApi), price: '0.25' }],
	'hostedEndpoint delete': [ofEndpoint],
	'hostedEndpoint disable': [ofEndpoint],
	'hostedEndpoint enable': [ofEndpoint],
	'hostedEndpoint get': [ofEndpoint],
	'hostedEndpoint getMany': [{}],
	'hostedEndpoint removeProxyHeader': [{ ...ofEndpoint, headerName: 'X-Api-Key' }],
	'hostedEndpoint removeRequiredHeader': [{ ...ofEndpoint, headerName: 'X-City' }],
	'hostedEndpoint rotateSecret': [ofEndpoint],
	'hostedEndpoint test': [ofEndpoint],
	'hostedEndpoint update': [{ ...ofEndpoint, updateFields: { name: 'Rain' } }],
	'marketplace get': [ofListing],
	'marketplace search': [{}],
	'owner get': [{}],
	'payment authorize': [
		{
			paymentRequired: JSON.stringify(answerInV2(offerInV2(SELLER))),
			maximumAmount: '1',
			options: { onDecline: 'continue' },
		},
	],
	'payment report': [
		{ paymentId: 'a-payment', headerValue: paid, response: JSON.stringify({ statusCode: 200 }) },
	],
	'paymentEvent export': [ofOwnHistory],
	'paymentEvent getMany': [ofOwnHistory],
	'spendingLimit get': [{}],
	'spendingLimit getMany': [{}],
	'transaction export': [ofOwnHistory],
	'transaction getMany': [ofOwnHistory],
	'transaction reconcile': [ofOwnHistory],
	'transaction summarize': [ofOwnHistory],
};

const contentOf = ({ items }: Outcome) =>
	items.map(({ json, binary }) => ({
		json,
		file: Object.values(binary ?? {}).map(({ data }) => Buffer.from(data, 'base64').toString()),
	}));

const resultOf = (outcome: Outcome, secrets: string[]): Result => ({
	items: contentOf(outcome),
	error: outcome.error,
	isNoted: outcome.hints.length > 0,
	kept: outcome.run,
	secrets,
});

async function runWithKey(parameters: INodeParameters, service: Emulator): Promise<Result> {
	const { apiKey, baseUrl } = service;
	const outcome = await runNode(parameters, { credential: { apiKey, baseUrl } });
	return resultOf(outcome, [apiKey.slice(8)]);
}

/** The credential of the buyer's session. */
export async function sessionOf(service: Emulator, ending?: Ending) {
	const credential = credentialOf(service, service.agent(BUYER), PRIVATE_KEY);
	if (!ending) return credential;
	await runNode({ ...inSession, resource: 'agent', operation: 'get' }, { credential });
	service.expireSessions();
	service.clearCalls();
	service.before('POST /agents/auth/login', () =>
		service.after(ending.after, () => service.expireSessions()),
	);
	return credential;
}

export const secretsOf = (service: Emulator) => [PRIVATE_KEY.slice(2), ...service.sessionTokens()];

async function runInSession(
	parameters: INodeParameters,
	service: Emulator,
	ending?: Ending,
): Promise<Result> {
	const credential = await sessionOf(service, ending);
	const outcome = await runNode({ ...inSession, ...parameters }, { credential });
	return resultOf(outcome, secretsOf(service));
}

type Run = (parameters: INodeParameters, ...rest: Parameters<Subject['run']>) => Promise<Result>;

const subjectsOf = (all: Record<string, INodeParameters[]>, run: Run): Subject[] =>
	Object.entries(all).flatMap(([name, each]) => {
		const [resource = '', operation = ''] = name.split(' ');
		return each.map((parameters, i): Subject => {
			const whole = { resource, operation, simplify: false, ...parameters };
			return { name: `${name} ${i + 1}`, run: async (...rest) => await run(whole, ...rest) };
		});
	});

export const operations = subjectsOf(runs, runWithKey);
export const sessionOperations = subjectsOf(sessionRuns, runInSession);
