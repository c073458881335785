import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { randomAddress } from '../emulator/index.mts';
import { ACTIONS, startTestBench, TRIGGER, type Bench } from './bench.mts';
import { byTestId, openEditor, startBrowser } from './browser.mts';
import { inARow, workflowNode } from './n8n.mts';
import { waitFor } from './wait.mts';

interface Property {
	name: string;
	options?: Array<{ value: string; action?: string }>;
	displayOptions?: { show?: { resource?: string[] } };
}

const SEARCH_MS = 15_000;

let bench: Bench;
let browser: Browser;
let page: Page;

beforeAll(async () => {
	bench = await startTestBench();
	browser = await startBrowser();
	page = await openEditor(browser, bench.n8n);
});

afterAll(async () => {
	await browser?.close();
	await bench?.stop();
});

async function openPanel(): Promise<void> {
	await page.goto(`${bench.n8n.url}/workflow/new`);
	await byTestId(page, 'node-creator-plus-button').click();
	await byTestId(page, 'node-creator-search-bar').waitFor();
}

/** What the panel lists. It's drawn bit by bit, so this waits until it stays the same. */
async function listed(): Promise<string[]> {
	let last: string[] = [];
	return await waitFor('the panel to be drawn', async () => {
		const before = last;
		last = await byTestId(page, 'node-creator-item-name').allInnerTexts();
		return last.length > 0 && last.join() === before.join() ? last : undefined;
	});
}

/**
 * What a search for the text lists. Nothing shows when the search ends, and the node can take a
 * while to appear, if it does.
 */
async function search(text: string): Promise<string[]> {
	const field = byTestId(page, 'node-creator-search-bar');
	const entry = byTestId(page, 'node-creator-item-name').filter({ hasText: 'Ampersend' }).first();
	const noResults = byTestId(page, 'node-creator-no-results');
	// The results of an earlier search disappear first.
	await field.fill('');
	await entry.or(noResults).waitFor({ state: 'hidden' });
	await field.fill(text);
	await entry
		.or(noResults)
		.waitFor({ timeout: SEARCH_MS })
		.catch(() => {});
	return (await noResults.isVisible()) ? [] : await listed();
}

/** The options of a property, or of all with this name; each of a resource once. */
async function options(type: string, property: string): Promise<Array<{ action?: string }>> {
	const types = await bench.n8n.nodeTypes();
	const properties = (types.find(({ name }) => name === type)?.properties ?? []) as Property[];
	const found = properties
		.filter(({ name }) => name === property)
		.flatMap(({ options: own = [], displayOptions }) =>
			own.map((option) => ({ of: displayOptions?.show?.resource?.[0], ...option })),
		);
	return [...new Map(found.map((option) => [`${option.of} ${option.value}`, option])).values()];
}

async function openNode(): Promise<void> {
	await search('ampersend');
	await byTestId(page, 'node-creator-item-name').click();
	await headings().nth(1).waitFor();
}

function headings(): Locator {
	return byTestId(page, 'node-creator-category-item');
}

test('finds one entry by name for both nodes, with all actions and triggers', async () => {
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

test('finds the node by what it is for', async () => {
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

const dropdown = (id: string) => byTestId(page, id).locator('input').first();

/** The entries of the dropdown that is open. */
const entries = () => page.locator('.el-select-dropdown:visible .el-select-dropdown__item');

test("opens an agent's own action in its session, and hides it from API keys", async () => {
	await bench.n8n.createCredential('Agent of the test', 'ampersendAgentApi', {
		environment: 'other',
		baseUrl: bench.sandbox.agentBaseUrl,
		agentAddress: randomAddress(),
		privateKey: 'not used',
	});
	await openPanel();
	await openNode();
	await headings().nth(1).click();
	await byTestId(page, 'node-creator-item-name')
		.filter({ hasText: 'Create hosted endpoint' })
		.click();
	await byTestId(page, 'parameter-input-operation').waitFor();
	expect(await dropdown('node-credentials-select').inputValue()).toBe('Agent of the test');
	expect(await dropdown('parameter-input-resource').inputValue()).toBe('Hosted Endpoint');
	expect(await dropdown('parameter-input-operation').inputValue()).toBe('Create');

	// n8n shows the choice of a credential in place of Authentication.
	await dropdown('node-credentials-select').click();
	await entries().filter({ hasText: 'Ampersend account' }).click();
	await page.getByText('Only an agent can do this.').waitFor();
	await dropdown('parameter-input-resource').click();
	await entries().filter({ hasText: 'Transaction' }).waitFor();
	expect(await entries().filter({ hasText: 'Hosted Endpoint' }).count()).toBe(0);
});

test('shows no button on a field that lets an AI model fill it', async () => {
	const parameters = { resource: 'agent', operation: 'create' };
	const workflow = await bench.n8n.importWorkflow(
		inARow('Fields', [workflowNode({ name: 'Make it', type: ACTIONS, parameters })]),
	);
	await page.goto(`${bench.n8n.url}/workflow/${workflow.id}`);
	await byTestId(page, 'canvas-node').dblclick();
	const field = byTestId(page, 'parameter-input-name');
	await field.waitFor();
	await field.hover();

	expect(await byTestId(page, 'from-ai-override-button').count()).toBe(0);
});
