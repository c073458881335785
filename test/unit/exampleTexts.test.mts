import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters, INodeTypes } from 'n8n-workflow';
import { Workflow } from 'n8n-workflow';

const folder = resolve(__dirname, '../../examples');

interface ExampleNode {
	name: string;
	parameters: INodeParameters;
}

const nodesOf = (file: string) =>
	(JSON.parse(readFileSync(join(folder, file), 'utf8')) as { nodes: ExampleNode[] }).nodes;

const parameterOf = (file: string, name: string, parameter: string) =>
	String(nodesOf(file).find((node) => node.name === name)?.parameters[parameter]);

const nodeTypes = {
	getByNameAndVersion: () => ({ description: { properties: [] } }),
} as unknown as INodeTypes;

/** What n8n makes of a text, with these items as its input. */
function textOf(file: string, name: string, items: IDataObject[], parameter = 'text') {
	const node = { id: '1', type: 'any', typeVersion: 1, position: [0, 0] as [number, number] };
	const workflow = new Workflow({
		nodes: [{ ...node, name, parameters: {} }],
		connections: {},
		active: false,
		nodeTypes,
	});
	const input = items.map((json) => ({ json }));
	const value = parameterOf(file, name, parameter);
	const executeData = { data: { main: [input] }, node: workflow.getNode(name)!, source: null };
	return workflow.expression.getParameterValue(
		value,
		null,
		0,
		0,
		name,
		input,
		'manual',
		{},
		executeData,
	);
}

describe('reconcile-every-week.json', () => {
	const FILE = 'reconcile-every-week.json';
	const textFor = (counts: object, rows: object[] = [{}]) =>
		String(
			textOf(
				FILE,
				'Send the findings',
				rows.map((row) => ({ findings: 0, movedWithoutHash: 0, unclear: 0, ...row, ...counts })),
			),
		);

	it('gives the all-clear only if everything was judged', () => {
		expect(textFor({})).toBe(
			':white_check_mark: Nothing to reconcile: transactions and payment events of the last 7 ' +
				'days agree.',
		);
		const rest = ':warning: Not everything of the last 7 days could be compared. The rest agrees.';
		expect(textFor({ unclear: 3 })).toBe(
			`${rest}\n3 could not be judged: their status or direction is not known.`,
		);
		expect(textFor({ movedWithoutHash: 2 })).toBe(
			`${rest}\n2 that moved money have no transaction hash, so they were not compared.`,
		);
	});

	it('shows 20 findings, and says how many more there are', () => {
		const row = { agentName: 'Buyer', transactionAmountUsdc: '1', transactionStatus: 'settled' };
		const lines = (count: number) =>
			textFor({ findings: count }, Array<object>(count).fill(row)).split('\n');
		const line = '• Buyer: transaction of 1 USDC (settled), no payment event. ';
		expect(lines(20)).toEqual([
			':warning: *To reconcile, of the last 7 days: 20*',
			...Array<string>(20).fill(line),
		]);
		expect(lines(321).slice(20)).toEqual([line, 'and 301 more']);
	});
});
