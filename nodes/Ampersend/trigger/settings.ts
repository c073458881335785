import { agentScopeParameter, readAgentScope } from '../descriptions/agentScope';
import type { Read } from '../descriptions/reader';
import type { Address, AgentScope } from '../domain/address';
import type { Settings } from './cursor';
import type { LevelWants } from './levels';
import {
	readEventFilter,
	readEventOptions,
	readEvents,
	readLevelWants,
	wantsPayments,
} from './parameters';
import { thisProcess } from './scheduler';

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
	/** Whether payment events start the workflow. */
	payments: boolean;
	/** Absent if no level does. */
	levels?: LevelWants;
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
 * @param budgetMs time that n8n gives the poll
 * @throws ParameterError that names the invalid parameter
 */
export function readSettings(
	read: Read,
	ownAgent: Address | undefined,
	now: number,
	budgetMs: number,
): TriggerSettings {
	const { existingDays, lookBackMinutes, maxEvents, isSimple, repeatsLastBatch } =
		readEventOptions(read);
	const chosen = readAgentScope(read);
	const events = readEvents(read);
	const levels = readLevelWants(read, events);
	const agents = ownAgent === undefined ? chosen : [ownAgent];
	return {
		agents,
		agentsParameter: agentScopeParameter(read),
		scope: agents === 'all' ? 'all' : 'selected',
		filter: readEventFilter(read, events),
		payments: wantsPayments(events),
		...(Object.keys(levels).length > 0 && { levels }),
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
