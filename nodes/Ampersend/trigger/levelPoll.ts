import type { Directory, KnownAgent } from '../api/agents';
import { lookUpAgents, requireAgents } from '../api/agents';
import { getSettings } from '../api/agentSettings';
import type { Client } from '../api/client';
import { withoutFinding } from '../api/client';
import { CallError } from '../api/errors';
import { aFewAtOnce } from '../api/lists/concurrency';
import { consumeHistory, readTransactions } from '../api/lists/merge';
import { routes } from '../api/routes';
import { send } from '../api/send';
import type { Address } from '../domain/address';
import { addressKey } from '../domain/address';
import { budgetOf, nameOf, periods, unknownSince, usesLimit } from '../domain/budget';
import type { FilterableRow } from '../domain/filter';
import { knownOfTransactions } from '../domain/filter';
import { isMicro } from '../domain/money';
import { rethrow } from '../domain/rethrow';
import type { LevelEvent, LevelState, LevelWants, Sight } from './levels';
import { addUp, advanceLevels, levelsOf, MAX_LEVEL_EVENTS, spentOf } from './levels';
import type { Failed, PollResult } from './poll';
import { isTransient, rejectTooMany, worstOf } from './poll';
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

/** Agents that a manual run reads: those with the lowest balances. */
const MAX_SAMPLED = 5;

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

/** The payments of an agent since a time, epoch ms, that use its limits. */
async function readUsing(
	client: Client,
	agent: KnownAgent,
	from: number,
	now: number,
	strange: Strange[],
): Promise<FilterableRow[]> {
	const known: readonly string[] = knownOfTransactions.statuses;
	const query = { agents: [agent], filter: { from }, now };
	return await consumeHistory(
		(options) => readTransactions(client, query, options),
		async (batches) => {
			const using: FilterableRow[] = [];
			for await (const batch of batches) {
				for (const { row } of batch) {
					// Without what the service sent: a month can have many.
					const { at, amount, direction, status } = row;
					const isNew = !known.includes(status.toLowerCase());
					if (isNew && strange.length < MAX_STRANGE) strange.push({ row: { direction, status } });
					if (usesLimit(row)) using.push({ at, amount, direction, status, counterparty: null });
				}
			}
			return using;
		},
		false,
	);
}

const NO_LIMITS = { daily_limit: null, monthly_limit: null };

/** Undefined if it isn't whole micro-USDC. */
function balanceOf({ balance = '' }: KnownAgent): bigint | undefined {
	return isMicro(balance) ? BigInt(balance) : undefined;
}

