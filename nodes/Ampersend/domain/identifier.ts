import { ParameterError, findForeignCharacter, quote, requireText } from './parameter';

/** Longer than any id, token or header name. */
const MOST_CHARACTERS = 500;

/** What most servers accept. */
const MOST_VALUE_CHARACTERS = 8_192;

/** Whether text can be a part of a path: one that is neither empty nor a step in it. */
export function isSegment(text: string): boolean {
	return text !== '' && text !== '.' && text !== '..' && text.length <= MOST_CHARACTERS;
}

const IDENTIFIER = /^[\w.~:=+-]+$/;

/** The letters of an HTTP token (RFC 9110). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** @throws ParameterError always, for text that is too long or has the complaint */
function reject(
	parameter: string,
	text: string,
	most: number,
	[complaint, advice]: [complaint: string, advice: string],
): never {
	const isLong = text.length > most;
	throw new ParameterError(
		parameter,
		isLong ? `is too long (${text.length} characters).` : complaint,
		advice,
	);
}

/**
 * Reads an id or a token that the service made up.
 * @throws ParameterError where it can't be one
 */
export function parseIdentifier(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (isSegment(text) && IDENTIFIER.test(text)) return text;
	const foreign = findForeignCharacter(text);
	reject(parameter, text, MOST_CHARACTERS, [
		foreign ? `has ${foreign}, which none has.` : `${quote(text)} can't be one.`,
		'Copy it again, whole and alone, from the step that returned it.',
	]);
}

/** Reads the name of an HTTP header. @throws ParameterError where it can't be one */
export function parseHeaderName(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (isSegment(text) && HEADER_NAME.test(text)) return text;
	const foreign = findForeignCharacter(text);
	reject(parameter, text, MOST_CHARACTERS, [
		foreign ? `has ${foreign}, which no name has.` : `${quote(text)} is not the name of a header.`,
		'Enter only the name, such as X-Api-Key: letters, digits and hyphens.',
	]);
}

/**
 * Reads the value of an HTTP header. It is a secret, so no message shows it.
 * @throws ParameterError where it can't be one
 */
export function parseHeaderValue(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (text.length <= MOST_VALUE_CHARACTERS && !NOT_IN_VALUE.test(text)) return text;
	reject(parameter, text, MOST_VALUE_CHARACTERS, [
		'has a character that no header can have, such as a line break.',
		'Copy it again, whole and alone.',
	]);
}
