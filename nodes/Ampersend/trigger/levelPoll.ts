import type { Directory, KnownAgent } from '../api/agents';
import { lookUpAgents, requireAgents } from '../api/agents';
import { getSettings } from '../api/agentSettings';
import type { Client } from '../api/client';
import { withoutFinding } from '../api/client';
import { CallError } from '../api/errors';
import { aFewAtOnce } from '../api/lists/concurrency';
import type { ReadAhead } from '../api/lists/readAhead';
import { routes } from '../api/routes';
import { send } from '../api/send';
import type { Address } from '../domain/address';
import { addressKey } from '../domain/address';
import { budgetOf, nameOf, unknownSince, usesLimit } from '../domain/budget';
import type { Spent } from '../domain/budget';
import type { FilterableRow } from '../domain/filter';
import { knownOfTransactions } from '../domain/filter';
import { isMicro } from '../domain/money';
import { rethrow } from '../domain/rethrow';
import { toIso } from '../domain/time';
import type { Level, LevelEvent, LevelState, LevelWants, Payments, Sight } from './levels';
import { addUp, advanceLevels, levelsOf, MAX_LEVEL_EVENTS, spentOf } from './levels';
import type { Failed, PollResult } from './poll';
import { carryOut, isTransient, MAX_READ_AHEAD, pagesOf, rejectTooMany, worstOf } from './poll';
import { readSince, sizes } from './reading';
import type { TriggerSettings } from './settings';
import type { AgentId } from './state';
import { MAX_AGENTS } from './state';

/*
 * Reads what the levels of agents need, and no more: the list of agents has their balances. Limits
 * are one request for each agent. An agent's session tells what is left of them; otherwise it's
 * added up from the payments of the last hour or two, and what was spent before.
 */

/** How many agents are looked up or read at the same time. */
const AT_ONCE = 6;

/** Agents that a manual run reads before it looks whether that is enough. */
const MAX_SAMPLED = 5;

/** How often it does so, if no budget is used up as far as the event wants. */
const MAX_TRIES = 5;

/** Payments that are remembered of those with a status that is new. */
const MAX_STRANGE = 20;

/** An event and its agent. */
export interface FoundLevel {
	event: LevelEvent;
	agent: KnownAgent;
}

export interface LevelResult extends Pick<PollResult, 'skipped' | 'unread'> {
	state: LevelState;
	events: FoundLevel[];
	/** The watched agents; undefined if not all could be looked up. */
	directory: Directory | undefined;
	/** Agents whose balance isn't whole micro-USDC. */
	unclear: AgentId[];
	/** Payments with a status that is new: they use no limit. */
	strange: Strange[];
}

type Strange = { row: Pick<FilterableRow, 'direction' | 'status'> };

type Settings = TriggerSettings & { levels: LevelWants };

/** Pages of the list of agents, as last seen, by base URL. */
const listPages = new Map<string, number>();
const LIST_PAGE = 100;

interface LookedUp {
	directory: Directory;
	failed: Failed;
}

async function lookUpList(client: Client): Promise<LookedUp> {
	const directory = await lookUpAgents(client);
	listPages.set(client.connection.baseUrl, Math.ceil(directory.size / LIST_PAGE));
	return { directory, failed: [] };
}

/** Looks up chosen agents one by one, or in the list of all if that needs fewer requests. */
async function lookUpChosen(client: Client, chosen: Address[]): Promise<LookedUp> {
	const { baseUrl, agent: self } = client.connection;
	if (self !== undefined || chosen.length > (listPages.get(baseUrl) ?? 1)) {
		return await lookUpList(client);
	}
	const directory: Directory = new Map();
	const failed: Failed = [];
	await aFewAtOnce(chosen, AT_ONCE, async (address) => {
		try {
			const path = { address };
			const agent = await send(withoutFinding(client), routes.getAgent, { path });
			directory.set(addressKey(address), agent);
		} catch (error) {
			if (!(error instanceof CallError)) rethrow(error);
			failed.push({ agent: addressKey(address), error });
		}
	});
	// The list is the documented way to tell whether the account has an agent.
	const isDoubtful = failed.some(({ error }) => !isTransient(error));
	return isDoubtful ? await lookUpList(client) : { directory, failed };
}

