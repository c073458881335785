import type { INode, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { ParameterError } from '../../domain/parameter';
import { CredentialError } from '../deployments';
import { CallError, chainOf } from './CallError';

/**
 * Gives an error its message, because n8n swaps one that contains the letters of a system code (an
 * agent called "Keeperman" contains EPERM). n8n also records a run as canceled if the message of
 * its error contains this spelling (n8n-core 2.41, workflow-execute.js:
 * `message.includes('canceled')`), whoever wrote it: an agent's name, a value, the service. The
 * spelling "cancelled" doesn't count.
 */
function withMessage<NodeError extends Error>(
	error: NodeError,
	message = error.message,
): NodeError {
	const isCancelled = chainOf(error).some((one) => one instanceof CallError && one.cancelled);
	error.message = isCancelled ? message : message.replaceAll('canceled', 'cancelled');
	return error;
}

/** Whether an AI agent uses the node: n8n makes a node of its own for that. */
export function isTool({ type }: INode): boolean {
	return type.endsWith('Tool');
}

/**
 * The message for a person, or for a model: n8n gives a model the message of an error only (2.41,
 * workflow-execute.js), so it gets the next step there, too.
 */
function messageFor(
	node: INode,
	{ message, description }: { message: string; description: string },
): string {
	return isTool(node) && description ? `${message.replace(/\.?$/, '.')} ${description}` : message;
}

/**
 * The error that n8n shows, for whatever was thrown while one item was processed.
 * @param itemIndex the input item; absent in triggers and pickers
 */
export function toNodeError(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeApiError | NodeOperationError {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) {
		return withMessage(error);
	}
	if (error instanceof CallError) {
		const { description, status, failure } = error;
		const message = messageFor(node, error);
		const options = { message, description, httpCode: status?.toString(), failure, itemIndex };
		return withMessage(new NodeApiError(node, error as CallError & JsonObject, options), message);
	}
	if (error instanceof ParameterError || error instanceof CredentialError) {
		const cause = error instanceof CredentialError ? 'credential-invalid' : 'configuration-invalid';
		const options = { description: error.description, failure: { cause }, itemIndex } as const;
		return withMessage(new NodeOperationError(node, error, options), messageFor(node, error));
	}
	const unexpected = error instanceof Error ? error : new Error(String(error));
	return withMessage(new NodeOperationError(node, unexpected, { itemIndex }));
}
