import type { Directory } from '../api/agents';
import { lookUpAgents, requireAgents } from '../api/agents';
import type { Client } from '../api/client';
import { withoutRetry } from '../api/client';
import { CallError, errorForPaging } from '../api/errors';
import { sendForPage } from '../api/lists/activityPages';
import { aFewAtOnce } from '../api/lists/concurrency';
import type { AgentRow } from '../api/lists/merge';
import { newestRows, readTransactions } from '../api/lists/merge';
import type { Pages, ActivityRow } from '../api/lists/pages';
import { PagingObservation } from '../api/lists/pages';
import { ReadAhead } from '../api/lists/readAhead';
import { routes } from '../api/routes';
import type { Address } from '../domain/address';
import { addressKey } from '../domain/address';
import { matcherOf } from '../domain/filter';
import { withoutUndefined } from '../domain/json';
import { ParameterError } from '../domain/parameter';
import { rethrow } from '../domain/rethrow';
import type { PaymentChange } from './cursor';
import { advance, beginWith, condensed, startOf, waitsSince } from './cursor';
import type { Baseline, Reading, Wants } from './reading';
import { isBehind, readBaseline, readNews, sizes } from './reading';
import type { TriggerSettings } from './settings';
import type { AgentCursor, AgentId, TriggerState } from './state';
import { MAX_AGENTS } from './state';

/**
 * How many agents are read at the same time: few at first, so that each gets several pages if a
 * poll has time for few.
 */
const CONCURRENCY = 4;

/** The same once an agent was read within `FAST_MS`. */
const FAST_CONCURRENCY = 10;
const FAST_MS = 1_000;

/** Pages of an agent are read ahead while at most this many agents are left to read. */
export const MAX_READ_AHEAD = 2;

/** After so many wrong guesses, the service's count says too little to read ahead. */
const MAX_WRONG_GUESSES = 3;

/** Maximum pages that a manual run reads for each agent. */
const MAX_SAMPLE_PAGES = 5;

export interface FoundEvent extends PaymentChange, AgentRow<ActivityRow> {}

export interface PollResult {
	state: TriggerState;
	/** Oldest first. */
	events: FoundEvent[];
	/** Agents that couldn't be read this time, while others could. */
	skipped: Array<{ agent: AgentId; error: CallError }>;
	/** Agents that there was no time to read, or to read in full. */
	unread: AgentId[];
}

/** Whether the next poll may succeed. */
export function isTransient({ failure }: CallError): boolean {
	return failure?.cause === 'rate-limited' || failure?.cause === 'temporarily-unavailable';
}

/** The result of reading one agent. */
interface Outcome {
	/** Everything, or as much as could be read. */
	reading?: Reading | Baseline;
	error?: CallError;
	isOutOfTime?: boolean;
	/** What the reading started from, if a baseline was read before it. */
	start?: AgentCursor;
}

/**
 * Ends a reading without further pages, and returns what it has.
 * @throws PagingObservation if it can't be continued from there
 */
function finish(pages: Pages<Reading | Baseline | undefined>): Reading | Baseline | undefined {
	let step = pages.next(undefined);
	while (!step.done) step = pages.next(undefined);
	return step.value;
}

function errorOf(observation: PagingObservation): CallError {
	return errorForPaging(routes.listActivity, observation.message, observation.isTransient);
}

/** The result after a page that couldn't be read. */
async function endWith(
	error: CallError,
	pages: Pages<Reading | Baseline | undefined>,
	deadline: number,
): Promise<Outcome> {
	// The deadline cut the call short: the service isn't to blame.
	const isOutOfTime = Date.now() >= deadline;
	try {
		const reading = finish(pages);
		return isOutOfTime ? { reading, isOutOfTime } : { reading, error };
	} catch (thrown) {
		if (!(thrown instanceof PagingObservation)) rethrow(thrown);
		return isOutOfTime ? { error: errorOf(thrown), isOutOfTime } : { error };
	}
}

