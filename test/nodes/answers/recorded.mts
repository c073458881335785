import { randomBytes, randomUUID } from 'node:crypto';

import type { IHttpRequestOptions } from 'n8n-workflow';

import type { AgentConnection } from '../../../nodes/Ampersend/api/connection/agentConnection';
import { resolveAgentConnection } from '../../../nodes/Ampersend/api/connection/agentConnection';
import { logIn } from '../../../nodes/Ampersend/api/connection/agentSession';
import {
	authorizationHeaders,
	resolveConnection,
	type Connection,
} from '../../../nodes/Ampersend/api/connection/deployments';
import type { HttpAnswer } from '../../../nodes/Ampersend/api/request';
import { routes, type Route } from '../../../nodes/Ampersend/api/routes';
import { type Client } from '../../../nodes/Ampersend/api/client';
import { callOf, send, type CallParameters } from '../../../nodes/Ampersend/api/send';
import { randomAddress, type Agent, type Emulator } from '../../../tools/emulator/index.mts';
import { addressOfKey, credentialOf, newPrivateKey } from '../agentSession.mts';

/** Their answer is nothing, or what is made of it is checked: `randomPayments.test.mts`. */
const others = ['revokeAgentKey', 'deleteHostedEndpoint', 'authorizePayment'] as const;

type WithAnswer = {
	[Name in keyof typeof routes]: (typeof routes)[Name] extends { answer: unknown } ? Name : never;
}[keyof typeof routes];

/** The routes whose answers are read. */
export type RouteName = Exclude<WithAnswer, (typeof others)[number]>;

export const routeNames = Object.entries(routes)
	.filter(([name, route]) => 'answer' in route && !others.some((one) => one === name))
	.map(([name]) => name as RouteName);

export type Parameters = CallParameters<string>;

/** An answer of the emulator, and the call that got it. */
export interface Recorded {
	name: RouteName;
	connection: Connection;
	parameters: Parameters;
	/** Whom the call is about. */
	agent: string | undefined;
	/** JSON. */
	text: string;
}

