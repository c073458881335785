import type {
	ICredentialTestFunctions,
	IDataObject,
	IExecuteFunctions,
	IHttpRequestHelper,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IPollFunctions,
} from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { isAddress, sameAddress } from '../domain/address';
import type { Authentication } from '../domain/authentication';
import { isSegment } from '../domain/identifier';
import { dropPrototypes } from '../domain/json';
import { ParameterError } from '../domain/parameter';
import { inKnownForm } from '../schemas/forms';
import { misfitsIn } from '../schemas/misfits';
import { inSession, resolveAgentConnection } from './agentConnection';
import { rejectAuthentication } from './authorize';
import type { Bases } from './bases';
import { findBases } from './bases';
import type { Connection, Secret } from './deployments';
import { assertKeyBelongsTo, authorizationHeaders, resolveConnection, rootOf } from './deployments';
import type { Call } from './errors';
import {
	CallError,
	errorFor,
	errorForNoAnswer,
	errorForNotJson,
	errorForStatus,
	isExplained,
	firstOf,
} from './errors';
import type { HttpAnswer, Transmit } from './request';
import { requestFor, TIMEOUT_MS } from './request';
import type { RetryPolicy } from './retry';
import { defaultRetryPolicy, nextWait, parseRetryAfter } from './retry';
import type { AnswerOf, Placeholders, Route } from './routes';
import { hideInUnknown, hideKeyIn, secretsOf } from './secrets';
import { underSynonyms } from './synonyms';
import { within } from './timeLimit';

/** The n8n contexts that can call Ampersend with the node's credential. */
export type NodeContext = IExecuteFunctions | ILoadOptionsFunctions | IPollFunctions;

/** The credentials, by what they authorize. */
const CREDENTIALS: Record<Authentication, string> = {
	apiKey: 'ampersendApi',
	agentSession: 'ampersendAgentApi',
};

/** Sends requests with what n8n gives a credential, which can't say who calls. */
export function transmitWith(helpers: IHttpRequestHelper['helpers']): Transmit {
	return async (request) => (await helpers.httpRequest(request)) as HttpAnswer;
}

/** Access to one deployment with one key. */
export interface Client {
	readonly connection: Connection;
	readonly retry: RetryPolicy;
	readonly transmit: Transmit;
	/** Ends waits between attempts when the execution is cancelled. */
	readonly cancelled?: AbortSignal;
	/** Epoch ms at which a call ends without an answer, and after which none is repeated. */
	readonly deadline?: number;
	/** Gets what a user should know of an answer that could be read. */
	readonly note?: Note;
	/** Asks what answers at which base URL, once for a run. */
	readonly findBases?: () => Promise<Bases>;
	/** Is called before a request that may change something is sent. */
	readonly beforeWrite?: () => void;
	/**
	 * What stopped an earlier try of the same work, in which a write may have been carried out. A
	 * request that would then do it twice isn't sent.
	 */
	readonly unclear?: CallError;
}

type Note = (message: string) => void;

/** What answers where, by the run that asked and the base URL in its credential. */
const found = new WeakMap<object, Map<string, Promise<Bases>>>();

async function findBasesOnce(
	run: object,
	connection: Connection,
	transmit: Transmit,
): Promise<Bases> {
	const ofRun = found.get(run) ?? new Map<string, Promise<Bases>>();
	found.set(run, ofRun);
	const { baseUrl } = connection;
	const bases = ofRun.get(baseUrl) ?? findBases(connection, transmit);
	ofRun.set(baseUrl, bases);
	return await bases;
}

/**
 * Opens a client with the node's credential.
 * @param itemIndex the item for which expressions in the credential are evaluated
 * @throws CredentialError if the key or the base URL must not be used
 */
