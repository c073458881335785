import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Agent } from '../../tools/emulator/index.mts';
import { startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import type { N8n } from '../../tools/n8n/n8n.mts';
import { Receiver } from '../../tools/n8n/receiver.mts';
import { acting, actedOn, durable, pay, polls, publishActing, TRIGGER_NAME } from './queue.mts';

/** Longer than the test. */
const NEVER_S = 3_600;

/** Publishes, and polls nothing. */
const publishes = { ...durable, N8N_SCHEDULER_EXECUTOR_INTERVAL: String(NEVER_S) };
/** Polls, and publishes nothing that the other main was told to publish. */
const pollsOnly = {
	...durable,
	N8N_WORKFLOW_PUBLICATION_OUTBOX_POLL_INTERVAL_MS: String(NEVER_S * 1000),
};

const settings = ['continue', 'repeat'] as const;

let rig: Rig;
let second: N8n;
const receivers: Receiver[] = [];
const agents: Agent[] = [];
const paid: string[][] = [];

beforeAll(async () => {
	rig = await startTestRig({ env: publishes });
	second = await rig.startSecondMain(pollsOnly);
	for (const afterRestart of settings) {
		receivers.push(await Receiver.start());
		agents.push(rig.sandbox.addAgent({ name: `Buyer, ${afterRestart}` }));
	}
}, 300_000);

afterAll(async () => {
	for (const receiver of receivers) await receiver.stop();
	await second?.stop();
	await rig?.stop();
});

const polledBy = (main: N8n) => main.main.log.includes('Enqueued execution');

function of(i: number) {
	return { agent: agents[i] as Agent, receiver: receivers[i] as Receiver };
}

async function payAndAct(i: number, count: number): Promise<void> {
	const { agent, receiver } = of(i);
	const eventIds = pay(rig, agent, count);
	(paid[i] ??= []).push(...eventIds);
	// Of polls that begin later, so what isn't acted on soon after them is lost.
	await polls(rig, agent, 3);
	await actedOn(receiver, eventIds, 15_000);
}

test.each(settings.map((setting, i) => ({ setting, i })))(
	'$setting: published through one main, polled by the other',
	async ({ setting, i }) => {
		await publishActing({ rig, ...of(i), options: { afterRestart: setting } });
		// Before the first poll: the other main has no memory of the publishing.
		await payAndAct(i, 3);
		expect(polledBy(rig.n8n)).toBe(false);
		expect(polledBy(second)).toBe(true);
	},
	300_000,
);

test('published again with another agent: what it is paid before a poll counts', async () => {
	const { n8n, sandbox } = rig;
	const receiver = await Receiver.start();
	receivers.push(receiver);
	const [agent, added] = ['First', 'Added'].map((name) => sandbox.addAgent({ name })) as [
		Agent,
		Agent,
	];
	const first = acting({ rig, receiver, agent, seconds: 30 });
	const workflow = await n8n.activate(await n8n.importWorkflow(first), 60_000);
	await polls(rig, agent, 2);
	const agents = [agent, added].map(({ address }) => address);
	const nodes = first.nodes.map(({ parameters, ...node }) => ({
		...node,
		parameters: node.name === TRIGGER_NAME ? { ...parameters, agents } : parameters,
	}));
	const isRead = polls(rig, added, 1);
	await n8n.activate(await n8n.saveWorkflow(workflow, { ...first, nodes }), 60_000);
	await isRead;
	const eventIds = pay(rig, added, 2);
	await actedOn(receiver, eventIds);
	await polls(rig, added, 1);
	expect(receiver.timesOf(eventIds)).toEqual([1, 1]);
}, 300_000);

test('both mains poll', async () => {
	await rig.restart({ N8N_SCHEDULER_EXECUTOR_INTERVAL: '1' });
	for (let round = 0; round < 4; round++) {
		await Promise.all([...settings.keys()].map((i) => payAndAct(i, 1)));
	}
	await Promise.all(agents.map((agent) => polls(rig, agent, 6)));
}, 400_000);

test.each(settings.map((setting, i) => ({ setting, i })))(
	'$setting: each payment was acted on once',
	({ i }) => {
		const eventIds = paid[i] ?? [];
		expect(eventIds).toHaveLength(7);
		expect(of(i).receiver.timesOf(eventIds)).toEqual(eventIds.map(() => 1));
	},
);
