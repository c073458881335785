import type { IDataObject, INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import type { Client } from '../api/client';
import { openClient } from '../api/client';
import { isSandbox } from '../api/connection/deployments';
import { CallError, toNodeError } from '../api/errors';
import { readAuthentication } from '../descriptions/authentication';
import { readerOf } from '../descriptions/reader';
import { addressKey } from '../domain/address';
import { withSameFields } from '../domain/json';
import { movedBy } from '../domain/moved';
import { simplify } from '../domain/simplify';
import { hasBegun, unreadState } from './cursor';
import { lastingGap } from './gaps';
import type { FoundLevel, LevelResult } from './levelPoll';
import { pollLevels, sampleLevels } from './levelPoll';
import { withoutBatch } from './levels';
import {
	levelEventOutput,
	simplifiedLevelEvent,
	simplifiedTriggerEvent,
	triggerEventOutput,
} from './output';
import type { FoundEvent, PollResult } from './poll';
import { isTransient, pollActivity, sampleActivity } from './poll';
import { Position } from './position';
import {
	namesOf,
	reportGaps,
	reportNewValues,
	reportUnclear,
	reportUnknownEvents,
	warn,
} from './report';
import { inTurn, isActivation, isScheduled, pollBudget } from './scheduler';
import type { TriggerSettings } from './settings';
import { readSettings } from './settings';

/** Waiting for a retry must leave time for the rest of a poll. */
const RETRY = { attempts: 3, budgetMs: 20_000 };

/** What a payment had moved at its latest earlier status that starts the workflow. */
function movedBefore(
	{ row, earlierStatuses }: FoundEvent,
	{ statuses }: TriggerSettings['filter'],
): bigint {
	const status = earlierStatuses.findLast(
		(earlier) => statuses?.includes(earlier.toLowerCase()) !== false,
	);
	return status === undefined ? 0n : movedBy({ ...row, status });
}

/** @returns null without events */
function toOutput(
	events: FoundEvent[],
	levels: FoundLevel[],
	{ isSimple, filter }: TriggerSettings,
): INodeExecutionData[][] | null {
	const ofPayments = events.map((event) => {
		const before = movedBefore(event, filter);
		const whole = triggerEventOutput.of(event.row.wire, { ...event, movedBefore: before });
		return isSimple ? simplify(whole, simplifiedTriggerEvent) : whole;
	});
	const ofLevels = levels.map((event) => {
		const whole = levelEventOutput.of({}, event);
		return isSimple ? simplify(whole, simplifiedLevelEvent) : whole;
	});
	const rows = levels.length > 0 ? withSameFields([...ofPayments, ...ofLevels]) : ofPayments;
	const items = rows.map((json) => ({ json: json as IDataObject }));
	return items.length > 0 ? [items] : null;
}

/** By node: since when polls were held back by others, epoch ms. */
const heldSince = new Map<string, number>();

/** After so long a poll that is held back fails, in ms. */
const MAX_HELD_MS = 3 * 60_000;

/** The nodes whose last poll had levels only: the next one has room for payments. */
const owesPayments = new Set<string>();

/** One poll of a published workflow. */
class PublishedPoll {
	private readonly position: Position;
	/** Those of this poll. */
	private readonly settings: TriggerSettings;

	/**
	 * @param node identifies it in this n8n
	 * @param activation whether n8n publishes the workflow with this poll
	 */
	constructor(
		private readonly context: IPollFunctions,
		settings: TriggerSettings,
		private readonly node: string,
		private readonly activation: boolean,
	) {
		this.position = new Position(context, node, activation);
		this.settings = this.position.adapt(settings);
	}

	/**
	 * Reads, decides, and writes the state once at the end: a poll that throws leaves it unchanged.
	 * @param isMine whether no other poll has taken over
	 * @returns null if nothing is new
	 */
	async run(client: Client, isMine: () => boolean): Promise<INodeExecutionData[][] | null> {
		try {
			const levels = await this.pollLevels(client);
			const payments = await this.pollPayments(client, levels);
			if (!isMine()) return null;
			heldSince.delete(this.node);
			const output = toOutput(payments?.events ?? [], levels?.events ?? [], this.settings);
			this.finish(payments, levels, output !== null);
			return output;
		} catch (error) {
			return this.forgive(error);
		}
	}

	/** Levels may take half of the time, if there are payments to read, too. */
	private async pollLevels(client: Client): Promise<LevelResult | undefined> {
		const { settings, position, node } = this;
		const { levels, payments, now, deadline } = settings;
		if (!levels) return undefined;
		const until = payments ? (now + deadline) / 2 : deadline;
		const maxEvents = settings.maxEvents - Number(payments && owesPayments.has(node));
		return await pollLevels({ ...client, deadline: until }, position.levels, {
			...settings,
			levels,
			maxEvents,
		});
	}

	/** @param levels their events count, so payments may have to wait for the next poll */
	private async pollPayments(
		client: Client,
		levels: LevelResult | undefined,
	): Promise<PollResult | undefined> {
		const { settings, position, node } = this;
		const maxEvents = settings.maxEvents - (levels?.events.length ?? 0);
		const isFull = maxEvents < 1 && position.state !== undefined;
		if (isFull) owesPayments.add(node);
		else owesPayments.delete(node);
		if (!settings.payments || isFull) return undefined;
		const limited = { ...settings, maxEvents: Math.max(1, maxEvents) };
		return await pollActivity(client, position.state, limited, levels?.directory);
	}

	/** @throws NodeApiError for agents that haven't been read for long */
	private finish(
		payments: PollResult | undefined,
		levels: LevelResult | undefined,
		hasEvents: boolean,
	): void {
		const { context, activation, settings, node } = this;
		const results = [levels, payments].filter((one) => one !== undefined);
		// An agent is named once, with what keeps its payments from being read.
		const skipped = results.flatMap((one) => one.skipped).map((one) => [one.agent, one] as const);
		const gaps = {
			skipped: [...new Map(skipped).values()],
			unread: [...new Set(results.flatMap(({ unread }) => unread))],
			hasEvents,
		};
		reportGaps(context, gaps);
		reportUnclear(context, node, levels?.unclear ?? []);
		const read = [...(payments?.events ?? []), ...(levels?.strange ?? [])];
		reportNewValues(context, node, read);
		if (activation && payments) reportUnknownEvents(context, settings.filter, payments.state);
		const mayThrow = !activation && !this.beginsAnything(payments);
		const gap = lastingGap(node, settings.now, mayThrow, gaps);
		if (gap) throw toNodeError(context.getNode(), gap);
		this.write(payments, levels, hasEvents);
	}

	/** Whether it begins what a later poll would begin otherwise. Levels begin with nothing. */
	private beginsAnything(payments: PollResult | undefined): boolean {
		const { state, isStored } = this.position;
		return payments !== undefined && (!isStored || !state || hasBegun(state, payments.state));
	}

	private write(
		payments: PollResult | undefined,
		levels: LevelResult | undefined,
		hasEvents: boolean,
	): void {
		const { context, position, settings } = this;
		const isOther = hasEvents && levels?.events.length === 0;
		position.writeLevels(isOther ? withoutBatch(levels.state, settings.now) : levels?.state);
		if (!settings.payments) position.forget();
		// Levels have taken the place of all events.
		if (settings.payments && !payments && this.activation) this.writeUnread(hasEvents);
		const shortened = payments ? position.write(payments.state, hasEvents) : [];
		if (shortened.length > 0) {
			warn(
				context,
				'too many payments to remember. Late payments, and changes to older ones, may not be ' +
					`emitted for ${namesOf(shortened)}`,
			);
		}
	}

	/**
	 * A workflow can be published while the service is away. If the service asked another poll to
	 * wait, that one has failed, and this one finds nothing.
	 * @throws what it can't forgive
	 */
	private forgive(error: unknown): null {
		const { context, activation, settings, position } = this;
		const isForgivable = error instanceof CallError && isTransient(error);
		if (!isForgivable || !(activation || this.mayWait(error))) {
			throw toNodeError(context.getNode(), error);
		}
		if (activation) {
			if (settings.payments) {
				reportUnknownEvents(context, settings.filter, position.state);
				this.writeUnread();
			}
			warn(context, `published, but the first poll failed and will be retried: ${error.message}`);
		}
		return null;
	}

	/** What is chosen anew waits from now on. */
	private writeUnread(hasEvents = false): void {
		const { position, settings } = this;
		const { state } = position;
		const chosen = settings.agents === 'all' ? [] : settings.agents.map(addressKey);
		const unread = unreadState(state, chosen, settings);
		if (!state || hasBegun(state, unread)) position.write(unread, hasEvents);
	}

	/** Whether a poll that others hold back may find nothing: not for long, or it never reads. */
	private mayWait({ isHeld, message }: CallError): boolean {
		if (!isHeld) return false;
		const { context, node, settings } = this;
		const since = heldSince.get(node) ?? settings.now;
		if (settings.now - since >= MAX_HELD_MS) {
			heldSince.delete(node);
			return false;
		}
		if (!heldSince.has(node)) warn(context, `reads nothing for now: ${message}`);
		heldSince.set(node, since);
		return true;
	}
}

/** Puts what a user should know into n8n's log, each text once: n8n shows no hint of a trigger. */
function noteOnce(context: IPollFunctions): (message: string) => void {
	const noted = new Set<string>();
	return (message) => {
		if (!noted.has(message)) context.logger.info(`${context.getNode().name}: ${message}`);
		noted.add(message);
	};
}

async function runInTurn(
	context: IPollFunctions,
	client: Client,
	settings: TriggerSettings,
): Promise<INodeExecutionData[][] | null> {
	const node = `${context.getWorkflow().id}:${context.getNode().id}:${client.connection.baseUrl}`;
	const stored = context.getWorkflowStaticData('node');
	const activation = isActivation(context, stored);
	if (activation && isSandbox(client.connection)) {
		context.logger.info(
			`${context.getNode().name}: published with a credential for the sandbox, ` +
				'where no real USDC is paid',
		);
	}
	return await inTurn(
		{ node, stored, activation, scheduled: isScheduled(context), budgetMs: pollBudget(context) },
		async (isMine) =>
			await new PublishedPoll(context, settings, node, activation).run(client, isMine),
	);
}

/** What a manual run shows. Nothing is stored. */
async function sample(
	client: Client,
	settings: TriggerSettings,
): Promise<INodeExecutionData[][] | null> {
	const { levels, payments } = settings;
	const events = payments ? await sampleActivity(client, settings) : [];
	const ofLevels = levels ? await sampleLevels(client, { ...settings, levels }) : [];
	return toOutput(events, ofLevels, settings);
}

/**
 * What n8n's poll of a trigger does: emits what is new, or a sample if a user runs it.
 * @returns null if nothing is new
 * @throws NodeOperationError or NodeApiError
 */
export async function runTrigger(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	try {
		const now = Date.now();
		const read = readerOf((name, fallback) => context.getNodeParameter(name, fallback) as unknown);
		const authentication = readAuthentication(read);
		const note = noteOnce(context);
		const opened = await openClient(context, { authentication, retry: RETRY, note });
		const budgetMs = pollBudget(context);
		const settings = readSettings(read, opened.connection.agent, now, budgetMs);
		const client = { ...opened, deadline: settings.deadline };
		if (context.getMode() === 'manual') {
			return await sample(client, settings);
		}
		return await runInTurn(context, client, settings);
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}
