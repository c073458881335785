import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { isTool } from '../../api/errors';
import { optionsField, readCollection } from '../../descriptions/options';
import { addressKey } from '../../domain/address';
import { digestOf } from '../../domain/digest';
import { parsePositiveUsdc } from '../../domain/money';
import {
	ParameterError,
	quote,
	readChoice,
	readText,
	readWholeNumber,
	requireText,
} from '../../domain/parameter';
import { nameKey } from '../../domain/text';
import { isWeb, parseUrl } from '../../domain/webAddress';
import { newId } from '../../domain/x402/ids';
import { MAX_SECONDS, type Purchase } from '../../domain/x402/terms';
import type { ParameterContext } from '../operation';

const maximumField: INodeProperties = {
	displayName: 'Maximum Amount (USDC)',
	name: 'maximumAmount',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. 0.10',
	description:
		"The most that this payment can cost. The agent's spending limits apply as well, " +
		'for all of its payments together.',
};

/** A model decides what to buy, and not for how much: in a tool, the field takes no expression. */
const maximumFields: INodeProperties[] = [
	// Not `show`: an n8n that doesn't know tools has to show it, too.
	{ ...maximumField, displayOptions: { hide: { '@tool': [true] } } },
	{ ...maximumField, noDataExpression: true, displayOptions: { show: { '@tool': [true] } } },
];

const idempotencyKeyField = { displayName: 'Idempotency Key', name: 'idempotencyKey' } as const;
const onDeclineField = { displayName: 'On Decline', name: 'onDecline' } as const;
const urlField = { displayName: 'URL', name: 'url' } as const;
const validityField = { displayName: 'Validity (Seconds)', name: 'validitySeconds' } as const;

/** A seller needs some time to have a payment carried out. */
const MIN_VALIDITY = 10;

const purchaseOptions = optionsField([
	{
		...idempotencyKeyField,
		type: 'string',
		default: '',
		placeholder: 'e.g. {{ $json.orderId }}',
		description:
			'What names this purchase, such as an order number. With a key that has full access, ' +
			'the same text never pays twice, also in another execution.',
	},
	{
		...onDeclineField,
		type: 'options',
		options: [
			{
				name: 'Continue',
				value: 'continue',
				description: 'Return an item that says why, with authorized set to false',
			},
			{ name: 'Stop', value: 'error', description: 'Stop with a message' },
		],
		default: 'error',
		description: 'What to do if no offer of the seller can be paid, or Ampersend allows none',
	},
	{
		...urlField,
		type: 'string',
		default: '',
		placeholder: 'e.g. https://api.example.com/report',
		description: 'What the HTTP Request node requests. An offer for something else is rejected.',
	},
	{
		...validityField,
		type: 'number',
		typeOptions: { minValue: MIN_VALIDITY, maxValue: MAX_SECONDS, numberPrecision: 0 },
		default: MAX_SECONDS,
		description:
			"How long the payment can be used at most. A seller's offer can make it shorter. " +
			'Until then, whoever has the header can have it paid.',
	},
]);

export const purchaseFields = [...maximumFields, purchaseOptions];

/** @throws ParameterError in a tool, if a model could fill it in */
function readMaximum({ n8n, read }: ParameterContext): bigint {
	const { parameters } = n8n.getNode();
	const isExpression = String(parameters[maximumField.name]).startsWith('=');
	if (isExpression && isTool(n8n.getNode())) {
		throw new ParameterError(
			maximumField.displayName,
			'is an expression, which a model could fill in.',
			'Enter a fixed amount in USDC, e.g. 0.10.',
		);
	}
	return read(maximumField, (parameter, value) =>
		parsePositiveUsdc(parameter, value, 'Enter the most that you accept, e.g. 0.10.'),
	);
}

function readUrl(value: unknown): URL | undefined {
	const text = readText(urlField.displayName, value);
	if (text === '') return undefined;
	const url = parseUrl(text);
	if (url && isWeb(url)) return url;
	throw new ParameterError(
		urlField.displayName,
		`${quote(text)} isn't a web address.`,
		'Enter the whole URL that the HTTP Request node requests.',
	);
}

export interface PurchaseOptions extends Purchase {
	continuesOnDecline: boolean;
	/** Seconds. */
	validity: number;
	/** The same for a second try of the same purchase, and another for any other purchase. */
	keyOf(terms: unknown): string;
	/** Whether the user names the purchase. */
	isNamed: boolean;
}

/** The calls of a tool: what a model gave for one is the same object in each try. */
const callIds = new WeakMap<object, string>();

/**
 * What tells a tool's call from others. n8n doesn't: calls at the same time have one run index, and
 * those of an MCP Server Trigger no execution (2.41, get-input-connection-data.js,
 * webhook-helpers.js).
 */
function callIdOf(n8n: ParameterContext['n8n']): string | undefined {
	const call = n8n.getInputData()[0]?.json;
	if (!call || !isTool(n8n.getNode())) return undefined;
	const id = callIds.get(call) ?? newId();
	callIds.set(call, id);
	return id;
}

/** What tells a purchase from any other one, if the user doesn't name it. */
function placeIn({ n8n, itemIndex }: ParameterContext): unknown[] {
	return [
		n8n.getInstanceId(),
		n8n.getWorkflow().id,
		n8n.getExecutionId(),
		n8n.getNode().id,
		// In a loop, each run of the node has another one.
		n8n.getWorkflowDataProxy(0).$runIndex,
		itemIndex,
		callIdOf(n8n),
	];
}

/** @throws ParameterError naming what can't be used */
export function readPurchase(context: ParameterContext, agent: string): PurchaseOptions {
	const { connection } = context.client;
	const values: IDataObject = readCollection(context.read, purchaseOptions);
	const { displayName } = validityField;
	const name = Object.hasOwn(values, idempotencyKeyField.name)
		? requireText(idempotencyKeyField.displayName, values[idempotencyKeyField.name])
		: undefined;
	const validity = readWholeNumber(
		displayName,
		values[validityField.name],
		[MIN_VALIDITY, MAX_SECONDS],
		'remove the option',
	);
	const onDecline = readChoice(
		onDeclineField.displayName,
		values[onDeclineField.name] ?? '',
		['error', 'continue'],
		'error',
	);
	return {
		agent,
		chains: connection.deployment.chains,
		maximum: readMaximum(context),
		url: readUrl(values[urlField.name]),
		validity: validity ?? MAX_SECONDS,
		continuesOnDecline: onDecline === 'continue',
		isNamed: name !== undefined,
		keyOf: (terms) =>
			digestOf(
				JSON.stringify([
					addressKey(agent),
					...(name === undefined ? [...placeIn(context), terms] : [nameKey(name)]),
				]),
			),
	};
}
