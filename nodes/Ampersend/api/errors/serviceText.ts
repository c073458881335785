import type { Connection } from '../deployments';
import { hideKey } from '../secrets';

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

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of fields in the editor, by those of the service. */
export type FieldNames = Readonly<Record<string, string>>;

/** The editor's name of the field that an issue is about. */
function nameOf({ path }: Record<string, unknown>, names: FieldNames): string | undefined {
	const steps: unknown[] = Array.isArray(path) ? path : [];
	const known = steps.findLast((step) => typeof step === 'string' && Object.hasOwn(names, step));
	return known === undefined ? undefined : names[String(known)];
}

function issueText(issue: Record<string, unknown>, names: FieldNames): string {
	const { path, message } = issue;
	const steps: unknown[] = Array.isArray(path) ? path : [];
	const field = steps.filter((step) => ['string', 'number'].includes(typeof step)).join('.');
	const text = typeof message === 'string' ? message : '';
	return [nameOf(issue, names) ?? field, text].filter(Boolean).join(': ');
}

/**
 * What the service itself says in a body: its `issues[]`, its `message` (SDK), or another common
 * field with one text; never the body.
 * @returns `isNamed` if each issue is about a field of the editor, and names it
 */
export function wordsOf(
	body: unknown,
	connection: Connection,
	names: FieldNames = {},
): { words?: string; isNamed: boolean } {
	if (!isRecord(body)) return { isNamed: false };
	const issues = (Array.isArray(body.issues) ? body.issues : []).filter(isRecord);
	const issueTexts = issues
		.map((issue) => oneLine(issueText(issue, names), connection))
		.filter((text) => text !== '');
	if (issueTexts.length > 0) {
		const isNamed = issues.every((issue) => nameOf(issue, names) !== undefined);
		return { words: firstOf(issueTexts), isNamed };
	}
	const { message, error, detail } = body;
	const texts = [message, isRecord(error) ? error.message : error, detail];
	const text = texts.find((one) => typeof one === 'string' && one.trim() !== '');
	return {
		words: typeof text === 'string' ? oneLine(text, connection) : undefined,
		isNamed: false,
	};
}
