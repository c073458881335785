import * as z from 'zod/v4-mini';

import { toTransactionOutput, transactionOutput } from '../actions/transaction/output';
import { addressKey } from '../domain/address';
import { withFurther } from '../domain/json';
import type { FoundEvent } from './poll';

const { id: activityId, status, ...transaction } = transactionOutput.shape;

/** A payment event as it leaves the trigger: a transaction, and what happened to it. */
export const triggerEventOutput = z.object({
	/** Names the event for ever: id of the transaction, status, agent. */
	eventId: z.string(),
	/** Such as `payment.denied`. */
	event: z.string(),
	/** Null where the payment is new. */
	previousStatus: z.nullable(z.string()),
	status,
	activityId,
	...transaction,
	/** The row as the service sent it, with Simplify off. */
	raw: z.optional(z.unknown()),
});
export type TriggerEventOutput = z.infer<typeof triggerEventOutput>;

export function toTriggerEventOutput(found: FoundEvent, simplify: boolean): TriggerEventOutput {
	const { row } = found.read;
	const { id, status, ...transaction } = toTransactionOutput(found);
	return withFurther(
		{
			eventId: `${id}:${status}:${addressKey(row.agent_address)}`,
			event: `payment.${status}`,
			previousStatus: found.previousStatus,
			status,
			activityId: id,
		},
		{ ...transaction, ...(!simplify && { raw: row }) },
	);
}
