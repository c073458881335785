import type { IPollFunctions } from 'n8n-workflow';

import { agentScopeParameter, readAgentScope } from '../descriptions/agentScope';
import type { Address, AgentScope } from '../domain/address';
import type { Settings } from './cursor';
import { readEventFilter, readEventOptions } from './parameters';
import { pollBudget, thisProcess } from './scheduler';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Share of n8n's budget that is left for deciding and storing. */
const RESERVE = 0.1;

/** Rows dated further in the future than this, in ms, don't count as the newest of their agent. */
const FUTURE_MS = DAY_MS;

/** What one poll is to do, from the node's parameters. */
export interface TriggerSettings extends Settings {
	agents: AgentScope;
	/** Display name of the parameter that selects the agents. */
	agentsParameter: string;
	/** Maximum events of one poll. */
	maxEvents: number;
	/** When reading ends, epoch ms. The next poll reads the rest. */
	deadline: number;
	/** When the poll has to end, epoch ms. */
	end: number;
	/** This n8n process. Only set if the last batch is repeated after a restart. */
	process?: string;
	/** Whether events have only the fields that most workflows need. */
	isSimple: boolean;
}

/**
 * @param ownAgent the agent of an agent session, which reads only itself
 * @param now epoch ms
 * @throws ParameterError that names the invalid parameter
 */
export function readSettings(
	context: IPollFunctions,
	ownAgent: Address | undefined,
	now: number,
): TriggerSettings {
	const { existingDays, lookBackMinutes, maxEvents, isSimple, repeatsLastBatch } =
		readEventOptions(context);
	const get = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, fallback);
	const chosen = readAgentScope(get);
	const agents = ownAgent === undefined ? chosen : [ownAgent];
	const budgetMs = pollBudget(context);
	return {
		agents,
		agentsParameter: agentScopeParameter(get),
		scope: agents === 'all' ? 'all' : 'selected',
		filter: readEventFilter(context),
		now,
		...(existingDays > 0 && { existingSince: now - existingDays * DAY_MS }),
		lookBackMs: lookBackMinutes * MINUTE_MS,
		horizon: now + FUTURE_MS,
		maxEvents,
		deadline: now + budgetMs * (1 - RESERVE),
		end: now + budgetMs,
		...(repeatsLastBatch && { process: thisProcess }),
		isSimple,
	};
}
