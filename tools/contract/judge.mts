import { fieldsAtFault } from './complaints.mts';
import { textIn } from './json.mts';
import { knownOf, type RouteName } from './known.mts';
import type { Names } from './names.mts';
import { moreIn } from './parts.mts';
import { MAX_LEVELS, type Answer } from './requests.mts';
import type { Finding, Verdict } from './results.mts';
import {
	compare,
	isList,
	kindOf,
	listOf,
	rawShape,
	rowsIn,
	type Comparison,
	type Difference,
} from './shapes.mts';
import { deletion, isRecord } from './source';
import { timeUnitOf } from './units.mts';
import type { Part, Route } from './source';

export interface Judged {
	verdicts: Record<Part, Verdict>;
	findings: Finding[];
	comparison: Comparison;
	shape: unknown;
}

/** What was asked, as far as a verdict needs it. */
export interface Asked {
	name: RouteName;
	route: Route;
	names: Names;
	/** Of the path, or of the session. */
	agent: string | undefined;
	/** Of the path. */
	id: string | undefined;
	hasInput: boolean;
	/** How many rows were asked for at once. */
	limit: number | undefined;
	/** How many rows of the list came before. */
	before: number | undefined;
	/** Whether the base that answered is the one that the package would call. */
	isHome: boolean;
	base: string;
	/** Whether the service took the credential before, so that a 401 is about this route. */
	isAccepted: boolean;
	/** A write's path may have been seen with another method. */
	isWrite: boolean;
}

const none: Comparison = { differences: [], extras: [], absent: [], times: [] };

type Outcome = Pick<Answer, 'status' | 'error'>;

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Whether it has the status of a success, and no error in it. */
export const isOk = ({ status, error }: Outcome): boolean =>
	isSuccess(status) && error === undefined;

export const shownStatus = ({ status, error }: Outcome): string =>
	error !== undefined ? `an error with HTTP ${status}` : `HTTP ${status}`;

/** Times that the package takes in seconds, too (`epochToMs`). */
const alsoSeconds = new Set(['activity[].timestamp']);

function unitsIn({ times }: Comparison, now: number): Difference[] {
	const units = new Map<string, Difference>();
	for (const { field, value } of times) {
		const unit = timeUnitOf(value, now) ?? 'no time since 2020';
		if (unit === 'ms' || (unit === 's' && alsoSeconds.has(field))) continue;
		const key = `${field} ${unit}`;
		const count = (units.get(key)?.count ?? 0) + 1;
		units.set(key, { field, kind: 'unit', expected: 'ms', got: unit, count });
	}
	return [...units.values()];
}

/** Whether an answer for one agent names another one, which the package rejects. */
function otherAgentIn({ agentAt = [] }: Route, agent: string | undefined, body: unknown): boolean {
	if (agent === undefined) return false;
	const rows = [...(isRecord(body) ? [body] : []), ...(rowsIn(body) ?? [])];
	return rows.some((row) =>
		agentAt.some((field) => {
			const named = row[field];
			return kindOf(named) === 'address' && String(named).toLowerCase() !== agent.toLowerCase();
		}),
	);
}

/** What to do about a difference. */
export function changeFor({ name, route }: Asked, { field, kind, got }: Difference): string {
	const where = `the schema of ${name}`;
	const shown = field === '' ? 'the body' : field;
	switch (kind) {
		case 'choice':
			return `${where}: which of the two is ${shown}`;
		case 'format':
			return `${where}: ${shown} ${got}`;
		case 'renamed':
			return `${where}: ${got.split(' ')[0]} may be ${shown}`;
		case 'container':
			return `${where}${route.rowsAt ? ' and its rowsAt' : ''}: the answer is ${got}`;
		case 'missing':
			return `${where}: ${shown} may be absent`;
		case 'value':
			return `names and hints for ${shown} ${got}`;
		case 'unit':
			return `what reads ${shown}: it's in ${got}`;
		default:
			return `${where}: ${shown} can be ${got}`;
	}
}

