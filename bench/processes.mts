import { execFile, fork } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
	/** URL of an account with that many agents (1), and rows of each. */
	account(rows: number, latencyMs: number, agents?: number): string;
	/** What its clients need to trust its certificate. */
	env: NodeJS.ProcessEnv;
	stop(): Promise<void>;
}

/**
 * Starts service.mts. It ends with this process.
 * @param tlsFolder with cert.pem and key.pem, for HTTPS
 */
export async function startService({ node }: Runtime, tlsFolder?: string): Promise<Service> {
	const child = fork(join(rootDir, 'bench', 'service.mts'), tlsFolder ? [tlsFolder] : [], {
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
	const origin = `${tlsFolder ? 'https' : 'http'}://127.0.0.1:${port}`;
	return {
		account: (rows, latencyMs, agents = 1) => `${origin}/${agents}/${rows}/${latencyMs}`,
		env: tlsFolder ? { NODE_EXTRA_CA_CERTS: join(tlsFolder, 'cert.pem') } : {},
		async stop() {
			child.kill('SIGKILL');
			await gone;
		},
	};
}

/** Makes a certificate for 127.0.0.1. @throws Error without openssl */
export async function makeCertificate(folder: string): Promise<void> {
	const args =
		'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bench ' +
		'-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem';
	await promisify(execFile)('openssl', args.split(' '), { cwd: folder, timeout: 30_000 });
}

/** What was requested from an account of the service so far. */
export async function countsOf(account: string): Promise<Counts> {
	const { body } = await request(`${account}/counts`);
	return (await body.json()) as Counts;
}

interface Measurement {
	step: string;
	/** Its limit. */
	seconds: number;
	/** Options of Node.js, a file of this folder, and its arguments. */
	args: string[];
	env?: NodeJS.ProcessEnv;
}

/**
 * Runs one file of this folder in an own process, on the Node.js that n8n runs on.
 * @returns the JSON that it prints
 */
export async function measure<Result>(
	{ node }: Runtime,
	{ step, seconds, args, env }: Measurement,
): Promise<Result> {
	let [stdout, stderr] = ['', ''];
	const code = await runWithin({
		step,
		seconds,
		command: node,
		args,
		cwd: join(rootDir, 'bench'),
		env: { ...cleanEnv(), ...env },
		onOutput: (text, stream) => {
			if (stream === 'stdout') stdout += text;
			else stderr += text;
		},
	});
	if (code !== 0) throw new Error(`${step} ended with code ${code}.\n${stderr.slice(-2000)}`);
	return JSON.parse(stdout) as Result;
}
