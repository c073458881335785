// The highest resident memory of a process, as Linux counts it. Elsewhere both do nothing.
import { readFileSync, writeFileSync } from 'node:fs';

const isLinux = process.platform === 'linux';

/** Starts anew with what the process has now. */
export function resetPeak(pid: number | undefined): void {
	if (isLinux) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** @returns the peak since then, in bytes; NaN elsewhere */
export function peakOf(pid: number | undefined): number {
	if (!isLinux) return NaN;
	const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
	return Number(kib) * 1024;
}
