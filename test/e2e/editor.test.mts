import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { ACTIONS, credentialNames, startTestBench, type Bench } from './bench.mts';
import { byTestId, openEditor, startBrowser } from './browser.mts';
import { inARow, workflowNode } from './n8n.mts';

let bench: Bench;
let browser: Browser;
let page: Page;
let pictures: string;
let pictureCount = 0;

beforeAll(async () => {
	bench = await startTestBench();
	const buyer = bench.sandbox.addAgent({ name: 'Buyer', balanceMicro: 3_500_000n });
	bench.sandbox.addAgent({ name: 'Seller' });
	bench.sandbox.pay({ agent: buyer, type: 'spend', amountMicro: 1_250_000n, status: 'settled' });
	browser = await startBrowser();
	page = await openEditor(browser, bench.n8n);
	pictures = await mkdtemp(join(tmpdir(), 'ampersend-editor-'));
});

afterAll(async () => {
	await browser?.close();
	await bench?.stop();
	console.log(`Screenshots of the editor: ${pictures}`);
});

afterEach(async () => {
	await picture('end');
});

/** For people to look at. */
async function picture(name: string): Promise<void> {
	pictureCount++;
	const file = `${String(pictureCount).padStart(2, '0')}-${name}.png`;
	await page.screenshot({ path: join(pictures, file) });
}

/** Names the step that didn't work, and takes a picture of what was there instead. */
async function step(name: string, action: () => Promise<void>): Promise<void> {
	try {
		await action();
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new Error(`${name}: ${reason}`, { cause: error });
	} finally {
		await picture(name.toLowerCase().replaceAll(/\W+/g, '-'));
	}
}

/** Adds a node from the panel: searches the entry, then opens one of its lists. */
async function addNode(list: 'Triggers' | 'Actions', name: string): Promise<void> {
	await byTestId(page, 'node-creator-plus-button').click();
	await byTestId(page, 'node-creator-search-bar').fill('ampersend');
	await byTestId(page, 'node-creator-item-name').filter({ hasText: 'Ampersend' }).first().click();
	const heading = byTestId(page, 'node-creator-category-item').filter({ hasText: list });
	await heading.waitFor();
	const item = byTestId(page, 'node-creator-item-name').filter({ hasText: name }).first();
	if (!(await item.isVisible())) await heading.click();
	await item.click();
}

const output = () => byTestId(page, 'output-panel');
const dialog = () => byTestId(page, 'credential-edit-dialog');

async function saveKey(apiKey: string): Promise<void> {
	await byTestId(dialog(), 'parameter-input-field').first().fill(apiKey);
	await byTestId(page, 'credential-save-button').click();
}

test('a new user makes a credential, picks an agent and reads it', async () => {
	await page.goto(`${bench.n8n.url}/workflow/new`);
	await step('Add the trigger', async () => {
		await addNode('Triggers', 'payment settled');
		await byTestId(page, 'ndv').waitFor();
	});
	await step('Close the trigger', async () => {
		await byTestId(page, 'ndv-close-button').click();
	});
	await step('Add the node', async () => {
		await addNode('Actions', 'Get agent');
		await byTestId(page, 'parameter-input-operation').waitFor();
	});
	await step('Open a new credential', async () => {
		await byTestId(page, 'node-credentials-select').click();
		await byTestId(page, 'node-credentials-select-item-new').click();
		await dialog().waitFor();
	});
	await step('Save a key with a wrong prefix', async () => {
		await saveKey('another prefix');
		await dialog().getByText('More details').click();
		await dialog().getByText('A key starts with sk_live_ or sk_test_').waitFor();
	});
	await step('Save the right key', async () => {
		await saveKey(bench.sandbox.apiKey);
		// n8n closes the dialog once the test has passed.
		await dialog().waitFor({ state: 'hidden' });
	});
	await step('Open the credential again', async () => {
		await byTestId(page, 'credential-edit-button').first().click();
		await byTestId(page, 'credentials-config-container-test-success').waitFor();
	});
	await step('Close the credential', async () => {
		await page.getByRole('button', { name: 'Close this dialog' }).click();
		await dialog().waitFor({ state: 'hidden' });
	});
	await step('Pick an agent', async () => {
		await byTestId(page, 'rlc-input').click();
		const agents = byTestId(page, 'rlc-item');
		await agents.filter({ hasText: 'Seller' }).waitFor();
		await byTestId(page, 'rlc-search').fill('buy');
		await agents.filter({ hasText: 'Seller' }).waitFor({ state: 'hidden' });
		await agents.filter({ hasText: 'Buyer' }).click();
	});
	await step('Run the node', async () => {
		await byTestId(page, 'node-execute-button').click();
		await output().locator('td').filter({ hasText: 'Buyer' }).waitFor();
	});
	const headings = await output().locator('th').allInnerTexts();
	const cells = await output().locator('td').allInnerTexts();
	// n8n's last column is empty.
	expect(headings.filter((text) => text !== '')).toEqual([
		'name',
		'balanceUsdc',
		'createdAt',
		'updatedAt',
		'address',
	]);
	expect(cells.slice(0, 2)).toEqual(['Buyer', '3.5']);
});

test('what an operation returns is seen before it runs, and a hint after it', async () => {
	const { address } = bench.sandbox.addAgent({
		name: 'Spender',
		balanceMicro: 1_000_000n,
		spendConfig: { auto_topup_allowed: false, daily_limit: '5000000' },
	});
	const limits = workflowNode({
		name: 'Limits',
		type: ACTIONS,
		parameters: {
			resource: 'spendingLimit',
			operation: 'get',
			agent: { __rl: true, mode: 'address', value: address },
		},
		credentials: { ampersendApi: { id: null, name: credentialNames.ampersend } },
	});
	const start = workflowNode({
		name: 'Start',
		type: 'n8n-nodes-base.manualTrigger',
		parameters: {},
	});
	const next = workflowNode({ name: 'Next', type: 'n8n-nodes-base.set', parameters: {} });
	const { id } = await bench.n8n.importWorkflow(inARow('Limits', [start, limits, next]));

	await step('Open the next node', async () => {
		await page.goto(`${bench.n8n.url}/workflow/${id}/${next.id}`);
		const input = byTestId(page, 'ndv-input-panel');
		await byTestId(input, 'schema-preview-warning').waitFor();
		await input.getByText('dailyLimitUsdc').first().waitFor();
	});
	await step('Run the node with a low balance', async () => {
		await page.goto(`${bench.n8n.url}/workflow/${id}/${limits.id}`);
		await byTestId(page, 'node-execute-button').click();
		await output().getByText('"Spender" has 1 USDC, less than its daily limit of 5 USDC').waitFor();
	});
});
