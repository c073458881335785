import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmulator, type Agent, type Emulator } from '../emulator/index.mts';
import { Cluster } from '../n8n/cluster.mts';
import { installPackage, type Log } from '../n8n/install.mts';
import { inARow, pollEvery, workflowNode, type N8n } from '../n8n/n8n.mts';
import { credentialNames, eventIdOf, testSetup, TRIGGER } from '../n8n/rig.mts';
import { waitFor } from '../n8n/wait.mts';
import { PUBLISHED_MS, removeDuplicates, settleMs, startN8n } from './kills.mts';
import type { Setting } from './report.mts';
import { Database, eventIdsIn, TRIGGER_NAME } from './stored.mts';

const ACTIVITY = 'GET /agents/{address}/activity';
const LIST = 'GET /agents';
const POLL_SECONDS = 2;
/** Half of the kills of durable cursors come before n8n has stored what it got. */
const STORING_MS = 80;
/**
 * How long n8n takes until it has polled again and stored everything, in ms. A poll that a kill cut
 * off has a lease of a minute, n8n looks for those that have ended each half a minute, and waits
 * another 5 seconds, then twice as long each time (@n8n/scheduler, backoff.js).
 */
const STORED_MS = 300_000;

const USDC = 1_000_000n;

/** A kill comes around each crossing: of an agent each, then of the first one again. */
const AGENTS = 2;

export interface LevelKillReport {
	/** How many kills came right after n8n had saved the trigger's state, if they wait for that. */
	metKills: number;
	/** Events that were due: of levels without their day and number. */
	expected: string[];
	/** The same for those that started the workflow, in `repeat` after Remove Duplicates. */
	delivered: string[];
}

/** `balance.low:0x…` of a level, and the id of another event. */
function withoutCount(eventId: string): string {
	return /^(?:balance\.low|budget\.used):/.test(eventId)
		? eventId.split(':').slice(0, 2).join(':')
		: eventId;
}

// At once, so it's printed even if the run fails.
const log: Log = (line) => void process.stderr.write(`${line}\n`);

/** One n8n after the other, each killed around a crossing. */
class LevelKills {
	private readonly agents: Agent[];
	private readonly expected: string[] = [];
	/** Ids of delivered events by execution, read after each kill: n8n rewrites one it cut off. */
	private readonly delivered = new Map<number, string[]>();
	private metKills = 0;
	/** Called with what n8n gets. */
	private onAnswer: (body: string) => void = () => {};

	constructor(
		private readonly setting: Setting,
		private readonly emulator: Emulator,
		private readonly userFolder: string,
		private readonly database: Database,
	) {
		this.agents = Array.from({ length: AGENTS }, (_, i) =>
			emulator.addAgent({
				name: `Agent ${i + 1}`,
				balanceMicro: 100n * USDC,
				spendConfig: { monthly_limit: '10000000' },
			}),
		);
		emulator.fault({
			route: ACTIVITY,
			times: Infinity,
			mutate: (body) => {
				this.onAnswer(JSON.stringify(body));
				return body;
			},
		});
	}

	async run(): Promise<LevelKillReport> {
		const options = { ...testSetup(), setting: this.setting, log };
		let n8n = await startN8n(options, this.userFolder);
		const { login } = n8n;
		const again = async () => await startN8n(options, this.userFolder, login);
		try {
			await this.activate(n8n);
			const [first] = this.agents;
			for (const agent of this.agents) {
				await this.killAround(n8n, () => this.cross(agent, 9n * USDC, ['budget.used']));
				n8n = await again();
			}
			await this.allStored();
			if (first) {
				this.emulator.updateAgent(first, { balanceMicro: 100n * USDC });
				await this.polls(2);
				await this.killAround(n8n, () => this.cross(first, 1n, []));
				n8n = await again();
			}
			await this.allStored();
			await sleep(settleMs[this.setting]);
			await this.polls(3);
			await n8n.stop();
			await this.look();
			this.emulator.assertClean();
			return this.report();
		} catch (error) {
			throw new Error(`${this.setting}: ${String(error)}\n${n8n.log.slice(-3000)}`, {
				cause: error,
			});
		} finally {
			await n8n.stop();
		}
	}

