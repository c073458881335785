import type { IDataObject } from 'n8n-workflow';

import type { Client } from './client';
import { shows } from './readBack';

/** What a run has written last, and what was there before each of its writes. */
interface OwnWrites<State> {
	before: IDataObject[];
	sent: IDataObject;
	now: State;
}

const runs = new WeakMap<object, Map<string, OwnWrites<unknown>>>();

/**
 * What the run has written, where a read still shows what was there before: a replica can lag, and
 * what is written from such a read would undo the change of an earlier item.
 * @param id of what was read, with the base URL
 * @param shown what the read shows of it
 */
export function ownWrite<State>(client: Client, id: string, shown: object): State | undefined {
	const own = client.run && runs.get(client.run)?.get(id);
	if (!own || shows(shown, own.sent)) return undefined;
	return own.before.some((before) => shows(shown, before)) ? (own.now as State) : undefined;
}

/**
 * Remembers a write until the run ends.
 * @param before what was read before it
 * @param sent what a read has to show after it
 * @param now what the next item changes, if a read doesn't show it
 */
export function noteWrite(
	{ run }: Client,
	id: string,
	before: object,
	sent: IDataObject,
	now: unknown,
): void {
	if (!run) return;
	const own = runs.get(run) ?? new Map<string, OwnWrites<unknown>>();
	runs.set(run, own);
	const names = Object.keys(sent);
	const replaced = Object.fromEntries(names.map((name) => [name, Reflect.get(before, name)]));
	const earlier = own.get(id)?.before ?? [];
	own.set(id, { before: [...earlier, replaced as IDataObject], sent, now });
}
