import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { FileFormat } from '../domain/files';
import { fileFormats, safeFileName } from '../domain/files';
import { readChoice, readText, requireText } from '../domain/parameter';
import { toIso } from '../domain/time';

const binaryField = {
	displayName: 'Put Output File in Field',
	name: 'binaryPropertyName',
} as const;

/** The fields for an export's file. */
export const fileFields: INodeProperties[] = [
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
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			{
				displayName: 'File Name',
				name: 'fileName',
				type: 'string',
				default: '',
				placeholder: 'e.g. transactions.csv',
				description: 'Leave empty to use the time of the export. Folders in the name are ignored.',
			},
		],
	},
];

export interface FileTarget {
	format: FileFormat;
	fileName: string;
	binaryPropertyName: string;
}

/**
 * @param subject what the file contains: the default name starts with it
 * @param now epoch ms
 * @throws ParameterError for an unknown format or an empty field name
 */
export function readFileTarget(
	{ n8n, itemIndex }: { n8n: IExecuteFunctions; itemIndex: number },
	subject: string,
	now: number,
): FileTarget {
	const format = readChoice(
		'File Format',
		n8n.getNodeParameter('format', itemIndex),
		Object.keys(fileFormats) as FileFormat[],
	);
	const { fileName } = n8n.getNodeParameter('options', itemIndex, {}) as IDataObject;
	const moment = toIso(now).slice(0, 19).replaceAll(':', '-');
	return {
		format,
		fileName:
			safeFileName(readText('File Name', fileName)) ||
			`${subject}-${moment}Z.${fileFormats[format].extension}`,
		binaryPropertyName: requireText(
			binaryField.displayName,
			n8n.getNodeParameter(binaryField.name, itemIndex),
		),
	};
}