/** Requests the pages of an agent, and early those of a backlog if the service is fast. */
export function pagesOf(client: Client, address: Address, mayReadAhead: () => boolean): ReadAhead {
	const once = withoutRetry(client);
	let isFast = true;
	// Not a narrower preset: it would depend on a clock, and the reading knows when to stop.
	const ahead: ReadAhead = new ReadAhead(
		async (page) => {
			const startedAt = Date.now();
			const answer = await sendForPage(client, address, 'all', page);
			isFast &&= Date.now() - startedAt < FAST_MS;
			return answer;
		},
		() => isFast && ahead.wrongGuesses < MAX_WRONG_GUESSES && mayReadAhead(),
		async (page) => {
			try {
				return await sendForPage(once, address, 'all', page);
			} catch {
				isFast = false;
				return undefined;
			}
		},
	);
	return ahead;
}

/** Runs a reading page by page, until it's done, a page can't be read, or time is up. */
export async function carryOut(
	ahead: ReadAhead,
	pages: Pages<Reading | Baseline | undefined>,
	deadline: number,
): Promise<Outcome> {
	try {
		let step = pages.next();
		while (!step.done) {
			if (Date.now() >= deadline) return { reading: finish(pages), isOutOfTime: true };
			step = pages.next(await ahead.read({ ...step.value, until: step.value.until ?? 0 }));
		}
		return { reading: step.value };
	} catch (error) {
		if (error instanceof PagingObservation) return { error: errorOf(error) };
		if (error instanceof CallError) return await endWith(error, pages, deadline);
		rethrow(error);
	} finally {
		await ahead.end();
	}
}

/** Whether every chosen agent has a position and wasn't missing, so that no look-up is needed. */
function isEachKnown(state: TriggerState | undefined, chosen: AgentId[]): boolean {
	return chosen.every((id) => {
		const cursor = state?.agents.get(id);
		return cursor && !cursor.isMissing;
	});
}

/** Whether agents have been read, or looked up, since the first publishing. */
function hasBeenRead(state: TriggerState | undefined): boolean {
	if (!state?.isUnread) return state !== undefined;
	return [...state.agents.values()].some((cursor) => cursor !== null);
}

function choose(
	{ agents, agentsParameter }: Pick<TriggerSettings, 'agents' | 'agentsParameter'>,
	directory: Directory | undefined,
	state: TriggerState | undefined,
): { watched: AgentId[]; missing: AgentId[] } {
	const wanted = agents === 'all' ? [...(state?.agents.keys() ?? [])] : agents.map(addressKey);
	const missing = wanted.filter((id) => directory && !directory.has(id));
	const watched =
		agents === 'all'
			? [...(directory?.keys() ?? [])]
			: wanted.filter((id) => !missing.includes(id));
	const mayBeWrong = agents !== 'all' && !hasBeenRead(state);
	if (mayBeWrong && directory) requireAgents(directory, agents, agentsParameter);
	rejectTooMany(watched);
	return { watched, missing };
}

/** @throws ParameterError */
export function rejectTooMany({ length }: AgentId[]): void {
	if (length <= MAX_AGENTS) return;
	throw new ParameterError(
		'Agents',
		`a trigger can watch up to ${MAX_AGENTS} agents. This account has ${length}.`,
		'Split the agents among several triggers. No payment event is lost.',
	);
}

/** No agent is started with less time than this, in ms: it would lose its turn for nothing. */
const MIN_MS = 100;

/** Agents with a backlog that are read before the others: half of those read at the same time. */
const MAX_AHEAD = 2;

/**
 * Starts where the last poll ended. A few agents with a backlog go first: they need a turn in each
 * poll.
 */
function orderOf(state: TriggerState | undefined, watched: AgentId[]): AgentId[] {
	const start = Math.max(0, watched.indexOf(state?.next ?? ''));
	const order = [...watched.slice(start), ...watched.slice(0, start)];
	const behind = order.filter((id) => {
		const cursor = state?.agents.get(id);
		return cursor && isBehind(cursor);
	});
	return [...new Set([...behind.slice(0, MAX_AHEAD), ...order])];
}

/**
 * Of the agents answered with 403 or 404, those no longer in the account; none if that can't be
 * checked.
 */
async function findGone(client: Client, outcomes: Map<AgentId, Outcome>): Promise<AgentId[]> {
	const denied = [...outcomes].flatMap(([id, { error }]) =>
		error?.status === 404 || error?.status === 403 ? [id] : [],
	);
	if (denied.length === 0) return [];
	try {
		const directory = await lookUpAgents(client);
		return denied.filter((id) => !directory.has(id));
	} catch (error) {
		return error instanceof CallError ? [] : rethrow(error);
	}
}

