import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeEmptyPackage } from '../tools/emptyPackage.mts';
import { installPackage } from '../tools/n8n/install.mts';
import type { Setting } from './instance.mts';
import { measure } from './processes.mts';
import { median, ratio, type Figure } from './report.mts';

/** The two community packages with the most downloads in npm's lists of November 2026. */
const OTHERS = ['n8n-nodes-evolution-api@1.0.4', '@devlikeapro/n8n-nodes-chatwoot@1.0.2'];
const LOADS = 5;
const LOAD_LIMIT = 60;

/** Installs a package as n8n does. @returns its folder */
export async function install(setting: Setting, spec: string): Promise<string> {
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
			const { cpuMs, nodes, credentials } = await measure<Record<string, number>>(setting.runtime, {
				step: `Load ${one.folder}`,
				seconds: LOAD_LIMIT,
				args: ['load.mjs', one.folder],
			});
			one.times.push(cpuMs ?? NaN);
			one.detail = `nodes: ${nodes}, credentials: ${credentials}`;
		}
	}
	const [ours = NaN, empty = NaN] = packages.map(({ times }) => median(times));
	return [
		{ name: 'packed tarball', unit: 'bytes', value: size },
		ratio("load in n8n's loader: ours / empty classes", ours, empty),
		...packages.map(({ name, times, detail }): Figure => {
			return { name: `load in n8n's loader: ${name}`, unit: 'ms', value: median(times), detail };
		}),
	];
}
