import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { isSandbox } from '../api/deployments';
import { isTool, toNodeError } from '../api/errors';
import { openClient } from '../api/send';
import { readAuthentication } from '../descriptions/authentication';
import { readSimplify } from '../descriptions/simplify';
import { escapeHtml } from '../domain/text';
import type { Operation, OperationContext } from './operation';
import { findOperation, requireReachable } from './registry';

const SANDBOX_HINT =
	'This workflow is published, and its Ampersend credential is for the sandbox: no real USDC is ' +
	'paid there. For production, choose another credential in this node.';

async function run(operation: Operation, context: OperationContext): Promise<INodeExecutionData[]> {
	const notes: string[] = [];
	const hint = (message: string): void => {
		notes.push(message);
		context.hint(message);
	};
	const items = await carryOut(operation, { ...context, hint });
	// A model doesn't see hints. One of a filter that nothing passes is all that it can learn.
	const isForModel = notes.length > 0 && isTool(context.n8n.getNode());
	return isForModel ? [...items, { json: { hints: notes } }] : items;
}

async function carryOut(
	operation: Operation,
	context: OperationContext,
): Promise<INodeExecutionData[]> {
	if ('exportFile' in operation) return [await operation.exportFile(context)];
	const { n8n, itemIndex } = context;
	const { simplified } = operation;
	const shorten = simplified && readSimplify(n8n, itemIndex, simplified);
	const rows = [await operation.execute(context)].flat();
	return rows.map((row) => ({ json: (shorten ? shorten(row) : row) as IDataObject }));
}

/**
 * The item loop: every input item runs the operation that the node is set to. Output items are
 * linked to their input item. With Continue On Fail, an item that fails has what happened (`error`)
 * and what to do next (`details`).
 */
export async function router(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const output: INodeExecutionData[] = [];
	const hints = new Set<string>();

	for (let itemIndex = 0; itemIndex < this.getInputData().length; itemIndex++) {
		try {
			const resource = this.getNodeParameter('resource', itemIndex) as string;
			// n8n drops the operation of a resource that it does not find in the description.
			const operation = this.getNodeParameter('operation', itemIndex, '') as string;
			const authentication = readAuthentication(
				this.getNodeParameter('authentication', itemIndex, 'apiKey'),
			);
			requireReachable(resource, operation, authentication);
			const found = findOperation(resource, operation);
			if (!found) {
				throw new NodeOperationError(
					this.getNode(),
					`This version of the Ampersend node has no operation "${operation}" of "${resource}".`,
					{
						description:
							'Open the node and choose a resource and an operation. If the workflow comes from ' +
							'a newer version, update n8n-nodes-ampersend. ' +
							'For a Custom API Call, use the HTTP Request node.',
						itemIndex,
					},
				);
			}
			const hint = (message: string) => hints.add(message);
			const client = await openClient(this, { authentication, itemIndex, note: hint });
			if (isSandbox(client.connection) && this.getWorkflow().active) hints.add(SANDBOX_HINT);
			const context = {
				n8n: this,
				client,
				itemIndex,
				hint,
			};
			for (const item of await run(found, context)) {
				output.push({ ...item, pairedItem: { item: itemIndex } });
			}
		} catch (error) {
			const nodeError = toNodeError(this.getNode(), error, itemIndex);
			if (!this.continueOnFail()) throw nodeError;
			// n8n sends an item to its error output by these two fields, and adds the input to it. With
			// `error` beside `json` it would keep the message only, and drop details and input.
			output.push({
				json: { error: nodeError.message, details: nodeError.description ?? null },
				pairedItem: { item: itemIndex },
			});
		}
	}

	// n8n shows hints as HTML, and any text in one can be the service's.
	for (const hint of hints) {
		this.addExecutionHints({ message: escapeHtml(hint), location: 'outputPane' });
	}
	return [output];
}
