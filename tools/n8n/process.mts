import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rootDir, type Runtime } from './install.mts';

const BOOT_MS = 180_000;
const STOP_MS = 8_000;

export interface ProcessOptions {
	runtime: Runtime;
	command: 'start' | 'worker';
	userFolder: string;
	env: NodeJS.ProcessEnv;
}

const starting = new Set<N8nProcess>();
let isOver = false;

/** Ends what is still starting, so that whoever waits for it ends the rest. No more can start. */
export async function endStarts(): Promise<void> {
	isOver = true;
	await Promise.all([...starting].map((process) => process.kill()));
}

/** A main or a worker of n8n. */
export class N8nProcess {
	private readonly child: ChildProcess;
	private output = '';

	constructor({ runtime, command, userFolder, env }: ProcessOptions) {
		if (isOver) throw new Error('Nobody waits any more for this n8n to start.');
		this.child = spawn(
			runtime.node,
			['--require', join(rootDir, 'tools', 'n8n', 'dieWithParent.cjs'), runtime.n8n, command],
			// The fourth is for dieWithParent.cjs.
			{ cwd: userFolder, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
		);
		const collect = (chunk: Buffer) => {
			this.output += chunk.toString();
		};
		this.child.stdout?.on('data', collect);
		this.child.stderr?.on('data', collect);
	}

	/** Everything that it wrote to its console. */
	get log(): string {
		return this.output;
	}

	/** Ids of the executions that it has begun, if it's a worker. */
	get begun(): Set<string> {
		return new Set(this.executions('started'));
	}

	/** Those of them that it has not ended. */
	get unfinished(): string[] {
		const ended = new Set(this.executions('finished'));
		return this.executions('started').filter((id) => !ended.has(id));
	}

	private executions(what: 'started' | 'finished'): string[] {
		const lines = this.log.matchAll(new RegExp(`Worker ${what} execution (\\d+)`, 'g'));
		return [...lines].map(([, id = '']) => id);
	}

	get pid(): number | undefined {
		return this.child.pid;
	}

	get exited(): boolean {
		return (
			this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined
		);
	}

	async waitUntilUp(isUp: () => boolean | Promise<boolean>): Promise<void> {
		const until = Date.now() + BOOT_MS;
		starting.add(this);
		try {
			while (Date.now() < until) {
				if (this.exited) throw new Error(`n8n ended while it started:\n${this.log.slice(-3000)}`);
				if (await isUp()) return;
				await sleep(250);
			}
			throw new Error(`n8n was not up after ${BOOT_MS / 1000} s:\n${this.log.slice(-3000)}`);
		} finally {
			starting.delete(this);
		}
	}

	async stop(): Promise<void> {
		const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
		await this.end('SIGTERM');
		clearTimeout(timer);
	}

	/** Ends it with SIGKILL, like a power cut: it can't do anything more. */
	async kill(): Promise<void> {
		await this.end('SIGKILL');
	}

	private async end(signal: NodeJS.Signals): Promise<void> {
		if (this.exited) return;
		const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
		this.child.kill(signal);
		await gone;
	}
}
