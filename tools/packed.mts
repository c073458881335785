import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { writeEmptyPackage } from './emptyPackage.mts';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '..');

/** Bytes of the packed tarball that we wanted. docs/benchmark.md says what the rest is for. */
export const TARBALL_BAR = 115e3;

/** Bytes of the packed tarball, at most. */
const MAX_TARBALL = 142e3;

/** Time to load the package in n8n's loader / the same for empty classes. */
export const LOAD_BAR = 2;

/**
 * From machine to machine the same files take 1.4 to 3.3 times as long as empty classes. What they
 * take it for is bounded by `MAX_ENTRIES`, which doesn't depend on the machine.
 */
const LOAD_NOISE = 1.75;

/** Bytes of the files that n8n reads when it starts, at most. */
const MAX_ENTRIES = 156e3;
const LOADS = 5;
const LOAD_MS = 60_000;

export interface Check {
	text: string;
	isMet: boolean;
}

/** @param bytes of something, and at most */
function atMost(what: string, bytes: number, most: number): Check {
	const [measured, bound] = [bytes, most].map((size) => `${(size / 1e3).toFixed(1)} KB`);
	return { text: `${what}: ${measured}, at most ${bound}`, isMet: bytes <= most };
}

export async function checkSize(tarball: string): Promise<Check> {
	return atMost('packed tarball', (await stat(tarball)).size, MAX_TARBALL);
}

/** By how many bytes the benchmark page may differ: it's written at times, not at each change. */
const PAGE_MARGIN = 1e3;

/** Whether docs/benchmark.md has the tarball's size. */
export async function checkPage(tarball: string): Promise<Check> {
	const page = await readFile(join(repository, 'docs', 'benchmark.md'), 'utf8');
	const [, kb] = /^\| packed tarball \| ([\d.]+) KB \|/m.exec(page) ?? [];
	const { size } = await stat(tarball);
	return {
		text: `docs/benchmark.md: the tarball has ${kb} KB there, within ${PAGE_MARGIN / 1e3} KB`,
		isMet: Math.abs(Number(kb) * 1e3 - size) <= PAGE_MARGIN,
	};
}

/** @param packed the folder of the unpacked tarball */
export async function checkEntries(packed: string): Promise<Check> {
	const manifest = await readFile(join(packed, 'package.json'), 'utf8');
	const { n8n } = JSON.parse(manifest) as { n8n: { nodes: string[]; credentials: string[] } };
	const files = [...n8n.nodes, ...n8n.credentials].map((file) => stat(join(packed, file)));
	const size = (await Promise.all(files)).reduce((sum, file) => sum + file.size, 0);
	return atMost('read at start', size, MAX_ENTRIES);
}

/** CPU time in ms, in a process that has loaded no other package. */
async function loadTime(folder: string): Promise<number> {
	const { stdout } = await run(process.execPath, [join(repository, 'bench', 'load.mjs'), folder], {
		cwd: repository,
		timeout: LOAD_MS,
		env: { ...process.env, N8N_LOG_LEVEL: 'silent' },
	});
	return (JSON.parse(stdout) as { cpuMs: number }).cpuMs;
}

/**
 * Compares the least of several times: everything else that the machine does only adds to them.
 * @param packed the folder of the unpacked tarball
 * @param empty where to write the package of empty classes
 */
export async function checkLoad(packed: string, empty: string): Promise<Check> {
	await writeEmptyPackage(packed, empty);
	const times = { packed: [] as number[], empty: [] as number[] };
	for (let load = 0; load < LOADS; load++) {
		times.empty.push(await loadTime(empty));
		times.packed.push(await loadTime(packed));
	}
	const [ours, none] = [Math.min(...times.packed), Math.min(...times.empty)];
	const ratio = ours / none;
	return {
		text:
			`load: ${ours.toFixed(1)} ms, ${ratio.toFixed(2)} times that of empty classes, ` +
			`at most ${LOAD_BAR} (fails over ${LOAD_BAR * LOAD_NOISE})`,
		isMet: ratio <= LOAD_BAR * LOAD_NOISE,
	};
}
