import { expect } from '@jest/globals';
import type { INodeExecutionData } from 'n8n-workflow';

export interface ReadFile {
	text: string;
	fileName?: string;
	mimeType: string;
}

/** The file that an item carries, as n8n keeps it in memory: in the item, in base64. */
export function fileOf(item: INodeExecutionData | undefined, field = 'data'): ReadFile {
	expect(Object.keys(item?.binary ?? {})).toEqual([field]);
	const file = item?.binary?.[field];
	if (!file) throw new Error(`The item has no file in ${field}`);
	expect(file.id).toBeUndefined();
	const content = Buffer.from(file.data, 'base64');
	expect(file.bytes).toBe(content.length);
	return { text: content.toString('utf8'), fileName: file.fileName, mimeType: file.mimeType };
}

/**
 * Rows of cells by RFC 4180: every record ends with CRLF, quotes inside a quoted cell are doubled.
 */
export function parseCsv(text: string): string[][] {
	const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
	const rows: string[][] = [];
	let row: string[] = [];
	while (cell.lastIndex < text.length) {
		const at = cell.lastIndex;
		const match = cell.exec(text);
		if (!match) throw new Error(`Not CSV from character ${at}: ${text.slice(at, at + 40)}`);
		const [, quoted, plain = '', end] = match;
		row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
		if (end === '\r\n') {
			rows.push(row);
			row = [];
		}
	}
	expect(row).toEqual([]);
	return rows;
}

function microOf(usdc: string): number {
	const [whole = '', fraction = ''] = usdc.split('.');
	return Number(whole + fraction.padEnd(6, '0'));
}

/** Amounts in micro-USDC of an exported file, row by row: they tell seeded rows apart. */
export function numbersIn(text: string, format: string): number[] {
	const field = 'amountUsdc';
	if (format === 'csv') {
		const [header = [], ...rows] = parseCsv(text);
		return rows.map((row) => microOf(row[header.indexOf(field)] ?? ''));
	}
	const rows: unknown =
		format === 'json'
			? JSON.parse(text)
			: text
					.trimEnd()
					.split('\n')
					.map((line): unknown => JSON.parse(line));
	return (rows as object[]).map((row) => microOf(String(Reflect.get(row, field))));
}
