import type {
	IDataObject,
	IDisplayOptions,
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
	/** Parameters, without display options: those are stated once, by the resource. */
	fields: INodeProperties[];
	execute(context: OperationContext): Promise<OperationOutput[]>;
}

export interface Resource {
	option: INodePropertyOptions;
	operations: Operation[];
}

/** Limits fields to one operation; what a field says of its own visibility is kept. */
export function showFor(
	resource: Resource,
	operation: Operation,
	fields: INodeProperties[],
): INodeProperties[] {
	const show = { resource: [resource.option.value], operation: [operation.option.value] };
	return fields.map((field) => {
		const displayOptions: IDisplayOptions = {
			...field.displayOptions,
			show: { ...show, ...field.displayOptions?.show },
		};
		return { ...field, displayOptions };
	});
}

export function toItems(rows: object[]): OperationOutput[] {
	return rows.map((row) => ({ json: row as IDataObject }));
}
