import { join } from 'node:path';
import { runJest } from './jest.mts';
import { findChromium } from './n8n/browser.mts';
import { rootDir, installN8n } from './n8n/install.mts';

const SECONDS = 1500;

/** Installs n8n, and runs no test. */
const INSTALL = '--install';

/**
 * Sets up what the tests need and runs them. Arguments go to Jest, for example a file's name or
 * `-t 'part of a title'`.
 */
async function main(): Promise<number> {
	findChromium();
	await installN8n((line) => console.error(line));
	if (process.argv[2] === INSTALL) return 0;
	const args = ['-c', join(rootDir, 'test', 'e2e', 'jest.config.mjs'), ...process.argv.slice(2)];
	return await runJest({ step: 'The end-to-end tests', seconds: SECONDS, args });
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
