import type { FilterableRow } from './filter';
import { directionOf, knownOfTransactions } from './filter';

/**
 * The statuses of a transaction whose money has moved, by its direction. Nothing else moves money:
 * not what is denied, failed or still open, and no status or direction that is new.
 * Source: SDK, agent.ts (UnifiedAgentActivityDTO) names the statuses. That an earning can be
 * settled, too, is assumed.
 */
const moving: Readonly<Record<string, { sign: bigint; statuses: readonly string[] }>> = {
	earn: { sign: 1n, statuses: ['received', 'settled'] },
	spend: { sign: -1n, statuses: ['settled'] },
};

export type Moving = Pick<FilterableRow, 'amount' | 'direction' | 'status'>;

const statuses: readonly string[] = knownOfTransactions.statuses;

/** Whether it's known if a transaction has moved money: neither status nor direction is new. */
export function isUnderstood(row: Moving): boolean {
	return Object.hasOwn(moving, directionOf(row)) && statuses.includes(row.status.toLowerCase());
}

/** What a transaction has moved, in micro-USDC: earned is positive, spent is negative. */
export function movedBy(row: Moving): bigint {
	const direction = directionOf(row);
	const known = Object.hasOwn(moving, direction) ? moving[direction] : undefined;
	return known?.statuses.includes(row.status.toLowerCase()) ? known.sign * row.amount : 0n;
}
