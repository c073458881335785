import { execFile, spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startEmulator, type Activity, type Agent, type Emulator } from '../emulator/index.mts';
import { credentialNames, TRIGGER } from './bench.mts';
import { parseFlatted } from './flatted.mts';
import { e2eDir, installPackage, type Log, type Runtime } from './install.mts';
import { inARow, N8n, pollEvery, workflowNode, type OutputItem } from './n8n.mts';
import { waitFor } from './wait.mts';

export type Scheduler = 'default' | 'durable';

export interface KillOptions {
	runtime: Runtime;
	tarball: string;
	scheduler: Scheduler;
	/** How many payments are made, those that `measured` needs among them. */
	payments: number;
	/** How many times n8n is killed; half of them, rounded up, are aimed. */
	kills: number;
	/** Over how many emissions the moment is measured, before the first kill; 0 when not given. */
	measured?: number;
	/** A random one when not given. Kill moments and payments follow from it, but for how fast the machine is. */
	seed?: number;
	log: Log;
}

export interface LostEvent {
	eventId: string;
	/** Number of the kill that fell into the moment between n8n saving its cursor and storing the execution; null where none did. */
	kill: number | null;
}

export interface KillReport {
	scheduler: Scheduler;
	seed: number;
	kills: number;
	aimedKills: number;
	/** Kills that came when n8n had been answered a payment and had stored no execution with it yet. */
	cutOffs: number;
	payments: number;
	/** How many of the expected events stand in a stored execution. */
	delivered: number;
	lost: LostEvent[];
	/** Ids of events that stand in more than one execution, or twice in one. */
	repeated: string[];
	/** Ids of events that stand in an execution though nothing new happened to their payment. */
	unexpected: string[];
	/** From n8n saving its cursor to storing the execution, in milliseconds, for one emission after the other; negative where the execution came first. */
	moments: number[];
}

const AGENTS = 4;
const POLL_SECONDS = 2;
const TRIGGER_NAME = 'Ampersend Trigger';
const ACTIVITY = 'GET /agents/{address}/activity';

/** How long n8n takes from being answered a new payment to storing its execution, in ms, where that is not measured. */
const USUAL_STORING_MS = 40;
/** How much longer than that after the answer an aimed kill comes at most: two of three come before. */
const AIM = 1.5;
/** How long after n8n is up a kill comes at most, in ms: its first polls, and some later ones. */
const UP_MS = 8_000;
/** How long before the kill a payment was first answered to n8n at most, in ms, for the kill to have cut off its storing. */
const CUT_OFF_MS = 2_000;
/** How long kills and payments are spread over for each kill, in ms: a boot and the time up. */
const CYCLE_MS = 10_000;
/** Polls without anything new after which nothing more will come. */
const QUIET_POLLS = 4;

const environments: Record<Scheduler, NodeJS.ProcessEnv> = {
	default: {},
	durable: {
		N8N_SCHEDULER_ENABLED: 'true',
		N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
		N8N_USE_WORKFLOW_PUBLICATION_SERVICE: 'true',
		N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
		// By default n8n looks for polls that are due every 5 s, and runs one that a kill cut off again after a minute: here it
		// does so while the run lasts.
		N8N_SCHEDULER_EXECUTOR_INTERVAL: '1',
		N8N_SCHEDULER_LEASE_DURATION: '10',
		N8N_SCHEDULER_POLL_TIMEOUT: '8',
		N8N_SCHEDULER_REAPER_INTERVAL: '2',
	},
};

/** How long after its last start n8n runs on, in ms: a poll that was cut off could repeat what it told of. */
const settleMs: Record<Scheduler, number> = { default: 0, durable: 20_000 };

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
	/** As n8n keeps it, JSON; null before its first. */
	cursor: string | null;
	executions: Array<{ id: number; data: string }>;
}

interface StoredRun {
	executionData?: { nodeExecutionStack?: Array<{ node: { name: string }; data: { main?: Array<OutputItem[] | null> } }> };
	resultData?: { runData?: Record<string, Array<{ data?: { main?: Array<OutputItem[] | null> } }>> };
}

