import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** A step that exceeded its time limit. */
export class Overrun extends Error {
	constructor(step: string, seconds: number) {
		super(`${step} did not end within ${seconds} s.`);
	}
}

export interface Command {
	/** Its name in the output. */
	step: string;
	/** Its limit. */
	seconds: number;
	command: string;
	args: string[];
	cwd?: string;
	env?: NodeJS.ProcessEnv;
	/** Receives the output. By default it goes where this process's own output goes. */
	onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
}

/**
 * Searched from the working directory, because this file runs as CommonJS (Jest) and as a module
 * (tsx).
 */
function findGuard(): string {
	for (let dir = process.cwd(); ; dir = dirname(dir)) {
		const guard = join(dir, 'tools', 'guard.cjs');
		if (existsSync(guard)) return guard;
		if (dir === dirname(dir))
			throw new Error('Run this inside the n8n-nodes-ampersend repository.');
	}
}

const guard = findGuard();
const isWindows = process.platform === 'win32';
/** How long a process can take to end before it's killed. */
const GRACE_MS = 2_000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a command as its own process group, and ends the group when its time is over or this
 * process ends.
 * @returns its exit code
 * @throws Overrun
 */
export async function runWithin(options: Command): Promise<number> {
	const { step, seconds, command, args, cwd, env, onOutput } = options;
	const out = onOutput ? 'pipe' : 'inherit';
	const child = spawn(process.execPath, [guard, command, ...args], {
		...(cwd === undefined ? {} : { cwd }),
		...(env === undefined ? {} : { env }),
		// The fourth is for guard.cjs.
		stdio: [onOutput ? 'ignore' : 'inherit', out, out, 'pipe'],
		detached: !isWindows,
	});
	for (const stream of ['stdout', 'stderr'] as const) {
		child[stream]?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text, stream));
	}
	const signalGroup = (signal: NodeJS.Signals) => {
		if (child.pid === undefined || isWindows) return;
		try {
			process.kill(-child.pid, signal);
		} catch {
			// The group has ended already.
		}
	};
	const kill = () => {
		// All of them: a process that left the group can keep the others open forever.
		for (const stream of child.stdio) stream?.destroy();
		signalGroup('SIGKILL');
	};
	const timers: NodeJS.Timeout[] = [];
	let reason: Error | undefined;
	const end = (signal: NodeJS.Signals, because: Error) => {
		reason ??= because;
		signalGroup(signal);
		timers.push(setTimeout(kill, GRACE_MS));
	};
	// A signal from a terminal or an outer limit reaches only this process's group.
	const passOn = (signal: NodeJS.Signals) => {
		end(signal, new Error(`${step} was stopped by ${signal}.`));
	};
	for (const signal of signals) process.on(signal, passOn);
	timers.push(setTimeout(() => end('SIGTERM', new Overrun(step, seconds)), seconds * 1000));
	try {
		const code = await new Promise<number | null>((resolve, reject) => {
			child.on('error', reject);
			child.on('close', resolve);
		});
		if (reason !== undefined) throw reason;
		return code ?? 1;
	} finally {
		// Processes that the command started can outlive it.
		signalGroup('SIGKILL');
		timers.forEach(clearTimeout);
		for (const signal of signals) process.off(signal, passOn);
	}
}

/** Runs in its own thread, because an endless loop blocks the timers of the main thread. */
const WATCHDOG = `
const { workerData } = require('node:worker_threads');
setTimeout(() => {
	require('node:fs').writeSync(2, workerData.message + '\\n');
	process.kill(process.pid, 'SIGKILL');
}, workerData.ms);
`;

/**
 * The same for a step in this process. What the step started continues after its time, so end the
 * process soon. A step that blocks the process gets it killed.
 * @throws Overrun
 */
export async function within<T>(step: string, seconds: number, work: () => Promise<T>): Promise<T> {
	const overrun = new Overrun(step, seconds);
	const watchdog = new Worker(WATCHDOG, {
		eval: true,
		execArgv: [],
		workerData: { message: overrun.message, ms: seconds * 1000 + GRACE_MS },
	});
	watchdog.unref();
	let timer: NodeJS.Timeout | undefined;
	const expiry = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(overrun), seconds * 1000);
	});
	try {
		return await Promise.race([work(), expiry]);
	} finally {
		clearTimeout(timer);
		await watchdog.terminate();
	}
}
