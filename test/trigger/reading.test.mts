import { describe, expect, it } from '@jest/globals';

import {
	ACTIVITY,
	chosen,
	DAY,
	gathered,
	idsOf,
	LIST,
	LOOK_BACK,
	MINUTE,
	one,
	poll,
	rowNumbers,
	rowsOf,
	SECOND,
	t0,
	timesOf,
	upTo,
	useTrigger,
	WEEK,
} from './trigger.mts';

const service = useTrigger();
const { activated, eventId, pay, restarted, seed } = service;

const smallPage = { preset: 'all', limit: '20', page: '1' };

describe('an idle poll', () => {
	it.each([
		['a short history', 3, MINUTE],
		['a history of 100,000 payments', 100_000, MINUTE],
		['5,000 payments in the look-back', 5_000, 100],
		['more payments in one millisecond than a page holds', 30, 0],
	])('of one chosen agent costs one small page, with %s', async (_, count, everyMs) => {
		seed(count, { newest: t0, everyMs });
		const trigger = await activated(one(service.buyer.address));
		const { writes } = trigger;
		for (let i = 0; i < 2; i++) {
			service.emulator.clearCalls();
			expect(await poll(trigger)).toBeNull();
			expect(service.emulator.calls).toMatchObject([{ route: ACTIVITY, query: smallPage }]);
		}
		// n8n would store the state again.
		expect(trigger.writes).toBe(writes);
	});

	it('costs no more after many events', async () => {
		const trigger = await activated(one(service.buyer.address));
		seed(450);
		expect(await poll(trigger)).toHaveLength(450);
		service.emulator.clearCalls();
		expect(await poll(restarted(trigger, one(service.buyer.address)))).toBeNull();
		expect(service.emulator.calls).toMatchObject([{ query: smallPage }]);
	});

	it('of all agents costs one list for each hundred, and one small page each', async () => {
		for (let i = 1; i < 250; i++) service.addAgent(`agent ${i}`);
		seed(100_000, { newest: t0, everyMs: MINUTE });
		const trigger = await activated();
		service.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		const lists = service.emulator.calls.filter(({ route }) => route === LIST);
		expect(lists.map(({ query }) => query)).toEqual(
			['0', '100', '200'].map((offset) => ({ limit: '100', offset })),
		);
		expect(service.readings.map(({ query }) => query)).toEqual(upTo(250).map(() => smallPage));
		const read = service.readings.map(({ params }) => params.address);
		expect(new Set(read)).toEqual(new Set(service.emulator.agents().map(({ address }) => address)));
	});

	it('with an open payment among the newest costs no more', async () => {
		const trigger = await activated(one(service.buyer.address));
		pay('open', t0, { status: 'authorized' });
		seed(15);
		expect(await poll(trigger)).toHaveLength(16);
		service.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		expect(service.emulator.calls).toMatchObject([{ query: smallPage }]);
	});

	it('says who requests', async () => {
		const trigger = await activated();
		service.emulator.clearCalls();
		await trigger.poll();
		for (const { headers } of service.emulator.calls) {
			expect(headers['ampersend-client']).toMatch(/^n8n-nodes-ampersend\/\d/);
		}
	});
});

