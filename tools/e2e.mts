import { join } from 'node:path';
import { runJest } from './jest.mts';
import { findChromium } from './n8n/browser.mts';
import { rootDir, installN8n } from './n8n/install.mts';
import { leftOutLines, runningN8n } from './n8n/running.mts';
import { findServers } from './n8n/queueServers.mts';
import { installSellers } from './sellers/install.mts';

const SECONDS = 2100;
/** In another's n8n. */
const RUNNING_SECONDS = 300;
/** Three processes of n8n start in place of one. */
const QUEUE_SECONDS = 4800;

/** Installs n8n, and runs no test. */
const INSTALL = '--install';

/** n8n in queue mode: Postgres, Redis, one main, two workers. */
const QUEUE = '--queue';

/** With it, only these files. */
const SHORT = '--short';
const SHORT_FILES = ['payments', 'queueExport', 'queueKilledWorker'].map(
	(name) => `/${name}\\.test\\.mts$`,
);

const config = ['-c', join(rootDir, 'test', 'e2e', 'jest.config.mjs')];

/** In the n8n that the environment names, and that has the package. */
async function runThere(url: string, given: string[]): Promise<number> {
	const own = given.find((arg) => [INSTALL, QUEUE, SHORT].includes(arg));
	if (own !== undefined)
		throw new Error(`${own} is for an n8n of our own: unset AMPERSEND_N8N_URL.`);
	for (const line of leftOutLines()) console.error(line);
	return await runJest({
		step: `The end-to-end tests in ${url}`,
		seconds: RUNNING_SECONDS,
		args: [...config, ...given],
	});
}

/**
 * Sets up what the tests need and runs them. Arguments go to Jest, for example a file's name or
 * `-t 'part of a title'`.
 */
async function main(): Promise<number> {
	const given = process.argv.slice(2);
	const running = runningN8n();
	if (running !== undefined) return await runThere(running.url, given);
	const isQueue = given.includes(QUEUE);
	const isShort = isQueue && given.includes(SHORT);
	const args = [
		...given.filter((arg) => arg !== QUEUE && arg !== SHORT),
		...(isShort ? SHORT_FILES : []),
	];
	findChromium();
	if (isQueue) findServers();
	await installN8n((line) => console.error(line));
	// Before the tests, of which two need them at the same time.
	if (!isQueue) await installSellers((line) => console.error(line));
	if (args[0] === INSTALL) return 0;
	return await runJest({
		step: 'The end-to-end tests' + (isQueue ? ' in queue mode' : ''),
		seconds: isQueue ? QUEUE_SECONDS : SECONDS,
		args: [...config, ...args],
		// setup.mjs reads it.
		env: { ...process.env, ...(isQueue && { AMPERSEND_E2E_MODE: 'queue' }) },
	});
}

main().then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	},
);
