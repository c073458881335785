import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ACTIONS, credentialNames, startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { inARow, outputOf, workflowNode } from '../../tools/n8n/n8n.mts';
import type { N8nProcess } from '../../tools/n8n/process.mts';
import { expectSuccess } from './examples.mts';

const ROWS = 100_000;

let rig: Rig;

beforeAll(async () => {
	rig = await startTestRig();
});

afterAll(async () => {
	await rig?.stop();
});

/** The most memory that a process has used, in MB. */
function peakOf({ pid }: N8nProcess): number {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

test('a worker exports 100 000 rows, and the main has the file', async () => {
	const agent = rig.sandbox.addAgent({ name: 'Buyer' });
	rig.sandbox.seedActivity(agent, ROWS);
	const start = workflowNode({
		name: 'Start',
		type: 'n8n-nodes-base.manualTrigger',
		parameters: {},
	});
	const node = workflowNode({
		name: 'Export',
		type: ACTIONS,
		parameters: { resource: 'transaction', operation: 'export', agentScope: 'all' },
		credentials: { ampersendApi: { id: null, name: credentialNames.ampersend } },
	});
	const workflow = await rig.n8n.importWorkflow(inARow('Export', [start, node]));
	const before = rig.n8n.workers.map(peakOf);

	const execution = await rig.n8n.run(workflow, start.name, 300_000);

	expectSuccess(execution);
	const after = rig.n8n.workers.map(peakOf);
	process.stderr.write(
		`export of ${ROWS} rows: peak of each worker ${after.join(' and ')} MB, ` +
			`${before.join(' and ')} MB before\n`,
	);
	const output = outputOf(execution, node.name)[0];
	expect(output?.json).toMatchObject({ rows: ROWS });
	const binary = output?.binary?.data;
	expect(binary?.id).toMatch(/^database:/);
	if (binary === undefined) throw new Error('There is no file.');
	const lines = (await rig.n8n.file(binary)).toString('utf8').trimEnd().split('\r\n');
	expect(new Set(lines).size).toBe(ROWS + 1);
}, 480_000);
