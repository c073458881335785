import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { randomAddress } from '../../tools/emulator/index.mts';
import { ACTIONS, credentialNames, startTestRig, TRIGGER, type Rig } from '../../tools/n8n/rig.mts';
import { byTestId, openEditor, startBrowser } from '../../tools/n8n/browser.mts';
import { inARow, workflowNode } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

let rig: Rig;
let browser: Browser;
let page: Page;
let pictures: string;
let pictureCount = 0;

beforeAll(async () => {
	rig = await startTestRig();
	const buyer = rig.sandbox.addAgent({ name: 'Buyer', balanceMicro: 3_500_000n });
	rig.sandbox.addAgent({ name: 'Seller' });
	rig.sandbox.pay({ agent: buyer, type: 'spend', amountMicro: 1_250_000n, status: 'settled' });
	browser = await startBrowser();
	page = await openEditor(browser, rig.n8n);
	pictures = await mkdtemp(join(tmpdir(), 'ampersend-editor-'));
});

afterAll(async () => {
	await browser?.close();
	await rig?.stop();
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

async function enterKey(apiKey: string): Promise<void> {
	await byTestId(dialog(), 'parameter-input-field').first().fill(apiKey);
}

async function save(): Promise<void> {
	await byTestId(page, 'credential-save-button').click();
}

test('a new user makes a credential, picks an agent and reads it', async () => {
	await page.goto(`${rig.n8n.url}/workflow/new`);
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
		await enterKey('another prefix');
		await save();
		await dialog().getByText('More details').click();
		await dialog().getByText('A key starts with sk_live_ or sk_test_').waitFor();
	});
	await step('Enter the right key', async () => {
		await enterKey(rig.sandbox.apiKey);
		await dialog().getByText('This key is for the sandbox').waitFor();
	});
	await step('Save it', async () => {
		await save();
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
	const { address } = rig.sandbox.addAgent({
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
	const { id } = await rig.n8n.importWorkflow(inARow('Limits', [start, limits, next]));

	await step('Open the next node', async () => {
		await page.goto(`${rig.n8n.url}/workflow/${id}/${next.id}`);
		const input = byTestId(page, 'ndv-input-panel');
		await byTestId(input, 'schema-preview-warning').waitFor();
		await input.getByText('dailyLimitUsdc').first().waitFor();
	});
	await step('Run the node with a low balance', async () => {
		await page.goto(`${rig.n8n.url}/workflow/${id}/${limits.id}`);
		await byTestId(page, 'node-execute-button').click();
		await output().getByText('"Spender" has 1 USDC, less than its daily limit of 5 USDC').waitFor();
	});
});

describe('the node panel', () => {
	interface Property {
		name: string;
		options?: Array<{ value: string; action?: string }>;
		displayOptions?: { show?: { resource?: string[] } };
	}

	const SEARCH_MS = 15_000;

	async function openPanel(): Promise<void> {
		if (await byTestId(page, 'node-creator-search-bar').isVisible()) return;
		await page.goto(`${rig.n8n.url}/workflow/new`);
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
		const types = await rig.n8n.nodeTypes();
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
			'denied',
			'transaction',
			'budget',
			'accounting',
			'bookkeeping',
			'reconcile',
			'finance',
			'expense',
			'marketplace',
			'ampersand',
			'money',
		];
		await openPanel();

		const lists: Record<string, string[]> = {};
		for (const text of texts) lists[text] = await search(text);

		expect(lists).toEqual(
			Object.fromEntries(texts.map((text) => [text, expect.arrayContaining(['Ampersend'])])),
		);
	});

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

	const dropdown = (id: string) => byTestId(page, id).locator('input').first();

	/** The entries of the dropdown that is open. */
	const entries = () => page.locator('.el-select-dropdown:visible .el-select-dropdown__item');

	test("opens an agent's own action in its session, and hides it from API keys", async () => {
		await rig.n8n.createCredential('Agent of the test', 'ampersendAgentApi', {
			environment: 'other',
			baseUrl: rig.sandbox.agentBaseUrl,
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
		await entries().filter({ hasText: 'Ampersend account' }).first().click();
		await page.getByText('Only an agent can do this.').waitFor();
		await dropdown('parameter-input-resource').click();
		await entries().filter({ hasText: 'Transaction' }).waitFor();
		expect(await entries().filter({ hasText: 'Hosted Endpoint' }).count()).toBe(0);
	});

	test('shows no button on a field that lets an AI model fill it', async () => {
		const parameters = { resource: 'agent', operation: 'create' };
		const workflow = await rig.n8n.importWorkflow(
			inARow('Fields', [workflowNode({ name: 'Make it', type: ACTIONS, parameters })]),
		);
		await page.goto(`${rig.n8n.url}/workflow/${workflow.id}`);
		await byTestId(page, 'canvas-node').dblclick();
		const field = byTestId(page, 'parameter-input-name');
		await field.waitFor();
		await field.hover();

		expect(await byTestId(page, 'from-ai-override-button').count()).toBe(0);
	});
});
