import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { isRecord, withoutUndefined } from '../domain/json';
import { warn } from './report';
import { isDurable } from './scheduler';
import type { TriggerSettings } from './settings';
import type { AgentId, readState, StoredState, TriggerState } from './state';
import { readStateText, writeState } from './state';

/*
 * Where a poll of a published workflow starts, and what n8n may have done to that position:
 *
 * - With durable cursors, n8n drops what the poll at publishing stored if it emits nothing (n8n
 *   2.41, poll-trigger-task-handler.js), and the first poll may run in another main process.
 * - With the default scheduler, n8n saves an execution's static data over the workflow's if one of
 *   its nodes changed it (execution-lifecycle-hooks.js). If a worker ran it, that has no position,
 *   and after a restart it's gone.
 */

/** Where the workflow's static data has what publishing hands over, by the ids of nodes. */
const HANDED_OVER = 'ampersendTrigger';

function handovers(context: IPollFunctions): Record<string, unknown> {
	const all: unknown = context.getWorkflowStaticData('global')[HANDED_OVER];
	return isRecord(all) ? all : {};
}

/**
 * Keeps the state after publishing for the first poll of the durable scheduler.
 * @param baseline undefined to keep none
 */
function handOver(context: IPollFunctions, baseline: StoredState | undefined): void {
	const { id } = context.getNode();
	const { [id]: own, ...others } = handovers(context);
	if (baseline === undefined && own === undefined) return;
	const all = baseline === undefined ? others : { ...others, [id]: baseline };
	const data = context.getWorkflowStaticData('global');
	if (Object.keys(all).length > 0) data[HANDED_OVER] = all as IDataObject;
	else delete data[HANDED_OVER];
}

/** Whether nodes of the workflow keep something in its static data. */
function hasOtherData(context: IPollFunctions): boolean {
	return Object.keys(context.getWorkflowStaticData('global')).some((key) => key !== HANDED_OVER);
}

/** How far back a poll reads if the position is gone, at least, in ms. */
const READ_BACK_MS = 15 * 60_000;

/** By node: since when polls read, epoch ms, until a position is stored again. */
const readsSince = new Map<string, number>();

/** Nodes whose users know that *After a Restart* has no effect. */
const told = new Set<string>();

/** What was read last, by the node's static data: an idle poll finds the same. */
const lastRead = new WeakMap<object, { json: string; read: ReturnType<typeof readStateText> }>();

function readOnce(data: object, stored: unknown): ReturnType<typeof readState> {
	if (stored === undefined || stored === null) return undefined;
	const json = JSON.stringify(stored);
	const last = lastRead.get(data);
	if (last?.json === json) return last.read;
	const read = readStateText(json);
	lastRead.set(data, { json, read });
	return read;
}

/** The position of a node. */
export class Position {
	/** Undefined before the first one. */
	readonly state: TriggerState | undefined;
	/** Whether n8n has stored it. */
	readonly isStored: boolean;
	private readonly stored: IDataObject;
	private readonly isUnreadable: boolean;
	/** Whether n8n stores it with the execution, in one step. */
	private readonly isDurable: boolean;

	/**
	 * @param node identifies it in this n8n
	 * @param activation whether n8n publishes the workflow with this poll, or starts with it
	 */
	constructor(
		private readonly context: IPollFunctions,
		private readonly node: string,
		private readonly activation: boolean,
	) {
		this.stored = context.getWorkflowStaticData('node');
		this.isStored = this.stored.cursor !== undefined;
		const handedOver = this.isPublished ? undefined : handovers(context)[context.getNode().id];
		const read = readOnce(this.stored, this.stored.cursor ?? handedOver);
		this.isUnreadable = read === 'unreadable';
		this.state = read === 'unreadable' ? undefined : read;
		this.isDurable = isDurable(context) || (activation && Boolean(this.state?.isDurable));
		if (this.isPublished || this.isStored) handOver(context, undefined);
	}

	/** Whether a user publishes the workflow. Otherwise it was published before. */
	private get isPublished(): boolean {
		const isStart = ['init', 'leadershipChange'].includes(this.context.getActivationMode());
		return this.activation && !isStart;
	}

	/** The settings as they apply to this poll. */
	adapt(settings: TriggerSettings): TriggerSettings {
		const adapted = { ...settings };
		if (this.isDurable && settings.process !== undefined) this.tell();
		if (this.isDurable) delete adapted.process;
		delete adapted.existingSince;
		return { ...adapted, ...withoutUndefined({ existingSince: this.existingSince(settings) }) };
	}

	/** Since when payments are emitted if there is no position, epoch ms. */
	private existingSince({ existingSince, lookBackMs, now }: TriggerSettings): number | undefined {
		if (this.isUnreadable) {
			warn(this.context, "the stored position can't be read, so the trigger takes a new baseline");
			// Some existing events may already have been emitted.
			return undefined;
		}
		if (this.isPublished) readsSince.delete(this.node);
		else if (this.activation && !this.state && hasOtherData(this.context)) {
			warn(
				this.context,
				'the position is gone: another node of this workflow changed its static data, and n8n ' +
					'stored that in place of the position. The trigger reads the payments of the last ' +
					'minutes: some may come again, and earlier ones may be missing',
			);
			readsSince.set(this.node, now - Math.max(lookBackMs, READ_BACK_MS));
		}
		return readsSince.get(this.node) ?? existingSince;
	}

	/** Says once that a choice has no effect. */
	private tell(): void {
		if (told.has(this.node)) return;
		told.add(this.node);
		this.context.logger.info(
			`${this.context.getNode().name}: "After a Restart" has no effect, since this n8n uses ` +
				'durable cursors: no batch is lost, and none is repeated',
		);
	}

	/** Has n8n store a state. @returns the agents that it can't remember completely */
	write(state: TriggerState): AgentId[] {
		const { stored: next, shortened } = writeState({
			...state,
			...(this.isDurable && { isDurable: true }),
		});
		// n8n stores what was set, even if it's the same.
		if (JSON.stringify(this.stored.cursor) !== JSON.stringify(next)) this.stored.cursor = next;
		readsSince.delete(this.node);
		if (this.activation && !this.isStored) handOver(this.context, next);
		return shortened;
	}
}
