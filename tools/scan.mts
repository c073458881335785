/**
 * Runs n8n's own scanner for community packages on the source and on the packed tarball, as the
 * verification of a published package does, and measures the tarball. The exit code is 1 if the
 * scanner finds anything, or the tarball is too large, too slow to load, or of another size than
 * docs/benchmark.md says.
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

import { checkLoad, checkPage, checkSize } from './packed.mts';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '..');

interface Packed {
	tarball: string;
	/** What is in it. */
	folder: string;
}

async function pack(into: string): Promise<Packed> {
	const { stdout } = await run(
		'npm',
		['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', into],
		{ cwd: repository },
	);
	const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
	const tarball = join(into, filename);
	await run('tar', ['-xzf', tarball, '-C', into]);
	return { tarball, folder: join(into, 'package') };
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
	const { tarball, folder } = await pack(temporary);
	const isClean = await scan('tarball', folder, ['**/*.js', 'package.json']);
	const checks = [
		await checkSize(tarball),
		await checkPage(tarball),
		await checkLoad(folder, join(temporary, 'empty')),
	];
	for (const { text, isMet } of checks) console.log(`${text}: ${isMet ? 'met' : 'missed'}`);
	process.exitCode = source && isClean && checks.every(({ isMet }) => isMet) ? 0 : 1;
} finally {
	await rm(temporary, { recursive: true, force: true });
}
