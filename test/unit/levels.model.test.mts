import { describe, expect, it } from '@jest/globals';

import * as levels from '../../nodes/Ampersend/trigger/levels';
import { Broken, levelMutants, playLevels } from './model/levels.mts';
import { seed } from './model/trigger.mts';

/** `npm run proof` runs more. */
const histories = Number(process.env.AMPERSEND_HISTORIES ?? 1_000);

/** If a mutant survives this many, the model has a gap. Most live for some hundred. */
const MAX_WALKS = 10_000;

const MINUTE_MS = 60_000;

describe(`any walk of balances, limits and payments (AMPERSEND_SEED=${seed})`, () => {
	it(
		'is emitted once for each crossing',
		() => {
			const { polls, events } = playLevels(levels, { histories, seed, shrinks: true });
			console.info(`seed ${seed}: ${histories} walks, ${polls} polls, ${events} events`);
			// The walks have enough of both to be meaningful.
			expect(events).toBeGreaterThan(histories);
			expect(polls).toBeGreaterThan(histories);
		},
		10 * MINUTE_MS,
	);
});

describe(`levels (AMPERSEND_SEED=${seed}) of a trigger that`, () => {
	it.each(levelMutants)(
		'$name break a promise',
		({ change }) => {
			let broken: unknown;
			try {
				playLevels({ ...levels, ...change }, { histories: MAX_WALKS, seed, shrinks: false });
			} catch (error) {
				broken = (error as Error).cause;
			}
			expect(broken).toBeInstanceOf(Broken);
		},
		5 * MINUTE_MS,
	);
});
