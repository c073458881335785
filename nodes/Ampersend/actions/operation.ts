import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import type { Client } from '../api/send';

/** What an operation works with: one input item at a time. */
export interface OperationContext {
	n8n: IExecuteFunctions;
	client: Client;
	itemIndex: number;
	/** Shows a note on the node after the run. */
	hint(message: string): void;
}

/** What an operation gives for one input item; the router links it to that item. */
export type OperationOutput = Pick<INodeExecutionData, 'json' | 'binary'>;

export interface Operation {
	/** Option of the Operation dropdown. `value` is stored in workflows: never change it. */
	option: INodePropertyOptions & { action: string };
	/** Parameters. The registry shows them for this operation; a field's own conditions are kept. */
	fields: INodeProperties[];
	execute(context: OperationContext): Promise<OperationOutput[]>;
}

export interface Resource {
	option: INodePropertyOptions;
	operations: Operation[];
}

export function toItems(rows: object[]): OperationOutput[] {
	return rows.map((row) => ({ json: row as IDataObject }));
}
