import { shortAddress } from '../../domain/address';
import type { Base, Bases } from '../bases';
import type { Connection } from '../deployments';
import { AGENT_PATH, CredentialError, deployments, isCredentialError } from '../deployments';
import type { Access, Evidence, Part, Placeholders, Route } from '../routes';
import { hideKey } from '../secrets';
import { CallError, chainOf, withTexts } from './CallError';
import type { ServiceWords } from './serviceText';
import { oneLine, wordsOf } from './serviceText';
import type { Situation } from './situations';
import { changesNothing, MAYBE_ELSEWHERE, situations } from './situations';

/** One call, as its error messages need it. */
export interface Call {
	route: Route;
	/** The route's path with its parameters filled in. */
	path: string;
	/** The agent in the path, if there is one. */
	agent?: string;
	connection: Connection;
	/** What answers where, if the service was asked. */
	bases?: Bases;
}

const isOfficial = (url: string) =>
	Object.values(deployments).some(({ origin }) => url.startsWith(`${origin}/`));

/** What there is to say about the base URL, if anything can be wrong with it. */
function baseText({ route: { access = 'user' }, connection, bases }: Call): string {
	const { authentication, baseUrl, agentBaseUrl } = connection;
	if (authentication === 'agentSession') {
		if (isOfficial(baseUrl)) return '';
		return `The Base URL is ${baseUrl}. Ampersend's own ends with ${AGENT_PATH}.`;
	}
	if (access !== 'user') {
		if (isOfficial(baseUrl)) return '';
		return `The request went to ${agentBaseUrl}, which follows from the Base URL ${baseUrl}.`;
	}
	if (!bases) {
		return (
			`The Base URL is ${baseUrl}. To find out whether it's right, open the credential and test ` +
			'it: the test asks at each path that is known.'
		);
	}
	const { own, tried } = bases;
	if (own.listsAgents && own.hasRoutesOfAgent) {
		return `The Base URL ${baseUrl} is right: Ampersend answers for other requests there.`;
	}
	const others = tried.filter((one) => one !== own.baseUrl).join(', ');
	const found = own.listsAgents
		? `At the Base URL ${baseUrl}, Ampersend lists agents, and answers for none of them.`
		: `At the Base URL ${baseUrl}, nothing of Ampersend answers.`;
	return `${found}${others && ` There is no more at ${others}.`}`;
}

const sources: Record<Exclude<Evidence, 'assumed'>, string> = {
	documented: "Ampersend's API-keys page",
	SDK: "Ampersend's official SDK",
	'SDK branch': "a branch of Ampersend's official SDK",
};

const partNames: Record<Part, string> = {
	path: 'this path',
	method: 'the method {method} here',
	request: 'what to send here',
	answer: 'this answer',
};

/** How this node knows a part of a route. In its session, an agent calls what the SDK calls. */
function guessText({ route, connection }: Call, part: Part): string {
	const isOwn = connection.authentication === 'agentSession' && route.sessionPath !== undefined;
	const evidence = isOwn ? 'SDK' : route.facts[part].evidence;
	const name = partNames[part].replace('{method}', route.method);
	if (evidence === 'assumed') return `No public page documents ${name}, so this node assumes it.`;
	return `This node knows ${name} from ${sources[evidence]} (read ${route.checkedOn}).`;
}

/** Other ways to do it, if a part of the route is only assumed. */
function waysText({ route, connection: { authentication } }: Call): string {
	if (authentication === 'agentSession') return '';
	const isAssumed = Object.values(route.facts).some(({ evidence }) => evidence === 'assumed');
	const hasSession = (route.sessionPath ?? route.sessionRoute) !== undefined;
	const ways = [
		...(route.instead ? [`${route.instead} does it by a link that the owner approves.`] : []),
		...(hasSession
			? ['With an Ampersend Agent API credential, the agent has a route that is known to work.']
			: []),
		...(isAssumed
			? ['If you know the right request, send it with the HTTP Request node and this credential.']
			: []),
	];
	return ways.join(' ');
}

/** What every text can say about a call. */
function factsOf(call: Call) {
	const { route, path, connection } = call;
	const { baseUrl, deployment } = connection;
	return {
		base: baseText(call),
		ways: waysText(call),
		does: route.does,
		method: route.method,
		check: route.check ?? '',
		baseUrl,
		host: new URL(baseUrl).origin,
		dashboard: deployment.dashboard,
		// Of the agent, or of its key.
		address: shortAddress(path.match(/0x[0-9a-fA-F]{40}/g)?.at(-1) ?? ''),
	};
}

type Name = keyof typeof situations;

/** The facts that only the texts of this situation state. */
type FactsOf<One extends Name> = Record<
	Exclude<
		Placeholders<(typeof situations)[One]['message'] | (typeof situations)[One]['advice'][number]>,
		'status' | 'guess' | keyof ReturnType<typeof factsOf>
	>,
	string
>;

