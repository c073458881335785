import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { runJest } from './jest.mts';

const SECONDS = 2000;

/** Test files that take about 10 s or more each, and two thirds of the time of all. */
const SLOW = [
	'contract/check',
	'emulator/contract',
	'nodes/credentialProbes',
	'nodes/deviations',
	'nodes/deviationsInEditor',
	'nodes/deviationsInSession',
	'nodes/exports',
	'nodes/pagesFromZero',
	'nodes/randomDeviations',
	'trigger/deviations',
	'trigger/hangingService',
	'trigger/hugeBacklogs',
	'trigger/inconsistentLists',
	'trigger/paging',
	'trigger/pollEnds',
	'trigger/pollTime',
	'trigger/randomServices',
	'trigger/repeatLastBatch',
	'trigger/sameTime',
	'trigger/state',
	'unit/cursor.model',
	'unit/cursor.mutants',
	'unit/runWithin',
].map((name) => `test/${name}.test.mts`);

/** @throws Error for a file that isn't there: it would be run, without a word */
function withoutSlow(): string[] {
	const missing = SLOW.filter((file) => !existsSync(resolve(import.meta.dirname, '..', file)));
	if (missing.length > 0) throw new Error(`tools/tests.mts: ${missing.join(', ')} isn't there`);
	return ['--testPathIgnorePatterns', ...SLOW.map((file) => file.replaceAll('.', '\\.'))];
}

/** Runs the tests of `npm test`, or with `--quick` all but the slow ones; the rest goes to Jest. */
async function main(): Promise<number> {
	const [first, ...rest] = process.argv.slice(2);
	const isQuick = first === '--quick';
	const args = isQuick ? [...rest, ...withoutSlow()] : process.argv.slice(2);
	return await runJest({ step: 'The tests', seconds: SECONDS, args });
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
