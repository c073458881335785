import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { Receiver } from '../../tools/n8n/receiver.mts';
import { actedOn, durable, pay, polls, publishActing } from './queue.mts';

const HANG_MS = 40_000;

let rig: Rig;
let receiver: Receiver;

beforeAll(async () => {
	rig = await startTestRig({ env: durable });
	receiver = await Receiver.start();
});

afterAll(async () => {
	await receiver?.stop();
	await rig?.stop();
});

test('durable: what comes while the database takes no state is acted on once', async () => {
	const agent = rig.sandbox.addAgent({ name: 'Buyer' });
	await publishActing({ rig, receiver, agent });
	await polls(rig, agent, 1);
	const first = pay(rig, agent, 1);
	await actedOn(receiver, first);

	const during = await rig.n8n.cluster?.withClient(async (client) => {
		await client.query('BEGIN');
		// Reads go on, as in a database that runs out of disk or hangs in a vacuum.
		await client.query('LOCK TABLE poller_state IN EXCLUSIVE MODE');
		const eventIds = pay(rig, agent, 3);
		await sleep(HANG_MS);
		await client.query('COMMIT');
		return eventIds;
	});
	const eventIds = [...first, ...(during ?? []), ...pay(rig, agent, 1)];
	await actedOn(receiver, eventIds, 150_000);
	// Polls that hung, and what they committed late.
	await polls(rig, agent, 6);

	expect(eventIds).toHaveLength(5);
	expect(receiver.timesOf(eventIds)).toEqual(eventIds.map(() => 1));
}, 480_000);
