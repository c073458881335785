import type { IDataObject } from 'n8n-workflow';

import { isAddress } from '../domain/address';
import { isSegment } from '../domain/identifier';
import { reportsError } from '../domain/json';
import { ParameterError } from '../domain/parameter';
import { rethrow } from '../domain/rethrow';
import { readAnswer, typeOf } from './answer';
import type { Client } from './client';
import { rejectAuthentication } from './connection/authorize';
import type { Bases } from './connection/bases';
import { saysNoPath } from './connection/bases';
import type { Connection, Secret } from './connection/deployments';
import { baseOf } from './connection/deployments';
import { secretsOf } from './connection/secrets';
import type { Call } from './errors';
import { errorForNoAnswer, isExplained } from './errors';
import { holdAfter, rejectHeld } from './holds';
import { repeat } from './repeat';
import type { HttpAnswer } from './request';
import { requestFor, TIMEOUT_MS } from './request';
import type { AnswerOf, Placeholders, Route } from './routes';
import { underSynonyms } from './synonyms';
import { withTimeout } from './timeLimit';

/**
 * The one place where values enter a path. User input is checked before, with the name of its
 * field. Here any letter case is accepted, because addresses also come from the service.
 */
function fillPath(path: string, parameters: Record<string, string>): string {
	return path.replace(/\{(\w+)\}/g, (_, name: string) => {
		const value = parameters[name] ?? '';
		const isAddressed = /address$/i.test(name);
		if (isAddressed ? isAddress(value) : isSegment(value)) return encodeURIComponent(value);
		const complaint = isAddressed ? 'is not an address.' : "can't be part of a path.";
		throw new ParameterError(name, complaint, 'Check its value.');
	});
}

/** @throws ParameterError if this authentication can't use the route */
function placeOf(
	route: Route,
	connection: Connection,
): { baseUrl: string; path: string; withCredential: boolean } {
	const { access = 'user', path, sessionPath } = route;
	const { authentication, agentBaseUrl } = connection;
	const baseUrl = baseOf(route, connection.baseUrl);
	const isOneAgent = connection.agent !== undefined;
	if (access === 'agent' && !isOneAgent) rejectAuthentication(authentication);
	if (access !== 'user') {
		return { baseUrl: agentBaseUrl, path, withCredential: access === 'agent' };
	}
	const ownPath = isOneAgent ? (sessionPath ?? rejectAuthentication(authentication)) : path;
	return { baseUrl, path: ownPath, withCredential: true };
}

/** Statuses of a path that isn't there, or not for this method. */
const NOT_THERE = [301, 302, 303, 307, 308, 404, 405, 501];

/** Statuses with which a gateway answers for a path that isn't there. */
const REJECTED = [401, 403, 410];

/**
 * The same, for a path that every account has. For one agent it's an ordinary answer, which costs
 * no further request.
 */
function isUnusual({ route }: Call, { statusCode, body }: HttpAnswer): boolean {
	if (route.path.includes('{')) return false;
	if (REJECTED.includes(statusCode) || body === null) return true;
	const isRejected = statusCode === 400 || statusCode === 422 || reportsError(body);
	return isRejected && statusCode < 500 && saysNoPath(body);
}

/** Whether an answer may mean that the base URL is wrong. */
function mayBeElsewhere(call: Call, answer: HttpAnswer): boolean {
	const { statusCode, headers, body } = answer;
	const { access = 'user', prefix } = call.route;
	if (access !== 'user' || prefix !== undefined) return false;
	if (NOT_THERE.includes(statusCode)) return !isExplained(statusCode, call, body);
	const isText = typeof body === 'string' && body !== '' && statusCode < 500;
	return (isText && !typeOf(headers).endsWith('json')) || isUnusual(call, answer);
}

/** Whether a read isn't there, at a base URL where other requests are answered. */
function isMissingRead({ route }: Call, { statusCode }: HttpAnswer, { own, better }: Bases) {
	const isRight = !better && (own.listsAgents === true || own.hasRoutesOfAgent === true);
	return isRight && route.method === 'GET' && [404, 405, 501].includes(statusCode);
}

export interface CallParameters<Path extends string> {
	/** Addresses, ids and names for the placeholders in the path. */
	path: Record<Placeholders<Path>, string>;
	query?: IDataObject;
	body?: IDataObject;
	/** The rest of the body: its values are secret, even if the answer repeats them. */
	secretBody?: IDataObject;
}

