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
import { matcherOf } from '../../domain/filter';
import type { Comparison } from '../../domain/reconcile';
import { compareRows, outcomeOf } from '../../domain/reconcile';
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

/** What rows are compared by; empty for a row without a hash. */
const hashOf = ({ wire }: HistoryRow): string => wire.tx_hash?.toLowerCase() ?? '';

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
				for (const { row } of batch) if (row.direction !== 'earn') rows.push(row);
			}
			return rows;
		},
		false,
	);
}

/** What has a direction that is new may be no payment, so nothing is said of its hash. */
function compare(lists: Lists, now: number): Comparison<ActivityRow, PaymentRow> {
	const isKnown = lists.transactions.every(({ direction }) => direction === SPEND);
	return isKnown ? compareRows(lists, now) : { findings: [], unclear: 1 };
}

type Reports = Record<keyof Lists, HistoryReport>;

/** What comes of one agent. */
export interface Reconciled {
	findings: AgentFinding[];
	counts: Omit<ReconciliationCounts, 'findings'>;
	/** How many comparisons a value that isn't known prevents. */
	unclear: number;
}

/**
 * Reads both lists of an agent. Payment events come first, and once more for what they lack: a
 * payment that gets its hash between two readings is no finding.
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
	const lists = { transactions, events };
	const groups = byHash(lists);
	const lacking = [...groups].filter(([, group]) =>
		compare(group, now).findings.some(({ finding }) => finding === 'onlyInTransactions'),
	);
	if (lacking.length > 0) {
		const again = byHash({ transactions: [], events: await readEvents() });
		for (const [hash, group] of lacking) group.events = again.get(hash)?.events ?? [];
	}
	return { lists, groups: [...groups.values()] };
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
	const compared = groups.map((group) => compare(group, query.now));
	const spentOf = (rows: HistoryRow[], hasHash: boolean) =>
		rows.filter(
			(row) =>
				isInRange(row) && (hashOf(row) !== '') === hasHash && (row.direction ?? SPEND) === SPEND,
		);
	const transactionsWithout = spentOf(lists.transactions, false);
	const eventsWithout = spentOf(lists.events, false);
	return {
		findings: compared
			.flatMap(({ findings }) => findings)
			.filter((found) => isInRange(firstOf(found)))
			.map((found) => ({ ...found, agent })),
		counts: {
			comparedTransactions: spentOf(lists.transactions, true).length,
			comparedPaymentEvents: spentOf(lists.events, true).length,
			transactionsWithoutHash: transactionsWithout.length,
			paymentEventsWithoutHash: eventsWithout.length,
			movedWithoutHash: [...transactionsWithout, ...eventsWithout].filter(
				({ status }) => outcomeOf(status) === 'moved',
			).length,
		},
		unclear: compared.reduce((sum, { unclear }) => sum + unclear, 0),
	};
}
