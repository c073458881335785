import type { IDataObject } from 'n8n-workflow';

import { issuesIn, textsIn } from './errors';

/** Names for one field, first the one that is sent. */
export type Synonyms = ReadonlyArray<readonly string[]>;

const MISSING = /\b(?:missing|required|undefined|empty|blank)\b/i;

/** Longer text isn't searched any further. */
const READ_CHARACTERS = 500;

/** The fields that an answer says are missing from a body (SDK: HttpApiDecodeError). */
function missingIn(answer: unknown, body: IDataObject): Set<unknown> {
	const issues = issuesIn(answer).filter(
		({ steps, message }) => steps.length === 1 && MISSING.test(message),
	);
	const words = textsIn(answer)
		.map((text) => text.slice(0, READ_CHARACTERS))
		.filter((text) => MISSING.test(text))
		.map((text) => text.split(/\W+/))
		// A text with the name that was sent is about its value.
		.filter((names) => !names.some((name) => Object.hasOwn(body, name)));
	return new Set([...issues.map(({ steps: [name] }) => name), ...words.flat()]);
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
	const named = missingIn(answer, body);
	const newNames = new Map(
		synonyms.map(([name = '', ...others]) => [name, others.find((synonym) => named.has(synonym))]),
	);
	const entries = Object.entries(body);
	if (!entries.some(([name]) => newNames.get(name))) return undefined;
	return Object.fromEntries(entries.map(([name, value]) => [newNames.get(name) ?? name, value]));
}
