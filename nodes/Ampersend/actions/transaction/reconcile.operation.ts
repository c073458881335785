import { aFewAtOnce } from '../../api/lists/concurrency';
import { HistoryReport } from '../../api/lists/merge';
import { CONCURRENCY } from '../../api/lists/pace';
import { agentScopeFields } from '../../descriptions/agentScope';
import { rangeFilters } from '../../descriptions/historyFilters';
import { optionsField, readCollection } from '../../descriptions/options';
import { readTimeZone, timeZoneField } from '../../descriptions/timeZone';
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

/** What the counts don't say by themselves. */
function notesOf(
	{ transactionsWithoutHash, paymentEventsWithoutHash }: ReconciliationCounts,
	unclear: number,
): string[] {
	const notes: string[] = [];
	if (transactionsWithoutHash + paymentEventsWithoutHash > 0) {
		notes.push(
			`Without a transaction hash, so not compared: ${transactionsWithoutHash} of the ` +
				`transactions, ${paymentEventsWithoutHash} of the payment events.`,
		);
	}
	if (unclear > 0) {
		notes.push(
			`Not compared, because this node doesn't know a status or a direction, or what it means: ` +
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
		};
		showReport(reports.transactions, 'transactions', hint);
		showReport(reports.events, 'payment events', hint);
		const unclear = sum((one) => one.unclear);
		for (const note of notesOf(counts, unclear)) hint(note);
		const found = findings.length > 0 ? findings : [undefined];
		return found.map((finding) => toReconciliationOutput(finding, counts));
	},
};
