import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { toNodeError } from '../api/errors';
import { openClient } from '../api/send';
import { findOperation } from './registry';

/**
 * The item loop: every input item runs the operation that the node is set to. Output items are
 * linked to their input item; with Continue On Fail an item that could not be processed gives its message.
 */
export async function router(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const output: INodeExecutionData[] = [];
	const hints = new Set<string>();

	for (let itemIndex = 0; itemIndex < this.getInputData().length; itemIndex++) {
		try {
			const resource = this.getNodeParameter('resource', itemIndex) as string;
			const operation = this.getNodeParameter('operation', itemIndex) as string;
			const found = findOperation(resource, operation);
			if (!found) {
				throw new NodeOperationError(
					this.getNode(),
					`The resource "${resource}" has no operation "${operation}".`,
					{ description: 'Open the node and choose an operation from the list.', itemIndex },
				);
			}
			const items = await found.execute({
				n8n: this,
				client: await openClient(this, { itemIndex }),
				itemIndex,
				hint: (message) => hints.add(message),
			});
			output.push(...items.map((item) => ({ ...item, pairedItem: { item: itemIndex } })));
		} catch (error) {
			const nodeError = toNodeError(this.getNode(), error, itemIndex);
			if (!this.continueOnFail()) throw nodeError;
			output.push({
				json: { error: nodeError.message, description: nodeError.description ?? null },
				error: nodeError,
				pairedItem: { item: itemIndex },
			});
		}
	}

	for (const message of hints) this.addExecutionHints({ message, location: 'outputPane' });
	return [output];
}
