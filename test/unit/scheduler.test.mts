import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { inTurn, type Turn } from '../../nodes/Ampersend/trigger/scheduler';

const budgetMs = 1000;
const GRACE_MS = 5000;
const never = new Promise<never>(() => {});

let nodes = 0;
const turn = (given: Partial<Turn> = {}): Turn => ({
	node: `node ${nodes}`,
	stored: {},
	activation: false,
	scheduled: false,
	budgetMs,
	...given,
});

/** The clock that the scheduler reads. */
function clockAt(ms: number): void {
	const now = Date.now() + ms;
	jest.spyOn(Date, 'now').mockImplementation(() => now);
}

afterEach(() => {
	jest.restoreAllMocks();
	nodes++;
});

describe('a poll that does not settle in time', () => {
	it('keeps its turn for its budget plus 5 s', async () => {
		void inTurn(turn(), async () => await never);
		clockAt(budgetMs + GRACE_MS - 100);
		expect(await inTurn(turn(), async () => 'found')).toBeNull();
	});

	it.each([false, true])('then loses it (to a poll at publishing: %s)', async (activation) => {
		void inTurn(turn(), async () => await never);
		clockAt(budgetMs + GRACE_MS + 1);
		expect(await inTurn(turn({ activation }), async () => 'found')).toBe('found');
		expect(await inTurn(turn(), async () => 'found again')).toBe('found again');
	});

	it('delays publishing until it has lost its turn', async () => {
		const start = Date.now();
		void inTurn(turn({ budgetMs: 200 - GRACE_MS }), async () => await never);
		expect(await inTurn(turn({ activation: true }), async () => 'found')).toBe('found');
		expect(Date.now() - start).toBeGreaterThanOrEqual(190);
	});

	it('does not block another node', async () => {
		void inTurn(turn(), async () => await never);
		expect(await inTurn(turn({ node: 'another' }), async () => 'found')).toBe('found');
	});

	it('returns nothing if it ends later, and keeps the turn of another', async () => {
		let [end, endOther] = [() => {}, () => {}];
		const wasMine: boolean[] = [];
		const late = inTurn(turn(), async (isMine) => {
			await new Promise<void>((resolve) => (end = resolve));
			wasMine.push(isMine());
			return 'late';
		});
		clockAt(budgetMs + GRACE_MS + 1);
		const other = inTurn(turn(), async (isMine) => {
			await new Promise<void>((resolve) => (endOther = resolve));
			wasMine.push(isMine());
			return 'other';
		});
		end();
		expect(await late).toBeNull();
		// The other is still running.
		expect(await inTurn(turn(), async () => 'third')).toBeNull();
		endOther();
		expect(await other).toBe('other');
		expect(wasMine).toEqual([false, true]);
		expect(await inTurn(turn(), async () => 'fourth')).toBe('fourth');
	});

	it('rejects if it throws, and releases its turn', async () => {
		await expect(inTurn(turn(), () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
		expect(await inTurn(turn(), async () => 'found')).toBe('found');
	});
});
