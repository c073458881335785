import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { runWithin } from '../runWithin.mts';

export type Log = (line: string) => void;

export interface Runtime {
	/** The Node.js binary that n8n runs on. */
	node: string;
	/** The script of the `n8n` command; run it with `node`. */
	n8n: string;
	/** Older releases don't start if they don't know a module that is to be switched off. */
	hasAllModules?: boolean;
}

/** Major and minor version of n8n. */
export type Release = readonly [major: number, minor: number];

/** @param version such as 2.41.1 or 1.85 */
export function releaseOf(version: string): Release {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	return [major, minor];
}

export function isAtLeast([major, minor]: Release, [leastMajor, leastMinor]: Release): boolean {
	return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** The n8n that is installed. */
export function installedRelease({ n8n }: Runtime): Release {
	const manifest = readFileSync(join(dirname(dirname(n8n)), 'package.json'), 'utf8');
	return releaseOf((JSON.parse(manifest) as { version: string }).version);
}

/**
 * Searched from the working directory, because this file runs as CommonJS (Jest) and as a module
 * (tsx).
 */
function findRoot(): string {
	for (let dir = process.cwd(); ; dir = dirname(dir)) {
		if (existsSync(join(dir, 'tools', 'n8n', 'app', 'package-lock.json'))) return dir;
		if (dir === dirname(dir))
			throw new Error('Run this inside the n8n-nodes-ampersend repository.');
	}
}

export const rootDir = findRoot();
/** Apart from the tools, which would find n8n's packages in place of the repository's. */
export const n8nDir = join(rootDir, 'tools', 'n8n', 'app');

const stampFile = join(n8nDir, 'node_modules', '.n8n-ready');

const platform = process.platform === 'win32' ? 'win' : process.platform;
/** The npm package with the Node.js of this platform. */
export const nodePackage = `node-${platform}-${process.arch}`;

/** The Node.js that npm installed into a folder. */
export function nodeBinary(folder: string): string {
	const file = process.platform === 'win32' ? 'node.exe' : 'node';
	return join(folder, 'node_modules', nodePackage, 'bin', file);
}

/** n8n 2.41 needs Node.js 24, which many developers' machines don't have. */
function findNode24(): string | undefined {
	const binary = nodeBinary(n8nDir);
	if (existsSync(binary)) return binary;
	return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined;
}

interface Step {
	title: string;
	/** Its limit. */
	seconds: number;
	command: string;
	args: string[];
	cwd: string;
	env?: NodeJS.ProcessEnv;
	/** What to do if it fails. */
	advice: string;
}

/** An outer `npm run` sets variables that would make npm work on the root package. */
function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
	const env = Object.fromEntries(
		Object.entries(process.env).filter(
			([name]) =>
				!/^npm_(package|lifecycle)_/.test(name) &&
				name !== 'npm_config_local_prefix' &&
				name !== 'NODE_OPTIONS',
		),
	);
	return { ...env, ...extra };
}

export async function runStep(step: Step, log: Log): Promise<string> {
	const started = Date.now();
	const seconds = () => Math.round((Date.now() - started) / 1000);
	const logFolder = await mkdtemp(join(tmpdir(), 'ampersend-install-'));
	const logFile = join(logFolder, 'log.txt');
	const output = createWriteStream(logFile);
	log(`${step.title} …`);
	const timer = setInterval(() => log(`${step.title} … ${seconds()} s`), 20_000);
	let stdout = '';
	let all = '';
	const tail = () => `${all.trimEnd().split('\n').slice(-25).join('\n')}\n\nWhole log: ${logFile}`;
	try {
		const code = await runWithin({
			step: step.title,
			seconds: step.seconds,
			command: step.command,
			args: step.args,
			cwd: step.cwd,
			env: step.env ?? cleanEnv(),
			onOutput: (text, stream) => {
				if (stream === 'stdout') stdout += text;
				all += text;
				output.write(text);
			},
		}).catch((error: unknown) => {
			const reason = error instanceof Error ? error.message : String(error);
			throw new Error(`${reason}\n${tail()}`, { cause: error });
		});
		if (code !== 0) {
			throw new Error(
				`${step.title}: "${step.command} ${step.args.join(' ')}" ended with code ${code}.\n` +
					`${tail()}\n${step.advice}`,
			);
		}
	} finally {
		clearInterval(timer);
		output.end();
	}
	await rm(logFolder, { recursive: true, force: true });
	if (seconds() > 2) log(`${step.title}: done in ${seconds()} s`);
	return stdout;
}

