import { describe, expect, it } from '@jest/globals';

import { expectEach, itemsOf, mostRequests, named, pollOnce, useLists } from './list.mts';
import { pollUntilQuiet, type Division, type ScriptedList } from './list.mts';
import { orders } from '../nodes/ties.mts';
import { MINUTE, SECOND, t0, upTo, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated } = service;

async function watched(division: Division, old = 60) {
	const list = useLists(service)();
	list.addMany('old', old, t0, SECOND);
	list.division = division;
	return { list, trigger: await activated() };
}

/** One payment, then a poll, every 20 minutes: each moves the look-back past the ones before. */
async function pollEach20Minutes(
	list: ScriptedList,
	trigger: Awaited<ReturnType<typeof activated>>,
	from: number,
) {
	const polls = [];
	for (const i of upTo(3)) {
		list.add(`later ${i}`, from + (i + 1) * 20 * MINUTE);
		polls.push(await pollOnce(service, trigger), await pollOnce(service, trigger));
	}
	return polls;
}

describe.each(orders)('a service that lists %s', (_, division) => {
	it.each([21, 253, 420])(
		'%s payments of one second, then one every 20 minutes: each is emitted once',
		async (count) => {
			const { list, trigger } = await watched(division);
			const at = t0 + 30 * MINUTE;
			list.addMany('same', count, at, 0);
			const polls = [await pollOnce(service, trigger), await pollOnce(service, trigger)];
			expectEach(itemsOf(polls), named('same', count));
			polls.push(...(await pollEach20Minutes(list, trigger, at)));

			expectEach(itemsOf(polls), [...named('same', count), ...named('later', 3)]);
			expect(polls.flatMap(({ error }) => error ?? [])).toEqual([]);
			expect(mostRequests(polls)).toBeLessThanOrEqual(120);
		},
	);

	it('253 payments of ten a second, then one every 20 minutes: each is emitted once', async () => {
		const { list, trigger } = await watched(division);
		const at = t0 + 30 * MINUTE;
		for (const i of upTo(253)) list.add(`new ${i}`, at + Math.floor(i / 10) * SECOND);
		const polls = await pollUntilQuiet(service, trigger);
		polls.push(...(await pollEach20Minutes(list, trigger, at + MINUTE)));

		expectEach(itemsOf(polls), [...named('new', 253), ...named('later', 3)]);
		expect(mostRequests(polls)).toBeLessThanOrEqual(40);
	});

	it('a backlog of 1,500 with moments of 1 to 300 payments: each is emitted once', async () => {
		const { list, trigger } = await watched(division);
		const sizes = [300, 1, 2, 250, 50, 199, 200, 201, 1, 96, 200];
		let [made, at] = [0, t0 + 30 * MINUTE];
		for (const size of sizes) {
			at += SECOND;
			for (const __ of upTo(size)) list.add(`new ${made++}`, at);
		}
		const polls = await pollUntilQuiet(service, trigger);
		polls.push(...(await pollEach20Minutes(list, trigger, at)));

		expectEach(itemsOf(polls), [...named('new', made), ...named('later', 3)]);
	});

	it('some are removed while their moment is read: the others are emitted once', async () => {
		const { list, trigger } = await watched(division);
		const at = t0 + 30 * MINUTE;
		list.addMany('same', 253, at, 0);
		const gone: string[] = [];
		list.from((changing, { number }) => {
			if (number === 3 || number === 5) gone.push(...changing.remove(100).map(({ id }) => id));
		});
		const polls = await pollUntilQuiet(service, trigger, { quiet: 3 });
		const ids = named('same', 253).filter((id) => !gone.includes(id));
		expectEach(itemsOf(polls), ids, gone);
	});

	it('nothing is emitted of what exists at publishing', async () => {
		const { list, trigger } = await watched(division, 420);
		const [old] = list.rows;
		expect(await trigger.poll()).toBeNull();
		list.add('new', Number(old?.timestamp) + MINUTE);
		expectEach(itemsOf(await pollUntilQuiet(service, trigger)), ['new']);
	});
});
