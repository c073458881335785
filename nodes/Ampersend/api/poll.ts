import type { Address, AgentScope } from '../domain/address';
import { addressKey } from '../domain/address';
import type { AgentKey, Change, Settings } from '../domain/cursor';
import { advance, startOf } from '../domain/cursor';
import type { CursorState } from '../domain/cursor-state';
import { MOST_AGENTS } from '../domain/cursor-state';
import type { EventFilter } from '../domain/filter';
import { lets } from '../domain/filter';
import { InputRefusal } from '../domain/input';
import type { Pages, Reading, Wants } from '../domain/reading';
import { PagingObservation, readBaseline, readNews } from '../domain/reading';
import { epochToMs } from '../domain/time';
import type { AgentLabel } from '../domain/transaction';
import type { Agent } from '../schemas/agent';
import { readAgents } from './concurrency';
import { CallError, errorForPaging } from './errors';
import { listActivity, listAgents, take } from './paginate';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

/** Events that a manual run shows. */
const SAMPLE_SIZE = 10;

/** Pages of each agent that a manual run reads to find them. */
const MOST_SAMPLE_PAGES = 5;

export interface PollSettings extends Omit<Settings, 'scope'>, Omit<Wants, 'enough' | 'counts'> {
	agents: AgentScope;
	/** The most events of one poll. */
	mostEvents: number;
	/** Epoch ms at which reading ends; what is left is read by the next poll. */
	deadline: number;
}

export interface FoundEvent extends Change {
	agent: AgentLabel;
}

export interface PollResult {
	state: CursorState;
	/** Oldest first. */
	events: FoundEvent[];
	/** Agents that could not be read this time, while others could. */
	skipped: Array<{ agent: AgentKey; error: CallError; hasBaseline: boolean }>;
	/** Agents for which there was no time, in part or at all. */
	unread: AgentKey[];
}

/** Whether the next poll may do better. */
export function isPassing({ failure }: CallError): boolean {
	return failure?.cause === 'rate-limited' || failure?.cause === 'temporarily-unavailable';
}

/** What came of reading one agent. */
interface Outcome {
	/** Everything, or as much as could be had. */
	reading?: Reading;
	error?: CallError;
	outOfTime?: boolean;
}

/** What a reading has when no further page is given to it. */
function finish(pages: Pages<Reading | undefined>): Reading | undefined {
	let step = pages.next(undefined);
	while (!step.done) step = pages.next(undefined);
	return step.value;
}

/** Does a reading: page after page, until it has what it wants, a page cannot be had, or time is up. */
async function carryOut(
	client: Client,
	address: Address,
	pages: Pages<Reading | undefined>,
	deadline: number,
): Promise<Outcome> {
	try {
		let step = pages.next();
		while (!step.done) {
			if (Date.now() >= deadline) return { reading: finish(pages), outOfTime: true };
			const { page, limit } = step.value;
			// The preset is not narrowed: pages end the reading, and no clock is asked.
			const query = { preset: 'all', limit, page };
			step = pages.next(await send(client, routes.listActivity, { path: { address }, query }));
		}
		return { reading: step.value };
	} catch (error) {
		if (error instanceof PagingObservation) return { error: errorForPaging(error.message) };
		if (!(error instanceof CallError)) return await Promise.reject(error);
		const reading = finish(pages);
		// A call that the deadline cut short is no trouble of the service.
		return Date.now() >= deadline ? { reading, outOfTime: true } : { reading, error };
	}
}

type Directory = Map<AgentKey, Agent>;

async function lookUpAgents(client: Client): Promise<Directory> {
	const agents = await take(listAgents(client), Infinity);
	return new Map(agents.map((agent) => [addressKey(agent.address), agent]));
}

/** Whether each chosen agent is there is known already, so that they need not be looked up. */
function isSettled(state: CursorState | undefined, chosen: AgentKey[]): boolean {
	return chosen.every((key) => {
		const cursor = state?.agents.get(key);
		return cursor && !cursor.vanished;
	});
}

function choose(
	scope: AgentScope,
	directory: Directory | undefined,
	state: CursorState | undefined,
): { watched: AgentKey[]; vanished: AgentKey[] } {
	const wanted = scope === 'all' ? [...(state?.agents.keys() ?? [])] : scope.map(addressKey);
	const vanished = wanted.filter((key) => directory && !directory.has(key));
	const watched =
		scope === 'all' ? [...(directory?.keys() ?? [])] : wanted.filter((key) => !vanished.includes(key));
	if (scope !== 'all' && !state && vanished.length > 0) {
		throw new InputRefusal(
			'Agents',
			`the account has no agent ${vanished.join(', ')}.`,
			'Choose agents of this account, or use an API key of the account that owns them.',
		);
	}
	if (watched.length > MOST_AGENTS) {
		throw new InputRefusal(
			'Agents',
			`${watched.length} are more than the ${MOST_AGENTS} that one trigger can watch.`,
			'Choose agents, and share them out among several triggers. Nothing was lost.',
		);
	}
	return { watched, vanished };
}

