import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { ACTIONS, startTestBench, TRIGGER, type Bench } from './bench.mts';
import { startBrowser } from './browser.mts';
import { inARow, workflowNode } from './n8n.mts';
import { waitFor } from './wait.mts';

interface Property {
	name: string;
	options?: Array<{ action?: string; displayName?: string }>;
}

const SEARCH_MS = 15_000;

let bench: Bench;
let browser: Browser;
let page: Page;

beforeAll(async () => {
	bench = await startTestBench();
	browser = await startBrowser();
	page = await browser.newPage({ viewport: { width: 1400, height: 1200 } });
	page.setDefaultTimeout(30_000);
	// The editor asks the npm registry for each community package.
	await page.route(
		({ origin }) => origin !== bench.n8n.url,
		async (route) => await route.abort(),
	);
	const { email, password } = bench.n8n.login;
	await page.goto(`${bench.n8n.url}/signin`);
	await page.locator('input[type=email]').fill(email);
	await page.locator('input[type=password]').fill(password);
	await page.keyboard.press('Enter');
	await page.waitForURL(({ pathname }) => pathname !== '/signin');
});

afterAll(async () => {
	await browser?.close();
	await bench?.stop();
});

function byTestId(id: string, within: Page | Locator = page): Locator {
	return within.locator(`[data-test-id="${id}"]`);
}

async function openPanel(): Promise<void> {
	await page.goto(`${bench.n8n.url}/workflow/new`);
	await byTestId('node-creator-plus-button').click();
	await byTestId('node-creator-search-bar').waitFor();
}

/** What the panel lists now. It is drawn bit by bit: once it has stayed the same for a while. */
async function listed(): Promise<string[]> {
	let last: string[] = [];
	return await waitFor('the panel to be drawn', async () => {
		const before = last;
		last = await byTestId('node-creator-item-name').allInnerTexts();
		return last.length > 0 && last.join() === before.join() ? last : undefined;
	});
}

/**
 * What a search for the text lists. Nothing says when it is over: the node may take a while to be
 * listed, if it is.
 */
async function search(text: string): Promise<string[]> {
	const field = byTestId('node-creator-search-bar');
	const entry = byTestId('node-creator-item-name').filter({ hasText: 'Ampersend' }).first();
	const noResults = byTestId('node-creator-no-results');
	// What an earlier search listed goes first.
	await field.fill('');
	await entry.or(noResults).waitFor({ state: 'hidden' });
	await field.fill(text);
	await entry
		.or(noResults)
		.waitFor({ timeout: SEARCH_MS })
		.catch(() => {});
	return (await noResults.isVisible()) ? [] : await listed();
}

async function options(type: string, property: string): Promise<Array<{ action?: string }>> {
	const types = await bench.n8n.nodeTypes();
	const properties = (types.find(({ name }) => name === type)?.properties ?? []) as Property[];
	return properties.filter(({ name }) => name === property).flatMap((each) => each.options ?? []);
}

async function openNode(): Promise<void> {
	await search('ampersend');
	await byTestId('node-creator-item-name').click();
	await headings().nth(1).waitFor();
}

function headings(): Locator {
	return byTestId('node-creator-category-item');
}

test('searched by its name, the panel has one entry for the node and its trigger, with all that they do', async () => {
	const operations = await options(ACTIONS, 'operation');
	const events = await options(TRIGGER, 'events');
	await openPanel();

	expect(await search('ampersend')).toEqual(['Ampersend']);

	await openNode();
	expect(await headings().allInnerTexts()).toEqual([
		`Triggers (${events.length})`,
		`Actions (${operations.length})`,
	]);
	await headings().nth(1).click();
	const actions = (await listed()).slice(events.length);
	expect(actions.toSorted()).toEqual(operations.map(({ action }) => action).toSorted());
});

test('who searches for what the node is for finds it', async () => {
	const texts = [
		'x402',
		'usdc',
		'wallet',
		'crypto',
		'agent wallet',
		'payment',
		'stablecoin',
		'spending limit',
	];
	await openPanel();

	const lists: Record<string, string[]> = {};
	for (const text of texts) lists[text] = await search(text);

	expect(lists).toEqual(
		Object.fromEntries(texts.map((text) => [text, expect.arrayContaining(['Ampersend'])])),
	);
});

test('a field of an action has no button that leaves it to an AI model', async () => {
	const parameters = { resource: 'agent', operation: 'create' };
	const workflow = await bench.n8n.importWorkflow(
		inARow('Fields', [workflowNode({ name: 'Make it', type: ACTIONS, parameters })]),
	);
	await page.goto(`${bench.n8n.url}/workflow/${workflow.id}`);
	await byTestId('canvas-node').dblclick();
	const field = byTestId('parameter-input-name');
	await field.waitFor();
	await field.hover();

	expect(await byTestId('from-ai-override-button').count()).toBe(0);
});