/** The readings of one poll. */
class LevelReader {
	readonly sights = new Map<AgentId, Sight>();
	readonly failed: Failed;
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
		await aFewAtOnce(order, AT_ONCE, async (id) => {
			await this.read(id);
		});
		await this.confirmUnset();
	}

	private async read(id: AgentId): Promise<void> {
		const agent = this.found.directory.get(id);
		const { deadline = Infinity } = this.client;
		if (!agent) return;
		const sight: Sight = { balance: balanceOf(agent) };
		this.sights.set(id, sight);
		try {
			if (this.isTurnedAway || Date.now() >= deadline) this.unread.push(id);
			else await this.readLimits(id, agent, sight);
		} catch (error) {
			if (!(error instanceof CallError)) rethrow(error);
			this.isTurnedAway ||= error.failure?.cause === 'rate-limited';
			// The deadline cut the call short: the service isn't to blame.
			if (Date.now() >= deadline) this.unread.push(id);
			else this.failed.push({ agent: id, error });
		}
	}

	private async readLimits(id: AgentId, agent: KnownAgent, sight: Sight): Promise<void> {
		const { levels, now } = this.settings;
		if (levels.percent === undefined && levels.low?.below !== null) return;
		const limits = await this.limitsOf(id, agent.address);
		sight.dailyLimit = limits.daily_limit === null ? null : BigInt(limits.daily_limit);
		if (levels.percent === undefined) return;
		const isUnknown = periods.some((period) => {
			const { limit, used } = budgetOf(period, limits);
			return limit && used === null;
		});
		const known = spentOf(this.before?.agents[id]);
		const from = unknownSince(known, now);
		const rows = isUnknown
			? await readUsing(this.client, agent, from, now, this.strange)
			: undefined;
		const read = rows && addUp(known, rows, now);
		sight.spent = read?.kept;
		sight.budgets = {
			day: budgetOf('day', limits, read?.spent.day),
			month: budgetOf('month', limits, read?.spent.month),
		};
	}

	private async limitsOf(id: AgentId, address: Address) {
		try {
			const quiet = withoutFinding(this.client);
			const limits = await send(quiet, routes.getSpendingLimit, { path: { address } });
			this.hasLimits = true;
			return limits ?? NO_LIMITS;
		} catch (error) {
			if (!(error instanceof CallError) || error.status !== 404) rethrow(error);
			this.unset.push(id);
			return NO_LIMITS;
		}
	}

	/** If no agent has limits, the service may not have the route. That's asked once. */
	private async confirmUnset(): Promise<void> {
		const [first] = this.unset;
		if (this.hasLimits || first === undefined) return;
		const address = this.found.directory.get(first)?.address ?? first;
		try {
			await getSettings(this.client, routes.getSpendingLimit, address, { path: { address } });
		} catch (error) {
			if (!(error instanceof CallError)) rethrow(error);
			for (const agent of this.unset) {
				delete this.sights.get(agent)?.dailyLimit;
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
	const { sights, failed, unread, unclear, strange } = reader;
	const worst = worstOf(failed);
	const isRead = (id: AgentId) =>
		!failed.some(({ agent }) => agent === id) ||
		levelsOf(sights.get(id) ?? {}, wants, now).length > 0;
	if (worst && !payments && !watched.some(isRead)) throw worst;

	const chosen = agents === 'all' ? undefined : new Set(agents.map(addressKey));
	// An agent that disappears keeps what it had, as its position is kept.
	const hasRoom = Object.keys(before?.agents ?? {}).length <= MAX_AGENTS;
	const { state, events } = advanceLevels(before, {
		wants,
		now,
		process,
		sights,
		isWatched: (id) => chosen?.has(id) ?? (hasRoom || directory.has(id)),
		next: unread[0],
		maxEvents: Math.min(settings.maxEvents, MAX_LEVEL_EVENTS),
	});
	return {
		state,
		events: events.map((event) => foundOf(event, directory)),
		directory: isPartial ? undefined : directory,
		skipped: failed,
		unread,
		unclear,
		strange,
	};
}

/** The event of each kind that is nearest to one, from current data. Nothing is stored. */
export async function sampleLevels(client: Client, settings: Settings): Promise<FoundLevel[]> {
	const { levels: wants, now } = settings;
	const shared = { ...client, reads: {}, run: {} };
	const found = await lookUp(shared, settings, true);
	const { directory, watched } = found;
	const lowest = watched
		.flatMap((id) => {
			const agent = directory.get(id);
			const balance = agent && balanceOf(agent);
			return balance === undefined ? [] : [{ id, balance }];
		})
		.sort((a, b) => (a.balance < b.balance ? -1 : 1))
		.slice(0, MAX_SAMPLED)
		.map(({ id }) => id);
	const reader = new LevelReader(shared, found, settings, undefined);
	await reader.readAll(lowest);
	const levels = [...reader.sights]
		.flatMap(([id, sight]) => levelsOf(sight, wants, now).map((level) => ({ id, ...level })))
		.sort((a, b) => Number(b.isOver) - Number(a.isOver));
	const low = levels.find(({ kind }) => kind === 'low');
	const budget = levels.find(({ kind }) => kind !== 'low');
	return [low, budget].flatMap((level) => {
		if (!level) return [];
		const { id, kind, values } = level;
		const of = nameOf(kind === 'low' ? 'day' : kind, now);
		return [foundOf({ kind, id, of, count: 1, at: now, ...values }, directory)];
	});
}
