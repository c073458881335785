import * as z from 'zod/v4-mini';

import { holdsKey, looksSecret } from './secret';
import { oneLine, spaced } from './text';

/**
 * A parameter that can't be used. `message` names it and says what is wrong, `description` what to
 * do next.
 */
export class ParameterError extends Error {
	override readonly name = 'ParameterError';

	constructor(
		/** Its name in the editor. */
		readonly parameter: string,
		complaint: string,
		readonly description: string,
	) {
		super(`${parameter}: ${complaint}`);
	}
}

const SHOWN_CHARACTERS = 60;

/** A longer value isn't shown at all: a secret can be anywhere in it, and searching takes time. */
const MAX_QUOTED_CHARACTERS = 2_000;

function textOf(value: unknown): string {
	if (typeof value !== 'object') return String(value);
	try {
		return JSON.stringify(value);
	} catch {
		return 'object';
	}
}

/** A value for a message: short, on one line, and never a secret. */
export function quote(value: unknown): string {
	const text = textOf(value);
	if (text.length > MAX_QUOTED_CHARACTERS) {
		return `the value (${text.length} characters, so it is not shown)`;
	}
	if (looksSecret(text)) {
		return 'the value (which looks like a secret, so it is not shown)';
	}
	const line = spaced(text);
	return `"${line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 3)}…` : line}"`;
}

const SHOWN = /^(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}\p{P}\p{S}]$/u;

/**
 * Names the first character that is neither ASCII nor white space: one that nobody sees, or that
 * looks like another one. Chat apps and word processors put them in.
 * @returns undefined if there is none
 */
export function findForeignCharacter(text: string): string | undefined {
	// JavaScript counts the byte order mark as white space.
	const character = /\ufeff|[^\x20-\x7e\s]/u.exec(text)?.[0];
	if (character === undefined) return undefined;
	const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
	return SHOWN.test(character)
		? `the character "${character}" (U+${code})`
		: `an invisible character (U+${code})`;
}

/**
 * Reads a value that an expression may have given.
 * @param complaint what is wrong with a value of another shape, after its quote
 * @throws ParameterError with the complaint and the advice
 */
function readAs<Value>(
	shape: z.ZodMiniType<Value>,
	parameter: string,
	value: unknown,
	[complaint, advice]: [complaint: string, advice: string],
): Value {
	const { success, data } = z.safeParse(shape, value);
	if (success) return data;
	throw new ParameterError(parameter, `${quote(value)} ${complaint}`, advice);
}

const optionalText = z.pipe(
	z.nullish(z.union([z.string(), z.number(), z.date()])),
	z.transform((value) =>
		value instanceof Date ? value.toISOString() : String(value ?? '').trim(),
	),
);

/** Optional text, trimmed; empty where there is none. @throws ParameterError where it isn't text */
export function readText(parameter: string, value: unknown): string {
	return readAs(optionalText, parameter, value, ['is not text.', 'Enter text.']);
}

/** @throws ParameterError where nothing of the text can be seen, or it isn't text */
export function requireText(parameter: string, value: unknown): string {
	const text = readText(parameter, value);
	if (oneLine(text) !== '') return text;
	throw new ParameterError(parameter, 'is empty.', `Fill in ${parameter}.`);
}

/** @throws ParameterError for a text that isn't sent. @param isSecret whether it's one */
export function rejectKey(parameter: string, text: string, isSecret = holdsKey): void {
	if (!isSecret(text)) return;
	throw new ParameterError(
		parameter,
		'contains something that looks like a key, so it is not sent.',
		'Put a secret only into its own field. n8n has stored this one: remove it here, and replace ' +
			"the key. If it isn't a secret, such as the hash of a transaction, shorten it.",
	);
}

/**
 * Text that others see, such as a name. A key that was pasted there must not be sent.
 * @throws ParameterError where it has a key in it, or isn't text
 */
export function readPublicText(parameter: string, value: unknown): string {
	const text = readText(parameter, value);
	rejectKey(parameter, text);
	return text;
}

/** The same for a field that can't be empty. @throws ParameterError where it is */
export function requirePublicText(parameter: string, value: unknown): string {
	return requireText(parameter, readPublicText(parameter, value));
}

/**
 * An expression that can't be evaluated, such as one with a TypeError, gives undefined in n8n, and
 * says nothing about it. A filter must not let everything through then.
 * @throws ParameterError where a field that is there has no value; empty text is one
 */
export function rejectNothing(parameter: string, value: unknown): void {
	if (value !== undefined && value !== null) return;
	throw new ParameterError(
		parameter,
		'the expression gives no value.',
		'Correct the expression: n8n gives no value if it names a field that is missing, or uses ' +
			'text as a date. To leave the field unset, remove it, or let the expression give empty text.',
	);
}

