import type { INodeProperties } from 'n8n-workflow';

import type { AgentRow, HistoryQuery } from '../../api/lists/merge';
import { consumeHistory, readTransactions } from '../../api/lists/merge';
import type { ActivityRow } from '../../api/lists/pages';
import { agentScopeFields } from '../../descriptions/agentScope';
import { transactionFilters } from '../../descriptions/historyFilters';
import { optionsField, optionsOf, readCollection } from '../../descriptions/options';
import { readTimeZone, requireTimeZone, timeZoneField } from '../../descriptions/timeZone';
import type { Address } from '../../domain/address';
import { addressKey } from '../../domain/address';
import { readChoice, readSwitch, readWords, rejectNothing } from '../../domain/parameter';
import { Tally } from '../../domain/tally';
import { daysIn, weekOf } from '../../domain/time';
import type { SummaryGroup } from '../../outputs/transaction';
import {
	groupNames,
	simplifiedSummary,
	summaryOutput,
	toSummaryOutput,
} from '../../outputs/transaction';
import { readQuery, showReport } from '../history';
import type { OperationContext, RowOperation } from '../operation';

const parts = ['agent', 'counterparty', 'day', 'direction', 'month', 'status', 'week'] as const;
type Part = (typeof parts)[number];

const groupBy = {
	displayName: 'Group By',
	name: 'groupBy',
	type: 'multiOptions',
	options: optionsOf(parts),
	default: ['direction', 'status'],
	description:
		'Returns one item for each combination. What has moved (earned minus spent, settled or ' +
		'received) is right with any. The total of all amounts also has denied and failed payments, ' +
		'unless you group by Status or filter by it.',
} as const satisfies INodeProperties;

const totalRow = {
	displayName: 'Total Row',
	name: 'totalRow',
	type: 'boolean',
	default: true,
	description: 'Whether to add an item with the total of all others, as the last one',
} as const satisfies INodeProperties;

const options = optionsField([timeZoneField, totalRow]);

/** @throws ParameterError for an unknown part */
function parseParts(parameter: string, value: unknown): Set<Part> {
	rejectNothing(parameter, value);
	const chosen = readWords(parameter, value);
	return new Set(chosen.map((part) => readChoice(parameter, part, parts)));
}

function grouper(chosen: Set<Part>, timeZone: string) {
	const has = (part: Part) => chosen.has(part);
	const hasDays = has('month') || has('week') || has('day');
	const dayOf = daysIn(hasDays ? requireTimeZone(timeZone) : 'UTC');
	/** One of an address's, by its key. */
	const spellings = new Map<string, Address>();
	const spelledOnce = (address: Address | null) => {
		if (address === null) return null;
		const spelled = spellings.get(addressKey(address)) ?? address;
		spellings.set(addressKey(address), spelled);
		return spelled;
	};
	return ({ row, agent }: AgentRow<ActivityRow>): SummaryGroup => {
		const day = hasDays ? dayOf(row.at) : '';
		return {
			...(has('month') && { month: day.slice(0, '2026-10'.length) }),
			...(has('week') && { week: weekOf(day) }),
			...(has('day') && { day }),
			...(has('agent') && { agentAddress: agent.address, agentName: agent.name }),
			...(has('counterparty') && { counterparty: spelledOnce(row.counterparty) }),
			...(has('direction') && { direction: row.wire.type }),
			...(has('status') && { status: row.status }),
		};
	};
}

const partOf = (name: keyof SummaryGroup): Part =>
	name === 'agentAddress' || name === 'agentName' ? 'agent' : name;

/** The group that stands for all others. */
function groupOfAll(chosen: Set<Part>): SummaryGroup {
	const names = groupNames.filter((name) => chosen.has(partOf(name)));
	return Object.fromEntries(names.map((name) => [name, null]));
}

/** Says that the total of amounts is of payments that can't be added up. */
function noteMixed(chosen: Set<Part>, { filter }: HistoryQuery, { hint }: OperationContext): void {
	const isOpen = !chosen.has('status') && filter.statuses === undefined;
	const isBoth = !chosen.has('direction') && filter.directions === undefined;
	if (!isOpen && !isBoth) return;
	const what = [
		isOpen && 'denied, failed and open payments too',
		isBoth && 'what agents earned and what they spent',
	].filter((one) => one !== false);
	hint(
		`totalUsdc adds up ${what.join(', and ')}. For the money that has moved, use movedUsdc: ` +
			'earned is positive, spent is negative.',
	);
}

export const summarize: RowOperation<typeof summaryOutput> = {
	option: {
		name: 'Summarize',
		value: 'summarize',
		action: 'Summarize transactions',
		description: 'Count transactions and add up their amounts, by agent, day, month and more',
	},
	inSession: 'also',
	fields: [...agentScopeFields, groupBy, transactionFilters, options],
	output: summaryOutput,
	simplified: simplifiedSummary,
	async execute(context) {
		const { client, read, hint } = context;
		const chosen = read({ ...groupBy, default: [] }, parseParts);
		const values = readCollection(read, options);
		const hasTotal = readSwitch(totalRow.displayName, values[totalRow.name]) ?? false;
		const timeZone = readTimeZone(context.n8n, values);
		const groupOf = grouper(chosen, timeZone);
		const query = await readQuery(context, timeZone, Date.now());
		const tally = await consumeHistory(
			(reading) => readTransactions(client, query, reading),
			async (batches) => {
				const counted = new Tally<SummaryGroup>();
				for await (const batch of batches) {
					for (const found of batch) counted.add(groupOf(found), found.row);
				}
				return counted;
			},
			false,
		);
		showReport(query.report, 'transactions', hint);
		noteMixed(chosen, query, context);
		const { totals, whole } = tally;
		const rows = totals.map((total) => toSummaryOutput(total, hasTotal ? false : undefined));
		const all = { group: groupOfAll(chosen), ...whole };
		const isWhole = hasTotal || (chosen.size === 0 && whole.rows === 0);
		return isWhole ? [...rows, toSummaryOutput(all, hasTotal || undefined)] : rows;
	},
};
