import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { FileFormat, FileLayout } from '../domain/files';
import { fileFormats, safeFileName } from '../domain/files';
import { readChoice, readSwitch, readText, readWords, requireText } from '../domain/parameter';
import { toIso } from '../domain/time';
import { optionsField, optionsOf, rejectNothingIn } from './options';
import { orderOption, readIsOldestFirst } from './order';

const binaryField = {
	displayName: 'Put Output File in Field',
	name: 'binaryPropertyName',
} as const;

const delimiters = { comma: ',', pipe: '|', semicolon: ';', tab: '\t' } as const;
const delimiterNames = Object.keys(delimiters) as Array<keyof typeof delimiters>;

/** The fields for an export's file. @param columns of a CSV file, in order */
export function fileFields(columns: readonly string[]): INodeProperties[] {
	return [
		{
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
		},
		{
			...binaryField,
			type: 'string',
			default: 'data',
			required: true,
			placeholder: 'e.g. data',
			hint: 'The name of the output binary field to put the file in',
		},
		optionsField([
			{
				displayName: 'Byte Order Mark',
				name: 'byteOrderMark',
				type: 'boolean',
				default: false,
				displayOptions: { show: { '/format': ['csv'] } },
				description:
					'Whether to start the file with a byte order mark, so that Excel reads it as UTF-8',
			},
			{
				displayName: 'Columns',
				name: 'columns',
				type: 'multiOptions',
				options: optionsOf(columns),
				default: [],
				description: 'The fields to write, in this order. Select none for all of them.',
			},
			{
				displayName: 'Delimiter',
				name: 'delimiter',
				type: 'options',
				options: optionsOf(delimiterNames),
				default: 'comma',
				displayOptions: { show: { '/format': ['csv'] } },
				description: 'What separates the fields of a line',
			},
			{
				displayName: 'File Name',
				name: 'fileName',
				type: 'string',
				default: '',
				placeholder: 'e.g. transactions.csv',
				description: 'Leave empty to use the time of the export. Folders in the name are ignored.',
			},
			orderOption('Oldest First keeps the file in memory until it is complete'),
		]),
	];
}

export interface FileTarget {
	format: FileFormat;
	fileName: string;
	binaryPropertyName: string;
	layout: FileLayout;
	isOldestFirst: boolean;
}

/** @throws ParameterError for an unknown column */
function readLayout(options: IDataObject, columns: readonly string[]): FileLayout {
	rejectNothingIn(options, [{ displayName: 'Columns', name: 'columns' }]);
	const selected = readWords('Columns', options.columns);
	for (const column of selected) readChoice('Columns', column, columns);
	const delimiter = readChoice('Delimiter', options.delimiter ?? 'comma', delimiterNames);
	return {
		columns: selected.length > 0 ? [...new Set(selected)] : columns,
		isSelection: selected.length > 0,
		delimiter: delimiters[delimiter],
		byteOrderMark: readSwitch('Byte Order Mark', options.byteOrderMark) ?? false,
	};
}

/**
 * @param subject what the file contains: the default name starts with it
 * @param columns of a CSV file, in order
 * @param now epoch ms
 * @throws ParameterError for an unknown format, column or order, or an empty field name
 */
export function readFileTarget(
	{ n8n, itemIndex }: { n8n: IExecuteFunctions; itemIndex: number },
	subject: string,
	columns: readonly string[],
	now: number,
): FileTarget {
	const format = readChoice(
		'File Format',
		n8n.getNodeParameter('format', itemIndex),
		Object.keys(fileFormats) as FileFormat[],
	);
	const options = n8n.getNodeParameter('options', itemIndex, {}) as IDataObject;
	const moment = toIso(now).slice(0, 19).replaceAll(':', '-');
	return {
		format,
		fileName:
			safeFileName(readText('File Name', options.fileName)) ||
			`${subject}-${moment}Z.${fileFormats[format].extension}`,
		binaryPropertyName: requireText(
			binaryField.displayName,
			n8n.getNodeParameter(binaryField.name, itemIndex),
		),
		layout: readLayout(options, columns),
		isOldestFirst: readIsOldestFirst(options),
	};
}
