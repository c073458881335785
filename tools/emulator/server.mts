import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Approvals } from './approvals.mts';
import type { Authorizations } from './authorizations.mts';
import type { Call } from './calls.mts';
import { mountsOf, type Admission, type ContractLayer } from './contract.mts';
import { decodePath, type Query } from './decode.mts';
import type { HostedEndpoints } from './endpoints.mts';
import { holdsKey, withoutKeys, type Credentials, type Keyring } from './keyring.mts';
import type { Marketplace } from './marketplace.mts';
import { notDecodable, Problem, unauthorized } from './problems.mts';
import { routeName, routes, type Answer, type Route } from './routes.mts';
import type { FaultAction, Script } from './script.mts';
import type { ServiceKey } from './serviceKey.mts';
import type { Sessions } from './sessions.mts';
import type { Strangers } from './strangers.mts';
import type { Wire } from './wire.mts';
import type { World } from './world.mts';

export interface Parts {
	world: World;
	wire: Wire;
	keyring: Keyring;
	sessions: Sessions;
	endpoints: HostedEndpoints;
	marketplace: Marketplace;
	approvals: Approvals;
	authorizations: Authorizations;
	serviceKey: ServiceKey;
	script: Script;
	strangers: Strangers;
	contract: ContractLayer;
	calls: Call[];
	/**
	 * Keys in the wrong place, and errors of the emulator or of a test's own code in it.
	 */
	complaints: string[];
	latencyMs: number;
}

const rejections: Readonly<Record<Exclude<Credentials['outcome'], 'valid'>, string>> = {
	missing: 'Missing Authorization header',
	malformed: 'Malformed Authorization header',
	unknown: 'Invalid API key',
	revoked: 'This API key has been revoked',
	'other deployment': 'This API key is not valid for this deployment',
};

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

const textsOf = (value: unknown): Record<string, string> =>
	isObject(value)
		? Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
		: {};

