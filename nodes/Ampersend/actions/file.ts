import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import type { FileTarget } from '../descriptions/file';
import { fileFormats } from '../domain/files';
import type { RowFilter } from '../domain/filter';
import { toIsoOrNull } from '../domain/time';

/** What an export returns besides its file. */
export const fileOutput = z.object({
	fileName: z.string(),
	format: z.string(),
	rows: z.number(),
	agents: z.number(),
	/** ISO 8601, UTC; null if the range has no start. */
	from: z.nullable(z.string()),
	/** ISO 8601, UTC; null if it has no end. */
	to: z.nullable(z.string()),
});

interface FileContent {
	rows: object[];
	/** Columns of a CSV file, in order. */
	columns: readonly string[];
	agents: object[];
	filter: RowFilter;
}

/** Writes rows into n8n's binary data. */
export async function writeFile(
	n8n: IExecuteFunctions,
	{ format, fileName, binaryPropertyName }: FileTarget,
	{ rows, columns, agents, filter }: FileContent,
): Promise<Pick<INodeExecutionData, 'json' | 'binary'>> {
	const { encode, mimeType } = fileFormats[format];
	const content = Buffer.from(encode(rows, columns), 'utf8');
	const json: z.infer<typeof fileOutput> = {
		fileName,
		format,
		rows: rows.length,
		agents: agents.length,
		from: toIsoOrNull(filter.from),
		to: toIsoOrNull(filter.to),
	};
	const file = await n8n.helpers.prepareBinaryData(content, fileName, mimeType);
	return { json, binary: { [binaryPropertyName]: file } };
}