export async function openClient(
	context: NodeContext,
	{
		authentication = 'apiKey',
		itemIndex = 0,
		retry = defaultRetryPolicy,
		deadline,
		note,
	}: {
		authentication?: Authentication;
		itemIndex?: number;
		retry?: RetryPolicy;
		deadline?: number;
		note?: Note;
	} = {},
): Promise<Client> {
	const credential = CREDENTIALS[authentication];
	const data = await context.getCredentials(credential, itemIndex);
	const credentialsDecrypted = { id: '', name: credential, type: credential, data };
	const transmitOpenly = transmitWith(context.helpers);
	const transmitAuthorized = async (request: IHttpRequestOptions) =>
		(await context.helpers.httpRequestWithAuthentication.call(
			context,
			credential,
			{ ...request },
			{ credentialsDecrypted },
		)) as HttpAnswer;
	const session =
		authentication === 'agentSession' ? await resolveAgentConnection(data) : undefined;
	const connection = session ?? resolveConnection(data);
	return {
		connection,
		...(!session && {
			findBases: async () => await findBasesOnce(context, connection, transmitAuthorized),
		}),
		retry,
		deadline,
		note,
		cancelled:
			'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined,
		async transmit(request, withCredential) {
			if (!withCredential) return await transmitOpenly(request, withCredential);
			if (!session) return await transmitAuthorized(request);
			return await inSession(data, session, async () => await transmitAuthorized(request));
		},
	};
}

/**
 * Opens a client for a credential test. n8n gives a test only its older request helper, which
 * neither adds the key nor calls `authenticate`, so this client does both.
 */
export function openTestClient(
	helpers: ICredentialTestFunctions['helpers'],
	connection: Connection,
): Client {
	return {
		connection,
		retry: { attempts: 1, budgetMs: TIMEOUT_MS },
		async transmit({ url, method, qs, body, headers, timeout }, withCredential) {
			assertKeyBelongsTo(connection, url);
			return (await helpers.request({
				uri: url,
				method,
				qs,
				body,
				headers: { ...headers, ...(withCredential && authorizationHeaders(connection)) },
				timeout,
				json: true,
				simple: false,
				resolveWithFullResponse: true,
				followRedirect: false,
			})) as HttpAnswer;
		},
	};
}

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
	const { access = 'user', path, prefix, sessionPath } = route;
	const { authentication, agentBaseUrl } = connection;
	const baseUrl = prefix ? rootOf(connection.baseUrl) + prefix : connection.baseUrl;
	const isSession = authentication === 'agentSession';
	if (access === 'agent' && !isSession) rejectAuthentication(authentication);
	if (access !== 'user') {
		return { baseUrl: agentBaseUrl, path, withCredential: access === 'agent' };
	}
	const ownPath = isSession ? (sessionPath ?? rejectAuthentication(authentication)) : path;
	return { baseUrl, path: ownPath, withCredential: true };
}

/** The value at a path in JSON; undefined if there is none. */
function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
	return path.reduce<unknown>(
		(parent, key) =>
			typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined,
		json,
	);
}

/** Where a body doesn't match its schema: a field that is missing or has another format. */
function placesOf(error: z.core.$ZodError, body: unknown): string[] {
	return error.issues.map(({ code, message, path }) => {
		const place = path.length > 0 ? path.map(String).join('.') : 'the whole body';
		if (code === 'custom') return `${place} ${message}`;
		const isMissing = valueAt(body, path) === undefined;
		return `${place} ${isMissing ? 'is missing' : 'has an unexpected format'}`;
	});
}

/**
 * An answer for one agent must not name another: its data is shown under the agent's name, and
 * merged into what is written to the agent.
 * @throws CallError if it names another one
 */
function rejectOtherAgent(call: Call, status: number, body: unknown): void {
	const { agent, route } = call;
	const { agentAt = [], rowsAt } = route;
	if (agent === undefined) return;
	const rows = rowsAt ? valueAt(body, rowsAt) : [body];
	for (const [index, row] of (rows as object[]).entries()) {
		for (const field of agentAt) {
			const other: unknown = Reflect.get(row, field);
			if (typeof other !== 'string' || sameAddress(other, agent) || !isAddress(other)) continue;
			const place = [...(rowsAt ? [...rowsAt, index] : []), field].join('.');
			throw errorFor('otherAgent', { place, other }, call, { status });
		}
	}
}

