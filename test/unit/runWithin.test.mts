import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Overrun, runWithin } from '../../tools/runWithin.mts';
import { isAlive } from './isAlive.mts';

let folder: string;
let pidFile: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'ampersend-limit-'));
	pidFile = join(folder, 'pids');
});

afterEach(async () => {
	await rm(folder, { recursive: true, force: true });
});

/** Blocks its process forever like an endless loop, without taking time from the other tests. */
const BLOCK = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';

/** Never ends, ignores SIGTERM, and starts a child that does the same. */
function endless(): string[] {
	const file = JSON.stringify(pidFile);
	const note = `require('node:fs').appendFileSync(${file}, process.pid + '\\n');`;
	const child = `process.on('SIGTERM', () => {}); ${note} ${BLOCK}`;
	const parent = `
		require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
		setTimeout(() => { ${child} }, 100);`;
	return ['-e', parent];
}

async function pids(): Promise<number[]> {
	if (!existsSync(pidFile)) return [];
	return (await readFile(pidFile, 'utf8')).trim().split('\n').map(Number);
}

async function untilGone(expected: number): Promise<void> {
	const ids = await pids();
	expect(ids).toHaveLength(expected);
	while (ids.some(isAlive)) await sleep(50);
}

function run(seconds: number, args: string[]): Promise<number> {
	return runWithin({
		step: 'Wait for nothing',
		seconds,
		command: process.execPath,
		args,
		onOutput: () => {},
	});
}

test('a step that ends in time returns its exit code and its output', async () => {
	let output = '';
	const code = await runWithin({
		step: 'Say something',
		seconds: 30,
		command: process.execPath,
		args: ['-e', 'console.log("hello"); process.exitCode = 3;'],
		onOutput: (text, stream) => {
			output += `${stream}: ${text}`;
		},
	});

	expect(code).toBe(3);
	expect(output).toBe('stdout: hello\n');
});

test('a step in an endless loop is named, and killed with what it started', async () => {
	// Both processes have to start in this time, on a busy machine too.
	const outcome = run(10, endless());

	await expect(outcome).rejects.toBeInstanceOf(Overrun);
	await expect(outcome).rejects.toThrow('Wait for nothing did not end within 10 s.');
	await untilGone(2);
});

test('processes that outlive their step are killed', async () => {
	const started = `
		const child = require('node:child_process').spawn(process.execPath,
			['-e', ${JSON.stringify(BLOCK)}], { stdio: 'ignore' });
		require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
		child.unref();`;

	expect(await run(30, ['-e', started])).toBe(0);

	await untilGone(1);
});

test('a step whose child left its group and keeps the output open ends in time', async () => {
	const leaver = `
		const child = require('node:child_process').spawn(process.execPath,
			['-e', 'setTimeout(() => {}, 20000)'], { detached: true, stdio: 'inherit' });
		require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
		child.unref();`;
	await expect(run(1, ['-e', leaver])).rejects.toThrow(Overrun);

	for (const pid of await pids()) process.kill(pid, 'SIGKILL');
});

const source = join(process.cwd(), 'tools', 'runWithin.mts');

/** Runs lines that use runWithin.mts in a separate process. */
function script(lines: string): ReturnType<typeof spawn> {
	const code = `
		import { runWithin, within } from ${JSON.stringify(source)};
		${lines}`;
	return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
}

async function outcome(
	child: ReturnType<typeof spawn>,
): Promise<{ errors: string; signal: unknown }> {
	let errors = '';
	child.stderr?.on('data', (chunk: Buffer) => {
		errors += chunk.toString();
	});
	const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
	return { errors, signal };
}

/** Runs a step that never ends. */
function running(step: string): string {
	const args = JSON.stringify(endless());
	return `const [command, args] = [process.execPath, ${args}];
		await runWithin({ step: '${step}', seconds: 60, command, args });`;
}

test('a step ends with the process that runs it, even if that is killed', async () => {
	const child = script(running('x'));
	while ((await pids()).length < 2) await sleep(50);

	child.kill('SIGKILL');

	await untilGone(2);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops a step and names it', async (signal) => {
	const child = script(running('Endless'));
	const ended = outcome(child);
	while ((await pids()).length < 2) await sleep(50);

	child.kill(signal);

	expect((await ended).errors).toContain(`Endless was stopped by ${signal}.`);
	await untilGone(2);
});

test('a step in this process that waits forever is named', async () => {
	const { errors } = await outcome(
		script(`
			await within('Wait', 1, () => new Promise(() => setInterval(() => {}, 1000)))
				.catch((error) => { console.error('caught', error.message); process.exit(); });`),
	);

	expect(errors).toBe('caught Wait did not end within 1 s.\n');
});

test('an endless loop in this process is named, and the process killed', async () => {
	const { errors, signal } = await outcome(
		script(`await within('Loop', 1, async () => { for (;;); });`),
	);

	expect(errors).toBe('Loop did not end within 1 s.\n');
	expect(signal).toBe('SIGKILL');
});

test('a step in this process that ends in time returns its value and releases it', async () => {
	const { errors, signal } = await outcome(
		script(`console.error(await within('Quick', 60, async () => 'done'));`),
	);

	expect({ errors, signal }).toEqual({ errors: 'done\n', signal: null });
});