describe('an open payment', () => {
	const mostCalls = 1 + 4;

	it.each([19, 20, 250, 1000, 3000])(
		'behind %s newer ones is seen to settle at the next poll',
		async (newer) => {
			pay('before', t0 - WEEK);
			const trigger = await activated(one(service.buyer.address));
			pay('open', t0 - 4 * DAY, { status: 'authorized' });
			expect(await poll(trigger)).toEqual(['open:authorized']);
			seed(newer, { newest: t0 - 4 * DAY + newer * MINUTE, everyMs: MINUTE });
			expect(rowNumbers(await trigger.poll())).toEqual(upTo(newer));
			const next = restarted(trigger, one(service.buyer.address));
			for (let i = 0; i < 2; i++) {
				service.emulator.clearCalls();
				expect(await poll(next)).toBeNull();
				expect(service.emulator.calls.length).toBeLessThanOrEqual(mostCalls);
			}
			service.emulator.setStatus('open', 'settled');
			service.emulator.clearCalls();
			expect(await next.poll()).toMatchObject([
				{ eventId: eventId('open:settled'), previousStatus: 'authorized' },
			]);
			expect(service.readings.length).toBeLessThanOrEqual(mostCalls);
			expect(await poll(next)).toBeNull();
		},
	);

	it('from before publishing, under 900 others, is seen to settle', async () => {
		pay('open', t0 - 4 * DAY, { status: 'authorized' });
		seed(900, { newest: t0 - 2 * DAY, everyMs: MINUTE });
		const trigger = await activated();
		service.emulator.setStatus('open', 'failed');
		expect(await poll(trigger)).toEqual(['open:failed']);
	});

	it('is seen to settle in a poll that emits new payments too', async () => {
		pay('before', t0 - WEEK);
		const trigger = await activated();
		pay('open', t0 - 4 * DAY, { status: 'authorized' });
		seed(250, { newest: t0 - 3 * DAY, everyMs: MINUTE });
		expect(await poll(trigger)).toHaveLength(251);
		service.emulator.setStatus('open', 'settled');
		seed(30, { newest: t0, everyMs: MINUTE });
		const items = await trigger.poll();
		expect(idsOf(items)?.[0]).toBe('open:settled');
		expect(rowNumbers(items?.slice(1) ?? [])).toEqual(upTo(30));
	});

	it('is found after late payments have moved it', async () => {
		const trigger = await activated({ options: { lookBackMinutes: 1440 } });
		pay('open', t0 - 10 * 60 * MINUTE, { status: 'authorized' });
		seed(1000, { newest: t0, everyMs: 30 * SECOND });
		expect(await poll(trigger)).toHaveLength(1001);
		seed(450, { newest: t0 - 11 * 60 * MINUTE, everyMs: SECOND });
		expect(await poll(trigger)).toHaveLength(450);
		service.emulator.setStatus('open', 'settled');
		expect(await poll(trigger)).toEqual(['open:settled']);
	});

	it('is one of many: each settles within a few polls, with four pages more', async () => {
		pay('before', t0 - WEEK);
		const trigger = await activated(one(service.buyer.address));
		const ids = upTo(10).map((i) => `open ${i}`);
		ids.forEach((id, i) => pay(id, t0 - 4 * DAY + i * 300 * MINUTE, { status: 'authorized' }));
		seed(3000, { newest: t0 - 4 * DAY + 3000 * MINUTE + 1, everyMs: MINUTE });
		expect(await poll(trigger)).toHaveLength(3010);
		for (const id of ids) service.emulator.setStatus(id, 'settled');
		const settled: string[] = [];
		for (let i = 0; i < 4; i++) {
			service.emulator.clearCalls();
			settled.push(...rowsOf(await trigger.poll()));
			expect(service.readings.length).toBeLessThanOrEqual(mostCalls);
		}
		expect(settled.sort()).toEqual(ids);
		expect(await poll(trigger)).toBeNull();
	});

	it('is watched while it is at most a week behind the newest one', async () => {
		pay('before', t0 - 2 * WEEK);
		const trigger = await activated(one(service.buyer.address));
		pay('within', t0 - WEEK, { status: 'authorized' });
		pay('beyond', t0 - WEEK - 1, { status: 'authorized' });
		expect(await poll(trigger)).toEqual(['beyond:authorized', 'within:authorized']);
		seed(30, { newest: t0, everyMs: MINUTE });
		expect(await poll(trigger)).toHaveLength(30);
		for (const id of ['within', 'beyond']) service.emulator.setStatus(id, 'settled');
		expect(await poll(trigger)).toEqual(['within:settled']);
		service.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		expect(service.emulator.calls).toHaveLength(1);
	});
});

