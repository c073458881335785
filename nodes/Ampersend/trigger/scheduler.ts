import type { IPollFunctions } from 'n8n-workflow';

import { within } from '../api/timeLimit';
import type { StoredState } from './state';

/*
 * What n8n's engine doesn't tell a poll: whether n8n publishes the workflow, whether another poll
 * of the node is running, and what the poll at publishing found that n8n didn't keep. Kept in
 * memory for as long as n8n runs, by node: workflow and node id, as n8n's own scheduler names it.
 */

/** What n8n gives a poll outside its durable scheduler (n8n-core 2.41, poll-context.js), in ms. */
const UNSCHEDULED_BUDGET_MS = 300_000;

/** How long a poll that has used up its budget may take to end, in ms. */
const GRACE_MS = 5_000;

/** Names this run of n8n. */
export const thisProcess = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

/** Milliseconds that a poll may take. Older releases of n8n don't say. */
export function pollBudget(context: IPollFunctions): number {
	return 'getPollBudgetMs' in context ? context.getPollBudgetMs() : UNSCHEDULED_BUDGET_MS;
}

/** Whether the durable scheduler runs this poll: it has a time of its own for each. */
export function isDurable(context: IPollFunctions): boolean {
	return pollBudget(context) !== UNSCHEDULED_BUDGET_MS;
}

const polled = new WeakSet<object>();

/**
 * Whether n8n publishes the workflow with this poll. n8n's own mode is no answer: by default the
 * polls after it carry it too, and those of the durable scheduler are all called an update.
 * @param stored the node's static data, which n8n makes anew each time it publishes
 */
export function isActivation(context: IPollFunctions, stored: object): boolean {
	const [isFirst, isFresh] = [!polled.has(context), !polled.has(stored)];
	polled.add(context).add(stored);
	return context.getActivationMode() === 'update' ? isFresh && !isDurable(context) : isFirst;
}

interface Running {
	ended: Promise<unknown>;
	/** Epoch ms from which on another poll may take its turn. */
	until: number;
}

const running = new Map<string, Running>();

/** By node: states from which polls went on, and when (epoch ms). */
const leftBehind = new Map<string, Map<string, number>>();

/**
 * For how long n8n may take to store a state, and polls with an older one may still begin, in ms.
 */
const STORING_MS = 30_000;

/**
 * Whether a poll went on from this state a moment ago: then it is older than what n8n is storing.
 */
function isLeftBehind(node: string, state: string): boolean {
	const states = leftBehind.get(node) ?? new Map<string, number>();
	for (const [one, at] of states) if (Date.now() - at >= STORING_MS) states.delete(one);
	return states.has(state);
}

export interface Turn {
	/** Names the node among all nodes of this n8n. */
	node: string;
	/** The node's static data, as this poll has it. */
	stored: object;
	/** Whether n8n publishes the workflow: such a poll waits where others are left out. */
	activation: boolean;
	durable: boolean;
	/** ms that the poll may take. */
	budgetMs: number;
}

/**
 * Lets one poll of a node work at a time, which n8n doesn't: two would emit the same events. One
 * that comes meanwhile finds nothing, and the next continues. After a restart the durable scheduler
 * runs all polls that it missed at once, each with a state that was read before; one of those that
 * begins from a state which another has left behind finds nothing either. A poll that outlasts its
 * budget loses its turn: `isMine` then says so, and what it found is not used.
 */
export async function inTurn<Found>(
	{ node, stored, activation, durable, budgetMs }: Turn,
	work: (isMine: () => boolean) => Promise<Found | null>,
): Promise<Found | null> {
	for (let other = running.get(node); other; other = running.get(node)) {
		const left = other.until - Date.now();
		if (left <= 0) break;
		if (!activation) return null;
		const found = await within(left, other.ended, () => new Error('')).catch(() => null);
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
 * Keeps the state after publishing for the first poll of the durable scheduler: n8n drops what a
 * poll that finds no event at publishing has stored (n8n-core 2.41, poll-trigger-executor.js).
 */
export function handOver(node: string, baseline: StoredState): void {
	baselines.set(node, baseline);
}

/** The state after publishing, until a poll has stored a newer one. */
export function handedOver(node: string): StoredState | undefined {
	return baselines.get(node);
}

export function forgetHandover(node: string): void {
	baselines.delete(node);
}
