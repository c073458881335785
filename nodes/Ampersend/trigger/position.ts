import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { digestOf } from '../domain/digest';
import { isRecord, withoutUndefined } from '../domain/json';
import { hasBegun } from './cursor';
import type { LevelState } from './levels';
import { disarmed, readLevelState, writeLevelState } from './levels';
import { warn } from './report';
import { hasDurableCursors, isScheduled } from './scheduler';
import type { TriggerSettings } from './settings';
import type { AgentId, TriggerState } from './state';
import { readState, writeState } from './state';

/*
 * Where a poll of a published workflow starts, and what n8n may have done to that position:
 *
 * - With durable cursors, n8n drops what the poll at publishing stored if it emits nothing (n8n
 *   2.41, triggers-and-pollers.js), and the first poll may run in another main process.
 * - Otherwise, n8n saves an execution's static data over the workflow's if one of its nodes
 *   changed it (execution-lifecycle-hooks.js). If a worker ran it, that has no position, and after
 *   a restart it's gone.
 */

/** Where the workflow's own static data has what publishing hands over, by the ids of nodes. */
const HANDED_OVER = 'ampersendTrigger';

/** A position that n8n has dropped. */
interface Handover extends IDataObject {
	/** The position after publishing. */
	cursor: IDataObject;
	/** When it was handed over, epoch ms. */
	at: number;
	/** Digest of the one that n8n kept, while this one counts. Absent if it had none. */
	replaces?: string;
}

/** The same by node, in this process: n8n stores static data only at the end of publishing. */
const handedOver = new Map<string, Handover>();

function storedHandovers(context: IPollFunctions): Record<string, unknown> {
	const all: unknown = context.getWorkflowStaticData('global')[HANDED_OVER];
	return isRecord(all) ? all : {};
}

/**
 * Keeps the state after publishing for the first poll with durable cursors.
 * @param handover undefined to keep none
 */
function handOver(context: IPollFunctions, node: string, handover: Handover | undefined): void {
	handedOver.delete(node);
	if (handover) handedOver.set(node, handover);
	const { id } = context.getNode();
	const { [id]: own, ...others } = storedHandovers(context);
	if (handover === undefined && own === undefined) return;
	const all = handover === undefined ? others : { ...others, [id]: handover };
	const data = context.getWorkflowStaticData('global');
	if (Object.keys(all).length > 0) data[HANDED_OVER] = all as IDataObject;
	else delete data[HANDED_OVER];
}

/** How code and expressions reach the workflow's static data. */
const STATIC_DATA = 'getWorkflowStaticData';

/** Whether a node after the trigger can change the workflow's static data. */
function hasWriter(context: IPollFunctions): boolean {
	const { name } = context.getNode();
	return context
		.getChildNodes(name, { includeNodeParameters: true })
		.some(
			({ disabled, parameters = {} }) =>
				!disabled && JSON.stringify(parameters).includes(STATIC_DATA),
		);
}

/**
 * Whether nodes of the workflow keep something in its static data, or have a way to: what they
 * deleted again, or keep as their own, isn't seen.
 */
function mayHaveOtherData(context: IPollFunctions): boolean {
	const keys = Object.keys(context.getWorkflowStaticData('global'));
	return keys.some((key) => key !== HANDED_OVER) || hasWriter(context);
}

/** How far back a poll reads if the position is gone, at least, in ms. */
const READ_BACK_MS = 15 * 60_000;

/** By node: since when polls read, epoch ms, until a position is stored again. */
const readsSince = new Map<string, number>();

/** Nodes that were published in this process and have no position yet. */
const isNew = new Set<string>();

/** Nodes whose users know that *After a Restart* has no effect. */
const told = new Set<string>();

const jsonOf = (value: unknown): string | undefined => JSON.stringify(value ?? undefined);

/** What was read last, by the node's static data: an idle poll finds the same. */
const lastRead = new WeakMap<object, { json: string; read: ReturnType<typeof readState> }>();

/** @param json the state, if there is one */
function readOnce(
	data: object,
	json: string | undefined,
): ReturnType<typeof readState> | undefined {
	if (json === undefined) return undefined;
	const last = lastRead.get(data);
	if (last?.json === json) return last.read;
	const read = readState(json);
	lastRead.set(data, { json, read });
	return read;
}

