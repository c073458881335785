import { stringify } from 'csv-stringify/sync';

/** How the rows of a file are written. */
export interface FileLayout {
	/** Columns of a CSV file, and the only fields of other formats if `isSelection`; in order. */
	columns: readonly string[];
	/** What a CSV file calls its columns; their names if absent. */
	headings?: readonly string[];
	isSelection: boolean;
	/** Between the fields of a CSV file. */
	delimiter: string;
	/** Whether a CSV file starts with a byte order mark. */
	byteOrderMark: boolean;
	/** What a CSV file has before the decimals of an amount. */
	decimalSeparator: '.' | ',';
}

/** How a file gets at what its rows have. */
export interface RowReader<Row> {
	whole(row: Row): object;
	/** Reads one column. `record` counts the records of a row, from 0. */
	column(name: string): (row: Row, record: number) => unknown;
	/** Whether a column has amounts. */
	isAmount(name: string): boolean;
	/** Whether a column has null, or texts that start with a letter or digit and need no quotes. */
	isPlain?(name: string): boolean;
	/** How many records a row has in a CSV file; absent for one. */
	recordsOf?(row: Row): number;
}

/** The parts of a file, as text. */
interface Encoder<Row> {
	head: string;
	encode(rows: Row[]): string;
	/** Between two batches of rows. */
	between: string;
	tail: string;
}

/** The formats of an exported file. */
export const fileFormats = {
	csv: {
		name: 'CSV',
		description: 'One row per line, with a header. For spreadsheets and accounting.',
		extension: 'csv',
		mimeType: 'text/csv',
		encoder: csvEncoder,
	},
	json: {
		name: 'JSON',
		description: 'One list of objects',
		extension: 'json',
		mimeType: 'application/json',
		encoder: <Row>(layout: FileLayout, reader: RowReader<Row>): Encoder<Row> => ({
			head: '[',
			encode: (rows) => linesOf(rows, layout, reader).join(','),
			between: ',',
			tail: ']\n',
		}),
	},
	jsonl: {
		name: 'JSON Lines',
		description: 'One object per line. For databases and large files.',
		extension: 'jsonl',
		mimeType: 'application/x-ndjson',
		encoder: <Row>(layout: FileLayout, reader: RowReader<Row>): Encoder<Row> => ({
			head: '',
			encode: (rows) =>
				linesOf(rows, layout, reader)
					.map((line) => `${line}\n`)
					.join(''),
			between: '',
			tail: '',
		}),
	},
} as const;

export type FileFormat = keyof typeof fileFormats;

function linesOf<Row>(
	rows: Row[],
	{ columns, isSelection }: FileLayout,
	{ whole }: RowReader<Row>,
): string[] {
	const selected = isSelection ? [...columns] : null;
	return rows.map((row) => JSON.stringify(whole(row), selected));
}

/**
 * What a spreadsheet may run as a formula. Before one, it drops white space and invisible
 * characters, and some spreadsheets take full-width signs for plain ones. For others, a leading tab
 * or CR is enough.
 */
