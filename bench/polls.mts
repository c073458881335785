import { PAGE } from './csv.mts';
import type { Setting } from './instance.mts';
import { install } from './package.mts';
import { measure, startService } from './processes.mts';
import { grouped, median, ratio, texts, type Figure } from './report.mts';

const LIMIT = 300;
const POLL_ROWS = 1_000_000;
const BACKLOG = 100_000;
const PAGES = BACKLOG / PAGE;
const AGENTS = 1_000;
const ROWS = 1_000;
/** So that the first poll, which reads them all, is short. */
const FEW_ROWS = 100;
const SLOW_MS = 50;

/** What poll.mts prints: times in ms, and memory in bytes. */
export interface Found {
	idle: { polls: number[]; minimal: number[]; requests: number };
	agents: { ms: number };
	backlog: { requests: number; polls: number };
	publish: { above: number; idle: number };
}

/** Polls of the packed trigger, each kind in a process of its own. */
export async function measurePolls(setting: Setting): Promise<Figure[]> {
	const folder = await install(setting, setting.tarball);
	// Of its own, because payments are added to it.
	const service = await startService(setting.runtime);
	const run = async <Kind extends keyof Found>(kind: Kind, account: string, scope: string) =>
		await measure<Found[Kind]>(setting.runtime, {
			step: `Polls, ${kind}`,
			seconds: LIMIT,
			args: ['--expose-gc', 'poll.mts', kind, folder, account, scope],
		});
	try {
		const idle = await run('idle', service.account(POLL_ROWS, 0), 'one');
		const agents = await run('agents', service.account(FEW_ROWS, SLOW_MS, AGENTS), 'all');
		const backlog = await run('backlog', service.account(ROWS, 0), 'one');
		const { above, idle: before } = await run('publish', service.account(ROWS, 0, AGENTS), 'all');
		return [
			ratio('idle poll, 0 ms: time / minimal trigger', median(idle.polls), median(idle.minimal)),
			{ name: 'idle poll, 0 ms: requests', unit: 'requests', value: idle.requests },
			{
				name: `${grouped(AGENTS)} idle agents, ${SLOW_MS} ms: time of a poll`,
				unit: 'ms',
				value: agents.ms,
			},
			{
				name: `backlog of ${grouped(BACKLOG)} rows: requests / pages`,
				unit: 'ratio',
				value: backlog.requests / PAGES,
				detail: `${backlog.requests} / ${PAGES}, in ${backlog.polls} polls`,
			},
			{
				name: `${grouped(AGENTS)} agents with ${grouped(ROWS)} rows: memory to publish, above idle`,
				unit: 'bytes',
				value: above,
				detail: `idle ${texts.bytes(before)}`,
			},
		];
	} finally {
		await service.stop();
	}
}
