import { execFile, spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { startEmulator, type Activity, type Agent, type Emulator } from '../emulator/index.mts';
import { credentialNames, eventIdOf, testSetup, TRIGGER } from '../n8n/rig.mts';
import { parseFlatted } from '../n8n/flatted.mts';
import { rootDir, installPackage, type Log, type Runtime } from '../n8n/install.mts';
import {
	inARow,
	N8n,
	pollEvery,
	workflowNode,
	type OutputItem,
	type WorkflowNode,
} from '../n8n/n8n.mts';
import { durableEnv } from '../n8n/queueEnv.mts';
import { Cluster } from '../n8n/cluster.mts';
import { waitFor } from '../n8n/wait.mts';

/**
 * Durable cursors; n8n's default scheduler; and the default scheduler when the trigger repeats its
 * last batch after a restart, with Remove Duplicates right after it.
 */
export type Setting = 'durable' | 'default' | 'repeat';

/**
 * The moment at which half of the kills are aimed: after n8n got an answer with a payment; after it
 * saved the trigger's state, before it stores the execution; after Remove Duplicates noted the
 * event, before its execution is stored.
 */
export type Aim = 'answered' | 'saved' | 'noted';

export interface KillOptions {
	runtime: Runtime;
	tarball: string;
	setting: Setting;
	/** How many payments are made, including those that `measured` needs. */
	payments: number;
	/** How many times n8n is killed; half of them, rounded up, are aimed. */
	kills: number;
	/**
	 * By default `answered` with durable cursors, which save state and execution in one step;
	 * otherwise `saved`.
	 */
	aim?: Aim;
	/** Whether the trigger is that of one agent, in its session, instead of all with an API key. */
	inSession?: boolean;
	/** Whether n8n saves an execution after each of its nodes: a setting of the workflow. */
	savesProgress?: boolean;
	/** How many emissions are measured before the first kill; 0 by default. */
	measured?: number;
	/**
	 * Random by default. Kill moments and payments follow from it, apart from the machine's speed.
	 */
	seed?: number;
	log: Log;
}

export interface LostEvent {
	eventId: string;
	/** Number of the kill in a moment in which n8n loses it; null if there was none. */
	kill: number | null;
	/**
	 * Between saved state and stored execution, or Remove Duplicates and the end of its execution.
	 */
	moment: 'saved' | 'noted' | null;
	/**
	 * The executions that contain it, with their states; with `repeat`, before Remove Duplicates.
	 */
	executions: string[];
}

export interface KillReport {
	setting: Setting;
	inSession: boolean;
	aim: Aim;
	seed: number;
	kills: number;
	aimedKills: number;
	/** Aimed kills that came right after what they waited for. */
	metKills: number;
	/**
	 * Kills after n8n got an answer with a payment, and before it stored an execution with it.
	 */
	cutOffs: number;
	payments: number;
	/** Expected events in a stored execution; with `repeat`, after Remove Duplicates. */
	delivered: number;
	lost: LostEvent[];
	/** How many of the lost ones are in an execution that was cut off after the trigger. */
	cutOffExecutions: number;
	/** Ids of events that were delivered twice. */
	repeated: string[];
	/** Ids of events that the trigger emitted twice. */
	emittedTwice: string[];
	/** Ids of events that were emitted although nothing new happened to their payment. */
	unexpected: string[];
	/**
	 * From saved state to stored execution, ms, by emission; negative if the execution came first.
	 */
	moments: number[];
	/** From Remove Duplicates noting an event to the end of its execution, ms; only with `repeat`. */
	noted: number[];
}

const AGENTS = 4;
const POLL_SECONDS = 2;
const TRIGGER_NAME = 'Ampersend Trigger';
const REMOVE_NAME = 'Each event once';
const ACTIVITY = 'GET /agents/{address}/activity';
const OWN_ACTIVITY = 'GET /agents/self/activity';

/**
 * How long n8n takes from the answer with a new payment to storing its execution, in ms, if this
 * isn't measured.
 */
const USUAL_STORING_MS = 40;
/**
 * An aimed kill comes at most this much later after the answer: two of three come before.
 */
const AIM = 1.5;
/** A kill comes at most this long after n8n is up, in ms: its first polls, and some later ones. */
const UP_MS = 8_000;
/**
 * n8n first got a payment at most this long before a kill, in ms, if the kill cut off its storing.
 */
const CUT_OFF_MS = 2_000;
/** How long kills and payments are spread over for each kill, in ms: a boot and the time up. */
const CYCLE_MS = 10_000;
/** After this many polls without anything new, nothing more will come. */
const QUIET_POLLS = 4;
/**
 * How long n8n takes to request a new payment, in ms: before it repeats a poll that kills have cut
 * off several times, it waits for up to 5 minutes (@n8n/scheduler, backoff.js).
 */
const REQUESTED_MS = 360_000;
/** How long an aimed kill waits for its moment, in ms. */
const AIMED_MS = 15_000;

/**
 * After a kill while n8n was publishing the workflow, the next n8n waits for two minutes before it
 * publishes it again (2.41, workflow-publication-outbox). Here it does so during the run.
 */
const PUBLISHING: NodeJS.ProcessEnv = {
	N8N_WORKFLOW_PUBLICATION_OUTBOX_LEASE_SECONDS: '15',
	N8N_WORKFLOW_PUBLICATION_OUTBOX_POLL_INTERVAL_MS: '1000',
	N8N_WORKFLOW_PUBLICATION_RECONCILE_INTERVAL_SECONDS: '2',
};

const environments: Record<Setting, NodeJS.ProcessEnv> = {
	default: {},
	repeat: {},
	durable: {
		...durableEnv,
		// By default n8n looks for polls that are due every 5 s, and runs one that a kill cut off again
		// after a minute. Here it does so during the run.
		N8N_SCHEDULER_EXECUTOR_INTERVAL: '1',
		N8N_SCHEDULER_LEASE_DURATION: '10',
		N8N_SCHEDULER_POLL_TIMEOUT: '8',
		N8N_SCHEDULER_REAPER_INTERVAL: '2',
	},
};

/**
 * How long n8n runs after its last start, in ms: a poll that was cut off could repeat its events.
 */
const settleMs: Record<Setting, number> = { default: 0, repeat: 0, durable: 20_000 };

/** Numbers from 0 to below 1 that follow from a seed (mulberry32). */
function seededRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

interface Stored {
	/** The trigger's state as n8n keeps it, JSON; null before the first one. */
	cursor: string | null;
	/** What Remove Duplicates has noted, JSON; null before its first note. */
	history: string | null;
	executions: Array<{
		id: number;
		data: string;
		status: string;
		startedAt: string | null;
		stoppedAt: string | null;
	}>;
}

interface StoredRun {
	executionData?: {
		nodeExecutionStack?: Array<{
			node: { name: string };
			data: { main?: Array<OutputItem[] | null> };
		}>;
	};
	resultData?: {
		runData?: Record<string, Array<{ data?: { main?: Array<OutputItem[] | null> } }>>;
	};
}

/** Ids of the events that an execution was started with, run or not, and of the unique ones. */
function eventIdsIn(data: string): { emitted: string[]; unique: string[] } {
	const { executionData, resultData } = parseFlatted(data) as StoredRun;
	const outputOf = (node: string) => resultData?.runData?.[node]?.[0]?.data?.main?.[0];
	const waiting = executionData?.nodeExecutionStack?.find(({ node }) => node.name === TRIGGER_NAME);
	const idsOf = (items: OutputItem[] | null | undefined) =>
		(items ?? []).flatMap(({ json }) => (typeof json.eventId === 'string' ? [json.eventId] : []));
	return {
		emitted: idsOf(outputOf(TRIGGER_NAME) ?? waiting?.data.main?.[0]),
		unique: idsOf(outputOf(REMOVE_NAME)),
	};
}

/** How often each id occurs. */
function tally(executions: Map<number, string[]>): Map<string, number> {
	const counts = new Map<string, number>();
	for (const eventId of [...executions.values()].flat())
		counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
	return counts;
}

/** Adds what an execution contains, if it's more than what was read before. */
function keep(executions: Map<number, string[]>, id: number, eventIds: string[]): void {
	if (eventIds.length > (executions.get(id)?.length ?? 0)) executions.set(id, eventIds);
}

/** One n8n after the other in one user folder, each until it is killed. */
class KillRun {
	private readonly random: () => number;
	private readonly agents: Agent[];
	/** Of each agent, in a session. */
	private readonly privateKey = generatePrivateKey();
	/** What is called to read an agent. */
	private readonly route: string;
	private readonly made: Activity[] = [];
	/**
	 * Ids of emitted events by execution, read after each kill: n8n rewrites one that was cut off.
	 */
	private readonly held = new Map<number, string[]>();
	/** Ids of the events that passed Remove Duplicates, by execution. */
	private readonly unique = new Map<number, string[]>();
	/** When the current n8n first got each payment (epoch ms), by its id. */
	private served = new Map<string, number>();
	/**
	 * By event id, the first kill after which n8n's cursor knew it and no execution contained it,
	 * and whether it was cut off.
	 */
	private readonly missed = new Map<string, { kill: number; isCutOff: boolean }>();
	/**
	 * By event id, the kill after which Remove Duplicates had noted it and no execution contained it.
	 */
	private readonly noted = new Map<string, number>();
	/** How each execution ended, for people. */
	private readonly states = new Map<number, string>();
	private cutOffs = 0;
	private metKills = 0;
	private readonly isRepeat: boolean;
	private readonly aim: Aim;
	/** From the answer with a new payment to the stored execution, in ms. */
	private storingMs = USUAL_STORING_MS;
	private onNew: () => void = () => {};
	/** The trigger's state shortly before the next kill. */
	private cursorBefore = '';

	constructor(
		private readonly options: KillOptions,
		private readonly seed: number,
		private readonly emulator: Emulator,
		private readonly userFolder: string,
		/** Its file, or its address in Postgres. */
		private readonly database: string,
	) {
		this.random = seededRandom(seed);
		const { setting, aim = setting === 'durable' ? 'answered' : 'saved' } = options;
		const { inSession = false } = options;
		this.route = inSession ? OWN_ACTIVITY : ACTIVITY;
		const keys = [privateKeyToAccount(this.privateKey).address];
		this.isRepeat = setting === 'repeat';
		this.aim = aim;
		this.agents = Array.from({ length: inSession ? 1 : AGENTS }, (_, i) =>
			emulator.addAgent({ name: `Agent ${i + 1}`, keys }),
		);
		emulator.fault({
			route: this.route,
			times: Infinity,
			mutate: (body) => {
				this.note(body as { activity: Array<{ id: string }> });
				return body;
			},
		});
	}

	async run(): Promise<KillReport> {
		const { setting, payments, kills, measured = 0, log } = this.options;
		// Payments from before the workflow aren't emitted.
		const before = this.agents.map((agent) =>
			this.emulator.pay({ agent, type: 'spend', status: 'settled' }),
		);
		let n8n = await this.start();
		try {
			await this.activate(n8n);
			const measurement = measured > 0 ? await this.measure(measured) : { moments: [], noted: [] };
			const aimed = this.shuffled(
				Array.from({ length: kills }, (_, i) => i < Math.ceil(kills / 2)),
			);
			for (const [i, isAimed] of aimed.entries()) {
				const share = Math.round((payments - this.made.length) / (kills - i));
				const paying = this.pay(isAimed ? share - 1 : share);
				await this.untilKill(n8n, isAimed);
				const killedAt = Date.now();
				await n8n.kill();
				const { cutOff, missed, noted } = this.noteKill(i + 1, killedAt, await this.look());
				log(
					`${setting}: kill ${i + 1} of ${kills}${isAimed ? ' (aimed)' : ''} ` +
						`after ${this.made.length} payments: n8n got ${cutOff} and has not stored them` +
						(missed > 0 ? `, and its cursor knows ${missed}` : '') +
						(noted > 0 ? `; Remove Duplicates noted ${noted} that are not stored after it` : ''),
				);
				n8n = await this.start(n8n.login);
				await paying;
			}
			await this.untilQuiet();
			await n8n.stop();
			await this.look();
			this.emulator.assertClean();
			return this.report(measurement, before);
		} catch (error) {
			throw new Error(
				`${setting}, seed ${this.seed}: ${String(error)}\n` +
					`The end of n8n's log:\n${n8n.log.slice(-3000)}`,
				{ cause: error },
			);
		} finally {
			await n8n.stop();
		}
	}

	/**
	 * Starts n8n, like a service manager: if n8n ends while it recovers what the kill has left, it's
	 * started again. n8n 2.41.1 does so after an execution that it had stored and not begun.
	 */
	private async start(login?: N8n['login']): Promise<N8n> {
		const { runtime, setting, log } = this.options;
		this.served = new Map();
		const start = async () =>
			await N8n.start({
				runtime,
				userFolder: this.userFolder,
				env: { ...PUBLISHING, ...environments[setting], EXECUTIONS_DATA_PRUNE: 'false' },
				...(login ? { login } : {}),
			});
		try {
			return await start();
		} catch (error) {
			if (!login) throw error;
			log(`${setting}: n8n ended by itself and is started again. ${String(error)}`);
			return await start();
		}
	}

	/**
	 * Publishes the workflow, and waits until a new payment certainly isn't part of the baseline.
	 */
	private async activate(n8n: N8n): Promise<void> {
		const { inSession = false } = this.options;
		const { apiKey, baseUrl, agentBaseUrl } = this.emulator;
		const type = inSession ? 'ampersendAgentApi' : 'ampersendApi';
		const id = await n8n.createCredential(
			credentialNames.ampersend,
			type,
			inSession
				? {
						environment: 'other',
						baseUrl: agentBaseUrl,
						agentAddress: this.agents[0]?.address,
						privateKey: this.privateKey,
					}
				: { apiKey, baseUrl },
		);
		const trigger = workflowNode({
			name: TRIGGER_NAME,
			type: TRIGGER,
			parameters: {
				pollTimes: pollEvery(POLL_SECONDS),
				...(inSession && { authentication: 'agentSession' }),
				...(this.isRepeat && { options: { afterRestart: 'repeat' } }),
			},
			credentials: { [type]: { id, name: credentialNames.ampersend } },
		});
		const end = workflowNode({ name: 'Do nothing', type: 'n8n-nodes-base.noOp', parameters: {} });
		const nodes = this.isRepeat ? [trigger, removeDuplicates(), end] : [trigger, end];
		const settings = this.options.savesProgress ? { saveExecutionProgress: true } : {};
		await n8n.activate(await n8n.importWorkflow({ ...inARow('Payments', nodes), settings }));
		await waitFor('the baseline to be stored', async () => {
			const cursor = (await this.stored()).cursor ?? '';
			return (
				this.agents.every(({ address }) => cursor.includes(address.toLowerCase())) || undefined
			);
		});
		// A poll that began before the baseline was stored can store its own after it.
		await this.wholePolls(2);
	}

	/** Measures the moments while payments are emitted one by one. */
	private async measure(emissions: number): Promise<{ moments: number[]; noted: number[] }> {
		const { runtime, setting, log } = this.options;
		const watcher = spawn(
			runtime.node,
			[join(rootDir, 'tools', 'proof', 'stored.cjs'), 'watch', this.database],
			{
				stdio: ['pipe', 'pipe', 'inherit'],
			},
		);
		const changes: Array<{ at: number; changed: string[] }> = [];
		createInterface({ input: watcher.stdout }).on('line', (line) =>
			changes.push(JSON.parse(line) as (typeof changes)[number]),
		);
		const storing: number[] = [];
		const when = (name: string) =>
			changes.filter(({ changed }) => changed.includes(name)).map(({ at }) => at);
		try {
			await waitFor('a look at the database', () => changes.at(0));
			while (when('execution').length < emissions) {
				const seen = when('execution').length;
				const { id } = this.payOne();
				await waitFor(
					'a payment to be emitted',
					() => when('execution').length > seen || undefined,
				);
				storing.push((when('execution')[seen] ?? 0) - (this.served.get(id) ?? 0));
				await sleep(this.random() * 1000);
			}
		} finally {
			const gone = new Promise((resolve) => watcher.once('exit', resolve));
			watcher.stdin.end();
			await gone;
		}
		this.storingMs = median(storing);
		const moments = when('execution').map((at) => {
			const distances = when('cursor').map((saved) => at - saved);
			return distances.reduce(
				(nearest, distance) => (Math.abs(distance) < Math.abs(nearest) ? distance : nearest),
				Infinity,
			);
		});
		const noted = when('history').flatMap((at) => {
			const ended = when('ended').find((one) => one >= at);
			return ended === undefined ? [] : [ended - at];
		});
		log(
			`${setting}: from saved state to stored execution, over ${moments.length} emissions: ` +
				`${medianAndLargest(moments)} ms (median / largest); ` +
				`from answer to execution ${Math.round(this.storingMs)} ms (median)` +
				(noted.length > 0 ? `; from noted to ended ${medianAndLargest(noted)} ms` : ''),
		);
		return { moments, noted };
	}

	private payOne(): Activity {
		// Already in their last status: a payment that settles between two polls is emitted as settled
		// only, so the expected events would depend on when the polls are.
		const kinds = [
			{ type: 'spend', status: 'settled' },
			{ type: 'earn', status: 'received' },
			{ type: 'spend', status: 'denied' },
		] as const;
		const agent = this.oneOf(this.agents);
		const payment = this.emulator.pay({
			agent,
			...this.oneOf(kinds),
			amountMicro: BigInt(this.made.length + 1),
		});
		this.made.push(payment);
		return payment;
	}

	/** Makes payments at random moments, whether n8n is up or not. */
	private async pay(count: number): Promise<void> {
		for (let i = 0; i < count; i++) {
			this.payOne();
			await sleep((this.random() * 2 * CYCLE_MS) / count);
		}
	}

	/**
	 * Half of the kills come at any moment. The others are aimed at a dangerous moment, which is so
	 * short that random kills rarely hit it. They wait for an answer with a new payment, then for
	 * what n8n stores of it.
	 */
	private async untilKill(n8n: N8n, isAimed: boolean): Promise<void> {
		await sleep(this.random() * UP_MS);
		this.cursorBefore = (await this.stored()).cursor ?? '';
		if (!isAimed) return;
		const killer = this.aim === 'answered' ? undefined : await this.killer(n8n, this.aim);
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(
				() => reject(new Error('n8n did not request a new payment within six minutes.')),
				REQUESTED_MS,
			);
			this.onNew = () => {
				clearTimeout(timer);
				resolve();
			};
			this.payOne();
		});
		if (killer) await killer();
		else await sleep(this.random() * AIM * this.storingMs);
	}

	/**
	 * Kills n8n as soon as it has stored something, from a separate process: this one isn't quick
	 * enough.
	 * @returns a function that arms it
	 */
	private async killer(n8n: N8n, aim: 'saved' | 'noted'): Promise<() => Promise<void>> {
		const what = aim === 'saved' ? 'cursor' : 'history';
		const script = [
			join(rootDir, 'tools', 'proof', 'stored.cjs'),
			'kill',
			this.database,
			String(n8n.pid),
			what,
			String(AIMED_MS),
		];
		const child = spawn(this.options.runtime.node, script, { stdio: ['pipe', 'pipe', 'inherit'] });
		const gone = new Promise((resolve) => child.once('exit', resolve));
		const lines = createInterface({ input: child.stdout });
		const outcome: Array<{ isMet?: boolean }> = [];
		lines.on('line', (line) => outcome.push(JSON.parse(line) as { isMet?: boolean }));
		await waitFor('a look at the database', () => outcome.at(0));
		return async () => {
			child.stdin.write('now\n');
			await gone;
			await waitFor('the outcome of a kill', () => outcome.at(1));
			if (outcome[1]?.isMet) this.metKills += 1;
		};
	}

	/** Sees each page of activity just before it leaves for n8n. */
	private note({ activity }: { activity: Array<{ id: string }> }): void {
		for (const { id } of activity) {
			const payment = this.made.find((made) => made.id === id);
			if (payment === undefined || this.served.has(id)) continue;
			this.served.set(id, Date.now());
			if (!tally(this.held).has(eventIdOf(payment))) this.onNew();
		}
	}

	/**
	 * Compares the answers that n8n got with what it has stored.
	 * @returns how many payments wait to be stored; how many of them the cursor knows; how many
	 * events Remove Duplicates has noted that no stored execution contains after it
	 */
	private noteKill(
		kill: number,
		killedAt: number,
		{ cursor, history }: Stored,
	): { cutOff: number; missed: number; noted: number } {
		const counts = tally(this.held);
		const unstored = this.made.filter(
			(payment) => !counts.has(eventIdOf(payment)) && !this.missed.has(eventIdOf(payment)),
		);
		const missed = unstored.filter((payment) => knows(cursor ?? '', payment));
		for (const payment of missed) {
			const servedAt = this.served.get(payment.id) ?? -Infinity;
			// On a busy machine, a poll can take longer.
			const isCutOff = killedAt - servedAt <= CUT_OFF_MS || !knows(this.cursorBefore, payment);
			this.missed.set(eventIdOf(payment), { kill, isCutOff });
		}
		const cutOff = unstored.filter(({ id }) => this.served.has(id)).length;
		if (cutOff > 0) this.cutOffs += 1;
		const unique = tally(this.unique);
		const noted = this.made
			.map(eventIdOf)
			.filter(
				(eventId) =>
					!unique.has(eventId) && !this.noted.has(eventId) && hasNoted(history ?? '', eventId),
			);
		for (const eventId of noted) this.noted.set(eventId, kill);
		return { cutOff, missed: missed.length, noted: noted.length };
	}

	private async stored(): Promise<Stored> {
		const { stdout } = await promisify(execFile)(
			this.options.runtime.node,
			[join(rootDir, 'tools', 'proof', 'stored.cjs'), 'read', this.database],
			{
				maxBuffer: 2 ** 30,
			},
		);
		return JSON.parse(stdout) as Stored;
	}

	/** Adds what is stored now to what was stored before. */
	private async look(): Promise<Stored> {
		const stored = await this.stored();
		for (const { id, data, status, startedAt, stoppedAt } of stored.executions) {
			this.states.set(id, `execution ${id}: ${status}, from ${startedAt} to ${stoppedAt}`);
			const { emitted, unique } = eventIdsIn(data);
			keep(this.held, id, emitted);
			keep(this.unique, id, unique);
		}
		return stored;
	}

	/** Waits until every agent was read that many more times. */
	private async wholePolls(count: number): Promise<void> {
		const from = this.emulator.calls.length;
		await waitFor(`${count} polls`, () => {
			const calls = this.emulator.calls
				.slice(from)
				.filter(({ route, status }) => route === this.route && status === 200);
			const readings = ({ address }: Agent) =>
				calls.filter(
					({ route, path }) =>
						route === OWN_ACTIVITY || path.toLowerCase().includes(address.toLowerCase()),
				);
			return this.agents.every((agent) => readings(agent).length >= count) || undefined;
		});
	}

	private async untilQuiet(): Promise<void> {
		await sleep(settleMs[this.options.setting]);
		await this.wholePolls(QUIET_POLLS);
	}

	private report(
		measurement: Pick<KillReport, 'moments' | 'noted'>,
		before: Activity[],
	): KillReport {
		const { setting, inSession = false, kills } = this.options;
		const expected = this.made.map(eventIdOf);
		const emitted = tally(this.held);
		const delivered = this.isRepeat ? tally(this.unique) : emitted;
		const old = new Set(before.map(eventIdOf));
		const twice = (counts: Map<string, number>) =>
			[...counts].filter(([, count]) => count > 1).map(([eventId]) => eventId);
		const lost = expected.filter((eventId) => !delivered.has(eventId));
		return {
			setting,
			inSession,
			aim: this.aim,
			seed: this.seed,
			kills,
			aimedKills: Math.ceil(kills / 2),
			metKills: this.metKills,
			cutOffs: this.cutOffs,
			payments: expected.length,
			delivered: expected.length - lost.length,
			lost: lost.map((eventId) => this.whyLost(eventId)),
			cutOffExecutions: lost.filter((eventId) => emitted.has(eventId)).length,
			repeated: twice(delivered),
			emittedTwice: twice(emitted),
			unexpected: [...emitted.keys()].filter(
				(eventId) => old.has(eventId) || !expected.includes(eventId),
			),
			...measurement,
		};
	}

	private whyLost(eventId: string): LostEvent {
		const executions = [...this.held]
			.filter(([, eventIds]) => eventIds.includes(eventId))
			.map(([id]) => this.states.get(id) ?? `execution ${id}`);
		const noted = this.noted.get(eventId);
		if (noted !== undefined) return { eventId, kill: noted, moment: 'noted', executions };
		const missed = this.missed.get(eventId);
		// The saved state doesn't lose what the trigger repeats.
		const isSaved = missed?.isCutOff && !this.isRepeat;
		return {
			eventId,
			kill: isSaved ? missed.kill : null,
			moment: isSaved ? 'saved' : null,
			executions,
		};
	}

	private oneOf<T>(values: readonly T[]): T {
		return values[Math.floor(this.random() * values.length)] as T;
	}

	private shuffled<T>(values: readonly T[]): T[] {
		return values
			.map((value) => ({ value, at: this.random() }))
			.sort((one, other) => one.at - other.at)
			.map(({ value }) => value);
	}
}

