import type { FilterableRow } from './filter';
import { movedBy } from './moved';

/**
 * What is compared of a transaction and of a payment event. Amounts are in micro-USDC, times in
 * epoch ms.
 */
type Row = Pick<FilterableRow, 'at' | 'amount' | 'direction' | 'status'>;

export type FindingName =
	| 'onlyInTransactions'
	| 'onlyInPaymentEvents'
	| 'amountDiffers'
	| 'statusContradicts';

/** Rows with one hash that don't agree. A list without rows is the one that lacks them. */
export interface Finding<Transaction, Event> extends Group<Transaction, Event> {
	finding: FindingName;
}

/**
 * Whether money has moved, by the statuses of both lists. Of a transaction, `movedBy` decides what
 * has moved. `unmanaged` isn't in it: nothing public says what it means.
 */
const outcomes = new Map<string, string>([
	['settled', 'moved'],
	['success', 'moved'],
	['authorized', 'open'],
	['pending', 'open'],
	['requested', 'open'],
	['denied', 'unmoved'],
	['expired', 'unmoved'],
	['failed', 'unmoved'],
	['failure', 'unmoved'],
]);

/**
 * `moved`, `open` or `unmoved`; undefined for a status that is new, or says nothing of it.
 * @param row a transaction; a payment event, if it has no direction
 */
export function outcomeOf({
	direction,
	status,
}: Pick<Row, 'direction' | 'status'>): string | undefined {
	const outcome = outcomes.get(status.toLowerCase());
	const isBooked = direction === undefined || movedBy({ amount: 1n, direction, status }) !== 0n;
	return outcome === 'moved' && !isBooked ? undefined : outcome;
}

/** What statuses are compared by. */
const keyOf = (row: Row): string => outcomeOf(row) ?? row.status.toLowerCase();

export function sumOf(rows: Row[]): bigint {
	return rows.reduce((sum, { amount }) => sum + amount, 0n);
}

/** Rows that are compared with each other. */
export interface Group<Transaction, Event> {
	transactions: Transaction[];
	events: Event[];
}

/** Makes pairs of rows that have the same key. @returns those, and what is left of each list */
function pairBy<Transaction extends Row, Event extends Row>(
	{ transactions, events }: Group<Transaction, Event>,
	key: (row: Row) => string,
): { pairs: Array<Group<Transaction, Event>>; left: Group<Transaction, Event> } {
	const waiting = new Map<string, Event[]>();
	for (const event of events) {
		const same = waiting.get(key(event)) ?? [];
		same.push(event);
		waiting.set(key(event), same);
	}
	const pairs: Array<Group<Transaction, Event>> = [];
	const rest = transactions.filter((transaction) => {
		const event = waiting.get(key(transaction))?.pop();
		if (event) pairs.push({ transactions: [transaction], events: [event] });
		return event === undefined;
	});
	return { pairs, left: { transactions: rest, events: [...waiting.values()].flat() } };
}

/** An open payment has this long to follow what the other list says. */
const MAX_BEHIND_MS = 24 * 60 * 60 * 1000;

/** Whether the statuses of both lists say the same of the money; undefined if that isn't known. */
function agree({ transactions, events }: Group<Row, Row>, now: number): boolean | undefined {
	const isOld = [...transactions, ...events].every(({ at }) => at < now - MAX_BEHIND_MS);
	const theirs = [...new Set(events.map(keyOf))];
	const pairs = [...new Set(transactions.map(keyOf))]
		.flatMap((one) => theirs.map((other) => [one, other]))
		.filter(([one, other]) => one !== other && (isOld || (one !== 'open' && other !== 'open')));
	const known = [...outcomes.values()];
	if (pairs.some((pair) => pair.every((key) => known.includes(key)))) return false;
	return pairs.length > 0 ? undefined : true;
}

/** How many payments rows are, if rows of both lists with the same amount are the same payment. */
export function countPayments<Transaction extends Row, Event extends Row>(
	rows: Group<Transaction, Event>,
): number {
	const { pairs, left } = pairBy(rows, ({ amount }) => `${amount}`);
	return pairs.length + left.transactions.length + left.events.length;
}

export interface Comparison<Transaction, Event> {
	findings: Array<Finding<Transaction, Event>>;
	/** Rows of which it isn't known whether their statuses contradict each other. */
	unclear: Array<Group<Transaction, Event>>;
}

/**
 * Compares the transactions of one hash with its payment events. A settlement can be of several
 * payments, which one list may have as one row: rows of the same amount are compared with each
 * other, and the sums of what is left. Takes time in proportion to the rows.
 * @param now epoch ms
 */
export function compareRows<Transaction extends Row, Event extends Row>(
	rows: Group<Transaction, Event>,
	now: number,
): Comparison<Transaction, Event> {
	const same = pairBy(rows, (row) => `${row.amount} ${keyOf(row)}`);
	const { pairs, left } = pairBy(same.left, ({ amount }) => `${amount}`);
	const { transactions, events } = left;
	const isBatch = transactions.length > 0 && events.length > 0;
	const compared = (isBatch ? [...pairs, left] : pairs).map((group) => ({
		group,
		isSame: agree(group, now),
	}));
	const findings = compared.flatMap(
		({ group, isSame }): Array<Finding<Transaction, Event>> =>
			isSame === false ? [{ finding: 'statusContradicts', ...group }] : [],
	);
	if (!isBatch) {
		for (const one of transactions)
			findings.push({ finding: 'onlyInTransactions', transactions: [one], events: [] });
		for (const one of events)
			findings.push({ finding: 'onlyInPaymentEvents', transactions: [], events: [one] });
	} else if (sumOf(transactions) !== sumOf(events)) {
		findings.push({ finding: 'amountDiffers', ...left });
	}
	const unclear = compared.flatMap(({ group, isSame }) => (isSame === undefined ? [group] : []));
	return { findings, unclear };
}
