import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { startEmulator, type Activity, type Agent, type Emulator } from '../emulator/index.mts';
import { Cluster } from '../n8n/cluster.mts';
import { installPackage, type Log, type Runtime } from '../n8n/install.mts';
import { inARow, N8n, pollEvery, workflowNode, type WorkflowNode } from '../n8n/n8n.mts';
import type { N8nProcess } from '../n8n/process.mts';
import { durableEnv } from '../n8n/queueEnv.mts';
import { Receiver } from '../n8n/receiver.mts';
import { credentialNames, eventIdOf, testSetup, TRIGGER } from '../n8n/rig.mts';
import { waitFor } from '../n8n/wait.mts';
import {
	describeReport,
	medianAndLargest,
	median,
	type Aim,
	type KillReport,
	type LostEvent,
	type Setting,
	type Target,
} from './report.mts';
import {
	Database,
	eventIdsIn,
	hasNoted,
	knows,
	REMOVE_NAME,
	TRIGGER_NAME,
	type Stored,
} from './stored.mts';

export interface KillOptions {
	runtime: Runtime;
	tarball: string;
	setting: Setting;
	/** `all` by default. Only in queue mode is there anything else. */
	target?: Target;
	/** How many payments are made, including those that `measured` needs. */
	payments: number;
	/** How many times n8n is killed; half of them, rounded up, are aimed. */
	kills: number;
	/** By default those at which n8n loses something; see `aimsOf`. */
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
const AGENTS = 4;
const POLL_SECONDS = 2;
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
 * off several times, it waits for up to 5 minutes (@n8n/scheduler, backoff.js). If n8n drops what a
 * poll has found, because the machine was too busy to store it in time, the trigger finds nothing
 * for 5 minutes (STORING_MS in nodes/Ampersend/trigger/scheduler.ts).
 */
const REQUESTED_MS = 720_000;
/** How long n8n takes to publish the workflow on a busy machine, in ms. */
export const PUBLISHED_MS = 120_000;
/** How long the last executions take, in ms, with those of a killed worker. */
const ENDED_MS = 300_000;
const UNFINISHED = new Set(['new', 'running', 'waiting']);
/** What n8n stores in place of an execution whose worker is gone. */
const STALLED = 'failed to be processed too many times';

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
		N8N_SCHEDULER_LEASE_DURATION: '15',
		N8N_SCHEDULER_POLL_TIMEOUT: '12',
		N8N_SCHEDULER_REAPER_INTERVAL: '2',
	},
};

/**
 * How long n8n runs after its last start, in ms: a poll that was cut off could repeat its events.
 */
export const settleMs: Record<Setting, number> = { default: 0, repeat: 0, durable: 30_000 };

/** What a kill waits for that is aimed at something stored. */
const awaited: Partial<Record<Aim, 'cursor' | 'execution' | 'history'>> = {
	saved: 'cursor',
	stored: 'execution',
	noted: 'history',
};

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

/** How often each id occurs. */
function tally(eventIds: string[]): Map<string, number> {
	const counts = new Map<string, number>();
	for (const eventId of eventIds) counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
	return counts;
}

/** The moments at which kills are aimed, in turns, unless one is chosen. */
function aimsOf({ setting, target = 'all', aim }: KillOptions): Aim[] {
	if (aim) return [aim];
	if (target === 'worker') return ['acting'];
	// Durable cursors save state and execution in one step.
	const first: Aim = setting === 'durable' ? 'answered' : 'saved';
	return target === 'main' ? [first, 'stored'] : [first];
}

/** Adds what an execution contains, if it's more than what was read before. */
function keep(executions: Map<number, string[]>, id: number, eventIds: string[]): void {
	if (eventIds.length > (executions.get(id)?.length ?? 0)) executions.set(id, eventIds);
}

/**
 * Starts n8n, like a service manager: if n8n ends while it recovers what the kill has left, it's
 * started again. n8n 2.41.1 does so after an execution that it had stored and not begun.
 * @param login of an earlier start
 */
export async function startN8n(
	{ runtime, setting, log }: Pick<KillOptions, 'log' | 'runtime' | 'setting'>,
	userFolder: string,
	login?: N8n['login'],
	workers: N8nProcess[] = [],
): Promise<N8n> {
	const start = async () =>
		await N8n.start({
			runtime,
			userFolder,
			env: { ...PUBLISHING, ...environments[setting], EXECUTIONS_DATA_PRUNE: 'false' },
			...(login ? { login } : {}),
			...(workers.length > 0 ? { queue: { running: workers } } : {}),
		});
	try {
		return await start();
	} catch (error) {
		if (!login) throw error;
		log(`${setting}: n8n ended by itself and is started again. ${String(error)}`);
		return await start();
	}
}