/** The ids of the events with which an execution was started, whether it has run since or not. */
function eventIdsIn(data: string): string[] {
	const { executionData, resultData } = parseFlatted(data) as StoredRun;
	const waiting = executionData?.nodeExecutionStack?.find(({ node }) => node.name === TRIGGER_NAME);
	const items = resultData?.runData?.[TRIGGER_NAME]?.[0]?.data?.main?.[0] ?? waiting?.data.main?.[0] ?? [];
	return items.flatMap(({ json }) => (typeof json.eventId === 'string' ? [json.eventId] : []));
}

function eventIdOf({ id, status }: Activity): string {
	return `${id}:${status}`;
}

/** One n8n after the other in one user folder, each until it is killed. */
class KillRun {
	private readonly random: () => number;
	private readonly agents: Agent[];
	private readonly made: Activity[] = [];
	/** Event ids by execution. Read after each kill, since n8n rewrites an execution that it finds cut off. */
	private readonly held = new Map<number, string[]>();
	/** When the n8n that runs now was first answered each payment (epoch ms), by its id. */
	private served = new Map<string, number>();
	/** By event id, the first kill after which n8n's cursor knew of it and no execution held it, and whether it was cut off. */
	private readonly missed = new Map<string, { kill: number; isCutOff: boolean }>();
	private cutOffs = 0;
	/** From the answer that brings n8n a new payment to the stored execution, in ms. */
	private storingMs = USUAL_STORING_MS;
	private onNew: () => void = () => {};

	constructor(
		private readonly options: KillOptions,
		private readonly seed: number,
		private readonly emulator: Emulator,
		private readonly userFolder: string,
	) {
		this.random = seededRandom(seed);
		this.agents = Array.from({ length: AGENTS }, (_, i) => emulator.addAgent({ name: `Agent ${i + 1}` }));
		emulator.fault({
			route: ACTIVITY,
			times: Infinity,
			mutate: (body) => {
				this.note(body as { activity: Array<{ id: string }> });
				return body;
			},
		});
	}

	async run(): Promise<KillReport> {
		const { scheduler, payments, kills, measured = 0, log } = this.options;
		// Nothing is told of those that were there before the workflow.
		const before = this.agents.map((agent) => this.emulator.pay({ agent, type: 'spend', status: 'settled' }));
		let n8n = await this.start();
		try {
			await this.activate(n8n);
			const moments = measured > 0 ? await this.measure(measured) : [];
			const aimed = this.shuffled(Array.from({ length: kills }, (_, i) => i < Math.ceil(kills / 2)));
			for (const [i, isAimed] of aimed.entries()) {
				const share = Math.round((payments - this.made.length) / (kills - i));
				const paying = this.pay(isAimed ? share - 1 : share);
				await this.untilKill(isAimed);
				const killedAt = Date.now();
				await n8n.kill();
				const { cutOff, missed } = this.noteKill(i + 1, killedAt, await this.look());
				log(
					`${scheduler}: kill ${i + 1} of ${kills}${isAimed ? ' (aimed)' : ''} after ${this.made.length} payments: ` +
						`${cutOff} of them answered to n8n and not stored${missed > 0 ? `, and its cursor knows ${missed}` : ''}`,
				);
				n8n = await this.start(n8n.login);
				await paying;
			}
			await this.untilQuiet();
			await n8n.stop();
			await this.look();
			this.emulator.assertClean();
			return this.report(moments, before);
		} catch (error) {
			throw new Error(`${scheduler}, seed ${this.seed}: ${String(error)}\nThe end of n8n's log:\n${n8n.log.slice(-3000)}`, { cause: error });
		} finally {
			await n8n.stop();
		}
	}

	private async start(login?: N8n['login']): Promise<N8n> {
		const { runtime, scheduler } = this.options;
		this.served = new Map();
		return await N8n.start({
			runtime,
			userFolder: this.userFolder,
			env: { ...environments[scheduler], EXECUTIONS_DATA_PRUNE: 'false' },
			...(login ? { login } : {}),
		});
	}

