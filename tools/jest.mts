import { join, resolve } from 'node:path';
import { runWithin } from './runWithin.mts';

const rootDir = resolve(import.meta.dirname, '..');
const jest = join(rootDir, 'node_modules', 'jest', 'bin', 'jest.js');

export interface JestRun {
	step: string;
	seconds: number;
	args?: string[];
	env?: NodeJS.ProcessEnv;
}

/** Jest's own timeout doesn't end a test in an endless loop. */
export async function runJest({ step, seconds, args = [], env }: JestRun): Promise<number> {
	return await runWithin({
		step,
		seconds,
		command: process.execPath,
		// Its workers get it, too: most of what a test makes is gone at once.
		args: ['--max-semi-space-size=64', jest, ...args],
		cwd: rootDir,
		...(env === undefined ? {} : { env }),
	});
}
