import type { KnownAgent } from '../../api/agents';
import type { Client } from '../../api/client';
import type {
	Batches,
	HistoryQuery,
	HistoryReport,
	PaymentRow,
	ReadOptions,
} from '../../api/lists/merge';
import { consumeHistory, readPaymentEvents, readTransactions } from '../../api/lists/merge';
import type { ActivityRow } from '../../api/lists/pages';
import { directionOf, matcherOf } from '../../domain/filter';
import type { Comparison } from '../../domain/reconcile';
import { compareRows, countPayments, outcomeOf } from '../../domain/reconcile';
import type { AgentFinding, ReconciliationCounts } from '../../outputs/reconciliation';
import { firstOf } from '../../outputs/reconciliation';

/** A payment can be in the range by one list, and just outside of it by the other. */
const MARGIN_MS = 24 * 60 * 60 * 1000;

const SPEND = 'spend';

/** Both lists of an agent, or what they have of one hash. */
interface Lists {
	transactions: ActivityRow[];
	events: PaymentRow[];
}

type HistoryRow = ActivityRow | PaymentRow;

/** What stands where there is no hash. */
const NO_HASH = /^(?:0x)?0*$/;

/** What rows are compared by; empty for a row without a hash. */
function hashOf({ wire }: HistoryRow): string {
	const hash = wire.tx_hash?.toLowerCase() ?? '';
	return NO_HASH.test(hash) ? '' : hash;
}

/** Whether a row is of a payment that an agent makes. Payment events have no direction. */
const isSpent = (row: HistoryRow): boolean =>
	row.direction === undefined || directionOf(row) === SPEND;

function byHash({ transactions, events }: Lists): Map<string, Lists> {
	const groups = new Map<string, Lists>();
	const groupOf = (row: HistoryRow): Lists => {
		const group = groups.get(hashOf(row)) ?? { transactions: [], events: [] };
		groups.set(hashOf(row), group);
		return group;
	};
	for (const row of transactions) groupOf(row).transactions.push(row);
	for (const row of events) groupOf(row).events.push(row);
	groups.delete('');
	return groups;
}

/** The rows that a reading gives, but for earnings: they have no payment events. */
async function collect<Row extends HistoryRow>(
	read: (options: ReadOptions) => Batches<Row>,
): Promise<Row[]> {
	return await consumeHistory(
		read,
		async (batches) => {
			const rows: Row[] = [];
			for await (const batch of batches) {
				for (const { row } of batch) if (directionOf(row) !== 'earn') rows.push(row);
			}
			return rows;
		},
		false,
	);
}

/** What has a direction that is new may be no payment, so nothing is said of its hash. */
function compare(lists: Lists, now: number): Comparison<ActivityRow, PaymentRow> {
	const isKnown = lists.transactions.every(isSpent);
	return isKnown ? compareRows(lists, now) : { findings: [], unclear: [lists] };
}

/** Whether it isn't known if a row is of a payment whose money has moved. */
const isUnclear = (row: HistoryRow): boolean => !isSpent(row) || outcomeOf(row) === undefined;

type Reports = Record<keyof Lists, HistoryReport>;

/** What comes of one agent. */
export interface Reconciled {
	findings: AgentFinding[];
	counts: Omit<ReconciliationCounts, 'findings'>;
}

/**
 * Reads both lists of an agent. Payment events come first, and once more for what they lack: a
 * payment that gets its hash between two readings is no finding.
 * @returns the payment events that were compared, and those that have no hash by the last reading
 */
async function readLists(
	client: Client,
	{ filter: { from, to }, now, agents }: HistoryQuery,
	reports: Reports,
): Promise<{ lists: Lists; groups: Lists[] }> {
	const filter = {
		from: from === undefined ? from : from - MARGIN_MS,
		to: to === undefined ? to : to + MARGIN_MS,
	};
	const readEvents = async (report?: HistoryReport) =>
		await collect((reading) => readPaymentEvents(client, { agents, filter, now, report }, reading));
	const events = await readEvents(reports.events);
	const transactions = await collect((reading) =>
		readTransactions(client, { agents, filter, now, report: reports.transactions }, reading),
	);
	const groups = byHash({ transactions, events });
	let latest = events;
	const lacking = [...groups].filter(([, group]) =>
		compare(group, now).findings.some(({ finding }) => finding === 'onlyInTransactions'),
	);
	if (lacking.length > 0) {
		latest = await readEvents();
		const again = byHash({ transactions: [], events: latest });
		for (const [hash, group] of lacking) group.events = again.get(hash)?.events ?? [];
	}
	const compared = [...groups.values()];
	const withoutHash = latest.filter((row) => hashOf(row) === '');
	const lists = {
		transactions,
		events: [...compared.flatMap((one) => one.events), ...withoutHash],
	};
	return { lists, groups: compared };
}

/** Reads both lists of an agent, and compares what is in the range. */
export async function reconcileAgent(
	client: Client,
	query: HistoryQuery,
	agent: KnownAgent,
	reports: Reports,
): Promise<Reconciled> {
	const { from, to } = query.filter;
	const isInRange = matcherOf({ from, to });
	const { lists, groups } = await readLists(client, { ...query, agents: [agent] }, reports);
	const comparisons = groups.map((group) => compare(group, query.now));
	const ofRange = (hasHash: boolean, isCounted: (row: HistoryRow) => boolean): Lists => {
		const passes = (row: HistoryRow) =>
			isInRange(row) && (hashOf(row) !== '') === hasHash && isCounted(row);
		return { transactions: lists.transactions.filter(passes), events: lists.events.filter(passes) };
	};
	const compared = ofRange(true, isSpent);
	const without = ofRange(false, isSpent);
	// One list can have several payments of a hash as one row.
	const unclear = comparisons
		.flatMap((one) => one.unclear)
		.filter((rows) => isInRange(firstOf(rows)))
		.map(({ transactions, events }) => Math.max(transactions.length, events.length));
	return {
		findings: comparisons
			.flatMap(({ findings }) => findings)
			.filter((found) => isInRange(firstOf(found)))
			.map((found) => ({ ...found, agent })),
		counts: {
			comparedTransactions: compared.transactions.length,
			comparedPaymentEvents: compared.events.length,
			transactionsWithoutHash: without.transactions.length,
			paymentEventsWithoutHash: without.events.length,
			movedWithoutHash: countPayments(
				ofRange(false, (row) => isSpent(row) && outcomeOf(row) === 'moved'),
			),
			unclear: unclear.reduce((sum, one) => sum + one, countPayments(ofRange(false, isUnclear))),
		},
	};
}
