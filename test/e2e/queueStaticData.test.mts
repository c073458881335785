import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { workflowNode } from '../../tools/n8n/n8n.mts';
import { Receiver } from '../../tools/n8n/receiver.mts';
import { waitFor } from '../../tools/n8n/wait.mts';
import { actedOn, pay, polls, publishActing } from './queue.mts';

let rig: Rig;
let receiver: Receiver;

beforeAll(async () => {
	rig = await startTestRig();
	receiver = await Receiver.start();
});

afterAll(async () => {
	await receiver?.stop();
	await rig?.stop();
});

const counter = workflowNode({
	name: 'Counter',
	type: 'n8n-nodes-base.code',
	typeVersion: 2,
	parameters: {
		jsCode:
			"const data = $getWorkflowStaticData('global');\n" +
			'data.runs = (data.runs ?? 0) + 1;\nreturn $input.all();',
	},
});

test('default scheduler: static data of a Code node costs no payment at a restart', async () => {
	const agent = rig.sandbox.addAgent({ name: 'Buyer' });
	const workflow = await publishActing({ rig, receiver, agent, between: [counter] });
	await polls(rig, agent, 1);
	const before = pay(rig, agent, 2);
	await actedOn(receiver, before);
	// n8n saves the static data when the execution ends, over the trigger's.
	await waitFor('the counter to be saved', async () => {
		const sql = 'SELECT "staticData"::text AS text FROM workflow_entity WHERE id = $1';
		const rows = await rig.n8n.cluster?.query<{ text: string | null }>(sql, [workflow.id]);
		return rows?.[0]?.text?.includes('runs') || undefined;
	});

	await rig.n8n.stop();
	const during = pay(rig, agent, 2);
	await rig.restart();
	await polls(rig, agent, 2);
	const after = pay(rig, agent, 2);
	await actedOn(receiver, after);
	await polls(rig, agent, 3);

	const timesOf = {
		before: receiver.timesOf(before),
		during: receiver.timesOf(during),
		after: receiver.timesOf(after),
	};
	process.stderr.write(`static data and a restart: acted on ${JSON.stringify(timesOf)}\n`);
	// What n8n has wiped can come again, but is never lost.
	const lost = Object.values(timesOf)
		.flat()
		.filter((times) => times === 0);
	expect({ ...timesOf, lost }).toEqual({ ...timesOf, after: [1, 1], lost: [] });
}, 400_000);