/** Builds what n8n's packages have in C++, for the Node.js that n8n will run on. */
export async function buildNativeModules(
	folder: string,
	node: string,
	title: string,
	log: Log,
): Promise<void> {
	const home = dirname(dirname(node));
	const hasHeaders = existsSync(join(home, 'include', 'node'));
	await runStep(
		{
			title,
			seconds: 600,
			command: 'npm',
			// The repository's .npmrc switches scripts off, and an outer `npm run` passes that on.
			args: ['rebuild', '--ignore-scripts=false', 'sqlite3', 'isolated-vm'],
			cwd: folder,
			env: cleanEnv({
				PATH: [dirname(node), process.env.PATH].join(delimiter),
				...(hasHeaders ? { npm_config_nodedir: home } : {}),
			}),
			advice:
				'If no ready-made binary fits, this compiles one: it needs Python 3, make and a C++ ' +
				'compiler (Debian: apt install python3 build-essential).',
		},
		log,
	);
}

/**
 * Installs n8n and its Node.js into `tools/n8n/app/node_modules`, unless they are installed.
 */
export async function installN8n(log: Log): Promise<Runtime> {
	const lock = await readFile(join(n8nDir, 'package-lock.json'));
	const stamp = createHash('sha256')
		.update(lock)
		.update(`${process.platform}-${process.arch}`)
		.digest('hex');
	const done = existsSync(stampFile) && (await readFile(stampFile, 'utf8')) === stamp;
	if (!done) {
		log('Setting up a real n8n in tools/n8n/app/node_modules: once, about 5 minutes and 3 GB.');
		await runStep(
			{
				title: 'Install n8n 2.41.1 (1 of 2)',
				seconds: 600,
				command: 'npm',
				args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
				cwd: n8nDir,
				advice: 'It needs the npm registry and 3 GB of disk. Run it again when those are there.',
			},
			log,
		);
	}
	const node = findNode24();
	if (node === undefined) {
		throw new Error(
			'n8n 2.41 needs Node.js 24, and npm has no Node.js 24 package for ' +
				`${process.platform}-${process.arch}. Install Node.js 24 and run this with it.`,
		);
	}
	if (!done) {
		await buildNativeModules(n8nDir, node, 'Build its native modules (2 of 2)', log);
		// npm succeeds even if a rebuild runs no script.
		await runStep(
			{
				title: 'Load its native modules',
				seconds: 60,
				command: node,
				args: ['-e', 'require("sqlite3"); require("isolated-vm")'],
				cwd: n8nDir,
				advice: 'Delete tools/n8n/app/node_modules and run this again.',
			},
			log,
		);
		await writeFile(stampFile, stamp);
	}
	return { node, n8n: join(n8nDir, 'node_modules', 'n8n', 'bin', 'n8n') };
}

/** Builds and packs this package as for publishing; returns the tarball's path. */
export async function packPackage(folder: string, log: Log): Promise<string> {
	await runStep(
		{
			title: 'Build the nodes',
			seconds: 300,
			command: 'npm',
			args: ['exec', '--no', 'gulp', 'bundle'],
			cwd: rootDir,
			advice: 'Run "npm run build" in the repository and mend what it names.',
		},
		log,
	);
	await mkdir(folder, { recursive: true });
	const answer = await runStep(
		{
			title: 'Pack the nodes',
			seconds: 120,
			command: 'npm',
			args: ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
			cwd: rootDir,
			advice: 'Run "npm pack" in the repository and mend what it names.',
		},
		log,
	);
	const [packed] = JSON.parse(answer) as Array<{ filename: string }>;
	if (packed === undefined) throw new Error('npm pack created no file.');
	return join(folder, packed.filename);
}

/**
 * Installs the tarball where n8n puts community nodes, so the node types have the names that users
 * see.
 */
export async function installPackage(tarball: string, userFolder: string, log: Log): Promise<void> {
	const folder = join(userFolder, '.n8n', 'nodes');
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, 'package.json'), '{"name":"installed-nodes","private":true}\n');
	await runStep(
		{
			title: 'Install the nodes into n8n',
			seconds: 120,
			command: 'npm',
			// n8n provides the n8n-workflow peer; npm would download another one.
			args: [
				'install',
				'--ignore-scripts',
				'--legacy-peer-deps',
				'--omit=peer',
				'--no-audit',
				'--no-fund',
				tarball,
			],
			cwd: folder,
			advice: 'The packed tarball must install without its scripts and without any dependency.',
		},
		log,
	);
}
