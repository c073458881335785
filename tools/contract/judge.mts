import { fieldsAtFault } from './complaints.mts';
import { knownValues, unusedFields, type RouteName } from './known.mts';
import { moreIn } from './parts.mts';
import type { Answer } from './requests.mts';
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
	/** Of the path, or of the session. */
	agent: string | undefined;
	hasInput: boolean;
	/** How many rows were asked for at once. */
	limit: number | undefined;
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
	const text = `${field || 'body'}: ${kind}, expected ${expected}, got ${got}${times}`;
	return { part: 'answer', text, change: changeFor(asked, difference) };
}

/** A list of which the package would get only a part. */
function partFindings({ name, limit }: Asked, { body }: Answer): Finding[] {
	const field = moreIn(body, limit);
	if (field === undefined) return [];
	const rows = listOf(body)?.length;
	const after = rows === undefined ? '' : ` after ${rows}`;
	const text = `a part of a list: ${field} says that more follows${after}`;
	return [{ part: 'answer', text, change: `how ${name} is read in parts: by ${field}` }];
}

function answerFindings(asked: Asked, answer: Answer): [Finding[], Comparison] {
	const { route, agent, name } = asked;
	if (answer.isOther) {
		const change =
			"The Base URL may lead to a web page: check AMPERSEND_API_URL, or the route's path";
		return [[{ part: 'answer', text: 'is not JSON', change }], none];
	}
	if (!route.answer || route.answer === deletion) return [[], none];
	if (answer.body === undefined) {
		const change = `${name}: an answer without a body`;
		return [[{ part: 'answer', text: 'has no body', change }], none];
	}
	const more = isList(route.answer) ? partFindings(asked, answer) : [];
	const compared = compare(route.answer, answer.body, unusedFields[name], knownValues[name]);
	const units = unitsIn(compared, answer.date ?? Date.now());
	const differences = [...compared.differences, ...units];
	const findings = [...more, ...differences.map((difference) => findingOf(asked, difference))];
	if (otherAgentIn(route, agent, answer.body)) {
		const change = `agentAt of ${name}: the field names something else than the agent`;
		findings.push({ part: 'answer', text: 'names another agent', change });
	}
	return [findings, { ...compared, differences }];
}

const unknown = {
	path: 'unknown',
	method: 'unknown',
	request: 'unknown',
	answer: 'unknown',
} as const;

type Rejected = [Partial<Record<Part, Verdict>>, Finding[]];

function aboutFields(body: unknown): string {
	const fields = fieldsAtFault(body).join(', ');
	return fields === '' ? '' : ` about ${fields}`;
}

/** An error in an answer with the status of a success. */
function reportsError({ name }: Asked, { status, error, body }: Answer): Rejected {
	const about = aboutFields(body);
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
		const about = aboutFields(answer.body);
		const [text, change] = [`${status}${about}`, `what ${name} sends${about}`];
		return [{ path: 'fits', request: 'differs' }, [{ part: 'request', text, change }]];
	}
	if (status === 403 || (status === 401 && isAccepted)) {
		const text = `${status} below ${base}, where the credential is accepted elsewhere`;
		const change = `${at}.access or .path: this credential can't call it`;
		return [{ path: 'differs' }, [{ part: 'path', text, change }]];
	}
	if (status >= 300 && status < 400) {
		const text = `${status}, a redirect, which the package doesn't follow`;
		return [{ path: 'differs' }, [{ part: 'path', text, change: `${at}.path: the new one` }]];
	}
	return [{}, []];
}

export function judge(asked: Asked, answer: Answer): Judged {
	if (!isOk(answer)) {
		const [verdicts, findings] = rejected(asked, answer);
		const shape = rawShape([answer.body]);
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
	return { verdicts, findings, comparison, shape: rawShape([answer.body]) };
}