/** @throws CallError unless payments can be read without it; ParameterError for a wrong choice */
async function lookUp(
	client: Client,
	{ agents, agentsParameter, payments }: Settings,
	isFirst: boolean,
): Promise<LookedUp & { watched: AgentId[] }> {
	if (agents === 'all') {
		const { directory, failed } = await lookUpList(client);
		const watched = [...directory.keys()];
		rejectTooMany(watched);
		return { directory, failed, watched };
	}
	const { directory, failed } = await lookUpChosen(client, agents).catch((error: unknown) => {
		if (!(error instanceof CallError && payments)) rethrow(error);
		return {
			directory: new Map() as Directory,
			failed: agents.map((address) => ({ agent: addressKey(address), error })),
		};
	});
	if (isFirst && failed.length === 0) requireAgents(directory, agents, agentsParameter);
	rejectTooMany(agents);
	return { directory, failed, watched: agents.map(addressKey).filter((id) => directory.has(id)) };
}

/** How often a poll reads on where it has read an agent up to: each time up to 10 000 payments. */
const MAX_READINGS = 20;

/** What was read of an agent's payments, and what kept the rest from being read. */
interface UsingRead extends Payments {
	error?: CallError | undefined;
}

const statuses: readonly string[] = knownOfTransactions.statuses;

/** The rows of a time that use limits, without what the service sent: a month can have many. */
function usingOf(
	rows: FilterableRow[],
	from: number,
	upTo: number,
	strange: Strange[],
): FilterableRow[] {
	return rows.flatMap(({ at, amount, direction, status }) => {
		if (at < from || at >= upTo) return [];
		const isNew = !statuses.includes(status.toLowerCase());
		if (isNew && strange.length < MAX_STRANGE) strange.push({ row: { direction, status } });
		const row = { at, amount, direction, status, counterparty: null };
		return usesLimit(row) ? [row] : [];
	});
}

/**
 * The payments of an agent since a time, epoch ms, that use its limits. If there are too many, the
 * oldest of them.
 */
async function readUsing(
	ahead: ReadAhead,
	from: number,
	settings: Settings,
	deadline: number,
	strange: Strange[],
): Promise<UsingRead> {
	const wants = { ...settings, enough: Infinity, counts: usesLimit, sizes };
	const using: FilterableRow[] = [];
	let upTo = from;
	for (let readings = 0; readings < MAX_READINGS; readings++) {
		const start = upTo;
		const { reading, error } = await carryOut(ahead, readSince(start, wants), deadline);
		if (reading) {
			const { rows, isWhole } = reading;
			upTo = isWhole ? Infinity : Math.max(start, rows.at(-1)?.at ?? start);
			for (const row of usingOf(rows, start, upTo, strange)) using.push(row);
		}
		if (error) return { rows: using, upTo, error };
		if (upTo === Infinity || upTo === start || Date.now() >= deadline) break;
	}
	return { rows: using, upTo };
}

/** For an agent whose limits can't be judged yet. */
function errorForMany(upTo: number): CallError {
	return new CallError({
		message:
			`it has more payments since ${toIso(upTo)} than were read so far, so what it has used of ` +
			"its limits isn't known",
		description:
			'Each poll reads on where the last one ended. If this stays so, poll more often, or choose ' +
			'fewer agents.',
		repeatable: true,
		failure: { cause: 'temporarily-unavailable' },
	});
}

/** What is read of an agent's limits. */
type Limits = Parameters<typeof budgetOf>[1];

const NO_LIMITS: Limits = { daily_limit: null, monthly_limit: null };

/** Undefined if it isn't whole micro-USDC. */
function balanceOf({ balance = '' }: Partial<KnownAgent> = {}): bigint | undefined {
	return isMicro(balance) ? BigInt(balance) : undefined;
}

/** The readings of one poll. */
class LevelReader {
	readonly sights = new Map<AgentId, Sight>();
	readonly failed: Failed;
	/** Agents with more payments than there was time to read. */
	readonly behind: Failed = [];
	/** Agents that answered 404: most have no limits. */
	private readonly unset: AgentId[] = [];
	private hasLimits = false;
	private isTurnedAway = false;
	readonly unread: AgentId[] = [];
	readonly strange: Strange[] = [];

	constructor(
		private readonly client: Client,
		private readonly found: LookedUp,
		private readonly settings: Settings,
		private readonly before: LevelState | undefined,
	) {
		this.failed = found.failed;
	}

