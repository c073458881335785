// Many workflows in a real n8n in queue mode: `npm run bench -- --scale --n8n`.
import { cp, mkdtemp } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { installPackage } from '../tools/n8n/install.mts';
import { inARow, N8n, workflowNode, type StoredWorkflow } from '../tools/n8n/n8n.mts';
import { durableEnv } from '../tools/n8n/queueEnv.mts';
import { QueueServers } from '../tools/n8n/queueServers.mts';
import { credentialNames, TRIGGER } from '../tools/n8n/rig.mts';
import { waitFor } from '../tools/n8n/wait.mts';
import type { Setting } from './instance.mts';
import { peakOf, resetPeak } from './memory.mts';
import { countsOf, type Service } from './processes.mts';
import { grouped, texts } from './report.mts';

const MINUTE_MS = 60_000;
const ROWS = 100;
/** After the last payment, until its events count as lost. */
const REST_MS = 75_000;
const AT_ONCE = 4;
/** Of /proc: Linux counts in hundredths of a second. */
const TICK_MS = 10;

export interface Scale {
	triggers: number;
	agents: number;
	minutes: number;
	latency: number;
	mains: number;
	env: Record<string, string>;
}

/** CPU time of a process so far, in ms. */
function cpuOf(pid: number | undefined): number {
	const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The mains, with one worker. */
async function startMains(setting: Setting, { mains, env }: Scale, service: Service) {
	const { runtime } = setting;
	const userFolder = await mkdtemp(join(setting.folder, 'main-'));
	await installPackage(setting.tarball, userFolder, setting.log);
	const shared = { runtime, env: { ...durableEnv, ...service.env, ...env } };
	const started = [await N8n.start({ ...shared, userFolder, queue: { workers: 1 } })];
	for (let number = 2; number <= mains; number++) {
		const other = `${userFolder}-${number}`;
		await cp(join(userFolder, '.n8n', 'nodes'), join(other, '.n8n', 'nodes'), { recursive: true });
		started.push(
			await N8n.start({
				...shared,
				userFolder: other,
				...(started[0] && { login: started[0].login }),
				queue: { workers: 0, sharedWith: userFolder },
			}),
		);
	}
	return started;
}

/** Publishes the workflows, and waits until each has a job. */
async function publish(n8n: N8n, { triggers, agents }: Scale, account: string): Promise<void> {
	const name = credentialNames.ampersend;
	const values = { apiKey: `sk_test_${'0'.repeat(32)}`, baseUrl: `${account}/v1` };
	const id = await n8n.createCredential(name, 'ampersendApi', values);
	const stored: StoredWorkflow[] = [];
	for (let number = 0; number < triggers; number += AT_ONCE) {
		const numbers = Array.from({ length: Math.min(AT_ONCE, triggers - number) }, (_, i) => i);
		const made = numbers.map(async (i) => {
			const trigger = workflowNode({
				name: 'Ampersend Trigger',
				type: TRIGGER,
				parameters: { pollTimes: { item: [{ mode: 'everyMinute' }] }, agentScope: 'all' },
				credentials: { ampersendApi: { id, name } },
			});
			const end = workflowNode({ name: 'End', type: 'n8n-nodes-base.noOp', parameters: {} });
			return await n8n.importWorkflow(inARow(`Payments ${number + i}`, [trigger, end]));
		});
		stored.push(...(await Promise.all(made)));
	}
	for (const one of stored) await n8n.publish(one);
	const jobs = async () => {
		const sql = 'SELECT count(*)::int AS jobs FROM scheduled_job WHERE enabled';
		const [row] = (await n8n.cluster?.query<{ jobs: number }>(sql)) ?? [];
		return (row?.jobs ?? 0) >= triggers || undefined;
	};
	await waitFor(`${triggers} workflows to be published`, jobs, 300_000 + agents * triggers * 5);
}

const spread = (value: string) =>
	['0.5', '0.99', '1']
		.map((share) => `percentile_cont(${share}) WITHIN GROUP (ORDER BY ${value})`)
		.join(', ');

/** A query for times in ms. */
async function timesOf(n8n: N8n, value: string, from: string, values: unknown[]): Promise<string> {
	const ms = `extract(epoch FROM ${value}) * 1000`;
	const sql = `SELECT count(*)::int AS rows, array[${spread(ms)}] AS ms FROM ${from}`;
	const [row] = (await n8n.cluster?.query<{ rows: number; ms: number[] }>(sql, values)) ?? [];
	const times = (row?.ms ?? []).map((one) => texts.ms(Number(one)));
	return `${grouped(row?.rows ?? 0)}: ${times.join(' / ')}`;
}

async function connectionsOf(n8n: N8n): Promise<number> {
	const sql =
		'SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database()';
	const [row] = (await n8n.cluster?.query<{ count: number }>(sql)) ?? [];
	return (row?.count ?? 0) - 1;
}

/** What happened from `from` to `until`, as the database has it. */
async function recordOf(n8n: N8n, from: Date, until: Date, paid: Date[]) {
	const window = [from, until];
	const tasks = 'scheduled_task WHERE "scheduledFor" >= $1 AND "scheduledFor" < $2';
	const states =
		(await n8n.cluster?.query<{ status: string; count: number }>(
			`SELECT status, count(*)::int AS count FROM ${tasks} GROUP BY status`,
			window,
		)) ?? [];
	const executions =
		'(SELECT "createdAt" AS at, ' +
		'row_number() OVER (PARTITION BY "workflowId" ORDER BY "createdAt") ' +
		'AS number FROM execution_entity) AS one JOIN unnest($1::timestamptz[]) WITH ORDINALITY ' +
		'AS paid(made, number) ON paid.number = one.number';
	return {
		'polls: start behind, p50 / p99 / max': await timesOf(
			n8n,
			'("startedAt" - "scheduledFor")',
			`${tasks} AND "startedAt" IS NOT NULL`,
			window,
		),
		'polls: duration, p50 / p99 / max': await timesOf(
			n8n,
			'("finishedAt" - "startedAt")',
			`${tasks} AND "finishedAt" IS NOT NULL AND "startedAt" IS NOT NULL`,
			window,
		),
		'polls by state': states.map(({ status, count }) => `${status} ${count}`).join(', '),
		'executions: from the payment, p50 / p99 / max': await timesOf(
			n8n,
			'(one.at - paid.made)',
			executions,
			[paid],
		),
	};
}

/** Polls of published workflows, while one payment comes each minute. */
async function measureMinutes(mains: N8n[], { minutes }: Scale, account: string) {
	const [n8n] = mains;
	if (!n8n) throw new Error('There is no main.');
	const pids = mains.map(({ pid }) => pid);
	pids.forEach(resetPeak);
	const before = { counts: await countsOf(account), cpu: pids.map(cpuOf), at: new Date() };
	const paid: Date[] = [];
	let connections = 0;
	for (let minute = 0; minute < minutes; minute++) {
		paid.push(new Date());
		const pay = await request(`${account}/pay?rows=1&agent=${minute}`, { method: 'POST' });
		await pay.body.dump();
		for (let second = 0; second < 60; second += 2) {
			await sleep(before.at.getTime() + minute * MINUTE_MS + second * 1000 - Date.now());
			connections = Math.max(connections, await connectionsOf(n8n));
		}
		await sleep(before.at.getTime() + (minute + 1) * MINUTE_MS - Date.now());
	}
	const after = { counts: await countsOf(account), cpu: pids.map(cpuOf), at: new Date() };
	await sleep(REST_MS);
	const cpu = after.cpu.map((ms, i) => (ms - (before.cpu[i] ?? 0)) / minutes / 1000);
	return {
		'requests a minute': (after.counts.requests - before.counts.requests) / minutes,
		'CPU a minute, each main': cpu.map((seconds) => `${seconds.toFixed(1)} s`).join(', '),
		'memory, each main': pids.map((pid) => texts.bytes(peakOf(pid))).join(', '),
		'connections to Postgres': connections,
		...(await recordOf(n8n, before.at, after.at, paid)),
	};
}

/** @returns figures by their names */
export async function measureScaleInN8n(setting: Setting, service: Service, scale: Scale) {
	const { triggers, agents, latency } = scale;
	const account = service.account(ROWS, latency, agents);
	const servers = await QueueServers.start(setting.log);
	const mains: N8n[] = [];
	try {
		mains.push(...(await startMains(setting, scale, service)));
		const [first] = mains;
		if (!first) throw new Error('There is no main.');
		setting.log(`Publish ${triggers} workflows …`);
		await publish(first, scale, account);
		setting.log('Published.');
		await sleep(MINUTE_MS);
		return await measureMinutes(mains, scale, account);
	} finally {
		for (const main of mains) await main.stop();
		await servers.stop();
	}
}
