import * as z from 'zod/v4-mini';

import type { AgentRow } from '../api/lists/merge';
import type { ActivityRow } from '../api/lists/pages';
import { amountFields, amountShape } from '../domain/money';
import { simplifiedTo } from '../domain/simplify';
import type { Total } from '../domain/tally';
import { toIso } from '../domain/time';
import type { Activity } from '../schemas/activity';
import { onChain } from './onChain';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, copied } = outputsOf<Activity, AgentRow<ActivityRow>>();

export const transactionFields = {
	/** ISO 8601, UTC. */
	occurredAt: computed(text, (_, { row }) => toIso(row.at), 'timestamp'),
	agentName: computed(text, (_, { agent }) => agent.name),
	/** `earn`, `spend`, or one that is new. */
	direction: copied('type', text),
	...amounts({ amount: amount(text, (_, { row }) => row.amount, 'amount') }),
	/** Null where the service doesn't publish who paid. */
	counterparty: computed(textOrNull, (_, { row }) => row.counterparty, 'receiver'),
	status: copied('status', text),
	...onChain,
	agentAddress: copied('agent_address', text),
	id: copied('id', text),
};

export const transactionOutput = outputOf(transactionFields);

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
	transactionOutput.schema,
	['occurredAt', ...eventFields],
	'id',
);

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
	...total
}: { group: SummaryGroup } & Total): z.infer<typeof summaryOutput> {
	return { ...parts, transactions: total.rows, ...amountFields({ total: total.amount }) };
}
