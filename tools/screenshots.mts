import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { seedDemoAgents } from './emulator/demo.mts';
import { within } from './runWithin.mts';
import { ACTIONS, Rig, credentialNames, TRIGGER } from './n8n/rig.mts';
import { byTestId, openEditor, startBrowser } from './n8n/browser.mts';
import { installN8n, packPackage, rootDir } from './n8n/install.mts';
import { inARow, workflowNode } from './n8n/n8n.mts';

/** Takes the pictures of the README in a real n8n: `npm run screenshots`. */

const SECONDS = 400;
/** Of a node's panel, and of a short workflow. */
const PANEL = { width: 1600, height: 800 };
const CANVAS = { width: 960, height: 480 };
/** Notices and tips that would cover what the picture shows. */
const COVERS = '.el-notification, [role="tooltip"], [data-reka-popper-content-wrapper]';

const images = join(rootDir, 'docs', 'images');

const paymentsToSlack = inARow('Payments to Slack', [
	workflowNode({ name: 'Ampersend Trigger', type: TRIGGER, parameters: {} }),
	workflowNode({
		name: 'Send a message',
		type: 'n8n-nodes-base.slack',
		typeVersion: 2.3,
		parameters: {
			select: 'channel',
			channelId: { __rl: true, mode: 'name', value: '#payments' },
			text: '={{ $json.agentName }}: {{ $json.event }}, {{ $json.amountUsdc }} USDC',
		},
		credentials: { slackApi: { id: null, name: credentialNames.slack } },
	}),
]);

const listTransactions = inARow('Transactions', [
	workflowNode({ name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {} }),
	workflowNode({
		name: 'Get many transactions',
		type: ACTIONS,
		parameters: {
			resource: 'transaction',
			operation: 'getMany',
			returnAll: true,
			filters: { direction: 'spend' },
		},
	}),
]);

async function takeAll(rig: Rig, page: Page): Promise<void> {
	const take = async (name: string) => {
		await page.addStyleTag({ content: `${COVERS} { display: none !important; }` });
		await page.screenshot({ path: join(images, `${name}.png`), animations: 'disabled' });
		console.log(`docs/images/${name}.png`);
	};
	const open = async (id: string, node?: string) => {
		await page.goto(`${rig.n8n.url}/workflow/${id}`);
		await byTestId(page, 'canvas-node').first().waitFor();
		if (node === undefined) return;
		await byTestId(page, 'canvas-node').filter({ hasText: node }).dblclick();
		await byTestId(page, 'ndv').waitFor();
	};
	const run = async () => {
		await byTestId(page, 'node-execute-button').click();
		await byTestId(page, 'ndv-data-container').locator('td').first().waitFor();
	};

	const payments = await rig.n8n.importWorkflow(paymentsToSlack);
	await open(payments.id, 'Ampersend Trigger');
	await run();
	await take('trigger');
	await page.setViewportSize(CANVAS);
	const denied = await rig.importExample('denied-payment-to-slack.json');
	await open(denied.id);
	await byTestId(page, 'execute-workflow-button').click();
	await byTestId(page, 'canvas-node-status-success').nth(1).waitFor();
	await byTestId(page, 'zoom-to-fit').click();
	await take('workflow');

	await page.setViewportSize(PANEL);
	const transactions = await rig.n8n.importWorkflow(listTransactions);
	await open(transactions.id, 'Get many transactions');
	await run();
	await take('node');

	await page.goto(`${rig.n8n.url}/home/credentials`);
	await page.getByText(credentialNames.ampersend).first().click();
	await byTestId(page, 'credential-edit-dialog').waitFor();
	await byTestId(page, 'credentials-config-container-test-success').waitFor();
	await take('credential');
}

async function screenshots(folder: string): Promise<void> {
	const runtime = await installN8n(console.log);
	const tarball = await packPackage(folder, console.log);
	const rig = await Rig.start({ runtime, tarball, log: console.log });
	const browser = await startBrowser();
	try {
		seedDemoAgents(rig.sandbox);
		const page = await openEditor(browser, rig.n8n);
		await page.setViewportSize(PANEL);
		await mkdir(images, { recursive: true });
		await takeAll(rig, page);
	} finally {
		await browser.close();
		await rig.stop();
	}
}

async function main(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-screenshots-'));
	try {
		await within('The screenshots', SECONDS, async () => await screenshots(folder));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
});
