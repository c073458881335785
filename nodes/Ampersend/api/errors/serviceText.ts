import { isRecord } from '../../domain/json';
import { shortLine } from '../../domain/text';
import type { Connection } from '../connection/deployments';
import { hideKey } from '../connection/secrets';

const SHOWN_CHARACTERS = 200;
const SHOWN_ENTRIES = 3;

/** Longer text isn't searched any further. */
const READ_CHARACTERS = 2_000;

/** Hides anything that looks like a key in text from elsewhere. */
export function redact(text: string): string {
	return text.replace(/sk_(live|test)_[^\s"'<>&]*/g, 'sk_$1_…');
}

/** Makes text from elsewhere fit to show. Hides the key first, so that no cut splits it. */
export function oneLine(text: string, connection: Connection): string {
	const start = hideKey(connection)(text).slice(0, READ_CHARACTERS);
	// What nobody sees doesn't end a key, and is a space then.
	return shortLine(redact(start), SHOWN_CHARACTERS);
}

/** The first entries, and how many more there are. */
export function firstOf(entries: string[]): string {
	const more = entries.length - SHOWN_ENTRIES;
	const shown = entries.slice(0, SHOWN_ENTRIES);
	return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Names of fields in the editor, by those of the service. */
export type FieldNames = Readonly<Record<string, string>>;

/** One complaint about a body. */
export interface Issue {
	/** Where in the body. */
	steps: string[];
	message: string;
}

const isText = (value: unknown): value is string =>
	typeof value === 'string' && value.trim() !== '';

const textOf = (values: unknown[]): string => values.find(isText) ?? '';

/** Issues that are read, however many there are. */
const MAX_ISSUES = 100;

/** What an entry says, or what each broken rule of a field says (Nest, class-validator). */
function messageOf(entry: Record<string, unknown>): string {
	const { message, msg, detail, reason, description, title, constraints } = entry;
	const broken = isRecord(constraints) ? Object.values(constraints).filter(isText) : [];
	const said = [message, msg, detail, reason, description, title];
	return textOf([...said, broken.slice(0, SHOWN_ENTRIES).join(', ')]);
}

function stepsOf(path: unknown): string[] {
	const steps = typeof path === 'string' ? path.split(/[./]/) : Array.isArray(path) ? path : [];
	const names = steps
		.filter((step) => step !== '' && ['string', 'number'].includes(typeof step))
		.map(String);
	// FastAPI says first which part of the request it means.
	return names[0] === 'body' ? names.slice(1) : names;
}

function asIssue(entry: Record<string, unknown>): Issue {
	const { path, loc, field, property, instancePath, name } = entry;
	// An error has the name of its class.
	const own = isText(name) && !/(?:Error|Exception)$/.test(name) ? name : undefined;
	const steps = stepsOf(path ?? loc ?? field ?? property ?? instancePath ?? own);
	return { steps, message: messageOf(entry) };
}

const startOf = (list: unknown): unknown[] =>
	Array.isArray(list) ? list.slice(0, MAX_ISSUES) : [list];

/**
 * A list of complaints, or a record with the complaints about each field.
 * @param isByField whether a record's texts are complaints, too
 */
function issuesOf(complaints: unknown, isByField: boolean): Issue[] {
	if (Array.isArray(complaints)) {
		return startOf(complaints).map((complaint) =>
			asIssue(isRecord(complaint) ? complaint : { message: complaint }),
		);
	}
	if (!isRecord(complaints)) return [];
	if (isText(complaints.message)) return [asIssue(complaints)];
	return Object.entries(complaints)
		.slice(0, MAX_ISSUES)
		.filter(([, messages]) => isByField || Array.isArray(messages))
		.flatMap(([path, messages]) => startOf(messages).map((message) => ({ path, message })))
		.map(({ path, message }) =>
			asIssue(isRecord(message) ? { path, ...message } : { path, message }),
		)
		.filter(({ message }) => message !== '');
}

/**
 * The complaints in the body of a rejection: `issues[]` (SDK: HttpApiDecodeError), or what other
 * servers have (FastAPI, zod, Nest, problem+json, JSend).
 */
export function issuesIn(body: unknown): Issue[] {
	if (!isRecord(body)) {
		const issues = Array.isArray(body) ? issuesOf(startOf(body).filter(isRecord), false) : [];
		return issues.filter(({ message }) => message !== '');
	}
	const error = isRecord(body.error) ? body.error : {};
	const fail = body.status === 'fail' ? body.data : undefined;
	const byField = [body.issues, body.errors, error.issues, error.errors, fail];
	const lists = [body.detail, body.details, body['invalid-params'], error.details];
	const messages = [body.message, body.error, error.message].filter(Array.isArray);
	const found = [
		...byField.map((list) => issuesOf(list, true)),
		...[...lists, ...messages].map((list) => issuesOf(list, false)),
	].map((issues) => issues.filter(({ steps, message }) => message !== '' || steps.length > 0));
	return found.find(({ length }) => length > 0) ?? [];
}

/** Where a body, or an error in it, says what is wrong: the most telling first. */
const WORDS = [
	'message',
	'msg',
	'error_description',
	'error',
	'errors',
	'issues',
	'detail',
	'details',
	'reason',
	'description',
	'title',
	'code',
];

const saidIn = (record: Record<string, unknown>) => WORDS.map((name) => record[name]);

/** Every text in which a body says what is wrong, the most telling first. */
export function textsIn(body: unknown): string[] {
	const said = isRecord(body) ? saidIn(body) : [];
	const words = said
		.map((error) => (isRecord(error) ? textOf(saidIn(error)) : error))
		.filter(isText);
	return [...issuesIn(body).map(({ message }) => message), ...words].filter(isText);
}

/** What an issue says, with the editor's name of the field that it is about. */
function readIssue({ steps, message }: Issue, names: FieldNames) {
	const known = steps.findLast((step) => Object.hasOwn(names, step));
	const field = known === undefined ? steps.join('.') : names[known];
	return {
		text: [field, message].filter(Boolean).join(': '),
		isNamed: known !== undefined,
		isForeign: known === undefined && steps.length > 0 && Object.keys(names).length > 0,
	};
}

export interface ServiceWords {
	/** Absent if the service says nothing. */
	words?: string;
	/** Whether each issue is about a field of the editor, and names it. */
	isNamed: boolean;
	/** Whether an issue is about a field that the node doesn't send. */
	isForeign: boolean;
}

/**
 * What the service itself says in a body of any form: its `issues[]`, its `message` (SDK), or
 * another common field with one text; never the body.
 */
export function wordsOf(
	body: unknown,
	connection: Connection,
	names: FieldNames = {},
): ServiceWords {
	const issues = issuesIn(body).map((issue) => readIssue(issue, names));
	const issueTexts = issues
		.map(({ text }) => oneLine(text, connection))
		.filter((text) => text !== '');
	if (issueTexts.length > 0) {
		return {
			words: firstOf(issueTexts),
			isNamed: issues.every(({ isNamed }) => isNamed),
			isForeign: issues.some(({ isForeign }) => isForeign),
		};
	}
	const [text] = textsIn(body);
	return { words: text && oneLine(text, connection), isNamed: false, isForeign: false };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A time in ms as people say it, rounded up. */
export function duration(ms: number): string {
	if (ms > 2 * HOUR_MS) return `${Math.ceil(ms / HOUR_MS)} h`;
	if (ms > 2 * MINUTE_MS) return `${Math.ceil(ms / MINUTE_MS)} min`;
	return `${Math.ceil(ms / 1000)} s`;
}
