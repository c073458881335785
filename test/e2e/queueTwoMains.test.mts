import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Agent } from '../../tools/emulator/index.mts';
import { startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import type { N8n } from '../../tools/n8n/n8n.mts';
import { Receiver } from '../../tools/n8n/receiver.mts';
import { actedOn, durable, pay, polls, publishActing } from './queue.mts';

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
