import {
	ParameterError,
	findForeignCharacter,
	quote,
	rejectKey,
	requirePublicText,
	requireText,
} from './parameter';
import { isKey } from './secret';

/** Longer than any id or header name. */
const MAX_CHARACTERS = 500;

/** Longer than any token: it can be a JWT. */
const MAX_TOKEN_CHARACTERS = 4_096;

/** What most servers accept. */
const MAX_VALUE_CHARACTERS = 8_192;

/** Whether text can be a part of a path: one that is neither empty nor a step in it. */
export function isSegment(text: string): boolean {
	return text !== '' && text !== '.' && text !== '..' && text.length <= MAX_TOKEN_CHARACTERS;
}

function isShortSegment(text: string): boolean {
	return isSegment(text) && text.length <= MAX_CHARACTERS;
}

const IDENTIFIER = /^[\w.~:=+-]+$/;

/** Base64 has slashes. */
const TOKEN = /^[\w.~:=+/-]+$/;

const LINK_OR_STEP = /:\/\/|(?:^|\/)\.{1,2}(?:\/|$)/;

/** Whether text can be a token, whatever it's made of: neither a link nor steps in a path. */
export function isToken(text: string): boolean {
	return isSegment(text) && TOKEN.test(text) && !LINK_OR_STEP.test(text);
}

const OTHERWISE = 'Copy it again, whole and alone, from the step that returned it.';

/** The letters of an HTTP token (RFC 9110). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** @throws ParameterError always, for text that is too long or has the complaint */
function reject(
	parameter: string,
	text: string,
	maxLength: number,
	[complaint, advice]: [complaint: string, advice: string],
): never {
	const isLong = text.length > maxLength;
	throw new ParameterError(
		parameter,
		isLong ? `is too long (${text.length} characters).` : complaint,
		advice,
	);
}

/**
 * Reads a token that the service made up.
 * @throws ParameterError if it isn't valid
 */
export function parseToken(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	rejectKey(parameter, text, isKey);
	if (isToken(text)) return text;
	reject(parameter, text, MAX_TOKEN_CHARACTERS, [`${quote(text)} isn't a valid token.`, OTHERWISE]);
}

/**
 * Reads an id that the service made up.
 * @throws ParameterError if it isn't valid
 */
export function parseIdentifier(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	rejectKey(parameter, text, isKey);
	if (isShortSegment(text) && IDENTIFIER.test(text)) return text;
	const foreign = findForeignCharacter(text);
	reject(parameter, text, MAX_CHARACTERS, [
		foreign ? `has ${foreign}, which no ID has.` : `${quote(text)} isn't a valid ID.`,
		OTHERWISE,
	]);
}

/** Reads the name of an HTTP header. @throws ParameterError if it isn't valid */
export function parseHeaderName(parameter: string, value: unknown): string {
	const text = requirePublicText(parameter, value);
	if (isShortSegment(text) && HEADER_NAME.test(text)) return text;
	const foreign = findForeignCharacter(text);
	reject(parameter, text, MAX_CHARACTERS, [
		foreign ? `has ${foreign}, which no name has.` : `${quote(text)} is not the name of a header.`,
		'Enter only the name, such as X-Api-Key: letters, digits and hyphens.',
	]);
}

/**
 * Reads the value of an HTTP header. It is a secret, so no message shows it.
 * @throws ParameterError if it isn't valid
 */
export function parseHeaderValue(parameter: string, value: unknown): string {
	const text = requireText(parameter, value);
	if (text.length <= MAX_VALUE_CHARACTERS && !NOT_IN_VALUE.test(text)) return text;
	reject(parameter, text, MAX_VALUE_CHARACTERS, [
		'has a character that no header can have, such as a line break.',
		'Copy it again, whole and alone.',
	]);
}