	/** Activates the workflow, and waits until a payment that comes now is certainly not part of the baseline. */
	private async activate(n8n: N8n): Promise<void> {
		const { apiKey, baseUrl } = this.emulator;
		const id = await n8n.createCredential(credentialNames.ampersend, 'ampersendApi', { apiKey, baseUrl });
		const trigger = workflowNode({
			name: TRIGGER_NAME,
			type: TRIGGER,
			parameters: { pollTimes: pollEvery(POLL_SECONDS) },
			credentials: { ampersendApi: { id, name: credentialNames.ampersend } },
		});
		const end = workflowNode({ name: 'Do nothing', type: 'n8n-nodes-base.noOp', parameters: {} });
		await n8n.activate(await n8n.importWorkflow(inARow('Payments', [trigger, end])));
		await waitFor('the baseline to be stored', async () => {
			const cursor = (await this.stored()).cursor ?? '';
			return this.agents.every(({ address }) => cursor.includes(address.toLowerCase())) || undefined;
		});
		// A poll that began before the baseline was stored may store its own after it.
		await this.wholePolls(2);
	}

	/** Measures the moment while one payment after the other is told of. */
	private async measure(emissions: number): Promise<number[]> {
		const { runtime, scheduler, log } = this.options;
		const watcher = spawn(runtime.node, [join(e2eDir, 'stored.cjs'), 'watch', this.database], { stdio: ['pipe', 'pipe', 'inherit'] });
		const changes: Array<{ at: number; cursor: boolean; execution: boolean }> = [];
		createInterface({ input: watcher.stdout }).on('line', (line) => changes.push(JSON.parse(line) as (typeof changes)[number]));
		const storing: number[] = [];
		const stored = () => changes.filter(({ execution }) => execution);
		try {
			await waitFor('a look at the database', () => changes.at(0));
			while (stored().length < emissions) {
				const seen = stored().length;
				const { id } = this.payOne();
				await waitFor('a payment to be told of', () => stored().length > seen || undefined);
				storing.push((stored()[seen]?.at ?? 0) - (this.served.get(id) ?? 0));
				await sleep(this.random() * 1000);
			}
		} finally {
			const gone = new Promise((resolve) => watcher.once('exit', resolve));
			watcher.stdin.end();
			await gone;
		}
		this.storingMs = median(storing);
		const saved = changes.filter(({ cursor }) => cursor);
		const moments = stored().map(({ at }) => {
			const distances = saved.map((change) => at - change.at);
			return distances.reduce((nearest, distance) => (Math.abs(distance) < Math.abs(nearest) ? distance : nearest), Infinity);
		});
		log(
			`${scheduler}: the moment, over ${moments.length} emissions: ${medianAndLargest(moments)} ms (median / largest); ` +
				`from answer to execution ${Math.round(this.storingMs)} ms (median)`,
		);
		return moments;
	}

