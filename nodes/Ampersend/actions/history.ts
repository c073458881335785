import type { INodeProperties } from 'n8n-workflow';
import type * as z from 'zod/v4-mini';

import { selectAgents } from '../api/agents';
import type { Client } from '../api/client';
import type { AgentRow, Batches, HistoryQuery, ReadOptions } from '../api/lists/merge';
import { consumeHistory, HistoryReport, newestRows } from '../api/lists/merge';
import { agentScopeFields, agentScopeParameter, readAgentScope } from '../descriptions/agentScope';
import type { FileTarget } from '../descriptions/file';
import { fileFields, hasMoved, readFileTarget } from '../descriptions/file';
import { readHistoryFilter } from '../descriptions/historyFilters';
import { optionsField, readCollection } from '../descriptions/options';
import { orderOption, readIsOldestFirst } from '../descriptions/order';
import { pagingFields, pagingHints, readLimit } from '../descriptions/paging';
import { readTimeZone, requireTimeZone, timeZoneField } from '../descriptions/timeZone';
import { linesOf } from '../domain/books';
import type { RowReader } from '../domain/files';
import type { FilterableRow } from '../domain/filter';
import { formatUsdc } from '../domain/money';
import { isUnderstood } from '../domain/moved';
import { quote } from '../domain/parameter';
import type { Simplified } from '../domain/simplify';
import type { Total } from '../domain/tally';
import { isoIn } from '../domain/time';
import type { Unclear } from '../outputs/file';
import { fileGroupOf, fileOutput, toFileOutput } from '../outputs/file';
import type { Output } from '../outputs/output';
import { writeFiles } from './file';
import type { FileOperation, OperationContext, RowOperation } from './operation';

type HistoryRow = FilterableRow & { wire: object };

/** A resource whose rows are read, filtered and exported. */
export interface History<Row extends HistoryRow, Types extends z.core.$ZodShape> {
	/** What the rows are called, in the plural. */
	noun: string;
	/** The default name of an exported file starts with it. */
	fileName: string;
	filters: INodeProperties;
	readRows(client: Client, query: HistoryQuery, options: ReadOptions): Batches<Row>;
	output: Output<Row['wire'], AgentRow<Row>, Types>;
	simplified: Simplified;
	getMany: Texts;
	export: Texts;
}

/** What an operation is called in the editor. */
interface Texts {
	action: string;
	description: string;
}

/**
 * Reads the parameters that say what to read. Everything that can be invalid is checked before the
 * agents are requested.
 * @param timeZone of days, and of dates without one
 * @param now epoch ms
 */
export async function readQuery(
	{ client, read }: Pick<OperationContext, 'client' | 'read'>,
	timeZone: string,
	now: number,
): Promise<HistoryQuery & { report: HistoryReport }> {
	const scope = readAgentScope(read);
	const filter = readHistoryFilter(read, timeZone, now);
	const agents = await selectAgents(client, scope, agentScopeParameter(read));
	return { agents, filter, now, report: new HistoryReport() };
}

/** Shows notes: a list isn't as long as the service reports, or has values that are new. */
export function showReport(
	{ miscounts, unknown, sought, known }: HistoryReport,
	noun: string,
	hint: OperationContext['hint'],
): void {
	for (const [name, values] of Object.entries(unknown)) {
		if (values.size === 0) continue;
		const isMoney = noun === 'transactions' && name !== 'chain';
		const counts = isMoney
			? 'They count as money that has not moved'
			: 'They count like the others';
		hint(
			`Some ${noun} have a ${name} that this node doesn't know: ` +
				`${[...values].map(quote).join(', ')}. ` +
				`${counts}, unless a filter leaves them out. ` +
				'A newer version of n8n-nodes-ampersend may know more.',
		);
	}
	if (sought.size > 0) {
		const words = [...sought.values()].map(quote).join(', ');
		hint(
			`Status: none of the ${noun} that were read has ${words}. ` +
				`This node knows ${known.join(', ')}.`,
			true,
		);
	}
	for (const { agent, read, reported } of miscounts) {
		hint(
			`Ampersend reports ${reported} ${noun} of ${quote(agent)}, but lists ${read}. ` +
				'Run this again, and ask Ampersend if the numbers still differ.',
		);
	}
}