/**
 * Whether a stored cursor remembers a payment: by its id, or by the first 64 bits of the id's hash.
 */
function knows(cursor: string, { id }: Activity): boolean {
	return (
		cursor.includes(id) ||
		cursor.includes(createHash('sha256').update(id).digest('hex').slice(0, 16))
	);
}

/** Whether Remove Duplicates has noted an event: by a hash (n8n 2.41, deduplication-helper.js). */
function hasNoted(history: string, eventId: string): boolean {
	return history.includes(createHash('md5').update(eventId).digest('base64'));
}

function removeDuplicates(): WorkflowNode {
	return workflowNode({
		name: REMOVE_NAME,
		type: 'n8n-nodes-base.removeDuplicates',
		typeVersion: 2,
		parameters: {
			operation: 'removeItemsSeenInPreviousExecutions',
			logic: 'removeItemsWithAlreadySeenKeyValues',
			dedupeValue: '={{ $json.eventId }}',
			options: { scope: 'node', historySize: 10_000 },
		},
	});
}

/** Lost events, at moments in which n8n itself can't lose them. */
export function lostOutside({ lost }: KillReport): LostEvent[] {
	return lost.filter(({ kill }) => kill === null);
}

function median(values: number[]): number {
	return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** In milliseconds, for example `12 / 30`; `-` if none was measured. */
export function medianAndLargest(moments: number[]): string {
	if (moments.length === 0) return '-';
	return `${Math.round(median(moments))} / ${Math.round(Math.max(...moments))}`;
}

/** The name of a run in its output. */
function nameOf({
	setting,
	inSession,
	aim,
}: Pick<KillReport, 'setting' | 'aim'> & Pick<KillOptions, 'inSession'>): string {
	const name = inSession ? `${setting}, in a session` : setting;
	return aim === 'noted' ? `${name}, after Remove Duplicates` : name;
}

/** The report for people, line by line. */
export function describeReport(report: KillReport): string[] {
	const {
		aim,
		seed,
		kills,
		aimedKills,
		metKills,
		cutOffs,
		payments,
		delivered,
		lost,
		cutOffExecutions,
	} = report;
	const { repeated, emittedTwice, unexpected, moments, noted } = report;
	const lostAt = (moment: LostEvent['moment']) =>
		lost.filter((one) => one.moment === moment).length;
	const met = aim === 'answered' ? '' : ` (${metKills} met their moment)`;
	const lines = [
		`seed ${seed}, ${kills} kills, ${aimedKills} of them aimed${met}, ` +
			`${cutOffs} before n8n stored the answer`,
		`${payments} payments, ${delivered} delivered, ${lost.length} lost, ` +
			`${repeated.length} acted on twice, ${emittedTwice.length} emitted twice, ` +
			`${unexpected.length} unexpected`,
		`${lostAt('saved')} lost between state and execution, ${lostAt('noted')} between Remove ` +
			`Duplicates and the end of its execution, ${lostAt(null)} at other moments; ` +
			`${cutOffExecutions} are in an execution that was cut off`,
		...(moments.length > 0
			? [
					`from state to execution ${medianAndLargest(moments)} ms ` +
						`(median / largest of ${moments.length})`,
				]
			: []),
		...(noted.length > 0
			? [
					`from Remove Duplicates to the end ${medianAndLargest(noted)} ms ` +
						`(median / largest of ${noted.length})`,
				]
			: []),
		...lost.map(({ eventId, kill, executions }) =>
			[`lost ${eventId}${kill === null ? '' : ` at kill ${kill}`}`, ...executions].join('; '),
		),
		...repeated.map((eventId) => `acted on twice: ${eventId}`),
		...unexpected.map((eventId) => `unexpected ${eventId}`),
	];
	return lines.map((line) => `${nameOf(report)}: ${line}`);
}

const settingNames: Record<Setting, string> = {
	durable: 'Durable cursors',
	default: 'Default, Continue',
	repeat: 'Default, Repeat Last Batch and Remove Duplicates',
};

const aimNames: Record<Aim, string> = {
	answered: 'after an answer',
	saved: 'between state and execution',
	noted: 'between Remove Duplicates and the end of its execution',
};

/** One row for each report. */
export function markdownTable(reports: KillReport[]): string {
	const rows = reports.map((report) => [
		settingNames[report.setting] + (report.inSession ? ', in an agent session' : ''),
		report.payments,
		`${report.kills} (${report.aimedKills} ${aimNames[report.aim]})`,
		report.delivered,
		report.lost.length,
		report.repeated.length,
		medianAndLargest(report.moments),
		medianAndLargest(report.noted),
	]);
	return [
		'| Setting | Payments | Kills (aimed) | Delivered | Lost | Acted on twice ' +
			'| State to execution, ms | Remove Duplicates to end, ms |',
		'|---|---|---|---|---|---|---|---|',
		...rows.map((row) => `| ${row.join(' | ')} |`),
		'',
		'ms: median / largest.',
	].join('\n');
}

/** Which promises a run broke. */
export function broken(report: KillReport): string[] {
	const { setting, lost, repeated, emittedTwice, unexpected } = report;
	const counts = {
		lost: setting === 'durable' ? lost.length : lostOutside(report).length,
		'acted on twice': repeated.length,
		'emitted twice': setting === 'repeat' ? 0 : emittedTwice.length,
		unexpected: unexpected.length,
	};
	return Object.entries(counts)
		.filter(([, count]) => count > 0)
		.map(([what, count]) => `${nameOf(report)}: ${count} events ${what}`);
}

/**
 * Makes payments while n8n is killed again and again, and counts how many stored executions contain
 * each event.
 */
export async function runKills(options: KillOptions): Promise<KillReport> {
	const {
		tarball,
		setting,
		seed = randomInt(2 ** 31),
		payments,
		kills,
		measured = 0,
		log,
	} = options;
	if (payments < measured + kills)
		throw new Error(
			`${measured} emissions and ${kills} kills need more than ${payments} payments.`,
		);
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-kills-'));
	const emulator = await startEmulator();
	try {
		const userFolder = join(folder, 'user');
		await mkdir(userFolder);
		await installPackage(tarball, userFolder, log);
		log(`${setting}: ${payments} payments, ${kills} kills, seed ${seed}`);
		const cluster = await Cluster.of(userFolder);
		const database = cluster?.url ?? join(userFolder, '.n8n', 'database.sqlite');
		return await new KillRun(options, seed, emulator, userFolder, database).run();
	} finally {
		await emulator.close();
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

/** The short form of `npm run proof`, for the tests. */
export async function runShortKills(
	options: Pick<KillOptions, 'setting' | 'inSession'>,
): Promise<KillReport> {
	// At once, so it's printed even if the run fails.
	const log = (line: string) => void process.stderr.write(`${line}\n`);
	const report = await runKills({
		...testSetup(),
		...options,
		payments: 40,
		kills: 4,
		measured: 5,
		log,
	});
	describeReport(report).forEach(log);
	return report;
}