function findingOf(asked: Asked, difference: Difference): Finding {
	const { field, kind, expected, got, count } = difference;
	const times = count > 1 ? ` (${count} times)` : '';
	const [place, said] = [field || 'body', `${kind}, expected ${expected}, got ${got}`];
	const text = `${place}: ${kind === 'format' ? got : said}${times}`;
	return { part: 'answer', text, change: changeFor(asked, difference) };
}

/** A list of which the package would get only a part. */
function partFindings({ name, names, limit, before }: Asked, answer: Answer): Finding[] {
	const more = moreIn(answer, limit, before);
	if (more === undefined) return [];
	const by = 'field' in more ? more.field.map((one) => names.field(one)).join('.') : more.header;
	const rows = listOf(answer.body)?.length;
	const after = rows === undefined ? '' : ` after ${rows + (before ?? 0)}`;
	const text = `a part of a list: ${by} says that more follows${after}`;
	return [{ part: 'answer', text, change: `how ${name} is read in parts: by ${by}` }];
}

/** As in `api/answer.ts`. */
const NOT_DONE = [202, 207];

/** What is wrong with an answer whatever its shape is. */
function otherFindings({ route, name, agent, id }: Asked, answer: Answer): Finding[] {
	const { status, body, isTooDeep } = answer;
	const found: Array<[string, string]> = [];
	if (isTooDeep) {
		const text = `has more than ${MAX_LEVELS} levels of objects and lists`;
		found.push([text, `MAX_DEPTH in api/answer.ts: ${name} ${text}`]);
	}
	if (otherAgentIn(route, agent, body)) {
		const change = `agentAt of ${name}: the field names something else than the agent`;
		found.push(['names another agent', change]);
	}
	if (NOT_DONE.includes(status)) {
		const change = `how ${name} is told that it's done: HTTP ${status}`;
		found.push([`${status}, which doesn't say that it's done`, change]);
	}
	const isEntry = route.idAt !== undefined || name === 'getListing';
	const own = isEntry && isRecord(body) ? textIn(body['id']).toLowerCase() : '';
	if (id !== undefined && own !== '' && own !== id.toLowerCase()) {
		const change = `idAt of ${name}: the field is something else than the id of the path`;
		found.push(['has the id of another entry', change]);
	}
	return found.map(([text, change]) => ({ part: 'answer', text, change }));
}

/** The schema says so of a list, too. */
const saysPart = ({ kind, got }: Difference): boolean =>
	kind === 'format' && got.endsWith('says that more rows follow');

function answerFindings(asked: Asked, answer: Answer): [Finding[], Comparison] {
	const { route, name } = asked;
	if (answer.isOther) {
		const change =
			"The Base URL may lead to a web page: check AMPERSEND_API_URL, or the route's path";
		return [[{ part: 'answer', text: 'is not JSON', change }], none];
	}
	const others = otherFindings(asked, answer);
	if (!route.answer || route.answer === deletion) return [others, none];
	if (answer.body === undefined) {
		const change = `${name}: an answer without a body`;
		return [[{ part: 'answer', text: 'has no body', change }, ...others], none];
	}
	const more = isList(route.answer) ? partFindings(asked, answer) : [];
	const compared = compare(route.answer, answer.body, knownOf(name), asked.names);
	const units = unitsIn(compared, answer.date ?? Date.now());
	const differences = [...compared.differences, ...units].filter(
		(difference) => more.length === 0 || !saysPart(difference),
	);
	const found = differences.map((difference) => findingOf(asked, difference));
	const findings = [...more, ...found, ...others];
	return [findings, { ...compared, differences }];
}

const unknown = {
	path: 'unknown',
	method: 'unknown',
	request: 'unknown',
	answer: 'unknown',
} as const;

/** Others of 3xx name no new path: a 304 says that nothing has changed since. */
const MOVED = [301, 302, 303, 307, 308];

type Rejected = [Partial<Record<Part, Verdict>>, Finding[]];

function aboutFields({ names }: Asked, body: unknown): string {
	const fields = fieldsAtFault(body, names).join(', ');
	return fields === '' ? '' : ` about ${fields}`;
}

/** An error in an answer with the status of a success. */
function reportsError(asked: Asked, { status, error, body }: Answer): Rejected {
	const { name } = asked;
	const about = aboutFields(asked, body);
	const said = error ? `: ${error}` : ', without words';
	const text = `${status} reports an error${about}${said}`;
	const change = `how ${name} is told that it failed: HTTP ${status} with an error in the body`;
	return [{ path: 'fits', answer: 'differs' }, [{ part: 'answer', text, change }]];
}

