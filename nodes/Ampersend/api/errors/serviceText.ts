import { isRecord } from '../../domain/json';
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
	const line = redact(start.replace(/\s+/g, ' ').trim());
	return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
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

const textOf = (...values: unknown[]): string =>
	values.find((value): value is string => typeof value === 'string') ?? '';

function stepsOf(path: unknown): string[] {
	const steps = typeof path === 'string' ? path.split('.') : Array.isArray(path) ? path : [];
	const names = steps.filter((step) => ['string', 'number'].includes(typeof step)).map(String);
	// FastAPI says first which part of the request it means.
	return names[0] === 'body' ? names.slice(1) : names;
}

/** A list of complaints, or a record with the complaints about each field. */
function entriesOf(issues: unknown): Array<Record<string, unknown>> {
	if (Array.isArray(issues)) return issues.filter(isRecord);
	if (!isRecord(issues)) return [];
	return Object.entries(issues).flatMap(([path, messages]) =>
		Array.isArray(messages) ? messages.map((message: unknown) => ({ path, message })) : [],
	);
}

/** Issues that are read, however many there are. */
const MAX_ISSUES = 100;

/**
 * The complaints in the body of a rejection: `issues[]` (SDK: HttpApiDecodeError), or what other
 * servers have (FastAPI, zod, problem+json).
 */
export function issuesIn(body: unknown): Issue[] {
	if (!isRecord(body)) return [];
	const error = isRecord(body.error) ? body.error : {};
	const lists = [body.issues, body.detail, body.errors, body['invalid-params']];
	const found = [...lists, error.issues, error.details].map((issues) =>
		entriesOf(Array.isArray(issues) ? issues.slice(0, MAX_ISSUES) : issues),
	);
	const entries = found.find(({ length }) => length > 0) ?? [];
	return entries.map(({ path, loc, field, name, message, msg, reason }) => ({
		steps: stepsOf(path ?? loc ?? field ?? name),
		message: textOf(message, msg, reason),
	}));
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
 * What the service itself says in a body: its `issues[]`, its `message` (SDK), or another common
 * field with one text; never the body.
 */
export function wordsOf(
	body: unknown,
	connection: Connection,
	names: FieldNames = {},
): ServiceWords {
	if (!isRecord(body)) return { isNamed: false, isForeign: false };
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
	const { message, error, detail, title } = body;
	// Nest has a list of messages.
	const messages = Array.isArray(message) ? message.slice(0, SHOWN_ENTRIES).join('; ') : message;
	const texts = [messages, isRecord(error) ? error.message : error, detail, title];
	const text = texts.find((one) => typeof one === 'string' && one.trim() !== '');
	return {
		words: typeof text === 'string' ? oneLine(text, connection) : undefined,
		isNamed: false,
		isForeign: false,
	};
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A time in ms as people say it, rounded up. */
export function duration(ms: number): string {
	if (ms > 2 * HOUR_MS) return `${Math.ceil(ms / HOUR_MS)} h`;
	if (ms > 2 * MINUTE_MS) return `${Math.ceil(ms / MINUTE_MS)} min`;
	return `${Math.ceil(ms / 1000)} s`;
}
