import { valueOf, type Caller, type Check } from './check.mts';
import { sameValue } from './json.mts';
import type { RouteName } from './known.mts';
import type { Answer } from './requests.mts';
import { isRecord } from './source';

function settleValues(
	check: Check,
	caller: Caller,
	name: RouteName,
	{ subject, lost, change }: { subject: string; lost: string[]; change: string },
): void {
	const isKept = lost.length === 0;
	check.fact(caller, name, {
		part: 'answer',
		subject,
		assumed: 'the same values',
		found: isKept ? 'the same values' : `other values: ${lost.join(', ')}`,
		verdict: isKept ? 'fits' : 'differs',
		change: isKept ? '' : change,
	});
}

/** Whether what is read afterwards has what was set. */
export function settleSaved(
	check: Check,
	caller: Caller,
	name: RouteName,
	sent: object,
	read: unknown,
): void {
	const lost = Object.entries(sent).flatMap(([field, value]) =>
		isRecord(read) && sameValue(valueOf(read, field), value) ? [] : [field],
	);
	const change = `the units or the body of the write that ${name} follows`;
	settleValues(check, caller, name, { subject: 'what was set is read', lost, change });
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
