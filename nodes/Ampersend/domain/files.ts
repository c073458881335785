import { stringify } from 'csv-stringify/sync';

/** The formats that an export can be written in. */
export const fileFormats = {
	csv: {
		name: 'CSV',
		description: 'One row per line, with a header. For spreadsheets and accounting.',
		extension: 'csv',
		mimeType: 'text/csv',
		encode: encodeCsv,
	},
	json: {
		name: 'JSON',
		description: 'One list of objects',
		extension: 'json',
		mimeType: 'application/json',
		encode: (rows: object[]) => `${JSON.stringify(rows)}\n`,
	},
	jsonl: {
		name: 'JSON Lines',
		description: 'One object per line. For databases and large files.',
		extension: 'jsonl',
		mimeType: 'application/x-ndjson',
		encode: (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
	},
} as const;

export type FileFormat = keyof typeof fileFormats;

/**
 * What a spreadsheet may run: it drops white space and characters without a shape before a formula,
 * and some take the full-width signs for the plain ones. A tab or CR in front is enough for others.
 */
const FORMULA = /^(?:[\t\r]|[\s\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

/**
 * CSV with a header and CRLF line ends (RFC 4180), in the given columns. A text that a spreadsheet
 * would run as a formula is prefixed with an apostrophe: names come from elsewhere.
 */
function encodeCsv(rows: object[], columns: readonly string[]): string {
	return stringify(rows, {
		header: true,
		columns: [...columns],
		record_delimiter: 'windows',
		// By itself the encoder quotes CRLF, and neither of the two alone.
		quoted_match: /[\r\n]/,
		cast: { string: (value) => (FORMULA.test(value) ? `'${value}` : value) },
	});
}

/**
 * Below the 255 bytes of most file systems, with room for what a program adds ("… (1)", ".part").
 */
const MOST_NAME_BYTES = 200;
const MOST_ENDING_CHARACTERS = 16;

/**
 * Control characters, halves of characters, line ends, and marks that turn the direction of
 * writing.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Not allowed in a name on Windows; a URL and a shell read some of them as well. */
const RESERVED = /[<>:"|?*]/g;

/** Devices on Windows, whatever ending follows. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d) *(?:\.|$)/i;

const encoder = new TextEncoder();

/** The beginning of a text, as many whole characters of it as fit. */
function cutToBytes(text: string, most: number): string {
	let bytes = 0;
	let cut = '';
	for (const character of text) {
		bytes += encoder.encode(character).length;
		if (bytes > most) break;
		cut += character;
	}
	return cut;
}

/** Windows drops a dot or a space at the end; a dot in front hides the file elsewhere. */
function withoutOuterDots(text: string): string {
	let name = text;
	while (/^[\s.]/.test(name)) name = name.slice(1);
	while (/[\s.]$/.test(name)) name = name.slice(0, -1);
	return name;
}

/** Where the ending of a name begins; its end where it has none. */
function endingOf(name: string): number {
	const dot = name.lastIndexOf('.');
	return dot > 0 && name.length - dot <= MOST_ENDING_CHARACTERS ? dot : name.length;
}

/**
 * A name that is a file's name on every system and nothing else: no path, no device, nothing
 * unseen, not hidden. Its ending is kept.
 * @returns empty where nothing of the text can be a name
 */
export function safeFileName(text: string): string {
	const given = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
	const short =
		given.slice(0, Math.min(endingOf(given), MOST_NAME_BYTES)) + given.slice(endingOf(given));
	const name = withoutOuterDots(short.replace(UNSEEN, '').replace(RESERVED, '_'));
	const ending = name.slice(endingOf(name));
	const most = MOST_NAME_BYTES - encoder.encode(ending).length;
	const whole = withoutOuterDots(cutToBytes(name.slice(0, endingOf(name)), most) + ending);
	return DEVICE.test(whole) ? `_${whole}` : whole;
}
