import { describe, expect, it } from '@jest/globals';
import type { IDataObject } from 'n8n-workflow';

import {
	ACTIVITY,
	DAY,
	gathered,
	one,
	poll,
	rowNumbers,
	rowsOf,
	SECOND,
	t0,
	timesOf,
	upTo,
	useTrigger,
	type TriggerBench,
} from './trigger.mts';
import type { TriggerUnderTest } from '../nodes/n8nCore.mts';

const service = useTrigger();
const { activated, open, pay, passTime, seed } = service;

/** What n8n's scheduler leaves a poll. */
const budgetMs = 36_000;

/**
 * One poll after the other until so many events are there: the events of each poll, and the calls
 * that it made.
 */
async function pollsUntil(
	bench: TriggerBench,
	trigger: TriggerUnderTest,
	count: number,
	most = 30,
) {
	const polls: Array<{
		items: IDataObject[];
		read: string[];
		startedAt: number;
		calledAt: number[];
	}> = [];
	let emitted = 0;
	while (emitted < count && polls.length < most) {
		bench.emulator.clearCalls();
		const startedAt = Date.now();
		const items = (await trigger.poll()) ?? [];
		emitted += items.length;
		polls.push({
			items,
			read: bench.readings.map(({ params }) => String(params.address)),
			startedAt,
			calledAt: bench.readings.map(({ at }) => at),
		});
	}
	return polls;
}

