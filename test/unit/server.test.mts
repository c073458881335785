/** What the end-to-end tests start for queue mode ends with them. */
import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './isAlive.mts';

const guard = resolve(__dirname, '../../tools/n8n/server.cjs');

const IGNORES = "for (const one of ['SIGINT', 'SIGTERM']) process.on(one, () => {});";

test.each([
	['ends when it is asked', ''],
	['ignores that', IGNORES],
])('a server that %s ends with who started it, and its folder goes', async (_, more) => {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-server-'));
	const pidFile = join(folder, 'pid');
	const file = JSON.stringify(pidFile);
	const note = `require('node:fs').writeFileSync(${file}, String(process.pid));`;
	const server = `${more} setInterval(() => {}, 1000); ${note}`;
	// The one that starts it is killed whole, as a time limit does.
	const starter = spawn(
		process.execPath,
		[
			'-e',
			`require('node:child_process').spawn(process.execPath, ${JSON.stringify([
				...[guard, folder, process.execPath, '-e', server],
			])}, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });`,
		],
		{ stdio: 'ignore', detached: true },
	);
	let pid = 0;
	while (pid === 0) {
		await sleep(50);
		if (existsSync(pidFile)) pid = Number(await readFile(pidFile, 'utf8'));
	}
	const gone = once(starter, 'exit');
	process.kill(-(starter.pid ?? 0), 'SIGKILL');
	await gone;

	while (isAlive(pid) || existsSync(folder)) await sleep(50);
	expect(isAlive(pid)).toBe(false);
});