/** Of an agent that has waited for its baseline. */
interface Wait {
	until?: number;
	earlier?: TriggerState['earlier'];
}

/** What a poll reads, before anything is known of it. */
interface Targets {
	/** Of the account, where it was looked up. */
	directory: Directory | undefined;
	watched: AgentId[];
	missing: AgentId[];
	/** Of the watched agents. */
	starts: Map<AgentId, AgentCursor | null>;
	/** When an agent's baseline ends, epoch ms, and what applies until then. Empty if that's now. */
	waitOf: (id: AgentId) => Wait;
}

/** @throws ParameterError or CallError, as `pollActivity` */
async function findTargets(
	client: Client,
	state: TriggerState | undefined,
	settings: TriggerSettings,
	lookedUp: Directory | undefined,
): Promise<Targets> {
	const { agents } = settings;
	const needsLookUp = agents === 'all' || !isEachKnown(state, agents.map(addressKey));
	const directory = lookedUp ?? (needsLookUp ? await lookUpAgents(client) : undefined);
	const { watched, missing } = choose(settings, directory, state);
	const createdAt = (id: AgentId) => directory?.get(id)?.createdAt ?? 0;
	const starts = watched.map((id) => [id, startOf(state, id, createdAt(id), settings)] as const);
	const waitOf = (id: AgentId) => {
		const until = waitsSince(state, id, settings.now);
		return until < settings.now ? { until, earlier: state?.earlier } : {};
	};
	return { directory, watched, missing, starts: new Map(starts), waitOf };
}

/**
 * Reads one agent, in full or in part. A baseline is reduced to what its cursor needs. One that
 * ends earlier is followed by what is new.
 */
async function readAgent(
	ahead: ReadAhead,
	cursor: AgentCursor | null | undefined,
	wants: Wants & Wait,
	deadline: number,
): Promise<Outcome> {
	if (cursor) return await carryOut(ahead, readNews(cursor, wants), deadline);
	const outcome = await carryOut(ahead, readBaseline(wants), deadline);
	const { reading } = outcome;
	if (!reading || !('floor' in reading)) return outcome;
	const baseline = condensed(reading, wants.earlier);
	const { cursor: start } = baseline;
	if (wants.until === undefined || !start) return { ...outcome, reading: baseline };
	const news = await carryOut(ahead, readNews(start, wants), deadline);
	return news.reading ? { ...news, start } : { ...news, reading: baseline };
}

/** Whether the service limits the rate, and the agent wasn't read for that. */
const isLimited = ({ error }: Outcome = {}) => error?.failure?.cause === 'rate-limited';

/** Reads agents until time is up, or the service turns the poll away. */
async function readInOrder(
	client: Client,
	order: AgentId[],
	{ directory, starts, waitOf }: Targets,
	settings: TriggerSettings,
): Promise<Map<AgentId, Outcome>> {
	const { filter, deadline, maxEvents: enough } = settings;
	const wants = { ...settings, enough, counts: matcherOf(filter), sizes };
	const outcomes = new Map<AgentId, Outcome>();
	let isTurnedAway = false;
	await aFewAtOnce(order, CONCURRENCY, async (id, atOnce) => {
		const mayReadAhead = () => atOnce.activeCount + atOnce.pendingCount <= MAX_READ_AHEAD;
		const startedAt = Date.now();
		if (isTurnedAway || startedAt >= deadline - MIN_MS) return;
		outcomes.set(id, { isOutOfTime: true });
		const ahead = pagesOf(client, directory?.get(id)?.address ?? id, mayReadAhead);
		const outcome = await readAgent(ahead, starts.get(id), { ...wants, ...waitOf(id) }, deadline);
		outcomes.set(id, outcome);
		isTurnedAway ||= isLimited(outcome);
		if (Date.now() - startedAt < FAST_MS) atOnce.concurrency = FAST_CONCURRENCY;
	});
	return outcomes;
}

export type Failed = Array<{ agent: AgentId; error: CallError }>;

/** The error to show of several: one that doesn't pass, or else one of the service itself. */
export function worstOf(failed: Failed): CallError | undefined {
	const lasting = failed.find(({ error }) => !isTransient(error));
	return (lasting ?? failed.find(({ error }) => !error.isHeld) ?? failed[0])?.error;
}