describe('a late payment', () => {
	it('under more than 200 new ones is emitted, in order', async () => {
		pay('known', t0);
		const trigger = await activated();
		seed(450, { newest: t0 + 1000 });
		pay('late', t0 - LOOK_BACK);
		pay('late too', t0 - 1);
		pay('among them', t0 + 700);
		const items = await trigger.poll();
		expect(rowsOf(items).slice(0, 2)).toEqual(['late', 'late too']);
		expect(rowsOf(items)).toContain('among them');
		expect(items).toHaveLength(453);
		expect(timesOf(items)).toEqual(timesOf(items).sort());
		expect(await poll(trigger)).toBeNull();
	});

	it('under hundreds of emitted ones is emitted', async () => {
		const trigger = await activated();
		seed(700, { newest: t0, everyMs: SECOND });
		expect(await poll(trigger)).toHaveLength(700);
		pay('late', t0 - 650 * SECOND);
		expect(await poll(trigger)).toEqual(['late:settled']);
		pay('late too', t0 - 699 * SECOND);
		pay('new', t0 + 1);
		expect(await poll(trigger)).toEqual(['late too:settled', 'new:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('that comes while a long backlog takes several polls is emitted', async () => {
		const trigger = await activated({ options: { maxEvents: 300 } });
		seed(1500, { newest: t0 + 1500 * SECOND, everyMs: SECOND });
		const items = (await trigger.poll()) ?? [];
		for (let i = 0; i < 3; i++) {
			pay(`late ${i}`, Date.parse(String(items.at(-1)?.occurredAt)) - LOOK_BACK / 2);
			pay(`new ${i}`, t0 + 2000 * SECOND + i);
			items.push(...((await trigger.poll()) ?? []));
		}
		items.push(...(await gathered(trigger, 1506 - items.length, 10)));
		const ids = rowsOf(items);
		expect(ids.filter((id) => id.startsWith('late')).sort()).toEqual([
			'late 0',
			'late 1',
			'late 2',
		]);
		expect(ids.filter((id) => id.startsWith('new'))).toEqual(['new 0', 'new 1', 'new 2']);
		expect(rowNumbers(items.filter(({ activityId }) => String(activityId).includes(':')))).toEqual(
			upTo(1500),
		);
		expect(new Set(ids).size).toBe(ids.length);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([30, 450])('that comes while %s new ones are read is emitted once', async (count) => {
		pay('known', t0);
		const trigger = await activated();
		seed(count, { newest: t0 + count });
		service.emulator.after(ACTIVITY, () => void pay('late 1', t0 - MINUTE));
		service.emulator.after(ACTIVITY, () => void pay('late 2', t0 - 2 * MINUTE), {
			match: ({ query }) => query.limit !== '20',
		});
		const ids = rowsOf([...((await trigger.poll()) ?? []), ...((await trigger.poll()) ?? [])]);
		expect(ids).toHaveLength(count + 2);
		expect(new Set(ids).size).toBe(count + 2);
		expect(await poll(trigger)).toBeNull();
	});

	it('at the edge of the look-back is emitted, even if a page ends there', async () => {
		pay('known', t0);
		const trigger = await activated();
		for (let i = 1; i <= 18; i++) pay(`new ${i}`, t0 + i);
		pay('edge 1', t0 - LOOK_BACK);
		pay('edge 2', t0 - LOOK_BACK);
		pay('old', t0 - DAY);
		const ids = await poll(trigger);
		expect(ids).toHaveLength(20);
		expect(ids?.slice(0, 2)).toEqual(['edge 1:settled', 'edge 2:settled']);
	});
});

describe('payments that come while pages are read', () => {
	/** Three payments after each of these answers, counted from 0. @returns their ids */
	function payAfter(answers: number[], since: number): string[] {
		const arriving: string[] = [];
		let answer = 0;
		const listen = () => {
			service.emulator.after(ACTIVITY, () => {
				for (let i = 0; answers.includes(answer) && i < 3; i++) {
					const id = `arriving ${arriving.length}`;
					pay(id, since + arriving.length);
					arriving.push(id);
				}
				if (answer++ < Math.max(...answers)) listen();
			});
		};
		listen();
		return arriving;
	}

	it.each([
		['after the small page, with 100 new ones', 100, [0]],
		['after the large page, with 150 new ones', 150, [1]],
		['after each page, with 150 new ones', 150, [0, 1]],
		['after the small page, with 450 new ones', 450, [0]],
		['after the first page of the backlog, with 450 new ones', 450, [1]],
		['after each page, with 450 new ones', 450, [0, 1, 2, 3]],
	])('%s, are emitted once', async (_, count, answers) => {
		pay('known', t0);
		const trigger = await activated();
		seed(count);
		const arriving = payAfter(answers, t0 + count + 1);
		const items = await gathered(trigger, count + 3 * answers.length, 6);
		expect(arriving).toHaveLength(3 * answers.length);
		expect(rowsOf(items).filter((id) => !id.includes(':'))).toEqual(arriving);
		expect(rowNumbers(items.slice(0, count))).toEqual(upTo(count));
		expect(items).toHaveLength(count + arriving.length);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([150, 450])('in hundreds, with %s new ones, are emitted once', async (count) => {
		const trigger = await activated();
		seed(count);
		let added = 0;
		const more = () => {
			if (added >= 4) return;
			added++;
			seed(250, { newest: t0 + count + added * 250 });
			service.emulator.after(ACTIVITY, more);
		};
		service.emulator.after(ACTIVITY, more);
		const items = await gathered(trigger, count + 4 * 250, 12);
		expect(new Set(rowsOf(items)).size).toBe(count + 4 * 250);
		expect(items).toHaveLength(count + 4 * 250);
		expect(timesOf(items)).toEqual(timesOf(items).sort());
		expect(await poll(trigger)).toBeNull();
	});

	it('at publishing are the baseline or emitted later, each once', async () => {
		seed(450, { newest: t0, everyMs: MINUTE });
		service.emulator.after(ACTIVITY, () => void pay('first', t0 + 1));
		service.emulator.after(ACTIVITY, () => void pay('second', t0 + 2), {
			match: ({ query }) => query.page === '1',
		});
		const trigger = await activated();
		const ids = [...rowsOf(await trigger.poll()), ...rowsOf(await trigger.poll())];
		expect(ids.filter((id) => id.includes(':'))).toEqual([]);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids).toContain('second');
		pay('third', t0 + 3);
		expect(rowsOf(await trigger.poll())).toEqual(['third']);
	});

	it('and change meanwhile are emitted as they were read, then as they became', async () => {
		const trigger = await activated(chosen(service.buyer));
		pay('a', t0, { status: 'authorized' });
		service.emulator.after(ACTIVITY, () => void service.emulator.setStatus('a', 'settled'));
		const ids = [...((await poll(trigger)) ?? []), ...((await poll(trigger)) ?? [])];
		expect(ids.at(-1)).toBe('a:settled');
		expect(new Set(ids).size).toBe(ids.length);
		expect(await poll(trigger)).toBeNull();
	});
});