/** Says how much more there is, as far as the service reports it. */
function notesOnLimit(
	limit: number,
	{ filter, report }: HistoryQuery,
	noun: string,
	{ n8n }: OperationContext,
): string[] {
	const isFiltered = Object.values(filter).some((part) => part !== undefined);
	const total = [...(report?.totals.values() ?? [])].reduce((sum, count) => sum + count, 0);
	if (!isFiltered && total <= limit) return [];
	return pagingHints(limit, isFiltered ? undefined : total, noun, n8n.getInputData().length);
}

function getManyOperation<Row extends HistoryRow, Types extends z.core.$ZodShape>({
	noun,
	filters,
	readRows,
	output,
	simplified,
	getMany,
}: History<Row, Types>): RowOperation<z.ZodMiniObject<Types>> {
	const options = optionsField([
		orderOption('Oldest First reads the whole history'),
		timeZoneField,
	]);
	return {
		option: { name: 'Get Many', value: 'getMany', ...getMany },
		inSession: 'also',
		fields: [...agentScopeFields, ...pagingFields, filters, options],
		output: output.schema,
		simplified,
		async execute(context) {
			const { client, read, hint } = context;
			const limit = readLimit(read);
			const chosen = readCollection(read, options);
			const isOldestFirst = readIsOldestFirst(chosen);
			const query = await readQuery(context, readTimeZone(context.n8n, chosen), Date.now());
			const newestFirst = await newestRows(
				(reading) => readRows(client, query, reading),
				isOldestFirst ? Infinity : limit,
			);
			const rows = isOldestFirst ? newestFirst.reverse().slice(0, limit) : newestFirst;
			const notes = rows.length === limit ? notesOnLimit(limit, query, noun, context) : [];
			for (const note of notes) hint(note);
			showReport(query.report, noun, hint);
			return rows.map((found) => output.of(found.row.wire, found));
		},
	};
}

/** Rows between two lines of n8n's log. */
const LOGGED_ROWS = 50_000;

/** Times in ISO 8601. */
const TIME = /At$/;

/** Times and links to explorers are written by this package. */
const PLAIN = /(?:At|^explorerUrl)$/;

/** Amounts, in either unit. */
const AMOUNT = /Usdc(?:Micro)?$/;

/** Columns of a CSV file, in order. */
const columnsOf = ({ schema }: { schema: { shape: object } }) => Object.keys(schema.shape);

/** Reads rows for a file, whose times are in a time zone. */
function readerOf<Row extends HistoryRow, Types extends z.core.$ZodShape>(
	output: History<Row, Types>['output'],
	timeZone: string,
	hasPlainTimes: boolean,
): RowReader<AgentRow<Row>> {
	const isoOf = isoIn(timeZone);
	const shown = (ms: number) => {
		const iso = isoOf(ms);
		return hasPlainTimes ? iso.slice(0, '2026-10-01T08:00:00'.length).replace('T', ' ') : iso;
	};
	const inZone = (time: unknown) => (typeof time === 'string' ? shown(Date.parse(time)) : time);
	const times = columnsOf(output).filter((column) => TIME.test(column));
	return {
		whole(found) {
			const item = output.of(found.row.wire, found);
			const changed = times.map((name) => [name, inZone(Reflect.get(item, name))]);
			return { ...item, ...Object.fromEntries(changed) };
		},
		column(name) {
			// A file can have millions.
			if (name === 'occurredAt') return ({ row }) => shown(row.at);
			const read = output.valueOf(name as keyof Types & string);
			return TIME.test(name)
				? (found) => inZone(read(found.row.wire, found))
				: (found) => read(found.row.wire, found);
		},
		isAmount: (name) => AMOUNT.test(name),
		isPlain: (name) => PLAIN.test(name),
	};
}

/** Logs how many rows there are so far. */
async function* logged<Row>(
	{ n8n }: OperationContext,
	batches: Batches<Row>,
	noun: string,
): Batches<Row> {
	let rows = 0;
	for await (const batch of batches) {
		const before = rows;
		rows += batch.length;
		if (Math.floor(before / LOGGED_ROWS) < Math.floor(rows / LOGGED_ROWS)) {
			n8n.logger.info(`${n8n.getNode().name}: exported ${rows} ${noun} so far`);
		}
		yield batch;
	}
}

