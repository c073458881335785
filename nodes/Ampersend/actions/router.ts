import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { Client } from '../api/client';
import { openClient } from '../api/client';
import { isSandbox } from '../api/connection/deployments';
import { CallError, isTool, toNodeError, withOutcome } from '../api/errors';
import { aFewAtOnce } from '../api/lists/concurrency';
import { CONCURRENCY, startPace } from '../api/lists/pace';
import { readAuthentication } from '../descriptions/authentication';
import type { Read } from '../descriptions/reader';
import { readerOf } from '../descriptions/reader';
import { readSimplify } from '../descriptions/simplify';
import { authentications } from '../domain/authentication';
import { rethrow } from '../domain/rethrow';
import { escapeHtml } from '../domain/text';
import type { Operation, OperationContext, WriteOperation } from './operation';
import { findOperation, requireReachable } from './registry';
import type { Written } from './writeMemory';
import { WriteMemory } from './writeMemory';

const SANDBOX_HINT =
	'This workflow is published, and its Ampersend credential is for the sandbox: no real USDC is ' +
	'paid there. For production, choose another credential in this node.';

interface Run {
	n8n: IExecuteFunctions;
	memory: WriteMemory;
	/** What the node shows after the run. */
	hints: Set<string>;
}

/** How the items of a run go together. */
interface Together {
	/** Whether no item writes, so that they can share what they look up. */
	isReadOnly: boolean;
	isSideBySide: boolean;
}

type Items = Array<Pick<INodeExecutionData, 'json' | 'binary'>>;

/** What an item does once the parameters of all writes are read. `hint` gets what it notes. */
type Work = (hint: OperationContext['hint'], together: Together) => Promise<Items>;

interface Item {
	work: Work;
	/**
	 * `alone`: it reads, and nothing runs beside it: a file may be in memory, and a new session may
	 * end the one before it.
	 */
	kind: 'read' | 'alone' | 'write';
}

type Shorten = (row: object) => object;

function shortenerOf({ simplified }: Operation, read: Read): Shorten {
	return simplified ? readSimplify(read, simplified) : (row) => row;
}

function showing(
	{ rows, hints }: Written,
	shorten: Shorten,
	hint: OperationContext['hint'],
): Items {
	for (const note of hints) hint(note);
	return itemsOf(rows.map(shorten));
}

const itemsOf = (rows: object[]): Items => rows.map((row) => ({ json: row as IDataObject }));

async function carryOut(
	operation: Exclude<Operation, WriteOperation>,
	context: OperationContext,
): Promise<Items> {
	if ('exportFiles' in operation) return await operation.exportFiles(context);
	const shorten = shortenerOf(operation, context.read);
	return itemsOf([await operation.execute(context)].flat().map(shorten));
}

function readerFor(n8n: IExecuteFunctions, itemIndex: number): Read {
	return readerOf((name, fallback) => n8n.getNodeParameter(name, itemIndex, fallback) as unknown);
}

/** @throws NodeOperationError or ParameterError if the item's operation can't be used */
function operationOf(n8n: IExecuteFunctions, itemIndex: number) {
	const resource = n8n.getNodeParameter('resource', itemIndex) as string;
	// n8n drops the operation of a resource that it does not find in the description.
	const name = n8n.getNodeParameter('operation', itemIndex, '') as string;
	const authentication = readAuthentication(readerFor(n8n, itemIndex));
	requireReachable(resource, name, authentication);
	const operation = findOperation(resource, name);
	if (operation) return { operation, authentication };
	throw new NodeOperationError(
		n8n.getNode(),
		`This version of the Ampersend node has no operation "${name}" of "${resource}".`,
		{
			description:
				'Open the node and choose a resource and an operation. If the workflow comes from ' +
				'a newer version, update n8n-nodes-ampersend. ' +
				'For a Custom API Call, use the HTTP Request node.',
			itemIndex,
		},
	);
}

/**
 * Reads the parameters of a write.
 * @param open opens a client; one for the write itself, because a session may have begun since
 */
async function prepareWrite(
	{ n8n, memory }: Run,
	operation: WriteOperation,
	itemIndex: number,
	open: () => Promise<Client>,
): Promise<Work> {
	const remembers = !operation.repeatable;
	const read = readerFor(n8n, itemIndex);
	const shorten = shortenerOf(operation, read);
	const written = remembers ? memory.writtenFor(itemIndex) : undefined;
	const isOver = written?.rows.some((row) => operation.isOver?.(row));
	if (written && !isOver) return async (hint) => showing(written, shorten, hint);
	const unclear = remembers ? memory.unclearFor(itemIndex) : undefined;
	const write = operation.prepare({ n8n, client: await open(), itemIndex, read });
	return async (hint) => {
		const notes: string[] = [];
		const note = (message: string) => void notes.push(message);
		let hasBegun = false;
		const beforeWrite = () => void (hasBegun = true);
		try {
			const client = { ...(await open()), note, unclear, beforeWrite };
			const rows = [await write({ client, hint: note })].flat();
			const done = { rows: rows as IDataObject[], hints: notes };
			if (remembers) memory.keepWritten(itemIndex, done);
			return showing(done, shorten, hint);
		} catch (error) {
			const isUnclear = error instanceof CallError && error.mayBeMade;
			if (isUnclear && remembers) memory.keepUnclear(itemIndex, error);
			// Otherwise a retry would say that what the earlier try has made exists already.
			const isBefore = !hasBegun && error instanceof CallError;
			const shown = isBefore ? withOutcome(error, 'Nothing was changed.') : error;
			rethrow(isUnclear ? error : (unclear ?? shown));
		}
	};
}

