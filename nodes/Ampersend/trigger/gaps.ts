import { CallError } from '../api/errors';
import { toIso } from '../domain/time';
import type { PollResult } from './poll';
import { isTransient } from './poll';
import type { AgentId } from './state';

/*
 * An agent that can't be read while others can ends no poll, so a workflow would stay green. If
 * that isn't passing and lasts, a poll throws now and then, so that an error workflow runs.
 *
 * A poll that throws stores nothing and emits nothing, as if it had not been run: the next one
 * reads the same again. Only what a poll begins (an agent, a changed filter) would begin later, so
 * such a poll doesn't throw. What is remembered here is lost when n8n ends, and then a poll throws
 * once more.
 */

/** Time between two polls that throw, in ms. */
const REPEAT_MS = 60 * 60_000;

/** A reason that should pass and hasn't for so long is like one that lasts, in ms. */
const LASTING_MS = 60 * 60_000;

/** How long polls with events put it off, in ms: they would have to wait for the next poll. */
const PUT_OFF_MS = 15 * 60_000;

interface Memory {
	/** When each agent was first found unreadable, epoch ms. */
	since: Map<AgentId, number>;
	/** When a poll last threw, epoch ms. */
	thrown: number;
}

/** What a poll could not read. */
export interface Gaps extends Pick<PollResult, 'skipped' | 'unread'> {
	/** Whether the poll emits something. */
	hasEvents: boolean;
}

/** By node. */
const memories = new Map<string, Memory>();

/** When each agent was first found unreadable: one that wasn't read this time may still be. */
function updateSince(
	before: Map<AgentId, number>,
	{ skipped, unread }: Gaps,
	now: number,
): Map<AgentId, number> {
	const open = new Set([...skipped.map(({ agent }) => agent), ...unread]);
	const since = new Map([...before].filter(([agent]) => open.has(agent)));
	for (const { agent } of skipped) if (!since.has(agent)) since.set(agent, now);
	return since;
}

function errorFor(lasting: PollResult['skipped'], since: number): CallError | undefined {
	const [first] = lasting;
	if (!first) return undefined;
	const { agent, error } = first;
	const others = lasting.length > 1 ? ` and ${lasting.length - 1} more` : '';
	return new CallError({
		message: `Could not read agent ${agent}${others} since ${toIso(since)}: ${error.message}`,
		description:
			'The other agents are read, and what this poll found for them comes with the next one. ' +
			`This is said at most once an hour. ${error.description}`,
		repeatable: false,
		// For any other cause, n8n's durable scheduler keeps all agents waiting for half an hour.
		failure: { cause: 'temporarily-unavailable' },
	});
}

/**
 * Remembers which agents a poll could not read.
 * @param node identifies it in this n8n
 * @param now epoch ms
 * @param mayThrow whether a later poll does the same
 * @returns what the poll is to throw, if it's time for that
 */
export function lastingGap(
	node: string,
	now: number,
	mayThrow: boolean,
	poll: Gaps,
): CallError | undefined {
	const { skipped, hasEvents } = poll;
	const { since: before, thrown } = memories.get(node) ?? { since: new Map(), thrown: -Infinity };
	const since = updateSince(before, poll, now);
	memories.set(node, { since, thrown });
	const lasting = skipped.filter(({ agent, error }) => {
		const first = before.get(agent);
		return first !== undefined && (!isTransient(error) || now - first >= LASTING_MS);
	});
	const first = Math.min(...lasting.map(({ agent }) => since.get(agent) ?? now));
	const due = Math.max(first, thrown + REPEAT_MS) + (hasEvents ? PUT_OFF_MS : 0);
	if (!mayThrow || now < due) return undefined;
	memories.set(node, { since, thrown: now });
	return errorFor(lasting, first);
}
