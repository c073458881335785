import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeEmptyPackage } from '../tools/emptyPackage.mts';
import { installPackage } from '../tools/n8n/install.mts';
import { LOAD_BAR, TARBALL_BAR } from '../tools/packed.mts';
import type { Setting } from './instance.mts';
import { measure, startService } from './processes.mts';
import { median, texts, type Figure } from './report.mts';

/** The two community packages with the most downloads in npm's lists of November 2026. */
const OTHERS = ['n8n-nodes-evolution-api@1.0.4', '@devlikeapro/n8n-nodes-chatwoot@1.0.2'];
const LOADS = 5;
const LOAD_LIMIT = 60;
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

interface Loaded {
	name: string;
	folder: string;
	times: number[];
	detail: string;
}

/** The packed nodes, a package of empty classes, and others. */
async function packagesOf(setting: Setting): Promise<Loaded[]> {
	const folder = await install(setting, setting.tarball);
	const empty = join(setting.folder, 'empty');
	await writeEmptyPackage(folder, empty);
	const folders = new Map([
		['ours', folder],
		['empty classes', empty],
	]);
	for (const spec of OTHERS) folders.set(spec, await install(setting, spec));
	return [...folders].map(([name, path]) => ({ name, folder: path, times: [], detail: '' }));
}

/** The tarball's size, and how long n8n's loader takes, beside other packages. */
export async function measurePackage(setting: Setting): Promise<Figure[]> {
	const { size } = await stat(setting.tarball);
	const packages = await packagesOf(setting);
	for (let load = 0; load < LOADS; load++) {
		for (const one of packages) {
			const { ms, nodes, credentials } = await measure<Record<string, number>>(
				setting.runtime,
				`Load ${one.folder}`,
				LOAD_LIMIT,
				['load.mjs', one.folder],
			);
			one.times.push(ms ?? NaN);
			one.detail = `nodes: ${nodes}, credentials: ${credentials}`;
		}
	}
	const [ours = NaN, empty = NaN] = packages.map(({ times }) => median(times));
	return [
		{ name: 'packed tarball', unit: 'bytes', value: size, bar: TARBALL_BAR },
		{ ...ratio("load in n8n's loader: ours / empty classes", ours, empty), bar: LOAD_BAR },
		...packages.map(({ name, times, detail }): Figure => {
			return { name: `load in n8n's loader: ${name}`, unit: 'ms', value: median(times), detail };
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
