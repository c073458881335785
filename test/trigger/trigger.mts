import '../nodes/quiet.mts';

import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import type { IDataObject, INodeParameters, NodeApiError } from 'n8n-workflow';

import {
	startEmulator,
	type Activity,
	type Agent,
	type AgentInit,
	type Call,
	type Emulator,
	type EmulatorOptions,
	type FaultInit,
	type PaymentDetails,
	type SeedOptions,
} from '../../tools/emulator/index.mts';
import { addressOfKey, credentialOf, newPrivateKey } from '../nodes/agentSession.mts';
import {
	openDurableTrigger,
	openTrigger,
	type CredentialFields,
	type DurableTriggerUnderTest,
	type TriggerOptions,
	type TriggerUnderTest,
} from '../nodes/n8nCore.mts';

export const ACTIVITY = 'GET /agents/{address}/activity';
/** The same for an agent in its session. */
export const OWN_ACTIVITY = 'GET /agents/self/activity';
export const LIST = 'GET /agents';
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;
export const WEEK = 7 * DAY;
export const LOOK_BACK = 15 * MINUTE;

/** Headers of a failed answer, so the next attempt doesn't wait. */
export const atOnce = { 'Retry-After': '0' };

/** Attempts of one call. */
export const ATTEMPTS = 3;

/** A minute ago: of an agent without payments at publishing, only what is from then on is new. */
export const t0 = Date.now() - MINUTE;

export const chosen = (...agents: Array<{ address: string }>): INodeParameters => ({
	agentScope: 'selected',
	agents: agents.map(({ address }) => address.toLowerCase()),
});

export const one = (value: string, mode = 'list'): INodeParameters => ({
	agentScope: 'one',
	agent: { __rl: true, mode, value },
});

/** What n8n's clock says from now on: so much later. */
export function afterTime(ms: number): void {
	const later = Date.now() + ms;
	jest.spyOn(Date, 'now').mockImplementation(() => later);
}

/** A page of activity on the wire. */
export interface WirePage {
	activity: Array<{ id: string; status: string; timestamp: string } & Record<string, unknown>>;
	hasNextPage: boolean;
	totalCount: number;
}

const shortId = ({ activityId, status }: IDataObject) => `${String(activityId)}:${String(status)}`;
const longId = (item: IDataObject) => `${shortId(item)}:${String(item.agentAddress).toLowerCase()}`;

/** `eventId` without the agent, after a check that nothing else is missing. */
export function idsOf(items: IDataObject[] | null): string[] | null {
	if (!items) return null;
	// One `expect` for all of them: each costs more than a poll spends on an item.
	expect(items.map(({ eventId }) => eventId)).toEqual(items.map(longId));
	return items.map(shortId);
}
export const rowsOf = (items: IDataObject[] | null) =>
	(items ?? []).map(({ activityId }) => String(activityId));
export const timesOf = (items: IDataObject[] | null) =>
	(items ?? []).map(({ occurredAt }) => String(occurredAt));
/** Numbers of the seeded rows; the oldest is 0. */
export const rowNumbers = (items: IDataObject[] | null) =>
	rowsOf(items).map((id) => Number(id.split(':')[1]));
export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

type Polled = Pick<TriggerUnderTest | DurableTriggerUnderTest, 'poll'>;

/** Ids of the events of a poll. */
export const poll = async (trigger: Polled) => idsOf(await trigger.poll());

/** Items of polls, until there are that many items or polls. */
export async function gathered(trigger: Polled, count: number, polls = 40): Promise<IDataObject[]> {
	const items: IDataObject[] = [];
	for (let i = 0; i < polls && items.length < count; i++)
		items.push(...((await trigger.poll()) ?? []));
	return items;
}

/** What a poll throws, without a change of the state. */
export async function thrownBy(
	trigger: TriggerUnderTest,
	activation?: Parameters<TriggerUnderTest['poll']>[1],
): Promise<NodeApiError> {
	const [before, writes] = [JSON.stringify(trigger.state), trigger.writes];
	const error = await trigger.poll('trigger', activation).then(
		(items) => new Error(`it gave ${JSON.stringify(items)}`),
		(thrown: unknown) => thrown,
	);
	expect(JSON.stringify(trigger.state)).toBe(before);
	expect(trigger.writes).toBe(writes);
	return error as NodeApiError;
}

