import type {
	ICredentialTestFunctions,
	IExecuteFunctions,
	IHttpRequestHelper,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IPollFunctions,
} from 'n8n-workflow';

import type { Authentication } from '../domain/authentication';
import { authentications, DEFAULT_AUTHENTICATION } from '../domain/authentication';
import type { Bases, MissingRead } from './connection/bases';
import { findBases, findRead } from './connection/bases';
import { connectWith } from './connection/connections';
import type { Connection } from './connection/deployments';
import { assertKeyBelongsTo, authorizationHeaders } from './connection/deployments';
import type { CallError } from './errors';
import type { Pace } from './lists/pace';
import type { HttpAnswer, Transmit } from './request';
import { requestFor, TIMEOUT_MS, withJson } from './request';
import type { RetryPolicy } from './retry';
import { defaultRetryPolicy } from './retry';
import { routes } from './routes';
import { runMemory } from './runMemory';

/** The n8n contexts that can call Ampersend with the node's credential. */
export type NodeContext = IExecuteFunctions | ILoadOptionsFunctions | IPollFunctions;

/** Sends requests without authentication, with what n8n gives a credential. */
export function transmitWith(helpers: IHttpRequestHelper['helpers']): Transmit {
	return async (request) => withJson(request, (await helpers.httpRequest(request)) as HttpAnswer);
}

/**
 * A context whose requests end with `signal`, too: n8n gives each of an execution the signal of the
 * execution in place of the request's own (n8n-core, authentication.js).
 */
function endingWith(signal: IHttpRequestOptions['abortSignal'], context: NodeContext): NodeContext {
	if (!('getExecutionCancelSignal' in context) || !(signal instanceof AbortSignal)) return context;
	const signals = [signal, context.getExecutionCancelSignal()].filter((each) => each !== undefined);
	const value = () => AbortSignal.any(signals);
	return Object.create(context, { getExecutionCancelSignal: { value } }) as NodeContext;
}

/** Access to one deployment with one key. */
export interface Client {
	readonly connection: Connection;
	/** The run of the node, the same for all of its items. */
	readonly run?: object;
	/** How reads share the service with others of the run; absent if nothing runs beside them. */
	readonly pace?: Pace;
	/** The same for all items of a run that only reads: they share what they look up. */
	readonly reads?: object;
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
	/** Asks at which other base URL a read is, once for a run and a route. */
	readonly findRead?: (read: MissingRead) => Promise<string | undefined>;
	/** Is called before a request that may change something is sent. */
	readonly beforeWrite?: () => void;
	/**
	 * What stopped an earlier try of the same work, in which a write may have been carried out. A
	 * request that would then do it twice isn't sent.
	 */
	readonly unclear?: CallError;
}

type Note = (message: string) => void;

/** Finds something once for a run and a key. */
function onceInRun<Found>() {
	const memoryOf = runMemory<Promise<Found>>();
	return async (run: object, key: string, find: () => Promise<Found>): Promise<Found> => {
		const ofRun = memoryOf(run);
		const finding = ofRun.get(key) ?? find();
		ofRun.set(key, finding);
		return await finding;
	};
}

const basesOnce = onceInRun<Bases>();
const readOnce = onceInRun<string | undefined>();

/** What a client of a run looks for once. */
function findersOf(run: object, connection: Connection, transmit: Transmit) {
	const { baseUrl } = connection;
	return {
		findBases: async () =>
			await basesOnce(run, baseUrl, async () => await findBases(connection, transmit)),
		findRead: async (read: MissingRead) =>
			await readOnce(run, `${baseUrl} ${read.route.path}`, async () =>
				findRead(connection, transmit, read),
			),
	};
}

/**
 * Opens a client with the node's credential.
 * @param itemIndex the item for which expressions in the credential are evaluated
 * @throws CredentialError if the key or the base URL must not be used
 */
export async function openClient(
	context: NodeContext,
	{
		authentication = DEFAULT_AUTHENTICATION,
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
	const { credential } = authentications[authentication];
	const readCredential = async () => await context.getCredentials(credential, itemIndex);
	const data = await readCredential();
	const credentialsDecrypted = { id: '', name: credential, type: credential, data };
	const transmitOpenly = transmitWith(context.helpers);
	const transmitAuthorized = async (request: IHttpRequestOptions) => {
		const answer = (await context.helpers.httpRequestWithAuthentication.call(
			endingWith(request.abortSignal, context),
			credential,
			{ ...request },
			{ credentialsDecrypted },
		)) as HttpAnswer;
		return withJson(request, answer);
	};
	const { connection, call } = await connectWith[authentication](data, readCredential);
	const isOneAgent = connection.agent !== undefined;
	return {
		connection,
		run: context,
		...(!isOneAgent && findersOf(context, connection, transmitAuthorized)),
		retry,
		deadline,
		note,
		cancelled:
			'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined,
		async transmit(request, withCredential) {
			if (!withCredential) return await transmitOpenly(request, withCredential);
			const self = connection.baseUrl + routes.getSelf.path;
			const read = async () => await transmitAuthorized(requestFor('GET', self, TIMEOUT_MS));
			const send = async () => await transmitAuthorized(request);
			return await call(send, request.method === 'GET' ? undefined : read);
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

/** A client whose calls are sent once. */
export function withoutRetry(client: Client): Client {
	return { ...client, retry: { ...client.retry, attempts: 1 } };
}

/** A client whose 404 is explained by the caller, and costs no further request. */
export function withoutFinding(client: Client): Client {
	return { ...client, findBases: undefined };
}
