import type { IDataObject, INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import type { Client } from '../api/client';
import { openClient } from '../api/client';
import { isSandbox } from '../api/connection/deployments';
import { CallError, toNodeError } from '../api/errors';
import { readAuthentication } from '../descriptions/authentication';
import { readerOf } from '../descriptions/reader';
import { simplify } from '../domain/simplify';
import { lastingGap } from './gaps';
import { simplifiedTriggerEvent, triggerEventOutput } from './output';
import type { FoundEvent, PollResult } from './poll';
import { isTransient, pollActivity, sampleActivity } from './poll';
import { Position } from './position';
import { namesOf, reportGaps, reportUnknownEvents, warn } from './report';
import { inTurn, isActivation, isScheduled, pollBudget } from './scheduler';
import type { TriggerSettings } from './settings';
import { readSettings } from './settings';

/** Waiting for a retry must leave time for the rest of a poll. */
const RETRY = { attempts: 3, budgetMs: 20_000 };

function toOutput(events: FoundEvent[], isSimple: boolean): INodeExecutionData[][] | null {
	const items = events.map((event) => {
		const whole = triggerEventOutput.of(event.row.wire, event);
		const json = isSimple ? simplify(whole, simplifiedTriggerEvent) : whole;
		return { json: json as IDataObject };
	});
	return items.length > 0 ? [items] : null;
}

/** By node: since when polls were held back by others, epoch ms. */
const heldSince = new Map<string, number>();

/** After so long a poll that is held back fails, in ms. */
const MAX_HELD_MS = 3 * 60_000;

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
			const result = await pollActivity(client, this.position.state, this.settings);
			if (!isMine()) return null;
			heldSince.delete(this.node);
			this.finish(result);
			return toOutput(result.events, this.settings.isSimple);
		} catch (error) {
			return this.forgive(error);
		}
	}

	/** @throws NodeApiError for agents that haven't been read for long */
	private finish(result: PollResult): void {
		const { context, position, activation, settings } = this;
		reportGaps(context, result);
		if (activation) reportUnknownEvents(context, settings.filter, result.state);
		const before = position.isStored && !activation ? position.state : undefined;
		const gap = lastingGap(this.node, settings.now, before, result);
		if (gap) throw toNodeError(context.getNode(), gap);
		const shortened = position.write(result.state, result.events.length > 0);
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
			reportUnknownEvents(context, settings.filter, position.state);
			warn(context, `published, but the first poll failed and will be retried: ${error.message}`);
		}
		return null;
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
			return toOutput(await sampleActivity(client, settings), settings.isSimple);
		}
		return await runInTurn(context, client, settings);
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}
