import { describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import type { TriggerUnderTest } from '../nodes/n8nCore.mts';
import { expectEach, itemsOf, pollUntilQuiet } from './list.mts';
import {
	ACTIVITY,
	chosen,
	DAY,
	idsOf,
	MINUTE,
	poll,
	rowNumbers,
	SECOND,
	t0,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, open, pay, seed } = service;

const repeat: IDataObject = { afterRestart: 'repeat' };
const withOptions = (options: IDataObject): INodeParameters =>
	({ options: { ...repeat, ...options } }) as INodeParameters;

interface Stored {
	lastBatch?: { process: string };
}

let runs = 0;

/** n8n is killed and starts again: another process, with the state that was stored. */
function killed(trigger: TriggerUnderTest, parameters: INodeParameters = withOptions({})) {
	const state = JSON.parse(JSON.stringify(trigger.state)) as { cursor?: Stored };
	if (state.cursor?.lastBatch) state.cursor.lastBatch.process = `an earlier process ${runs++}`;
	return open(parameters, { state: state as unknown as IDataObject });
}

/** Makes time pass on n8n's clock. */
function wait(ms: number): void {
	const from = Date.now() + ms - performance.now();
	jest.spyOn(Date, 'now').mockImplementation(() => Math.round(from + performance.now()));
}

const eventIds = (items: IDataObject[] | null) => (items ?? []).map(({ eventId }) => eventId);

/** A trigger that has emitted one payment since it was published. */
async function withOneEmitted(parameters: INodeParameters): Promise<TriggerUnderTest> {
	seed(60);
	const trigger = await activated(parameters);
	pay('a', t0 + MINUTE);
	expect(await poll(trigger)).toEqual(['a:settled']);
	return trigger;
}

/** What passes Remove Duplicates on `eventId`. */
class RemoveDuplicates {
	private readonly seen = new Set<unknown>();
	readonly through: IDataObject[] = [];

	take(items: IDataObject[] | null): void {
		for (const item of items ?? []) {
			if (!this.seen.has(item.eventId)) this.through.push(item);
			this.seen.add(item.eventId);
		}
	}
}

describe('after a restart, Repeat Last Batch', () => {
	async function emitted(parameters: INodeParameters = withOptions({})) {
		seed(60);
		const trigger = await activated(parameters);
		pay('a', t0 + MINUTE);
		pay('b', t0 + 2 * MINUTE);
		const batch = await trigger.poll();
		expect(idsOf(batch)).toEqual(['a:settled', 'b:settled']);
		return { trigger, batch };
	}

	async function withOneFilteredOut() {
		seed(60);
		const trigger = await activated({ ...withOptions({}), events: ['payment.settled'] });
		pay('a', t0 + MINUTE);
		pay('no', t0 + 2 * MINUTE, { status: 'denied' });
		expect(await poll(trigger)).toEqual(['a:settled']);
		return trigger;
	}

	it('repeats the last batch, once, with the same ids', async () => {
		const { trigger, batch } = await emitted();
		const again = killed(trigger);
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
		expect(await poll(again)).toBeNull();
	});

	it('repeats it after each restart', async () => {
		const { trigger, batch } = await emitted();
		let again = trigger;
		for (let i = 0; i < 3; i++) {
			again = killed(again);
			expect(eventIds(await again.poll())).toEqual(eventIds(batch));
			expect(await poll(again)).toBeNull();
		}
	});

	it('repeats none if n8n has not stopped', async () => {
		const { trigger } = await emitted();
		expect(await poll(trigger)).toBeNull();
		expect(await trigger.poll('trigger', 'update')).toBeNull();
		const sameProcess = service.restarted(trigger, withOptions({}));
		expect(await poll(sameProcess)).toBeNull();
	});

	it('repeats the last of several batches, and none before it', async () => {
		const { trigger } = await emitted();
		wait(MINUTE);
		pay('c', t0 + 3 * MINUTE);
		expect(await poll(trigger)).toEqual(['c:settled']);
		const again = killed(trigger);
		expect(await poll(again)).toEqual(['c:settled']);
		expect(await poll(again)).toBeNull();
	});

	it('repeats two batches that came within a minute together, once', async () => {
		const { trigger } = await emitted();
		wait(MINUTE - 5 * SECOND);
		pay('c', t0 + 3 * MINUTE);
		expect(await poll(trigger)).toEqual(['c:settled']);
		wait(60 * MINUTE);
		const again = killed(trigger);
		expect(await poll(again)).toEqual(['a:settled', 'b:settled', 'c:settled']);
		expect(await poll(again)).toBeNull();
	});

	it('repeats two batches of two agents together', async () => {
		const seller = service.addAgent('seller');
		const { trigger } = await emitted();
		pay('s', t0 + 3 * MINUTE, { agent: seller });
		expect(await poll(trigger)).toEqual(['s:settled']);
		const again = killed(trigger);
		expect(await poll(again)).toEqual(['a:settled', 'b:settled', 's:settled']);
		expect(await poll(again)).toBeNull();
	});

	it('repeats the batch with which n8n starts with the first one by its clock', async () => {
		const { trigger } = await emitted();
		wait(50 * SECOND);
		const starting = killed(trigger);
		expect(await poll(starting)).toEqual(['a:settled', 'b:settled']);
		wait(20 * SECOND);
		pay('c', t0 + 3 * MINUTE);
		expect(await poll(starting)).toEqual(['c:settled']);
		expect(await poll(killed(starting))).toEqual(['a:settled', 'b:settled', 'c:settled']);
	});

	it.each([1, 5])('repeats it after %s quiet polls too', async (quiet) => {
		const { trigger, batch } = await emitted();
		for (let i = 0; i < quiet; i++) {
			wait(5 * MINUTE);
			expect(await poll(trigger)).toBeNull();
		}
		const again = killed(trigger);
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
	});

	it('repeats nothing if there was no batch', async () => {
		seed(60);
		const trigger = await activated(withOptions({}));
		expect(await poll(trigger)).toBeNull();
		expect(await poll(killed(trigger))).toBeNull();
	});

	it('emits payments from the meantime with it, in order', async () => {
		const { trigger } = await emitted();
		pay('late', t0 + MINUTE + SECOND);
		pay('c', t0 + 3 * MINUTE);
		const again = killed(trigger);
		expect(await poll(again)).toEqual(['a:settled', 'late:settled', 'b:settled', 'c:settled']);
		expect(await poll(again)).toBeNull();
	});

	it('repeats it after hours and hundreds of payments', async () => {
		const { trigger } = await emitted();
		seed(500, { newest: t0 + DAY / 2, everyMs: MINUTE });
		const again = killed(trigger);
		const items = (await again.poll()) ?? [];
		expect(idsOf(items.slice(0, 2))).toEqual(['a:settled', 'b:settled']);
		expect(rowNumbers(items.slice(2))).toEqual(upTo(500));
		expect(await poll(again)).toBeNull();
	});

	it('repeats it if the first polls fail', async () => {
		const { trigger, batch } = await emitted();
		const again = killed(trigger);
		service.failActivity({ times: 6 });
		// n8n publishes the workflow with it.
		expect(await poll(again)).toBeNull();
		await expect(again.poll()).rejects.toThrow();
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
	});

	it('repeats it if its agent can’t be read at first, while another can', async () => {
		const seller = service.addAgent('seller');
		const { trigger, batch } = await emitted();
		const again = killed(trigger);
		pay('s', t0 + 5 * MINUTE, { agent: seller });
		service.failActivity({ agent: service.buyer });
		expect(await poll(again)).toEqual(['s:settled']);
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
	});

	it('repeats it if that is lost again: both come after the next restart', async () => {
		const seller = service.addAgent('seller');
		const { trigger, batch } = await emitted();
		wait(5 * MINUTE);
		let again = killed(trigger);
		pay('s', t0 + 5 * MINUTE, { agent: seller });
		service.failActivity({ agent: service.buyer });
		// Lost: n8n is killed before it stores the execution.
		expect(await poll(again)).toEqual(['s:settled']);
		wait(5 * MINUTE);
		again = killed(again);
		const ids = eventIds(await again.poll());
		expect(ids).toHaveLength(3);
		expect(ids).toEqual(expect.arrayContaining(eventIds(batch)));
	});

	it('repeats no more if the filter passes more now', async () => {
		const trigger = await withOneFilteredOut();
		const again = killed(trigger, withOptions({}));
		expect(await poll(again)).toEqual(['a:settled']);
		expect(await poll(again)).toBeNull();
		pay('yes', t0 + 3 * MINUTE, { status: 'denied' });
		expect(await poll(again)).toEqual(['yes:denied']);
	});

	it('repeats no more after a second restart either', async () => {
		const trigger = await withOneFilteredOut();
		wait(5 * MINUTE);
		const again = killed(trigger, withOptions({}));
		expect(await poll(again)).toEqual(['a:settled']);
		wait(5 * MINUTE);
		expect(await poll(killed(again))).toEqual(['a:settled']);
	});

	it('repeats what still passes if the filter passes less now', async () => {
		seed(60);
		const trigger = await activated(withOptions({}));
		pay('a', t0 + MINUTE);
		pay('b', t0 + 2 * MINUTE, { status: 'denied' });
		expect(await poll(trigger)).toEqual(['a:settled', 'b:denied']);
		const again = killed(trigger, { ...withOptions({}), events: ['payment.denied'] });
		expect(await poll(again)).toEqual(['b:denied']);
		expect(await poll(again)).toBeNull();
	});

	it('repeats it if agents are chosen now, without their old payments', async () => {
		const seller = service.addAgent('seller');
		seed(300, { agent: seller });
		const { trigger, batch } = await emitted({ ...withOptions({}), ...chosen(service.buyer) });
		const again = killed(trigger, { ...withOptions({}), ...chosen(service.buyer, seller) });
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		pay('s', t0 + 5 * MINUTE, { agent: seller });
		expect(await poll(again)).toEqual(['s:settled']);
		expect(await poll(again)).toBeNull();
	});

	it('repeats nothing of an agent that is no longer chosen', async () => {
		const seller = service.addAgent('seller');
		const { trigger } = await emitted({ ...withOptions({}), ...chosen(service.buyer, seller) });
		const again = killed(trigger, { ...withOptions({}), ...chosen(seller) });
		expect(await poll(again)).toBeNull();
		expect(await poll(again)).toBeNull();
	});

	it('repeats nothing of an agent that was not chosen for a while', async () => {
		const seller = service.addAgent('seller');
		const of = (...agents: Array<{ address: string }>) => ({
			...withOptions({}),
			...chosen(...agents),
		});
		const { trigger } = await emitted(of(service.buyer, seller));
		const without = service.restarted(trigger, of(seller));
		expect(await poll(without)).toBeNull();
		const back = service.restarted(without, of(service.buyer, seller));
		expect(await poll(back)).toBeNull();
		const again = killed(back, of(service.buyer, seller));
		expect(await poll(again)).toBeNull();
		pay('c', t0 + 3 * MINUTE);
		expect(await poll(again)).toEqual(['c:settled']);
	});

	it('repeats the first payments of an agent created after publishing', async () => {
		seed(60);
		const trigger = await activated(withOptions({}));
		const agent = service.addAgent('made later', { createdAt: Date.now() });
		seed(250, { agent, newest: t0 + DAY / 2, everyMs: MINUTE });
		const batch = await trigger.poll();
		expect(rowNumbers(batch)).toEqual(upTo(250));
		const again = killed(trigger);
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
	});

	it('repeats the batch of an agent that is away at first when it is back', async () => {
		const { trigger, batch } = await emitted({ ...withOptions({}), ...chosen(service.buyer) });
		const again = killed(trigger, { ...withOptions({}), ...chosen(service.buyer) });
		service.emulator.fault({ route: ACTIVITY, status: 404 });
		service.emulator.fault({
			route: 'GET /agents',
			mutate: () => ({ items: [], total: 0, limit: 100, offset: 0 }),
		});
		expect(await again.poll().catch(() => null)).toBeNull();
		expect(eventIds(await again.poll())).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
	});

	it('repeats a batch cut by Maximum Events unchanged, and the rest follows', async () => {
		seed(60);
		const trigger = await activated(withOptions({ maxEvents: 7 }));
		seed(20, { newest: t0 + DAY / 2, everyMs: MINUTE });
		expect(rowNumbers(await trigger.poll())).toEqual(upTo(7));
		wait(MINUTE);
		const second = await trigger.poll();
		expect(rowNumbers(second)).toEqual(upTo(14).slice(7));
		const again = killed(trigger, withOptions({ maxEvents: 7 }));
		expect(eventIds(await again.poll())).toEqual(eventIds(second));
		expect(rowNumbers(await again.poll())).toEqual(upTo(20).slice(14));
		expect(await poll(again)).toBeNull();
	});

	it('repeats it over several polls if Maximum Events is lower now, each event once', async () => {
		seed(60);
		const trigger = await activated(withOptions({}));
		seed(20, { newest: t0 + DAY / 2, everyMs: MINUTE });
		expect(await trigger.poll()).toHaveLength(20);
		const again = killed(trigger, withOptions({ maxEvents: 6 }));
		const polls = await pollUntilQuiet(service, again);
		expect(polls.map(({ items }) => items.length)).toEqual([6, 6, 6, 2, 0, 0]);
		expect(rowNumbers(itemsOf(polls))).toEqual(upTo(20));
	});

	it('repeats a change of status', async () => {
		const trigger = await activated(withOptions({}));
		pay('a', t0, { status: 'authorized' });
		expect(await poll(trigger)).toEqual(['a:authorized']);
		wait(MINUTE);
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toEqual(['a:settled']);
		const again = killed(trigger);
		const [item] = (await again.poll()) ?? [];
		expect(item).toMatchObject({
			activityId: 'a',
			status: 'settled',
			previousStatus: 'authorized',
		});
		expect(await poll(again)).toBeNull();
	});

	it('repeats both statuses as one event if they came within a minute', async () => {
		const trigger = await activated(withOptions({}));
		pay('a', t0, { status: 'authorized' });
		expect(await poll(trigger)).toEqual(['a:authorized']);
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toEqual(['a:settled']);
		// The service no longer says that it was authorized.
		const again = killed(trigger);
		const items = await again.poll();
		expect(items).toMatchObject([{ activityId: 'a', status: 'settled', previousStatus: null }]);
		expect(await poll(again)).toBeNull();
	});

	it('repeats existing events that were emitted at publishing', async () => {
		seed(30, { newest: t0, everyMs: SECOND });
		const parameters = withOptions({ existingDays: 30 });
		const trigger = open(parameters);
		const batch = await trigger.poll('trigger', 'activate');
		expect(rowNumbers(batch)).toEqual(upTo(30));
		const again = killed(trigger, parameters);
		expect(eventIds(await again.poll('trigger', 'activate'))).toEqual(eventIds(batch));
		expect(await poll(again)).toBeNull();
	});

	it('switched on later: does not keep the batch before, but the next one', async () => {
		const { trigger } = await emitted({});
		const later = killed(trigger);
		expect(await poll(later)).toBeNull();
		pay('c', t0 + 3 * MINUTE);
		expect(await poll(later)).toEqual(['c:settled']);
		expect(await poll(killed(later))).toEqual(['c:settled']);
	});
});

describe('after a restart, Continue', () => {
	it.each([{}, { options: { afterRestart: 'continue' } }])(
		'repeats nothing (%j)',
		async (given) => {
			const trigger = await withOneEmitted(given as INodeParameters);
			expect(trigger.state.cursor).not.toHaveProperty('lastBatch');
			const again = killed(trigger, given as INodeParameters);
			expect(await poll(again)).toBeNull();
			pay('b', t0 + 2 * MINUTE);
			expect(await poll(again)).toEqual(['b:settled']);
		},
	);

	it('switched off later: keeps no batch any more', async () => {
		const trigger = await withOneEmitted(withOptions({}));
		const again = killed(trigger, {});
		expect(await poll(again)).toBeNull();
		expect(again.state.cursor).not.toHaveProperty('lastBatch');
	});
});

describe('an n8n that is killed between the position and the execution', () => {
	it.each(upTo(6))(
		'again and again (%s): with Repeat and Remove Duplicates, each payment comes once',
		async (seedOf) => {
			let random = seedOf * 7919 + 1;
			const chance = (of: number) => (random = (random * 48_271) % 2_147_483_647) % of === 0;
			const seller = service.addAgent('seller');
			seed(60);
			const parameters = withOptions({ maxEvents: 5 });
			let trigger = await activated(parameters);
			const paid: string[] = [];
			const duplicates = new RemoveDuplicates();
			for (let i = 0; i < 40; i++) {
				for (let j = 0; j < (random % 5) + 1 && i < 30; j++) {
					const id = `p ${i} ${j}`;
					paid.push(id);
					pay(id, t0 + i * MINUTE + j, { agent: chance(2) ? seller : service.buyer });
				}
				if (chance(2)) wait(MINUTE);
				const items = await trigger.poll();
				// Killed before the execution is stored, or after.
				const isKilled = chance(3);
				if (!isKilled || chance(2)) duplicates.take(items);
				if (isKilled) trigger = killed(trigger, parameters);
			}
			for (const { items } of await pollUntilQuiet(service, trigger)) duplicates.take(items);
			expectEach(duplicates.through, paid);
		},
	);
});

describe('1,000 agents with 9,000 payments in one batch', () => {
	it('fit both positions into 256 KB, and the batch is repeated', async () => {
		const agents = upTo(999).map((i) => service.addAgent(`agent ${i}`));
		agents.push(service.buyer);
		for (const agent of agents) seed(2, { agent, newest: t0, everyMs: SECOND });
		const parameters = withOptions({});
		const trigger = await activated(parameters);
		for (const agent of agents) seed(9, { agent, newest: t0 + MINUTE, everyMs: SECOND });
		const batch = (await trigger.poll()) ?? [];
		expect(batch).toHaveLength(9000);
		const bytes = Buffer.byteLength(JSON.stringify(trigger.state.cursor));
		expect(bytes).toBeLessThanOrEqual(256 * 1024);
		const again = killed(trigger, parameters);
		const repeated = eventIds(await again.poll());
		expect(repeated.toSorted()).toEqual(eventIds(batch).toSorted());
		expect(await poll(again)).toBeNull();
	});
});
