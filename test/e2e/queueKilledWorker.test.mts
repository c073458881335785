import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { Receiver } from '../../tools/n8n/receiver.mts';
import { waitFor } from '../../tools/n8n/wait.mts';
import { actedOn, durable, pay, polls, publishActing, TRIGGER_NAME } from './queue.mts';

/** Without them n8n notices a killed worker after some minutes. */
const soon = { QUEUE_WORKER_LOCK_DURATION: '5000', QUEUE_WORKER_STALLED_INTERVAL: '3000' };

let rig: Rig;
let receiver: Receiver;

beforeAll(async () => {
	rig = await startTestRig({ env: { ...durable, ...soon } });
	receiver = await Receiver.start();
});

afterAll(async () => {
	await receiver?.stop();
	await rig?.stop();
});

test('a worker that is killed while it acts: n8n forgets the events, and goes on', async () => {
	const agent = rig.sandbox.addAgent({ name: 'Buyer' });
	const workflow = await publishActing({ rig, receiver, agent });
	await polls(rig, agent, 1);
	receiver.hold();
	const eventIds = pay(rig, agent, 3);
	await actedOn(receiver, eventIds);
	const busy = await waitFor('a worker that acts', () =>
		rig.n8n.workers.find(({ unfinished }) => unfinished.length > 0),
	);
	const [id] = busy.unfinished;

	const killedAt = Date.now();
	await busy.kill();
	receiver.release();
	const ended = await waitFor(
		'n8n to see that the worker is gone',
		async () => (await rig.n8n.executions(workflow)).find((one) => one.id === id),
		240_000,
	);
	const seconds = Math.round((Date.now() - killedAt) / 1000);
	const left = eventIds.filter((eventId) => ended.stored.includes(eventId));
	process.stderr.write(
		`a killed worker: shown as ${ended.status} after ${seconds} s (n8n's times made shorter), ` +
			`${left.length} of ${eventIds.length} events left in n8n\n`,
	);

	// What docs/queue-mode.md says. If n8n keeps them one day, this says so.
	expect({ status: ended.status, message: ended.error?.message, left }).toEqual({
		status: 'error',
		message: expect.stringContaining('failed to be processed too many times'),
		left: [],
	});
	expect(ended.runs[TRIGGER_NAME]).toBeUndefined();
	const later = pay(rig, agent, 2);
	await actedOn(receiver, later);
	await polls(rig, agent, 3);
	expect(receiver.timesOf([...eventIds, ...later])).toEqual([1, 1, 1, 1, 1]);
}, 480_000);
