import type { IDataObject } from 'n8n-workflow';

import { issuesIn } from './errors';

/** Names for one field, first the one that is sent. */
export type Synonyms = ReadonlyArray<readonly string[]>;

const MISSING = /\b(?:missing|required|undefined)\b/i;

/** The fields of a body that an answer says are missing (SDK: HttpApiDecodeError). */
function missingIn(answer: unknown): Set<unknown> {
	const missing = issuesIn(answer).filter(
		({ steps, message }) => steps.length === 1 && MISSING.test(message),
	);
	return new Set(missing.map(({ steps: [name] }) => name));
}

/**
 * A body under the names that a 400 or 422 asks for, which has not been accepted.
 * @returns undefined if it asks for none that is known
 */
export function underSynonyms(
	body: IDataObject,
	synonyms: Synonyms,
	answer: unknown,
): IDataObject | undefined {
	const named = missingIn(answer);
	const newNames = new Map(
		synonyms.map(([name = '', ...others]) => [name, others.find((other) => named.has(other))]),
	);
	const entries = Object.entries(body);
	if (!entries.some(([name]) => newNames.get(name))) return undefined;
	return Object.fromEntries(entries.map(([name, value]) => [newNames.get(name) ?? name, value]));
}
