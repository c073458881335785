import { valueOf, type Caller, type Check } from './check.mts';
import { sameValue } from './json.mts';
import { isOk } from './judge.mts';
import type { RouteName } from './known.mts';
import type { Answer } from './requests.mts';
import { isRecord } from './source';

interface Settled {
	subject: string;
	/** Fields with another value. */
	lost: string[];
	change: string;
	/** In place of naming the fields. */
	text?: string | undefined;
}

function settleValues(
	check: Check,
	caller: Caller,
	name: RouteName,
	{ subject, lost, change, text }: Settled,
): void {
	const isKept = lost.length === 0;
	check.fact(caller, name, {
		part: 'answer',
		subject,
		assumed: 'the same values',
		found: isKept ? 'the same values' : (text ?? `other values: ${lost.join(', ')}`),
		verdict: isKept ? 'fits' : 'differs',
		change: isKept ? '' : change,
	});
}

/** What was sent, and what is read afterwards, by the name of each field. */
export interface Saved {
	subject?: string;
	sent: object;
	read: unknown;
	/** What it was read with. */
	answer: Pick<Answer, 'status' | 'error'>;
}

/** Whether what is read afterwards has what was set, also where nothing is read. */
export function settleSaved(
	check: Check,
	caller: Caller,
	name: RouteName,
	{ subject = 'what was set is read', sent, read, answer }: Saved,
): void {
	const change = `the units or the body of ${name}, or of the write that it follows`;
	// No answer, an outage, or no right to read: it doesn't tell what was saved.
	const { status } = answer;
	if (!isOk(answer) && status !== 404) return;
	const lost = Object.entries(sent).flatMap(([field, value]) =>
		isRecord(read) && sameValue(valueOf(read, field), value) ? [] : [field],
	);
	const text = status === 404 ? 'nothing: HTTP 404' : undefined;
	settleValues(check, caller, name, { subject, lost, change, text });
}

/** Whether a write's own answer has what was set, as far as it has those fields. */
export function settleShown(
	check: Check,
	caller: Caller,
	name: RouteName,
	sent: object,
	{ body }: Answer,
): void {
	if (!isRecord(body)) return;
	const shown = Object.entries(sent).filter(([field]) => Object.hasOwn(body, field));
	if (shown.length === 0) return;
	const lost = shown.flatMap(([field, value]) => (sameValue(body[field], value) ? [] : [field]));
	const change = `what is taken from the answer of ${name}: it isn't what was set`;
	settleValues(check, caller, name, { subject: 'what was set is answered', lost, change });
}