function fill(text: string, facts: Record<string, string>): string {
	return text.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? '').trim();
}

/** The error for a situation. It never holds the key, whatever the facts hold. */
export function errorFor<One extends Name>(
	name: One,
	further: FactsOf<One>,
	call?: Call,
	outcome: {
		status?: number;
		retryAfterMs?: number;
		cause?: Error;
		advice?: string[];
		/** Whether the change was made, whatever its answer is. */
		isMade?: boolean;
	} = {},
): CallError {
	const { message, ifWrite, advice, cause, repeat, part }: Situation = situations[name];
	const { status, retryAfterMs } = outcome;
	const isWrite = call !== undefined && call.route.method !== 'GET';
	const guess = call && part ? guessText(call, part) : '';
	const facts = { ...further, ...(call && factsOf(call)), guess, status: String(status) };
	const hide = call ? hideKey(call.connection) : (text: string) => text;
	// For support, where the message doesn't name a parameter.
	const request =
		call && message.includes('{does}')
			? [`The request was ${call.route.method} ${call.path}.`]
			: [];
	const first = [...(isWrite && ifWrite ? [ifWrite] : []), ...(outcome.advice ?? [])];
	const sentences = [...first, ...advice, ...request];
	const canWait = cause === 'rate-limited' || cause === 'temporarily-unavailable';
	return new CallError({
		message: hide(fill(message, facts)),
		description: hide(fill(sentences.join(' '), facts).replace(/ {2,}/g, ' ')),
		status,
		failure: canWait && retryAfterMs !== undefined ? { cause, retryAfterMs } : cause && { cause },
		repeatable: repeat === 'always' || (repeat === 'reads' && !isWrite),
		// A login before the write changes nothing.
		mayBeMade:
			outcome.isMade || (isWrite && call.route.access !== 'login' && !changesNothing.has(ifWrite)),
		cancelled: name === 'cancelled',
		cause: outcome.cause,
	});
}

function seconds(ms: number): string {
	return `${Math.ceil(ms / 1000)} s`;
}

const NO_AGENT = /^(?:the |this )?agent (?:was )?not found\b|\bno (?:such )?agent\b/i;
const NO_KEY = /\bkey (?:was )?not found\b|\bno (?:such )?(?:agent )?key\b/i;

/** What the service itself says is wrong; undefined if its words leave it open. */
function saidSituation(status: number, { path, conflict }: Route, words: string) {
	if (status === 409) {
		// Another agent can have it, too.
		const isOwn = /\balready\b/i.test(words) && !/\b(?:an)?other\b/i.test(words);
		return isOwn ? conflict : undefined;
	}
	if (status !== 404 || !path.includes('{address}')) return undefined;
	if (path.endsWith('{keyAddress}') && NO_KEY.test(words)) return 'unknownKey';
	return NO_AGENT.test(words) ? 'unknownAgent' : undefined;
}

/** Whether the service itself says what is wrong, so the base URL is right. */
export function isExplained(status: number, { route, connection }: Call, body: unknown): boolean {
	return saidSituation(status, route, wordsOf(body, connection).words ?? '') !== undefined;
}

/** Those that mean the same, whoever answers. */
const ANYONES = [401, 404, 408, 429];

function refusalOf(status: 401 | 403, access: Access, isSession: boolean) {
	if (access === 'anyone') return 'notOpen';
	if (status === 401) return isSession ? 'logInRejected' : 'keyRejected';
	return isSession ? 'agentNotAllowed' : 'notAllowed';
}

function situationOfStatus(
	status: number,
	{ route, connection }: Call,
	{ words = '', isNamed, isForeign }: ServiceWords,
	isElsewhere: boolean,
) {
	const { access = 'user', path, facts } = route;
	const isSession = connection.authentication === 'agentSession';
	const said = isSession ? undefined : saidSituation(status, route, words);
	if (said) return said;
	// After these two, the request may have been carried out.
	if (status === 302 || status === 303) return 'redirectAfter';
	if (status >= 300 && status < 400) return 'redirect';
	if (status === 501 || (status === 405 && !isElsewhere)) return 'otherMethod';
	if (status === 407) return 'proxyLogIn';
	if (access === 'login' && [400, 401, 403, 419].includes(status)) return 'logInRejected';
	if (isElsewhere && !ANYONES.includes(status)) return 'refusedElsewhere';
	if (status === 401 || status === 403) return refusalOf(status, access, isSession);
	if (status === 409) return 'conflict';
	if (status === 429) return 'tooManyRequests';
	if (status === 408 || status >= 500) return 'unavailable';
	if (status !== 404 && isForeign) return 'otherRequest';
	if (status !== 404) return isNamed ? 'invalidValue' : 'rejected';
	if (/\{(?:id|token)\}/.test(path)) return 'unknownId';
	if (isSession || !path.includes('{')) return 'unknownPath';
	return facts.path.evidence === 'documented' ? 'unknownAddress' : 'unknownAddressOrRoute';
}

