import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findChromium } from '../../tools/n8n/browser.mts';

let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'ampersend-browser-'));
});

afterEach(async () => {
	await rm(folder, { recursive: true, force: true });
});

test('the browser is found on the PATH by the names that systems use', async () => {
	await mkdir(join(folder, 'chromium'));
	const other = join(folder, 'other');
	await mkdir(other);
	await writeFile(join(other, 'google-chrome'), '');

	const found = findChromium({ PATH: [folder, other].join(delimiter) }, 'linux');

	expect(found).toBe(join(other, 'google-chrome'));
});

test('AMPERSEND_CHROMIUM comes before the PATH, and a wrong one is rejected', async () => {
	const mine = join(folder, 'mine');
	await writeFile(mine, '');
	await writeFile(join(folder, 'chromium'), '');

	expect(findChromium({ PATH: folder, AMPERSEND_CHROMIUM: mine })).toBe(mine);
	const wrong = { PATH: folder, AMPERSEND_CHROMIUM: `${mine}s` };
	expect(() => findChromium(wrong)).toThrow(`AMPERSEND_CHROMIUM isn't a file: ${mine}s`);
});

test('without a browser, the message says what to install', () => {
	expect(() => findChromium({ PATH: folder }, 'linux')).toThrow(
		/apt-get install chromium.*AMPERSEND_CHROMIUM/,
	);
});
