import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { FileTarget } from '../descriptions/file';
import type { RowReader } from '../domain/files';
import { divide, encodeFile, fileFormats, lastFirst, numberedName } from '../domain/files';
import { Tally } from '../domain/tally';
import type { FileContents } from '../outputs/file';
import type { OperationContext } from './operation';

type BinaryContent = Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0];

const MEBIBYTE = 1024 ** 2;

/** A file up to this size is stored in one piece, wherever n8n keeps files. */
const MAX_AT_ONCE = 1 * MEBIBYTE;

/** The largest file that n8n keeps in memory: it needs more than twice this size there. */
const MAX_IN_MEMORY = 64 * MEBIBYTE;

/**
 * Where n8n keeps files. It shows that only in the id of one that it stored: `filesystem-v2:…`,
 * `s3:…`, or none for a file in memory. It deletes the small file together with the execution.
 */
async function storageOf(n8n: IExecuteFunctions): Promise<string> {
	const { id } = await n8n.helpers.prepareBinaryData(Buffer.from('\n'), 'check.txt', 'text/plain');
	return id?.split(':')[0] ?? 'memory';
}

async function* chain(start: Buffer[], rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
	yield* start;
	yield* rest;
}

/** What goes into files. */
interface Source<Row> {
	batches: AsyncGenerator<Row[]>;
	reader: RowReader<Row>;
	count(row: Row, contents: FileContents): void;
}

interface Written {
	target: FileTarget;
	contents: FileContents;
	binary: INodeExecutionData['binary'];
}

/** Writes rows into one file, or into several, one after the other. */
export async function writeFiles<Row>(
	{ n8n, itemIndex }: OperationContext,
	target: FileTarget,
	{ batches, reader, count }: Source<Row>,
): Promise<Written[]> {
	const writer = new FileWriter(n8n, itemIndex);
	const write = async (one: FileTarget, rows: AsyncGenerator<Row[]>): Promise<Written> => {
		const booked = one.book && { booked: 0n };
		const contents: FileContents = { rows: 0, ...booked, tally: new Tally() };
		const binary = await writer.write(
			one,
			(async function* counted() {
				for await (const batch of rows) {
					for (const row of batch) count(row, contents);
					yield batch;
				}
			})(),
			reader,
		);
		return { target: one, contents, binary };
	};
	const { rowsPerFile, isOldestFirst, fileName: name } = target;
	if (rowsPerFile === undefined) return [await write(target, batches)];
	const written: Written[] = [];
	for await (const rows of divide(isOldestFirst ? lastFirst(batches) : batches, rowsPerFile)) {
		const fileName = numberedName(name, written.length + 1);
		written.push(await write({ ...target, fileName, isOldestFirst: false }, rows));
	}
	return written;
}

/** Writes the files of an export into n8n's binary data. */
class FileWriter {
	private storage: Promise<string> | undefined;
	/** Of the files so far, apart from large ones that n8n keeps elsewhere. */
	private bytesInMemory = 0;

	constructor(
		private readonly n8n: IExecuteFunctions,
		private readonly itemIndex: number,
	) {}

	/**
	 * Writes a file as its rows come in.
	 * @param batches rows, newest first; each batch has at least one
	 */
	async write<Row>(
		{ format, fileName, binaryPropertyName, layout, isOldestFirst }: FileTarget,
		batches: AsyncIterable<Row[]>,
		reader: RowReader<Row>,
	): Promise<NonNullable<INodeExecutionData['binary']>> {
		const parts = encodeFile(format, layout, batches, reader, isOldestFirst);
		try {
			const content = await this.contentOf(parts);
			const { mimeType } = fileFormats[format];
			const { prepareBinaryData } = this.n8n.helpers;
			const file = await prepareBinaryData(content as BinaryContent, fileName, mimeType);
			return { [binaryPropertyName]: file };
		} finally {
			await parts.return(undefined);
		}
	}

	/**
	 * What to give n8n to store. On disk, it writes the parts of a large file as they come in. For
	 * all other storage it puts the whole file together first (n8n 2.41), which it can't do without
	 * Node's own streams.
	 */
	private async contentOf(parts: AsyncGenerator<Buffer>): Promise<Buffer | AsyncGenerator<Buffer>> {
		const start: Buffer[] = [];
		for (let bytes = 0; bytes + this.bytesInMemory <= MAX_AT_ONCE; ) {
			const { done, value } = await parts.next();
			if (done) {
				this.bytesInMemory += bytes;
				return Buffer.concat(start);
			}
			start.push(value);
			bytes += value.length;
		}
		const whole = chain(start, parts);
		const storage = await (this.storage ??= storageOf(this.n8n));
		if (storage.startsWith('filesystem')) return whole;
		return await this.collect(whole, storage === 'memory');
	}

	/** @throws NodeOperationError if the files are too large to keep in memory */
	private async collect(parts: AsyncIterable<Buffer>, isInMemory: boolean): Promise<Buffer> {
		const collected: Buffer[] = [];
		for await (const part of parts) {
			collected.push(part);
			if (!isInMemory) continue;
			this.bytesInMemory += part.length;
			if (this.bytesInMemory > MAX_IN_MEMORY) this.rejectTooLarge();
		}
		return Buffer.concat(collected);
	}

	private rejectTooLarge(): never {
		throw new NodeOperationError(
			this.n8n.getNode(),
			`The file has more than ${MAX_IN_MEMORY / MEBIBYTE} MB, and this n8n keeps files in memory.`,
			{
				description:
					'Set N8N_DEFAULT_BINARY_DATA_MODE to filesystem on the n8n server (in queue mode, to ' +
					'database or s3), or export less at a time with From and To.',
				itemIndex: this.itemIndex,
			},
		);
	}
}
