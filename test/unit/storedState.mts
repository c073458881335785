import type { StoredState, TriggerState } from '../../nodes/Ampersend/trigger/state';
import { readState, writeState } from '../../nodes/Ampersend/trigger/state';

/** What n8n would store. */
export function writeStored(state: TriggerState) {
	const { json, shortened } = writeState(state);
	return { stored: JSON.parse(json) as StoredState, shortened };
}

export function readStored(stored: unknown) {
	return readState(JSON.stringify(stored));
}
