import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { FileFormat, FileLayout } from '../domain/files';
import { fileFormats, fileNameOf } from '../domain/files';
import type { BookNames, BookReader, Layout } from '../domain/layouts';
import { bookReaderOf, layoutNames, layouts } from '../domain/layouts';
import {
	ParameterError,
	readChoice,
	readSwitch,
	readText,
	readWholeNumber,
	readWords,
	requireText,
} from '../domain/parameter';
import { nameKey } from '../domain/text';
import { toIso } from '../domain/time';
import { inAlphabeticalOrder, optionsField, optionsOf, readCollection, titleOf } from './options';
import { orderOption, readIsOldestFirst } from './order';
import type { Read } from './reader';
import { timeZoneField } from './timeZone';

const formatField: INodeProperties = {
	displayName: 'File Format',
	name: 'format',
	type: 'options',
	options: Object.entries(fileFormats).map(([value, { name, description }]) => ({
		name,
		value,
		description,
	})),
	default: 'csv',
	description: 'The format of the file',
};

const binaryField: INodeProperties = {
	displayName: 'Put Output File in Field',
	name: 'binaryPropertyName',
	type: 'string',
	default: 'data',
	required: true,
	placeholder: 'e.g. data',
	hint: 'The name of the output binary field to put the file in',
};

const delimiters = { comma: ',', pipe: '|', semicolon: ';', tab: '\t' } as const;
const delimiterNames = Object.keys(delimiters) as Array<keyof typeof delimiters>;
const decimalSeparators = { comma: ',', dot: '.' } as const;
const decimalSeparatorNames = ['comma', 'dot'] as const;

const inCsv = { show: { '/format': ['csv'] } };

const byteOrderMark: INodeProperties = {
	displayName: 'Byte Order Mark',
	name: 'byteOrderMark',
	type: 'boolean',
	default: false,
	displayOptions: inCsv,
	description: 'Whether to start the file with a byte order mark, so that Excel reads it as UTF-8',
};

const decimalSeparatorField: INodeProperties = {
	displayName: 'Decimal Separator',
	name: 'decimalSeparator',
	type: 'options',
	options: optionsOf(decimalSeparatorNames),
	default: 'dot',
	displayOptions: inCsv,
	description:
		'What comes before the decimals of an amount. A spreadsheet adds up only amounts with ' +
		'the separator of its own language.',
};

const delimiterField: INodeProperties = {
	displayName: 'Delimiter',
	name: 'delimiter',
	type: 'options',
	options: optionsOf(delimiterNames),
	default: 'comma',
	displayOptions: inCsv,
	description: 'What separates the fields of a line',
};

const fileName: INodeProperties = {
	displayName: 'File Name',
	name: 'fileName',
	type: 'string',
	default: '',
	placeholder: 'e.g. transactions.csv',
	description:
		'Leave empty to use the time of the export. Folders in the name are ignored. ' +
		'A name without an extension gets that of the format.',
};

/** What a layout needs of a history whose money moves. */
const MOVED = 'movedUsdc';

/** Whether the rows of a history have a direction, so that their money moves. */
export const hasMoved = (columns: readonly string[]): boolean => columns.includes(MOVED);

const isOffered = ({ book }: Layout, columns: readonly string[]): boolean =>
	!book || hasMoved(columns);

function layoutField(columns: readonly string[]): INodeProperties {
	return {
		displayName: 'Layout',
		name: 'layout',
		type: 'options',
		options: layoutNames
			.filter((value) => isOffered(layouts[value], columns))
			.map((value) => {
				const { name, description } = layouts[value];
				return { name, value, description };
			}),
		default: 'all',
		description: 'What the file is for, in CSV. Other options that you add take precedence.',
	};
}

/** A name that a journal uses; the default one if it's empty. */
function journalName(displayName: string, name: string, usual: string, description: string) {
	return {
		displayName,
		name,
		type: 'string',
		default: usual,
		displayOptions: { show: { layout: ['journal'] } },
		description,
	} as const satisfies INodeProperties;
}

const journalNames = {
	currency: journalName('Currency', 'currency', 'USD', 'What your books call USDC'),
	expense: journalName(
		'Expense Account',
		'expenseAccount',
		'Agent Expenses',
		'Account for what agents spend',
	),
	income: journalName(
		'Income Account',
		'incomeAccount',
		'Agent Income',
		'Account for what agents earn',
	),
	rounding: journalName(
		'Rounding Account',
		'roundingAccount',
		'Rounding',
		'Account for the rounding difference of a month',
	),
	wallet: journalName(
		'Wallet Account',
		'walletAccount',
		'Ampersend Wallet',
		'Account for the money of agents',
	),
};

const MIN_ROWS_PER_FILE = 100;
const MAX_ROWS_PER_FILE = 10_000_000;

const rowsPerFile: INodeProperties = {
	displayName: 'Rows per File',
	name: 'rowsPerFile',
	type: 'number',
	typeOptions: { minValue: MIN_ROWS_PER_FILE, maxValue: MAX_ROWS_PER_FILE },
	default: 100_000,
	description:
		'Write several files with at most so many rows each, and return one item for each of them. ' +
		'Where n8n keeps files in a database or in S3, it then needs the memory of one at a time.',
};

function exportOptions(columns: readonly string[]): INodeProperties {
	const names = hasMoved(columns) ? Object.values(journalNames) : [];
	const fields: INodeProperties[] = [
		...names,
		byteOrderMark,
		{
			displayName: 'Columns',
			name: 'columns',
			type: 'multiOptions',
			options: optionsOf(columns),
			default: [],
			description:
				'The fields to write, in this order. Select none for all of them, apart from amounts in ' +
				'micro-USDC.',
		},
		decimalSeparatorField,
		delimiterField,
		fileName,
		layoutField(columns),
		orderOption('Oldest First keeps the file in memory until it is complete'),
		rowsPerFile,
		timeZoneField,
	];
	return optionsField(inAlphabeticalOrder(fields));
}

