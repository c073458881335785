import { describe, expect, it, jest } from '@jest/globals';

import { poll, SECOND, t0, useTrigger } from './trigger.mts';

const service = useTrigger();
const { durable, pay } = service;

describe('missed polls that the durable scheduler runs from an older cursor', () => {
	it.each([0, 4, 15, 29])('emit nothing again, %s s after a poll from it', async (seconds) => {
		const trigger = durable();
		await trigger.activate();
		await trigger.poll();
		const before = trigger.cursor;
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		const after = trigger.cursor;
		const later = Date.now() + seconds * SECOND;
		jest.spyOn(Date, 'now').mockImplementation(() => later);

		for (let i = 0; i < 3; i++) {
			trigger.cursor = before;
			expect(await poll(trigger)).toBeNull();
			expect(trigger.cursor).toBe(before);
		}
		trigger.cursor = after;
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});
});
