import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { replaceCircularReferences } from 'n8n-workflow';

import { CallError, isTool } from '../api/errors';
import { digestOf } from '../domain/digest';

/** What a write gave: its rows, and the notes about it. */
export interface Written {
	rows: IDataObject[];
	hints: string[];
}

/** What an earlier try did for an item. One of the two is there. */
interface Earlier {
	/** Of what the item was to do. */
	digest: string;
	written?: Written;
	/** What stopped a write that may have been made. */
	unclear?: Pick<CallError, 'message' | 'description' | 'status'>;
	/** In which execution it was unclear. */
	executionId?: string;
}

interface Stored {
	runIndex: number;
	items: Record<number, Earlier>;
}

const NAME = 'writes';

/**
 * What the tries of an AI agent's call have written, by what the call gave: where n8n runs a tool
 * within the agent's node, each try is another run (n8n-core, get-input-connection-data.js), and
 * several calls can run at the same time.
 */
const toolCalls = new WeakMap<object, Stored>();

/** Items come from any node, so they can hold what JSON can't. */
function textOf(value: object | undefined): string {
	return JSON.stringify(replaceCircularReferences(value), (_, field: unknown) =>
		typeof field === 'bigint' ? String(field) : field,
	);
}

/**
 * What the tries of one run have written. n8n's Retry On Fail runs a node again with all items, and
 * so does a retry of the whole execution. The node's context survives both. n8n stores it with the
 * execution, so nothing is kept longer than until the run succeeds.
 */
export class WriteMemory {
	private stored?: Stored;
	private parameters?: string;

	constructor(private readonly n8n: IExecuteFunctions) {}

	/** The rows and notes of a write that an earlier try finished. */
	writtenFor(itemIndex: number): Written | undefined {
		return this.earlier(itemIndex)?.written;
	}

	/**
	 * What stopped a write of an earlier try that may have been made. Whoever retries the whole
	 * execution has read so, and could check.
	 */
	unclearFor(itemIndex: number): CallError | undefined {
		const { unclear, executionId } = this.earlier(itemIndex) ?? {};
		if (!unclear || executionId !== this.n8n.getExecutionId()) return undefined;
		return new CallError({ ...unclear, repeatable: false, mayBeMade: true });
	}

	keepWritten(itemIndex: number, written: Written): void {
		this.open().items[itemIndex] = { digest: this.digest(itemIndex), written };
	}

	keepUnclear(itemIndex: number, { message, description, status }: CallError): void {
		const unclear = { message, description, status };
		const executionId = this.n8n.getExecutionId();
		this.open().items[itemIndex] = { digest: this.digest(itemIndex), unclear, executionId };
	}

	/** There is no further try. */
	clear(): void {
		const context = this.n8n.getContext('node');
		if (this.stored && context[NAME] === this.stored) delete context[NAME];
		if (this.toolCall) toolCalls.delete(this.toolCall);
		this.stored = undefined;
	}

	private earlier(itemIndex: number): Earlier | undefined {
		const earlier = this.open().items[itemIndex];
		return earlier && earlier.digest === this.digest(itemIndex) ? earlier : undefined;
	}

	private open(): Stored {
		if (this.stored) return this.stored;
		const context = this.n8n.getContext('node');
		// In a loop, each run of the node has another one.
		const runIndex = Number(this.n8n.getWorkflowDataProxy(0).$runIndex);
		const stored = context[NAME] as Stored | undefined;
		this.stored =
			(this.toolCall && toolCalls.get(this.toolCall)) ??
			(stored?.runIndex === runIndex ? stored : { runIndex, items: {} });
		if (this.toolCall) toolCalls.set(this.toolCall, this.stored);
		context[NAME] = this.stored;
		return this.stored;
	}

	/** What an AI agent's call gave: the same object in each try. */
	private get toolCall(): object | undefined {
		return isTool(this.n8n.getNode()) ? this.n8n.getInputData()[0]?.json : undefined;
	}

	/**
	 * Of the parameters as they are set, before n8n evaluates expressions: `$now` has another value
	 * in each try. The input item stands for what the expressions read.
	 */
	private digest(itemIndex: number): string {
		const { parameters, credentials } = this.n8n.getNode();
		const { json } = this.n8n.getInputData()[itemIndex] ?? {};
		this.parameters ??= digestOf(textOf({ parameters, credentials }));
		return digestOf(this.parameters + textOf(json));
	}
}
