// Many triggers in one process, polled each minute as n8n 2.41's durable scheduler polls them, in
// real n8n-core. Node.js 24 runs this file as it is.
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject } from 'n8n-workflow';
import { request } from 'undici';
import { peakOf, resetPeak } from './memory.mts';
import { Credentials, load, openContext } from './pollContext.mts';
import { addressOf } from './rows.mts';
import type { Measured, Plan, Spread } from './scale.mts';
import type { Counts } from './service.mts';

const MINUTE_MS = 60_000;
/** n8n's scheduler gives a poll 36 s, and gives it up after 45 s. */
const BUDGET_MS = 36_000;
/** Before the minutes that are measured, and after them, for payments that are still to come. */
const REST_MS = MINUTE_MS;
/** n8n waits at least as long after a poll that failed (poll-backoff-policy). */
const BACKOFF_MS = 5_000;

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const { triggers, agents, minutes, account } = plan;
const { credentialType, trigger: type } = load(plan.folder);
const scope = plan.isChosen ? Array.from({ length: agents }, (_, i) => addressOf(i)) : 'all';
const agentOf = new Map(Array.from({ length: agents }, (_, i) => [addressOf(i), i]));

/** One published workflow. */
interface Trigger {
	id: string;
	credentials: Credentials;
	/** The node's static data, as JSON: n8n keeps it in its database. */
	stored: string;
	isPolling: boolean;
	/** No poll before, epoch ms. */
	backoffUntil: number;
	/** Polls that ended in the minutes that are measured. */
	polls: number;
	/** When the poll that runs was due, epoch ms. */
	due: number;
	/** By agent: requests in the minutes that are measured. */
	reads: number[];
}

const samples = {
	late: [] as number[],
	poll: [] as number[],
	lastAgent: [] as number[],
	delay: [] as number[],
};
const found = { skipped: 0, failed: 0, overdue: 0, events: 0 };
/** When each payment was made, epoch ms, by its id. */
const paid = new Map<string, number>();
/** Time of the last request of each trigger's poll, behind its minute, in ms. */
const lastRequest = new Map<Trigger, number>();
let isMeasured = false;

function triggerOf(number: number): Trigger {
	const one: Trigger = {
		id: `workflow-${number}`,
		credentials: new Credentials(
			credentialType,
			{
				apiKey: `sk_test_${String(number % plan.keys).padStart(32, '0')}`,
				baseUrl: `${account}/v1`,
			},
			(url) => {
				const agent = agentOf.get(/\/agents\/(0x[0-9a-f]{40})\/activity/.exec(url)?.[1] ?? '');
				if (agent === undefined) return;
				lastRequest.set(one, Date.now() - one.due);
				if (isMeasured) one.reads[agent] = (one.reads[agent] ?? 0) + 1;
			},
		),
		stored: '{}',
		isPolling: false,
		backoffUntil: 0,
		polls: 0,
		due: 0,
		reads: new Array<number>(agents).fill(0),
	};
	return one;
}

/** The second of the minute at which n8n polls a workflow (poll-trigger-job-registrar). */
function secondOf({ id }: Trigger): number {
	return createHash('sha256').update(`${id}:trigger:second`).digest().readUInt32BE(0) % 60;
}

function note(events: Array<{ json: IDataObject }>): void {
	const now = Date.now();
	for (const { json } of events) {
		const id = String(json.eventId).split(':')[0] ?? '';
		const at = paid.get(id);
		if (at !== undefined) samples.delay.push(now - at);
	}
	found.events += events.length;
}

/** As n8n's scheduler runs a poll, with a context of its own. */
async function poll(one: Trigger): Promise<void> {
	if (one.isPolling || Date.now() < one.backoffUntil) {
		found.skipped++;
		return;
	}
	one.isPolling = true;
	const startedAt = Date.now();
	lastRequest.delete(one);
	if (isMeasured) samples.late.push(startedAt - one.due);
	const data = JSON.parse(one.stored) as IDataObject;
	const scheduled = { data, budgetMs: BUDGET_MS };
	const context = openContext({ type, id: one.id, credentials: one.credentials, scope, scheduled });
	try {
		const [events = []] = (await type.poll?.call(context)) ?? [];
		one.stored = JSON.stringify(data);
		note(events);
	} catch (error) {
		if (found.failed++ === 0) console.error(error);
		const wait = (error as { failure?: { retryAfterMs?: number } }).failure?.retryAfterMs ?? 0;
		one.backoffUntil = Date.now() + Math.max(BACKOFF_MS, wait);
	}
	one.isPolling = false;
	const ms = Date.now() - startedAt;
	if (ms > BUDGET_MS) found.overdue++;
	if (!isMeasured) return;
	one.polls++;
	samples.poll.push(ms);
	const last = lastRequest.get(one);
	if (last !== undefined) samples.lastAgent.push(last);
}