export interface TriggerBench {
	readonly emulator: Emulator;
	readonly credential: CredentialFields;
	/** The default agent of payments. */
	readonly buyer: Agent;
	/** The routes that were called, in order, without looks behind the end of a list. */
	readonly seen: Array<string | null>;
	/** Calls of the activity of agents, in order. */
	readonly readings: Call[];
	addAgent(name: string, init?: AgentInit): Agent;
	pay(id: string, timestamp: number, details?: PaymentDetails & { agent?: Agent }): Activity;
	/** Rows of an agent, one a millisecond by default. */
	seed(count: number, options?: SeedOptions & PaymentDetails & { agent?: Agent }): void;
	open(parameters?: INodeParameters, options?: TriggerOptions): TriggerUnderTest;
	durable(
		parameters?: INodeParameters,
		options?: Pick<
			Parameters<typeof openDurableTrigger>[2] & object,
			'nodeId' | 'workflowId' | 'global' | 'hasCursors' | 'nodesAfter'
		>,
	): DurableTriggerUnderTest;
	/** The same for one agent, in its session. */
	openSession(
		agent: Agent,
		parameters?: INodeParameters,
		options?: TriggerOptions,
	): TriggerUnderTest;
	/** A durable one that has emitted payment `a`, and its cursor from before that. */
	emitted(): Promise<{ trigger: DurableTriggerUnderTest; before: IDataObject }>;
	/** Published, with its baseline read. */
	activated(parameters?: INodeParameters, options?: TriggerOptions): Promise<TriggerUnderTest>;
	/** `eventId` of `<activity id>:<status>`. */
	eventId(id: string, agent?: Agent): string;
	/** The node after n8n has stored its state and read it again. */
	restarted(trigger: TriggerUnderTest, parameters?: INodeParameters): TriggerUnderTest;
	/** Makes the activity of one agent, or of all, fail without waits. */
	failActivity(fault?: {
		status?: number;
		agent?: Agent;
		times?: number;
		headers?: Record<string, string>;
	}): void;
	/** Changes pages of activity before they are answered. */
	changePages(
		change: (page: WirePage, call: Call) => WirePage,
		options?: Partial<Pick<FaultInit, 'times' | 'route'>>,
	): void;
	/** Makes time pass on the node's clock with each answer of a route. */
	passTime(ms: number, route?: string): void;
}

/**
 * A new service with one agent for each test of the file. The test fails if the service saw what it
 * didn't declare.
 */
export function useTrigger(emulatorOptions: EmulatorOptions = {}): TriggerBench {
	let emulator: Emulator;
	let buyer: Agent;
	let tests = 0;
	beforeEach(async () => {
		tests++;
		emulator = await startEmulator({ clock: () => Date.now(), ...emulatorOptions });
		buyer = emulator.addAgent({ name: 'buyer', createdAt: t0 - DAY });
	});
	afterEach(async () => {
		jest.restoreAllMocks();
		try {
			emulator.assertClean();
		} finally {
			await emulator.close();
		}
	});
	// Nothing that the node keeps in memory passes from one test to the next.
	const workflowId = () => `workflow ${tests}`;
	const bench: TriggerBench = {
		get emulator() {
			return emulator;
		},
		get credential() {
			return { apiKey: emulator.apiKey, baseUrl: emulator.baseUrl };
		},
		get buyer() {
			return buyer;
		},
		get seen() {
			return emulator.calls.filter(({ isBehindEnd }) => !isBehindEnd).map(({ route }) => route);
		},
		get readings() {
			const ofActivity = emulator.calls.filter(
				({ route }) => route === ACTIVITY || route === OWN_ACTIVITY,
			);
			// Page 0 is looked at once, and no reading.
			return ofActivity.filter(({ query }) => query.page !== '0');
		},
		addAgent: (name, init) => emulator.addAgent({ name, createdAt: t0 - DAY, ...init }),
		pay: (id, timestamp, details) => emulator.pay({ agent: buyer, id, timestamp, ...details }),
		seed(count, { agent = buyer, newest = t0 + count, everyMs = 1, ...details } = {}) {
			emulator.seedActivity(agent, count, () => details, { newest, everyMs });
		},
		open(parameters = {}, options = {}) {
			return openTrigger(parameters, bench.credential, { workflowId: workflowId(), ...options });
		},
		openSession(agent, parameters = {}, options = {}) {
			const privateKey = newPrivateKey();
			emulator.updateAgent(agent, { keys: [addressOfKey(privateKey)] });
			const credential = credentialOf(emulator, agent, privateKey);
			return openTrigger({ authentication: 'agentSession', ...parameters }, credential, {
				workflowId: workflowId(),
				...options,
			});
		},
		durable(parameters = {}, options = {}) {
			return openDurableTrigger(parameters, bench.credential, {
				workflowId: workflowId(),
				...options,
			});
		},
		async emitted() {
			const trigger = bench.durable();
			await trigger.activate();
			await trigger.poll();
			const before = trigger.cursor;
			bench.pay('a', t0);
			expect(await poll(trigger)).toEqual(['a:settled']);
			return { trigger, before };
		},
		async activated(parameters, options) {
			const trigger = bench.open(parameters, options);
			expect(await trigger.poll('trigger', 'activate')).toBeNull();
			return trigger;
		},
		eventId: (id, agent = buyer) => `${id}:${agent.address.toLowerCase()}`,
		restarted(trigger, parameters) {
			return bench.open(parameters, {
				state: JSON.parse(JSON.stringify(trigger.state)) as IDataObject,
			});
		},
		failActivity({ status = 500, agent, times = ATTEMPTS, headers = atOnce } = {}) {
			const match = ({ params }: Call) =>
				agent === undefined || params.address?.toLowerCase() === agent.address.toLowerCase();
			emulator.fault({ route: ACTIVITY, status, headers, times, match });
		},
		changePages(change, { times = Infinity, route = ACTIVITY } = {}) {
			let call: Call | undefined;
			emulator.fault({
				route,
				times,
				match: (matched) => {
					call = matched;
					return true;
				},
				mutate: (body) => change(body as WirePage, call as Call),
			});
		},
		passTime(ms, route = ACTIVITY) {
			let now = Date.now();
			jest.spyOn(Date, 'now').mockImplementation(() => now);
			emulator.fault({
				route,
				times: Infinity,
				mutate: (body) => {
					now += ms;
					return body;
				},
			});
		},
	};
	return bench;
}