	private async activate(n8n: N8n): Promise<void> {
		const { apiKey, baseUrl } = this.emulator;
		const name = credentialNames.ampersend;
		const id = await n8n.createCredential(name, 'ampersendApi', { apiKey, baseUrl });
		const isRepeat = this.setting === 'repeat';
		const trigger = workflowNode({
			name: TRIGGER_NAME,
			type: TRIGGER,
			parameters: {
				pollTimes: pollEvery(POLL_SECONDS),
				agentScope: 'all',
				events: ['*', 'balance.low', 'budget.used'],
				filters: { balanceBelow: 5 },
				...(isRepeat && { options: { afterRestart: 'repeat' } }),
			},
			credentials: { ampersendApi: { id, name } },
		});
		const last = workflowNode({ name: 'Nothing', type: 'n8n-nodes-base.noOp', parameters: {} });
		const nodes = [trigger, ...(isRepeat ? [removeDuplicates()] : []), last];
		await n8n.activate(await n8n.importWorkflow(inARow('Levels', nodes)), PUBLISHED_MS);
		await this.polls(3);
	}

	/** Lets an agent's balance get low, and pay. @returns the payment's id */
	private cross(agent: Agent, amountMicro: bigint, events: string[]): string {
		this.emulator.updateAgent(agent, { balanceMicro: USDC });
		const payment = this.emulator.pay({ agent, type: 'spend', status: 'settled', amountMicro });
		this.expected.push(eventIdOf(payment));
		for (const event of ['balance.low', ...events])
			this.expected.push(`${event}:${agent.address.toLowerCase()}`);
		return payment.id;
	}

	/**
	 * Kills n8n at the worst moment: after it has saved the state and before it stores the execution,
	 * or, where it does both in one step, while it does so.
	 */
	private async killAround(n8n: N8n, cross: () => string): Promise<void> {
		const killer =
			this.setting === 'durable' ? undefined : await this.database.killer(n8n.pid, 'cursor');
		await new Promise<void>((resolve, reject) => {
			const late = () => reject(new Error('n8n requested nothing after a crossing.'));
			const timer = setTimeout(late, STORED_MS);
			let payment = '';
			this.onAnswer = (body) => {
				if (payment === '' || !body.includes(payment)) return;
				clearTimeout(timer);
				resolve();
			};
			payment = cross();
		});
		if (!killer) await sleep(Math.random() * STORING_MS);
		else if (await killer()) this.metKills += 1;
		await n8n.kill();
		await this.look();
		const { expected, delivered } = this.report();
		log(`${this.setting}: killed, with ${delivered.length} of ${expected.length} events stored`);
	}

	/** Adds what is stored now to what was stored before. */
	private async look(): Promise<void> {
		const { executions } = await this.database.read();
		for (const { id, data } of executions) {
			const { emitted, unique } = eventIdsIn(data);
			const eventIds = this.setting === 'repeat' ? unique : emitted;
			if (eventIds.length > (this.delivered.get(id)?.length ?? 0)) this.delivered.set(id, eventIds);
		}
	}

	private async allStored(): Promise<void> {
		await waitFor(
			'all events to be stored',
			async () => {
				await this.look();
				return this.report().delivered.length >= this.expected.length || undefined;
			},
			STORED_MS,
		);
	}

	/** Waits for polls that begin now or later. */
	private async polls(count: number): Promise<void> {
		const from = this.emulator.calls.length;
		const lists = () => this.emulator.calls.slice(from).filter(({ route }) => route === LIST);
		await waitFor(`${count} polls`, () => lists().length > count || undefined, STORED_MS);
	}

	private report(): LevelKillReport {
		return {
			metKills: this.metKills,
			expected: this.expected.toSorted(),
			delivered: [...this.delivered.values()].flat().map(withoutCount).sort(),
		};
	}
}

/** Kills n8n around crossings of balances and budgets, and around payments that cause them. */
export async function runLevelKills(setting: Setting): Promise<LevelKillReport> {
	const { runtime, tarball } = testSetup();
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-kills-'));
	const emulator = await startEmulator();
	try {
		const userFolder = join(folder, 'user');
		await mkdir(userFolder);
		await installPackage(tarball, userFolder, log);
		const cluster = await Cluster.of(userFolder);
		const place = cluster?.url ?? join(userFolder, '.n8n', 'database.sqlite');
		const database = new Database(runtime, place);
		return await new LevelKills(setting, emulator, userFolder, database).run();
	} finally {
		await emulator.close();
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}
