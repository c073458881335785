import { describe, expect, it } from '@jest/globals';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';

import {
	encodeFile,
	fileFormats,
	fileNameOf,
	safeFileName,
	type FileFormat,
	type FileLayout,
	type RowReader,
} from '../../nodes/Ampersend/domain/files';

const layoutOf = (columns: string[], others: Partial<FileLayout> = {}): FileLayout => ({
	columns,
	isSelection: false,
	delimiter: ',',
	byteOrderMark: false,
	decimalSeparator: '.',
	...others,
});

/** Rows that are their own items. */
const ofObjects: RowReader<object> = {
	whole: (row) => row,
	column: (name) => (row) => Reflect.get(row, name),
	isAmount: (name) => /Usdc/.test(name),
	isPlain: (name) => /At$/.test(name),
};

/** A file of one batch. */
function encode(format: FileFormat, rows: object[], layout = layoutOf([])): string {
	const parts = fileFormats[format].encoder(layout, ofObjects);
	return parts.head + (rows.length > 0 ? parts.encode(rows) : '') + parts.tail;
}

const csv = (rows: object[], columns: string[]) => encode('csv', rows, layoutOf(columns));

/** An independent reader for the grammar of RFC 4180, section 2. */
function readCsv(text: string): string[][] {
	const records: string[][] = [];
	let fields: string[] = [];
	let rest = text;
	while (rest !== '') {
		const field = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/.exec(rest);
		if (!field) throw new Error(`no CSV at ${JSON.stringify(rest.slice(0, 40))}`);
		const [whole, quoted, plain = '', end] = field;
		fields.push(quoted === undefined ? plain : quoted.replace(/""/g, '"'));
		rest = rest.slice(whole.length);
		if (end === ',') continue;
		records.push(fields);
		fields = [];
	}
	return records;
}

const FORMULA_SIGNS = '=+-@\uff1d\uff0b\uff0d\uff20';
const isFormula = (text: string) =>
	/^[\t\r]/.test(text) ||
	FORMULA_SIGNS.includes([...text].find((character) => !/^[\s\p{C}]$/u.test(character)) ?? 'none');