	private payOne(): Activity {
		// In their last status already: one that settles between two polls is told of as settled only, so that what is
		// expected would hang on when the polls are.
		const kinds = [
			{ type: 'spend', status: 'settled' },
			{ type: 'earn', status: 'received' },
			{ type: 'spend', status: 'denied' },
		] as const;
		const agent = this.oneOf(this.agents);
		const payment = this.emulator.pay({ agent, ...this.oneOf(kinds), amountMicro: BigInt(this.made.length + 1) });
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
	 * Half of the kills come at any moment. The others are aimed at the dangerous one, which is so short that few of the
	 * former would ever meet it: they follow closely on an answer that brings n8n a payment that it has not told of.
	 */
	private async untilKill(isAimed: boolean): Promise<void> {
		await sleep(this.random() * UP_MS);
		if (!isAimed) return;
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error('n8n did not ask for a new payment within a minute.')), 60_000);
			this.onNew = () => {
				clearTimeout(timer);
				resolve();
			};
			this.payOne();
		});
		await sleep(this.random() * AIM * this.storingMs);
	}

	/** Sees each page of activity just before it leaves for n8n. */
	private note({ activity }: { activity: Array<{ id: string }> }): void {
		for (const { id } of activity) {
			const payment = this.made.find((made) => made.id === id);
			if (payment === undefined || this.served.has(id)) continue;
			this.served.set(id, Date.now());
			if (!this.counts().has(eventIdOf(payment))) this.onNew();
		}
	}

	/**
	 * Compares what n8n was answered with what it has stored.
	 * @returns how many payments wait to be stored, and how many of them will not be, as the cursor knows them
	 */
	private noteKill(kill: number, killedAt: number, cursor: string): { cutOff: number; missed: number } {
		const counts = this.counts();
		const unstored = this.made.filter((payment) => !counts.has(eventIdOf(payment)) && !this.missed.has(eventIdOf(payment)));
		const missed = unstored.filter((payment) => knows(cursor, payment));
		for (const payment of missed) {
			const isCutOff = killedAt - (this.served.get(payment.id) ?? -Infinity) <= CUT_OFF_MS;
			this.missed.set(eventIdOf(payment), { kill, isCutOff });
		}
		const cutOff = unstored.filter(({ id }) => this.served.has(id)).length;
		if (cutOff > 0) this.cutOffs += 1;
		return { cutOff, missed: missed.length };
	}

	private get database(): string {
		return join(this.userFolder, '.n8n', 'database.sqlite');
	}

	private async stored(): Promise<Stored> {
		const { stdout } = await promisify(execFile)(this.options.runtime.node, [join(e2eDir, 'stored.cjs'), 'read', this.database], {
			maxBuffer: 2 ** 30,
		});
		return JSON.parse(stdout) as Stored;
	}

	/** Adds what is stored now to what was before. @returns the cursor */
	private async look(): Promise<string> {
		const { cursor, executions } = await this.stored();
		for (const { id, data } of executions) {
			const eventIds = eventIdsIn(data);
			if (eventIds.length > (this.held.get(id)?.length ?? 0)) this.held.set(id, eventIds);
		}
		return cursor ?? '';
	}

	/** How often each event stands in an execution. */
	private counts(): Map<string, number> {
		const counts = new Map<string, number>();
		for (const eventId of [...this.held.values()].flat()) counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
		return counts;
	}

	/** Waits until every agent was read so many times more. */
	private async wholePolls(count: number): Promise<void> {
		const from = this.emulator.calls.length;
		await waitFor(`${count} polls`, () => {
			const calls = this.emulator.calls.slice(from).filter(({ route, status }) => route === ACTIVITY && status === 200);
			const readings = ({ address }: Agent) => calls.filter(({ path }) => path.toLowerCase().includes(address.toLowerCase()));
			return this.agents.every((agent) => readings(agent).length >= count) || undefined;
		});
	}

	private async untilQuiet(): Promise<void> {
		await sleep(settleMs[this.options.scheduler]);
		await this.wholePolls(QUIET_POLLS);
	}

	private report(moments: number[], before: Activity[]): KillReport {
		const { scheduler, kills } = this.options;
		const expected = this.made.map(eventIdOf);
		const counts = this.counts();
		const old = new Set(before.map(eventIdOf));
		return {
			scheduler,
			seed: this.seed,
			kills,
			aimedKills: Math.ceil(kills / 2),
			cutOffs: this.cutOffs,
			payments: expected.length,
			delivered: expected.filter((eventId) => counts.has(eventId)).length,
			lost: expected
				.filter((eventId) => !counts.has(eventId))
				.map((eventId) => {
					const missed = this.missed.get(eventId);
					return { eventId, kill: missed?.isCutOff ? missed.kill : null };
				}),
			repeated: [...counts].filter(([, count]) => count > 1).map(([eventId]) => eventId),
			unexpected: [...counts.keys()].filter((eventId) => old.has(eventId) || !expected.includes(eventId)),
			moments,
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

/** Whether a stored cursor remembers a payment: by its id, or by the first 64 bits of the id's hash. */
function knows(cursor: string, { id }: Activity): boolean {
	return cursor.includes(id) || cursor.includes(createHash('sha256').update(id).digest('hex').slice(0, 16));
}

export function lostOutside({ lost }: KillReport): LostEvent[] {
	return lost.filter(({ kill }) => kill === null);
}

function median(values: number[]): number {
	return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** In milliseconds, such as `12 / 30`; `-` where none was measured. */
export function medianAndLargest(moments: number[]): string {
	if (moments.length === 0) return '-';
	return `${Math.round(median(moments))} / ${Math.round(Math.max(...moments))}`;
}

/** The report for people, a line each. */
export function describeReport(report: KillReport): string[] {
	const { scheduler, seed, kills, aimedKills, cutOffs, payments, delivered, lost, repeated, unexpected, moments } = report;
	return [
		`${scheduler}: seed ${seed}, ${kills} kills, ${aimedKills} of them aimed, ${cutOffs} before what n8n had been answered was stored`,
		`${scheduler}: ${payments} payments, ${delivered} delivered, ${lost.length} lost, ${repeated.length} repeated, ${unexpected.length} unexpected`,
		`${scheduler}: ${lost.length - lostOutside(report).length} lost in the moment between cursor and execution, ${lostOutside(report).length} outside of it`,
		...(moments.length > 0 ? [`${scheduler}: the moment took ${medianAndLargest(moments)} ms (median / largest of ${moments.length})`] : []),
		...lost.map(({ eventId, kill }) => `${scheduler}: lost ${eventId}${kill === null ? '' : ` at kill ${kill}`}`),
		...repeated.map((eventId) => `${scheduler}: repeated ${eventId}`),
		...unexpected.map((eventId) => `${scheduler}: unexpected ${eventId}`),
	];
}

/** One row a report. */
export function markdownTable(reports: KillReport[]): string {
	const rows = reports.map((report) => [
		report.scheduler === 'durable' ? 'Durable cursors' : 'Default',
		`${report.kills} (${report.aimedKills})`,
		report.cutOffs,
		report.payments,
		report.delivered,
		report.lost.length,
		report.lost.length - lostOutside(report).length,
		report.repeated.length,
		medianAndLargest(report.moments),
	]);
	return [
		"| n8n's scheduler | Kills (aimed) | Cut a poll off | Payments | Delivered | Lost | Of these in the moment | Repeated | The moment, ms (median / largest) |",
		'|---|---|---|---|---|---|---|---|---|',
		...rows.map((row) => `| ${row.join(' | ')} |`),
	].join('\n');
}

/** Which promises a run broke. */
export function broken(report: KillReport): string[] {
	const { scheduler, lost, repeated, unexpected } = report;
	const counts = {
		lost: scheduler === 'durable' ? lost.length : lostOutside(report).length,
		repeated: repeated.length,
		unexpected: unexpected.length,
	};
	return Object.entries(counts)
		.filter(([, count]) => count > 0)
		.map(([what, count]) => `${scheduler}: ${count} events ${what}`);
}

/** Makes payments while n8n is killed again and again, and counts in how many stored executions each one's event stands. */
export async function runKills(options: KillOptions): Promise<KillReport> {
	const { tarball, scheduler, seed = randomInt(2 ** 31), payments, kills, measured = 0, log } = options;
	if (payments < measured + kills) throw new Error(`${measured} emissions and ${kills} kills need more than ${payments} payments.`);
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-kills-'));
	const emulator = await startEmulator();
	try {
		const userFolder = join(folder, 'user');
		await mkdir(userFolder);
		await installPackage(tarball, userFolder, log);
		log(`${scheduler}: ${payments} payments, ${kills} kills, seed ${seed}`);
		return await new KillRun(options, seed, emulator, userFolder).run();
	} finally {
		await emulator.close();
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}
