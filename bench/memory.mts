import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './report.mts';

const EVERY_MS = 50;
/** How often new child processes are looked for, in samples. */
const LOOK_EVERY = 10;
/**
 * n8n gives back the memory of its start in steps, the last of them after about 35 s. It's idle
 * once its memory has stayed within 1 % for 30 s.
 */
const WINDOW_MS = 5_000;
const STABLE_WINDOWS = 6;
const STABLE_RATIO = 1.01;
const MAX_WINDOWS = 24;

function read(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		// The process has ended.
		return '';
	}
}

/** A process and all that it started. */
function familyOf(pid: number): number[] {
	const childrenOf = new Map<number, number[]>();
	for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
		const parent = Number(/^PPid:\t(\d+)$/m.exec(read(`/proc/${name}/status`))?.[1]);
		childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
	}
	const family = [pid];
	for (const one of family) family.push(...(childrenOf.get(one) ?? []));
	return family;
}

/** Resident memory of a process, in bytes. */
function residentBytes(pid: number): number {
	const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
	return Number(kib) * 1024;
}

/**
 * Samples the memory of a process and all that it started, while `work` runs.
 * @returns the samples in bytes, in order; none where there is no /proc
 */
export async function watchMemory<Result>(
	pid: number | undefined,
	work: () => Promise<Result>,
): Promise<{ result: Result; samples: number[] }> {
	const samples: number[] = [];
	let family: number[] = [];
	let count = 0;
	const sample = () => {
		if (pid === undefined) return;
		if (count++ % LOOK_EVERY === 0) family = familyOf(pid);
		samples.push(family.reduce((sum, one) => sum + residentBytes(one), 0));
	};
	const timer = process.platform === 'linux' ? setInterval(sample, EVERY_MS) : undefined;
	try {
		return { result: await work(), samples };
	} finally {
		clearInterval(timer);
	}
}

/**
 * Waits until a process is idle, for 2 minutes at most.
 * @returns its memory then, in bytes; undefined where it can't be measured
 */
export async function idleMemory(pid: number | undefined): Promise<number | undefined> {
	const windows: number[] = [];
	while (windows.length < MAX_WINDOWS) {
		const { samples } = await watchMemory(pid, async () => await sleep(WINDOW_MS));
		if (samples.length === 0) return undefined;
		windows.push(median(samples));
		const last = windows.slice(-STABLE_WINDOWS);
		const isStable = Math.max(...last) <= Math.min(...last) * STABLE_RATIO;
		if (last.length === STABLE_WINDOWS && isStable) break;
	}
	return windows.at(-1);
}
