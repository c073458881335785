import { describe, expect, it } from '@jest/globals';

import { DAY, idsOf, MINUTE, poll, rowsOf, SECOND, t0, useTrigger, WEEK } from './trigger.mts';

const service = useTrigger();
const { activated, pay, passTime, seed } = service;

const HOUR = 60 * MINUTE;

describe('an open payment', () => {
	it.each([0, 30])(
		'is watched for a week behind the newest one, with %s payments in between',
		async (between) => {
			pay('before', t0 - 2 * WEEK);
			const trigger = await activated();
			pay('beyond', t0 - WEEK - HOUR, { status: 'authorized' });
			pay('within', t0 - WEEK + HOUR, { status: 'authorized' });
			expect(await poll(trigger)).toEqual(['beyond:authorized', 'within:authorized']);
			if (between > 0) seed(between, { newest: t0 - DAY });
			pay('newest', t0);
			expect(await trigger.poll()).toHaveLength(between + 1);
			for (const id of ['beyond', 'within']) service.emulator.setStatus(id, 'settled');
			expect(await poll(trigger)).toEqual(['within:settled']);
			expect(await poll(trigger)).toBeNull();
		},
	);
});

describe('a baseline for which there was little time', () => {
	const budgetMs = 36 * SECOND;

	it('emits no old payment of the moment at which it was cut off', async () => {
		seed(4000, { newest: t0, everyMs: 0 });
		seed(590, { newest: t0 + 600 });
		passTime(10 * SECOND);
		const trigger = await activated({}, { budgetMs });
		pay('late', t0 + 1);
		seed(100, { newest: t0 + 1000 });
		trigger.budgetMs = 1000 * budgetMs;
		const items = await trigger.poll();
		const fresh = rowsOf(items).filter((id) => id !== 'late');
		expect(new Set(fresh.map((id) => id.split(':')[0])).size).toBe(1);
		expect(fresh).toHaveLength(100);
		expect(idsOf(items)).toContain('late:settled');
		expect(await poll(trigger)).toBeNull();
	});
});
