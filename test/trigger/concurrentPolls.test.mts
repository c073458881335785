import { describe, expect, it } from '@jest/globals';
import type { NodeApiError } from 'n8n-workflow';

import {
	ACTIVITY,
	afterTime,
	atOnce,
	ATTEMPTS,
	gathered,
	idsOf,
	LIST,
	MINUTE,
	one,
	poll,
	rowNumbers,
	rowsOf,
	SECOND,
	t0,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, durable, emitted, eventId, open, passTime, pay, restarted, seed } = service;

/** Delays the next call of a route. @returns a function that continues it, and when it has come */
function hold(route: string) {
	let release = () => {};
	const released = new Promise<void>((resolve) => {
		release = resolve;
	});
	const arrived = new Promise<void>((resolve) => {
		service.emulator.before(route, async () => {
			resolve();
			await released;
		});
	});
	return { release, arrived };
}

describe('two polls of one node at once', () => {
	it('never both emit an event, and nothing is lost', async () => {
		const trigger = await activated();
		seed(30);
		const emitted = await Promise.all([trigger.poll(), trigger.poll(), trigger.poll()]);
		expect(emitted.filter((items) => items !== null)).toHaveLength(1);
		expect(rowNumbers(emitted.flatMap((items) => items ?? []))).toEqual(upTo(30));
		expect(await poll(trigger)).toBeNull();
	});

	it('leave to the next poll what comes after the first has read', async () => {
		const trigger = await activated();
		pay('a', t0);
		const { release, arrived } = hold(ACTIVITY);
		const first = trigger.poll();
		await arrived;
		expect(await poll(trigger)).toBeNull();
		release();
		expect(idsOf(await first)).toEqual(['a:settled']);
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});

	it('lose nothing if the first one fails', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.failActivity();
		const [first, second] = await Promise.allSettled([trigger.poll(), trigger.poll()]);
		expect(first.status).toBe('rejected');
		expect(second).toEqual({ status: 'fulfilled', value: null });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('that begin while others run take turns', async () => {
		const trigger = await activated();
		const emitted: string[] = [];
		for (let i = 0; i < 5; i++) {
			pay(`${i}`, t0 + i);
			const polls = await Promise.all([trigger.poll(), trigger.poll()]);
			emitted.push(...polls.flatMap(rowsOf));
		}
		expect(emitted).toEqual(['0', '1', '2', '3', '4']);
	});

	it('with a publishing among them: it waits, and continues if nothing was new', async () => {
		pay('old', t0);
		const trigger = await activated();
		const { release, arrived } = hold(LIST);
		const first = trigger.poll();
		await arrived;
		let isDone = false;
		const activation = restarted(trigger)
			.poll('trigger', 'activate')
			.then((items) => {
				isDone = true;
				return items;
			});
		service.emulator.clearCalls();
		await expect(
			open({}, { nodeId: 'another node' }).poll('trigger', 'activate'),
		).resolves.toBeNull();
		expect(isDone).toBe(false);
		expect(service.emulator.calls).toHaveLength(2);
		release();
		expect(await first).toBeNull();
		expect(await activation).toBeNull();
		expect(service.emulator.calls).toHaveLength(5);
	});

	it('with a publishing among them: it repeats nothing', async () => {
		const trigger = await activated();
		pay('a', t0);
		const emitted = await Promise.all([
			trigger.poll(),
			trigger.poll('trigger', 'update'),
			trigger.poll('trigger', 'activate'),
		]);
		expect(emitted.flatMap((items) => idsOf(items) ?? [])).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('with a publishing among them that has an older state: one emits', async () => {
		const trigger = await activated();
		const published = restarted(trigger);
		pay('a', t0);
		const emitted = await Promise.all([trigger.poll(), published.poll('trigger', 'update')]);
		expect(emitted.map(idsOf)).toEqual([['a:settled'], null]);
	});

	it('with a publishing among them: it works even if the poll before fails', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.failActivity();
		const [first, activation] = await Promise.allSettled([
			trigger.poll(),
			trigger.poll('trigger', 'activate'),
		]);
		expect(first.status).toBe('rejected');
		expect(activation).toMatchObject({
			status: 'fulfilled',
			value: [{ eventId: eventId('a:settled') }],
		});
		expect(await poll(trigger)).toBeNull();
	});

	it('do not block a manual run among them', async () => {
		const trigger = await activated();
		pay('a', t0);
		const { release, arrived } = hold(ACTIVITY);
		const first = trigger.poll();
		await arrived;
		expect(idsOf(await trigger.poll('manual'))).toEqual(['a:settled']);
		release();
		expect(idsOf(await first)).toEqual(['a:settled']);
	});
});

describe('two polls of different nodes at once', () => {
	it.each([
		['of one workflow', { nodeId: 'another node' }],
		['of two workflows', { workflowId: 'another workflow' }],
	])('%s do not block each other', async (_, other) => {
		const trigger = await activated();
		const second = await activated({}, other);
		pay('a', t0);
		const { release, arrived } = hold(ACTIVITY);
		const first = trigger.poll();
		await arrived;
		expect(await poll(second)).toEqual(['a:settled']);
		release();
		expect(idsOf(await first)).toEqual(['a:settled']);
	});
});

describe('n8n with durable cursors', () => {
	it('does not lose the baseline of the publishing, although it drops it', async () => {
		pay('old', t0);
		const trigger = durable();
		expect(await trigger.activate()).toBeNull();
		expect(trigger.cursor).toEqual({});
		pay('a', t0 + 1);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('does not lose the baseline of the publishing if the first polls fail', async () => {
		const trigger = durable();
		await trigger.activate();
		pay('a', t0);
		for (let i = 0; i < 2; i++) {
			service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
			await expect(trigger.poll()).rejects.toThrow('HTTP 503');
		}
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('does not lose the baseline if it drops the result of the first poll', async () => {
		const trigger = durable();
		await trigger.activate();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		trigger.cursor = {};
		afterTime(5 * MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('does not continue from a publishing long ago', async () => {
		const trigger = durable();
		await trigger.activate();
		pay('while it was not active', t0);
		await trigger.activate();
		expect(await poll(trigger)).toBeNull();
		pay('a', t0 + 1);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('does not use the baseline of another node', async () => {
		const first = durable(one(service.buyer.address));
		await first.activate();
		pay('before', t0);
		const second = durable({}, { nodeId: 'another node' });
		expect(await poll(second)).toBeNull();
		expect(await poll(first)).toEqual(['before:settled']);
	});

	it('stores what quiet polls have moved', async () => {
		const trigger = durable({ events: ['payment.denied'] });
		await trigger.activate();
		expect(await poll(trigger)).toBeNull();
		const before = JSON.stringify(trigger.cursor);
		pay('a', t0);
		expect(await poll(trigger)).toBeNull();
		expect(JSON.stringify(trigger.cursor)).not.toBe(before);
		pay('b', t0 + 1, { status: 'denied' });
		expect(await poll(trigger)).toEqual(['b:denied']);
	});

	it('drops what a poll that throws has found, and the next one finds it', async () => {
		const seller = service.addAgent('seller');
		const trigger = durable();
		await trigger.activate();
		await trigger.poll();
		const before = JSON.stringify(trigger.cursor);
		pay('a', t0);
		pay('s', t0, { agent: seller });
		service.failActivity({ times: 2 * ATTEMPTS });
		await expect(trigger.poll()).rejects.toThrow('HTTP 500');
		expect(JSON.stringify(trigger.cursor)).toBe(before);
		expect((await poll(trigger))?.sort()).toEqual(['a:settled', 's:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	const budgets = [36 * SECOND, 299 * SECOND, 480 * SECOND];
	it.each(budgets)('gets the failure if a poll can take %s ms', async (budgetMs) => {
		const trigger = durable();
		await trigger.activate();
		trigger.budgetMs = budgetMs;
		await trigger.poll();
		service.emulator.fault({ route: LIST, status: 429, headers: { 'Retry-After': '600' } });
		const error = await trigger.poll().catch((thrown: unknown) => thrown as NodeApiError);
		expect(error).toMatchObject({ failure: { cause: 'rate-limited', retryAfterMs: 600_000 } });
	});

	it('publishes in an outage, and the first poll that succeeds emits what came since', async () => {
		const trigger = durable();
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: 2 * ATTEMPTS });
		expect(await trigger.activate()).toBeNull();
		await expect(trigger.poll()).rejects.toThrow('HTTP 503');
		pay('before', t0);
		pay('since', Date.now());
		expect(await poll(trigger)).toEqual(['since:settled']);
	});

	it('publishes again, and loses or repeats nothing', async () => {
		const trigger = durable();
		await trigger.activate();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', t0 + 1);
		expect(idsOf(await trigger.activate('update'))).toEqual(['b:settled']);
		expect(await poll(trigger)).toBeNull();
		expect(await trigger.activate('update')).toBeNull();
		pay('c', t0 + 2);
		expect(await poll(trigger)).toEqual(['c:settled']);
	});

	it('gets existing events once', async () => {
		pay('a', t0);
		const trigger = durable({ options: { existingDays: 30 } });
		expect(idsOf(await trigger.activate())).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
		expect(await trigger.activate('update')).toBeNull();
	});

	it('gets existing events with the first poll if publishing met an outage', async () => {
		pay('a', t0);
		const trigger = durable({ options: { existingDays: 30 } });
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
		expect(await trigger.activate()).toBeNull();
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('gets a backlog over several polls if time is short', async () => {
		const trigger = durable();
		await trigger.activate();
		seed(4000);
		passTime(3 * SECOND);
		const items = await gathered(trigger, 4000);
		expect(rowNumbers(items)).toEqual(upTo(4000));
	});

	it('runs two polls at once, and one of them emits the events', async () => {
		const trigger = durable();
		await trigger.activate();
		await trigger.poll();
		pay('a', t0);
		const emitted = await Promise.all([trigger.poll(), trigger.poll()]);
		expect(emitted.flatMap((items) => idsOf(items) ?? [])).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('runs missed polls with an older state: one of them emits the events', async () => {
		const { trigger, before } = await emitted();
		const after = trigger.cursor;
		for (let i = 0; i < 3; i++) {
			trigger.cursor = before;
			expect(await poll(trigger)).toBeNull();
			expect(trigger.cursor).toBe(before);
		}
		trigger.cursor = after;
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});

	it('drops the result of a poll, and a later one emits the events again', async () => {
		const { trigger, before } = await emitted();
		trigger.cursor = before;
		afterTime(5 * MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});
