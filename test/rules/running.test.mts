import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it, test } from '@jest/globals';

import { leftOutLines, reasonToLeaveOut, RUNS, runningN8n } from '../../tools/n8n/running.mts';

const root = resolve(__dirname, '../..');
const folder = join(root, 'test', 'e2e');
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mts'));

const set = {
	AMPERSEND_N8N_URL: 'http://localhost:5678/',
	AMPERSEND_N8N_EMAIL: 'owner@example.com',
	AMPERSEND_N8N_PASSWORD: 'a password',
};

/** What Jest would run. */
async function chosen(env: object): Promise<string[]> {
	const args = ['node_modules/jest/bin/jest.js', '-c', 'test/e2e/jest.config.mjs', '--listTests'];
	const { stdout } = await promisify(execFile)(process.execPath, args, {
		cwd: root,
		env: { PATH: process.env.PATH, ...env },
	});
	return stdout
		.trim()
		.split('\n')
		.map((file) => basename(file))
		.sort();
}

describe('In an n8n that already runs', () => {
	it('one file runs, and there is a reason for each of the others', async () => {
		expect(files.filter((file) => reasonToLeaveOut(file) === undefined)).toEqual([RUNS]);
		expect(await chosen(set)).toEqual([RUNS]);
	});

	it('each reason is printed', () => {
		expect(leftOutLines()).toHaveLength(files.length - 1);
		expect(leftOutLines()).toContain('left out  payingKills.test.mts: it kills and restarts n8n');
	});

	it('no file that runs starts, kills or looks into n8n', () => {
		const source = readFileSync(join(folder, RUNS), 'utf8');
		expect(source).not.toMatch(/\.(kill|restart|log|pid|proxy|filesHolding)\b/);
		// Only without one that runs.
		expect(source.match(/startTestRig\(/g)).toHaveLength(1);
		expect(source).toContain('if (running === undefined) rig = await startTestRig();');
	});
});

it('in an n8n of our own, all but those of queue mode run', async () => {
	expect(await chosen({})).toEqual(files.filter((name) => !name.startsWith('queue')).sort());
});

describe('The n8n that the environment names', () => {
	test.each([{}, { ...set, AMPERSEND_N8N_URL: '' }])('is none without a URL: %j', (env) => {
		expect(runningN8n(env)).toBeUndefined();
	});

	it('has its URL without the slash, and its login', () => {
		expect(runningN8n(set)).toEqual({
			url: 'http://localhost:5678',
			login: { email: 'owner@example.com', password: 'a password' },
		});
	});

	test.each(['AMPERSEND_N8N_EMAIL', 'AMPERSEND_N8N_PASSWORD'])('needs %s', (name) => {
		expect(() => runningN8n({ ...set, [name]: '' })).toThrow(name);
	});

	test.each(['localhost:5678', 'http://', 'ftp://localhost'])('is no %s', (url) => {
		expect(() => runningN8n({ ...set, AMPERSEND_N8N_URL: url })).toThrow(`is no URL: ${url}`);
	});
});
