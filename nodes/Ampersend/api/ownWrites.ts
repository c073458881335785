import type { IDataObject } from 'n8n-workflow';

import type { Client } from './client';
import type { Call } from './errors';
import { shows } from './readBack';
import { runMemory } from './runMemory';

/** What a run has written last, and what was there before each of its writes. */
interface OwnWrites<State> {
	before: IDataObject[];
	sent: IDataObject;
	now: State;
}

const memoryOf = runMemory<OwnWrites<unknown>>();

const idOf = ({ connection, path }: Call) => connection.baseUrl + path;

/**
 * What the run has written, where a read still shows what was there before: a replica can lag, and
 * what is written from such a read would undo the change of an earlier item.
 * @param read the call that reads
 * @param shown what the read shows
 */
export function ownWrite<State>({ run }: Client, read: Call, shown: object): State | undefined {
	const own = run && memoryOf(run).get(idOf(read));
	if (!own || shows(shown, own.sent)) return undefined;
	return own.before.some((before) => shows(shown, before)) ? (own.now as State) : undefined;
}

/**
 * Remembers a write until the run ends.
 * @param read the call that reads the same
 * @param before what was read before it
 * @param sent what a read has to show after it
 * @param now what the next item changes, if a read doesn't show it
 */
export function noteWrite(
	{ run }: Client,
	read: Call,
	before: object,
	sent: IDataObject,
	now: unknown,
): void {
	if (!run) return;
	const own = memoryOf(run);
	const id = idOf(read);
	const names = Object.keys(sent);
	const replaced = Object.fromEntries(names.map((name) => [name, Reflect.get(before, name)]));
	const earlier = own.get(id)?.before ?? [];
	own.set(id, { before: [...earlier, replaced as IDataObject], sent, now });
}