/** Begins with the agent at which the last poll ended. */
function rotate(agents: AgentKey[], first: AgentKey | undefined): AgentKey[] {
	const start = Math.max(0, agents.indexOf(first ?? ''));
	return [...agents.slice(start), ...agents.slice(0, start)];
}

/** Of agents that the service denies, those that are gone; none where that cannot be found out. */
async function findGone(client: Client, outcomes: Map<AgentKey, Outcome>): Promise<AgentKey[]> {
	const denied = [...outcomes].flatMap(([key, { error }]) =>
		error?.status === 404 || error?.status === 403 ? [key] : [],
	);
	if (denied.length === 0) return [];
	try {
		const directory = await lookUpAgents(client);
		return denied.filter((key) => !directory.has(key));
	} catch (error) {
		return error instanceof CallError ? [] : await Promise.reject(error);
	}
}

/**
 * One poll: reads the chosen agents and decides what is new. Where all are chosen, or one of them is
 * not known yet, they are looked up first; else only to name those of which there is something to tell.
 * @throws CallError where no agent could be read, or they could not be looked up; InputRefusal where
 * the first poll does not find a chosen agent
 */
export async function pollActivity(
	client: Client,
	state: CursorState | undefined,
	{ agents: chosen, deadline, ...settings }: PollSettings,
): Promise<PollResult> {
	const needsLookUp = chosen === 'all' || !isSettled(state, chosen.map(addressKey));
	let directory = needsLookUp ? await lookUpAgents(client) : undefined;
	const { watched, vanished } = choose(chosen, directory, state);
	const scope = chosen === 'all' ? 'all' : 'selected';
	const wants: Wants = {
		...settings,
		enough: settings.mostEvents,
		counts: (row) => lets(settings.filter, row),
	};

	const outcomes = new Map<AgentKey, Outcome>();
	const order = rotate(watched, state?.next);
	let isTurnedAway = false;
	await readAgents(order, async (key) => {
		if (isTurnedAway || Date.now() >= deadline) return;
		const start = startOf(state, key, { ...settings, scope });
		const pages = start ? readNews(start, wants) : readBaseline(wants);
		const address = directory?.get(key)?.address ?? key;
		const outcome = await carryOut(client, address, pages, deadline);
		outcomes.set(key, outcome);
		isTurnedAway ||= outcome.error?.failure?.cause === 'rate-limited';
	});

	const gone = new Set(await findGone(client, outcomes));
	const present = watched.filter((key) => !gone.has(key));
	const failed = present.flatMap((key) => {
		const error = outcomes.get(key)?.error;
		return error ? [{ agent: key, error }] : [];
	});
	const readings = new Map<AgentKey, Reading>();
	for (const key of order) {
		const reading = outcomes.get(key)?.reading;
		if (reading && !gone.has(key)) readings.set(key, reading);
	}
	const hasRead = [...readings].some(([key, { rows }]) => rows.length > 0 || !outcomes.get(key)?.error);
	const [first] = failed;
	if (first && !hasRead) throw (failed.find(({ error }) => !isPassing(error)) ?? first).error;

	const unread = order.filter((key) => !outcomes.has(key) || outcomes.get(key)?.outOfTime);
	const result = advance(state, {
		...settings,
		scope,
		watched: present,
		vanished: [...vanished, ...gone],
		readings,
		...(unread[0] !== undefined && { next: unread[0] }),
	});
	// What was found is worth a call beyond the deadline: n8n leaves some time after it.
	if (result.events.length > 0) directory ??= await lookUpAgents({ ...client, deadline: undefined });
	const events = result.events.map((event) => {
		const address = event.row.agent_address;
		return { ...event, agent: directory?.get(event.key) ?? { address, name: address } };
	});
	const skipped = failed.map(({ agent, error }) => ({
		agent,
		error,
		hasBaseline: Boolean(result.state.agents.get(agent)),
	}));
	return { state: result.state, events, skipped, unread };
}

/** The latest rows of one agent that the filter lets through, newest first. */
async function readLatest(client: Client, agent: Agent, filter: EventFilter): Promise<FoundEvent[]> {
	const events: FoundEvent[] = [];
	let pages = 0;
	for await (const { rows } of listActivity(client, agent.address, { preset: 'all' })) {
		const key = addressKey(agent.address);
		const wanted = rows.filter((row) => lets(filter, row));
		events.push(
			...wanted.map((row) => ({ key, row, at: epochToMs(row.timestamp), previousStatus: null, agent })),
		);
		if (events.length >= SAMPLE_SIZE || ++pages >= MOST_SAMPLE_PAGES) break;
	}
	return events;
}

/** The latest wanted events of the chosen agents, oldest first; nothing is remembered. */
export async function sampleActivity(
	client: Client,
	{ agents: chosen, filter }: Pick<PollSettings, 'agents' | 'filter'>,
): Promise<FoundEvent[]> {
	const directory = await lookUpAgents(client);
	const { watched } = choose(chosen, directory, undefined);
	const agents = watched.flatMap((key) => directory.get(key) ?? []);
	const found = await readAgents(agents, async (agent) => await readLatest(client, agent, filter));
	return found
		.flatMap((events) => events.toReversed())
		.sort((one, other) => one.at - other.at)
		.slice(-SAMPLE_SIZE);
}
