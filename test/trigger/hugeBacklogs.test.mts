import { describe, expect, it } from '@jest/globals';

import { itemsOf, pollOnce, type Polled } from './list.mts';
import { MINUTE, rowNumbers, SECOND, t0, upTo, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated, seed } = service;

describe('a backlog of 100,000 payments', () => {
	const count = 100_000;
	const maxEvents = 1000;

	it.each([1, 10, SECOND, MINUTE])(
		'(%s ms apart) comes in order, with at most 10 requests a poll after the first',
		async (everyMs) => {
			const newest = t0;
			const before = newest - count * everyMs - MINUTE;
			service.pay('old', before);
			const trigger = await activated({ options: { maxEvents } });
			seed(count, { newest, everyMs });
			const polls: Polled[] = [];
			for (let i = 0; i < 12; i++) polls.push(await pollOnce(service, trigger));
			expect(rowNumbers(itemsOf(polls))).toEqual(upTo(12 * maxEvents));
			const [first, ...others] = polls.map(({ requests }) => requests);
			expect(first).toBeLessThanOrEqual(40);
			expect(Math.max(...others)).toBeLessThanOrEqual(10);
		},
		60_000,
	);
});

describe('an agent with 1,000,000 payments', () => {
	it.each([1, SECOND, MINUTE])(
		'(%s ms apart) costs an idle poll one small page',
		async (everyMs) => {
			seed(1_000_000, { newest: t0, everyMs });
			const trigger = await activated();
			await trigger.poll();
			for (let i = 0; i < 2; i++) {
				const { items, requests } = await pollOnce(service, trigger);
				expect(items).toEqual([]);
				expect(requests).toBe(1);
				expect(service.readings[0]?.query).toMatchObject({ page: '1', limit: '20' });
			}
			service.pay('new', t0 + MINUTE);
			const { items, requests } = await pollOnce(service, trigger);
			expect(items).toHaveLength(1);
			expect(requests).toBeLessThanOrEqual(60);
		},
	);
});
