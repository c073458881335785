import type { IPollFunctions } from 'n8n-workflow';

import type { FilterableRow, RowFilter } from '../domain/filter';
import { knownOfTransactions } from '../domain/filter';
import { quote } from '../domain/parameter';
import { firstFew } from '../domain/text';
import type { Gaps } from './gaps';
import { eventsField } from './parameters';
import { isTransient } from './poll';
import type { AgentId, TriggerState } from './state';

/*
 * What goes into n8n's log: n8n shows no hint of a trigger.
 */

export function warn(context: IPollFunctions, message: string): void {
	context.logger.warn(`${context.getNode().name}: ${message}`);
}

/** Agents that a poll names. The others are counted: an account can have thousands. */
const MAX_NAMED = 5;

/** The first of some agents, and how many more there are. */
export function namesOf(agents: AgentId[]): string {
	return firstFew(agents, MAX_NAMED);
}

/** Says which agents weren't read: those first that the next poll may not read either. */
export function reportGaps(context: IPollFunctions, { skipped, unread }: Gaps): void {
	const lasting = skipped.filter(({ error }) => !isTransient(error));
	const all = [...lasting, ...skipped.filter(({ error }) => isTransient(error))];
	for (const { agent, error } of all.slice(0, MAX_NAMED)) {
		const next = isTransient(error) ? 'the next poll' : 'the first poll that can read it';
		warn(context, `could not read agent ${agent}; ${next} catches up: ${error.message}`);
	}
	const others = all.slice(MAX_NAMED).map(({ agent }) => agent);
	if (others.length > 0) warn(context, `could not read ${namesOf(others)} either`);
	if (unread.length > 0) {
		context.logger.info(
			`${context.getNode().name}: no time for ${unread.length} agents; ` +
				`the next poll continues with ${unread[0]}`,
		);
	}
}

/** Says which words of Trigger On are neither known nor the status of a payment that was read. */
export function reportUnknownEvents(
	context: IPollFunctions,
	{ statuses = [] }: RowFilter,
	state: TriggerState | undefined,
): void {
	const known: readonly string[] = knownOfTransactions.statuses;
	const seen = new Set<string>();
	for (const cursor of state?.agents.values() ?? []) {
		for (const row of cursor?.rows.values() ?? []) {
			for (const status of row.statuses) seen.add(status.toLowerCase());
		}
	}
	const unknown = statuses.filter((status) => !known.includes(status) && !seen.has(status));
	if (unknown.length === 0) return;
	warn(
		context,
		`${eventsField.displayName}: no payment so far has ${unknown.map(quote).join(', ')}. ` +
			`This node knows ${known.join(', ')}`,
	);
}

/** Values that users know to be new, by node. */
const newValues = new Map<string, Set<string>>();
const MAX_NEW_VALUES = 20;

/** Says once which statuses and directions of events are new: what they mean isn't known. */
export function reportNewValues(
	context: IPollFunctions,
	node: string,
	events: Array<{ row: Pick<FilterableRow, 'direction' | 'status'> }>,
): void {
	const known: readonly string[] = [
		...knownOfTransactions.statuses,
		...knownOfTransactions.directions,
	];
	const said = newValues.get(node) ?? new Set();
	newValues.set(node, said);
	for (const { row } of events) {
		for (const value of [row.status, row.direction]) {
			const isNew = value !== undefined && !known.includes(value.toLowerCase()) && !said.has(value);
			if (!isNew || said.size >= MAX_NEW_VALUES) continue;
			said.add(value);
			warn(
				context,
				`this node doesn't know ${quote(value)}, which a payment has. It counts as money that ` +
					'has not moved. A newer version of n8n-nodes-ampersend may know more',
			);
		}
	}
}

/** Agents whose users know that their balance can't be compared, by node. */
const unclearOf = new Map<string, Set<AgentId>>();

/** Says once which balances are no whole micro-USDC, so nothing can be below them. */
export function reportUnclear(context: IPollFunctions, node: string, agents: AgentId[]): void {
	const known = unclearOf.get(node) ?? new Set();
	const added = agents.filter((id) => !known.has(id));
	if (added.length === 0) return;
	unclearOf.set(node, new Set([...known, ...added]));
	warn(
		context,
		`the balance of ${namesOf(added)} isn't whole micro-USDC, so it can't be compared: ` +
			"Balance Low doesn't start the workflow for it",
	);
}