/** Says which fields couldn't be read, where nothing rests on them. */
function noteMisfits({ note }: Client, { does }: Route, body: unknown, data: unknown): void {
	if (!note) return;
	for (const { field, isMissing } of misfitsIn(body, data)) {
		note(
			`Ampersend was asked to ${does}, and ${field} ` +
				`${isMissing ? 'is missing in its answer' : "isn't as expected in its answer"}. ` +
				'It counts as empty. A newer version of n8n-nodes-ampersend may know more.',
		);
	}
}

/** Whether a route's answer can be empty. An empty text can be a proxy's, so no read has it. */
function mayBeEmpty({ method, answer }: Route, status: number, body: unknown): boolean {
	if (!answer) return status === 204 || body === '';
	const isDoubtful = method === 'GET' && status !== 204 && body === '';
	return !isDoubtful && z.safeParse(answer, undefined).success;
}

function readAnswer<R extends Route>(
	client: Client,
	call: Call,
	route: R,
	{ statusCode, headers, body }: HttpAnswer,
	secrets: Secret[],
): AnswerOf<R> {
	dropPrototypes(body);
	hideKeyIn(body, client.connection);
	const contentType = typeOf(headers);
	if (statusCode < 200 || statusCode >= 300) {
		const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
		const allow = typeof headers.allow === 'string' ? headers.allow : undefined;
		throw errorForStatus(call, statusCode, body, { contentType, retryAfterMs, allow });
	}
	if (statusCode === 204 || body === '' || body === null) {
		if (mayBeEmpty(route, statusCode, body)) return undefined as AnswerOf<R>;
	}
	if (typeof body !== 'object' || body === null) {
		throw errorForNotJson(call, statusCode, body, contentType);
	}
	if (!route.answer) return undefined as AnswerOf<R>;
	const known = inKnownForm(route.answer, body);
	const parsed = z.safeParse(route.answer, known);
	if (!parsed.success) {
		const places = firstOf(placesOf(parsed.error, known));
		throw errorFor('drift', { places }, call, { status: statusCode });
	}
	rejectOtherAgent(call, statusCode, known);
	noteMisfits(client, route, known, parsed.data);
	hideInUnknown(route.answer, parsed.data, secrets);
	return parsed.data as AnswerOf<R>;
}

/** Statuses of a path that isn't there, or not for this method. */
const NOT_THERE = [301, 302, 303, 307, 308, 404, 405, 501];

/** Whether an answer may mean that the base URL is wrong. */
function mayBeElsewhere(call: Call, { statusCode, headers, body }: HttpAnswer): boolean {
	const { access = 'user', prefix } = call.route;
	if (access !== 'user' || prefix !== undefined) return false;
	if (NOT_THERE.includes(statusCode)) return !isExplained(statusCode, call, body);
	const isText = typeof body === 'string' && body !== '' && statusCode < 500;
	return isText && !typeOf(headers).endsWith('json');
}

function typeOf(headers: IDataObject): string {
	return String(headers['content-type'] ?? '').split(';')[0] ?? '';
}

export interface CallParameters<Path extends string> {
	/** Addresses, ids and names for the placeholders in the path. */
	path: Record<Placeholders<Path>, string>;
	query?: IDataObject;
	body?: IDataObject;
	/** The rest of the body, whose values nobody must see, not even if the answer repeats them. */
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
	const { address: agent = connection.agent }: { address?: string } = parameters.path;
	const { path } = placeOf(route, connection);
	return { route, path: fillPath(path, parameters.path), agent, connection };
}