	/** Reads agents until time is up, or the service turns the poll away. */
	async readAll(order: AgentId[]): Promise<void> {
		await aFewAtOnce(order, AT_ONCE, async (id, { activeCount, pendingCount }) => {
			await this.read(id, activeCount + pendingCount <= MAX_READ_AHEAD);
		});
	}

	private async read(id: AgentId, mayReadAhead: boolean): Promise<void> {
		const agent = this.found.directory.get(id);
		const { deadline = Infinity } = this.client;
		if (!agent) return;
		const sight: Sight = { balance: balanceOf(agent) };
		this.sights.set(id, sight);
		try {
			if (this.isTurnedAway || Date.now() >= deadline) this.unread.push(id);
			else await this.readLimits(id, agent, sight, mayReadAhead);
		} catch (error) {
			if (!(error instanceof CallError)) rethrow(error);
			this.isTurnedAway ||= error.failure?.cause === 'rate-limited';
			// The deadline cut the call short: the service isn't to blame.
			if (Date.now() >= deadline) this.unread.push(id);
			else this.failed.push({ agent: id, error });
		}
	}

	private async readLimits(
		id: AgentId,
		agent: KnownAgent,
		sight: Sight,
		mayReadAhead: boolean,
	): Promise<void> {
		const { levels } = this.settings;
		if (levels.percent === undefined && levels.low?.below !== null) return;
		const limits = await this.limitsOf(id, agent.address);
		sight.isUnset = limits === undefined;
		const { daily_limit: daily } = limits ?? NO_LIMITS;
		sight.dailyLimit = daily === null ? null : BigInt(daily);
		if (levels.percent !== undefined) {
			await this.readBudgets(id, agent, sight, limits ?? NO_LIMITS, mayReadAhead);
		}
	}

	private async readBudgets(
		id: AgentId,
		{ address }: KnownAgent,
		sight: Sight,
		limits: Limits,
		mayReadAhead: boolean,
	): Promise<void> {
		const budgetsOf = (spent?: Spent) => ({
			day: budgetOf('day', limits, spent?.day),
			month: budgetOf('month', limits, spent?.month),
		});
		sight.budgets = budgetsOf();
		const { day, month } = sight.budgets;
		const [isDaily, isMonthly] = [day, month].map(({ limit, used }) => limit && used === null);
		if (!isDaily && !isMonthly) return;
		const { now } = this.settings;
		const { deadline = Infinity } = this.client;
		const longest = isMonthly ? 'month' : 'day';
		const known = spentOf(this.before?.agents[id]);
		const from = unknownSince(known, now, longest);
		const ahead = pagesOf(this.client, address, () => mayReadAhead);
		const read = await readUsing(ahead, from, this.settings, deadline, this.strange);
		const { spent, kept } = addUp(known, read, now, longest);
		sight.spent = kept;
		if (spent) sight.budgets = budgetsOf(spent);
		else if (read.error) throw read.error;
		else {
			this.behind.push({ agent: id, error: errorForMany(read.upTo) });
			if (read.upTo === from) this.unread.push(id);
		}
	}

	/** @returns undefined if the service has none */
	private async limitsOf(id: AgentId, address: Address): Promise<Limits | undefined> {
		try {
			const quiet = withoutFinding(this.client);
			const limits = await send(quiet, routes.getSpendingLimit, { path: { address } });
			this.hasLimits = true;
			return limits;
		} catch (error) {
			if (!(error instanceof CallError) || error.status !== 404) rethrow(error);
			this.unset.push(id);
			return undefined;
		}
	}

	/** If no agent has limits, the service may not have the route. That's asked once. */
	async confirmUnset(): Promise<void> {
		const [first] = this.unset;
		if (this.hasLimits || first === undefined) return;
		const address = this.found.directory.get(first)?.address ?? first;
		try {
			await getSettings(this.client, routes.getSpendingLimit, address, { path: { address } });
		} catch (error) {
			if (!(error instanceof CallError)) rethrow(error);
			for (const agent of this.unset) {
				const balance = this.sights.get(agent)?.balance;
				this.sights.set(agent, { balance });
				this.failed.push({ agent, error });
			}
		}
	}

	/** The agents whose balance can't be compared. */
	get unclear(): AgentId[] {
		if (!this.settings.levels.low) return [];
		return [...this.sights].flatMap(([id, { balance }]) => (balance === undefined ? [id] : []));
	}
}

