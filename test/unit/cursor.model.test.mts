import { describe, expect, it } from '@jest/globals';

import { play } from './model/history.mts';
import { seed, TIGHT_BYTES, trigger } from './model/trigger.mts';

/** `npm run proof` runs more. */
const histories = Number(process.env.AMPERSEND_HISTORIES ?? 1_000);

const MINUTE_MS = 60_000;

describe(`any history (AMPERSEND_SEED=${seed})`, () => {
	it(
		'loses nothing, repeats nothing and keeps the order',
		() => {
			const { polls, events } = play(trigger, { histories, seed, shrinks: true });
			console.info(`seed ${seed}: ${histories} histories, ${polls} polls, ${events} events`);
			// The histories have enough polls and events to be meaningful.
			expect(events).toBeGreaterThan(histories);
			expect(polls).toBeGreaterThan(histories);
		},
		30 * MINUTE_MS,
	);

	it(
		'repeats nothing if the state is too large to store completely',
		() => {
			const game = { histories: Math.ceil(histories / 5), seed, mostBytes: TIGHT_BYTES };
			expect(play(trigger, { ...game, shrinks: true }).events).toBeGreaterThan(game.histories);
		},
		30 * MINUTE_MS,
	);
});
