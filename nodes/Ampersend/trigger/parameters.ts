import type { IDataObject, INodeProperties } from 'n8n-workflow';

import {
	counterpartyField,
	directionField,
	minimumAmountField,
	readAmount,
	readCounterparties,
	readDirections,
} from '../descriptions/historyFilters';
import { filtersField, optionsField, readCollection } from '../descriptions/options';
import type { Read } from '../descriptions/reader';
import { simplifyField } from '../descriptions/simplify';
import { addressKey } from '../domain/address';
import type { RowFilter } from '../domain/filter';
import {
	ParameterError,
	readChoice,
	readSwitch,
	readWholeNumber,
	readWords,
	rejectNothing,
} from '../domain/parameter';
import type { LevelEventName, LevelWants } from './levels';
import { levelEvents } from './levels';

/** Every payment event: n8n's own triggers store it like this. */
const ALL_EVENTS = '*';

/** Besides levels, one event for each known status of a payment (SDK, agent.ts): an open set. */
export const eventsField: INodeProperties = {
	displayName: 'Trigger On',
	name: 'events',
	type: 'multiOptions',
	options: [
		{
			name: 'All Payment Events',
			value: ALL_EVENTS,
			description: 'Every payment event, including statuses that Ampersend adds later',
		},
		{
			name: 'Balance Low',
			value: 'balance.low',
			description: "An agent's balance is below its daily limit, or below Balance Below",
		},
		{
			name: 'Budget Used',
			value: 'budget.used',
			description: 'An agent has used most of its daily or monthly limit',
		},
		{
			name: 'Payment Authorized',
			value: 'payment.authorized',
			description: "An agent is allowed to pay. The payment isn't settled yet.",
		},
		{
			name: 'Payment Denied',
			value: 'payment.denied',
			description: 'A payment is denied, for example by a spending limit or the allowlist',
		},
		{
			name: 'Payment Failed',
			value: 'payment.failed',
			description: "A payment didn't go through",
		},
		{
			name: 'Payment Received',
			value: 'payment.received',
			description: 'An agent receives a payment',
		},
		{
			name: 'Payment Settled',
			value: 'payment.settled',
			description: 'A payment is final',
		},
	],
	default: [ALL_EVENTS],
	description:
		'The events that start the workflow. To choose some payment events, remove All Payment Events.',
};

const isLevel = (event: string) => levelEvents.some((name) => name === event);

/** The chosen events in lower case, sorted; all payment events if there are none. */
export function readEvents(read: Read): string[] {
	return read({ ...eventsField, default: [] }, (parameter, events) => {
		rejectNothing(parameter, events);
		const words = readWords(parameter, events).map((name) => name.toLowerCase());
		return words.length > 0 ? [...new Set(words)].sort() : [ALL_EVENTS];
	});
}

/** Whether payment events are among the chosen ones. */
export function wantsPayments(events: string[]): boolean {
	return !events.every(isLevel);
}

/** Statuses of the chosen payment events; empty for all. */
function statusesOf(events: string[]): string[] {
	if (events.includes(ALL_EVENTS)) return [];
	const statuses = events.filter((event) => !isLevel(event));
	return [...new Set(statuses.map((event) => event.replace(/^payment\./, '')))].sort();
}

/** Maximum addresses of a filter: the trigger stores them with its position. */
const MAX_COUNTERPARTIES = 100;

const showFor = (event: LevelEventName) => ({ show: { '/events': [event] } });

const balanceBelowField: INodeProperties = {
	...minimumAmountField,
	displayName: 'Balance Below (USDC)',
	name: 'balanceBelow',
	displayOptions: showFor('balance.low'),
	description:
		"A balance below this is low. Without it, the agent's daily limit counts, which takes one " +
		'more request for each agent at each poll. A balance of 0 is always low.',
};

/** Percentage of a limit, if none is set. */
const BUDGET_USED = 80;

const budgetUsedField: INodeProperties = {
	displayName: 'Budget Used (%)',
	name: 'budgetUsedPercent',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 100, numberPrecision: 0 },
	default: BUDGET_USED,
	displayOptions: showFor('budget.used'),
	description: 'How much of a daily or monthly limit (UTC) has to be used',
};

export const eventFiltersField: INodeProperties = {
	...filtersField([
		balanceBelowField,
		budgetUsedField,
		counterpartyField,
		directionField,
		minimumAmountField,
	]),
	description:
		'Only payment events that pass start the workflow. If you change a filter, the payments that ' +
		"the old one filtered out aren't emitted later.",
};

