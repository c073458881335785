import * as cursor from '../../../nodes/Ampersend/trigger/cursor';
import * as reading from '../../../nodes/Ampersend/trigger/reading';
import * as state from '../../../nodes/Ampersend/trigger/state';
import type { Trigger } from './history.mts';

export const trigger: Trigger = {
	advance: cursor.advance,
	beginWith: cursor.beginWith,
	startOf: cursor.startOf,
	readBaseline: reading.readBaseline,
	readNews: reading.readNews,
	readState: state.readState,
	writeState: state.writeState,
};

/** Printed with what broke; given again, it plays the same histories. */
export const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);

/** So few bytes that the state of most histories does not fit. */
export const TIGHT_BYTES = 1_500;
