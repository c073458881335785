import type { IDataObject, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { tryToParseDateTime } from 'n8n-workflow';

import type { Address } from '../domain/address';
import { addressKey, parseAddresses } from '../domain/address';
import type { RowFilter } from '../domain/filter';
import { knownOfPaymentEvents, knownOfTransactions } from '../domain/filter';
import { parseUsdc } from '../domain/money';
import {
	ParameterError,
	quote,
	readChoice,
	readWords,
	rejectBlank,
	valueOf,
} from '../domain/parameter';
import { dayAfter, daysIn, firstOfTwice, monthAfter } from '../domain/time';
import { addressFirst, addressLocator } from './locators';
import { filtersField, optionsOf, readCollection } from './options';
import type { Read } from './reader';
import { requireTimeZone } from './timeZone';

const fromField: INodeProperties = {
	displayName: 'From',
	name: 'from',
	type: 'dateTime',
	default: '',
	description:
		'Start of the range, included. Times without a time zone are in that of the workflow, or in ' +
		'the option Time Zone.',
};

const toField: INodeProperties = {
	displayName: 'To',
	name: 'to',
	type: 'dateTime',
	default: '',
	description:
		'End of the range, not included. For all of October, use 1 October for From and ' +
		'1 November for To.',
};

/** What a range is, from the day it's on: first day, and the day after the last one. */
const ranges = {
	lastMonth: {
		name: 'Last Month',
		days: (today) => [monthAfter(today, -1), monthAfter(today, 0)],
	},
	last7Days: {
		name: 'Last 7 Days',
		days: (today) => [dayAfter(today, -7), today],
	},
	thisMonth: {
		name: 'This Month',
		days: (today) => [monthAfter(today, 0), monthAfter(today, 1)],
	},
	yesterday: { name: 'Yesterday', days: (today) => [dayAfter(today, -1), today] },
} as const satisfies Record<string, { name: string; days(today: string): [string, string] }>;

/** From and To. */
const CUSTOM = 'custom';

const rangeNames = Object.keys(ranges) as Array<keyof typeof ranges>;

const rangeOptions: INodePropertyOptions[] = [
	{ name: 'Custom', value: CUSTOM, description: 'From, To or both' },
	...rangeNames.map((value) => ({ name: ranges[value].name, value })),
];

const rangeField: INodeProperties = {
	displayName: 'Range',
	name: 'range',
	type: 'options',
	options: rangeOptions,
	default: 'lastMonth',
	description:
		'Whole days in the time zone of the workflow, or in the option Time Zone. The last 7 days ' +
		'end before today.',
};

export const counterpartyField = addressFirst(
	// It lists those of one agent, and by default all agents are read.
	addressLocator(
		{
			displayName: 'Counterparty',
			name: 'counterparty',
			description:
				'Only payments to these addresses. By Address takes several, with commas or line breaks ' +
				'between them.',
		},
		'searchSellers',
	),
);

/**
 * Reads a Filters collection.
 * @returns none if the filter isn't set
 * @throws ParameterError for an entry that isn't an address, or a list without addresses
 */
export function readCounterparties({ counterparty }: IDataObject): Address[] {
	const { displayName } = counterpartyField;
	const value = valueOf(counterparty);
	const addresses = parseAddresses(displayName, value);
	// A list without entries, too: the field takes text, so only an expression gives one.
	if (addresses.length === 0) rejectBlank(displayName, value);
	return addresses;
}

export const directionField: INodeProperties = {
	displayName: 'Direction',
	name: 'direction',
	type: 'options',
	options: [
		{ name: 'Both', value: 'both' },
		{ name: 'Earned', value: 'earn' },
		{ name: 'Spent', value: 'spend' },
	],
	default: 'both',
	description: 'Only payments that agents earned, or only those that they spent',
};

const maximumAmountField = {
	displayName: 'Maximum Amount (USDC)',
	name: 'maximumAmount',
	type: 'string',
	default: '',
	placeholder: 'e.g. 25 or 0.5',
	description: 'Only payments of at most this amount (USDC)',
} as const satisfies INodeProperties;

export const minimumAmountField = {
	...maximumAmountField,
	displayName: 'Minimum Amount (USDC)',
	name: 'minimumAmount',
	description: 'Only payments of at least this amount (USDC)',
} as const satisfies INodeProperties;

/** An expression can give other values than the known ones. */
function status(values: readonly string[]): INodeProperties {
	return {
		displayName: 'Status',
		name: 'status',
		type: 'multiOptions',
		options: optionsOf(values),
		default: [],
		description: 'Only payments with these statuses. Select none for all of them.',
	};
}

export const transactionFilters = filtersField([
	counterpartyField,
	directionField,
	fromField,
	maximumAmountField,
	minimumAmountField,
	rangeField,
	status(knownOfTransactions.statuses),
	toField,
]);

/** Payment events are payments that agents make, so they have no direction. */
export const paymentEventFilters = filtersField([
	counterpartyField,
	fromField,
	maximumAmountField,
	minimumAmountField,
	rangeField,
	status(knownOfPaymentEvents.statuses),
	toField,
]);

/** Of what compares both histories. */
export const rangeFilters = filtersField([fromField, rangeField, toField]);

/** A day, or a day and a time, with or without a zone. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ]([\d:.]+)(?: ?(Z|[+-][\d:]+))?)?$/i;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?$/;
const ZONE = /^([+-])(\d{2})(?::?([0-5]\d))?$/;

/** Room for nanoseconds and a zone. */
const MAX_MOMENT_CHARACTERS = 40;

function isDay(text: string): boolean {
	const day = new Date(`${text}T00:00:00Z`);
	return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** From the west of the date line to its east (-12:00 to +14:00). */
function isZone(text: string): boolean {
	const [, sign, hours, minutes = '0'] = ZONE.exec(text) ?? [];
	const maxHours = sign === '-' ? 12 : 14;
	return /^z$/i.test(text) || Number(hours) * 60 + Number(minutes) <= maxHours * 60;
}

/** Of a time that comes twice, n8n takes either, depending on today's offset. */
function momentIn(timezone: string, text: string, hasZone: boolean): number {
	const moment = tryToParseDateTime(text, timezone).toMillis();
	return hasZone ? moment : firstOfTwice(timezone, moment);
}

/**
 * Epoch ms of an ISO 8601 text or a `Date`; undefined for anything else. n8n itself guesses: it
 * reads 30 February as 2 March and 01.10. as 10 January, accepts 25:00 and a zone of +99:99, and
 * uses the server's zone if none is given.
 */
function parseMoment(value: unknown, timezone: string): number | undefined {
	try {
		const text = value instanceof Date ? value.toISOString() : value;
		if (typeof text !== 'string' || text.length > MAX_MOMENT_CHARACTERS) return undefined;
		const [, day = '', time = '00:00', zone] = MOMENT.exec(text.trim()) ?? [];
		if (!isDay(day) || !TIME.test(time) || !isZone(zone ?? 'Z')) return undefined;
		return momentIn(timezone, text, zone !== undefined);
	} catch {
		return undefined;
	}
}

function readMoment(parameter: string, value: unknown, timezone: string): number | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	const moment = parseMoment(value, timezone);
	if (moment === undefined) {
		throw new ParameterError(
			parameter,
			`${quote(value)} isn't a date.`,
			'Enter a date such as 2026-10-01, or 2026-10-01T08:00:00Z.',
		);
	}
	return moment;
}

/**
 * @returns undefined for both
 * @throws ParameterError if an expression gives no valid direction
 */
export function readDirections({ direction }: IDataObject): string[] | undefined {
	const directions = ['both', ...knownOfTransactions.directions];
	const chosen = readChoice('Direction', direction ?? '', directions, 'both');
	return chosen === 'both' ? undefined : [chosen];
}

/** @returns undefined if there are none: then all pass */
function orAll(entries: string[]): string[] | undefined {
	return entries.length > 0 ? entries : undefined;
}

/**
 * Reads an amount of the Filters collection.
 * @returns micro-USDC; undefined if it isn't set
 * @throws ParameterError for anything but an amount
 */
export function readAmount(
	{ displayName, name }: Pick<INodeProperties, 'displayName' | 'name'>,
	filters: IDataObject,
): string | undefined {
	const value = filters[name] ?? '';
	return value === '' ? undefined : parseUsdc(displayName, value).toString();
}

/**
 * Reads From and To, or the range in place of them.
 * @param now epoch ms
 * @throws ParameterError for an invalid date, and for From or To beside another range
 */
function readRange(
	filters: IDataObject,
	timezone: string,
	now: number,
): Pick<RowFilter, 'from' | 'to'> {
	const { displayName, name } = rangeField;
	const chosen = readChoice(displayName, filters[name] ?? '', [CUSTOM, ...rangeNames], CUSTOM);
	const from = readMoment('From', filters.from, timezone);
	const to = readMoment('To', filters.to, timezone);
	if (chosen !== CUSTOM) {
		if (from === undefined && to === undefined) {
			const days = ranges[chosen].days(daysIn(requireTimeZone(timezone))(now));
			const [first, end] = days.map((day) => parseMoment(day, timezone));
			return { from: first, to: end };
		}
		throw new ParameterError(
			displayName,
			`is ${ranges[chosen].name}, and From or To is set, too.`,
			`Set ${displayName} to Custom to use From and To, or remove them.`,
		);
	}
	// Without a range, From and To are optional. A chosen one says that they matter.
	if (filters[name] === CUSTOM && from === undefined && to === undefined) {
		throw new ParameterError(
			displayName,
			'is Custom, and neither From nor To has a date.',
			`Enter a date in From, To or both. For the whole history, remove ${displayName}.`,
		);
	}
	if (from !== undefined && to !== undefined && from >= to) {
		throw new ParameterError(
			'To',
			"isn't after From.",
			'The range ends at To: choose a later time.',
		);
	}
	return { from, to };
}

/**
 * Reads the Filters collection of an operation.
 * @param timezone of days, and of dates without one
 * @param now epoch ms
 * @throws ParameterError that names the invalid filter
 */
export function readHistoryFilter(read: Read, timezone: string, now: number): RowFilter {
	// It has all filters that payment events have.
	const filters = readCollection(read, transactionFilters);
	const range = readRange(filters, timezone, now);
	const counterparties = readCounterparties(filters).map(addressKey);
	const minimumMicro = readAmount(minimumAmountField, filters);
	const maximumMicro = readAmount(maximumAmountField, filters);
	if (maximumMicro !== undefined && BigInt(minimumMicro ?? 0) > BigInt(maximumMicro)) {
		throw new ParameterError(
			maximumAmountField.displayName,
			'is less than the minimum amount.',
			'Enter the same amount or a higher one, or remove one of the two.',
		);
	}
	return {
		...range,
		minimumMicro,
		maximumMicro,
		directions: readDirections(filters),
		statuses: orAll(readWords('Status', filters.status)),
		counterparties: orAll(counterparties),
	};
}