/** @throws CallError if something failed, and no agent could be read */
function rejectNothingRead(
	failed: Failed,
	readings: Map<AgentId, Reading>,
	outcomes: Map<AgentId, Outcome>,
): void {
	const hasRead = [...readings].some(([id, reading]) => {
		const hasBaseline = 'floor' in reading && reading.asOf > 0;
		return reading.rows.length > 0 || hasBaseline || !outcomes.get(id)?.error;
	});
	const worst = worstOf(failed);
	if (worst && !hasRead) throw worst;
}

/** Adds the agents' names. Looks them up if that hasn't been done. */
async function withAgents(
	events: PaymentChange[],
	directory: Directory | undefined,
	client: Client,
): Promise<FoundEvent[]> {
	if (events.length === 0) return [];
	const agents = directory ?? (await lookUpAgents(client));
	return events.map((event) => {
		const address = event.row.wire.agent_address;
		return { ...event, agent: agents.get(event.id) ?? { address, name: address } };
	});
}

/**
 * One poll: reads the chosen agents and decides what is new. If all are chosen, or one has no
 * position or was missing, it looks the agents up first. Otherwise it does so only to name the
 * agents of events.
 * @param lookedUp the watched agents, where this poll has looked them up
 * @throws CallError if no agent could be read, or they couldn't be looked up; ParameterError if a
 * chosen agent isn't in the account at the first poll, or there are too many agents
 */
export async function pollActivity(
	client: Client,
	stored: TriggerState | undefined,
	settings: TriggerSettings,
	lookedUp?: Directory,
): Promise<PollResult> {
	const begun = beginWith(stored, settings.filter, settings.process);
	const { state } = begun;
	const targets = await findTargets(client, state, settings, lookedUp);
	const { watched, directory } = targets;
	const order = orderOf(state, watched);
	const outcomes = await readInOrder(client, order, targets, settings);

	const gone = new Set(await findGone(client, outcomes));
	const present = new Map([...outcomes].filter(([id]) => !gone.has(id)));
	const failed = watched.flatMap((agent) => {
		const error = present.get(agent)?.error;
		return error ? [{ agent, error }] : [];
	});
	const read = order.flatMap((id) => {
		const reading = present.get(id)?.reading;
		return reading ? [[id, reading] as const] : [];
	});
	const readings = new Map(read);
	rejectNothingRead(failed, readings, outcomes);

	const unread = order.filter((id) => !outcomes.has(id) || outcomes.get(id)?.isOutOfTime);
	// The next poll starts with the first agent that this one didn't get to, so that those that took
	// its time or its requests don't keep the others waiting.
	const left = order.find((id) => !outcomes.has(id));
	const next =
		left ??
		order.find((id) => isLimited(outcomes.get(id))) ??
		(unread.length > 0 ? state?.next : undefined);
	const starts = watched.flatMap((id) => {
		const start = present.get(id)?.start ?? targets.starts.get(id) ?? null;
		return gone.has(id) ? [] : [[id, start] as const];
	});
	const decided = advance(begun, {
		...settings,
		starts: new Map(starts),
		missing: [...targets.missing, ...gone],
		readings,
		...withoutUndefined({ next }),
	});
	// Events that were found are worth a call after the deadline.
	const events = await withAgents(decided.events, directory, { ...client, deadline: settings.end });
	return { state: decided.state, events, skipped: failed, unread };
}

/** The latest events of the chosen agents that pass, oldest first. Nothing is stored. */
export async function sampleActivity(
	client: Client,
	settings: Pick<TriggerSettings, 'agents' | 'agentsParameter' | 'filter' | 'now'>,
): Promise<FoundEvent[]> {
	const { filter, now } = settings;
	const directory = await lookUpAgents(client);
	const { watched } = choose(settings, directory, undefined);
	const agents = watched.flatMap((id) => directory.get(id) ?? []);
	const query = { agents, filter, now, maxPages: MAX_SAMPLE_PAGES };
	const latest = await newestRows((reading) => readTransactions(client, query, reading), 1);
	return latest.map(({ row, agent }) => ({
		id: addressKey(agent.address),
		row,
		previousStatus: null,
		earlierStatuses: [],
		agent,
	}));
}