describe('a long backlog', () => {
	it('comes over several polls if time is short, in order, each once', async () => {
		const trigger = await activated({}, { budgetMs });
		seed(5000);
		passTime(3 * SECOND);
		const polls = await pollsUntil(service, trigger, 5000);
		expect(polls.length).toBeGreaterThan(2);
		for (const { items } of polls.slice(0, -1)) expect(items.length).toBeGreaterThan(0);
		expect(rowNumbers(polls.flatMap(({ items }) => items))).toEqual(upTo(5000));
		expect(await poll(trigger)).toBeNull();
	});

	it('requests no page after time is up', async () => {
		const trigger = await activated({}, { budgetMs });
		seed(5000);
		passTime(3 * SECOND);
		const polls = await pollsUntil(service, trigger, 5000);
		expect(polls.length).toBeGreaterThan(2);
		for (const { startedAt, calledAt } of polls) {
			expect(calledAt.length).toBeGreaterThan(0);
			expect(calledAt.filter((at) => at >= startedAt + budgetMs)).toEqual([]);
		}
	});

	it('of one chosen agent comes over several polls too', async () => {
		const trigger = await activated(one(service.buyer.address), { budgetMs });
		seed(3000);
		passTime(3 * SECOND);
		const polls = await pollsUntil(service, trigger, 3000, 10);
		expect(polls.length).toBeGreaterThan(1);
		expect(rowNumbers(polls.flatMap(({ items }) => items))).toEqual(upTo(3000));
	});

	it('does not stop the publishing, even without time for the look-back', async () => {
		seed(20_000, { newest: t0, everyMs: 10 });
		passTime(10 * SECOND);
		const trigger = await activated({}, { budgetMs });
		expect(await poll(trigger)).toBeNull();
		pay('a', t0 + 1);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('of existing events comes over several polls', async () => {
		seed(2500, { newest: t0, everyMs: SECOND });
		passTime(3 * SECOND);
		const trigger = open({ options: { existingDays: 30 } }, { budgetMs });
		const items = (await trigger.poll('trigger', 'activate')) ?? [];
		expect(items.length).toBeGreaterThan(0);
		expect(items.length).toBeLessThan(2500);
		items.push(...(await gathered(trigger, 2500 - items.length, 10)));
		expect(rowNumbers(items)).toEqual(upTo(2500));
		expect(await poll(trigger)).toBeNull();
	});

	it('is read within five minutes if n8n does not say how long a poll can take', async () => {
		const trigger = await activated({}, { budgetMs: null });
		seed(6000);
		passTime(15 * SECOND);
		const polls = await pollsUntil(service, trigger, 6000);
		expect(polls.length).toBeGreaterThan(1);
		for (const { startedAt, calledAt } of polls) {
			expect(calledAt.filter((at) => at >= startedAt + 300 * SECOND)).toEqual([]);
		}
		expect(rowNumbers(polls.flatMap(({ items }) => items))).toEqual(upTo(6000));
	});

	it('of 25,000 payments comes with at most 10,000 in one poll, and few requests', async () => {
		const trigger = await activated();
		seed(25_000);
		const polls = await pollsUntil(service, trigger, 25_000, 5);
		expect(polls.map(({ items }) => items.length)).toEqual([10_000, 10_000, 5000]);
		expect(rowNumbers(polls.flatMap(({ items }) => items))).toEqual(upTo(25_000));
		const pages = 25_000 / 200;
		expect(polls.flatMap(({ read }) => read).length).toBeLessThanOrEqual(1.3 * pages);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('many agents', () => {
	const count = 60;

	it('are read in turn if there is time for only a few', async () => {
		for (let i = 1; i < count; i++) service.addAgent(`agent ${i}`);
		const trigger = await activated({}, { budgetMs });
		const agents = service.emulator.agents().map(({ address }) => address);
		agents.forEach((agent, i) => service.emulator.pay({ agent, id: `${i}`, timestamp: t0 + i }));
		passTime(5 * SECOND);
		const polls = await pollsUntil(service, trigger, count);
		expect(polls.length).toBeGreaterThan(2);
		// Four are read at a time: three answers may pass by, and neighbors change places.
		const latest = budgetMs + 3 * 5 * SECOND;
		for (const { read, startedAt, calledAt } of polls) {
			expect(read.length).toBeLessThan(count);
			expect(calledAt.filter((at) => at >= startedAt + latest)).toEqual([]);
		}
		const first = polls.slice(0, -1).flatMap(({ read }) => read);
		expect(new Set(first).size).toBe(first.length);
		expect(first.map((address) => agents.indexOf(address)).toSorted((a, b) => a - b)).toEqual(
			upTo(first.length),
		);
		expect(polls.flatMap(({ items }) => rowsOf(items)).sort()).toEqual(
			upTo(count).map(String).sort(),
		);
	});

	it('get their baselines over several polls, and no old payment is emitted', async () => {
		for (let i = 1; i < count; i++) service.addAgent(`agent ${i}`);
		const agents = service.emulator.agents();
		for (const agent of agents) pay(`old ${agent.name}`, t0, { agent });
		passTime(5 * SECOND);
		const trigger = open({}, { budgetMs });
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		// An agent that waits takes two readings: up to when it was chosen, and what came since.
		for (let i = 0; i < 10; i++) expect(await poll(trigger)).toBeNull();
		for (const agent of agents) pay(`new ${agent.name}`, t0 + 1, { agent });
		const items = await gathered(trigger, count, 12);
		expect(rowsOf(items).sort()).toEqual(agents.map(({ name }) => `new ${name}`).sort());
	});

	it('do not wait forever for one with a long backlog', async () => {
		for (let i = 1; i < count; i++) service.addAgent(`agent ${i}`);
		const trigger = await activated({}, { budgetMs });
		const agents = service.emulator.agents();
		seed(9000);
		agents.forEach((agent, i) => pay(`${i}`, t0 + DAY / 2 + i, { agent }));
		passTime(2 * SECOND);
		const items = await gathered(trigger, 9000 + count, 30);
		expect(new Set(rowsOf(items)).size).toBe(9000 + count);
		const ofBuyer = items.filter(
			({ agentName, activityId }) => agentName === 'buyer' && activityId !== '0',
		);
		expect(rowNumbers(ofBuyer)).toEqual(upTo(9000));
	});
});

describe('an answer that does not come in time', () => {
	it('does not delay the other agents, and the next poll catches up', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated();
		pay('b', t0);
		pay('s', t0, { agent: seller });
		service.emulator.fault({
			route: ACTIVITY,
			hang: true,
			match: ({ params }) => params.address === seller.address,
		});
		trigger.budgetMs = 4 * SECOND;
		expect(await poll(trigger)).toEqual(['b:settled']);
		trigger.budgetMs = undefined;
		expect(trigger.warnings).toEqual([]);
		expect(await poll(trigger)).toEqual(['s:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('a slow service', () => {
	const latencyMs = 200;
	const slow = useTrigger({ latencyMs });

	/** Whether so many requests were sent before the first of them can have been answered. */
	function hadAtOnce(count: number): boolean {
		const times = slow.readings.map(({ at }) => at).toSorted((one, other) => one - other);
		return times.some((at, i) => (times[i + count - 1] ?? Infinity) - at < latencyMs / 2);
	}

	it('gets several requests of a long backlog at once, and no page twice', async () => {
		const trigger = await slow.activated();
		slow.seed(5000);
		slow.emulator.clearCalls();
		expect(rowNumbers((await trigger.poll()) ?? [])).toEqual(upTo(5000));
		expect(hadAtOnce(5)).toBe(true);
		expect(slow.readings.length).toBeLessThan(1.3 * (5000 / 200));
	});

	it.each([429, 503])(
		'loses nothing if it answers pages that are read ahead with %s',
		async (status) => {
			const trigger = await slow.activated();
			slow.seed(4000);
			let answers = 0;
			slow.emulator.fault({
				route: ACTIVITY,
				status,
				match: () => ++answers > 10 && answers <= 14,
			});
			const items = await gathered(trigger, 4000, 10);
			expect(rowNumbers(items)).toEqual(upTo(4000));
		},
	);

	it('gets requests for up to ten agents at once', async () => {
		for (let i = 1; i < 30; i++) slow.addAgent(`agent ${i}`);
		const trigger = await slow.activated();
		slow.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		expect([hadAtOnce(8), hadAtOnce(12)]).toEqual([true, false]);
	});

	it('emits a long backlog over several polls, in order, each once', async () => {
		const trigger = await slow.activated();
		slow.seed(5000);
		trigger.budgetMs = 2 * SECOND;
		const polls = await pollsUntil(slow, trigger, 5000);
		expect(polls.length).toBeGreaterThan(1);
		const items = polls.flatMap((one) => one.items);
		expect(rowNumbers(items)).toEqual(upTo(5000));
		expect(timesOf(items)).toEqual(timesOf(items).sort());
	});

	it('reads many agents in turn', async () => {
		for (let i = 1; i < 60; i++) slow.addAgent(`agent ${i}`);
		const trigger = await slow.activated();
		const agents = slow.emulator.agents();
		for (const agent of agents) slow.pay(agent.name, t0, { agent });
		trigger.budgetMs = SECOND;
		const polls = await pollsUntil(slow, trigger, 60);
		expect(polls.length).toBeGreaterThan(1);
		expect(polls.flatMap(({ items }) => rowsOf(items)).sort()).toEqual(
			agents.map(({ name }) => name).sort(),
		);
	});
});
