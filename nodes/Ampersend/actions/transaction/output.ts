import * as z from 'zod/v4-mini';

import type { AgentRow } from '../../api/lists/merge';
import type { ActivityRow } from '../../api/lists/pages';
import { explorerUrl } from '../../domain/explorer';
import { omit, withRest } from '../../domain/json';
import { amountFields, amountShape } from '../../domain/money';
import { simplifiedTo } from '../../domain/simplify';
import type { Total } from '../../domain/tally';
import { toIso } from '../../domain/time';

const text = z.string();

/** A transaction as it leaves the nodes. */
export const transactionOutput = z.object({
	/** ISO 8601, UTC. */
	occurredAt: text,
	agentName: text,
	/** `earn`, `spend`, or one that is new. */
	direction: text,
	...amountShape({ amount: text }),
	/** Null where the service doesn't publish who paid. */
	counterparty: z.nullable(text),
	status: text,
	explorerUrl: z.nullable(text),
	transactionHash: z.nullable(text),
	/** CAIP-2. */
	chain: z.nullable(text),
	agentAddress: text,
	id: text,
});

/** What matters of a transaction besides its time, and of the trigger's event of one. */
export const eventFields = [
	'agentName',
	'direction',
	'amountUsdc',
	'counterparty',
	'status',
	'explorerUrl',
	'agentAddress',
] as const;

export const simplifiedTransaction = simplifiedTo(
	transactionOutput,
	['occurredAt', ...eventFields],
	'id',
);
export type TransactionOutput = z.infer<typeof transactionOutput>;

/** Wire fields that the output renames or converts. */
const knownFields = new Set([
	'id',
	'type',
	'agent_address',
	'receiver',
	'amount',
	'status',
	'timestamp',
	'tx_hash',
	'chain_caip2id',
] as const);

/** Fields of the service that aren't known here survive. */
export function toTransactionOutput({ row, agent }: AgentRow<ActivityRow>): TransactionOutput {
	const { wire, at, amount, counterparty } = row;
	const { id, type, agent_address, status, tx_hash, chain_caip2id } = wire;
	return withRest(
		{
			occurredAt: toIso(at),
			agentName: agent.name,
			direction: type,
			...amountFields({ amount }),
			counterparty,
			status,
			explorerUrl: explorerUrl(chain_caip2id, tx_hash),
			transactionHash: tx_hash,
			chain: chain_caip2id,
			agentAddress: agent_address,
			id,
		},
		omit(wire, knownFields),
	);
}

const group = {
	/** In the chosen time zone, as `2026-10-01`. */
	day: z.optional(text),
	agentAddress: z.optional(text),
	agentName: z.optional(text),
	counterparty: z.optional(z.nullable(text)),
	direction: z.optional(text),
	status: z.optional(text),
};

const summaryGroup = z.object(group);
/** What transactions that are counted together have in common: the parts that were chosen. */
export type SummaryGroup = z.infer<typeof summaryGroup>;

/** Transactions and the sum of their amounts, for one group. */
export const summaryOutput = z.object({
	...summaryGroup.shape,
	transactions: z.number(),
	...amountShape({ total: text }),
});

export function toSummaryOutput({
	group: parts,
	rows,
	amount,
}: { group: SummaryGroup } & Total): z.infer<typeof summaryOutput> {
	return { ...parts, transactions: rows, ...amountFields({ total: amount }) };
}
