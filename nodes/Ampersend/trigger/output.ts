import * as z from 'zod/v4-mini';

import { toTransactionOutput, transactionOutput } from '../actions/transaction/output';
import { addressKey } from '../domain/address';
import { withFurther } from '../domain/json';
import type { FoundEvent } from './poll';

const { id: activityId, status, ...transaction } = transactionOutput.shape;

/** A payment event as the trigger outputs it: a transaction, and what happened to it. */
export const triggerEventOutput = z.object({
	/** Always the same for an event: transaction id, status and agent address. */
	eventId: z.string(),
	/** Such as `payment.denied`. */
	event: z.string(),
	/** Null for a new payment. */
	previousStatus: z.nullable(z.string()),
	status,
	activityId,
	...transaction,
	/** The row as the service sent it. Only if Simplify is off. */
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
