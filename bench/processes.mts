import { fork } from 'node:child_process';
import { join } from 'node:path';
import { request } from 'undici';
import { rootDir, type Runtime } from '../tools/n8n/install.mts';
import { runWithin } from '../tools/runWithin.mts';
import type { Counts } from './service.mts';

const START_MS = 10_000;

/** Without what an outer npm or tsx sets; n8n's modules are found from any folder. */
function cleanEnv(): NodeJS.ProcessEnv {
	const { NODE_OPTIONS: _options, ...env } = process.env;
	return { ...env, NODE_PATH: join(rootDir, 'node_modules'), N8N_LOG_LEVEL: 'silent' };
}

export interface Service {
	/** URL of an account with one agent and that many rows. */
	account(rows: number, latencyMs: number): string;
	stop(): Promise<void>;
}

/** Starts service.mts. It ends with this process. */
export async function startService({ node }: Runtime): Promise<Service> {
	const child = fork(join(rootDir, 'bench', 'service.mts'), {
		execPath: node,
		execArgv: [],
		env: cleanEnv(),
	});
	const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	const port = await new Promise<number>((resolve, reject) => {
		const giveUp = () => {
			child.kill('SIGKILL');
			reject(new Error(`The service did not start within ${START_MS / 1000} s.`));
		};
		const timer = setTimeout(giveUp, START_MS);
		child.once('error', reject);
		child.once('exit', giveUp);
		child.once('message', (message) => {
			clearTimeout(timer);
			child.off('exit', giveUp);
			resolve(Number(message));
		});
	});
	return {
		account: (rows, latencyMs) => `http://127.0.0.1:${port}/${rows}/${latencyMs}`,
		async stop() {
			child.kill('SIGKILL');
			await gone;
		},
	};
}

/** What was requested from an account of the service so far. */
export async function countsOf(account: string): Promise<Counts> {
	const { body } = await request(`${account}/counts`);
	return (await body.json()) as Counts;
}

/**
 * Runs one file of this folder in an own process, on the Node.js that n8n runs on.
 * @returns the JSON that it prints
 */
export async function measure<Result>(
	{ node }: Runtime,
	step: string,
	seconds: number,
	[file = '', ...args]: string[],
): Promise<Result> {
	let [stdout, stderr] = ['', ''];
	const code = await runWithin({
		step,
		seconds,
		command: node,
		args: [join(rootDir, 'bench', file), ...args],
		cwd: rootDir,
		env: cleanEnv(),
		onOutput: (text, stream) => {
			if (stream === 'stdout') stdout += text;
			else stderr += text;
		},
	});
	if (code !== 0) throw new Error(`${step} ended with code ${code}.\n${stderr.slice(-2000)}`);
	return JSON.parse(stdout) as Result;
}
