import * as z from 'zod/v4-mini';

import type { AgentRow, PaymentRow } from '../api/lists/merge';
import type { ActivityRow } from '../api/lists/pages';
import { explorerUrl } from '../domain/explorer';
import { amountFields, amountShape } from '../domain/money';
import type { Finding, Group } from '../domain/reconcile';
import { sumOf } from '../domain/reconcile';
import { simplifiedTo } from '../domain/simplify';
import { toIso } from '../domain/time';
import { textOrNull } from './output';

type HistoryRow = ActivityRow | PaymentRow;

const count = z.number();

/** The same on each item. */
const counts = z.object({
	/** How many there are in all. 0 on the only item, if there are none. */
	findings: count,
	/** What agents spent in the range, with a transaction hash. */
	comparedTransactions: count,
	/** Payment events of the range with a transaction hash. */
	comparedPaymentEvents: count,
	/** Spent in the range, without a hash: not compared. */
	transactionsWithoutHash: count,
	/** Payment events of the range without a hash: not compared. */
	paymentEventsWithoutHash: count,
	/** Of both, those whose money has moved: with any, no findings don't mean that all agrees. */
	movedWithoutHash: count,
	/**
	 * Payments of which it can't be judged whether all agrees: this node doesn't know a status or
	 * direction, or what it means. With any, no findings don't mean that all agrees.
	 */
	unclear: count,
});

export type ReconciliationCounts = z.infer<typeof counts>;

export const reconciliationOutput = z.object({
	/** ISO 8601, UTC. Of the transaction, if there is one, else of the payment event. */
	occurredAt: textOrNull,
	/**
	 * `onlyInTransactions`, `onlyInPaymentEvents`, `amountDiffers` or `statusContradicts`. Null on
	 * the only item, if nothing was found.
	 */
	finding: textOrNull,
	agentName: textOrNull,
	/** Null if transactions don't have it. The sum, if it's several with one hash. */
	...amountShape({ transactionAmount: textOrNull }),
	/** Null if payment events don't have it. The sum, if it's several with one hash. */
	...amountShape({ paymentEventAmount: textOrNull }),
	/** Several are separated by commas. */
	transactionStatus: textOrNull,
	/** Several are separated by commas. */
	paymentEventStatus: textOrNull,
	/** Null where the service gives none. */
	...counts.shape,
	counterparty: textOrNull,
	agentAddress: textOrNull,
	explorerUrl: textOrNull,
	transactionHash: textOrNull,
	/** CAIP-2. */
	chain: textOrNull,
});

export const simplifiedReconciliation = simplifiedTo(
	reconciliationOutput,
	[
		'occurredAt',
		'finding',
		'agentName',
		'transactionAmountUsdc',
		'paymentEventAmountUsdc',
		'findings',
		'comparedTransactions',
		'movedWithoutHash',
		'unclear',
	],
	// It has the transaction hash.
	'explorerUrl',
);

/** Rows of an agent that don't agree. */
export interface AgentFinding
	extends Finding<ActivityRow, PaymentRow>,
		Pick<AgentRow<unknown>, 'agent'> {}

/** The first row of a comparison: a transaction, if it has one. */
export function firstOf({ transactions, events }: Group<ActivityRow, PaymentRow>): HistoryRow {
	const [first] = [...transactions, ...events];
	if (!first) throw new Error('A comparison without rows');
	return first;
}

/** Of the only item, if nothing was found. */
const nothing = {
	occurredAt: null,
	finding: null,
	agentName: null,
	...amountFields({ transactionAmount: null, paymentEventAmount: null }),
	transactionStatus: null,
	paymentEventStatus: null,
};

const nowhere = {
	counterparty: null,
	agentAddress: null,
	explorerUrl: null,
	transactionHash: null,
	chain: null,
};

const amountOf = (rows: HistoryRow[]) => (rows.length === 0 ? null : sumOf(rows));
const statusOf = (rows: HistoryRow[]) =>
	rows.length === 0 ? null : [...new Set(rows.map(({ status }) => status))].join(', ');

/** @param found undefined for the item that says that nothing was found */
export function toReconciliationOutput(
	found: AgentFinding | undefined,
	all: ReconciliationCounts,
): z.infer<typeof reconciliationOutput> {
	if (!found) return { ...nothing, ...all, ...nowhere };
	const { finding, agent, transactions, events } = found;
	const { at, counterparty, wire } = firstOf(found);
	return {
		occurredAt: toIso(at),
		finding,
		agentName: agent.name,
		...amountFields({
			transactionAmount: amountOf(transactions),
			paymentEventAmount: amountOf(events),
		}),
		transactionStatus: statusOf(transactions),
		paymentEventStatus: statusOf(events),
		...all,
		counterparty,
		agentAddress: agent.address,
		explorerUrl: explorerUrl(wire.chain_caip2id, wire.tx_hash),
		transactionHash: wire.tx_hash,
		chain: wire.chain_caip2id,
	};
}
