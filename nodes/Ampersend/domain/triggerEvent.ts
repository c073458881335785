import { addressKey } from './address';
import { withFurther } from './json';
import type { ActivityRow, AgentLabel } from './transaction';
import { toTransaction } from './transaction';

/** The event that a row in this status is. */
export function eventName(status: string): string {
	return `payment.${status}`;
}

/**
 * A payment event as it leaves the trigger. @param simple without the row as the service sent it
 */
export function toTriggerEvent(
	{ row, previousStatus }: { row: ActivityRow; previousStatus: string | null },
	agent: AgentLabel,
	simple: boolean,
) {
	const { id, status, ...transaction } = toTransaction(row, agent);
	return withFurther(
		{
			eventId: `${id}:${status}:${addressKey(row.agent_address)}`,
			event: eventName(status),
			previousStatus,
			status,
			activityId: id,
		},
		{ ...transaction, ...(!simple && { raw: row }) },
	);
}