/** Adds up the rows of which it isn't known whether they have moved money. */
async function* noted<Row extends HistoryRow>(
	batches: Batches<Row>,
	unclear: Unclear,
): Batches<Row> {
	for await (const batch of batches) {
		for (const { row } of batch) {
			if (isUnderstood(row)) continue;
			unclear.rows += 1;
			unclear.amount += row.amount;
		}
		yield batch;
	}
}

/** Writes the lines of a book, or a row for each payment. */
async function write<Row extends HistoryRow, Types extends z.core.$ZodShape>(
	context: OperationContext,
	target: FileTarget,
	batches: Batches<Row>,
	output: History<Row, Types>['output'],
	timeZone: string,
) {
	const { book, hasPlainTimes } = target;
	const unclear: Unclear = { rows: 0, amount: 0n };
	if (!book) {
		const written = await writeFiles(context, target, {
			batches,
			reader: readerOf(output, timeZone, hasPlainTimes),
			count({ row }, contents) {
				contents.rows += 1;
				contents.tally.add(fileGroupOf(row), row);
			},
		});
		return { written, unclear };
	}
	const hashOf = output.valueOf('transactionHash');
	const written = await writeFiles(context, target, {
		batches: linesOf(noted(batches, unclear), timeZone, (found) =>
			String(hashOf(found.row.wire, found) ?? ''),
		),
		reader: book,
		count(line, contents) {
			contents.rows += book.recordsOf(line);
			contents.booked = (contents.booked ?? 0n) + line.cents;
			for (const part of line.parts) contents.tally.addTotal(part);
		},
	});
	return { written, unclear };
}

/** Says why a book has no lines. */
function emptyBookHint({ rows, moved }: Total, unclear: Unclear): string {
	if (rows === 0 && unclear.rows > 0) {
		return (
			`The file has no lines: it isn't known whether ${unclear.rows} payments ` +
			`(${formatUsdc(unclear.amount)} USDC) have moved money. No other has.`
		);
	}
	if (rows === 0) return 'No money has moved, so the file has no lines.';
	return (
		`The file has no lines: what ${rows} payments have moved (${formatUsdc(moved)} USDC) is less ` +
		'than half a cent in each month. Nothing of it is carried into another month.'
	);
}

function exportOperation<Row extends HistoryRow, Types extends z.core.$ZodShape>({
	noun,
	fileName,
	filters,
	readRows,
	output,
	export: texts,
}: History<Row, Types>): FileOperation<typeof fileOutput> {
	const columns = columnsOf(output);
	return {
		option: { name: 'Export', value: 'export', ...texts },
		inSession: 'also',
		fields: [...agentScopeFields, filters, ...fileFields(columns)],
		output: fileOutput,
		async exportFiles(context) {
			const { client, hint, read } = context;
			const now = Date.now();
			const { options, ...file } = readFileTarget(read, fileName, columns, now);
			const timeZone = requireTimeZone(readTimeZone(context.n8n, options));
			const query = await readQuery(context, timeZone, now);
			const { written, unclear } = await consumeHistory(
				(reading) => readRows(client, query, reading),
				async (batches) => {
					const rows = logged(context, batches, noun);
					return await write(context, file, rows, output, timeZone);
				},
			);
			const [{ contents: first } = {}] = written;
			if (file.book && first?.rows === 0) hint(emptyBookHint(first.tally.whole, unclear));
			showReport(query.report, noun, hint);
			return written.map(({ target, contents, binary }) => ({
				json: toFileOutput(target, query, contents, hasMoved(columns), unclear),
				binary,
			}));
		},
	};
}

/** The operations that every history has. */
export function historyOperations<Row extends HistoryRow, Types extends z.core.$ZodShape>(
	history: History<Row, Types>,
): [FileOperation<typeof fileOutput>, RowOperation<z.ZodMiniObject<Types>>] {
	return [exportOperation(history), getManyOperation(history)];
}
