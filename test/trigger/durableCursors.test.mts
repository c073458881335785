import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import type { DurableTriggerUnderTest } from '../nodes/n8nCore.mts';
import {
	afterTime,
	atOnce,
	ATTEMPTS,
	chosen,
	DAY,
	LIST,
	MINUTE,
	one,
	poll,
	SECOND,
	t0,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { durable, emitted, pay } = service;

describe('polls that the durable scheduler runs from an older cursor', () => {
	it.each([0, 29, 85, 299])('emit nothing again, %s s after a poll from it', async (seconds) => {
		const { trigger, before } = await emitted();
		const after = trigger.cursor;
		afterTime(seconds * SECOND);

		for (let i = 0; i < 3; i++) {
			trigger.cursor = before;
			pay(`later ${i}`, t0 + 1 + i);
			expect(await poll(trigger)).toBeNull();
			expect(trigger.cursor).toBe(before);
		}
		trigger.cursor = after;
		pay('b', t0 + 10);
		expect(await poll(trigger)).toEqual(
			['later 0', 'later 1', 'later 2', 'b'].map((id) => `${id}:settled`),
		);
	});

	it('emit what n8n has dropped, after five minutes', async () => {
		const { trigger, before } = await emitted();
		trigger.cursor = before;
		afterTime(5 * MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('continue if the cursor comes back to where it was', async () => {
		const agents = ['first', 'second'].map((name) => service.addAgent(name));
		const trigger = durable();
		await trigger.activate();
		await trigger.poll();
		// As if time was short each time: only the agent that is next changes.
		const withNext = (n: number) => ({
			cursor: { ...(trigger.cursor.cursor as object), next: agents[n]?.address.toLowerCase() },
		});
		for (let i = 0; i < 4; i++) {
			trigger.cursor = withNext(i % 2);
			pay(`${i}`, t0 + i);
			expect(await poll(trigger)).toEqual([`${i}:settled`]);
		}
	});
});

describe('the baseline of the publishing', () => {
	it('is there in another main process, and after a restart', async () => {
		pay('old', t0);
		const published = durable();
		expect(await published.activate('update')).toBeNull();
		pay('a', t0 + 1);
		const elsewhere = durable();
		elsewhere.global = published.global;
		expect(await poll(elsewhere)).toEqual(['a:settled']);
		expect(await poll(elsewhere)).toBeNull();
		pay('b', t0 + 2);
		expect(await poll(elsewhere)).toEqual(['b:settled']);
	});

	it.each(['init', 'leadershipChange'] as const)(
		'is kept if n8n starts first (%s)',
		async (mode) => {
			pay('old', t0);
			const trigger = durable();
			await trigger.activate('update');
			pay('a', t0 + 1);
			const { global } = trigger;
			const restarted = durable();
			restarted.global = global;
			expect((await restarted.activate(mode))?.map(({ activityId }) => activityId)).toEqual(['a']);
			expect(await poll(restarted)).toBeNull();
		},
	);

	it.each(['update', 'activate'] as const)(
		'is kept if the workflow is published again before its first poll (%s)',
		async (mode) => {
			pay('old', t0);
			const trigger = durable();
			await trigger.activate('activate');
			pay('between', t0 + 1);
			expect((await trigger.activate(mode))?.map(({ activityId }) => activityId)).toEqual([
				'between',
			]);
			pay('after', t0 + 2);
			expect(await poll(trigger)).toEqual(['after:settled']);
		},
	);

	it('is that of the publishing if the service was away, in another main process too', async () => {
		pay('old', t0);
		const published = durable();
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
		expect(await published.activate('update')).toBeNull();
		pay('between', Date.now());
		afterTime(MINUTE);
		const elsewhere = durable();
		elsewhere.global = published.global;
		expect(await poll(elsewhere)).toEqual(['between:settled']);
		expect(await poll(elsewhere)).toBeNull();
	});

	describe('if the workflow was published before', () => {
		/** Published, and a poll has stored its position. */
		async function published(parameters: INodeParameters) {
			const trigger = durable(parameters);
			await trigger.activate();
			expect(await poll(trigger)).toBeNull();
			return trigger;
		}

		/** Of a process that remembers nothing: it remembers by workflow and node. */
		const ANOTHER = { workflowId: 'in another process' };

		/** The node as n8n has stored it. */
		function reopened(
			{ cursor, global }: DurableTriggerUnderTest,
			parameters: INodeParameters,
			options = {},
		) {
			const trigger = durable(parameters, options);
			trigger.cursor = cursor;
			trigger.global = global;
			return trigger;
		}

		/** Published again with other parameters. */
		async function republished(...given: Parameters<typeof reopened>) {
			const trigger = reopened(...given);
			expect(await trigger.activate('update')).toBeNull();
			return trigger;
		}

		it.each(['answers', 'is away'])(
			'counts for an agent that is chosen then, and the service %s',
			async (how) => {
				const seller = service.addAgent('seller');
				const trigger = await published(one(service.buyer.address));
				pay('not yet', Date.now(), { agent: seller });
				afterTime(MINUTE);
				if (how === 'is away') {
					service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
				}
				const both = chosen(service.buyer, seller);
				const again = await republished(trigger, both);
				pay('new', Date.now(), { agent: seller });
				pay('other', Date.now() + 1);
				afterTime(MINUTE);
				const other = reopened(again, both);
				expect(await poll(other)).toEqual(['new:settled', 'other:settled']);
				expect(await poll(other)).toBeNull();
			},
		);

		it('counts for a filter that is changed then, and changed back', async () => {
			const settled = { events: ['payment.settled'] };
			const trigger = await published(settled);
			const denied = await republished(trigger, { events: ['payment.denied'] });
			pay('excluded', t0);
			const back = await republished(denied, settled);
			expect(await poll(reopened(back, settled))).toBeNull();
		});

		it('no longer counts once a poll has stored another position', async () => {
			const seller = service.addAgent('seller');
			const trigger = await published(one(service.buyer.address));
			const both = chosen(service.buyer, seller);
			const again = await republished(trigger, both);
			const { global } = again;
			pay('a', t0, { agent: seller });
			expect(await poll(again)).toEqual(['a:settled']);
			const other = reopened({ ...again, global }, both);
			expect(await poll(other)).toBeNull();
			pay('b', t0 + 1, { agent: seller });
			expect(await poll(other)).toEqual(['b:settled']);
		});

		it('is that of the last one, if another main process published then', async () => {
			const seller = service.addAgent('seller');
			const trigger = await published(one(service.buyer.address));
			afterTime(MINUTE);
			const { global } = await republished(trigger, chosen(service.buyer, seller));
			// So that this process remembers an earlier one.
			afterTime(-MINUTE);
			await republished(trigger, one(service.buyer.address));
			afterTime(2 * MINUTE);
			pay('new', Date.now(), { agent: seller });
			const other = reopened({ ...trigger, global }, chosen(service.buyer, seller));
			expect(await poll(other)).toEqual(['new:settled']);
		});

		it('is not an earlier one that another main process still remembers', async () => {
			const settled = { events: ['payment.settled'] };
			const trigger = await published(settled);
			const denied = await republished(trigger, { events: ['payment.denied'] });
			// Another process publishes what was there before: the position is the same again.
			const back = await republished(denied, settled, ANOTHER);
			expect(await poll(back)).toBeNull();
			afterTime(DAY);
			pay('settled', Date.now());
			expect(await poll(reopened(back, settled))).toEqual(['settled:settled']);
		});

		it('repeats nothing if another main process published without payments', async () => {
			const settled = { events: ['payment.settled'] };
			const trigger = durable(settled);
			await trigger.activate();
			pay('a', t0);
			expect(await poll(trigger)).toEqual(['a:settled']);
			const low = { events: ['balance.low'], filters: { balanceBelow: '10' } };
			const levels = reopened(trigger, low, ANOTHER);
			await levels.activate('update');
			expect(await poll(levels)).toBeNull();
			pay('meanwhile', t0 + 1);
			await republished(levels, settled);
		});

		it('is not that of an agent that was no longer chosen in between', async () => {
			const seller = service.addAgent('seller');
			const both = chosen(service.buyer, seller);
			const trigger = await published(both);
			const fewer = await republished(trigger, one(service.buyer.address));
			pay('not chosen', Date.now(), { agent: seller });
			afterTime(MINUTE);
			const again = await republished(fewer, both);
			expect(await poll(again)).toBeNull();
		});

		it('needs nothing kept if nothing was chosen or changed', async () => {
			const trigger = durable(one(service.buyer.address));
			await trigger.activate();
			pay('a', t0);
			expect(await poll(trigger)).toEqual(['a:settled']);
			const again = await republished(trigger, one(service.buyer.address));
			expect(again.global).toEqual({});
		});
	});

	it('leaves the rest of the static data of the workflow as it is', async () => {
		const trigger = durable(one(service.buyer.address), { global: { counter: 3 } });
		await trigger.activate();
		expect(trigger.global).toMatchObject({ counter: 3 });
		trigger.global.counter = 4;
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(trigger.global).toMatchObject({ counter: 4 });
	});

	it('is not kept by a default scheduler, which stores positions there itself', async () => {
		const trigger = durable({}, { hasCursors: false });
		await trigger.activate();
		expect(trigger.global).toEqual({});
	});
});

describe('After a Restart: Repeat Last Batch', () => {
	it('has no effect with durable cursors, and says so once', async () => {
		const parameters = { options: { afterRestart: 'repeat' } };
		const trigger = durable(parameters);
		await trigger.activate();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(JSON.stringify(trigger.cursor)).not.toContain('lastBatch');
		expect(await trigger.activate('init')).toBeNull();
		expect(await poll(trigger)).toBeNull();
		const notes = trigger.notes.filter((note) => note.includes('After a Restart'));
		expect(notes).toEqual([expect.stringContaining('has no effect')]);
	});
});

describe('durable cursors that are switched off', () => {
	const parameters = { options: { afterRestart: 'repeat' } };
	const restartedWithout = (trigger: ReturnType<typeof durable>) => {
		const other = durable(parameters);
		other.cursor = trigger.cursor;
		return other;
	};

	it('let the first poll after a restart repeat the last batch', async () => {
		const trigger = durable(parameters);
		await trigger.activate('init');
		pay('a', t0);
		expect((await trigger.pollByDefault())?.map(({ activityId }) => activityId)).toEqual(['a']);
		expect(JSON.stringify(trigger.cursor)).toContain('lastBatch');
		// As in another process.
		trigger.cursor = JSON.parse(
			JSON.stringify(trigger.cursor).replace(/"process":"[^"]+"/, '"process":"another one"'),
		) as IDataObject;
		const restarted = restartedWithout(trigger);
		expect(await restarted.activate('init')).toBeNull();
		expect((await restarted.pollByDefault())?.map(({ activityId }) => activityId)).toEqual(['a']);
		expect(await restarted.pollByDefault()).toBeNull();
	});

	it('hold back what n8n is still storing', async () => {
		const trigger = durable();
		await trigger.activate('init');
		await trigger.pollByDefault();
		const before = trigger.cursor;
		pay('a', t0);
		expect(await trigger.pollByDefault()).toHaveLength(1);
		const after = trigger.cursor;
		trigger.cursor = before;
		expect(await trigger.pollByDefault()).toBeNull();
		expect(await trigger.activate('update')).toBeNull();
		trigger.cursor = after;
		pay('b', t0 + 1);
		expect((await trigger.pollByDefault())?.map(({ activityId }) => activityId)).toEqual(['b']);
	});
});

describe('events at publishing that n8n has not stored', () => {
	it('come again: the position before them is what counts', async () => {
		pay('a', t0);
		const trigger = durable({ options: { existingDays: 30 } });
		expect(await trigger.activate()).toHaveLength(1);
		trigger.cursor = {};
		expect(await poll(trigger)).toBeNull();
		afterTime(5 * MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('come once: a poll that n8n began before it stored them finds nothing', async () => {
		pay('a', t0);
		const trigger = durable({ options: { existingDays: 30 } });
		expect(await trigger.activate()).toHaveLength(1);
		const after = trigger.cursor;
		trigger.cursor = {};
		expect(await poll(trigger)).toBeNull();
		trigger.cursor = after;
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});
});

describe('the durable scheduler without durable cursors', () => {
	it('emits at once what comes after a payment that is filtered out', async () => {
		const trigger = durable({ events: ['payment.denied'] }, { hasCursors: false });
		await trigger.activate();
		for (let i = 0; i < 3; i++) {
			pay(`not wanted ${i}`, t0 + 2 * i);
			expect(await poll(trigger)).toBeNull();
			pay(`${i}`, t0 + 2 * i + 1, { status: 'denied' });
			expect(await poll(trigger)).toEqual([`${i}:denied`]);
		}
	});

	it('repeats nothing from a position that was read before it was stored', async () => {
		const trigger = durable({}, { hasCursors: false });
		await trigger.activate();
		const before = trigger.cursor;
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		trigger.cursor = before;
		expect(await poll(trigger)).toBeNull();
	});

	it('keeps the last batch to repeat it', async () => {
		const trigger = durable({ options: { afterRestart: 'repeat' } }, { hasCursors: false });
		await trigger.activate();
		pay('a', t0);
		await trigger.poll();
		expect(trigger.cursor.cursor).toHaveProperty('lastBatch');
		expect(trigger.notes.join()).not.toContain('After a Restart');
	});

	it('reads the last 15 minutes if another node has replaced the position', async () => {
		const trigger = durable({}, { hasCursors: false, global: { counter: 1 } });
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(trigger.warnings).toEqual([expect.stringContaining('the position is gone')]);
	});
});
