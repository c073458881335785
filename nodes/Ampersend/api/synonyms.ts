import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../domain/json';

/** Names for one field, first the one that is sent. */
export type Synonyms = ReadonlyArray<readonly string[]>;

/** The fields of a body that a 400 names in its `issues[]` (SDK: HttpApiDecodeError). */
function namedIn(answer: unknown): Set<unknown> {
	const issues: unknown[] = isRecord(answer) && Array.isArray(answer.issues) ? answer.issues : [];
	const paths = issues.map((issue) => (isRecord(issue) ? issue.path : undefined));
	return new Set(paths.flatMap((path) => (Array.isArray(path) && path.length === 1 ? path : [])));
}

/**
 * A body under the names that a 400 asks for, which has not been accepted.
 * @returns undefined if it asks for none that is known
 */
export function underSynonyms(
	body: IDataObject,
	synonyms: Synonyms,
	answer: unknown,
): IDataObject | undefined {
	const named = namedIn(answer);
	const newNames = new Map(
		synonyms.map(([name = '', ...others]) => [name, others.find((other) => named.has(other))]),
	);
	const entries = Object.entries(body);
	if (!entries.some(([name]) => newNames.get(name))) return undefined;
	return Object.fromEntries(entries.map(([name, value]) => [newNames.get(name) ?? name, value]));
}