async function request(
	connection: Connection,
	{ url, method, qs, body, headers }: IHttpRequestOptions,
	withCredential: boolean,
): Promise<HttpAnswer & { text: string }> {
	const query = new URLSearchParams(qs as Record<string, string>).toString();
	const response = await fetch(query ? `${url}?${query}` : url, {
		method,
		headers: {
			...(headers as Record<string, string>),
			'content-type': 'application/json',
			...(withCredential && authorizationHeaders(connection)),
		},
		...(body && { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	return {
		statusCode: response.status,
		headers: Object.fromEntries(response.headers),
		body: text === '' ? '' : JSON.parse(text),
		text,
	};
}

const retry = { attempts: 1, budgetMs: 0 };

/** Calls the emulator as the nodes do, and keeps what it answers. */
class Recorder {
	readonly all: Recorded[] = [];

	async ask(
		connection: Connection,
		name: RouteName,
		parameters: Partial<Parameters> = {},
	): Promise<unknown> {
		const route: Route = routes[name];
		const whole: Parameters = { path: {}, ...parameters };
		const client: Client = {
			connection,
			retry,
			transmit: async (...sent) => {
				const { text, ...answer } = await request(connection, ...sent);
				const { agent } = callOf({ connection }, route, whole);
				this.all.push({ name, connection, parameters: whole, agent, text });
				return answer;
			},
		};
		return await send(client, route, whole);
	}

	/** Begins a session, which has two answers. @returns the session as n8n stores it */
	async logIn(connection: AgentConnection): Promise<string> {
		const { agent } = connection;
		return await logIn(connection, async (sent) => {
			const { text, ...answer } = await request(connection, sent, false);
			const name = sent.method === 'GET' ? 'requestNonce' : 'logIn';
			this.all.push({ name, connection, parameters: { path: {} }, agent, text });
			return answer;
		});
	}
}

const limits = { daily_limit: '5000000', monthly_limit: null, per_transaction_limit: '0' };

async function recordUser(recorder: Recorder, emulator: Emulator, agent: Agent): Promise<void> {
	const connection = resolveConnection(emulator);
	const path = { address: agent.address };
	const ask = async (name: RouteName, parameters: Partial<Parameters> = {}) =>
		await recorder.ask(connection, name, { path, ...parameters });
	const seller = randomAddress();
	const key = { agent_key_address: randomAddress(), key_name: 'laptop' };
	const spend_config = { auto_topup_allowed: false, ...limits };
	const created = { name: 'New', agent_key_address: randomAddress(), spend_config };
	await ask('createAgent', { path: {}, body: { ...created, authorized_sellers: [seller] } });
	await ask('listAgents', { path: {} });
	await ask('getAgent');
	await ask('updateAgent', { body: { name: 'Renamed' } });
	await ask('addAgentKey', { body: key });
	await ask('listAgentKeys');
	await ask('replaceAllowlist', { body: { authorized_sellers: [seller, randomAddress()] } });
	await ask('setSpendingLimit', { body: spend_config });
	const collect = { threshold: '7000000', minimum_remaining: '0', target_address: seller };
	await ask('setAutoCollect', { body: { enabled: true, ...collect } });
	for (const style of ['user', 'session'] as const) {
		emulator.wire.payments = style;
		await ask('listPayments');
	}
	const { token } = (await ask('requestApproval', {
		path: {},
		body: { name: 'Asked', session_key_address: randomAddress() },
	})) as { token: string };
	await ask('getApproval', { path: { token } });
	emulator.decide(token, 'resolved');
	await ask('getApproval', { path: { token } });
	const { id } = emulator.addListing({
		tags: ['data', 'weather'],
		url: 'https://seller.example.com/',
		ampersend_agent_address: seller,
		endpoints: [{ id: '1', url: 'https://seller.example.com/a', network: null, methods: ['GET'] }],
		skills: [{ name: 'forecast' }],
	});
	emulator.addListing();
	await ask('listListings', { path: {} });
	await ask('getListing', { path: { id } });
}

async function recordReads(recorder: Recorder, connection: Connection, path: { address: string }) {
	const names = ['getAllowlist', 'getSpendingLimit', 'getAutoCollect', 'listActivity'] as const;
	for (const name of [...names, 'listPayments'] as const) {
		await recorder.ask(connection, name, { path });
	}
}

async function recordReport(recorder: Recorder, connection: Connection): Promise<void> {
	const address = connection.agent ?? '';
	const hex = (bytes: number) => `0x${randomBytes(bytes).toString('hex')}`;
	const authorization = {
		from: address,
		to: randomAddress(),
		value: '10000',
		validAfter: '1790000000',
		validBefore: '1790000600',
		nonce: hex(32),
	};
	const payload = { signature: hex(85), authorization };
	const data = { x402Version: 1, scheme: 'exact', network: 'base-sepolia', payload };
	await recorder.ask(connection, 'reportPayment', {
		path: { address },
		body: { id: randomUUID(), event: { type: 'sending' } },
		secretBody: { payment: { protocol: 'x402-v1', data } },
	});
}

async function recordSession(recorder: Recorder, connection: Connection): Promise<void> {
	const path = { address: connection.agent ?? '' };
	await recordReport(recorder, connection);
	for (const name of ['getSelf', 'getOwner', 'getFundingLink', 'searchMarketplace'] as const) {
		await recorder.ask(connection, name);
	}
	const header = { name: 'X-Api-Key', value: randomBytes(12).toString('hex') };
	const endpoint = {
		agent_address: path.address,
		name: 'Weather',
		price_usd: 0.01,
		proxy_url: 'https://api.example.com/a',
	};
	const { id } = (await recorder.ask(connection, 'createHostedEndpoint', {
		path,
		body: { ...endpoint, instructions: { markdown: 'Ask.' }, description: 'It rains.' },
		secretBody: { proxy_headers: { [header.name]: header.value } },
	})) as { id: string };
	const endpoints = ['Tides', 'Winds'].map((name) => ({ ...endpoint, name }));
	await recorder.ask(connection, 'createHostedEndpoints', { path, body: { endpoints } });
	await recorder.ask(connection, 'listHostedEndpoints', { path });
	const one = { ...path, id };
	await recorder.ask(connection, 'getHostedEndpoint', { path: one });
	await recorder.ask(connection, 'updateHostedEndpoint', { path: one, body: { enabled: false } });
	await recorder.ask(connection, 'testHostedEndpoint', { path: one, body: {} });
	await recorder.ask(connection, 'rotateSigningSecret', { path: one, body: {} });
	const { name, value } = header;
	const secret = { path: one, body: { name }, secretBody: { value } };
	await recorder.ask(connection, 'addProxyHeader', secret);
	await recorder.ask(connection, 'removeProxyHeader', { path: { ...one, name } });
	await recorder.ask(connection, 'addRequiredHeader', { path: one, body: { name, value: '' } });
	await recorder.ask(connection, 'removeRequiredHeader', { path: { ...one, name } });
}

/** Answers of every route that has one: those of an API key, and those of an agent's session. */
export async function recordAnswers(emulator: Emulator): Promise<Recorded[]> {
	const recorder = new Recorder();
	const privateKey = newPrivateKey();
	const agent = emulator.addAgent({
		name: 'buyer',
		keys: [addressOfKey(privateKey)],
		balanceMicro: 12_500_000n,
	});
	for (const status of ['settled', 'denied'] as const) emulator.pay({ agent, status });
	emulator.pay({ agent, type: 'earn', amountMicro: 2_000_000n });
	await recordUser(recorder, emulator, agent);
	const fields = credentialOf(emulator, agent, privateKey);
	const sessionToken = await recorder.logIn(await resolveAgentConnection(fields));
	const connection = await resolveAgentConnection({ ...fields, sessionToken });
	await recordSession(recorder, connection);
	const path = { address: agent.address };
	for (const one of [resolveConnection(emulator), connection]) {
		await recordReads(recorder, one, path);
	}
	return recorder.all;
}
