import type { AgentScope } from '../domain/address';
import { addressKey } from '../domain/address';
import type { CursorState, Reading, ReadingPlan, TriggerEvent } from '../domain/cursor';
import { advance, planReading, toSample } from '../domain/cursor';
import { InputRefusal } from '../domain/input';
import type { Agent } from '../schemas/agent';
import { readAgents } from './concurrency';
import { CallError } from './errors';
import { listActivity, listAgents, take } from './paginate';
import type { Client } from './send';

/** Rows of the page that an idle poll reads. */
const FIRST_PAGE = 20;

/** Events that a manual run shows. */
const SAMPLE_SIZE = 10;

/** An agent that was chosen and has vanished is left out, quietly: the others still matter. */
function choose(existing: Agent[], scope: AgentScope): Agent[] {
	if (scope === 'all') return existing;
	const chosen = new Set(scope.map(addressKey));
	return existing.filter(({ address }) => chosen.has(addressKey(address)));
}

async function readAgent(client: Client, agent: Agent, plan: ReadingPlan): Promise<Reading> {
	const rows: Reading['rows'] = [];
	// The preset is not narrowed: pages end the reading, and no clock is asked.
	const query = { preset: 'all', firstPageSize: FIRST_PAGE, ...plan } as const;
	for await (const page of listActivity(client, agent.address, query)) rows.push(...page.rows);
	return { agent, rows };
}

export interface PollResult {
	state: CursorState;
	/** Oldest first. */
	events: TriggerEvent[];
	/** Agents that could not be read this time, while others could. */
	skipped: Array<{ agent: Agent; error: CallError; hasBaseline: boolean }>;
}

/**
 * One poll: reads every chosen agent and decides what is new.
 * @throws CallError where the list of agents, or no agent at all, could be read; InputRefusal where
 * the first poll finds none of the chosen agents
 */
export async function pollActivity(
	client: Client,
	scope: AgentScope,
	state: CursorState | undefined,
): Promise<PollResult> {
	const existing = await take(listAgents(client), Infinity);
	const watched = choose(existing, scope);
	if (scope !== 'all' && state === undefined && watched.length === 0) {
		throw new InputRefusal(
			'Agent Names or IDs',
			`none of the selected ones is an agent of this account (${scope.join(', ')}).`,
			'Select agents of this account, or use an API key of the account that owns them.',
		);
	}
	const failed: Array<{ agent: Agent; error: CallError }> = [];
	const readings = await readAgents(watched, async (agent) => {
		try {
			return await readAgent(client, agent, planReading(state, agent));
		} catch (error) {
			if (!(error instanceof CallError)) return await Promise.reject(error);
			failed.push({ agent, error });
			return undefined;
		}
	});
	const [first] = failed;
	if (first && failed.length === watched.length) throw first.error;
	const result = advance(state, {
		existing,
		watched,
		readings: readings.filter((reading) => reading !== undefined),
	});
	const skipped = failed.map(({ agent, error }) => ({
		agent,
		error,
		hasBaseline: Object.hasOwn(result.state.agents, addressKey(agent.address)),
	}));
	return { ...result, skipped };
}

/** The latest wanted events of the chosen agents, oldest first; nothing is remembered. */
export async function sampleActivity(
	client: Client,
	scope: AgentScope,
	isWanted: (event: TriggerEvent) => boolean,
): Promise<TriggerEvent[]> {
	const watched = choose(await take(listAgents(client), Infinity), scope);
	const readings = await readAgents(watched, async (agent) => {
		return await readAgent(client, agent, { behindNewest: 0 });
	});
	return toSample(readings).filter(isWanted).slice(-SAMPLE_SIZE);
}
