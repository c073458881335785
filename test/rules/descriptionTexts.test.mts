import { describe, expect, it } from '@jest/globals';
import type { INode, INodeParameters, INodeType, INodeTypes } from 'n8n-workflow';
import { Workflow } from 'n8n-workflow';

import { resources } from '../../nodes/Ampersend/actions/registry';
import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';

const operations = resources.flatMap(({ option: resource, operations }) =>
	operations.map(({ option, inSession }) => ({
		resource,
		operation: option,
		authentication: inSession === 'only' ? 'agentSession' : 'apiKey',
	})),
);

/** What the editor shows below the node's name (its `getNodeSubtitle` evaluates it like this). */
function subtitleOf(type: INodeType, parameters: INodeParameters): unknown {
	const { name, subtitle } = type.description;
	const node: INode = {
		id: 'node',
		name,
		type: name,
		typeVersion: 1,
		position: [0, 0],
		parameters,
	};
	const nodeTypes: INodeTypes = {
		getByName: () => type,
		getByNameAndVersion: () => type,
		getKnownTypes: () => ({}),
	};
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	return workflow.expression.getSimpleParameterValue(node, subtitle, 'internal', {});
}

describe('The subtitle', () => {
	it.each(operations)(
		'names $operation.name of $resource.name in words',
		({ resource, operation, authentication }) => {
			const parameters = {
				authentication,
				resource: String(resource.value),
				operation: String(operation.value),
			};
			const words = `${operation.name}: ${resource.name}`.toLowerCase().replace('-', ' ');
			expect(subtitleOf(new Ampersend(), parameters)).toBe(words);
		},
	);

	it.each([
		[['*'], 'all payment events'],
		[['payment.denied', '*'], 'all payment events'],
		[[], 'all payment events'],
		[['payment.denied', 'payment.failed'], 'denied, failed'],
		['payment.denied', 'denied'],
		[['payment.denied', 'balance.low', '*'], 'balance.low, all payment events'],
		[['balance.low', 'budget.used'], 'balance.low, budget.used'],
	])('of the trigger on %j is "%s"', (events, subtitle) => {
		expect(subtitleOf(new AmpersendTrigger(), { events })).toBe(subtitle);
	});
});

describe('The list of resources', () => {
	it.each(resources)('says what $option.name is', ({ option }) => {
		expect(option.description).toMatch(/^\S.{20,}[^.]$/);
	});

	it('says how a transaction and a payment event differ', () => {
		const texts = Object.fromEntries(
			resources.map(({ option }) => [String(option.value), option.description]),
		);
		expect(texts.transaction).toContain('earned or spent');
		expect(texts.paymentEvent).toContain('no earnings');
	});
});

describe('The list of operations', () => {
	it.each(operations)(
		'describes $operation.name of $resource.name, and names it without articles',
		({ operation }) => {
			expect(operation.description).toMatch(/^[A-Z].{15,}/);
			expect(operation.description).not.toBe(operation.action);
			expect(operation.action).not.toMatch(/\b(?:an?|the)\b/i);
		},
	);

	it.each([
		'agent create',
		'agentKey add',
		'agentKey revoke',
		'allowlist update',
		'autoCollect update',
		'hostedEndpoint create',
		'hostedEndpoint createMany',
		'hostedEndpoint enable',
		'hostedEndpoint rotateSecret',
		'hostedEndpoint update',
		'spendingLimit update',
	])('says what %s does to money, or to who can get it', (name) => {
		const { description } =
			operations.find(({ resource, operation }) => `${resource.value} ${operation.value}` === name)
				?.operation ?? {};
		expect(description).toMatch(/\b(?:USDC|spend|pay|paid|selling)\b/);
	});
});

describe('The switch for none', () => {
	const collections = new Ampersend().description.properties.flatMap(({ type, options = [] }) =>
		type === 'collection' ? [options.map(({ name }) => name)] : [],
	);
	const pairs = collections.flatMap((names) =>
		names.flatMap((name, i) => (/^no[A-Z]/.test(name) ? [[name, names[i - 1] ?? '']] : [])),
	);

	it.each(pairs)('%s stands right below its amount', (name, before) => {
		expect(`no${before.charAt(0).toUpperCase()}${before.slice(1)}`).toBe(name);
	});

	it('exists for the limits of a new agent, a request and an update, and for auto-collect', () => {
		expect(pairs).toHaveLength(10);
	});
});
