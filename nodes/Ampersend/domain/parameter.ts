/**
 * A parameter that cannot be used as it is. `message` names the parameter and says what is wrong
 * with it, `description` what to do next. Thrown before anything is sent.
 */
export class ParameterError extends Error {
	override readonly name = 'ParameterError';

	constructor(
		/** The parameter's name as the editor shows it. */
		readonly parameter: string,
		complaint: string,
		readonly description: string,
	) {
		super(`${parameter}: ${complaint}`);
	}
}

const SHOWN_CHARACTERS = 60;

/**
 * Of a longer value nothing is shown: a secret may stand anywhere in it, and to look takes time.
 */
const MOST_QUOTED_CHARACTERS = 2_000;

/**
 * An API key, or more hexadecimal digits than an address has: what is left of a private key that
 * was pasted where an address belongs.
 */
const SECRET = /sk_(live|test)_|[0-9a-f]{43}/i;

/** Words alone, as many as a recovery phrase has. */
function isRecoveryPhrase(text: string): boolean {
	const words = text.trim().split(/\s+/);
	return words.length >= 12 && words.every((word) => /^[a-z]+$/i.test(word));
}

/** Broken lines do not hide a secret. @param text of bounded length */
export function looksSecret(text: string): boolean {
	return SECRET.test(text.replace(/\s+/g, '')) || isRecoveryPhrase(text);
}

function textOf(value: unknown): string {
	if (typeof value !== 'object') return String(value);
	try {
		return JSON.stringify(value);
	} catch {
		return 'object';
	}
}

/** A value as it may stand in a message: short, on one line, and never a secret. */
export function quote(value: unknown): string {
	const text = textOf(value);
	if (text.length > MOST_QUOTED_CHARACTERS) {
		return `the value (${text.length} characters, so it is not shown)`;
	}
	if (looksSecret(text)) {
		return 'the value (which looks like a secret, so it is not shown)';
	}
	const line = text.replace(/\s+/g, ' ');
	return `"${line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 3)}…` : line}"`;
}

/**
 * Reads optional text, trimmed; empty where there is none.
 * @throws ParameterError where an expression gave something else
 */
export function readText(parameter: string, value: unknown): string {
	if (value === undefined || value === null) return '';
	if (typeof value === 'string' || typeof value === 'number') return String(value).trim();
	throw new ParameterError(parameter, `${quote(value)} is not text.`, 'Give one text.');
}

/** @throws ParameterError where the trimmed text is empty, or is no text */
export function requireText(parameter: string, value: unknown): string {
	const text = readText(parameter, value);
	if (text === '') {
		throw new ParameterError(parameter, 'is empty.', `Fill in ${parameter}.`);
	}
	return text;
}

/** Room for every status there may ever be. */
const MOST_WORD_CHARACTERS = 10_000;

/**
 * Reads words: a list of texts, or text with commas or white space between them; none where there
 * is no value.
 * @throws ParameterError for an entry that is no text
 */
export function readWords(parameter: string, value: unknown): string[] {
	const entries: unknown[] = Array.isArray(value) ? value : [value ?? ''];
	let characters = 0;
	const words = entries.flatMap((entry) => {
		if (typeof entry !== 'string') {
			throw new ParameterError(
				parameter,
				`${quote(entry)} is not text.`,
				'Give a list of texts, or one text with commas between the words.',
			);
		}
		characters += entry.length + 1;
		if (characters > MOST_WORD_CHARACTERS) {
			throw new ParameterError(
				parameter,
				`holds more than ${MOST_WORD_CHARACTERS} characters.`,
				'Name only those that you want.',
			);
		}
		return entry.split(/[\s,]+/);
	});
	return words.filter((word) => word !== '');
}

/** Whole numbers that every number holds exactly have fewer digits. */
const COUNT = /^\d{1,15}$/;

/** A whole number, given as such or as its digits; undefined for everything else. */
export function readCount(value: unknown): number | undefined {
	if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
	if (typeof value !== 'string') return undefined;
	const text = value.trim();
	return COUNT.test(text) ? Number(text) : undefined;
}

/**
 * Reads a switch, which an expression may give as text.
 * @returns undefined where it is not set
 */
export function readSwitch(parameter: string, value: unknown): boolean | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	if (value === true || value === 'true') return true;
	if (value === false || value === 'false') return false;
	throw new ParameterError(
		parameter,
		`${quote(value)} is neither true nor false.`,
		'Use the switch, or an expression that gives true or false.',
	);
}

/**
 * Reads a choice that an expression may have given.
 * @throws ParameterError for a value that is not among the choices
 */
export function readChoice<Choice extends string>(
	parameter: string,
	value: unknown,
	choices: readonly Choice[],
): Choice {
	const choice = choices.find((one) => one === value);
	if (choice !== undefined) return choice;
	throw new ParameterError(
		parameter,
		`${quote(value)} is unknown.`,
		`Use one of: ${choices.join(', ')}.`,
	);
}
