import type { IPollFunctions } from 'n8n-workflow';

import type { StoredState } from '../domain/cursor-state';

/*
 * What n8n's engine does not tell a poll: whether the workflow is being activated, whether another poll
 * of the node is under way, and what an activation found that n8n did not keep. Kept in memory, for as
 * long as n8n runs.
 */

/** What n8n gives a poll outside its durable scheduler (n8n-core 2.41, poll-context.js), in ms. */
const UNSCHEDULED_BUDGET_MS = 300_000;

/** Milliseconds that a poll may take. Older releases of n8n do not say. */
export function pollBudget(context: IPollFunctions): number {
	return 'getPollBudgetMs' in context ? context.getPollBudgetMs() : UNSCHEDULED_BUDGET_MS;
}

/** Whether the durable scheduler runs this poll: it has a time of its own for each. */
export function isDurable(context: IPollFunctions): boolean {
	return pollBudget(context) !== UNSCHEDULED_BUDGET_MS;
}

const polled = new WeakSet<object>();

/**
 * Whether a poll is the one by which n8n activates, or publishes again. n8n's own mode is no answer: by
 * default the polls after it carry it too, and those of the durable scheduler are all called an update.
 * @param stored the node's static data, which n8n makes anew at each activation
 */
export function isActivation(context: IPollFunctions, stored: object): boolean {
	const [isFirst, isFresh] = [!polled.has(context), !polled.has(stored)];
	polled.add(context).add(stored);
	return context.getActivationMode() === 'update' ? isFresh && !isDurable(context) : isFirst;
}

const underWay = new Map<string, Promise<unknown>>();

/** By node: states from which polls went on, and when (epoch ms). */
const leftBehind = new Map<string, Map<string, number>>();

/** For how long n8n may take to store a state, and polls with an older one may still begin, in ms. */
const STORING_MS = 30_000;

/** Whether a poll went on from this state a moment ago: then it is older than what n8n is storing. */
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
	/** Whether n8n activates: such a poll waits where others are left out. */
	activation: boolean;
	durable: boolean;
}

/**
 * Lets one poll of a node work at a time, which n8n does not: two would tell of the same events. One
 * that comes meanwhile finds nothing, and the next goes on. After a restart the durable scheduler runs
 * all polls that it missed at once, each with a state that was read before; one of those that begins
 * from a state which another has left behind finds nothing either.
 */
export async function inTurn<Found>(turn: Turn, work: () => Promise<Found | null>): Promise<Found | null> {
	const { node, stored, activation, durable } = turn;
	for (let other = underWay.get(node); other; other = underWay.get(node)) {
		if (!activation) return null;
		const found = await other.catch(() => null);
		if (found !== null) return null;
	}
	const from = JSON.stringify(stored);
	if (durable && isLeftBehind(node, from)) return null;
	const working = work();
	underWay.set(node, working);
	try {
		const found = await working;
		if (durable && JSON.stringify(stored) !== from) {
			const states = leftBehind.get(node) ?? new Map<string, number>();
			leftBehind.set(node, states.set(from, Date.now()));
		}
		return found;
	} finally {
		underWay.delete(node);
	}
}

const baselines = new Map<string, StoredState>();

/**
 * Keeps what an activation found for the first poll of the durable scheduler: n8n drops what a poll
 * that finds no event at activation has stored (n8n-core 2.41, poll-trigger-executor.js).
 */
export function handOver(node: string, baseline: StoredState): void {
	baselines.set(node, baseline);
}

/** What the activation found, until a poll has stored more. */
export function handedOver(node: string): StoredState | undefined {
	return baselines.get(node);
}

export function forgetHandover(node: string): void {
	baselines.delete(node);
}
