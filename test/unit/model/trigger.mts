import * as cursor from '../../../nodes/Ampersend/trigger/cursor';
import * as reading from '../../../nodes/Ampersend/trigger/reading';
import * as state from '../../../nodes/Ampersend/trigger/state';
import type { Trigger } from './history.mts';

export const trigger: Trigger = {
	advance: cursor.advance,
	beginWith: cursor.beginWith,
	condensed: cursor.condensed,
	startOf: cursor.startOf,
	unreadState: cursor.unreadState,
	waitsSince: cursor.waitsSince,
	readBaseline: reading.readBaseline,
	readNews: reading.readNews,
	readState: state.readState,
	writeState: state.writeState,
};

/** Printed with a failure; with the same seed, the same histories run again. */
export const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);

/** Too few bytes for the state of most histories. */
export const TIGHT_BYTES = 1_500;