function queryOf(value: unknown): Query {
	if (!isObject(value)) return {};
	return Object.fromEntries(
		Object.entries(value).map(([name, text]) => [
			name,
			Array.isArray(text) ? text.map(String) : String(text),
		]),
	);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function noteCall(
	parts: Parts,
	request: FastifyRequest,
	{ method, url }: Pick<Admission, 'method' | 'url'>,
): Call {
	const { authorization, ...others } = request.headers;
	const credentials = parts.keyring.check(authorization);
	const headers = textsOf(others);
	const places = [
		['path', url],
		...Object.entries(headers).map(([name, text]) => [`header ${name}`, text]),
	];
	for (const [place = '', text = ''] of places) {
		if (holdsKey(text))
			parts.complaints.push(`a key in the ${place} of ${method} ${withoutKeys(url)}`);
	}
	const call: Call = {
		method,
		path: withoutKeys(url),
		query: queryOf(parsed(withoutKeys(JSON.stringify(request.query ?? {})))),
		headers: textsOf(parsed(withoutKeys(JSON.stringify(headers)))),
		at: parts.world.clock(),
		route: null,
		mount: null,
		params: {},
		body: undefined,
		auth: credentials.outcome,
		keyLabel: credentials.keyLabel,
		status: null,
		outcome: 'pending',
		isBehindEnd: false,
	};
	parts.calls.push(call);
	return call;
}

/** Who calls, and the agent if it calls itself. @throws Problem */
function callerOf(
	{ keyring, sessions, world }: Parts,
	{ access = 'user' }: Route,
	{ headers: { authorization } }: FastifyRequest,
): { owner: string; self?: string } {
	if (access === 'anyone') return { owner: '' };
	if (access === 'agent') {
		const self = sessions.agentOf(authorization);
		return { owner: world.get(self).agent.owner, self };
	}
	const { outcome, owner } = keyring.check(authorization);
	if (outcome === 'valid' && owner !== null) return { owner };
	throw unauthorized(rejections[outcome === 'valid' ? 'unknown' : outcome]);
}

async function handle(parts: Parts, route: Route, request: FastifyRequest): Promise<Answer> {
	try {
		const { owner, self } = callerOf(parts, route, request);
		// An agent that asks for itself doesn't name itself in the path.
		const params = { ...(self !== undefined && { address: self }), ...textsOf(request.params) };
		decodePath(params);
		parts.authorizations.expire();
		return await parts.contract.answer(route, {
			world: parts.world,
			wire: parts.wire,
			sessions: parts.sessions,
			endpoints: parts.endpoints,
			marketplace: parts.marketplace,
			approvals: parts.approvals,
			authorizations: parts.authorizations,
			serviceKey: parts.serviceKey,
			host: request.host,
			owner,
			self,
			params,
			query: queryOf(request.query),
			body: bodyOf(request),
		});
	} catch (error) {
		if (error instanceof Problem) return { status: error.status, body: error.body };
		throw error;
	}
}

function bodyOf(request: FastifyRequest): unknown {
	if (typeof request.body !== 'string' || request.body === '') return undefined;
	const type = request.headers['content-type'] ?? '';
	if (!/^application\/json\b/i.test(type))
		throw new Problem(415, { message: `Unsupported content type "${type}"` });
	try {
		return JSON.parse(request.body);
	} catch (error) {
		throw notDecodable('body', [{ path: [], message: `Not JSON: ${String(error)}` }]);
	}
}

function send(
	reply: FastifyReply,
	status: number,
	text: string | undefined,
	headers: Record<string, string> = {},
): void {
	reply.code(status);
	if (text !== undefined) reply.type('application/json; charset=utf-8');
	reply.headers(headers);
	void reply.send(text);
}

function sendFault(
	reply: FastifyReply,
	{ status, body, headers }: Extract<FaultAction, { status: number }>,
): void {
	if (typeof body !== 'string')
		return send(reply, status, body === undefined ? undefined : JSON.stringify(body), headers);
	const type = body.trimStart().startsWith('<') ? 'text/html' : 'text/plain';
	send(reply, status, body, { 'content-type': `${type}; charset=utf-8`, ...headers });
}

function sendAnswer(reply: FastifyReply, answer: Answer, action: FaultAction | undefined): void {
	// A rejection is no answer of the route.
	const isMutated = action && 'mutate' in action && answer.status < 300;
	const body = isMutated ? action.mutate(structuredClone(answer.body)) : answer.body;
	const text = body === undefined ? undefined : JSON.stringify(body);
	const cut = action && 'malformedJson' in action;
	send(
		reply,
		answer.status,
		cut ? (text ?? '{}').slice(0, Math.ceil((text ?? '{}').length / 2)) : text,
	);
}

/**
 * Does what a fault does instead of an answer. Returns false if the handler's own answer still has
 * to be sent.
 */
function deliver(
	action: FaultAction | undefined,
	when: 'before' | 'after',
	call: Call,
	reply: FastifyReply,
): boolean {
	if (!action || !('status' in action || 'reset' in action || 'hang' in action)) return false;
	if ((action.when ?? 'before') !== when) return false;
	if ('status' in action) {
		sendFault(reply, action);
		return true;
	}
	call.outcome = 'reset' in action ? 'reset' : 'hanging';
	reply.hijack();
	if ('reset' in action) reply.raw.socket?.resetAndDestroy();
	return true;
}

/** How long an idle connection stays open: longer than any client keeps it. */
const KEEP_ALIVE_MS = 72_000;

/** Of the emulator that a request came to. */
interface Receiver {
	parts: Parts;
	/** Aborted when it closes. */
	closing: AbortSignal;
}

const receivers = new WeakMap<IncomingMessage, Receiver>();

function receiverOf({ raw }: Pick<FastifyRequest, 'raw'>): Receiver {
	const receiver = receivers.get(raw);
	if (!receiver) throw new Error('A request came past the server');
	return receiver;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
	if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Every route under every mount, for all emulators: making it takes longer than most tests. */
function buildRouter(): FastifyInstance {
	const callOf = new WeakMap<FastifyRequest, Call>();
	const admissions = new WeakMap<IncomingMessage, Admission>();

	const app = fastify({
		exposeHeadRoutes: false,
		rewriteUrl: (raw) => {
			const { method = '', url = '' } = raw;
			const { parts } = receiverOf({ raw: raw as IncomingMessage });
			const admission = parts.contract.admit(method, url);
			if (admission) admissions.set(raw as IncomingMessage, admission);
			if (!admission?.served) return url;
			raw.method = admission.served.method;
			return admission.served.url;
		},
		// A parameter that is far too long is a 400 of the route, not an unknown path.
		routerOptions: { maxParamLength: 4096 },
		frameworkErrors: (error, request, reply) => {
			const { parts } = receiverOf(request as unknown as FastifyRequest);
			parts.strangers.note(request.method, withoutKeys(request.url));
			send(reply as unknown as FastifyReply, 400, JSON.stringify({ message: error.message }));
		},
	});

	// `bodyOf` parses the body, so one that isn't JSON gets the vendor's 400.
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

	app.addHook('onRequest', async (request, reply) => {
		const { parts, closing } = receiverOf(request);
		const admission = admissions.get(request.raw);
		callOf.set(request, noteCall(parts, request, admission ?? request));
		if (!admission || admission.served) return;
		const { method, url, allow } = admission;
		const path = withoutKeys(url.split('?')[0] ?? '');
		parts.strangers.note(method, path, true);
		await pause(parts.latencyMs, closing);
		if (allow.length > 0) reply.header('allow', allow.join(', '));
		return reply.code(allow.length > 0 ? 405 : 404).send({ message: `No route ${method} ${path}` });
	});
	app.addHook('onSend', async (request, reply, payload) => {
		const { parts } = receiverOf(request);
		reply.header('date', new Date(parts.world.clock()).toUTCString());
		const call = callOf.get(request);
		if (call) {
			call.status = reply.statusCode;
			call.outcome = 'answered';
			const isEmpty = String(payload).startsWith('{"items":[]');
			call.isBehindEnd = isEmpty && Number(call.query.offset) > 0;
		}
		return payload;
	});

	app.setNotFoundHandler(async (request, reply) => {
		const { parts, closing } = receiverOf(request);
		const path = withoutKeys(request.url.split('?')[0] ?? '');
		parts.strangers.note(request.method, path);
		await pause(parts.latencyMs, closing);
		return reply.code(404).send({ message: `No route ${request.method} ${path}` });
	});
	app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
		const { statusCode = 500 } = error;
		if (statusCode >= 500)
			receiverOf(request).parts.complaints.push(
				`${request.method} ${withoutKeys(request.url)} broke: ${error.message}`,
			);
		return reply.code(statusCode).send({ message: error.message });
	});

	const serve = async (
		route: Route,
		mount: string,
		request: FastifyRequest,
		reply: FastifyReply,
	): Promise<FastifyReply> => {
		const { parts, closing } = receiverOf(request);
		const call = callOf.get(request);
		if (!call) throw new Error('A request came past the onRequest hook');
		// The router accepts an empty segment, as in `/agents/`, as a parameter.
		if (Object.values(textsOf(request.params)).includes('')) {
			reply.callNotFound();
			return reply;
		}
		call.route = routeName(route);
		call.mount = mount;
		call.params = textsOf(parsed(withoutKeys(JSON.stringify(request.params ?? {}))));
		if (typeof request.body === 'string' && request.body !== '')
			call.body = parsed(withoutKeys(request.body));

		const action = parts.script.takeFault(call) ?? parts.contract.insteadOf(route);
		await pause(parts.latencyMs + (action?.delayMs ?? 0), closing);
		if (closing.aborted) return reply.hijack();
		await parts.script.runHooks('before', call);
		if (deliver(action, 'before', call, reply)) return reply;
		const answer = await handle(parts, route, request);
		await parts.script.runHooks('after', call);
		if (!deliver(action, 'after', call, reply)) sendAnswer(reply, answer, action);
		return reply;
	};

	for (const route of routes) {
		for (const mount of mountsOf(route)) {
			app.route({
				method: route.method,
				url: mount + route.path.replace(/\{(\w+)\}/g, ':$1'),
				handler: (request, reply) => serve(route, mount, request, reply),
			});
		}
	}
	return app;
}

let router: FastifyInstance | undefined;

export interface Listener {
	port: number;
	close(): Promise<void>;
}

/** @param port any free one if it's 0 */
export async function listen(parts: Parts, port: number): Promise<Listener> {
	router ??= buildRouter();
	const { routing } = router;
	await router.ready();
	const closing = new AbortController();
	const server = createServer((request, response) => {
		receivers.set(request, { parts, closing: closing.signal });
		routing(request, response);
	});
	server.keepAliveTimeout = KEEP_ALIVE_MS;
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject).listen(port, '127.0.0.1', resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		async close() {
			closing.abort();
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
}
