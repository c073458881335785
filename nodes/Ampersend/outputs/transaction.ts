import * as z from 'zod/v4-mini';

import type { AgentRow } from '../api/lists/merge';
import type { ActivityRow } from '../api/lists/pages';
import { amountFields, amountShape } from '../domain/money';
import { movedBy } from '../domain/moved';
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
	...amounts({
		amount: amount(text, (_, { row }) => row.amount, 'amount'),
	}),
	status: copied('status', text),
	/** Signed: earned is positive, spent is negative. 0 unless the money has moved. */
	...amounts({ moved: amount(text, (_, { row }) => movedBy(row)) }),
};

export const transactionLinks = {
	/** Null where the service doesn't publish who paid. */
	counterparty: computed(textOrNull, (_, { row }) => row.counterparty, 'receiver'),
	agentAddress: copied('agent_address', text),
	...onChain,
};

export const transactionOutput = outputOf({
	...transactionFields,
	...transactionLinks,
	id: copied('id', text),
});

/** What matters of a transaction besides its time, and of the trigger's event of one. */
export const eventFields = [
	'agentName',
	'direction',
	'amountUsdc',
	'status',
	'movedUsdc',
	'counterparty',
	'agentAddress',
	'explorerUrl',
] as const;

export const simplifiedTransaction = simplifiedTo(
	transactionOutput.schema,
	['occurredAt', ...eventFields],
	'id',
);

const part = z.optional(textOrNull);

/** Null in the total of all groups. */
const group = {
	/** In the chosen time zone, as `2026-10`. */
	month: part,
	/** In the chosen time zone, as `2026-W40` (ISO 8601). */
	week: part,
	/** In the chosen time zone, as `2026-10-01`. */
	day: part,
	agentName: part,
	/** Null where the service doesn't publish who paid, too. */
	counterparty: part,
	direction: part,
	status: part,
	agentAddress: part,
};

const { agentAddress, ...shownFirst } = group;
const shownNames = Object.keys(shownFirst) as Array<keyof typeof shownFirst>;
export const groupNames = [...shownNames, 'agentAddress'] as const;
/** What transactions that are counted together have in common: the parts that were chosen. */
export type SummaryGroup = z.infer<z.ZodMiniObject<typeof group>>;

/** Transactions and what they add up to, for one group. */
export const summaryOutput = z.object({
	...shownFirst,
	transactions: z.number(),
	/** Signed: earned is positive, spent is negative. Only what has moved. */
	...amountShape({ moved: text }),
	/** All amounts, whether they have moved or not, earned and spent. */
	...amountShape({ total: text }),
	/** Whether it's the total of all groups. Only with the option Total Row. */
	isTotal: z.optional(z.boolean()),
	agentAddress,
});

type Summary = z.infer<typeof summaryOutput>;

export const simplifiedSummary = simplifiedTo(
	summaryOutput,
	[...shownNames, 'transactions', 'movedUsdc', 'totalUsdc', 'isTotal'],
	'agentAddress',
);

export function toSummaryOutput(
	{ group: { agentAddress: address, ...parts }, ...total }: { group: SummaryGroup } & Total,
	isTotal?: boolean,
): Summary {
	return {
		...parts,
		transactions: total.rows,
		...amountFields({ moved: total.moved, total: total.amount }),
		...(isTotal !== undefined && { isTotal }),
		...(address !== undefined && { agentAddress: address }),
	};
}
