import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import type { NodeApiError } from 'n8n-workflow';

import type { TriggerUnderTest } from '../nodes/n8nCore.mts';
import { ACTIVITY, chosen, LIST, one, poll, SECOND, t0, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated, eventId, pay } = service;

/** For a poll only: publishing has no limit that a busy machine could exceed. */
const budgetMs = 4 * SECOND;

/** Far beyond the budget, and well before a call would time out by itself. */
const MARKER = 20 * SECOND;

const LATE = 'the poll was still running';

/** What a poll within the budget returns or throws, or the marker if it's still running by then. */
async function settled(trigger: TriggerUnderTest) {
	trigger.budgetMs = budgetMs;
	const polling = trigger.poll().catch((thrown: unknown) => thrown as NodeApiError);
	const marker = new AbortController();
	const late = sleep(MARKER, LATE, { signal: marker.signal }).catch(() => LATE);
	const outcome = await Promise.race([polling, late]);
	marker.abort();
	trigger.budgetMs = undefined;
	return outcome;
}

describe('a service that hangs', () => {
	it('when reading the only agent: the poll ends in time and loses nothing', async () => {
		const trigger = await activated(one(service.buyer.address));
		pay('a', t0);
		service.emulator.clearCalls();
		service.emulator.fault({ route: ACTIVITY, hang: true });
		expect(await settled(trigger)).not.toBe(LATE);
		expect(service.readings).toHaveLength(1);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('when listing agents: the poll ends within its budget, and reports it', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.clearCalls();
		service.emulator.fault({ route: LIST, hang: true });
		expect(await settled(trigger)).toMatchObject({
			message: expect.stringContaining('did not list the agents within'),
			failure: { cause: 'temporarily-unavailable' },
		});
		expect(service.emulator.calls).toHaveLength(1);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('in the middle of a poll: the poll also ends within its budget', async () => {
		const trigger = await activated(one(service.buyer.address));
		service.seed(150);
		service.emulator.fault({
			route: ACTIVITY,
			hang: true,
			match: ({ query }) => query.limit !== '20',
		});
		expect(await settled(trigger)).not.toBe(LATE);
		expect(await trigger.poll()).toHaveLength(150);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('a Retry-After beyond the end of the poll', () => {
	const headers = { 'Retry-After': '18' };

	it.each([
		[503, 'temporarily-unavailable'],
		[429, 'rate-limited'],
	])(
		'(HTTP %s) is reported to n8n, without waiting',
		async (status, cause) => {
			const trigger = await activated(one(service.buyer.address));
			pay('a', t0);
			service.emulator.clearCalls();
			service.failActivity({ status, times: 1, headers });
			expect(await settled(trigger)).toMatchObject({ failure: { cause, retryAfterMs: 18_000 } });
			expect(service.emulator.calls).toHaveLength(1);
			expect(await poll(trigger)).toEqual(['a:settled']);
		},
		60_000,
	);

	it('does not delay the events of another agent', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated(chosen(service.buyer, seller));
		pay('b', t0);
		pay('s', t0 + 1, { agent: seller });
		service.failActivity({ status: 503, times: 1, headers, agent: seller });
		expect(await settled(trigger)).toMatchObject([{ eventId: eventId('b:settled') }]);
		expect(trigger.warnings.join()).toContain('HTTP 503');
		expect(await poll(trigger)).toEqual(['s:settled']);
	});
});
