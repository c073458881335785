import type { Failure, INode, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { ParameterError } from '../domain/parameter';
import type { Connection } from './deployments';
import { CredentialError } from './deployments';
import type { Route } from './routes';
import { hideKey } from './secrets';

/** One call, as its error messages need it. */
export interface Call {
	route: Route;
	/** The route's path with its parameters filled in. */
	path: string;
	/** The agent in the path, where there is one. */
	agent?: string;
	connection: Connection;
}

interface CallErrorFacts {
	message: string;
	/** What the user can do next. */
	description: string;
	/** HTTP status, where an answer came. */
	status?: number;
	/** For n8n's scheduler: why, and how long to wait. */
	failure?: Failure;
	/** Whether sending the same request again can neither repeat nor hide anything. */
	repeatable: boolean;
	/** The execution was cancelled: n8n must learn it from the message. */
	cancelled?: boolean;
	/** Already free of keys and request details. */
	cause?: Error;
}

/** A call that did not give a usable answer. Message and description are fit to be shown. */
export class CallError extends Error {
	override readonly name = 'CallError';
	readonly description: string;
	readonly status?: number;
	readonly failure?: Failure;
	readonly repeatable: boolean;
	readonly cancelled: boolean;

	constructor({ message, cause, ...facts }: CallErrorFacts) {
		super(message, cause && { cause });
		this.description = facts.description;
		this.status = facts.status;
		this.failure = facts.failure;
		this.repeatable = facts.repeatable;
		this.cancelled = facts.cancelled ?? false;
	}
}

const SHOWN_CHARACTERS = 200;
const SHOWN_ISSUES = 3;

/** Of a longer text only so much is looked at. */
const READ_CHARACTERS = 2_000;

/** Takes anything that looks like a key out of text that came from elsewhere. */
export function redact(text: string): string {
	return text.replace(/sk_(live|test)_[^\s"'<>&]*/g, 'sk_$1_…');
}

/** Text from elsewhere, as it may be shown. The connection's key goes first: no cut splits it. */
function oneLine(text: string, { connection }: Call): string {
	const start = hideKey(connection)(text).slice(0, READ_CHARACTERS);
	const line = redact(start.replace(/\s+/g, ' ').trim());
	return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error of a call. Whatever its texts were made of, the connection's key is in none. */
function callError(call: Call, facts: CallErrorFacts): CallError {
	const hide = hideKey(call.connection);
	return new CallError({
		...facts,
		message: hide(facts.message),
		description: hide(facts.description),
	});
}

function isRead({ route }: Call): boolean {
	return route.method === 'GET';
}

function nameOf({ route, path }: Call): string {
	return `${route.method} ${path}`;
}

/**
 * What the service itself said: its `issues[]`, its `message` (SDK), or another usual field of one
 * text; never the body.
 */
function wordsOf(call: Call, body: unknown): string | undefined {
	if (!isRecord(body)) return undefined;
	if (Array.isArray(body.issues)) {
		const issues = body.issues
			.filter(isRecord)
			.map(({ path, message }) => {
				const steps: unknown[] = Array.isArray(path) ? path : [];
				const field = steps.filter((step) => ['string', 'number'].includes(typeof step)).join('.');
				const text = typeof message === 'string' ? message : '';
				return oneLine(field && text ? `${field}: ${text}` : field || text, call);
			})
			.filter((issue) => issue !== '');
		if (issues.length > 0) {
			const more = issues.length - SHOWN_ISSUES;
			return issues.slice(0, SHOWN_ISSUES).join('; ') + (more > 0 ? `; and ${more} more` : '');
		}
	}
	const { message, error, detail } = body;
	const texts = [message, isRecord(error) ? error.message : error, detail];
	const text = texts.find((one) => typeof one === 'string' && one.trim() !== '');
	return typeof text === 'string' ? oneLine(text, call) : undefined;
}

/** Says, for a write without a clear answer, that it may have happened and how to look. */
function withDoubt(call: Call, advice: string): string {
	if (isRead(call)) return advice;
	return `The change may have been made all the same, so it was not sent again. ${call.route.check ?? ''} ${advice}`;
}

const prefixAdvice = ({ connection }: Call) =>
	`The Base URL in use is ${connection.baseUrl}. If Ampersend gave you another path prefix, set it in the credential, e.g. ${connection.deployment.origin}/api/v1/sdk.`;

function notFound(call: Call, words: string | undefined): CallErrorFacts {
	const facts = {
		message: `Ampersend has nothing at ${nameOf(call)}${words ? `: ${words}` : '.'}`,
		status: 404,
		failure: { cause: 'configuration-invalid' },
		repeatable: false,
	} as const;
	if (!call.route.path.includes('{')) return { ...facts, description: prefixAdvice(call) };
	return {
		...facts,
		description:
			call.route.evidence === 'documented'
				? `Check the address: this API key may not know it. ${prefixAdvice(call)}`
				: `Either the address is unknown to this API key, or the service does not offer this route: it is an assumption of this node, since no public page documents it. Check the address first. ${prefixAdvice(call)}`,
	};
}

function seconds(ms: number): string {
	return `${Math.ceil(ms / 1000)} s`;
}

/**
 * The error for an answer that is not 2xx.
 * @param retryAfterMs the service's `Retry-After`, in ms
 */
export function errorForStatus(
	call: Call,
	status: number,
	body: unknown,
	retryAfterMs: number | undefined,
): CallError {
	const words = wordsOf(call, body);
	const said = words ? `: ${words}` : '.';
	const { deployment } = call.connection;

	if (status >= 300 && status < 400) {
		return callError(call, {
			message: `Ampersend answered ${nameOf(call)} with a redirect (HTTP ${status}), which is not followed so that the key stays with its host.`,
			description: withDoubt(call, prefixAdvice(call)),
			status,
			failure: { cause: 'configuration-invalid' },
			repeatable: false,
		});
	}
	if (status === 401) {
		return callError(call, {
			message: `Ampersend does not accept the API key (HTTP 401)${said}`,
			description: `It was probably revoked. Make a new key at ${deployment.dashboard}, under API Keys in the user menu, and put it into the credential.`,
			status,
			failure: { cause: 'credential-invalid' },
			repeatable: false,
		});
	}
	if (status === 403) {
		return callError(call, {
			message: `The API key may not use ${nameOf(call)} (HTTP 403)${said}`,
			description:
				'The agent belongs to another account, or the key has no right to do this. Choose one of your own agents, or use a key of the account that owns it.',
			status,
			failure: { cause: 'configuration-invalid' },
			repeatable: false,
		});
	}
	if (status === 404) return callError(call, notFound(call, words));
	if (status === 429) {
		return callError(call, {
			message: `Ampersend is receiving too many requests (HTTP 429)${
				retryAfterMs === undefined ? '.' : ` and asks to wait ${seconds(retryAfterMs)}.`
			}`,
			description: `${isRead(call) ? '' : 'The change was not made. '}Run it again later, or process fewer items at once.`,
			status,
			failure: { cause: 'rate-limited', ...(retryAfterMs !== undefined && { retryAfterMs }) },
			// A request that was turned away for its rate has not been carried out.
			repeatable: true,
		});
	}
	if (status >= 500 || status === 408) {
		return callError(call, {
			message: `Ampersend could not process ${nameOf(call)} (HTTP ${status})${said}`,
			description: withDoubt(call, 'If it stays so, ask Ampersend support.'),
			status,
			failure: {
				cause: 'temporarily-unavailable',
				...(retryAfterMs !== undefined && { retryAfterMs }),
			},
			repeatable: isRead(call),
		});
	}
	return callError(call, {
		message: `Ampersend did not accept ${nameOf(call)} (HTTP ${status})${said}`,
		description:
			status === 409
				? 'What you add or change is there already, or was changed by someone else. Read the current state first.'
				: 'Correct the value that is named, or every parameter of this operation if none is.',
		status,
		failure: { cause: 'configuration-invalid' },
		repeatable: false,
	});
}

/** The error for a 2xx answer whose body is no JSON: a login page, a proxy, a wrong host. */
export function errorForNotJson(
	call: Call,
	status: number,
	body: unknown,
	contentType: string,
): CallError {
	let found = oneLine(contentType, call) || 'text';
	if (body === '' || body === undefined) found = 'an empty body';
	else if (contentType.endsWith('json')) found = 'a body that is no JSON object or list';
	return callError(call, {
		message: `${new URL(call.connection.baseUrl).origin} answered ${nameOf(call)} with ${found} where the Ampersend API answers JSON.`,
		description: withDoubt(call, prefixAdvice(call)),
		status,
		failure: { cause: 'configuration-invalid' },
		repeatable: false,
	});
}

/**
 * The error for JSON that is not shaped as the routes table expects: the vendor's contract has
 * moved.
 */
export function errorForDrift(call: Call, status: number, places: string[]): CallError {
	const shown = places.slice(0, SHOWN_ISSUES).join('; ');
	return callError(call, {
		message: `Ampersend's answer to ${nameOf(call)} has changed its form: ${shown}${places.length > SHOWN_ISSUES ? `; and ${places.length - SHOWN_ISSUES} more` : ''}.`,
		description: `${isRead(call) ? '' : `The change itself was accepted. ${call.route.check ?? ''} `}Update n8n-nodes-ampersend; if this is the newest version, report it with this message.`,
		status,
		failure: { cause: 'node-defect' },
		repeatable: false,
	});
}

/**
 * The error for an answer that is another agent's than the one that was asked for.
 * @param place the field that names it
 */
export function errorForOtherAgent(
	call: Call,
	status: number,
	place: string,
	other: string,
): CallError {
	return callError(call, {
		message: `Ampersend's answer to ${nameOf(call)} belongs to another agent: ${place} is ${other}.`,
		description: `${isRead(call) ? 'Nothing of it was used.' : `The change itself was accepted, and nobody can say for which agent. ${call.route.check ?? ''}`} Report it to Ampersend support with this message.`,
		status,
		failure: { cause: 'node-defect' },
		repeatable: false,
	});
}

/**
 * The error for a list that cannot be read whole, because its pages are not what is assumed of
 * them.
 * @param isPassing whether it may be read whole a little later
 */
export function errorForPaging(observation: string, isPassing = false): CallError {
	const advice = isPassing ? 'Run it again later; if that does not help, update' : 'Update';
	return new CallError({
		message: `Ampersend ${observation}, so the list cannot be read whole.`,
		description: `How the service divides a list into pages is an assumption of this node, since no public page documents it. ${advice} n8n-nodes-ampersend; if this is the newest version, report it with this message.`,
		failure: { cause: isPassing ? 'temporarily-unavailable' : 'node-defect' },
		repeatable: false,
	});
}

/** Codes that say that no request has left: whatever it asked for has not happened. */
const NEVER_SENT = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
]);
/**
 * Codes of a secure connection that was not set up: of certificates (Node, OpenSSL) and of the
 * handshake.
 */
const NOT_SECURE =
	/^(EPROTO|ERR_SSL_\w+|ERR_TLS_\w+|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;
const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT']);

function chainOf(error: unknown): Error[] {
	const chain: Error[] = [];
	for (let next = error; next instanceof Error && chain.length < 10; next = next.cause) {
		chain.push(next);
	}
	return chain;
}

function codeOf(error: Error): string | undefined {
	return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * The error for a call that ended without an answer.
 * @param error as n8n's helper threw it; it may hold the request with the key, so only its text and
 * code go on into `cause`
 */
export function errorForNoAnswer(
	call: Call,
	error: unknown,
	timeoutMs: number,
): CallError | CredentialError {
	const chain = chainOf(error);
	// By name: credential and node are bundled apart, so the class is not the same one.
	const refusal = chain.find(({ name }) => name === 'CredentialError');
	if (refusal) {
		const hide = hideKey(call.connection);
		return new CredentialError(
			hide(refusal.message),
			'description' in refusal ? hide(String(refusal.description)) : '',
		);
	}
	const code = chain.map(codeOf).find((found) => found !== undefined);
	const original = chain.at(-1);
	const cause = new Error(oneLine(original ? original.message : String(error), call));
	const { origin } = new URL(call.connection.baseUrl);

	if (code === 'ERR_CANCELED') {
		// n8n knows a canceled execution by this spelling in the message.
		return callError(call, {
			message: `${nameOf(call)} was stopped, because the execution was canceled.`,
			description: withDoubt(call, 'Nothing else is sent.'),
			repeatable: false,
			cancelled: true,
			cause,
		});
	}
	if (code && NEVER_SENT.has(code)) {
		return callError(call, {
			message: `Ampersend could not be reached at ${origin} (${code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'the host name is not known' : 'no connection'}).`,
			description: `${isRead(call) ? '' : 'Nothing was sent. '}Check the Base URL in the credential, and that n8n may reach this host (proxy, firewall).`,
			failure: { cause: 'temporarily-unavailable' },
			repeatable: isRead(call),
			cause,
		});
	}
	if (code && NOT_SECURE.test(code)) {
		return callError(call, {
			message: `n8n could not set up a secure connection to ${origin} (${code}).`,
			description: `${isRead(call) ? '' : 'Nothing was sent. '}Check that the Base URL in the credential says https only where the host offers it, and that n8n trusts its certificate (NODE_EXTRA_CA_CERTS).`,
			failure: { cause: 'configuration-invalid' },
			repeatable: false,
			cause,
		});
	}
	const timedOut = code !== undefined && TIMED_OUT.has(code);
	return callError(call, {
		message: timedOut
			? `Ampersend did not answer ${nameOf(call)} within ${seconds(timeoutMs)}.`
			: `The connection to ${origin} ended before ${nameOf(call)} was answered (${code ?? cause.message}).`,
		description: withDoubt(call, 'Run it again later, and check that n8n can reach this host.'),
		failure: { cause: 'temporarily-unavailable' },
		repeatable: isRead(call),
		cause,
	});
}

/**
 * Gives an error its message. n8n takes a run for canceled where the message of its error holds
 * this spelling (n8n-core 2.41, workflow-execute.js: `message.includes('canceled')`), whoever wrote
 * it: an agent's name, a value, the service. The other spelling reads the same and does not count.
 */
function withMessage<NodeError extends Error>(error: NodeError, message: string): NodeError {
	const isCancelled = chainOf(error).some((one) => one instanceof CallError && one.cancelled);
	error.message = isCancelled ? message : message.replaceAll('canceled', 'cancelled');
	return error;
}

/**
 * The error that n8n shows, for whatever was thrown while one item was processed.
 * @param itemIndex the input item; absent in triggers and pickers
 */
export function toNodeError(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeApiError | NodeOperationError {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) {
		return withMessage(error, error.message);
	}
	if (
		!(
			error instanceof CallError ||
			error instanceof ParameterError ||
			error instanceof CredentialError
		)
	) {
		const unexpected = error instanceof Error ? error : new Error(String(error));
		const result = new NodeOperationError(node, unexpected, { itemIndex });
		return withMessage(result, result.message);
	}
	const { message, description } = error;
	const result =
		error instanceof CallError
			? new NodeApiError(node, error as CallError & JsonObject, {
					message,
					description,
					httpCode: error.status?.toString(),
					failure: error.failure,
					itemIndex,
				})
			: new NodeOperationError(node, error, {
					description,
					failure: {
						cause:
							error instanceof CredentialError ? 'credential-invalid' : 'configuration-invalid',
					},
					itemIndex,
				});
	// n8n swaps a message in which it finds the letters of a system code (an agent called "Keeperman"
	// holds EPERM).
	return withMessage(result, message);
}