function foundOf(event: LevelEvent, directory: Directory): FoundLevel {
	const { id } = event;
	return { event, agent: directory.get(id) ?? { address: id, name: id } };
}

/** From the agent that a poll had no time for. */
function inTurnFrom(next: AgentId | undefined, watched: AgentId[]): AgentId[] {
	const start = Math.max(0, watched.indexOf(next ?? ''));
	return [...watched.slice(start), ...watched.slice(0, start)];
}

/**
 * One poll of the levels of the chosen agents.
 * @throws CallError if nothing could be read and the trigger has no payments to read;
 * ParameterError as `pollActivity`
 */
export async function pollLevels(
	client: Client,
	before: LevelState | undefined,
	settings: Settings,
): Promise<LevelResult> {
	const { agents, payments, levels: wants, now, process } = settings;
	// Agents are looked up once.
	const shared = { ...client, reads: {}, run: {} };
	const found = await lookUp(shared, settings, !before);
	const { directory, watched } = found;
	const reader = new LevelReader(shared, found, settings, before);
	const isPartial = found.failed.length > 0;
	await reader.readAll(inTurnFrom(before?.next, watched));
	await reader.confirmUnset();
	const { sights, failed, behind, unread, unclear, strange } = reader;
	const worst = worstOf(failed);
	const isRead = (id: AgentId) =>
		!failed.some(({ agent }) => agent === id) ||
		levelsOf(sights.get(id) ?? {}, wants, now).length > 0;
	if (worst && !payments && !watched.some(isRead)) throw worst;

	const chosen = agents === 'all' ? undefined : new Set(agents.map(addressKey));
	// An agent that disappears or is no longer chosen keeps what it had: it may come back.
	const hasRoom = Object.keys(before?.agents ?? {}).length <= MAX_AGENTS;
	const isWatched = (id: AgentId) => chosen?.has(id) ?? (hasRoom || directory.has(id));
	const { state, events } = advanceLevels(before, {
		wants,
		now,
		process,
		sights,
		isWatched,
		isKept: (id) => hasRoom || isWatched(id),
		next: unread[0],
		maxEvents: Math.min(settings.maxEvents, MAX_LEVEL_EVENTS),
	});
	return {
		state,
		events: events.map((event) => foundOf(event, directory)),
		directory: isPartial ? undefined : directory,
		skipped: [...failed, ...behind],
		unread,
		unclear,
		strange,
	};
}

const isBudget = ({ kind }: Pick<LevelEvent, 'kind'>): boolean => kind !== 'low';

/** The nearest to an event first. */
function compareLevels(one: Level, other: Level): number {
	const used = ({ values }: Level) => Number(values.used ?? 0);
	return Number(other.isOver) - Number(one.isOver) || used(other) - used(one);
}

/**
 * The event of each kind that is nearest to one, from current data: of the agents with the lowest
 * balances, and for a budget of those with limits. Nothing is stored.
 */
export async function sampleLevels(client: Client, settings: Settings): Promise<FoundLevel[]> {
	const { levels: wants, now } = settings;
	const shared = { ...client, reads: {}, run: {} };
	const found = await lookUp(shared, settings, true);
	const { directory, watched } = found;
	const balance = (id: AgentId) => balanceOf(directory.get(id)) ?? 0n;
	const lowest = watched.toSorted((a, b) => (balance(a) < balance(b) ? -1 : 1));
	const reader = new LevelReader(shared, found, settings, undefined);
	const levelsFound = () =>
		[...reader.sights]
			.flatMap(([id, sight]) => levelsOf(sight, wants, now).map((level) => ({ id, ...level })))
			.filter(({ values }) => Object.keys(values).length > 0)
			.sort(compareLevels);
	const isEnough = (tries: number) => {
		const budget = levelsFound().find(isBudget);
		return wants.percent === undefined || budget?.isOver || (budget && tries >= MAX_TRIES);
	};
	let tries = 0;
	do await reader.readAll(lowest.splice(0, MAX_SAMPLED));
	while (lowest.length > 0 && !isEnough(++tries));
	const levels = levelsFound();
	return [levels.find((level) => !isBudget(level)), levels.find(isBudget)].flatMap((level) => {
		if (!level) return [];
		const { id, kind, values } = level;
		const of = nameOf(kind === 'low' ? 'day' : kind, now);
		return [foundOf({ kind, id, of, count: 1, at: now, ...values }, directory)];
	});
}
