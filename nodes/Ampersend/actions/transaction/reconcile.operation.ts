import type { KnownAgent } from '../../api/agents';
import { aFewAtOnce } from '../../api/lists/concurrency';
import { HistoryReport } from '../../api/lists/merge';
import { CONCURRENCY } from '../../api/lists/pace';
import { agentScopeFields } from '../../descriptions/agentScope';
import { rangeFilters } from '../../descriptions/historyFilters';
import { optionsField, readCollection } from '../../descriptions/options';
import { readTimeZone, timeZoneField } from '../../descriptions/timeZone';
import { quote } from '../../domain/parameter';
import { firstFew } from '../../domain/text';
import type { ReconciliationCounts } from '../../outputs/reconciliation';
import {
	firstOf,
	reconciliationOutput,
	simplifiedReconciliation,
	toReconciliationOutput,
} from '../../outputs/reconciliation';
import { readQuery, showReport } from '../history';
import type { RowOperation } from '../operation';
import type { Reconciled } from './reconcileAgent';
import { reconcileAgent } from './reconcileAgent';

/** Agents that a note names. */
const MAX_NAMED = 5;

/** The names of agents of which there are rows, and none with a hash. */
function namesOf(agents: KnownAgent[], reconciled: Reconciled[]): string {
	const names = agents.flatMap(({ name }, i) => {
		const { counts } = reconciled[i] ?? {};
		if (!counts || counts.comparedTransactions + counts.comparedPaymentEvents > 0) return [];
		return counts.transactionsWithoutHash + counts.paymentEventsWithoutHash > 0 ? [name] : [];
	});
	return firstFew(names.map(quote), MAX_NAMED);
}

/** What the counts don't say by themselves. @param names of agents without a hash */
function notesOf(counts: ReconciliationCounts, names: string): string[] {
	const { transactionsWithoutHash, paymentEventsWithoutHash, movedWithoutHash, unclear } = counts;
	const notes: string[] = [];
	const { comparedTransactions, comparedPaymentEvents } = counts;
	const withoutHash = transactionsWithoutHash + paymentEventsWithoutHash;
	if (comparedTransactions + comparedPaymentEvents + withoutHash === 0) {
		notes.push('Nothing was compared: the range has no payments. Check the range and the agents.');
	}
	if (withoutHash > 0) {
		notes.push(
			`Without a transaction hash, so not compared: ${transactionsWithoutHash} of the ` +
				`transactions, ${paymentEventsWithoutHash} of the payment events. ` +
				`Of these, ${movedWithoutHash} have moved money.` +
				(names === '' ? '' : ` Nothing at all was compared of ${names}.`),
		);
	}
	if (unclear > 0) {
		notes.push(
			`Not judged, because this node doesn't know a status or a direction, or what it means: ` +
				`${unclear} of the payments.`,
		);
	}
	return notes;
}

const options = optionsField([timeZoneField]);

export const reconcile: RowOperation<typeof reconciliationOutput> = {
	option: {
		name: 'Reconcile',
		value: 'reconcile',
		action: 'Reconcile transactions',
		description:
			'Compare what agents spent with their payment events, by transaction hash: one item for ' +
			'each difference, or one that says that there is none',
	},
	inSession: 'also',
	fields: [...agentScopeFields, rangeFilters, options],
	output: reconciliationOutput,
	simplified: simplifiedReconciliation,

	async execute(context) {
		const { client, n8n, read, hint } = context;
		const timeZone = readTimeZone(n8n, readCollection(read, options));
		const query = await readQuery(context, timeZone, Date.now());
		const reports = { transactions: query.report, events: new HistoryReport() };
		const ofAgents = await aFewAtOnce(
			query.agents,
			CONCURRENCY,
			async (agent) => await reconcileAgent(client, query, agent, reports),
		);
		const findings = ofAgents
			.flatMap((one) => one.findings)
			.sort((one, other) => firstOf(other).at - firstOf(one).at);
		const sum = (valueOf: (one: Reconciled) => number) =>
			ofAgents.reduce((total, one) => total + valueOf(one), 0);
		const counts: ReconciliationCounts = {
			findings: findings.length,
			comparedTransactions: sum((one) => one.counts.comparedTransactions),
			comparedPaymentEvents: sum((one) => one.counts.comparedPaymentEvents),
			transactionsWithoutHash: sum((one) => one.counts.transactionsWithoutHash),
			paymentEventsWithoutHash: sum((one) => one.counts.paymentEventsWithoutHash),
			movedWithoutHash: sum((one) => one.counts.movedWithoutHash),
			unclear: sum((one) => one.counts.unclear),
		};
		showReport(reports.transactions, 'transactions', hint);
		showReport(reports.events, 'payment events', hint);
		for (const note of notesOf(counts, namesOf(query.agents, ofAgents))) hint(note);
		const found = findings.length > 0 ? findings : [undefined];
		return found.map((finding) => toReconciliationOutput(finding, counts));
	},
};
