// Many triggers in one process: `npm run bench -- --scale`.
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Setting } from './instance.mts';
import { install } from './package.mts';
import { makeCertificate, measure, startService, type Service } from './processes.mts';
import { grouped, texts } from './report.mts';
import { measureScaleInN8n, type Scale } from './scaleN8n.mts';

export const SCALE_USAGE = `npm run bench -- --scale                       triggers in one process, without n8n's server
npm run bench -- --scale --points 10x10,100x100  triggers x agents (10x10,100x10,100x100,1000x10,1000x100)
npm run bench -- --scale --minutes 2             minutes that are measured (2)
npm run bench -- --scale --chosen                the agents are chosen: no look-up
npm run bench -- --scale --keys 10               API keys, in turns (1)
npm run bench -- --scale --limit 600 [--fixed]   requests a minute and key, in any 60 s or a clock's minute
npm run bench -- --scale --latency 50            of the service, in ms (50)
npm run bench -- --scale --http                  without TLS
npm run bench -- --scale --n8n [--mains 2]       the same in a real n8n in queue mode, with durable cursors
                                                 [--env NAME=VALUE …]: further settings of it`;

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

const columns: Array<[title: string, text: (one: Measured) => string]> = [
	['requests a minute', (one) => grouped(Math.round(one.requests))],
	['CPU a minute', (one) => `${(one.cpuMs / 1000).toFixed(1)} s`],
	['memory', (one) => texts.bytes(one.memory)],
	['position', (one) => texts.bytes(one.stored)],
	['start behind, p99 / max', ({ late }) => `${texts.ms(late.p99)} / ${texts.ms(late.max)}`],
	['poll, p50 / max', ({ poll }) => `${texts.ms(poll.p50)} / ${texts.ms(poll.max)}`],
	['last agent, p99', ({ lastAgent }) => texts.ms(lastAgent.p99)],
	['event, p50 / p99', ({ delay }) => `${texts.ms(delay.p50)} / ${texts.ms(delay.p99)}`],
	['emitted', (one) => `${(100 * one.events).toFixed(1)} %`],
	['skipped / failed / overdue', (one) => `${one.skipped} / ${one.failed} / ${one.overdue}`],
	['429 a minute', (one) => grouped(Math.round(one.limited))],
	['reads of a trigger', ({ readsOfTrigger: [from, to] }) => `${from}–${to}`],
	['reads of an agent', ({ readsOfAgent: [from, to] }) => `${from}–${to}`],
	['event loop, p99', (one) => texts.ms(one.loop)],
];

function tableOf(one: Measured): string {
	const rows = [...columns].map(([title, text]) => `| ${title} | ${text(one)} |`);
	return ['| figure | measured |', '|---|---|', ...rows].join('\n');
}

function whole(name: string, text: string): number {
	if (/^\d{1,7}$/.test(text)) return Number(text);
	throw new Error(`--${name} takes whole numbers, not "${text}".\n\n${SCALE_USAGE}`);
}

interface Point {
	triggers: number;
	agents: number;
}

function readPoints(text: string): Point[] {
	return text.split(',').map((point) => {
		const [triggers = '', agents = ''] = point.split('x');
		return { triggers: whole('points', triggers), agents: whole('points', agents) };
	});
}

export function readScaleOptions(args: string[]) {
	const { values } = parseArgs({
		args,
		options: {
			scale: { type: 'boolean' },
			points: { type: 'string', default: '10x10,100x10,100x100,1000x10,1000x100' },
			minutes: { type: 'string', default: '2' },
			keys: { type: 'string', default: '1' },
			limit: { type: 'string', default: '0' },
			latency: { type: 'string', default: '50' },
			fixed: { type: 'boolean', default: false },
			chosen: { type: 'boolean', default: false },
			http: { type: 'boolean', default: false },
			n8n: { type: 'boolean', default: false },
			mains: { type: 'string', default: '1' },
			env: { type: 'string', multiple: true, default: [] },
		},
	});
	return {
		points: readPoints(values.points),
		minutes: whole('minutes', values.minutes),
		keys: whole('keys', values.keys),
		limit: whole('limit', values.limit),
		latency: whole('latency', values.latency),
		isFixed: values.fixed,
		isChosen: values.chosen,
		isPlain: values.http,
		isReal: values.n8n,
		mains: whole('mains', values.mains),
		env: Object.fromEntries(values.env.map((one) => one.split('=', 2) as [string, string])),
	};
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
	{ folder, minutes, isChosen, keys, limit, isFixed, latency }: Options & { folder: string },
	{ triggers, agents }: Point,
): Promise<string> {
	const plan: Plan = {
		folder,
		account: service.account(ROWS, latency, agents),
		rows: ROWS,
		...{ triggers, agents, minutes, isChosen, keys, limit, isFixed },
	};
	const found = await measure<Measured>(setting.runtime, {
		step: 'Scale',
		seconds: REST_SECONDS + 60 * minutes,
		args: ['--expose-gc', 'scalePolls.mts', JSON.stringify(plan)],
		env: service.env,
	});
	return tableOf(found);
}

/** @returns Markdown */
export async function measureScale(setting: Setting, options: Options): Promise<string> {
	const certificate = await mkdtemp(join(setting.folder, 'tls-'));
	if (!options.isPlain) await makeCertificate(certificate);
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
