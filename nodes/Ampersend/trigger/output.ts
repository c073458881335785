import * as z from 'zod/v4-mini';

import { toTransactionOutput, transactionOutput, eventFields } from '../actions/transaction/output';
import { addressKey } from '../domain/address';
import { withRest } from '../domain/json';
import { simplifiedTo } from '../domain/simplify';
import type { FoundEvent } from './poll';

const { occurredAt: occurredAtShape, id: activityId, ...otherShapes } = transactionOutput.shape;

/** A payment event as the trigger outputs it: a transaction, and what happened to it. */
export const triggerEventOutput = z.object({
	occurredAt: occurredAtShape,
	/** Such as `payment.denied`. */
	event: z.string(),
	...otherShapes,
	/** Null for a new payment. */
	previousStatus: z.nullable(z.string()),
	activityId,
	/** Always the same for an event: transaction id, status and agent address. */
	eventId: z.string(),
	/** The row as the service sent it. */
	raw: z.unknown(),
});

export const simplifiedTriggerEvent = simplifiedTo(
	triggerEventOutput,
	['occurredAt', 'event', ...eventFields],
	'eventId',
);
export type TriggerEventOutput = z.infer<typeof triggerEventOutput>;

export function toTriggerEventOutput(found: FoundEvent): TriggerEventOutput {
	const { wire } = found.row;
	const { occurredAt, id, ...transaction } = toTransactionOutput(found);
	const { status } = transaction;
	return withRest(
		{ occurredAt, event: `payment.${status}` },
		{
			...transaction,
			previousStatus: found.previousStatus,
			activityId: id,
			eventId: `${id}:${status}:${addressKey(wire.agent_address)}`,
			raw: wire,
		},
	);
}
