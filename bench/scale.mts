// Many triggers in one process: `npm run bench -- --scale`.
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, setGlobalDispatcher } from 'undici';
import { n8nDir } from '../tools/n8n/install.mts';
import type { Setting } from './instance.mts';
import { install } from './package.mts';
import { makeCertificate, measure, startService, type Service } from './processes.mts';
import { grouped, texts } from './report.mts';
import type { Point, readScaleOptions } from './scaleOptions.mts';
import { measureScaleInN8n, type Scale } from './scaleN8n.mts';

/** What scalePolls.mts runs. */
export interface Plan {
	/** Of the installed package. */
	folder: string;
	/** URL of the account. */
	account: string;
	triggers: number;
	agents: number;
	/** Of each agent. */
	rows: number;
	minutes: number;
	isChosen: boolean;
	/** Payments a minute. */
	payments: number;
	keys: number;
	/** Requests a minute and key; 0 for any number. */
	limit: number;
	isFixed: boolean;
}

/** Of times in ms. */
export interface Spread {
	p50: number;
	p99: number;
	max: number;
}

/** What scalePolls.mts prints. What isn't a time is for a minute. */
export interface Measured {
	requests: number;
	limited: number;
	cpuMs: number;
	/** The peak, in bytes. */
	memory: number;
	/** Of JavaScript, after a garbage collection at the end, in bytes. */
	heap: number;
	/** The largest position, in bytes. */
	stored: number;
	/** Start of a poll behind its time. */
	late: Spread;
	/** A poll's duration. */
	poll: Spread;
	/** The last request of a poll, behind the poll's time. */
	lastAgent: Spread;
	/** From a payment to its event. */
	delay: Spread;
	/** 99 of 100 looks found the event loop no later than this, in ms. */
	loop: number;
	/** Share of the payments that were emitted by each trigger. */
	events: number;
	/** Polls that were due while another of the trigger ran, or while n8n backed off; in all. */
	skipped: number;
	failed: number;
	/** Polls that took longer than n8n gives them. */
	overdue: number;
	/** Fewest and most requests for pages: of a trigger, and for an agent in a trigger. */
	readsOfTrigger: [number, number];
	readsOfAgent: [number, number];
}

const ROWS = 100;
/** For all but the minutes. */
const REST_SECONDS = 300;

/** JSON has null where nothing was measured. */
const time = (ms: number | null) => (ms === null ? 'none' : texts.ms(ms));

const columns: Array<[title: string, text: (one: Measured) => string]> = [
	['requests a minute', (one) => grouped(Math.round(one.requests))],
	['CPU a minute', (one) => `${(one.cpuMs / 1000).toFixed(1)} s`],
	['memory, peak', (one) => texts.bytes(one.memory)],
	['memory, held at the end', (one) => texts.bytes(one.heap)],
	['position', (one) => texts.bytes(one.stored)],
	['start behind, p99 / max', ({ late }) => `${time(late.p99)} / ${time(late.max)}`],
	['poll, p50 / max', ({ poll }) => `${time(poll.p50)} / ${time(poll.max)}`],
	['last agent, p99', ({ lastAgent }) => time(lastAgent.p99)],
	['event, p50 / p99', ({ delay }) => `${time(delay.p50)} / ${time(delay.p99)}`],
	['emitted', (one) => `${(100 * one.events).toFixed(1)} %`],
	['skipped / failed / overdue', (one) => `${one.skipped} / ${one.failed} / ${one.overdue}`],
	['429 a minute', (one) => grouped(Math.round(one.limited))],
	['reads of a trigger', ({ readsOfTrigger: [from, to] }) => `${from}–${to}`],
	['reads of an agent', ({ readsOfAgent: [from, to] }) => `${from}–${to}`],
	['event loop, p99', (one) => time(one.loop)],
];

function tableOf(one: Measured): string {
	const rows = [...columns].map(([title, text]) => `| ${title} | ${text(one)} |`);
	return ['| figure | measured |', '|---|---|', ...rows].join('\n');
}

type Options = ReturnType<typeof readScaleOptions>;

/** @returns the figures of one point, as Markdown */
async function measureInN8n(setting: Setting, service: Service, scale: Scale): Promise<string> {
	const found = await measureScaleInN8n(setting, service, scale);
	return Object.entries(found)
		.map(([name, value]) => `- ${name}: ${String(value)}`)
		.join('\n');
}

/** @returns a table of one row, as Markdown */
async function measureInProcess(
	setting: Setting,
	service: Service,
	{
		folder,
		minutes,
		isChosen,
		payments,
		keys,
		limit,
		isFixed,
		latency,
	}: Options & { folder: string },
	{ triggers, agents }: Point,
): Promise<string> {
	const plan: Plan = {
		folder,
		account: service.account(ROWS, latency, agents),
		rows: ROWS,
		...{ triggers, agents, minutes, isChosen, payments, keys, limit, isFixed },
	};
	const found = await measure<Measured>(setting.runtime, {
		step: 'Scale',
		seconds: REST_SECONDS + 60 * minutes,
		args: ['--expose-gc', 'scalePolls.mts', JSON.stringify(plan)],
		env: service.env,
	});
	return tableOf(found);
}

/** @returns what a poll costs with n8n's default, and without an isolate that it doesn't use */
async function measureIsolates({ runtime }: Setting): Promise<string> {
	const lines: string[] = [];
	for (const way of ['eager', 'lazy']) {
		const { cpuMs, memory } = await measure<{ cpuMs: number; memory: number }>(runtime, {
			step: 'Isolates',
			seconds: 60,
			args: ['--no-node-snapshot', 'isolates.mts', n8nDir, way],
		});
		lines.push(`- ${way}: CPU ${texts.ms(cpuMs)}, memory while it polls ${texts.bytes(memory)}`);
	}
	return lines.join('\n');
}

/** @returns Markdown */
export async function measureScale(setting: Setting, options: Options): Promise<string> {
	if (options.isOfIsolates) return await measureIsolates(setting);
	const certificate = await mkdtemp(join(setting.folder, 'tls-'));
	if (!options.isPlain) {
		await makeCertificate(certificate);
		const ca = await readFile(join(certificate, 'cert.pem'));
		setGlobalDispatcher(
			new Agent({ connect: { ca }, keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000 }),
		);
	}
	const folder = options.isReal ? '' : await install(setting, setting.tarball);
	const parts: string[] = [];
	for (const point of options.points) {
		const service = await startService(setting.runtime, options.isPlain ? undefined : certificate);
		try {
			const text = options.isReal
				? await measureInN8n(setting, service, { ...options, ...point })
				: await measureInProcess(setting, service, { ...options, folder }, point);
			const name = `${grouped(point.triggers)} × ${grouped(point.agents)}`;
			parts.push(`${name}\n\n${text}`);
			setting.log(parts.at(-1) ?? '');
		} finally {
			await service.stop();
		}
	}
	return parts.join('\n\n');
}
