import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import type { N8n } from './n8n.mts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Where installers put it without adding a command. */
const PLACES: Partial<Record<NodeJS.Platform, string[]>> = {
	darwin: [
		'/Applications/Chromium.app/Contents/MacOS/Chromium',
		'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
	],
	win32: [
		'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
		'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
	],
};

function isFile(path: string): boolean {
	return existsSync(path) && statSync(path).isFile();
}

/** The tests use the machine's own browser: npm has none, and none is downloaded. */
export function findChromium(
	env: NodeJS.ProcessEnv = process.env,
	platform: NodeJS.Platform = process.platform,
): string {
	const given = env.AMPERSEND_CHROMIUM;
	if (given) {
		if (isFile(given)) return given;
		throw new Error(`AMPERSEND_CHROMIUM isn't a file: ${given}`);
	}
	const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
	const commands = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
	const found = [...commands, ...(PLACES[platform] ?? [])].find(isFile);
	if (found !== undefined) return found;
	throw new Error(
		'The end-to-end tests look at the node panel in Chromium or Chrome, and there is none. ' +
			'Install one (Debian: apt-get install chromium), or name its file in AMPERSEND_CHROMIUM.',
	);
}

const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-sync',
	'--disable-component-update',
	'--disable-quic',
];

/** A browser with its own profile, which it removes. */
export async function startBrowser(): Promise<Browser> {
	return await chromium.launch({ executablePath: findChromium(), headless: true, args: FLAGS });
}

/** A page of n8n's editor, logged in, that reaches nothing but n8n. */
export async function openEditor(browser: Browser, { url, login }: N8n): Promise<Page> {
	const page = await browser.newPage({ viewport: { width: 1400, height: 1200 } });
	page.setDefaultTimeout(30_000);
	// The editor looks up each community package in the npm registry.
	await page.route(
		({ origin }) => origin !== url,
		async (route) => await route.abort(),
	);
	await page.goto(`${url}/signin`);
	await page.locator('input[type=email]').fill(login.email);
	await page.locator('input[type=password]').fill(login.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(({ pathname }) => pathname !== '/signin');
	return page;
}

/** What n8n marks for its own tests. */
export function byTestId(within: Page | Locator, id: string): Locator {
	return within.locator(`[data-test-id="${id}"]`);
}
