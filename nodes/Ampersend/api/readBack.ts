import type { IDataObject } from 'n8n-workflow';

import { addressKey, isAddress } from '../domain/address';
import type { Call } from './errors';
import { CallError, errorFor, withOutcome } from './errors';
import type { Route } from './routes';

/** Addresses are the same in any letter case. */
const keyOf = (value: unknown) =>
	typeof value === 'string' && isAddress(value) ? addressKey(value) : value;

/** The fields that the service shows with another value than a write has sent. */
function otherValues(sent: IDataObject, shown: object): string[] {
	return Object.keys(sent).filter((name) => keyOf(sent[name]) !== keyOf(Reflect.get(shown, name)));
}

/**
 * Reads what a write has changed, where its answer doesn't show it.
 * @param sent what it must show
 * @param call the one that reads
 * @throws CallError that says, too, that the change was accepted
 */
export async function readBack<Result extends object>(
	{ check = '' }: Route,
	sent: IDataObject,
	call: Call,
	read: () => Promise<Result | undefined>,
): Promise<Result> {
	try {
		const shown = await read();
		if (shown && otherValues(sent, shown).length === 0) return shown;
		throw errorFor('notShown', {}, call);
	} catch (error) {
		if (!(error instanceof CallError)) return await Promise.reject(error);
		const outcome = `The change was accepted. ${check}`;
		const isMade = { repeatable: false, mayBeMade: true };
		return await Promise.reject(withOutcome(error, outcome, isMade));
	}
}

/** Shows a hint if a write is answered with other values than it has sent. */
export function noteOtherValues(
	{ does, fields = {}, check = '' }: Route,
	sent: IDataObject,
	shown: object,
	hint: (message: string) => void,
): void {
	const others = otherValues(sent, shown);
	if (others.length === 0) return;
	const names = others.map((name) => fields[name] ?? name).join(', ');
	hint(
		`Ampersend was asked to ${does}, and shows another value for ${names} than was sent. ` +
			`Someone else changed it, or the service didn't accept it. ${check}`,
	);
}
