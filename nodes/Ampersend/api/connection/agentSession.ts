import type { IHttpRequestHelper } from 'n8n-workflow';

import { timeToUse, writeSession } from '../../domain/session';
import { signInText, signText } from '../../domain/signIn';
import type { Client } from '../client';
import { transmitWith } from '../client';
import { CallError, withTexts } from '../errors';
import type { Transmit } from '../request';
import { routes } from '../routes';
import { send } from '../send';
import type { AgentConnection, AgentFields } from './agentConnection';
import { resolveAgentConnection } from './agentConnection';
import { hideKey } from './secrets';

/** A login is one of several calls that the caller waits for. */
const RETRY = { attempts: 2, budgetMs: 5_000 };

/**
 * Proves to Ampersend that we have the agent key, with a signature (EIP-4361). The key isn't sent.
 * @param transmit sends a request, here without a credential
 * @returns the session as n8n stores it
 * @throws CallError
 */
export async function logIn(connection: AgentConnection, transmit: Transmit): Promise<string> {
	const { agent, baseUrl, keyAddress, madeFor, privateKey } = connection;
	// The service's own clock, because ours may be wrong.
	let serviceTime = Date.now();
	const client: Client = {
		connection,
		retry: RETRY,
		async transmit(request, withCredential) {
			const answer = await transmit(request, withCredential);
			const time = Date.parse(String(answer.headers.date));
			serviceTime = Number.isNaN(time) ? Date.now() : time;
			return answer;
		},
	};
	const { nonce, sessionId } = await send(client, routes.requestNonce, { path: {} });
	const message = signInText({
		origin: new URL(baseUrl).origin,
		address: keyAddress,
		nonce,
		issuedAt: serviceTime,
	});
	const signature = signText(message, privateKey);
	const body = { message, signature, sessionId, agentAddress: agent };
	const { token, expiresAt } = await send(client, routes.logIn, { path: {}, body });
	const endsAt = Date.now() + timeToUse(Date.parse(expiresAt) - serviceTime);
	return writeSession({ token, endsAt, madeFor });
}

const logins = new Map<string, Promise<string>>();

/**
 * The same, but those who log in at the same time for the same sessions share one login.
 */
async function shareLogIn(
	connection: AgentConnection,
	helpers: IHttpRequestHelper['helpers'],
): Promise<string> {
	const { madeFor } = connection;
	const running = logins.get(madeFor) ?? logIn(connection, transmitWith(helpers));
	logins.set(madeFor, running);
	try {
		return await running;
	} finally {
		logins.delete(madeFor);
	}
}

/**
 * Begins a new session for a credential, whatever session it has.
 * @returns the session as n8n stores it
 * @throws CallError, CredentialError or ParameterError
 */
export async function beginSession(
	fields: AgentFields,
	helpers: IHttpRequestHelper['helpers'],
): Promise<string> {
	const before = await resolveAgentConnection(fields);
	// The service may give the same token again, which must not be hidden in its answer.
	const connection = await resolveAgentConnection({ ...fields, sessionToken: '' });
	return await shareLogIn(connection, helpers).catch((error: unknown) =>
		Promise.reject(error instanceof CallError ? withTexts(error, hideKey(before)) : error),
	);
}
