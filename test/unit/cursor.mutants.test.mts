import { afterAll, describe, expect, it } from '@jest/globals';

import { Broken, play } from './model/history.mts';
import { mutants } from './model/mutants.mts';
import { seed, trigger } from './model/trigger.mts';

/** If a mutant survives this many, the model has a gap, or the mutant has the wrong kind. */
const MAX_HISTORIES = 500;

const MINUTE_MS = 60_000;

describe(`a trigger (AMPERSEND_SEED=${seed}) that`, () => {
	const played: Array<{ name: string; histories: number }> = [];
	afterAll(() => {
		const [worst] = played.sort((one, other) => other.histories - one.histories);
		console.info(`seed ${seed}: at most ${worst?.histories} histories, of one that ${worst?.name}`);
	});

	it.each(mutants)(
		'$name breaks a promise',
		({ name, change, kind }) => {
			const count = { histories: 0, polls: 0, events: 0 };
			let broken: unknown;
			try {
				const game = { ...kind, histories: MAX_HISTORIES, seed, shrinks: false };
				play({ ...trigger, ...change }, game, count);
			} catch (error) {
				broken = (error as Error).cause;
			}
			played.push({ name, histories: count.histories });
			expect(broken).toBeInstanceOf(Broken);
		},
		10 * MINUTE_MS,
	);
});