/** Polls each minute until the end, however long a poll takes. */
async function keepPolling(one: Trigger, from: number, until: number): Promise<void> {
	const first = from + ((secondOf(one) * 1000 - (from % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
	for (let due = first; due < until; due += MINUTE_MS) {
		await sleep(Math.max(0, due - Date.now()));
		one.due = one.isPolling ? one.due : due;
		void poll(one);
	}
}

/** Adds a payment to one agent after the other. */
async function keepPaying(until: number): Promise<void> {
	const rows = new Array<number>(agents).fill(plan.rows);
	for (let number = 0; Date.now() < until; number++) {
		const agent = (number * 7) % agents;
		const id = `activity-${addressOf(agent).slice(-4)}-${rows[agent]}`;
		rows[agent] = (rows[agent] ?? 0) + 1;
		paid.set(id, Date.now());
		const path = `${account}/pay?rows=1&agent=${agent}`;
		await (await request(path, { method: 'POST' })).body.dump();
		await sleep(MINUTE_MS / plan.payments);
	}
}

/** Triggers that begin where the first one does, as if all had been published at once. */
async function publish(): Promise<Trigger[]> {
	const all = Array.from({ length: triggers }, (_, number) => triggerOf(number));
	const [first] = all;
	if (!first) throw new Error('There are no triggers.');
	const published: IDataObject = {};
	const { id, credentials } = first;
	await type.poll?.call(openContext({ type, id, credentials, scope, published }));
	for (const one of all) one.stored = JSON.stringify(published);
	return all;
}

async function counts(): Promise<Counts> {
	return (await (await request(`${account}/counts`)).body.json()) as Counts;
}

function spreadOf(values: number[]): Spread {
	const sorted = Float64Array.from(values).sort();
	const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
	return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const least = (values: number[]) => values.reduce((one, other) => Math.min(one, other), Infinity);
const most = (values: number[]) => values.reduce((one, other) => Math.max(one, other), 0);

async function main(): Promise<Measured> {
	const all = await publish();
	const limit = `${account}/limit?requests=${plan.limit}&fixed=${plan.isFixed}`;
	await (await request(limit, { method: 'POST' })).body.dump();
	const from = Date.now();
	const [begin, end] = [from + REST_MS, from + REST_MS + minutes * MINUTE_MS];
	const polling = all.map(async (one) => await keepPolling(one, from, end + REST_MS));
	await sleep(begin - Date.now());
	global.gc?.();
	resetPeak(process.pid);
	const [before, cpu] = [await counts(), process.cpuUsage()];
	const loop = monitorEventLoopDelay();
	loop.enable();
	isMeasured = true;
	const paying = keepPaying(end);
	await sleep(end - Date.now());
	isMeasured = false;
	const used = process.cpuUsage(cpu);
	const after = await counts();
	loop.disable();
	await Promise.all([paying, ...polling]);
	global.gc?.();
	const reads = all.map((one) => one.reads);
	const sums = reads.map((one) => one.reduce((sum, more) => sum + more, 0));
	return {
		requests: (after.requests - before.requests) / minutes,
		limited: (after.limited - before.limited) / minutes,
		cpuMs: (used.user + used.system) / 1000 / minutes,
		memory: peakOf(process.pid),
		heap: process.memoryUsage().heapUsed,
		stored: most(all.map(({ stored }) => Buffer.byteLength(stored))),
		late: spreadOf(samples.late),
		poll: spreadOf(samples.poll),
		lastAgent: spreadOf(samples.lastAgent),
		delay: spreadOf(samples.delay),
		loop: loop.percentile(99) / 1e6,
		events: found.events / (paid.size * triggers),
		skipped: found.skipped,
		failed: found.failed,
		overdue: found.overdue,
		readsOfTrigger: [least(sums), most(sums)],
		readsOfAgent: [least(reads.map(least)), most(reads.map(most))],
	};
}

console.log(JSON.stringify(await main()));
process.exit();
