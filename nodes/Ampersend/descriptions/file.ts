import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { FileFormat, FileLayout } from '../domain/files';
import { fileFormats, fileNameOf } from '../domain/files';
import {
	readChoice,
	readSwitch,
	readText,
	readWholeNumber,
	readWords,
	requireText,
} from '../domain/parameter';
import { toIso } from '../domain/time';
import { optionsField, optionsOf, readCollection } from './options';
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

/** What the other options are if they aren't set. */
const layouts = {
	all: { delimiter: 'comma', decimalSeparator: 'dot', byteOrderMark: false },
	spreadsheet: { delimiter: 'semicolon', decimalSeparator: 'comma', byteOrderMark: true },
} as const;
const layoutNames = ['all', 'spreadsheet'] as const;

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

const layout: INodeProperties = {
	displayName: 'Layout',
	name: 'layout',
	type: 'options',
	options: [
		{ name: 'All Columns', value: 'all', description: 'For most programs' },
		{
			name: 'Spreadsheet With Decimal Comma',
			value: 'spreadsheet',
			description:
				'For Excel, LibreOffice or Google Sheets in a language that writes 12,5, such as ' +
				'German or French: semicolons, decimal commas and a byte order mark',
		},
	],
	default: 'all',
	displayOptions: inCsv,
	description: 'What the file is for. Other options that you add take precedence.',
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
	return optionsField([
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
		layout,
		orderOption('Oldest First keeps the file in memory until it is complete'),
		rowsPerFile,
		timeZoneField,
	]);
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
	isOldestFirst: boolean;
	/** Undefined for one file with all rows. */
	rowsPerFile: number | undefined;
}

/** @throws ParameterError for an unknown column, or an invalid option */
function readLayout(options: IDataObject, columns: readonly string[]): FileLayout {
	const selected = readWords('Columns', options.columns);
	for (const column of selected) readChoice('Columns', column, columns);
	const preset = layouts[readChoice('Layout', options.layout ?? '', layoutNames, 'all')];
	const delimiter = readChoice(
		'Delimiter',
		options.delimiter ?? '',
		delimiterNames,
		preset.delimiter,
	);
	const decimalSeparator = readChoice(
		'Decimal Separator',
		options.decimalSeparator ?? '',
		decimalSeparatorNames,
		preset.decimalSeparator,
	);
	return {
		columns:
			selected.length > 0
				? [...new Set(selected)]
				: columns.filter((column) => !column.endsWith('Micro')),
		isSelection: selected.length > 0,
		delimiter: delimiters[delimiter],
		byteOrderMark: readSwitch('Byte Order Mark', options.byteOrderMark) ?? preset.byteOrderMark,
		decimalSeparator: decimalSeparators[decimalSeparator],
	};
}

/**
 * @param subject what the file contains: the default name starts with it
 * @param columns of a CSV file, in order
 * @param now epoch ms
 * @returns also the options, for the time zone
 * @throws ParameterError for an unknown format, column or order, an empty field name, or an option
 * without a value
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
	return {
		options,
		format,
		fileName:
			fileNameOf(readText('File Name', options.fileName), format) ||
			`${subject}-${moment}Z.${fileFormats[format].extension}`,
		binaryPropertyName: read(binaryField, requireText),
		layout: readLayout(options, columns),
		isOldestFirst: readIsOldestFirst(options),
		rowsPerFile: readWholeNumber(
			rowsPerFile.displayName,
			options.rowsPerFile,
			[MIN_ROWS_PER_FILE, MAX_ROWS_PER_FILE],
			'remove the option to get one file',
		),
	};
}
