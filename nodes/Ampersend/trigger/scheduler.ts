import type { IPollFunctions } from 'n8n-workflow';

import { withTimeout } from '../api/timeLimit';
import { rowKey } from './state';

/*
 * What n8n doesn't tell a poll: whether n8n publishes the workflow, whether another poll of the
 * node is running, and whether n8n still stores what one has found. It's kept in memory while n8n
 * runs. Its keys begin with the ids of workflow and node, as those of n8n's own scheduler do.
 */

/**
 * Time that n8n gives a poll outside its durable scheduler (n8n-core 2.41, poll-context.js), in ms.
 */
const UNSCHEDULED_BUDGET_MS = 300_000;

/** Time that a poll may take to end after its budget is used up, in ms. */
const GRACE_MS = 5_000;

/** Identifies this n8n process. */
export const thisProcess = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

/** Time that a poll may take, in ms. Older releases of n8n don't say. */
export function pollBudget(context: IPollFunctions): number {
	return 'getPollBudgetMs' in context ? context.getPollBudgetMs() : UNSCHEDULED_BUDGET_MS;
}

/** Whether the durable scheduler runs this poll. It gives its polls a different budget. */
export function isScheduled(context: IPollFunctions): boolean {
	return pollBudget(context) !== UNSCHEDULED_BUDGET_MS;
}

/**
 * Whether n8n stores the node's state together with the execution. The scheduler can run without
 * that. Then, as by default, the static data is an object that tells n8n of changes, and has this
 * hidden field (n8n-workflow, observable-object.js); durable cursors are plain copies.
 * @param stored the node's static data
 */
export function hasDurableCursors(stored: object): boolean {
	return !('__dataChanged' in stored);
}

const polled = new WeakSet<object>();

/**
 * Whether n8n publishes the workflow with this poll. n8n's own mode doesn't tell: by default, later
 * polls have the same mode, and in the durable scheduler every poll is an "update".
 * @param stored the node's static data, which is a new object each time n8n publishes
 */
export function isActivation(context: IPollFunctions, stored: object): boolean {
	const [isFirst, isFresh] = [!polled.has(context), !polled.has(stored)];
	polled.add(context).add(stored);
	const isUpdate = context.getActivationMode() === 'update';
	return isFirst && (!isUpdate || (isFresh && !isScheduled(context)));
}

interface Running {
	ended: Promise<unknown>;
	/** When another poll may take over, epoch ms. */
	until: number;
}

const running = new Map<string, Running>();

/** What polls of a node have left to n8n to store. */
interface Handed {
	/** `rowKey` of the last state. */
	last: string;
	/** Of those that polls continued from, and when (epoch ms). */
	behind: Map<string, number>;
}

const handed = new Map<string, Handed>();

/**
 * How long n8n may take to store a state, in ms: its database can hang. Until then, polls with an
 * older one may start, although n8n has their events. If n8n has dropped the state, the events come
 * so much later.
 */
const STORING_MS = 5 * 60_000;

/** Whether a poll has continued from this state, and n8n may still be storing a newer one. */
function isLeftBehind(node: string, state: string): boolean {
	const { last, behind } = handed.get(node) ?? {};
	if (!behind) return false;
	for (const [one, at] of behind) {
		const age = Date.now() - at;
		// n8n's clock may have been set back.
		if (age < 0 || age >= STORING_MS) behind.delete(one);
	}
	if (behind.size === 0) handed.delete(node);
	const key = rowKey(state);
	return key !== last && behind.has(key);
}

function leaveBehind(node: string, from: string, to: string): void {
	if (from === to) return;
	const behind = handed.get(node)?.behind ?? new Map<string, number>();
	handed.set(node, { last: rowKey(to), behind: behind.set(rowKey(from), Date.now()) });
}

export interface Turn {
	/** Identifies the node in this n8n. */
	node: string;
	/** The node's static data, as this poll got it. */
	stored: object;
	/** Whether n8n publishes the workflow. Such a poll waits for its turn; others are skipped. */
	activation: boolean;
	/** Whether the durable scheduler runs the poll. */
	scheduled: boolean;
	/** Time that the poll may take, in ms. */
	budgetMs: number;
}

/**
 * Whether n8n is about to store the state of a poll in the database, where others read it. Without
 * events, it stores only the durable cursor of a scheduled poll.
 */
function isHandedOver({ stored, scheduled }: Turn, hasEvents: boolean): boolean {
	const isDurable = hasDurableCursors(stored);
	return hasEvents ? isDurable || scheduled : isDurable && scheduled;
}

/** The poll of the node that has its turn. */
function runningNow(node: string): Running | undefined {
	const other = running.get(node);
	return other && other.until > Date.now() ? other : undefined;
}

/** Waits for another poll of the node. @returns whether there may be more to find afterwards */
async function outlasts(other: Running, { activation }: Turn): Promise<boolean> {
	if (!activation) return false;
	const left = other.until - Date.now();
	const found = await withTimeout(left, other.ended, () => new Error('')).catch(() => null);
	return !found;
}

/**
 * Runs one poll of a node at a time, which n8n doesn't ensure: two would emit the same events. A
 * poll that comes meanwhile finds nothing, and the next one continues. The durable scheduler runs
 * polls with a state that was read before another poll's is stored: after a restart all missed ones
 * at once, and any while the database hangs. They find nothing either. A poll that exceeds its
 * budget can lose its turn: `isMine` then returns false, and what it found isn't used.
 */
export async function inTurn<Found>(
	turn: Turn,
	work: (isMine: () => boolean) => Promise<Found | null>,
): Promise<Found | null> {
	const { node, stored, scheduled, budgetMs } = turn;
	// Nothing may come between the last look and taking the turn.
	for (let other = runningNow(node); other; other = runningNow(node)) {
		if (!(await outlasts(other, turn))) return null;
	}
	// As text, which takes time, and only where n8n stores the state late.
	const isWatched = scheduled || hasDurableCursors(stored);
	const from = isWatched ? JSON.stringify(stored) : '';
	if (isWatched && isLeftBehind(node, from)) return null;
	const mine: Running = { until: Date.now() + budgetMs + GRACE_MS, ended: Promise.resolve() };
	const isMine = () => running.get(node) === mine;
	running.set(node, mine);
	const working = work(isMine);
	mine.ended = working.catch(() => null);
	try {
		const found = await working;
		if (!isMine()) return null;
		if (isHandedOver(turn, found !== null)) leaveBehind(node, from, JSON.stringify(stored));
		return found;
	} finally {
		if (isMine()) running.delete(node);
	}
}
