import { describe, expect, it } from '@jest/globals';

import {
	afterTime,
	atOnce,
	ATTEMPTS,
	DAY,
	LIST,
	MINUTE,
	one,
	poll,
	rowNumbers,
	rowsOf,
	SECOND,
	t0,
	thrownBy,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, durable, open, pay, restarted, seed } = service;

/** What users of n8n report about other polling triggers, by the number of the issue. */
describe('a complaint about n8n', () => {
	it('#24970: two payments in one minute, one after the poll, both come', async () => {
		const minute = Math.floor(t0 / MINUTE) * MINUTE;
		pay('before', minute - 1);
		const trigger = await activated();
		pay('a', minute + SECOND);
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', minute + 2 * SECOND);
		pay('c', minute);
		expect(await poll(trigger)).toEqual(['c:settled', 'b:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('#24970: payments with one timestamp all come, in seconds too', async () => {
		service.emulator.wire.activityTimestamp = 's';
		pay('at activation', t0);
		const trigger = await activated();
		for (const id of ['a', 'b', 'c']) {
			pay(id, t0);
			expect(await poll(trigger)).toEqual([`${id}:settled`]);
		}
		expect(await poll(trigger)).toBeNull();
	});

	it.each([21, 201, 1001])('#37261: %s payments between two polls all come', async (count) => {
		pay('old', t0 - 1);
		const trigger = await activated();
		seed(count);
		expect(rowNumbers(await trigger.poll())).toEqual(upTo(count));
		expect(await poll(trigger)).toBeNull();
	});

	it('#5510: a restart repeats nothing, even if n8n has not stored quiet polls', async () => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		const stored = restarted(trigger);
		expect(await poll(trigger)).toBeNull();
		expect(await stored.poll('trigger', 'init')).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(stored)).toEqual(['b:settled']);
		expect(await restarted(stored).poll('trigger', 'init')).toBeNull();
	});

	it('#10470: unpublishing and publishing repeat nothing and lose nothing', async () => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		for (const id of ['b', 'c']) {
			pay(id, t0 + DAY / 2);
			expect(rowsOf(await trigger.poll('trigger', 'activate'))).toEqual([id]);
			expect(await poll(trigger)).toBeNull();
		}
	});

	it('#28463: polls that overlap repeat nothing', async () => {
		const trigger = await activated();
		seed(250);
		const emitted = await Promise.all([
			trigger.poll(),
			trigger.poll(),
			trigger.poll(),
			trigger.poll(),
		]);
		const numbers = emitted.flatMap(rowNumbers);
		expect(numbers).toEqual(upTo(250));
		expect(await poll(trigger)).toBeNull();
	});

	const modes = ['activate', 'init', 'update'] as const;
	it.each(modes)('#10853: an account without payments can be published ("%s")', async (mode) => {
		const trigger = open();
		expect(await trigger.poll('trigger', mode)).toBeNull();
		expect(trigger.warnings).toEqual([]);
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('#10853: an account without agents can be published (with existing events, too)', async () => {
		service.emulator.removeAgent(service.buyer);
		for (const parameters of [{}, { options: { existingDays: 30 } }]) {
			expect(await open(parameters).poll('trigger', 'activate')).toBeNull();
		}
	});

	it('#6564: the state does not grow with the number of payments', async () => {
		pay('before', t0 - 2 * DAY);
		const trigger = await activated();
		const sizes: number[] = [];
		for (let i = 0; i < 12; i++) {
			seed(200, { newest: t0 - DAY + (i + 1) * 200 * MINUTE, everyMs: MINUTE });
			expect(await trigger.poll()).toHaveLength(200);
			sizes.push(JSON.stringify(trigger.state).length);
		}
		expect(Math.max(...sizes)).toBeLessThan((sizes[0] ?? 0) + 100);
		expect(Math.max(...sizes)).toBeLessThan(2000);
	});

	it('#33938: a 429 at publishing does not block it', async () => {
		service.emulator.fault({ route: LIST, status: 429, headers: { 'Retry-After': '3600' } });
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		afterTime(MINUTE);
		expect(await poll(trigger)).toBeNull();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('#33938: after publishing, a 429 is passed on to the scheduler with its wait', async () => {
		const trigger = await activated();
		service.emulator.fault({ route: LIST, status: 429, headers: { 'Retry-After': '3600' } });
		expect((await thrownBy(trigger)).failure).toEqual({
			cause: 'rate-limited',
			retryAfterMs: 3_600_000,
		});
	});

	it('#26437: a 429 does not stop publishing again, and nothing is lost or repeated', async () => {
		const trigger = await activated(one(service.buyer.address));
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		service.failActivity({ status: 429, times: ATTEMPTS, headers: atOnce });
		const published = restarted(trigger, one(service.buyer.address));
		pay('b', t0 + 1);
		expect(await published.poll('trigger', 'update')).toBeNull();
		expect(await poll(published)).toEqual(['b:settled']);
		expect(await poll(published)).toBeNull();
	});

	it('#26437: a 429 does not stop the publishing with durable cursors', async () => {
		service.emulator.fault({ route: LIST, status: 429, headers: { 'Retry-After': '3600' } });
		const trigger = durable();
		expect(await trigger.activate('update')).toBeNull();
		afterTime(MINUTE);
		expect(await poll(trigger)).toBeNull();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});
