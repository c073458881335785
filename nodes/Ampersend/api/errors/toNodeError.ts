import type { INode, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { ParameterError } from '../../domain/parameter';
import { withoutTags } from '../../domain/text';
import { CredentialError } from '../connection/deployments';
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
	const isCancelled = chainOf(error).some((cause) => cause instanceof CallError && cause.cancelled);
	error.message = isCancelled ? message : message.replaceAll('canceled', 'cancelled');
	return error;
}

/** Whether an AI agent uses the node: n8n makes a node of its own for that. */
export function isTool({ type }: INode): boolean {
	return type.endsWith('Tool');
}

/**
 * The same for a model. n8n gives it the message only (2.41, workflow-execute.js), and before 1.101
 * the description only, which it drops from an API error (1.85, get-input-connection-data.js). So
 * both texts have what happened and the next step.
 */
function forModel(node: INode, shown: NodeApiError | NodeOperationError): NodeOperationError {
	const { message, description, failure } = shown;
	const isAll = !description || description === message;
	const text = isAll ? message : `${message.replace(/\.?$/, '.')} ${description}`;
	const { itemIndex } = shown.context as { itemIndex?: number };
	const options = { failure, itemIndex };
	const isReady = shown instanceof NodeOperationError;
	const error = isReady ? shown : new NodeOperationError(node, shown, options);
	error.description = text;
	return withMessage(error, text);
}

/** The error that n8n shows a person. */
function forPerson(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeApiError | NodeOperationError {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) {
		return withMessage(error);
	}
	if (error instanceof CallError) {
		const { description, status, failure } = error;
		const { message } = error;
		const options = { message, description, httpCode: status?.toString(), failure, itemIndex };
		return withMessage(new NodeApiError(node, error as CallError & JsonObject, options), message);
	}
	if (error instanceof ParameterError || error instanceof CredentialError) {
		const cause = error instanceof CredentialError ? 'credential-invalid' : 'configuration-invalid';
		const options = { description: error.description, failure: { cause }, itemIndex } as const;
		return withMessage(new NodeOperationError(node, error, options), error.message);
	}
	const unexpected = error instanceof Error ? error : new Error(String(error));
	return withMessage(new NodeOperationError(node, unexpected, { itemIndex }));
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
	const forReader = forPerson(node, error, itemIndex);
	const shown = isTool(node) ? forModel(node, forReader) : forReader;
	// The editor shows a description, and a message that pops up, as HTML.
	shown.message = withoutTags(shown.message);
	if (shown.description) shown.description = withoutTags(shown.description);
	return shown;
}
