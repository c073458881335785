import type { IHttpRequestHelper } from 'n8n-workflow';

import type { AgentConnection } from './agentConnection';
import { routes } from './routes';
import type { Client, Transmit } from './send';
import { send, transmitWith } from './send';

/** The curve takes long to load, and most workflows have no agent session. */
const signing = async () => await import('../domain/signIn');

/** A login is one of several calls that the caller waits for. */
const RETRY = { attempts: 2, budgetMs: 5_000 };

/**
 * Proves to Ampersend that we have the agent key, with a signature (EIP-4361). The key isn't sent.
 * @param transmit sends a request, here without a credential
 * @returns the token of the session
 * @throws CallError
 */
export async function logIn(connection: AgentConnection, transmit: Transmit): Promise<string> {
	const { agent, baseUrl, privateKey } = connection;
	const { addressOf, signInText, signText } = await signing();
	let serviceTime = NaN;
	const client: Client = {
		connection,
		retry: RETRY,
		async transmit(request, withCredential) {
			const answer = await transmit(request, withCredential);
			serviceTime = Date.parse(String(answer.headers.date));
			return answer;
		},
	};
	const { nonce, sessionId } = await send(client, routes.requestNonce, { path: {} });
	const message = signInText({
		origin: new URL(baseUrl).origin,
		address: addressOf(privateKey),
		nonce,
		// The service's own clock, because ours may be wrong.
		issuedAt: Number.isNaN(serviceTime) ? Date.now() : serviceTime,
	});
	const signature = signText(message, privateKey);
	const body = { message, signature, sessionId, agentAddress: agent };
	const { token } = await send(client, routes.logIn, { path: {}, body });
	return token;
}

const logins = new Map<string, Promise<string>>();

/**
 * The same, but those who log in at the same time with the same key share one login.
 */
export async function shareLogIn(
	connection: AgentConnection,
	helpers: IHttpRequestHelper['helpers'],
): Promise<string> {
	const { agent, baseUrl, privateKey } = connection;
	const { addressOf } = await signing();
	const id = [baseUrl, agent, addressOf(privateKey)].join(' ').toLowerCase();
	const running = logins.get(id) ?? logIn(connection, transmitWith(helpers));
	logins.set(id, running);
	try {
		return await running;
	} finally {
		logins.delete(id);
	}
}
