import { describe, expect, it } from '@jest/globals';

import {
	advanceLevels,
	MAX_LEVEL_BYTES,
	MAX_LEVEL_EVENTS,
	readLevelState,
	writeLevelState,
	type LevelState,
	type Sight,
} from '../../nodes/Ampersend/trigger/levels';

const NOW = Date.UTC(2026, 10, 15, 12);
const MICRO = 10n ** 6n;

/** Agents that are low, and have used up both limits. Amounts of a hundred million USDC. */
const sightsOf = (count: number, size = 10n ** 8n * MICRO): Map<string, Sight> =>
	new Map(
		Array.from({ length: count }, (_, i) => {
			const budget = { limit: size, used: size, remaining: 0n, percent: 100, source: 'activity' };
			const sight = {
				balance: 1n,
				dailyLimit: size,
				budgets: { day: budget, month: budget },
				spent: { upTo: NOW, day: size, month: size },
			};
			return [`0x${i.toString(16).padStart(40, '0')}`, sight as Sight];
		}),
	);

function play(sights: Map<string, Sight>, polls: number): LevelState {
	let state: LevelState | undefined;
	for (let i = 0; i < polls; i++) {
		({ state } = advanceLevels(state, {
			wants: { low: { below: null }, percent: 80 },
			now: NOW + i,
			sights,
			isWatched: () => true,
			isKept: () => true,
			maxEvents: MAX_LEVEL_EVENTS,
			process: 'process',
		}));
	}
	return state as LevelState;
}

describe('the state of levels', () => {
	it('of 1 000 agents fits with a batch, and is the same when it is read', () => {
		const state = play(sightsOf(1000), 6);
		expect(state.lastBatch?.events).toHaveLength(MAX_LEVEL_EVENTS);
		const json = writeLevelState(state);
		expect(json.length).toBeLessThan(MAX_LEVEL_BYTES);
		expect(readLevelState(json)).toEqual(state);
	});

	it('of any amounts fits. If not, crossings stay, and what was spent is read again', () => {
		const state = play(sightsOf(1000, 10n ** 77n), 6);
		expect(writeLevelState(state).length).toBeLessThan(MAX_LEVEL_BYTES);
		const tight = 256 * 1024;
		const json = writeLevelState(state, tight);
		expect(json.length).toBeLessThan(tight);
		const { agents } = readLevelState(json) as LevelState;
		const marks = Object.values(agents).map(({ low, day, month }) => [low, day, month]);
		expect(marks).toEqual(
			Object.values(state.agents).map(({ low, day, month }) => [low, day, month]),
		);
		expect(Object.values(agents).some(({ spent }) => spent)).toBe(false);
	});

	it('is small: an agent with nothing over, and no limits, has none', () => {
		const sights = new Map([['0xa', { balance: 5n, dailyLimit: null }]]);
		expect(writeLevelState(play(sights, 2))).toBe('{"version":1,"agents":{}}');
	});

	/** What the first release with levels stores. */
	it('of version 1 can be read', () => {
		const stored: LevelState = {
			version: 1,
			agents: {
				'0xa': {
					low: ['2026-11-15', 2, true],
					day: ['2026-11-15', 1, false],
					month: ['2026-11', 1, true],
					spent: [NOW, '9000000', '120000000'],
				},
				'0xb': { low: ['2026-11-15', 1, true], spent: [NOW, '9000000', null], isUnset: true },
			},
			next: '0xa',
			lastBatch: {
				process: 'process',
				since: NOW,
				events: [
					{
						kind: 'low',
						id: '0xa',
						of: '2026-11-15',
						count: 2,
						at: NOW,
						balance: '1',
						threshold: null,
					},
				],
			},
		};
		expect(readLevelState(JSON.stringify(stored))).toEqual(stored);
	});

	it.each(['[]', '7', '{"version":1}', '{"version":1,"agents":{"0xa":{"low":["2026",1]}}}'])(
		'that no release wrote is none: %s',
		(json) => {
			expect(readLevelState(json)).toBeUndefined();
		},
	);
});
