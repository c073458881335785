import type { INodeProperties } from 'n8n-workflow';

import type { AgentRow } from '../../api/lists/merge';
import { consumeHistory, readTransactions } from '../../api/lists/merge';
import type { ActivityRow } from '../../api/lists/pages';
import { agentScopeFields } from '../../descriptions/agentScope';
import { transactionFilters } from '../../descriptions/historyFilters';
import { optionsField, optionsOf, readCollection } from '../../descriptions/options';
import { readerIn } from '../../descriptions/reader';
import { timeZoneOf } from '../../descriptions/timeZone';
import {
	ParameterError,
	quote,
	readChoice,
	readText,
	readWords,
	rejectNothing,
} from '../../domain/parameter';
import { Tally } from '../../domain/tally';
import { daysIn, isTimeZone } from '../../domain/time';
import type { SummaryGroup } from '../../outputs/transaction';
import { summaryOutput, toSummaryOutput } from '../../outputs/transaction';
import { readQuery, showReport } from '../history';
import type { OperationContext, RowOperation } from '../operation';

const parts = ['agent', 'counterparty', 'day', 'direction', 'status'] as const;
type Part = (typeof parts)[number];

const groupBy = {
	displayName: 'Group By',
	name: 'groupBy',
	type: 'multiOptions',
	options: optionsOf(parts),
	default: ['direction', 'status'],
	description:
		'Returns one item for each combination. Without Direction, what agents earned and what they ' +
		'spent is added up. Without Status, denied and failed payments count too.',
} as const satisfies INodeProperties;

const timeZone = {
	displayName: 'Time Zone',
	name: 'timeZone',
	type: 'string',
	default: '',
	placeholder: 'e.g. Europe/Berlin',
	description: 'Where a day starts and ends. Leave empty for the time zone of the workflow.',
} as const satisfies INodeProperties;

const options = optionsField([timeZone]);

/** @throws ParameterError for an unknown part */
function parseParts(parameter: string, value: unknown): Set<Part> {
	rejectNothing(parameter, value);
	const chosen = readWords(parameter, value);
	return new Set(chosen.map((part) => readChoice(parameter, part, parts)));
}

/**
 * The time zone of days. That of the workflow matters only if there are any.
 * @throws ParameterError for an unknown time zone
 */
function readTimeZone({ n8n, read }: OperationContext, hasDays: boolean): string {
	const entered = readerIn(readCollection(read, options))(timeZone, readText);
	const zone = entered || timeZoneOf(n8n);
	if (isTimeZone(zone) || (entered === '' && !hasDays)) return zone;
	throw new ParameterError(
		timeZone.displayName,
		`${quote(zone)} isn't a time zone.`,
		'Use a name such as Europe/Berlin or America/New_York.',
	);
}

function grouper(chosen: Set<Part>, zone: string) {
	const dayOf = chosen.has('day') && daysIn(zone);
	return ({ row, agent }: AgentRow<ActivityRow>): SummaryGroup => ({
		...(dayOf && { day: dayOf(row.at) }),
		...(chosen.has('agent') && { agentAddress: agent.address, agentName: agent.name }),
		...(chosen.has('counterparty') && { counterparty: row.counterparty }),
		...(chosen.has('direction') && { direction: row.wire.type }),
		...(chosen.has('status') && { status: row.status }),
	});
}

export const summarize: RowOperation<typeof summaryOutput> = {
	option: {
		name: 'Summarize',
		value: 'summarize',
		action: 'Summarize transactions',
		description: 'Count transactions and add up their amounts, by agent, day and more',
	},
	inSession: 'also',
	fields: [...agentScopeFields, groupBy, transactionFilters, options],
	output: summaryOutput,
	async execute(context) {
		const { client, read, hint } = context;
		const chosen = read({ ...groupBy, default: [] }, parseParts);
		const groupOf = grouper(chosen, readTimeZone(context, chosen.has('day')));
		const query = await readQuery(context, Date.now());
		const tally = await consumeHistory(
			(reading) => readTransactions(client, query, reading),
			async (batches) => {
				const counted = new Tally<SummaryGroup>();
				for await (const batch of batches) {
					for (const found of batch) counted.add(groupOf(found), found.row.amount);
				}
				return counted;
			},
			false,
		);
		showReport(query.report, 'transactions', hint);
		const isEmptyWhole = chosen.size === 0 && tally.rows === 0;
		const totals = isEmptyWhole ? [{ group: {}, rows: 0, amount: 0n }] : tally.totals;
		return totals.map(toSummaryOutput);
	},
};
