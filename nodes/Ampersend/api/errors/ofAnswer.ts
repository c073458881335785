import type { Base } from '../connection/bases';
import type { Connection } from '../connection/deployments';
import type { Access, Route } from '../routes';
import type { Call } from './call';
import type { CallError } from './CallError';
import type { SituationName } from './errorFor';
import { errorFor } from './errorFor';
import type { ServiceWords } from './serviceText';
import { oneLine, duration, wordsOf } from './serviceText';
import { MAYBE_ELSEWHERE } from './situations';

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

interface Rejection {
	status: number;
	access: Access;
	isSession: boolean;
	route: Route;
	/** What the service says of it. */
	said: ServiceWords;
	/** Whether the answer isn't Ampersend's own. */
	isElsewhere: boolean;
}

interface Rule<Name extends SituationName> {
	/** Absent for any rejection. */
	statuses?: readonly number[];
	/** Absent for any rejection with the status. */
	when?: (rejection: Rejection) => boolean;
	situation: Name;
}

/** Rules, with only the situations that they name. */
function tableOf<Name extends SituationName>(rules: ReadonlyArray<Rule<Name>>) {
	return rules;
}

/** Those that mean the same, whoever answers. */
const ANYONES = [401, 404, 408, 429];

const isAgents = ({ isSession }: Rejection) => isSession;
const isOpen = ({ access }: Rejection) => access === 'anyone';

/** What an answer that isn't 2xx means: the first row that fits. */
const rules = tableOf([
	// After these two, the request may have been carried out.
	{ statuses: [302, 303], situation: 'redirectAfter' },
	{ statuses: [304], situation: 'notModified' },
	{ when: ({ status }) => status < 400, situation: 'redirect' },
	{ statuses: [501], situation: 'otherMethod' },
	{ statuses: [405], when: ({ isElsewhere }) => !isElsewhere, situation: 'otherMethod' },
	{ statuses: [407], situation: 'proxyLogIn' },
	{
		statuses: [400, 401, 403, 419],
		when: ({ access }) => access === 'login',
		situation: 'logInRejected',
	},
	{
		when: ({ isElsewhere, status }) => isElsewhere && !ANYONES.includes(status),
		situation: 'rejectedElsewhere',
	},
	{ statuses: [401, 403], when: isOpen, situation: 'notOpen' },
	{ statuses: [401], when: isAgents, situation: 'logInRejected' },
	{ statuses: [401], situation: 'keyRejected' },
	{ statuses: [403], when: isAgents, situation: 'agentNotAllowed' },
	{ statuses: [403], situation: 'notAllowed' },
	{ statuses: [409], situation: 'conflict' },
	{ statuses: [429], situation: 'tooManyRequests' },
	{ when: ({ status }) => status === 408 || status >= 500, situation: 'unavailable' },
	{
		statuses: [404],
		when: ({ route }) => /\{(?:id|token)\}/.test(route.path),
		situation: 'unknownId',
	},
	{
		statuses: [404],
		when: ({ isSession, route }) => isSession || !route.path.includes('{'),
		situation: 'unknownPath',
	},
	{
		statuses: [404],
		when: ({ route }) => route.facts.path.evidence === 'documented',
		situation: 'unknownAddress',
	},
	{ statuses: [404], situation: 'unknownAddressOrRoute' },
	{ when: ({ said }) => said.isForeign, situation: 'otherRequest' },
	{ when: ({ said }) => said.isNamed, situation: 'invalidValue' },
]);

function situationOf(rejection: Rejection) {
	const { status, route, isSession, said } = rejection;
	const ownWords = isSession ? undefined : saidSituation(status, route, said.words ?? '');
	if (ownWords) return ownWords;
	const rule = rules.find(
		({ statuses, when }) => (statuses?.includes(status) ?? true) && (when?.(rejection) ?? true),
	);
	return rule?.situation ?? 'rejected';
}

const whenText = (retryAfterMs: number | undefined) =>
	retryAfterMs ? `in ${duration(retryAfterMs)}` : 'later';

/** The error for a call that isn't sent, since the service asked to wait. */
export function errorForHold(call: Call, retryAfterMs: number): CallError {
	const when = whenText(retryAfterMs);
	return errorFor('heldBack', { when }, call, { retryAfterMs });
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
	const betterNote =
		listsAgents === false
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
	headers: Headers = {},
): CallError {
	const { route, connection, bases, readAt } = call;
	if (bases?.better) return errorForBetter(call, status, bases.better);
	if (readAt !== undefined)
		return errorFor('otherBaseForRead', { better: readAt }, call, { status });
	const { contentType = '', retryAfterMs, allow } = headers;
	const said = wordsOf(body, connection, route.fields);
	const isElsewhere = status >= 400 && status < 500 && !allow && isOtherText(body, contentType);
	const situation = situationOf({
		status,
		access: route.access ?? 'user',
		isSession: connection.agent !== undefined,
		route,
		said,
		isElsewhere,
	});
	const advice = isElsewhere && ANYONES.includes(status) ? [MAYBE_ELSEWHERE] : [];
	const facts = rejectionFacts(said, headers, connection);
	return errorFor(situation, facts, call, { status, retryAfterMs, advice });
}

/** What only the texts about a rejection state. */
function rejectionFacts(
	{ words = '' }: ServiceWords,
	{ retryAfterMs, allow }: Headers,
	connection: Connection,
) {
	return {
		words,
		said: words ? `: ${words}` : '.',
		when: whenText(retryAfterMs),
		allowed: allow ? `It takes ${oneLine(allow, connection)}.` : '',
	};
}

/** The error for a 2xx answer whose body reports one. */
export function errorForInside(call: Call, status: number, body: object): CallError {
	if (call.bases?.better) return errorForBetter(call, status, call.bases.better);
	const { words } = wordsOf(body, call.connection, call.route.fields);
	return errorFor('errorInside', { said: words ? `: ${words}` : '.' }, call, { status });
}

/** The same for a body that isn't JSON, or only null: a login page, a proxy, a wrong host. */
export function errorForNotJson(
	call: Call,
	status: number,
	body: unknown,
	contentType: string,
): CallError {
	let found = `${oneLine(contentType, call.connection) || 'text'} instead of JSON`;
	if (body === '' || body === undefined) found = 'an empty body instead of JSON';
	else if (typeof body !== 'string')
		found = `${JSON.stringify(body)} instead of an object or a list`;
	else if (contentType.endsWith('json')) found = 'a malformed body instead of JSON';
	const { bases } = call;
	if (bases?.better) return errorForBetter(call, status, bases.better);
	// An outage answers a write that was carried out, too.
	return errorFor('notJson', { found }, call, { status });
}
