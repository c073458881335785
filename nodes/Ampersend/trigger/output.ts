import * as z from 'zod/v4-mini';

import { addressKey } from '../domain/address';
import { simplifiedTo } from '../domain/simplify';
import { outputOf, outputsOf, text, textOrNull } from '../outputs/output';
import { eventFields, transactionFields } from '../outputs/transaction';
import type { Activity } from '../schemas/activity';
import type { FoundEvent } from './poll';

const { computed } = outputsOf<Activity, FoundEvent>();

const { occurredAt, id: activityId, ...others } = transactionFields;

/** A payment event: a transaction, and what happened to it. */
export const triggerEventOutput = outputOf({
	occurredAt,
	/** Such as `payment.denied`. */
	event: computed(text, ({ status }) => `payment.${status}`),
	...others,
	/** Null for a new payment. */
	previousStatus: computed(textOrNull, (_, { previousStatus }) => previousStatus),
	activityId,
	/** Always the same for an event: transaction id, status and agent address. */
	eventId: computed(
		text,
		({ id, status, agent_address }) => `${id}:${status}:${addressKey(agent_address)}`,
	),
	/** The row as the service sent it. */
	raw: computed(z.unknown(), (wire) => wire),
});

export const simplifiedTriggerEvent = simplifiedTo(
	triggerEventOutput.schema,
	['occurredAt', 'event', ...eventFields],
	'eventId',
);