/**
 * Reads which levels start the workflow.
 * @param events the chosen ones
 * @throws ParameterError that names the invalid filter
 */
export function readLevelWants(read: Read, events: string[]): LevelWants {
	const [low, used] = levelEvents.map((event) => events.includes(event));
	const filters = readCollection(read, eventFiltersField);
	const below = readAmount(balanceBelowField, filters);
	const { displayName, name } = budgetUsedField;
	const otherwise = `remove the filter to use ${BUDGET_USED}`;
	const percent = readWholeNumber(displayName, filters[name], [1, 100], otherwise);
	return {
		...(low && { low: { below: below === undefined ? null : BigInt(below) } }),
		...(used && { percent: percent ?? BUDGET_USED }),
	};
}

/**
 * Reads which payment events start the workflow.
 * @param events the chosen ones
 * @throws ParameterError that names the invalid filter
 */
export function readEventFilter(read: Read, events: string[]): RowFilter {
	const filters = readCollection(read, eventFiltersField);
	const minimumMicro = readAmount(minimumAmountField, filters);
	const counterparties = readCounterparties(filters);
	if (counterparties.length > MAX_COUNTERPARTIES) {
		throw new ParameterError(
			counterpartyField.displayName,
			`has ${counterparties.length} addresses. A trigger takes up to ${MAX_COUNTERPARTIES}.`,
			'Leave the filter empty and add a Filter node after the trigger.',
		);
	}
	const statuses = statusesOf(events);
	const directions = readDirections(filters);
	return {
		...(statuses.length > 0 && { statuses }),
		...(directions && { directions }),
		...(minimumMicro !== undefined && { minimumMicro }),
		...(counterparties.length > 0 && {
			counterparties: counterparties.map(addressKey).sort(),
		}),
	};
}

const wholeNumbers = {
	existingDays: {
		displayName: 'Emit Existing Events (Days)',
		min: 0,
		max: 365,
		default: 0,
		description:
			'How many days of existing payments to emit when you publish the workflow for the first ' +
			'time; 0 for none. Publishing again continues from the last position.',
	},
	lookBackMinutes: {
		displayName: 'Look-Back (Minutes)',
		min: 1,
		max: 1440,
		default: 15,
		description: "How far behind the agent's newest payment a late one can be and still be emitted",
	},
	maxEvents: {
		displayName: 'Maximum Events per Poll',
		min: 1,
		max: 10_000,
		default: 10_000,
		description: 'The next poll continues with the rest, in order',
	},
} as const;

type NumberOption = keyof typeof wholeNumbers;

function numberField(name: NumberOption): INodeProperties {
	const { min, max, ...field } = wholeNumbers[name];
	return {
		...field,
		name,
		type: 'number',
		typeOptions: { minValue: min, maxValue: max, numberPrecision: 0 },
	};
}

const afterRestart: INodeProperties = {
	displayName: 'After a Restart',
	name: 'afterRestart',
	type: 'options',
	options: [
		{
			name: 'Continue',
			value: 'continue',
			description:
				'Continue after the last batch. It can be lost if n8n stops while it starts the workflow.',
		},
		{
			name: 'Repeat Last Batch',
			value: 'repeat',
			description:
				'Emit the last batch again, so that no event is lost. Add a Remove Duplicates node ' +
				'that compares eventId.',
		},
	],
	default: 'continue',
	description: 'What the first poll after a restart of n8n does',
};

export const eventOptionsField = optionsField([
	afterRestart,
	numberField('existingDays'),
	numberField('lookBackMinutes'),
	numberField('maxEvents'),
	simplifyField,
]);

function readNumber(options: IDataObject, name: NumberOption): number {
	const { displayName, min, max, default: fallback } = wholeNumbers[name];
	const otherwise = `remove the option to use ${fallback}`;
	return readWholeNumber(displayName, options[name], [min, max], otherwise) ?? fallback;
}

/** @throws ParameterError that names the invalid option */
export function readEventOptions(read: Read) {
	const options = readCollection(read, eventOptionsField);
	const chosen = readChoice(
		afterRestart.displayName,
		options.afterRestart ?? '',
		['continue', 'repeat'],
		'continue',
	);
	return {
		repeatsLastBatch: chosen === 'repeat',
		existingDays: readNumber(options, 'existingDays'),
		lookBackMinutes: readNumber(options, 'lookBackMinutes'),
		maxEvents: readNumber(options, 'maxEvents'),
		isSimple: readSwitch(simplifyField.displayName, options[simplifyField.name]) ?? true,
	};
}
