import { textIn } from './json.mts';
import type { Names } from './names.mts';
import { isRecord } from './source';

const MAX_ENTRIES = 20;

/** The field that an entry of a 400 or 422 is about, as a path. */
function pathOf(entry: unknown, names: Names): string {
	if (!isRecord(entry)) return '';
	const path = [entry['path'], entry['loc'], entry['field'], entry['param']].find(
		(one) => Array.isArray(one) || typeof one === 'string',
	);
	const steps: unknown[] = Array.isArray(path) ? path : textIn(path).split('.');
	// FastAPI begins with the part of the request.
	const isPlace = steps.length > 1 && ['body', 'query', 'path'].includes(textIn(steps[0]));
	return steps
		.slice(isPlace ? 1 : 0, MAX_ENTRIES)
		.map(textIn)
		.filter((step) => step !== '')
		.map((step) => (/^\d{1,4}$/.test(step) ? '[]' : names.field(step)))
		.join('.');
}

/** The fields that an answer complains about, without the values. */
export function fieldsAtFault(body: unknown, names: Names): string[] {
	if (!isRecord(body)) return [];
	const { issues, detail, errors, error } = body;
	const places = [issues, detail, errors, isRecord(error) ? error['issues'] : undefined];
	const entries = places.flatMap((place): unknown[] => (Array.isArray(place) ? place : []));
	const byName = isRecord(errors) ? Object.keys(errors) : [];
	const paths = [
		...entries.slice(0, MAX_ENTRIES).map((entry) => pathOf(entry, names)),
		...byName.slice(0, MAX_ENTRIES).map((name) => names.field(name)),
	];
	return [...new Set(paths)].filter((path) => path !== '').slice(0, MAX_ENTRIES);
}

/** In an error, in a list of errors, in a body. */
const MAX_LEVELS = 4;

function wordsIn(value: unknown, levels = MAX_LEVELS): string[] {
	if (typeof value === 'string') return [value];
	if (levels === 0) return [];
	const inside = (one: unknown): string[] => wordsIn(one, levels - 1);
	if (Array.isArray(value)) return value.slice(0, 3).flatMap(inside);
	if (!isRecord(value)) return [];
	const { message, error, errors, detail, code } = value;
	const [said = []] = [message, error, errors, detail, code]
		.map(inside)
		.filter((words) => words.length > 0);
	return said;
}

const isSomething = (value: unknown): boolean =>
	value === true || (Array.isArray(value) ? value.length > 0 : wordsIn(value).join('') !== '');

/**
 * What a service says of an error in a body whose status is that of a success.
 * @returns undefined if it says nothing of one
 */
export function errorIn(body: unknown, names: Names): string | undefined {
	if (!isRecord(body)) return undefined;
	const { success, ok, status, error, errors } = body;
	const isError =
		success === false ||
		ok === false ||
		status === 'error' ||
		status === 'fail' ||
		isRecord(error) ||
		isSomething(error) ||
		isRecord(errors) ||
		isSomething(errors);
	return isError
		? wordsIn(body)
				.map((words) => names.words(words))
				.join('; ')
		: undefined;
}