const FORMULA = /^(?:[\t\r]|[\s\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

/** Where a spreadsheet may start a cell, whatever the delimiter of the file. */
const CELL_END = /([,;|\t\r\n])/;

/** What starts a formula there. It may drop quotes that it takes for those of a field. */
const FORMULA_IN_CELL = /^[\s\p{C}"]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** An apostrophe makes a text of what a spreadsheet would run as a formula. */
function withoutFormulas(text: string): string {
	const [first = '', ...others] = text.split(CELL_END);
	const safe = others.map((cell) => (FORMULA_IN_CELL.test(cell) ? `'${cell}` : cell));
	return (FORMULA.test(text) ? "'" : '') + first + safe.join('');
}

const LINE_END = '\r\n';

/** Fields to remember. */
const MAX_ENCODED = 1000;

/** A text that starts with a letter or digit and has no delimiter, quote or line break. */
const PLAIN = /^[\da-z][^",;|\t\r\n]*$/i;

/** Quotes a text with a formula behind a delimiter, as it does for the file's own delimiter. */
function toSafeText(text: string) {
	const value = withoutFormulas(text);
	return value !== text && CELL_END.test(text) ? { value, quoted: true } : value;
}

/** An amount needs no look for formulas: it's digits, with a minus for what was spent. */
function encodeAmount(amount: unknown, { decimalSeparator, delimiter }: FileLayout): string {
	const text = String(amount ?? '').replace('.', decimalSeparator);
	return text.includes(delimiter) ? `"${text}"` : text;
}

/**
 * CSV with a header and CRLF line ends (RFC 4180), in the given columns. A text that a spreadsheet
 * would run as a formula gets apostrophes: names come from others.
 */
function csvEncoder<Row>(layout: FileLayout, reader: RowReader<Row>): Encoder<Row> {
	const { columns, headings = columns, delimiter, byteOrderMark } = layout;
	const { column, isAmount, isPlain = () => false, recordsOf = () => 1 } = reader;
	const options = {
		delimiter,
		record_delimiter: 'windows',
		// By default the encoder quotes CRLF, but not a CR or an LF alone.
		quoted_match: /[\r\n]/,
		cast: { string: toSafeText },
	} as const;
	// Most texts need nothing of what the library does, and names come again and again. A file can
	// have millions of fields.
	const encoded = new Map<unknown, string>();
	// Nothing in the only column of a file is quoted: many readers leave out an empty line.
	const nothing = columns.length === 1 ? '""' : '';
	const encodeField = (value: unknown): string => {
		if (value === null || value === undefined) return nothing;
		if (typeof value === 'string' && PLAIN.test(value)) return value;
		const before = encoded.get(value);
		if (before !== undefined) return before;
		const field = stringify([[value]], options).slice(0, -LINE_END.length);
		if (encoded.size < MAX_ENCODED) encoded.set(value, field);
		return field;
	};
	const encoders = columns.map((name): ((row: Row, record: number) => string) => {
		const read = column(name);
		if (isAmount(name)) return (row, record) => encodeAmount(read(row, record), layout);
		if (isPlain(name)) return (row, record) => (read(row, record) as string | null) ?? nothing;
		// Many columns have the same again.
		let latest: unknown;
		let field = nothing;
		return (row, record) => {
			const value = read(row, record);
			if (value !== latest) field = encodeField((latest = value));
			return field;
		};
	});
	// Joined once per line: Node.js takes long to write a text that was put together of small parts.
	const encodeRows = (rows: Row[]): string => {
		const lines: string[] = [];
		for (const row of rows) {
			const records = recordsOf(row);
			for (let record = 0; record < records; record++) {
				lines.push(encoders.map((encode) => encode(row, record)).join(delimiter) + LINE_END);
			}
		}
		return lines.join('');
	};
	return {
		head: (byteOrderMark ? '\ufeff' : '') + stringify([headings], options),
		encode: encodeRows,
		between: '',
		tail: '',
	};
}

/** Batches in reverse order. Holds the file in memory until it has the last one. */
async function* reversed<Row>(
	batches: AsyncIterable<Row[]>,
	encode: (rows: Row[]) => string,
): AsyncGenerator<string> {
	const parts: Buffer[] = [];
	for await (const rows of batches) parts.push(Buffer.from(encode(rows.toReversed())));
	for (const part of parts.reverse()) yield part.toString();
}

async function* inOrder<Row>(
	batches: AsyncIterable<Row[]>,
	encode: (rows: Row[]) => string,
): AsyncGenerator<string> {
	for await (const rows of batches) yield encode(rows);
}

/** Batches with the last row first. Holds all of them in memory. */
export async function* lastFirst<Row>(batches: AsyncIterable<Row[]>): AsyncGenerator<Row[]> {
	const all: Row[][] = [];
	for await (const rows of batches) all.push(rows);
	for (const rows of all.reverse()) yield rows.toReversed();
}

/** Rows of several files: each is read when the one before it has ended. */
class Divided<Row> {
	private rest: Row[] = [];

	constructor(private readonly batches: AsyncIterator<Row[]>) {}

	/** Whether there are more rows. */
	async hasMore(): Promise<boolean> {
		if (this.rest.length > 0) return true;
		const { done, value } = await this.batches.next();
		this.rest = done ? [] : value;
		return this.rest.length > 0;
	}

	async *take(maxRows: number): AsyncGenerator<Row[]> {
		for (let left = maxRows; left > 0 && (await this.hasMore()); ) {
			const rows = this.rest.slice(0, left);
			this.rest = this.rest.slice(left);
			left -= rows.length;
			yield rows;
		}
	}
}

/** Divides rows among files with at most so many each. There is always one. */
export async function* divide<Row>(
	batches: AsyncGenerator<Row[]>,
	maxRows: number,
): AsyncGenerator<AsyncGenerator<Row[]>> {
	const divided = new Divided(batches);
	try {
		do yield divided.take(maxRows);
		while (await divided.hasMore());
	} finally {
		await batches.return(undefined);
	}
}

/** Each part is written on its own. */
const PART_CHARACTERS = 256 * 1024;

/**
 * Encodes a file in UTF-8, part by part.
 * @param batches of at least one row
 * @param isReversed whether the last row comes first
 */
export async function* encodeFile<Row>(
	format: FileFormat,
	layout: FileLayout,
	batches: AsyncIterable<Row[]>,
	reader: RowReader<Row>,
	isReversed: boolean,
): AsyncGenerator<Buffer> {
	const { head, encode, between, tail } = fileFormats[format].encoder(layout, reader);
	let text = head;
	let separator = '';
	for await (const rows of (isReversed ? reversed : inOrder)(batches, encode)) {
		text += separator + rows;
		separator = between;
		if (text.length < PART_CHARACTERS) continue;
		yield Buffer.from(text);
		text = '';
	}
	yield Buffer.from(text + tail);
}

/**
 * Below the 255 bytes that most file systems allow, with room for what programs add ("… (1)",
 * ".part").
 */
const MAX_NAME_BYTES = 200;
const MAX_ENDING_CHARACTERS = 16;

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
function cutToBytes(text: string, maxBytes: number): string {
	let bytes = 0;
	let cut = '';
	for (const character of text) {
		bytes += encoder.encode(character).length;
		if (bytes > maxBytes) break;
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
	return dot > 0 && name.length - dot <= MAX_ENDING_CHARACTERS ? dot : name.length;
}

/**
 * A name that is safe as a file name on every system: no path, no device, no invisible characters,
 * not hidden. Its extension is kept.
 * @returns an empty text if nothing is left of it
 */
export function safeFileName(text: string): string {
	const given = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
	const short =
		given.slice(0, Math.min(endingOf(given), MAX_NAME_BYTES)) + given.slice(endingOf(given));
	const name = withoutOuterDots(short.replace(UNSEEN, '').replace(RESERVED, '_'));
	const ending = name.slice(endingOf(name));
	const maxBytes = MAX_NAME_BYTES - encoder.encode(ending).length;
	const whole = withoutOuterDots(cutToBytes(name.slice(0, endingOf(name)), maxBytes) + ending);
	return DEVICE.test(whole) ? `_${whole}` : whole;
}

/** The name of one of several files. @param number from 1 */
export function numberedName(name: string, number: number): string {
	const ending = endingOf(name);
	return `${name.slice(0, ending)}-${number}${name.slice(ending)}`;
}

/** Extensions of text files. What follows the last dot of a name can also be a time or a host. */
const EXTENSION = /\.(?:csv|dat|jsonl?|log|ndjson|psv|tab|tsv|txt)$/i;

/**
 * The name of a file as a user gives it, made safe. It gets the format's extension if it has none.
 * @returns an empty text if nothing is left of it
 */
export function fileNameOf(text: string, format: FileFormat): string {
	const name = safeFileName(text);
	if (name === '' || EXTENSION.test(name)) return name;
	return safeFileName(`${name}.${fileFormats[format].extension}`);
}
