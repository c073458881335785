import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { updateDisplayOptions } from 'n8n-workflow';

import { rejectAuthentication } from '../api/connection/authorize';
import { asOneAgent, authenticationField } from '../descriptions/authentication';
import { simplifyFields } from '../descriptions/simplify';
import type { Authentication } from '../domain/authentication';
import { authenticationNames, authentications } from '../domain/authentication';
import { agent } from './agent';
import { agentKey } from './agentKey';
import { allowlist } from './allowlist';
import { autoCollect } from './autoCollect';
import { fundingLink } from './fundingLink';
import { hostedEndpoint } from './hostedEndpoint';
import { marketplace } from './marketplace';
import type { Operation, Resource } from './operation';
import { owner } from './owner';
import { payment } from './payment';
import { paymentEvent } from './paymentEvent';
import { spendingLimit } from './spendingLimit';
import { transaction } from './transaction';

/** Every resource, in alphabetical order as n8n's linter requires. */
export const resources: Resource[] = [
	agent,
	agentKey,
	allowlist,
	autoCollect,
	fundingLink,
	hostedEndpoint,
	marketplace,
	owner,
	payment,
	paymentEvent,
	spendingLimit,
	transaction,
];

/** Whether an authentication can do an operation. */
function isReachable({ inSession }: Operation, authentication: Authentication): boolean {
	return authentications[authentication].isOneAgent
		? inSession !== undefined
		: inSession !== 'only';
}

/** The operations of a resource that an authentication can do. */
function reachable({ operations }: Resource, authentication: Authentication): Operation[] {
	return operations.filter((operation) => isReachable(operation, authentication));
}

/** The resources that only an agent reaches. */
const ofAgents = resources.filter(({ operations }) =>
	operations.every(({ inSession }) => inSession === 'only'),
);

const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	options: resources.map((resource) =>
		ofAgents.includes(resource)
			? { ...resource.option, displayOptions: asOneAgent }
			: resource.option,
	),
	default: 'agent',
};

const notices: Record<Authentication, string> = {
	apiKey: 'Only an agent can do this. Choose an Ampersend Agent API credential above.',
	agentSession: "An agent can't do this. Choose an Ampersend API credential above.",
};

/** n8n's node panel offers every operation, and n8n may choose a credential that can't do it. */
function unreachableNotices(authentication: Authentication): INodeProperties[] {
	return resources.flatMap(({ option: resource, operations }) => {
		const out = operations.filter((operation) => !isReachable(operation, authentication));
		if (out.length === 0) return [];
		const isAll = out.length === operations.length;
		const values = out.map(({ option }) => option.value);
		const show = {
			authentication: [authentication],
			resource: [resource.value],
			...(!isAll && { operation: values }),
		};
		return {
			displayName: notices[authentication],
			name: 'otherCredential',
			type: 'notice',
			displayOptions: { show },
			default: '',
		};
	});
}

/** A new tool of a model begins with it, so it's one that only reads, if there is one. */
function safest(options: INodePropertyOptions[]): string | undefined {
	const values = options.map(({ value }) => value);
	return ['getMany', 'get'].find((value) => values.includes(value));
}

const operationField = { displayName: 'Operation', name: 'operation' } as const;

/** One for each resource and authentication. */
function operationFields(authentication: Authentication): INodeProperties[] {
	return resources.flatMap((resource) => {
		const options = reachable(resource, authentication).map(({ option }) => option);
		const [first] = options;
		if (!first) return [];
		return {
			...operationField,
			type: 'options',
			noDataExpression: true,
			displayOptions: {
				show: { authentication: [authentication], resource: [resource.option.value] },
			},
			options,
			default: safest(options) ?? first.value,
		};
	});
}

/** Simplify stands before what is added field by field, as in n8n's own nodes. */
function fieldsOf({ fields, simplified }: Operation): INodeProperties[] {
	if (!simplified) return fields;
	const isAdded = ({ type }: INodeProperties) => type === 'collection';
	const always = fields.filter((field) => !isAdded(field));
	return [...always, ...simplifyFields(simplified), ...fields.filter(isAdded)];
}

/** What most of the texts are. */
function mostFrequent(texts: string[]): string | undefined {
	const count = (text: string) => texts.filter((one) => one === text).length;
	return texts.toSorted((one, other) => count(other) - count(one))[0];
}

/**
 * The fields of a resource's operations, each in its order. Where operations have the same field,
 * it's one: n8n reads less when it starts.
 */
function mergedFields({ option: resource, operations }: Resource): INodeProperties[] {
	const waiting = operations.map((operation) => ({
		operation: operation.option.value,
		fields: fieldsOf(operation).map((field) => ({ field, text: JSON.stringify(field) })),
	}));
	const merged: INodeProperties[] = [];
	for (;;) {
		const next = mostFrequent(waiting.flatMap(({ fields: [first] }) => first?.text ?? []));
		const having = waiting.filter(({ fields: [first] }) => first && first.text === next);
		const taken = having.flatMap(({ fields }) => fields.shift()?.field ?? []);
		const show = {
			resource: [resource.value],
			operation: having.map(({ operation }) => operation),
		};
		if (taken.length === 0) return merged;
		merged.push(...updateDisplayOptions({ show }, taken.slice(0, 1)));
	}
}

export const properties: INodeProperties[] = [
	authenticationField,
	resourceField,
	...authenticationNames.flatMap(unreachableNotices),
	// n8n's node panel lists the operations of the first field that a resource has.
	...authenticationNames.flatMap(operationFields),
	...resources.flatMap(mergedFields),
];

/** @throws ParameterError if only the other authentication can do this */
export function requireReachable(
	resource: string,
	operation: string,
	authentication: Authentication,
): void {
	const found = resources.find(({ option }) => option.value === resource);
	if (!found) return;
	const { operations } = found;
	// n8n drops the operation if this authentication can't reach the resource.
	const meant = operations.filter(({ option }) => ['', option.value].includes(operation));
	const isOut = meant.every((candidate) => !isReachable(candidate, authentication));
	if (meant.length === 0 || !isOut) return;
	const [only] = meant.length === 1 ? meant : [];
	const names = [found.option.name, ...(only ? [only.option.name] : [])];
	rejectAuthentication(authentication, names.join(': '));
}

/** Finds an operation by its stored values; undefined for 'Custom API Call' and unknown values. */
export function findOperation(resource: string, operation: string): Operation | undefined {
	return resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);
}
