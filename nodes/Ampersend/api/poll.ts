import pLimit from 'p-limit';

import type { Address } from '../domain/address';
import type { CursorState, ReadingPlan, Reading, TriggerEvent } from '../domain/cursor';
import { advance, planReading, toSample } from '../domain/cursor';
import { addressKey } from '../domain/address';
import type { Agent } from '../schemas/agent';
import { CallError } from './errors';
import { CONCURRENCY } from './history';
import { listActivity, listAgents, take } from './paginate';
import type { Client } from './send';

/** Rows of the page that an idle poll reads. */
const FIRST_PAGE = 20;

/** Events that a manual run shows. */
const SAMPLE_SIZE = 10;

type Scope = 'all' | Address[];

/** An agent that was chosen and has vanished is left out, quietly: the others still matter. */
function choose(existing: Agent[], scope: Scope): Agent[] {
	if (scope === 'all') return existing;
	const chosen = new Set(scope.map(addressKey));
	return existing.filter(({ address }) => chosen.has(addressKey(address)));
}

async function readAgent(client: Client, agent: Agent, plan: ReadingPlan): Promise<Reading> {
	const rows: Reading['rows'] = [];
	// The preset is not narrowed: pages end the reading, and no clock is asked.
	const query = { preset: 'all', firstPageSize: FIRST_PAGE, ...plan } as const;
	for await (const page of listActivity(client, agent.address, query)) rows.push(...page);
	return { agent, rows };
}

export interface PollResult {
	state: CursorState;
	/** Oldest first. */
	events: TriggerEvent[];
	/** Agents that could not be read this time, while others could. */
	skipped: Array<{ agent: Agent; error: CallError }>;
}

/**
 * One poll: reads every chosen agent and decides what is new.
 * @throws CallError where the list of agents, or no agent at all, could be read
 */
export async function pollActivity(
	client: Client,
	scope: Scope,
	state: CursorState | undefined,
): Promise<PollResult> {
	const existing = await take(listAgents(client), Infinity);
	const watched = choose(existing, scope);
	const skipped: PollResult['skipped'] = [];
	const readings: Reading[] = [];
	const atOnce = pLimit(CONCURRENCY);
	await Promise.all(
		watched.map((agent) =>
			atOnce(async () => {
				try {
					readings.push(await readAgent(client, agent, planReading(state, agent)));
				} catch (error) {
					if (!(error instanceof CallError)) return await Promise.reject(error);
					skipped.push({ agent, error });
				}
			}),
		),
	);
	const [first] = skipped;
	if (first && readings.length === 0) throw first.error;
	return { ...advance(state, { existing, watched, readings }), skipped };
}

/** The latest events of the chosen agents, oldest first; nothing is remembered. */
export async function sampleActivity(client: Client, scope: Scope): Promise<TriggerEvent[]> {
	const watched = choose(await take(listAgents(client), Infinity), scope);
	const atOnce = pLimit(CONCURRENCY);
	const readings = await Promise.all(
		watched.map((agent) =>
			atOnce(async () => await readAgent(client, agent, { behindNewest: 0 })),
		),
	);
	return toSample(readings).slice(-SAMPLE_SIZE);
}
