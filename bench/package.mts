import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { installPackage } from '../tools/n8n/install.mts';
import type { Setting } from './instance.mts';
import { measure, startService } from './processes.mts';
import { median, texts, type Figure } from './report.mts';

/** The two community packages with the most downloads in npm's lists of November 2026. */
const OTHERS = ['n8n-nodes-evolution-api@1.0.4', '@devlikeapro/n8n-nodes-chatwoot@1.0.2'];
const LOADS = 5;
const LOAD_LIMIT = 60;
const TARBALL_BAR = 120e3;
const LOAD_BAR_MS = 40;
const POLLS = 20;
const POLL_LIMIT = 120;
const POLL_ROWS = 1_000_000;
const SLOW_MS = 50;

/** Installs a package as n8n does. @returns its folder */
async function install(setting: Setting, spec: string): Promise<string> {
	const name = spec === setting.tarball ? 'n8n-nodes-ampersend' : spec.replace(/@[^@]*$/, '');
	const userFolder = join(setting.folder, name.replace('/', '-'));
	await installPackage(spec, userFolder, setting.log);
	return join(userFolder, '.n8n', 'nodes', 'node_modules', name);
}

/** The tarball's size, and how long n8n's loader takes, beside two other packages. */
export async function measurePackage(setting: Setting): Promise<Figure[]> {
	const { size } = await stat(setting.tarball);
	const specs = [setting.tarball, ...OTHERS];
	const packages: Array<{ folder: string; times: number[]; detail: string }> = [];
	for (const spec of specs)
		packages.push({ folder: await install(setting, spec), times: [], detail: '' });
	for (let load = 0; load < LOADS; load++) {
		for (const one of packages) {
			const { ms, nodes, credentials } = await measure<Record<string, number>>(
				setting.runtime,
				`Load ${one.folder}`,
				LOAD_LIMIT,
				['load.mts', one.folder],
			);
			one.times.push(ms ?? NaN);
			one.detail = `nodes: ${nodes}, credentials: ${credentials}`;
		}
	}
	return [
		{ name: 'packed tarball', unit: 'bytes', value: size, bar: TARBALL_BAR },
		...packages.map(({ times, detail }, i): Figure => {
			const name = `load in n8n's loader: ${i === 0 ? 'ours' : specs[i]}`;
			const bar = i === 0 ? { bar: LOAD_BAR_MS } : {};
			return { name, unit: 'ms', value: median(times), detail, ...bar };
		}),
	];
}

/** What poll.mts prints: times in ms, and the most that one poll requested. */
interface Polls {
	polls: number[];
	/** The same page, requested with n8n's HTTP helper. */
	helper: number[];
	/** The same page, requested with undici. */
	bare: number[];
	requests: number;
	/** Of the answers' bodies. */
	bytes: number;
}

function ratio(name: string, above: number, below: number): Figure {
	const detail = `${texts.ms(above)} / ${texts.ms(below)}`;
	return { name, unit: 'ratio', value: above / below, detail };
}

function pollFigures(name: string, found: Polls): Figure[] {
	const poll = median(found.polls);
	const { requests, bytes } = found;
	return [
		{ ...ratio(`${name}: time / one bare request`, poll, median(found.bare)), bar: 2 },
		ratio(`${name}: time / one request with n8n's HTTP helper`, poll, median(found.helper)),
		{ name: `${name}: requests`, unit: 'requests', value: requests, bar: 1 },
		{ name: `${name}: read`, unit: 'bytes', value: bytes, bar: 64e3 },
	];
}

/** Polls of an agent with a long history, when nothing is new. */
export async function measurePolls(setting: Setting): Promise<Figure[]> {
	const folder = await install(setting, setting.tarball);
	// Of its own, because payments are added to it.
	const service = await startService(setting.runtime);
	const measured = async (scope: 'one' | 'all', latencyMs: number) => {
		const account = service.account(POLL_ROWS, latencyMs);
		const args = ['poll.mts', folder, account, scope, String(POLLS)];
		return await measure<Polls>(setting.runtime, 'Idle polls', POLL_LIMIT, args);
	};
	try {
		const all = pollFigures('idle poll of all agents, 0 ms', await measured('all', 0));
		return [
			...pollFigures('idle poll, 0 ms', await measured('one', 0)),
			...pollFigures(`idle poll, ${SLOW_MS} ms`, await measured('one', SLOW_MS)),
			// It also lists the agents. The bars are for one agent.
			...all.map(({ bar: _bar, ...figure }) => figure),
		];
	} finally {
		await service.stop();
	}
}
