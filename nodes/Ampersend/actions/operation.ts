import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';
import type * as z from 'zod/v4-mini';

import type { Client } from '../api/client';
import type { Read } from '../descriptions/reader';
import type { Simplified } from '../domain/simplify';

/** What an operation works with: one input item at a time. */
export interface OperationContext {
	n8n: IExecuteFunctions;
	client: Client;
	itemIndex: number;
	/** Reads a parameter for the item. */
	read: Read;
	/**
	 * Shows a note on the node after the run.
	 * @param isForModel whether a model gets it too, with the items: it doesn't see hints
	 */
	hint(message: string, isForModel?: boolean): void;
}

/** What the parameters of one input item are read from. Nothing can be sent with it. */
export interface ParameterContext extends Pick<OperationContext, 'n8n' | 'itemIndex' | 'read'> {
	client: Pick<Client, 'connection'>;
}

/** Describes the JSON of an output item. The service may add fields. */
export type Schema = z.ZodMiniType<object>;

interface Described<Output extends Schema> {
	/** Option of the Operation dropdown. `value` is stored in workflows: never change it. */
	option: INodePropertyOptions & { action: string };
	/** Whether an agent can do it in its session: also, or only. Absent if it needs an API key. */
	inSession?: 'also' | 'only';
	/** Parameters. The registry shows them for this operation; a field's own conditions are kept. */
	fields: INodeProperties[];
	output: Output;
	/** For items of many fields. The router makes them shorter by it. */
	simplified?: Simplified;
}

/** Gives rows for one input item. The router makes items of them and links them to that item. */
export interface RowOperation<Output extends Schema = Schema> extends Described<Output> {
	execute(context: OperationContext): Promise<z.infer<Output> | Array<z.infer<Output>>>;
}

/**
 * Changes something. The router reads the parameters of all items before the first one is written,
 * and answers a retry of n8n from what an earlier try has written.
 */
export interface WriteOperation<Output extends Schema = Schema> extends Described<Output> {
	/** Set if a retry can do it again without doing more, so nothing is remembered of it. */
	repeatable?: true;
	/** Whether what an earlier try gave is of no use any more, so that it's done again. */
	isOver?(row: IDataObject): boolean;
	/** Reads the parameters, and returns what carries them out. */
	prepare(
		context: ParameterContext,
	): (
		context: Pick<OperationContext, 'client' | 'hint'>,
	) => Promise<z.infer<Output> | Array<z.infer<Output>>>;
}

/** Gives items with a file each. */
export interface FileOperation<Output extends Schema = Schema> extends Described<Output> {
	exportFiles(
		context: OperationContext,
	): Promise<Array<Pick<INodeExecutionData, 'json' | 'binary'>>>;
}

export type Operation = RowOperation | WriteOperation | FileOperation;

export interface Resource {
	option: INodePropertyOptions;
	operations: Operation[];
}
