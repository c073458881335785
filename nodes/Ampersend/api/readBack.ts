import type { IDataObject } from 'n8n-workflow';

import { addressKey, isAddress } from '../domain/address';
import { rethrow } from '../domain/rethrow';
import type { Call } from './errors';
import { CallError, errorFor, withOutcome } from './errors';
import type { Route } from './routes';

/** Addresses are the same in any letter case, and integers with any zeros before them. */
function keyOf(value: unknown): unknown {
	if (typeof value !== 'string') return value;
	if (isAddress(value)) return addressKey(value);
	return /^\d+$/.test(value) ? BigInt(value) : value;
}

/** Whether the service shows what a write has sent. */
export function shows(shown: object, sent: IDataObject): boolean {
	return Object.keys(sent).every((name) => keyOf(sent[name]) === keyOf(Reflect.get(shown, name)));
}

/**
 * What a write has changed: as it was answered, or read, where the answer doesn't show it.
 * @param sent what it must show
 * @param answered undefined if the answer shows nothing
 * @param call the one that reads
 * @throws CallError that says, too, that the change was accepted
 */
export async function readBack<Result extends object>(
	{ check = '' }: Route,
	sent: IDataObject,
	answered: Result | undefined,
	call: Call,
	read: () => Promise<Result | undefined>,
): Promise<Result> {
	if (answered && shows(answered, sent)) return answered;
	try {
		const shown = await read();
		if (shown && shows(shown, sent)) return shown;
		throw errorFor('notShown', {}, call);
	} catch (error) {
		if (!(error instanceof CallError)) rethrow(error);
		const outcome = `The change was accepted. ${check}`;
		const isMade = { repeatable: false, mayBeMade: true };
		rethrow(withOutcome(error, outcome, isMade));
	}
}

/**
 * Makes sure that something is gone, where the answer to its deletion doesn't say so.
 * @param call the one that looks for it
 * @throws CallError
 */
export async function requireGone(
	route: Route,
	call: Call,
	isThere: () => Promise<boolean>,
): Promise<void> {
	await readBack(route, {}, undefined, call, async () => ((await isThere()) ? undefined : {}));
}
