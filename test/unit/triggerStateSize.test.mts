import { describe, expect, it } from '@jest/globals';

import { beginWith } from '../../nodes/Ampersend/trigger/cursor';
import type { AgentCursor, TriggerState } from '../../nodes/Ampersend/trigger/state';
import { MAX_AGENTS, MAX_STATE_BYTES, rowKey } from '../../nodes/Ampersend/trigger/state';
import { readStored, writeStored } from './storedState.mts';

const t0 = Date.UTC(2026, 10, 15);

const cursorOf = (agent: number, rows: number, status: string, rank: number): AgentCursor => ({
	newest: t0 + agent,
	floor: t0 - 900_000 + agent,
	asOf: t0 + agent,
	rank,
	rows: new Map(
		Array.from({ length: rows }, (_, i) => [
			rowKey(`${agent} ${i}`),
			{ at: t0 + agent - i * 1000, statuses: [status], rank: rank - i },
		]),
	),
});

function agentsWith(count: number, rows: number, status = 'settled') {
	return new Map(
		Array.from({ length: count }, (_, i) => {
			const address = `0x${i.toString(16).padStart(40, '0')}`;
			return [address, cursorOf(i, rows, status, 1_000_000)] as const;
		}),
	);
}

const bytesOf = (stored: unknown) => Buffer.byteLength(JSON.stringify(stored));

describe('the state with the position before the last batch', () => {
	it.each([
		[1, 9000, 'settled'],
		[1, 9000, 'authorized'],
		[30, 300, 'settled'],
		[500, 18, 'settled'],
		[MAX_AGENTS, 9, 'settled'],
		[MAX_AGENTS, 9, 'authorized'],
		[MAX_AGENTS, 0, 'settled'],
	])('of %s agents with %s rows each (%s) stays within its bound', (count, rows, status) => {
		const filter = { counterparties: Array.from({ length: 100 }, () => `0x${'ab'.repeat(20)}`) };
		const state: TriggerState = {
			scope: 'all',
			since: t0,
			filter,
			agents: agentsWith(count, rows, status),
			lastBatch: {
				process: 'a process that has a name',
				since: t0,
				agents: new Map(
					[...agentsWith(count, rows, status)].map(([id, one]) => [id, { ...one, filter }]),
				),
			},
		};
		const { stored } = writeStored(state);
		expect(stored.filters).toEqual([filter]);
		expect(bytesOf(stored)).toBeLessThanOrEqual(MAX_STATE_BYTES);
		const read = readStored(stored);
		if (!read || read === 'unreadable') throw new Error('not readable');
		expect(read.agents.size).toBe(count);
		// The last batch can be repeated even if rows were cut.
		const { state: before } = beginWith(read, state.filter, 'another process');
		for (const [id, one] of before?.agents ?? []) {
			expect(one?.newest).toBe(state.agents.get(id)?.newest);
		}
		expect(read.lastBatch?.agents.size).toBe(count);
	});

	it("of agents with two filters besides the trigger's stays within its bound", () => {
		const filterOf = (first: number) => ({
			counterparties: Array.from(
				{ length: 100 },
				(_, i) => `0x${String(first + i).padStart(40, 'c')}`,
			),
		});
		const withFilter = (filter: AgentCursor['filter']) =>
			new Map(
				[...agentsWith(MAX_AGENTS, 9)].map(([id, one]): [string, AgentCursor] => [
					id,
					{ ...one, ...(filter && { filter }) },
				]),
			);
		const { stored, shortened } = writeStored({
			scope: 'all',
			since: t0,
			filter: filterOf(0),
			agents: withFilter(filterOf(50)),
			lastBatch: { process: 'a process', since: t0, agents: withFilter(filterOf(100)) },
		});
		expect(bytesOf(stored)).toBeLessThanOrEqual(MAX_STATE_BYTES);
		// If both positions don't fit, the earlier one is dropped, and the log says so.
		expect(shortened).toHaveLength(MAX_AGENTS);
		expect(stored.lastBatch === undefined || Object.keys(stored.lastBatch.agents).length > 0).toBe(
			true,
		);
	});
});