/** The connection, with more to hide. */
function hiding(connection: Connection, more: Secret[]): Connection {
	if (more.length === 0) return connection;
	return {
		...connection,
		// A session's token changes.
		get token() {
			return connection.token;
		},
		get secrets() {
			return [...connection.secrets, ...more];
		},
	};
}

/** @throws ParameterError for a path parameter that can't be in the path */
export function callOf<Path extends string>(
	{ connection }: Pick<Client, 'connection'>,
	route: Route<Path>,
	parameters: CallParameters<Path>,
): Call {
	const { address, id }: { address?: string; id?: string } = parameters.path;
	const path = fillPath(placeOf(route, connection).path, parameters.path);
	return { route, path, agent: address ?? connection.agent, id, connection };
}

/** A request's body under the names that its answer asks for, if it does. */
function renamedBody(
	{ synonyms = [] }: Route,
	body: IDataObject | undefined,
	answer: HttpAnswer,
): IDataObject | undefined {
	const isRejected = answer.statusCode === 400 || answer.statusCode === 422;
	return isRejected && body ? underSynonyms(body, synonyms, answer.body) : undefined;
}

/** Sends a request once. @throws CallError if there is no answer */
async function exchange<Path extends string>(
	client: Client,
	call: Call,
	{ query, body, secretBody }: CallParameters<Path>,
): Promise<HttpAnswer> {
	rejectHeld(client, call);
	const { deadline = Infinity } = client;
	const { method } = call.route;
	const timeout = Math.max(1, Math.min(TIMEOUT_MS, deadline - Date.now()));
	const { baseUrl, withCredential } = placeOf(call.route, call.connection);
	const request = requestFor(method, baseUrl + call.path, timeout, {
		query,
		...((body ?? secretBody) && { body: { ...body, ...secretBody } }),
		asText: call.route.plainAnswer !== undefined,
	});
	if (method !== 'GET') client.beforeWrite?.();
	const limit = new AbortController();
	const sent = client.transmit({ ...request, abortSignal: limit.signal }, withCredential);
	// `timeout` only limits the time without any byte: an answer that trickles in would never end.
	return await withTimeout(timeout, sent, () =>
		Object.assign(new Error('the whole answer took too long'), { code: 'ETIMEDOUT' }),
	).catch((error: unknown) => {
		limit.abort();
		return Promise.reject(errorForNoAnswer(call, error, timeout));
	});
}

async function attempt<Path extends string, R extends Route<Path>>(
	client: Client,
	route: R,
	parameters: CallParameters<Path>,
): Promise<AnswerOf<R>> {
	const { body, secretBody, ...open } = parameters;
	const secrets = secretsOf(secretBody, [client.connection.baseUrl, open, body]);
	const connection = hiding(client.connection, secrets);
	const call = callOf({ connection }, route, parameters);
	// The other methods say how something is to be, and a second entry is a conflict.
	if (client.unclear && route.method === 'POST' && !route.conflict) throw client.unclear;
	const answer = await exchange(client, call, parameters);
	const renamed = renamedBody(route, body, answer);
	if (renamed) return await attempt<Path, R>(client, route, { ...parameters, body: renamed });
	const bases = mayBeElsewhere(call, answer) ? await client.findBases?.() : undefined;
	const isMissing = bases && isMissingRead(call, answer, bases);
	const readAt = isMissing ? await client.findRead?.({ ...call, query: open.query }) : undefined;
	return readAnswer(client, { ...call, bases, readAt }, route, answer, secrets);
}

/**
 * The only way to the Ampersend API: operations, pickers, paging, trigger and credential test.
 * @returns the body, checked against the route's schema; unknown fields survive
 * @throws CallError, ParameterError (a path parameter that isn't an address) or CredentialError
 */
export async function send<Path extends string, R extends Route<Path>>(
	client: Client,
	route: R & { path: Path },
	parameters: CallParameters<Path>,
): Promise<AnswerOf<R>> {
	return await repeat(
		client,
		async (once) =>
			await attempt<Path, R>(once, route, parameters).catch((error: unknown) =>
				rethrow(holdAfter(once, callOf(once, route, parameters), error)),
			),
	);
}