async function prepare(run: Run, itemIndex: number): Promise<Item> {
	const { n8n, hints } = run;
	const { operation, authentication } = operationOf(n8n, itemIndex);
	const open = async () => {
		const client = await openClient(n8n, { authentication, itemIndex });
		if (isSandbox(client.connection) && n8n.getWorkflow().active) hints.add(SANDBOX_HINT);
		return client;
	};
	if ('prepare' in operation) {
		return { work: await prepareWrite(run, operation, itemIndex, open), kind: 'write' };
	}
	const work: Work = async (hint, { isReadOnly, isSideBySide }) => {
		const reads = isReadOnly ? run : undefined;
		const opened = { ...(await open()), note: hint, reads };
		const client = isSideBySide ? { ...opened, pace: startPace(opened) } : opened;
		const read = readerFor(n8n, itemIndex);
		return await carryOut(operation, { n8n, client, itemIndex, read, hint });
	};
	const isAlone = 'exportFiles' in operation || authentications[authentication].isOneAgent;
	return { work, kind: isAlone ? 'alone' : 'read' };
}

/**
 * What an item that fails returns with Continue On Fail: what happened (`error`) and what to do
 * next (`details`). n8n sends an item to its error output by these two fields, and adds the input
 * to it. With `error` beside `json` it would keep the message only, and drop details and input.
 * @throws NodeApiError or NodeOperationError without it
 */
function failed(n8n: IExecuteFunctions, itemIndex: number, error: unknown): Items {
	const nodeError = toNodeError(n8n.getNode(), error, itemIndex);
	if (!n8n.continueOnFail()) {
		// An item with Continue On Fail is linked to its input instead.
		if (n8n.getInputData().length > 1) nodeError.message += ` [item ${itemIndex}]`;
		throw nodeError;
	}
	return itemsOf([{ error: nodeError.message, details: nodeError.description ?? null }]);
}

/** Shows what an item notes. @returns what a model gets of it, with the items */
function showHints(run: Run, hints: Array<[message: string, isForModel: boolean]>): Items {
	for (const [message] of hints) run.hints.add(message);
	const forModel = hints.flatMap(([message, isForModel]) => (isForModel ? [message] : []));
	return forModel.length > 0 && isTool(run.n8n.getNode()) ? itemsOf([{ hints: forModel }]) : [];
}

/** Many items have as many notes, and n8n shows each in a box of its own. */
const MAX_HINTS = 10;

function firstHints(hints: Set<string>): string[] {
	const all = [...hints];
	if (all.length <= MAX_HINTS) return all;
	const shown = all.slice(0, MAX_HINTS - 1);
	return [...shown, `There are ${all.length - shown.length} more notes like these.`];
}

/** Works through one item, and returns what to do once those before it are done. */
async function workThrough(run: Run, together: Together, { work }: Item, item: number) {
	const hints: Array<[message: string, isForModel: boolean]> = [];
	const hint: OperationContext['hint'] = (message, isForModel = false) =>
		void hints.push([message, isForModel]);
	const items = await work(hint, together).catch((error: unknown) => failed(run.n8n, item, error));
	return (): INodeExecutionData[] =>
		[...items, ...showHints(run, hints)].map((each) => ({ ...each, pairedItem: { item } }));
}

/**
 * Works through the items in their order. If all of them only read, they run side by side, but
 * the first one runs alone: what it logs in for or finds out, the others use, and if it's rejected,
 * they aren't sent. An item that fails ends the run once those that run beside it have ended.
 */
async function workThroughAll(run: Run, items: Item[]): Promise<INodeExecutionData[]> {
	const numbered = [...items.entries()];
	const isReadOnly = items.every(({ kind }) => kind !== 'write');
	const isSideBySide = items.length > 1 && items.every(({ kind }) => kind === 'read');
	const together = { isReadOnly, isSideBySide };
	const output: INodeExecutionData[] = [];
	for (const some of [numbered.slice(0, 1), numbered.slice(1)]) {
		const outputs = await aFewAtOnce(
			some,
			isSideBySide ? CONCURRENCY : 1,
			async ([index, item]) => await workThrough(run, together, item, index),
		);
		for (const each of outputs.flatMap((show) => show())) output.push(each);
	}
	return output;
}

/**
 * Every input item runs the operation that the node is set to. The parameters of all writes are
 * read before the first one, so that an item that is invalid stops the run before it has changed
 * anything. Output items are linked to their input item.
 */
export async function router(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const run: Run = { n8n: this, memory: new WriteMemory(this), hints: new Set() };
	const items: Item[] = [];
	for (const itemIndex of this.getInputData().keys()) {
		try {
			items.push(await prepare(run, itemIndex));
		} catch (error) {
			const rows = failed(this, itemIndex, error);
			items.push({ work: async () => rows, kind: 'read' });
		}
	}
	const output = await workThroughAll(run, items);
	// n8n's own sign of a run that it retries with Continue On Fail (workflow-execute.js).
	if (!output[0]?.json.error) run.memory.clear();
	// n8n shows hints as HTML, and any text in one can be the service's.
	for (const hint of firstHints(run.hints)) {
		this.addExecutionHints({ message: escapeHtml(hint), location: 'outputPane' });
	}
	return [output];
}
