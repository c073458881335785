import { stringify } from 'csv-stringify/sync';

/** The formats of an exported file. */
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
 * What a spreadsheet may run as a formula. Before one, it drops white space and invisible
 * characters, and some spreadsheets take full-width signs for plain ones. For others, a leading tab
 * or CR is enough.
 */
const FORMULA = /^(?:[\t\r]|[\s\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

/**
 * CSV with a header and CRLF line ends (RFC 4180), in the given columns. A text that a spreadsheet
 * would run as a formula gets a leading apostrophe: names come from others.
 */
function encodeCsv(rows: object[], columns: readonly string[]): string {
	return stringify(rows, {
		header: true,
		columns: [...columns],
		record_delimiter: 'windows',
		// By default the encoder quotes CRLF, but not a CR or an LF alone.
		quoted_match: /[\r\n]/,
		cast: { string: (value) => (FORMULA.test(value) ? `'${value}` : value) },
	});
}

/**
 * Below the 255 bytes that most file systems allow, with room for what programs add ("… (1)",
 * ".part").
 */
const MOST_NAME_BYTES = 200;
const MOST_ENDING_CHARACTERS = 16;

/**
 * Control characters, lone surrogates, line and paragraph separators, and marks that change the
 * direction of writing.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Windows doesn't allow these in a name. Some also mean something in a URL or a shell. */
const RESERVED = /[<>:"|?*]/g;

/** Device names on Windows, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d) *(?:\.|$)/i;

const encoder = new TextEncoder();

/** The start of a text: as many whole characters as fit. */
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

/** Windows drops a dot or a space at the end. Elsewhere a leading dot hides the file. */
function withoutOuterDots(text: string): string {
	let name = text;
	while (/^[\s.]/.test(name)) name = name.slice(1);
	while (/[\s.]$/.test(name)) name = name.slice(0, -1);
	return name;
}

/** Where a name's extension starts; its length if it has none. */
function endingOf(name: string): number {
	const dot = name.lastIndexOf('.');
	return dot > 0 && name.length - dot <= MOST_ENDING_CHARACTERS ? dot : name.length;
}

/**
 * A name that is safe as a file name on every system: no path, no device, no invisible characters,
 * not hidden. Its extension is kept.
 * @returns an empty text if nothing is left of it
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
