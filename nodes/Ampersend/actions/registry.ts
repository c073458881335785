import type { INodeProperties } from 'n8n-workflow';
import { updateDisplayOptions } from 'n8n-workflow';

import { agent } from './agent';
import { agentKey } from './agentKey';
import { allowlist } from './allowlist';
import { autoCollect } from './autoCollect';
import type { Operation, Resource } from './operation';
import { paymentEvent } from './paymentEvent';
import { spendingLimit } from './spendingLimit';
import { transaction } from './transaction';

/** Every resource, in alphabetical order as n8n's linter requires. */
export const resources: Resource[] = [
	agent,
	agentKey,
	allowlist,
	autoCollect,
	paymentEvent,
	spendingLimit,
	transaction,
];

const firstResource = agent.option.value;

const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	options: resources.map(({ option }) => option),
	default: firstResource,
};

const operationFields = resources.map(({ option, operations }): INodeProperties => {
	const options = operations.map((operation) => operation.option);
	const firstOperation = options[0]?.value ?? '';
	return {
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: [option.value] } },
		options,
		default: firstOperation,
	};
});

export const properties: INodeProperties[] = [
	resourceField,
	...operationFields,
	...resources.flatMap((resource) =>
		resource.operations.flatMap(({ option, fields }) =>
			updateDisplayOptions(
				{ show: { resource: [resource.option.value], operation: [option.value] } },
				fields,
			),
		),
	),
];

/** Finds an operation by its stored values; undefined for 'Custom API Call' and unknown values. */
export function findOperation(resource: string, operation: string): Operation | undefined {
	return resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);
}
