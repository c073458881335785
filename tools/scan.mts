/**
 * Runs n8n's own scanner for community packages on the source and on the packed tarball, as the
 * verification of a published package does. The exit code is 1 if the scanner finds anything.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import {
	analyzePackage,
	SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '..');

async function unpackTarball(into: string): Promise<string> {
	const { stdout } = await run(
		'npm',
		['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', into],
		{ cwd: repository },
	);
	const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
	await run('tar', ['-xzf', join(into, filename), '-C', into]);
	return join(into, 'package');
}

async function scan(what: string, folder: string, patterns: string[]): Promise<boolean> {
	const { passed, message, details } = await analyzePackage(folder, patterns);
	// Without a file to check, the scanner says so and passes.
	const clean = passed && message === undefined;
	process.stdout.write(`scanner, ${what}: ${clean ? 'clean' : message}\n${details ?? ''}`);
	return clean;
}

const temporary = await mkdtemp(join(tmpdir(), 'ampersend-scan-'));
try {
	const source = await scan('source', repository, SOURCE_FILE_PATTERNS);
	const tarball = await scan('tarball', await unpackTarball(temporary), [
		'**/*.js',
		'package.json',
	]);
	process.exitCode = source && tarball ? 0 : 1;
} finally {
	await rm(temporary, { recursive: true, force: true });
}