/** How many payments or events were at a moment in which a kill can cost them. */
interface KillNote {
	/** Payments that wait to be stored. */
	cutOff: number;
	/** Those of them that the cursor knows. */
	missed: number;
	/** Events that Remove Duplicates has noted and no stored execution contains after it. */
	noted: number;
}

function describeKill({ cutOff, missed, noted }: KillNote): string {
	return (
		`n8n got ${cutOff} and has not stored them` +
		(missed > 0 ? `, and its cursor knows ${missed}` : '') +
		(noted > 0 ? `; Remove Duplicates noted ${noted} that are not stored after it` : '')
	);
}

/** Epoch ms. */
interface Span {
	from: number;
	to: number;
}

type Cause = { kill: number; moment: NonNullable<LostEvent['moment']> };

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
	/** When each execution ran. */
	private readonly spans: Span[] = [];
	private cutOffs = 0;
	private metKills = 0;
	private readonly isRepeat: boolean;
	private readonly target: Target;
	private readonly aims: Aim[];
	/** From the answer with a new payment to the stored execution, in ms. */
	private storingMs = USUAL_STORING_MS;
	private onNew: () => void = () => {};
	/** The trigger's state shortly before the next kill. */
	private cursorBefore = '';
	/** The kill after which an execution was first seen. */
	private readonly seenAt = new Map<number, number>();
	/** Executions of which n8n says that their worker is gone. */
	private readonly stalled = new Set<number>();
	private readonly killedWorkers: Array<{ kill: number; worker: N8nProcess }> = [];
	/** In queue mode, those that only kills of a worker end. */
	private workers: N8nProcess[] = [];
	private readonly database: Database;

	constructor(
		private readonly options: KillOptions,
		private readonly seed: number,
		private readonly emulator: Emulator,
		private readonly userFolder: string,
		place: string,
		/**
		 * What the workflow tells before it acts, and when it does; unless all of n8n is killed, where
		 * stored executions count.
		 */
		private readonly receivers: { begun: Receiver; acted: Receiver },
	) {
		this.database = new Database(options.runtime, place);
		this.random = seededRandom(seed);
		const { setting, target = 'all', inSession = false } = options;
		this.route = inSession ? OWN_ACTIVITY : ACTIVITY;
		const keys = [privateKeyToAccount(this.privateKey).address];
		this.isRepeat = setting === 'repeat';
		this.target = target;
		this.aims = aimsOf(options);
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
		this.workers = n8n.workers;
		try {
			await this.activate(n8n);
			const measurement = measured > 0 ? await this.measure(measured) : { moments: [], noted: [] };
			for (const [i, aim] of this.planned().entries()) {
				const share = Math.round((payments - this.made.length) / (kills - i));
				const paying = this.pay(aim ? share - 1 : share);
				const again = await this.kill(n8n, i + 1, aim);
				const noted = this.noteKill(i + 1, Date.now(), await this.look(i + 1));
				log(
					`${setting}: kill ${i + 1} of ${kills}${aim ? ` (aimed: ${aim})` : ''} ` +
						`after ${this.made.length} payments: ${describeKill(noted)}`,
				);
				n8n = await again();
				await paying;
			}
			await this.untilQuiet();
			if (this.target !== 'all') await this.retryLost(n8n);
			await n8n.stop();
			await this.look(kills);
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

	/** For each kill, what it's aimed at: half of them, rounded up, at something. */
	private planned(): Array<Aim | undefined> {
		const { kills } = this.options;
		const aimed = Math.ceil(kills / 2);
		return this.shuffled(
			Array.from({ length: kills }, (_, i) =>
				i < aimed ? this.aims[i % this.aims.length] : undefined,
			),
		);
	}

	/** @returns a function that starts again what was killed */
	private async kill(n8n: N8n, kill: number, aim: Aim | undefined): Promise<() => Promise<N8n>> {
		await sleep(this.random() * UP_MS);
		if (this.target === 'worker') {
			const worker = aim ? await this.actingWorker(n8n) : this.oneOf(n8n.workers);
			await worker.kill();
			this.killedWorkers.push({ kill, worker });
			this.receivers.begun.release();
			return async () => {
				await n8n.restartWorker(worker);
				return n8n;
			};
		}
		await this.untilMoment(n8n, aim);
		if (this.target === 'all') {
			await n8n.kill();
			return () => this.start(n8n.login);
		}
		await n8n.main.kill();
		return () => this.start(n8n.login, n8n.workers);
	}

	/** Waits until a worker has told that it begins with a payment, and holds it there. */
	private async actingWorker(n8n: N8n): Promise<N8nProcess> {
		const { begun } = this.receivers;
		const from = begun.requests.length;
		begun.hold();
		this.payOne();
		const { executionId } = await waitFor(
			'a worker to begin with a payment',
			() => begun.requests.at(from),
			REQUESTED_MS,
		);
		const worker = await waitFor(`the worker of execution ${executionId}`, () =>
			n8n.workers.find((one) => one.unfinished.includes(executionId)),
		);
		this.metKills += 1;
		return worker;
	}

	private async start(login?: N8n['login'], workers: N8nProcess[] = []): Promise<N8n> {
		this.served = new Map();
		return await startN8n(this.options, this.userFolder, login, workers);
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
		const nodes = [trigger, ...(this.isRepeat ? [removeDuplicates()] : []), ...this.actions()];
		const settings = this.options.savesProgress ? { saveExecutionProgress: true } : {};
		const workflow = await n8n.importWorkflow({ ...inARow('Payments', nodes), settings });
		await n8n.activate(workflow, PUBLISHED_MS);
		await waitFor(
			'the baseline to be stored',
			async () => {
				const cursor = (await this.database.read()).cursor ?? '';
				return (
					this.agents.every(({ address }) => cursor.includes(address.toLowerCase())) || undefined
				);
			},
			REQUESTED_MS,
		);
		// A poll that began before the baseline was stored can store its own after it.
		await this.wholePolls(2);
	}

	private actions(): WorkflowNode[] {
		const { begun, acted } = this.receivers;
		if (this.target !== 'all') return [begun.node('Begin'), acted.node('Act')];
		return [workflowNode({ name: 'Do nothing', type: 'n8n-nodes-base.noOp', parameters: {} })];
	}

	/** Measures the moments while payments are emitted one by one. */
	private async measure(emissions: number): Promise<{ moments: number[]; noted: number[] }> {
		const { setting, log } = this.options;
		const { changes, stop } = await this.database.watch();
		const storing: number[] = [];
		const when = (name: string) =>
			changes.filter(({ changed }) => changed.includes(name)).map(({ at }) => at);
		try {
			while (when('execution').length < emissions) {
				const seen = when('execution').length;
				const { id } = this.payOne();
				await waitFor(
					'a payment to be emitted',
					() => when('execution').length > seen || undefined,
					REQUESTED_MS,
				);
				storing.push((when('execution')[seen] ?? 0) - (this.served.get(id) ?? 0));
				await sleep(this.random() * 1000);
			}
		} finally {
			await stop();
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
	private async untilMoment(n8n: N8n, aim: Aim | undefined): Promise<void> {
		this.cursorBefore = (await this.database.read()).cursor ?? '';
		if (!aim) return;
		const what = awaited[aim];
		const killer = what && (await this.database.killer(n8n.pid, what));
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(
				() =>
					reject(new Error(`n8n did not request a new payment within ${REQUESTED_MS / 1000} s.`)),
				REQUESTED_MS,
			);
			this.onNew = () => {
				clearTimeout(timer);
				resolve();
			};
			this.payOne();
		});
		if (!killer) await sleep(this.random() * AIM * this.storingMs);
		else if (await killer()) this.metKills += 1;
	}

	/** Sees each page of activity just before it leaves for n8n. */
	private note({ activity }: { activity: Array<{ id: string }> }): void {
		for (const { id } of activity) {
			const payment = this.made.find((made) => made.id === id);
			if (payment === undefined || this.served.has(id)) continue;
			this.served.set(id, Date.now());
			if (!tally([...this.held.values()].flat()).has(eventIdOf(payment))) this.onNew();
		}
	}

	/** Compares the answers that n8n got with what it has stored. */
	private noteKill(kill: number, killedAt: number, { cursor, history }: Stored): KillNote {
		const counts = tally([...this.held.values()].flat());
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
		const unique = tally([...this.unique.values()].flat());
		const noted = this.made
			.map(eventIdOf)
			.filter(
				(eventId) =>
					!unique.has(eventId) && !this.noted.has(eventId) && hasNoted(history ?? '', eventId),
			);
		for (const eventId of noted) this.noted.set(eventId, kill);
		return { cutOff, missed: missed.length, noted: noted.length };
	}

	/** Adds what is stored now to what was stored before. */
	private async look(kill: number): Promise<Stored> {
		const stored = await this.database.read();
		for (const { id, data, status, startedAt, stoppedAt } of stored.executions) {
			this.states.set(id, `execution ${id}: ${status}, from ${startedAt} to ${stoppedAt}`);
			if (!this.seenAt.has(id)) this.seenAt.set(id, kill);
			if (data.includes(STALLED)) this.stalled.add(id);
			if (startedAt !== null && stoppedAt !== null)
				this.spans[id] = { from: Date.parse(startedAt), to: Date.parse(stoppedAt) };
			const { emitted, unique } = eventIdsIn(data);
			keep(this.held, id, emitted);
			keep(this.unique, id, unique);
		}
		return stored;
	}

	/** Waits until every agent was read that many more times. */
	private async wholePolls(count: number): Promise<void> {
		const from = this.emulator.calls.length;
		await waitFor(
			`${count} polls`,
			() => {
				const calls = this.emulator.calls
					.slice(from)
					.filter(({ route, status }) => route === this.route && status === 200);
				const readings = ({ address }: Agent) =>
					calls.filter(
						({ route, path }) =>
							route === OWN_ACTIVITY || path.toLowerCase().includes(address.toLowerCase()),
					);
				return this.agents.every((agent) => readings(agent).length >= count) || undefined;
			},
			REQUESTED_MS,
		);
	}

	private async untilQuiet(): Promise<void> {
		await sleep(settleMs[this.options.setting]);
		await this.wholePolls(QUIET_POLLS);
		if (this.target === 'all') return;
		// n8n takes two minutes to see that a worker is gone.
		await waitFor(
			'all executions to end',
			async () => {
				const { executions } = await this.database.read();
				return executions.every(({ status }) => !UNFINISHED.has(status)) || undefined;
			},
			ENDED_MS,
		);
	}

	/** Retries each execution that contains a lost event, as a person can. */
	private async retryLost(n8n: N8n): Promise<void> {
		await this.look(this.options.kills);
		const lost = new Set(this.lost());
		for (const [id, eventIds] of this.held) {
			if (!eventIds.some((eventId) => lost.has(eventId))) continue;
			try {
				await n8n.retry(String(id));
			} catch (error) {
				this.options.log(`${this.states.get(id)} can't be retried: ${String(error)}`);
			}
		}
	}

	/** Ids of the events that were not delivered. */
	private lost(): string[] {
		const delivered = this.delivered();
		return this.made.map(eventIdOf).filter((eventId) => !delivered.has(eventId));
	}

	private report(
		measurement: Pick<KillReport, 'moments' | 'noted'>,
		before: Activity[],
	): KillReport {
		const { setting, inSession = false, kills, log } = this.options;
		const expected = this.made.map(eventIdOf);
		const emitted = tally([...this.held.values()].flat());
		const delivered = this.delivered();
		const old = new Set(before.map(eventIdOf));
		const twice = (counts: Map<string, number>) =>
			[...counts].filter(([, count]) => count > 1).map(([eventId]) => eventId);
		const repeated = twice(delivered);
		for (const eventId of repeated) {
			const executions = this.idsWith(eventId).map((id) => this.stateOf(id));
			log(`${setting}: acted on twice, ${eventId}: ${executions.join('; ')}`);
		}
		const lost = this.lost();
		const retried = new Set(this.acted((id) => !this.seenAt.has(id)));
		return {
			setting,
			target: this.target,
			inSession,
			aims: this.aims,
			seed: this.seed,
			kills,
			aimedKills: Math.ceil(kills / 2),
			metKills: this.metKills,
			cutOffs: this.cutOffs,
			payments: expected.length,
			delivered: expected.length - lost.length,
			lost: lost.map((eventId) => this.whyLost(eventId)),
			retried: lost.filter((eventId) => retried.has(eventId)),
			cutOffExecutions: lost.filter((eventId) => emitted.has(eventId)).length,
			repeated,
			repeatedAlone: repeated.filter((eventId) => !this.isRepeat || !this.isOverlapped(eventId)),
			emittedTwice: twice(emitted),
			unexpected: [...emitted.keys()].filter(
				(eventId) => old.has(eventId) || !expected.includes(eventId),
			),
			...measurement,
		};
	}

	/** Whether another execution ran at the same time as one that contains the event. */
	private isOverlapped(eventId: string): boolean {
		return this.idsWith(eventId).some((id) => {
			const span = this.spans[id];
			if (span === undefined) return false;
			return this.spans.some(({ from, to }, i) => i !== id && from <= span.to && to >= span.from);
		});
	}

	/** How often each event was delivered. */
	private delivered(): Map<string, number> {
		if (this.target !== 'all') return tally(this.acted((id) => this.seenAt.has(id)));
		return tally([...(this.isRepeat ? this.unique : this.held).values()].flat());
	}

	/** Ids of events that some executions acted on. */
	private acted(isWanted: (executionId: number) => boolean): string[] {
		const { requests } = this.receivers.acted;
		return requests
			.filter(({ executionId }) => isWanted(Number(executionId)))
			.map(({ eventId }) => eventId);
	}

	/** The executions that contain an event. */
	private idsWith(eventId: string): number[] {
		return [...this.held].filter(([, held]) => held.includes(eventId)).map(([id]) => id);
	}

	/** For people. */
	private stateOf(id: number): string {
		return this.states.get(id) ?? `execution ${id}`;
	}

	private whyLost(eventId: string): LostEvent {
		const ids = this.idsWith(eventId);
		const executions = ids.map((id) => this.stateOf(id));
		const cause = this.causeOf(eventId, ids);
		return { eventId, kill: cause?.kill ?? null, moment: cause?.moment ?? null, executions };
	}

	/** @param ids of the executions that contain it */
	private causeOf(eventId: string, ids: number[]): Cause | undefined {
		if (this.target === 'worker') return this.killedWhileActing(ids);
		const missed = this.missed.get(eventId);
		// The trigger repeats it, or n8n stores state and execution in one step.
		const isSafe = this.options.setting !== 'default';
		if (missed?.isCutOff && !isSafe) return { kill: missed.kill, moment: 'saved' };
		if (this.target === 'main') return this.isRepeat ? undefined : this.neverRun(ids);
		const noted = this.noted.get(eventId);
		return noted === undefined ? undefined : { kill: noted, moment: 'noted' };
	}

	private killedWhileActing(ids: number[]): Cause | undefined {
		const killed = this.killedWorkers.find(({ worker }) =>
			ids.some((id) => worker.unfinished.includes(String(id))),
		);
		// A worker that has just taken an execution has written nothing of it.
		const stalled = ids.find((id) => this.stalled.has(id));
		const kill = killed?.kill ?? (stalled === undefined ? undefined : this.seenAt.get(stalled));
		return kill === undefined ? undefined : { kill, moment: 'acting' };
	}

	/** An execution that n8n stored, and gave to no worker. */
	private neverRun(ids: number[]): Cause | undefined {
		const id = ids.find((one) => !this.workers.some(({ begun }) => begun.has(String(one))));
		const kill = id === undefined ? undefined : this.seenAt.get(id);
		return kill === undefined ? undefined : { kill, moment: 'stored' };
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

export function removeDuplicates(): WorkflowNode {
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

/**
 * Makes payments while n8n is killed again and again, and counts how many stored executions contain
 * each event.
 */
export async function runKills(options: KillOptions): Promise<KillReport> {
	const {
		tarball,
		setting,
		target = 'all',
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
	const receivers = { begun: await Receiver.start(), acted: await Receiver.start() };
	try {
		const userFolder = join(folder, 'user');
		await mkdir(userFolder);
		await installPackage(tarball, userFolder, log);
		log(`${setting}, ${target}: ${payments} payments, ${kills} kills, seed ${seed}`);
		const cluster = await Cluster.of(userFolder);
		const place = cluster?.url ?? join(userFolder, '.n8n', 'database.sqlite');
		return await new KillRun(options, seed, emulator, userFolder, place, receivers).run();
	} finally {
		await receivers.begun.stop();
		await receivers.acted.stop();
		await emulator.close();
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

/** The short form of `npm run proof`, for the tests. */
export async function runShortKills(
	options: Pick<KillOptions, 'setting' | 'inSession' | 'target'>,
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