/** The fields for an export's file. @param columns of a CSV file, in order */
export function fileFields(columns: readonly string[]): INodeProperties[] {
	return [formatField, binaryField, exportOptions(columns)];
}

export interface FileTarget {
	format: FileFormat;
	fileName: string;
	binaryPropertyName: string;
	layout: FileLayout;
	/** Undefined for a row for each payment. */
	book: BookReader | undefined;
	/** Whether times have no time zone, so that a spreadsheet reads them. */
	hasPlainTimes: boolean;
	isOldestFirst: boolean;
	/** Rows, or lines of a book. Undefined for one file with all of them. */
	rowsPerFile: number | undefined;
}

/** @throws ParameterError for a layout that the file can't have */
function readLayout(
	options: IDataObject,
	columns: readonly string[],
	format: FileFormat,
	subject: string,
): Layout {
	const chosen = readChoice('Layout', options.layout ?? '', layoutNames, 'all');
	const layout: Layout = layouts[chosen];
	const reject = (parameter: string, complaint: string, advice: string): never => {
		throw new ParameterError(parameter, `${layout.name} ${complaint}`, advice);
	};
	if (!isOffered(layout, columns)) {
		const rows = subject.replace('-', ' ');
		reject('Layout', `needs ${MOVED}, which ${rows} don't have.`, 'Use Transaction: Export.');
	}
	if (chosen !== 'all' && format !== 'csv') {
		reject('Layout', 'needs CSV.', 'Set File Format to CSV, or Layout to All Columns.');
	}
	if (layout.book && readWords('Columns', options.columns).length > 0) {
		reject('Columns', 'has its own columns.', 'Remove Columns, or choose another Layout.');
	}
	return layout;
}

function readBook({ book }: Layout, options: IDataObject): BookReader | undefined {
	if (!book) return undefined;
	const names = Object.entries(journalNames).map(([key, { displayName, name, default: unset }]) => [
		key,
		readText(displayName, options[name]) || unset,
	]);
	const named = Object.fromEntries(names) as BookNames;
	const { wallet, ...others } = journalNames;
	for (const key of ['expense', 'income', 'rounding'] as const) {
		if (nameKey(named[key]).toLowerCase() !== nameKey(named.wallet).toLowerCase()) continue;
		throw new ParameterError(
			wallet.displayName,
			`has the same name as ${others[key].displayName}.`,
			'An entry with one account on both sides books nothing. Enter another name for one of them.',
		);
	}
	return bookReaderOf(book, named);
}

/** @throws ParameterError for an unknown column, or an invalid option */
function readFileLayout(
	options: IDataObject,
	columns: readonly string[],
	isForSpreadsheet: boolean,
	book: BookReader | undefined,
): FileLayout {
	const selected = readWords('Columns', options.columns);
	for (const column of selected) readChoice('Columns', column, columns);
	const decimalSeparator = readChoice(
		'Decimal Separator',
		options.decimalSeparator ?? '',
		decimalSeparatorNames,
		isForSpreadsheet ? 'comma' : 'dot',
	);
	const delimiter = readChoice(
		'Delimiter',
		options.delimiter ?? '',
		delimiterNames,
		isForSpreadsheet && decimalSeparator === 'comma' ? 'semicolon' : 'comma',
	);
	const all = book?.headings ?? columns.filter((column) => !column.endsWith('Micro'));
	const written = selected.length > 0 ? [...new Set(selected)] : all;
	return {
		columns: written,
		...(isForSpreadsheet && { headings: written.map(titleOf) }),
		isSelection: selected.length > 0,
		delimiter: delimiters[delimiter],
		byteOrderMark: readSwitch('Byte Order Mark', options.byteOrderMark) ?? isForSpreadsheet,
		decimalSeparator: decimalSeparators[decimalSeparator],
	};
}

/**
 * @param subject what the file contains: the default name starts with it
 * @param columns of a CSV file, in order
 * @param now epoch ms
 * @returns also the options, for the time zone
 * @throws ParameterError for an unknown format, column or order, an empty field name, an option
 * without a value, or a layout that the file can't have
 */
export function readFileTarget(
	read: Read,
	subject: string,
	columns: readonly string[],
	now: number,
): FileTarget & { options: IDataObject } {
	const format = read(formatField, (parameter, value) =>
		readChoice(parameter, value, Object.keys(fileFormats) as FileFormat[], 'csv'),
	);
	const options = readCollection(read, exportOptions(columns));
	const moment = toIso(now).slice(0, 19).replaceAll(':', '-');
	const layout = readLayout(options, columns, format, subject);
	const book = readBook(layout, options);
	const hasPlainTimes = layout.isForSpreadsheet === true;
	const maxRows = readWholeNumber(
		rowsPerFile.displayName,
		options.rowsPerFile,
		[MIN_ROWS_PER_FILE, MAX_ROWS_PER_FILE],
		'remove the option to get one file',
	);
	return {
		options,
		format,
		fileName:
			fileNameOf(readText('File Name', options.fileName), format) ||
			`${subject}-${moment}Z.${fileFormats[format].extension}`,
		binaryPropertyName: read(binaryField, requireText),
		layout: readFileLayout(options, columns, hasPlainTimes, book),
		book,
		hasPlainTimes,
		isOldestFirst: readIsOldestFirst(options),
		rowsPerFile: book ? book.maxLines(maxRows) : maxRows,
	};
}
