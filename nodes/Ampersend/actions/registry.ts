import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { updateDisplayOptions } from 'n8n-workflow';

import type { Authentication } from '../api/deployments';
import { authenticationField } from '../descriptions/authentication';
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

/** The resources that an authentication can reach, with the operations that it can carry out. */
function reachableWith(authentication: Authentication): Resource[] {
	if (authentication === 'apiKey') return resources;
	return resources
		.map(({ option, operations }) => ({
			option,
			operations: operations.filter(({ inSession }) => inSession),
		}))
		.filter(({ operations }) => operations.length > 0);
}

function dropdown(
	names: Pick<INodeProperties, 'displayName' | 'name'>,
	options: INodePropertyOptions[],
	show: Record<string, string[]>,
): INodeProperties {
	return {
		...names,
		type: 'options',
		noDataExpression: true,
		displayOptions: { show },
		options,
		default: options[0]?.value ?? '',
	};
}

function dropdownsOf(authentication: Authentication): INodeProperties[] {
	const reachable = reachableWith(authentication);
	const show = { authentication: [authentication] };
	return [
		dropdown(
			{ displayName: 'Resource', name: 'resource' },
			reachable.map(({ option }) => option),
			show,
		),
		...reachable.map(({ option, operations }) =>
			dropdown(
				{ displayName: 'Operation', name: 'operation' },
				operations.map((operation) => operation.option),
				{ ...show, resource: [String(option.value)] },
			),
		),
	];
}

export const properties: INodeProperties[] = [
	authenticationField,
	...dropdownsOf('apiKey'),
	...dropdownsOf('agentSession'),
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
