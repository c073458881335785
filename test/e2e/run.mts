import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { e2eDir, installN8n, rootDir } from './install.mts';

/** Sets up what the tests need and runs them; arguments go to jest, such as a file's name or `-t 'part of a title'`. */
async function main(): Promise<number> {
	await installN8n((line) => console.error(line));
	const jest = join(rootDir, 'node_modules', 'jest', 'bin', 'jest.js');
	const child = spawn(process.execPath, [jest, '-c', join(e2eDir, 'jest.config.mjs'), ...process.argv.slice(2)], {
		cwd: rootDir,
		stdio: 'inherit',
	});
	return await new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('exit', (code) => resolve(code ?? 1));
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
