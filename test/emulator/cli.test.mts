import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

// Jest runs in the repository's root.
const cli = join(process.cwd(), 'tools/emulator/cli.mts');

describe('cli', () => {
	it('serves what it prints, streams payments and ends cleanly on SIGTERM', async () => {
		const child = spawn(process.execPath, ['--import', 'tsx', cli, '--every', '0.05'], {
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
		const lines: string[] = [];
		for await (const line of createInterface(child.stdout)) {
			lines.push(line);
			if (/ USDC {2}/.test(line)) break;
		}
		const [baseUrl = '', apiKey = ''] = [/^Base URL +(\S+)/, /^API key +(\S+)/].map((pattern) =>
			lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined),
		);
		const response = await fetch(`${baseUrl}/agents`, {
			headers: { authorization: `Bearer ${apiKey}` },
		});
		expect(response.status).toBe(200);
		expect(await response.json()).toMatchObject({ total: 4 });
		expect(lines).toContainEqual(
			expect.stringContaining(`curl ${baseUrl}/agents -H 'Authorization: Bearer ${apiKey}'`),
		);
		child.kill('SIGTERM');
		expect(await ended).toBe(0);
	});
});