/** Whether a body is text that isn't JSON, such as a page. */
function isOtherText(body: unknown, contentType: string): boolean {
	return typeof body === 'string' && body.trim() !== '' && !contentType.endsWith('json');
}

/** The error for a call that another base URL of the same host answers. */
function errorForBetter(
	call: Call,
	status: number,
	{ baseUrl: better, listsAgents, hasRoutesOfAgent }: Base,
): CallError {
	const betterNote = !listsAgents
		? "The list of agents isn't there, so enter agents By Address."
		: hasRoutesOfAgent === false
			? 'It lists agents there, and answers for none of them.'
			: '';
	return errorFor('otherBase', { better, betterNote }, call, { status });
}

/** The error for an agent none of whose routes answers at the base URL. */
export function errorForNoRoutesOfAgent(call: Call): CallError {
	if (call.bases?.better) return errorForBetter(call, 404, call.bases.better);
	return errorFor('noRoutesOfAgent', {}, call, { status: 404 });
}

/** What an answer's headers say. */
export interface Headers {
	contentType?: string;
	/** `Retry-After`, in ms. */
	retryAfterMs?: number;
	/** `Allow`: the methods that the path has. */
	allow?: string;
}

/** The error for an answer that isn't 2xx. */
export function errorForStatus(
	call: Call,
	status: number,
	body: unknown,
	{ contentType = '', retryAfterMs, allow }: Headers = {},
): CallError {
	if (call.bases?.better) return errorForBetter(call, status, call.bases.better);
	const said = wordsOf(body, call.connection, call.route.fields);
	const { words = '' } = said;
	const facts = {
		words,
		said: words ? `: ${words}` : '.',
		when: retryAfterMs ? `in ${seconds(retryAfterMs)}` : 'later',
		allowed: allow ? `It takes ${oneLine(allow, call.connection)}.` : '',
	};
	const isElsewhere = status >= 400 && status < 500 && !allow && isOtherText(body, contentType);
	const situation = situationOfStatus(status, call, said, isElsewhere);
	const advice = isElsewhere && ANYONES.includes(status) ? [MAYBE_ELSEWHERE] : [];
	return errorFor(situation, facts, call, { status, retryAfterMs, advice });
}

/** The error for a 2xx answer whose body isn't JSON: a login page, a proxy, a wrong host. */
export function errorForNotJson(
	call: Call,
	status: number,
	body: unknown,
	contentType: string,
): CallError {
	let found = oneLine(contentType, call.connection) || 'text';
	if (body === '' || body === undefined) found = 'an empty body';
	else if (contentType.endsWith('json')) found = 'a malformed body';
	const { bases } = call;
	if (bases?.better) return errorForBetter(call, status, bases.better);
	const isNoApi = bases !== undefined && !bases.own.listsAgents;
	return errorFor(isNoApi ? 'notApi' : 'notJson', { found }, call, { status });
}

/**
 * The error for a list that can't be read completely, because its pages aren't as assumed.
 * @param isPassing whether it may be readable a little later
 */
export function errorForPaging(
	{ does }: Pick<Route, 'does'>,
	observation: string,
	isPassing = false,
): CallError {
	return errorFor(isPassing ? 'pagesForNow' : 'pages', { asked: does, observation });
}

/** Codes for a secure connection that failed: certificates (Node, OpenSSL) and the handshake. */
const NOT_SECURE = /^(EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

function situationOfCode(code = '') {
	if (code === 'ERR_CANCELED') return 'cancelled';
	if (['ENOTFOUND', 'EAI_AGAIN'].includes(code)) return 'unknownHost';
	if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)) return 'noConnection';
	if (['ECONNABORTED', 'ETIMEDOUT'].includes(code)) return 'timedOut';
	return NOT_SECURE.test(code) ? 'notSecure' : 'connectionEnded';
}

function codeOf(error: Error): string | undefined {
	return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * The error for a call that ended without an answer.
 * @param error as n8n's helper threw it; it may hold the request with the key, so `cause` gets only
 * its text
 */
export function errorForNoAnswer(
	call: Call,
	error: unknown,
	timeoutMs: number,
): CallError | CredentialError {
	const chain = chainOf(error);
	const hide = hideKey(call.connection);
	const rejection = chain.find(isCredentialError);
	if (rejection) {
		return new CredentialError(hide(rejection.message), hide(rejection.description));
	}
	const failedLogIn = chain.find((one) => one instanceof CallError);
	// It may name the session before, which the login doesn't know.
	if (failedLogIn) return withTexts(failedLogIn, hide);
	const code = chain.map(codeOf).find((found) => found !== undefined);
	const cause = new Error(oneLine(chain.at(-1)?.message ?? String(error), call.connection));
	const facts = { reason: code ?? cause.message, limit: seconds(timeoutMs) };
	return errorFor(situationOfCode(code), facts, call, { cause });
}
