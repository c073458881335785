/**
 * Runs n8n's own scanner for community packages on the source and on the packed tarball, as the
 * verification of a published package does, then the same with the newest lint rules, and measures
 * the tarball. The exit code is 1 if anything is found, or the tarball is too large, too slow to
 * load, or of another size than docs/benchmark.md says.
 *
 * With a folder of YARA rules as its argument, it also scans the tarball with them.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import {
	analyzePackage,
	buildScanConfig,
	SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';
import { ESLint } from 'eslint';

import { checkEntries, checkLoad, checkPage, checkSize } from './packed.mts';
import { scanWithYara } from './yara.mts';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '..');

/** As the scanner has them for a published tarball. */
const TARBALL_FILE_PATTERNS = ['**/*.js', 'package.json'];

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

/** The scanner brings an older plugin of its own. Here warnings count, too. */
async function lint(what: string, folder: string, patterns: string[]): Promise<boolean> {
	const config = (await buildScanConfig()).map((part) =>
		part.plugins?.['@n8n/community-nodes'] ? n8nCommunityNodesPlugin.configs.recommended : part,
	);
	const eslint = new ESLint({
		cwd: folder,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: config,
	});
	const results = await eslint.lintFiles(patterns);
	const details = await (await eslint.loadFormatter('stylish')).format(results);
	const clean = results.every(({ errorCount, warningCount }) => errorCount + warningCount === 0);
	const version = n8nCommunityNodesPlugin.meta.version;
	process.stdout.write(`lint rules ${version}, ${what}: ${clean ? 'clean' : 'found'}\n${details}`);
	return clean;
}

/** @param rules a folder of *.yar; none without it */
async function scanYara(folder: string, rules: string | undefined): Promise<boolean> {
	if (rules === undefined) return true;
	const found = await scanWithYara(folder, rules);
	process.stdout.write(`YARA rules, tarball: ${found.join('\n') || 'clean'}\n`);
	return found.length === 0;
}

const temporary = await mkdtemp(join(tmpdir(), 'ampersend-scan-'));
try {
	const source = await scan('source', repository, SOURCE_FILE_PATTERNS);
	const { tarball, folder } = await pack(temporary);
	const isClean = await scan('tarball', folder, TARBALL_FILE_PATTERNS);
	const hasNewest = [
		await lint('source', repository, SOURCE_FILE_PATTERNS),
		await lint('tarball', folder, TARBALL_FILE_PATTERNS),
	].every(Boolean);
	const isHarmless = await scanYara(folder, process.argv[2]);
	const checks = [
		await checkSize(tarball),
		await checkPage(tarball),
		await checkEntries(folder),
		await checkLoad(folder, join(temporary, 'empty')),
	];
	for (const { text, isMet } of checks) console.log(`${text}: ${isMet ? 'met' : 'missed'}`);
	process.exitCode =
		source && isClean && hasNewest && isHarmless && checks.every(({ isMet }) => isMet) ? 0 : 1;
} finally {
	await rm(temporary, { recursive: true, force: true });
}