async function attempt<Path extends string, R extends Route<Path>>(
	client: Client,
	route: R,
	parameters: CallParameters<Path>,
): Promise<AnswerOf<R>> {
	const { deadline = Infinity } = client;
	const { body, secretBody, ...open } = parameters;
	const secrets = secretsOf(secretBody, [client.connection.baseUrl, open, body]);
	const connection = hiding(client.connection, secrets);
	const timeout = Math.max(1, Math.min(TIMEOUT_MS, deadline - Date.now()));
	const { baseUrl, withCredential } = placeOf(route, connection);
	const call = callOf({ connection }, route, parameters);
	// The other methods say how something is to be, and a second entry is a conflict.
	if (client.unclear && route.method === 'POST' && !route.conflict) throw client.unclear;
	const request = requestFor(route.method, baseUrl + call.path, timeout, {
		query: parameters.query,
		...((body ?? secretBody) && { body: { ...body, ...secretBody } }),
	});
	if (route.method !== 'GET') client.beforeWrite?.();
	// `timeout` only limits the time without any byte: an answer that trickles in would never end.
	const answer = await within(timeout, client.transmit(request, withCredential), () =>
		Object.assign(new Error('the whole answer took too long'), { code: 'ETIMEDOUT' }),
	).catch((error: unknown) => Promise.reject(errorForNoAnswer(call, error, timeout)));
	const renamed =
		answer.statusCode === 400 && body
			? underSynonyms(body, route.synonyms ?? [], answer.body)
			: undefined;
	if (renamed) return await attempt<Path, R>(client, route, { ...parameters, body: renamed });
	const bases = mayBeElsewhere(call, answer) ? await client.findBases?.() : undefined;
	return readAnswer(client, { ...call, bases }, route, answer, secrets);
}

/** Waits, or returns at once when the execution is cancelled: the next attempt reports it. */
export async function pause(ms: number, cancelled: AbortSignal | undefined): Promise<void> {
	if (ms <= 0) return;
	if (cancelled === undefined) return await sleep(ms);
	let stop = () => {};
	const cancellation = new Promise<void>((resolve) => {
		stop = resolve;
		if (cancelled.aborted) resolve();
		cancelled.addEventListener('abort', stop);
	});
	await Promise.race([sleep(ms), cancellation]);
	cancelled.removeEventListener('abort', stop);
}

/**
 * How long to wait before a failed request is sent again, in ms; undefined if it must not be.
 * @param number of the failed attempt, from 1
 * @param startedAt when the first attempt began, epoch ms
 */
export function waitAfter(
	error: unknown,
	client: Client,
	number: number,
	startedAt: number,
): number | undefined {
	if (!(error instanceof CallError)) return undefined;
	const { failure } = error;
	const attempt = {
		number,
		repeatable: error.repeatable && !client.cancelled?.aborted,
		elapsedMs: Date.now() - startedAt,
		retryAfterMs: failure && 'retryAfterMs' in failure ? failure.retryAfterMs : undefined,
	};
	const wait = nextWait(attempt, client.retry, Math.random());
	const { deadline = Infinity } = client;
	return wait === undefined || Date.now() + wait >= deadline ? undefined : wait;
}

/** A client whose calls are sent once. */
export function withoutRetry(client: Client): Client {
	return { ...client, retry: { ...client.retry, attempts: 1 } };
}

/** A client whose 404 is explained by the caller, and costs no further request. */
export function withoutFinding(client: Client): Client {
	return { ...client, findBases: undefined };
}

/**
 * Does work that consists of several calls, and starts it again from the beginning if the call that
 * failed can be repeated: a read after a lost connection, 429 or 5xx, a write only after 429. So
 * each attempt writes only what it has read itself.
 * @param work gets a client that doesn't repeat by itself
 */
export async function repeat<Result>(
	client: Client,
	work: (once: Client) => Promise<Result>,
): Promise<Result> {
	const once = withoutRetry(client);
	const startedAt = Date.now();
	for (let number = 1; ; number++) {
		try {
			return await work(once);
		} catch (error) {
			const wait = waitAfter(error, client, number, startedAt);
			if (wait === undefined) return await Promise.reject(error);
			await pause(wait, client.cancelled);
		}
	}
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
	return await repeat(client, async (once) => await attempt<Path, R>(once, route, parameters));
}