function notFound({ name, route, isWrite }: Asked): Rejected {
	const text = `404 below every prefix${isWrite ? `, with ${route.method}` : ''}`;
	const change = `routes.ts, ${name}.path${isWrite ? ' or .method' : ''}: another one`;
	return [{ path: 'differs' }, [{ part: 'path', text, change }]];
}

function notAllowed({ name, route }: Asked, { allow }: Answer): Rejected {
	const names = allow.join(', ');
	const text = `405 for ${route.method}${names === '' ? '' : `, Allow: ${names}`}`;
	const change = `routes.ts, ${name}.method: ${names === '' ? 'another one' : `'${names}'`}`;
	return [{ path: 'fits', method: 'differs' }, [{ part: 'method', text, change }]];
}

function rejected(asked: Asked, answer: Answer): Rejected {
	const { name, base, isAccepted } = asked;
	const { status } = answer;
	const at = `routes.ts, ${name}`;
	if (answer.error !== undefined) return reportsError(asked, answer);
	if (status === 404) return notFound(asked);
	if (status === 405) return notAllowed(asked, answer);
	if ([400, 415, 422].includes(status)) {
		const about = aboutFields(asked, answer.body);
		const [text, change] = [`${status}${about}`, `what ${name} sends${about}`];
		return [{ path: 'fits', request: 'differs' }, [{ part: 'request', text, change }]];
	}
	if (status === 403 || (status === 401 && isAccepted)) {
		const text = `${status} below ${base}, where the credential is accepted elsewhere`;
		const change = `${at}.access or .path: this credential can't call it`;
		return [{ path: 'differs' }, [{ part: 'path', text, change }]];
	}
	if (MOVED.includes(status)) {
		const text = `${status}, a redirect, which the package doesn't follow`;
		return [{ path: 'differs' }, [{ part: 'path', text, change: `${at}.path: the new one` }]];
	}
	if (status >= 300 && status < 400) {
		const change = `how ${name} is read: an answer with HTTP ${status}`;
		const text = `${status}, which is no answer to what was asked`;
		return [{ path: 'fits', answer: 'differs' }, [{ part: 'answer', text, change }]];
	}
	return [{}, []];
}

export const nameOf = (error: unknown): string =>
	error instanceof Error ? error.name : 'an error';

/** What goes wrong in reading an answer is said of its route, and keeps no other from its check. */
export function unexpected(name: RouteName, error: unknown): Finding {
	const text = `can't be judged: ${nameOf(error)}`;
	const change = `what reads the answer of ${name}, in the package or in tools/contract`;
	return { part: 'answer', text, change };
}

export function judge(asked: Asked, answer: Answer): Judged {
	try {
		return judged(asked, answer);
	} catch (error) {
		const verdicts: Judged['verdicts'] = { ...unknown, answer: 'differs' };
		const findings = [unexpected(asked.name, error)];
		return { verdicts, findings, comparison: none, shape: 'not known' };
	}
}

function judged(asked: Asked, answer: Answer): Judged {
	if (!isOk(answer)) {
		const [verdicts, findings] = rejected(asked, answer);
		const shape = rawShape([answer.body], asked.names);
		return { verdicts: { ...unknown, ...verdicts }, findings, comparison: none, shape };
	}
	const [findings, comparison] = answerFindings(asked, answer);
	const verdicts: Record<Part, Verdict> = {
		path: asked.isHome ? 'fits' : 'differs',
		method: 'fits',
		request: asked.hasInput ? 'fits' : 'unused',
		answer: findings.length > 0 ? 'differs' : asked.route.answer ? 'fits' : 'unused',
	};
	if (!asked.isHome) {
		const text = `answers below ${asked.base}, not below the base URL`;
		const change = `routes.ts, ${asked.name}: the prefix ${asked.base}, or set it as Base URL`;
		findings.unshift({ part: 'path', text, change });
	}
	return { verdicts, findings, comparison, shape: rawShape([answer.body], asked.names) };
}
