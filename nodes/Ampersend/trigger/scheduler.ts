import type { IPollFunctions } from 'n8n-workflow';

import { withTimeout } from '../api/timeLimit';
import type { StoredState } from './state';

/*
 * What n8n doesn't tell a poll: whether n8n publishes the workflow, whether another poll of the
 * node is running, and the state after publishing if n8n dropped it. It's kept in memory while n8n
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
export function isDurable(context: IPollFunctions): boolean {
	return pollBudget(context) !== UNSCHEDULED_BUDGET_MS;
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
	return context.getActivationMode() === 'update' ? isFresh && !isDurable(context) : isFirst;
}

interface Running {
	ended: Promise<unknown>;
	/** When another poll may take over, epoch ms. */
	until: number;
}

const running = new Map<string, Running>();

/** By node: states that a poll has continued from, and when (epoch ms). */
const leftBehind = new Map<string, Map<string, number>>();

/**
 * How long n8n may take to store a state, in ms. Until then, polls with an older one may still
 * start.
 */
const STORING_MS = 30_000;

/** Whether a poll has just continued from this state. If so, n8n is storing a newer one. */
function isLeftBehind(node: string, state: string): boolean {
	const states = leftBehind.get(node) ?? new Map<string, number>();
	for (const [one, at] of states) if (Date.now() - at >= STORING_MS) states.delete(one);
	return states.has(state);
}

export interface Turn {
	/** Identifies the node in this n8n. */
	node: string;
	/** The node's static data, as this poll got it. */
	stored: object;
	/** Whether n8n publishes the workflow. Such a poll waits for its turn; others are skipped. */
	activation: boolean;
	durable: boolean;
	/** Time that the poll may take, in ms. */
	budgetMs: number;
}

/**
 * Runs one poll of a node at a time, which n8n doesn't ensure: two would emit the same events. A
 * poll that comes meanwhile finds nothing, and the next one continues. After a restart, the durable
 * scheduler runs all missed polls at once, each with a state that was read before: a poll whose
 * state another poll has already continued from finds nothing either. A poll that exceeds its
 * budget can lose its turn: `isMine` then returns false, and what it found isn't used.
 */
export async function inTurn<Found>(
	{ node, stored, activation, durable, budgetMs }: Turn,
	work: (isMine: () => boolean) => Promise<Found | null>,
): Promise<Found | null> {
	for (let other = running.get(node); other; other = running.get(node)) {
		const left = other.until - Date.now();
		if (left <= 0) break;
		if (!activation) return null;
		const found = await withTimeout(left, other.ended, () => new Error('')).catch(() => null);
		if (found) return null;
	}
	const from = JSON.stringify(stored);
	if (durable && isLeftBehind(node, from)) return null;
	const mine: Running = { until: Date.now() + budgetMs + GRACE_MS, ended: Promise.resolve() };
	const isMine = () => running.get(node) === mine;
	running.set(node, mine);
	const working = work(isMine);
	mine.ended = working.catch(() => null);
	try {
		const found = await working;
		if (!isMine()) return null;
		if (durable && JSON.stringify(stored) !== from) {
			const states = leftBehind.get(node) ?? new Map<string, number>();
			leftBehind.set(node, states.set(from, Date.now()));
		}
		return found;
	} finally {
		if (isMine()) running.delete(node);
	}
}

const baselines = new Map<string, StoredState>();

/**
 * Keeps the state after publishing for the durable scheduler's first poll: if the poll at
 * publishing emits nothing, n8n drops what it stored (n8n-core 2.41, poll-trigger-executor.js).
 */
export function handOver(node: string, baseline: StoredState): void {
	baselines.set(node, baseline);
}

/** The state after publishing, until n8n has stored one. */
export function handedOver(node: string): StoredState | undefined {
	return baselines.get(node);
}

export function forgetHandover(node: string): void {
	baselines.delete(node);
}
