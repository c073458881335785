import { describe, it } from '@jest/globals';

import { divide, expectEach, itemsOf, named, pollUntilQuiet, useLists } from './list.mts';
import { MINUTE, t0, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated } = service;

describe('two replicas in turn, one 20 rows behind', () => {
	it.each([
		[0, 10],
		[1, 10],
		[0, 60],
		[1, 60],
		[0, 1000],
		[1, 1000],
	])('(turn %s) with %s new rows a minute apart: each is emitted once', async (first, count) => {
		const list = useLists(service)();
		list.addMany('old', 60, t0, MINUTE);
		const trigger = await activated();
		list.addMany('new', count, t0 + count * MINUTE, MINUTE);
		list.from(() => {});
		list.division = (all, request) =>
			divide(request.number % 2 === first ? all.slice(20) : all, request);
		const polls = await pollUntilQuiet(service, trigger, { quiet: 6, most: 12 });
		list.division = divide;
		list.add('last', t0 + (count + 1) * MINUTE);
		polls.push(...(await pollUntilQuiet(service, trigger)));
		expectEach(itemsOf(polls), [...named('new', count), 'last']);
	});
});

describe('two replicas, one 90 rows behind, pages of 100 rows at most', () => {
	it.each([37_652, 0b1010_1010_1010_1010, 0b0101_0101_0101_0101])('(%s)', async (lagging) => {
		const list = useLists(service)();
		const trigger = await activated();
		list.from(() => {});
		await trigger.poll();
		list.addMany('new', 111, t0 + 111 * MINUTE, MINUTE);
		list.division = (all, request) => {
			const bit = 2 ** (request.number % 16);
			const isLagging = (lagging & bit) > 0;
			return divide(isLagging ? all.slice(90) : all, {
				...request,
				limit: Math.min(request.limit, 100),
			});
		};
		const polls = await pollUntilQuiet(service, trigger);
		list.division = divide;
		list.add('last', t0 + 112 * MINUTE);
		polls.push(...(await pollUntilQuiet(service, trigger)));
		expectEach(itemsOf(polls), [...named('new', 111), 'last']);
	});
});

describe('pages of 30 rows at most, and no next page reported after a full one', () => {
	it.each([
		[1, 0, 'capped'],
		[1, 0, 'cut'],
		[1, 450, 'cut'],
		[1, 450, 'capped'],
		[0, 450, 'cut'],
		[0, 450, 'capped'],
	])('%s old, %s new (%s)', async (old, more, how) => {
		const list = useLists(service)();
		list.addMany('old', old, t0, MINUTE);
		const trigger = await activated();
		const count = 120 + more;
		list.addMany('new', count, t0 + count * 1000, 1000);
		list.division = (all, { page, limit }) => {
			const size = Math.min(limit, 30);
			const from = (page - 1) * (how === 'cut' ? limit : size);
			const activity = all.slice(from, from + size);
			const isMore = from + activity.length < all.length;
			const hasNextPage = isMore && limit > 30;
			return { activity, hasNextPage, totalCount: all.length };
		};
		const polls = await pollUntilQuiet(service, trigger);
		expectEach(itemsOf(polls), named('new', count));
	});
});