/** The position of a node. */
export class Position {
	/** Undefined before the first one. */
	readonly state: TriggerState | undefined;
	/** Whether n8n has stored it. */
	readonly isStored: boolean;
	/** Of levels. Undefined before the first one. */
	readonly levels: LevelState | undefined;
	private readonly stored: IDataObject;
	/** What is stored, as JSON. */
	private readonly before: string | undefined;
	private readonly isUnreadable: boolean;
	/** Whether it's in n8n's own table of cursors. */
	private readonly hasCursors: boolean;
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
		this.before = jsonOf(this.stored.cursor);
		this.isStored = this.before !== undefined;
		this.hasCursors = hasDurableCursors(this.stored);
		// n8n goes on with them if they are switched off, but then it takes two steps.
		this.isDurable = this.hasCursors && (activation || isScheduled(context));
		if (this.isPublished) this.beginAnew();
		const read = readOnce(this.stored, jsonOf(this.handedOver) ?? this.before);
		this.isUnreadable = read === 'unreadable';
		this.state = read === 'unreadable' ? undefined : read;
		const levels = jsonOf(this.stored.levels);
		this.levels = levels === undefined ? undefined : readLevelState(levels);
		if (levels !== undefined && !this.levels) {
			warn(
				context,
				"what is stored of levels can't be read: those that are crossed are emitted again",
			);
		}
	}

	/** Whether a user publishes the workflow. Otherwise it was published before. */
	private get isPublished(): boolean {
		const isStart = ['init', 'leadershipChange'].includes(this.context.getActivationMode());
		return this.activation && !isStart;
	}

	/** What publishing handed over, until a poll has stored another position. */
	private get handedOver(): unknown {
		if (!this.hasCursors) return undefined;
		const { node, context } = this;
		const all = [handedOver.get(node), storedHandovers(context)[context.getNode().id]];
		const given = all.filter((one): one is Handover => isRecord(one) && 'cursor' in one);
		// Another main process may have published later.
		const last = given.toSorted((one, other) => other.at - one.at)[0];
		return last && last.replaces === this.replaced ? last.cursor : undefined;
	}

	/** Identifies what is stored. */
	private get replaced(): string | undefined {
		return this.before === undefined ? undefined : digestOf(this.before);
	}

	private beginAnew(): void {
		handedOver.delete(this.node);
		if (this.handedOver === undefined) handOver(this.context, this.node, undefined);
		readsSince.delete(this.node);
		if (!this.isStored) isNew.add(this.node);
		if (!this.hasCursors && hasWriter(this.context)) {
			warn(
				this.context,
				'a node of this workflow changes its static data, and n8n then saves that over the ' +
					"trigger's position. Keep such a node in another workflow, or use durable cursors",
			);
		}
	}

	/** The settings as they apply to this poll. */
	adapt(settings: TriggerSettings): TriggerSettings {
		const adapted = { ...settings };
		if (this.isDurable && settings.process !== undefined) this.tell();
		if (this.isDurable) adapted.process = this.processAtStart(settings);
		delete adapted.existingSince;
		if (!settings.payments) return adapted;
		return { ...adapted, ...withoutUndefined({ existingSince: this.existingSince(settings) }) };
	}

	/**
	 * With durable cursors no batch is repeated. A poll at publishing can't tell whether n8n still
	 * uses them, so it repeats none and keeps the last one.
	 */
	private processAtStart({ process }: TriggerSettings): string | undefined {
		return this.activation && process ? (this.state?.lastBatch?.process ?? process) : undefined;
	}

	/** Since when payments are emitted if there is no position, epoch ms. */
	private existingSince({ existingSince, lookBackMs, now }: TriggerSettings): number | undefined {
		const { context, node } = this;
		if (this.isUnreadable) {
			warn(context, "the stored position can't be read, so the trigger takes a new baseline");
			// Some existing events may already have been emitted.
			return undefined;
		}
		if (this.state || this.isPublished || isNew.has(node)) return existingSince;
		if (!readsSince.has(node) && mayHaveOtherData(context)) {
			warn(
				context,
				'this workflow was published before, and the position is gone. A node that changes its ' +
					'static data can cause this. The trigger reads the payments of the last minutes: some ' +
					'may come again, and earlier ones may be missing',
			);
			readsSince.set(node, now - Math.max(lookBackMs, READ_BACK_MS));
		}
		return readsSince.get(node) ?? existingSince;
	}

	/** Says once that a choice has no effect. */
	private tell(): void {
		if (told.has(this.node)) return;
		told.add(this.node);
		this.context.logger.info(
			`${this.context.getNode().name}: "After a Restart" has no effect while n8n uses durable ` +
				'cursors: no batch is lost, and none is repeated',
		);
	}

	/** Has n8n store the state of levels; undefined if none are chosen any more. */
	writeLevels(after: LevelState | undefined): void {
		const state = after ?? (this.levels && disarmed(this.levels));
		if (!state) return this.drop('levels');
		const json = writeLevelState(state);
		if (jsonOf(this.stored.levels) !== json) this.stored.levels = JSON.parse(json) as IDataObject;
	}

	/** Forgets the position if no payment events are chosen: they start anew if they are, later. */
	forget(): void {
		this.drop('cursor');
		if (this.handedOver !== undefined) handOver(this.context, this.node, undefined);
	}

	/** n8n stores what was deleted, even if it wasn't there. */
	private drop(name: 'cursor' | 'levels'): void {
		if (name in this.stored) delete this.stored[name];
	}

	/**
	 * Has n8n store a state.
	 * @param hasEvents whether the poll emits something
	 * @returns the agents that it can't remember completely
	 */
	write(state: TriggerState, hasEvents: boolean): AgentId[] {
		const { json, shortened } = writeState(state);
		// n8n stores what was set, even if it's the same.
		if (this.before !== json) this.stored.cursor = JSON.parse(json) as IDataObject;
		readsSince.delete(this.node);
		isNew.delete(this.node);
		// With events, n8n stores the state. Until then, the earlier position counts.
		const isDropped = this.activation && this.isDurable && !hasEvents;
		if (isDropped && (this.isPublished || !this.isStored)) this.handOver(state, json);
		return shortened;
	}

	private handOver(state: TriggerState, json: string): void {
		const { context, node, replaced } = this;
		const isAhead = !this.state || hasBegun(this.state, state) || this.handedOver !== undefined;
		if (!isAhead) return;
		const cursor = JSON.parse(json) as IDataObject;
		handOver(context, node, {
			cursor,
			at: Date.now(),
			...withoutUndefined({ replaces: replaced }),
		});
	}
}
