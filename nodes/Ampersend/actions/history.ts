import type { INodeProperties } from 'n8n-workflow';
import type * as z from 'zod/v4-mini';

import { selectAgents } from '../api/agents';
import type { AgentRow, HistoryQuery } from '../api/history';
import type { Client } from '../api/send';
import { agentScopeFields, agentScopeParameter, readAgentScope } from '../descriptions/agentScope';
import { fileFields, readFileTarget } from '../descriptions/file';
import { readHistoryFilter } from '../descriptions/historyFilters';
import { pagingFields, readLimit } from '../descriptions/paging';
import { fileOutput, writeFile } from './file';
import type { FileOperation, OperationContext, RowOperation, Schema } from './operation';

/** A resource whose rows are read, filtered and exported. */
export interface History<Row, Output extends Schema> {
	/** The default name of an exported file starts with it. */
	fileName: string;
	filters: INodeProperties;
	read(client: Client, query: HistoryQuery): Promise<Array<AgentRow<Row>>>;
	output: Output;
	toOutput(row: AgentRow<Row>): z.infer<Output>;
	/** Columns of a CSV file, in order. */
	columns: ReadonlyArray<keyof z.infer<Output> & string>;
}

/**
 * Reads the parameters that say what to read. Everything that can be invalid is checked before the
 * agents are requested.
 * @param now epoch ms
 */
async function readQuery(
	{ n8n, client, itemIndex }: OperationContext,
	limit: number,
	now: number,
): Promise<HistoryQuery> {
	const get = (name: string, fallback: unknown): unknown =>
		n8n.getNodeParameter(name, itemIndex, fallback);
	const scope = readAgentScope(get);
	const filter = readHistoryFilter(n8n, itemIndex);
	const agents = await selectAgents(client, scope, agentScopeParameter(get));
	return { agents, filter, limit, now };
}

interface Texts {
	action: string;
	description: string;
}

export function getManyOperation<Row, Output extends Schema>(
	{ filters, read, output, toOutput }: History<Row, Output>,
	texts: Texts,
): RowOperation<Output> {
	return {
		option: { name: 'Get Many', value: 'getMany', ...texts },
		fields: [...agentScopeFields, ...pagingFields, filters],
		output,
		async execute(context) {
			const limit = readLimit(context.n8n, context.itemIndex);
			const rows = await read(context.client, await readQuery(context, limit, Date.now()));
			return rows.map(toOutput);
		},
	};
}

export function exportOperation<Row, Output extends Schema>(
	{ fileName, filters, read, toOutput, columns }: History<Row, Output>,
	texts: Texts,
): FileOperation<typeof fileOutput> {
	return {
		option: { name: 'Export', value: 'export', ...texts },
		fields: [...agentScopeFields, filters, ...fileFields],
		output: fileOutput,
		async exportFile(context) {
			const now = Date.now();
			const file = readFileTarget(context, fileName, now);
			const query = await readQuery(context, Infinity, now);
			const rows = (await read(context.client, query)).map(toOutput);
			return await writeFile(context.n8n, file, { rows, columns, ...query });
		},
	};
}