/** A text as a CSV file has it: an apostrophe wherever a spreadsheet may start a formula. */
function safe(text: string): string {
	const cells = text.match(/[,;|\t\r\n]|[^,;|\t\r\n]+/g) ?? [];
	const startsFormula = (cell: string) =>
		FORMULA_SIGNS.includes(
			[...cell].find((character) => !/^[\s\p{C}"]$/u.test(character)) ?? 'none',
		);
	return [
		isFormula(text) ? "'" : '',
		...cells.map((cell, i) => (i > 0 && startsFormula(cell) ? `'${cell}` : cell)),
	].join('');
}
const hasFormulaInside = (text: string) => safe(text) !== text && /[,;|\t\r\n]/.test(text);

describe('a CSV file', () => {
	it('has a header, one line per row, CRLF line ends, and the requested columns', () => {
		const rows = [
			{ id: 'a', amountUsdc: '1.5', hidden: 'x' },
			{ amountUsdc: '2', id: 'b' },
		];
		expect(csv(rows, ['id', 'amountUsdc'])).toBe('id,amountUsdc\r\na,1.5\r\nb,2\r\n');
	});

	it('has a header even without rows', () => {
		expect(csv([], ['id', 'amountUsdc'])).toBe('id,amountUsdc\r\n');
	});

	it('quotes commas, quotes and line breaks', () => {
		expect(csv([{ name: 'a, "b"\r\nc' }], ['name'])).toBe('name\r\n"a, ""b""\r\nc"\r\n');
	});

	it('writes a missing value as an empty field and keeps the other columns in place', () => {
		expect(
			csv(
				[
					{ a: null, c: 'x' },
					{ a: 0, b: false },
				],
				['a', 'b', 'c'],
			),
		).toMatch(/^a,b,c\r\n,,x\r\n0,/);
	});

	it('keeps every digit of an amount', () => {
		expect(
			csv([{ micro: '115792089237316195423570985008687907853269984665640564039457' }], ['micro']),
		).toContain('115792089237316195423570985008687907853269984665640564039457\r\n');
	});

	it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t1', '\r1', '=HYPERLINK("https://x")', '\uff1d1+1'])(
		'writes %j as text, not as a formula',
		(name) => {
			const [, [field] = []] = readCsv(csv([{ name }], ['name']));
			expect(field).toBe(`'${name}`);
		},
	);

	it.each([
		['Shop;=1+1;', "Shop;'=1+1;"],
		['Shop,=1+1', "Shop,'=1+1"],
		['Shop\t=1+1', "Shop\t'=1+1"],
		['Shop|=1+1', "Shop|'=1+1"],
		['Shop\n=1+1', "Shop\n'=1+1"],
		['Shop\r=1+1', "Shop\r'=1+1"],
		['Shop; \u200b@SUM(1)', "Shop;' \u200b@SUM(1)"],
		['Shop;"=1+1', 'Shop;\'"=1+1'],
		['=1;=2;+3', "'=1;'=2;'+3"],
		['\t=1+1', "'\t'=1+1"],
	])('writes %j so that no cell is a formula if it is split at any delimiter', (name, text) => {
		for (const delimiter of [',', ';', '\t', '|']) {
			const layout = layoutOf(['name', 'id'], { delimiter });
			expect(encode('csv', [{ name, id: 'a' }], layout)).toBe(
				`name${delimiter}id\r\n"${text.replaceAll('"', '""')}"${delimiter}a\r\n`,
			);
		}
	});

	const before = [
		'',
		'\n',
		'\r\n',
		' ',
		'\t',
		'\v',
		'\f',
		'\0',
		'\u00a0',
		'\u2003',
		'\u200b',
		'\u2028',
		'\ufeff',
		' \n\t ',
	];
	it.each(before)('writes a formula after %j as text', (start) => {
		for (const sign of FORMULA_SIGNS) {
			const name = `${start}${sign}HYPERLINK("https://x","y")`;
			const [, [field] = []] = readCsv(csv([{ name }], ['name']));
			expect(field).toBe(safe(name));
			expect(field).toMatch(/^'/);
		}
	});

	it('writes nothing in quotes if a file has one column: an empty line is no row for many', () => {
		expect(csv([{ hash: '0x1' }, { hash: null }, {}], ['hash'])).toBe(
			'hash\r\n0x1\r\n""\r\n""\r\n',
		);
		expect(csv([{ hash: null, id: 1 }], ['hash', 'id'])).toBe('hash,id\r\n,1\r\n');
	});

	it.each(['Alice', '1-1', 'a=b', '\nAlice', ' Alice @ work', "'", ''])(
		'writes the text %j unchanged',
		(name) => {
			expect(readCsv(csv([{ name, id: 'a' }], ['name', 'id']))).toEqual([
				['name', 'id'],
				[name, 'a'],
			]);
		},
	);

	it('can be read back by the grammar of RFC 4180, with any values', () => {
		const value = fc.oneof(
			fc.string(),
			fc.string({
				unit: fc.constantFrom('"', ',', '\r', '\n', '=', '-', '@', 'a', ' ', '\u00e9', '\u{1f4b8}'),
			}),
		);
		fc.assert(
			fc.property(fc.array(fc.record({ one: value, two: value }), { maxLength: 5 }), (rows) => {
				const expected = rows.map(({ one, two }) => [one, two].map(safe));
				expect(readCsv(csv(rows, ['one', 'two']))).toEqual([['one', 'two'], ...expected]);
			}),
			{ numRuns: 500 },
		);
	});
});

describe('the name of a file', () => {
	it.each([
		['october.csv', 'october.csv'],
		['Über uns (1).csv', 'Über uns (1).csv'],
		[`${'a'.repeat(5_000)}.csv`, `${'a'.repeat(196)}.csv`],
		['a'.repeat(5_000), 'a'.repeat(200)],
		[`a.${'b'.repeat(5_000)}`, `a.${'b'.repeat(198)}`],
		['x\u202ecsv.exe', 'xcsv.exe'],
		['\ud83d', ''],
		['aux', '_aux'],
		['Com1.txt.csv', '_Com1.txt.csv'],
		['console.csv', 'console.csv'],
		['october.csv. . ', 'october.csv'],
		['a:b', 'a_b'],
	])('%j becomes %j', (given, name) => {
		expect(safeFileName(given)).toBe(name);
	});

	it.each([
		['2026-11-29T18:25:19.000+01:00', '2026-11-29T18_25_19.000+01_00.csv'],
		['2026-11-29T18:25:19.000Z', '2026-11-29T18_25_19.000Z.csv'],
		['2026-11-29', '2026-11-29.csv'],
		['weather.example.com', 'weather.example.com.csv'],
		['October. ', 'October.csv'],
		['aux', '_aux.csv'],
		['october.CSV', 'october.CSV'],
		['october.txt', 'october.txt'],
		['.csv', 'csv.csv'],
		['a'.repeat(5_000), `${'a'.repeat(196)}.csv`],
		[' . ', ''],
	])('%j has an extension: %j', (given, name) => {
		expect(fileNameOf(given, 'csv')).toBe(name);
	});

	it('is stable for any input', () => {
		const unit = fc.constantFrom(
			'.',
			'/',
			'\\',
			':',
			' ',
			'\0',
			'\n',
			'a',
			'con',
			'\u202e',
			'\ud83d',
			'\u{1f4b8}',
			'?',
		);
		fc.assert(
			fc.property(
				fc.oneof(fc.string({ unit, maxLength: 300, size: 'max' }), fc.string()),
				(text) => {
					const name = safeFileName(text);
					expect(safeFileName(name)).toBe(name);
					expect(name).toMatch(/^[^/\\<>:"|?*\p{Cc}\p{Cs}]*$/u);
					expect(name).not.toMatch(/^[. ]|[. ]$/);
					expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201);
				},
			),
			{ numRuns: 1_000 },
		);
	});
});

describe('a JSON file', () => {
	it('is one list, which is empty without rows', () => {
		const rows = [{ id: 'a', amountUsdcMicro: '12345678901234567890' }];
		expect(JSON.parse(encode('json', rows))).toEqual(rows);
		expect(JSON.parse(encode('json', []))).toEqual([]);
	});
});

describe('a JSON Lines file', () => {
	it('is one object per line, with escaped line breaks and nothing after the last line', () => {
		fc.assert(
			fc.property(
				fc.array(
					fc.record({
						id: fc.string(),
						name: fc.string({ unit: fc.constantFrom('\n', '\r', 'a') }),
					}),
				),
				(rows) => {
					const text = encode('jsonl', rows);
					const lines = text.split('\n');
					expect(lines.pop()).toBe('');
					expect(lines.map((line): unknown => JSON.parse(line))).toEqual(rows);
				},
			),
		);
	});

	it('is empty without rows', () => {
		expect(encode('jsonl', [])).toBe('');
	});
});

describe('a file of several batches', () => {
	const rows = [1, 2, 3, 4, 5, 6, 7].map((id) => ({ id, name: `row ${id}` }));

	async function write(format: FileFormat, sizes: number[], isReversed: boolean) {
		async function* batches() {
			let start = 0;
			for (const size of sizes) {
				yield await Promise.resolve(rows.slice(start, start + size));
				start += size;
			}
		}
		const parts: Buffer[] = [];
		const file = encodeFile(format, layoutOf(['id', 'name']), batches(), ofObjects, isReversed);
		for await (const part of file) parts.push(part);
		return Buffer.concat(parts).toString();
	}

	it.each(['csv', 'json', 'jsonl'] as const)(
		'is the same as one of a single batch: %s',
		async (format) => {
			const layout = layoutOf(['id', 'name']);
			for (const sizes of [[7], [1, 6], [3, 3, 1], [1, 1, 1, 1, 1, 1, 1]]) {
				expect(await write(format, sizes, false)).toBe(encode(format, rows, layout));
				expect(await write(format, sizes, true)).toBe(encode(format, rows.toReversed(), layout));
			}
			expect(await write(format, [], true)).toBe(encode(format, [], layout));
		},
	);
});

describe('the layout of a file', () => {
	const rows = [{ a: 1, b: 'x;y', c: true }];

	it.each([
		[';', 'b;a\r\n"x;y";1\r\n'],
		['\t', 'b\ta\r\nx;y\t1\r\n'],
		['|', 'b|a\r\nx;y|1\r\n'],
	])('separates the fields of a CSV file with %j', (delimiter, text) => {
		expect(encode('csv', rows, layoutOf(['b', 'a'], { delimiter }))).toBe(text);
	});

	it('puts a byte order mark before the header of a CSV file, once', () => {
		const text = encode('csv', rows, layoutOf(['a'], { byteOrderMark: true }));
		expect(text).toBe('\ufeffa\r\n1\r\n');
	});

	it('is what the CSV library writes, also for rows that are written without it', () => {
		const value = fc.oneof(
			fc.string(),
			fc.string({ unit: 'grapheme' }),
			fc.constantFrom(
				'0xabc',
				'settled',
				'1.5',
				'a b',
				' a',
				'a"b',
				'a,b',
				'a;b',
				'a;=b',
				'a\nb',
				"'a",
				'',
			),
			fc.constant(null),
			fc.integer(),
		);
		const plain = fc.constantFrom(null, '2026-10-01T08:00:00.000Z', '2026-10-01 08:00:00');
		const row = fc.record({ a: value, b: value, c: value, occurredAt: plain });
		const delimiters = fc.constantFrom(',', ';', '|', '\t');
		const property = fc.property(fc.array(row), delimiters, (table, delimiter) => {
			const columns = ['a', 'b', 'c', 'occurredAt'];
			const expected = stringify(table, {
				header: true,
				columns,
				delimiter,
				record_delimiter: 'windows',
				quoted_match: /[\r\n]/,
				cast: {
					string: (text) =>
						hasFormulaInside(text) ? { value: safe(text), quoted: true } : safe(text),
				},
			});
			expect(encode('csv', table, layoutOf(columns, { delimiter }))).toBe(expected);
		});
		fc.assert(property, { numRuns: 2_000 });
	});

	it('writes amounts with a decimal comma, and nothing else', () => {
		const amounts = {
			name: '12.5',
			amountUsdc: '1273.560001',
			amountUsdcMicro: '1273560001',
			feeUsdc: null,
			totalUsdc: '2',
		};
		const columns = Object.keys(amounts);
		const write = (delimiter: string) =>
			encode('csv', [amounts], layoutOf(columns, { delimiter, decimalSeparator: ',' }));
		expect(write(';')).toContain('\r\n12.5;1273,560001;1273560001;;2\r\n');
		expect(write(',')).toContain('\r\n12.5,"1273,560001",1273560001,,2\r\n');
	});

	it('selects the fields of every format, in the given order', () => {
		const layout = layoutOf(['c', 'a'], { isSelection: true });
		expect(encode('csv', rows, layout)).toMatch(/^c,a\r\n/);
		expect(encode('json', rows, layout)).toBe('[{"c":true,"a":1}]\n');
		expect(encode('jsonl', rows, layout)).toBe('{"c":true,"a":1}\n');
	});
});
