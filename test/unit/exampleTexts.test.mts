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
function evaluate(value: string, name: string, items: IDataObject[]) {
	const node = { id: '1', type: 'any', typeVersion: 1, position: [0, 0] as [number, number] };
	const workflow = new Workflow({
		nodes: [{ ...node, name, parameters: {} }],
		connections: {},
		active: false,
		nodeTypes,
	});
	const input = items.map((json) => ({ json }));
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

const textOf = (file: string, name: string, items: IDataObject[], parameter = 'text') =>
	String(evaluate(parameterOf(file, name, parameter), name, items));

describe('month-end-books-by-email.json', () => {
	it('names what its files lack', () => {
		const html = parameterOf('month-end-books-by-email.json', 'Send the files', 'html');
		const last = `=${html.split('\n').at(-1)}`;
		const textFor = (unclear: number) =>
			String(evaluate(last, 'Send the files', [{ files: [{ unclear, unclearUsdc: '3.5' }] }]));
		expect(textFor(2)).toContain('lack payments of 3.5 USDC (2)');
		expect(textFor(0)).toBe('');
	});
});

describe('reconcile-every-week.json', () => {
	const FILE = 'reconcile-every-week.json';
	const textFor = (counts: object, rows: object[] = [{}]) =>
		textOf(
			FILE,
			'Send the findings',
			rows.map((row) => ({
				findings: 0,
				comparedTransactions: 1,
				movedWithoutHash: 0,
				unclear: 0,
				...row,
				...counts,
			})),
		);

	it('gives the all-clear only if everything was judged', () => {
		expect(textFor({})).toBe(
			':white_check_mark: Nothing to reconcile: transactions and payment events of the last 7 ' +
				'days agree.',
		);
		expect(textFor({ comparedTransactions: 0 })).toBe(
			':grey_question: No transaction of the last 7 days could be compared with a payment event.',
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

describe('The message', () => {
	const payment = { amountUsdc: '2', agentName: 'Buyer', counterparty: null, why: 'a new seller' };

	it.each([
		['payment-alerts-to-slack-and-sheets.json', 'failed', 'Payment failed: 2 USDC, Buyer'],
		['denied-payment-to-slack.json', 'denied', 'Payment denied: 2 USDC, Buyer → an unknown seller'],
		[
			'unusual-payment-to-slack.json',
			'settled',
			'Unusual payment: 2 USDC, Buyer → an unknown seller (a new seller)',
		],
	])('of %s needs no counterparty', (file, status, text) => {
		const message = textOf(file, 'Send a message', [{ ...payment, status, movedUsdc: '-2' }]);
		expect(message.trim().replace(/^:[a-z_]+: /, '')).toBe(text);
	});

	it('of a failed payment shows no money', () => {
		const events = [
			['failed', '0'],
			['failed', '2'],
			['settled', '-2'],
		];
		const emojis = events.map(([status, movedUsdc]) => {
			const event = { ...payment, status, movedUsdc };
			const text = textOf('payment-alerts-to-slack-and-sheets.json', 'Send a message', [event]);
			return /^:\w+:/.exec(text)?.[0];
		});
		expect(emojis).toEqual([':no_entry:', ':no_entry:', ':money_with_wings:']);
	});

	it.each([
		['0', ':warning: Low balance: Buyer has 0 USDC left.'],
		[null, ':warning: Low balance: Buyer has 0 USDC left.'],
		['0.5', ':warning: Low balance: Buyer has 0 USDC left, less than 0.5 USDC.'],
	])('of a low balance has no threshold of 0: %p', (thresholdUsdc, expected) => {
		const event = { agentName: 'Buyer', balanceUsdc: '0', thresholdUsdc };
		expect(textOf('low-balance-to-slack.json', 'Send a message', [event])).toBe(expected);
	});

	it('of an approval needs no counterparty', () => {
		const [file, name] = ['denied-payment-approval.json', 'Ask in Slack'];
		expect(textOf(file, name, [payment], 'message')).toBe(
			'Buyer may not pay 2 USDC to an unknown seller. Allow it?',
		);
	});
});

describe('The code of denied-payment-approval.json', () => {
	it('adds no seller that is absent', () => {
		const code = parameterOf('denied-payment-approval.json', 'What to change', 'jsCode');
		const outputs: Record<string, object> = {
			'When a payment is denied': { agentName: 'Buyer', counterparty: null, amountUsdc: '2' },
			'Get allowlist': { sellers: ['0xABC'] },
			'Get spending limits': { dailyLimitUsdc: '1' },
		};
		const run = new Function('$', code) as (input: (node: string) => object) => object;
		expect(run((node) => ({ first: () => ({ json: outputs[node] }) }))).toMatchObject({
			change: 'limits',
			dailyLimit: '3.000000',
		});
	});
});

describe('reconcile-payments-hourly.json', () => {
	const FILE = 'reconcile-payments-hourly.json';

	it('appends what has no row, and changes no row', () => {
		const code = parameterOf(FILE, 'What is missing', 'jsCode');
		const all = (rows: object[]) => ({ all: () => rows.map((json) => ({ json })) });
		const transactions = ['1', '2'].map((id) => ({ id, status: 'settled', agentAddress: '0xAB' }));
		const missing = (rows: object[]) =>
			(
				new Function('$', '$input', code) as (
					...given: unknown[]
				) => Array<{ json: IDataObject; pairedItem: number }>
			)(() => all(transactions), all(rows)).map(({ json, pairedItem }) => [
				json.eventId,
				pairedItem,
			]);

		expect(missing([{ 'Event ID': '1:settled:0xab' }])).toEqual([['2:settled:0xab', 1]]);
		expect(missing([{}])).toHaveLength(2);
		expect(parameterOf(FILE, 'Append rows', 'operation')).toBe('append');
	});
});
