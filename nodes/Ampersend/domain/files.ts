import { stringify } from 'csv-stringify/sync';

/** The formats that an export can be written in. */
export const fileFormats = {
	csv: {
		name: 'CSV',
		description: 'One row a line, with a header: for spreadsheets and accounting',
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
		description: 'One object a line: for databases and large files',
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
