import { describe, expect, it } from '@jest/globals';

import type { Agent } from '../../tools/emulator/index.mts';
import { chosen, MINUTE, rowsOf, t0, timesOf, upTo, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated, open, pay } = service;

const numbers = (count: number, first = 0) => upTo(count).map((i) => String(first + i));

/** Payments of several agents in turn, one each minute, named by their order in time. */
function interleave(agents: Agent[], count: number): void {
	for (const i of upTo(count)) {
		pay(String(i), t0 + i * MINUTE, { agent: agents[(i * 2) % agents.length] });
	}
}

describe('payments of several agents', () => {
	const three = () => [service.buyer, service.addAgent('seller'), service.addAgent('third')];

	it.each(['all', 'several'])(
		'come oldest first over all of them if %s are watched',
		async (which) => {
			const agents = three();
			const trigger = await activated(which === 'all' ? {} : chosen(...agents.toReversed()));
			interleave(agents, 30);
			const items = await trigger.poll();
			expect(rowsOf(items)).toEqual(numbers(30));
			expect(timesOf(items)).toEqual(timesOf(items).sort());
			expect(new Set(items?.map(({ agentName }) => agentName)).size).toBe(3);
		},
	);

	it('come oldest first if one poll cannot emit all of them', async () => {
		const agents = three();
		const trigger = await activated({ options: { maxEvents: 7 } });
		interleave(agents, 20);
		expect(rowsOf(await trigger.poll())).toEqual(numbers(7));
		expect(rowsOf(await trigger.poll())).toEqual(numbers(7, 7));
		expect(rowsOf(await trigger.poll())).toEqual(numbers(6, 14));
		expect(await trigger.poll()).toBeNull();
	});

	it('that have changed come in their order among the new ones', async () => {
		const [buyer, seller] = three();
		pay('0', t0, { agent: seller, status: 'authorized' });
		pay('2', t0 + 2 * MINUTE, { agent: seller, status: 'authorized' });
		const trigger = await activated();
		pay('1', t0 + MINUTE, { agent: buyer });
		pay('3', t0 + 3 * MINUTE, { agent: buyer });
		for (const id of ['0', '2']) service.emulator.setStatus(id, 'settled');
		expect(rowsOf(await trigger.poll())).toEqual(numbers(4));
	});

	it('give a manual run the latest of all agents', async () => {
		interleave(three(), 30);
		expect(rowsOf(await open().poll('manual'))).toEqual(numbers(1, 29));
	});
});
