import { ParameterError, quote, requireText } from './parameter';

/** Longer than any id, token or header name. */
const MOST_CHARACTERS = 500;

/** Whether text can be a part of a path: one that is neither empty nor a step in it. */
export function isSegment(text: string): boolean {
	return text !== '' && text !== '.' && text !== '..' && text.length <= MOST_CHARACTERS;
}

/**
 * Reads an id or a token that the service made up.
 * @throws ParameterError where it can't be one
 */
export function parseIdentifier(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (isSegment(text) && /^[\w.~:=+-]+$/.test(text)) return text;
	throw new ParameterError(
		parameter,
		text.length > MOST_CHARACTERS
			? `is too long (${text.length} characters).`
			: `${quote(text)} can't be one.`,
		'Copy it again, whole and alone, from the step that returned it.',
	);
}

/** What most servers accept. */
const MOST_VALUE_CHARACTERS = 8_192;

/** The letters of an HTTP token (RFC 9110). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads the name of an HTTP header. @throws ParameterError where it can't be one */
export function parseHeaderName(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (isSegment(text) && HEADER_NAME.test(text)) return text;
	throw new ParameterError(
		parameter,
		text.length > MOST_CHARACTERS
			? `is too long (${text.length} characters).`
			: `${quote(text)} is not the name of a header.`,
		'Enter only the name, such as X-Api-Key: letters, digits and hyphens.',
	);
}

/**
 * Reads the value of an HTTP header. It is a secret, so no message shows it.
 * @throws ParameterError where it can't be one
 */
export function parseHeaderValue(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (text.length <= MOST_VALUE_CHARACTERS && !/[^\t\x20-\x7e\x80-\xff]/.test(text)) return text;
	throw new ParameterError(
		parameter,
		text.length > MOST_VALUE_CHARACTERS
			? `is too long (${text.length} characters).`
			: 'has a character that no header can have, such as a line break.',
		'Copy it again, whole and alone.',
	);
}