/**
 * What expressions leave of a list if they give nothing: commas, white space, or entries of those.
 * Empty text is how a person leaves a field unset.
 * @param value of a list in which nothing was found
 * @throws ParameterError where it isn't unset
 */
export function rejectBlank(parameter: string, value: unknown): void {
	if ((value ?? '') === '') return;
	throw new ParameterError(
		parameter,
		`${quote(value)} has no entries.`,
		'Correct the expression, or leave the field empty.',
	);
}

/** The value of a resource locator, or the value itself where it stands alone. */
export function valueOf(locator: unknown): unknown {
	return typeof locator === 'object' && locator !== null && 'value' in locator
		? locator.value
		: locator;
}

const anyText = z.string();

const texts = z.array(anyText);

/** Room for every status there may ever be. */
const MAX_WORD_CHARACTERS = 10_000;

const LIST_ADVICE = 'Use a list of texts, or one text with commas between the words.';

/** Undefined where text isn't JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** The entries of a list that an expression gave as JSON text, or the text itself. */
function unpack(parameter: string, text: string): string {
	if (!text.trim().startsWith('[')) return text;
	const { success, data } = z.safeParse(texts, parseJson(text));
	if (success) return data.join();
	throw new ParameterError(
		parameter,
		`${quote(text)} looks like a list, but isn't one of texts in JSON.`,
		LIST_ADVICE,
	);
}

/**
 * Reads words: a list of texts, JSON text of one, or text with commas or white space between the
 * words; none where there is no value.
 * @throws ParameterError for an entry that isn't text, or where only commas or white space are left
 */
export function readWords(parameter: string, value: unknown): string[] {
	const entries: unknown[] = Array.isArray(value) ? value : [value ?? ''];
	const given = entries.map((entry) =>
		readAs(anyText, parameter, entry, ['is not text.', LIST_ADVICE]),
	);
	if (given.join().length < MAX_WORD_CHARACTERS) {
		const text = given.map((entry) => unpack(parameter, entry)).join();
		const words = text.split(/[\s,]+/).filter((word) => word !== '');
		if (words.length === 0 && entries.length > 0) rejectBlank(parameter, value);
		return words;
	}
	throw new ParameterError(
		parameter,
		`has more than ${MAX_WORD_CHARACTERS} characters.`,
		'List only the ones you want.',
	);
}

/** Digits as text have a bound: a longer number isn't held exactly. */
const count = z.union([
	z.int(),
	z.pipe(z.string().check(z.trim(), z.regex(/^\d{1,15}$/)), z.transform(Number)),
]);

/** A whole number, given as such or as its digits; undefined for everything else. */
export function readCount(value: unknown): number | undefined {
	return z.safeParse(count, value).data;
}

/**
 * A whole number in a range; undefined where it isn't set.
 * @param otherwise what a user can do instead
 * @throws ParameterError for any other value
 */
export function readWholeNumber(
	parameter: string,
	value: unknown,
	[min, max]: readonly [min: number, max: number],
	otherwise: string,
): number | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	const number = readCount(value);
	if (number !== undefined && number >= min && number <= max) return number;
	throw new ParameterError(
		parameter,
		`${quote(value)} isn't a whole number from ${min} to ${max}.`,
		`Enter a whole number from ${min} to ${max}, or ${otherwise}.`,
	);
}

/** Letter case doesn't matter: a spreadsheet writes TRUE and FALSE. */
const flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]);

/** A switch, which an expression may give as text; undefined where it isn't set. */
export function readSwitch(parameter: string, value: unknown): boolean | undefined {
	const given = typeof value === 'string' ? value.trim() : value;
	if (given === undefined || given === null || given === '') return undefined;
	return readAs(flag, parameter, given, [
		'is neither true nor false.',
		'Use the switch, or an expression that returns true or false.',
	]);
}

/**
 * One of several values, in any letter case, and with white space around it.
 * @param fallback for an empty text, such as an empty cell gives: the field isn't set
 * @throws ParameterError where it is another
 */
export function readChoice<Choice extends string>(
	parameter: string,
	value: unknown,
	choices: readonly Choice[],
	fallback?: Choice,
): Choice {
	const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
	if (fallback !== undefined && word === '') return fallback;
	const chosen = choices.find((choice) => choice.toLowerCase() === word);
	if (chosen !== undefined) return chosen;
	throw new ParameterError(
		parameter,
		`${quote(value)} is not an option.`,
		`Use one of: ${choices.join(', ')}.`,
	);
}
