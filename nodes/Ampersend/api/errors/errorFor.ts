import { looksSecret } from '../../domain/secret';
import { hideKey } from '../connection/secrets';
import type { Placeholders, Route } from '../routes';
import type { Call } from './call';
import { factsOf, guessText } from './call';
import { CallError } from './CallError';
import type { Situation } from './situations';
import { changesNothing, situations } from './situations';

export type SituationName = keyof typeof situations;

/** The facts that only the texts of this situation state. */
type FactsOf<One extends SituationName> = Record<
	Exclude<
		Placeholders<(typeof situations)[One]['message'] | (typeof situations)[One]['advice'][number]>,
		'status' | 'guess' | keyof ReturnType<typeof factsOf>
	>,
	string
>;

function fill(text: string, facts: Record<string, string>): string {
	return text.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? '').trim();
}

/** What is known of a call that went wrong. */
export interface Outcome {
	status?: number;
	retryAfterMs?: number;
	cause?: Error;
	advice?: string[];
	/** Whether the change was made, whatever its answer is. */
	isMade?: boolean;
}

/** Whether a write may have been carried out. A login before the write changes nothing. */
function mayBeMade(call: Call, { ifWrite }: Situation): boolean {
	const { method, access } = call.route;
	return method !== 'GET' && access !== 'login' && !changesNothing.has(ifWrite);
}

function failureOf({ cause }: Situation, { retryAfterMs }: Outcome): CallError['failure'] {
	if (cause === undefined) return undefined;
	const canWait = cause === 'rate-limited' || cause === 'temporarily-unavailable';
	return canWait && retryAfterMs !== undefined ? { cause, retryAfterMs } : { cause };
}

/** The path of a call, without what may be a secret in it. */
function shownPath({ path }: Call): string {
	return path
		.split('/')
		.map((part) => (looksSecret(part) ? '…' : part))
		.join('/');
}

/** What a user can do, in sentences. */
function adviceOf(situation: Situation, call: Call | undefined, { advice = [] }: Outcome): string {
	const { ifWrite } = situation;
	const isWrite = call !== undefined && call.route.method !== 'GET';
	// For support, where the message doesn't name a parameter.
	const needsRequest = call !== undefined && situation.message.includes('{does}');
	return [
		...(isWrite && ifWrite ? [ifWrite] : []),
		...advice,
		...situation.advice,
		...(needsRequest ? [`The request was ${call.route.method} ${shownPath(call)}.`] : []),
	].join(' ');
}

/** The error for a situation. It never holds the key, whatever the facts hold. */
export function errorFor<Name extends SituationName>(
	name: Name,
	further: FactsOf<Name>,
	call?: Call,
	outcome: Outcome = {},
): CallError {
	const situation: Situation = situations[name];
	const { repeat, part } = situation;
	const { status, isMade, cause } = outcome;
	const guess = call && part ? guessText(call, part) : '';
	const facts = { ...further, ...(call && factsOf(call)), guess, status: String(status) };
	const hide = call ? hideKey(call.connection) : (text: string) => text;
	const isRead = call === undefined || call.route.method === 'GET';
	return new CallError({
		message: hide(fill(situation.message, facts)),
		description: hide(fill(adviceOf(situation, call, outcome), facts).replace(/ {2,}/g, ' ')),
		status,
		failure: failureOf(situation, outcome),
		repeatable: repeat === 'always' || (repeat === 'reads' && isRead),
		mayBeMade: isMade || (call !== undefined && mayBeMade(call, situation)),
		cancelled: name === 'cancelled',
		isHeld: name === 'heldBack',
		cause,
	});
}

/**
 * The error for a list that can't be read completely, because its pages aren't as assumed.
 * @param isTransient whether it may be readable a little later
 */
export function errorForPaging(
	{ does }: Pick<Route, 'does'>,
	observation: string,
	isTransient = false,
): CallError {
	return errorFor(isTransient ? 'pagesForNow' : 'pages', { asked: does, observation });
}
