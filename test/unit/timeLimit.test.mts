import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { withTimeout } from '../../nodes/Ampersend/api/timeLimit';

const never = new Promise<never>(() => {});
const onLimit = () => new Error('too late');

describe('within', () => {
	it('returns what the work returns', async () => {
		expect(await withTimeout(5000, Promise.resolve(7), onLimit)).toBe(7);
	});

	it('throws what the work throws', async () => {
		await expect(withTimeout(5000, Promise.reject(new Error('bad')), onLimit)).rejects.toThrow(
			'bad',
		);
	});

	it.each([1, 20, 50.4])('throws at its limit of %s ms if the work does not end', async (ms) => {
		const start = performance.now();
		await expect(withTimeout(ms, never, onLimit)).rejects.toThrow('too late');
		expect(performance.now() - start).toBeGreaterThanOrEqual(ms - 2);
	});

	it('ignores what the work returns or throws after the limit', async () => {
		const late = sleep(60).then(() => Promise.reject(new Error('late')));
		await expect(withTimeout(10, late, onLimit)).rejects.toThrow('too late');
		await sleep(80);
	});

	it('creates no error if the work ends in time', async () => {
		let made = 0;
		const work = sleep(10, 'done');
		const makes = () => {
			made++;
			return onLimit();
		};
		expect(await withTimeout(40, work, makes)).toBe('done');
		await sleep(60);
		expect(made).toBe(0);
	});
});
