import { describe, expect, it } from '@jest/globals';

import { randomAddress } from '../../tools/emulator/index.mts';
import {
	divide,
	expectEach,
	itemsOf,
	named,
	pollOnce,
	pollUntilQuiet,
	useLists,
	type Division,
} from './list.mts';
import { chosen, LIST, MINUTE, one, poll, SECOND, t0, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated, open, pay, seed } = service;

const nothing: Division = () => ({ activity: [], hasNextPage: false, totalCount: 0 });

describe('an empty list of agents at publishing, then the real one', () => {
	const emptyList = (times: number) =>
		service.emulator.fault({
			route: LIST,
			times,
			mutate: () => ({ items: [], total: 0, limit: 200, offset: 0 }),
		});

	it.each([1, 2, 3])(
		'(in %s polls) has no old payment emitted, and each new one once',
		async (times) => {
			seed(1000);
			emptyList(times);
			const trigger = await activated();
			for (let i = 1; i < times; i++) expect(await poll(trigger)).toBeNull();
			// The baseline.
			expect(await poll(trigger)).toBeNull();
			pay('new', t0 + MINUTE);
			expect(await poll(trigger)).toEqual(['new:settled']);
			expect(await poll(trigger)).toBeNull();
		},
	);

	it('emits all payments of an agent created later', async () => {
		emptyList(1);
		const trigger = await activated();
		const late = service.addAgent('made later', { createdAt: Date.now() });
		seed(3, { agent: late });
		expect(await trigger.poll()).toHaveLength(3);
	});

	it('with chosen agents is rejected, and nothing is stored', async () => {
		seed(1000);
		emptyList(1);
		const trigger = open(chosen(service.buyer));
		await expect(trigger.poll('trigger', 'activate')).rejects.toThrow("isn't an agent");
		expect(trigger.state).toEqual({});
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect(await poll(trigger)).toBeNull();
	});
});

describe('an agent that is missing from the list for a poll', () => {
	it('keeps its position: no payment is lost, and none comes twice', async () => {
		const seller = service.addAgent('seller');
		seed(60, { agent: seller });
		const trigger = await activated();
		service.emulator.fault({
			route: LIST,
			mutate: (body) => {
				const { items, ...rest } = body as { items: Array<{ name: string }> };
				const others = items.filter(({ name }) => name !== seller.name);
				return { ...rest, items: others, total: others.length };
			},
		});
		pay('while away', t0 + MINUTE, { agent: seller });
		expect(await poll(trigger)).toBeNull();
		pay('after', t0 + 2 * MINUTE, { agent: seller });
		expect(await poll(trigger)).toEqual(['while away:settled', 'after:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('an empty answer for the activity of an agent at publishing, then the real one', () => {
	it.each([
		['all agents', () => ({})],
		['one agent', () => one(service.buyer.address)],
	])('(%s) emits no old payment, and each new one once', async (_, parameters) => {
		const list = useLists(service)();
		list.addMany('old', 1000, t0, SECOND);
		list.division = (rows, request) => (request.number === 1 ? nothing : divide)(rows, request);
		const trigger = await activated(parameters());
		expect(await poll(trigger)).toBeNull();
		list.add('new', t0 + MINUTE);
		expect(await poll(trigger)).toEqual(['new:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('with a count is never believed', async () => {
		const list = useLists(service)();
		list.addMany('old', 1000, t0, SECOND);
		list.division = () => ({ activity: [], hasNextPage: false, totalCount: 1000 });
		const trigger = await activated();
		for (let i = 0; i < 3; i++) expect(await poll(trigger)).toBeNull();
		list.division = divide;
		expect(await poll(trigger)).toBeNull();
		list.add('new', t0 + MINUTE);
		expect(await poll(trigger)).toEqual(['new:settled']);
	});

	it.each([1, 2, 3])('after %s polls emits no payment again', async (polls) => {
		const list = useLists(service)();
		list.addMany('old', 1000, t0, SECOND);
		const trigger = await activated();
		list.addMany('new', 5, t0 + MINUTE, SECOND);
		const items = [...((await trigger.poll()) ?? [])];
		list.division = nothing;
		for (let i = 0; i < polls; i++) expect(await poll(trigger)).toBeNull();
		list.division = divide;
		list.add('last', t0 + 2 * MINUTE);
		items.push(...itemsOf(await pollUntilQuiet(service, trigger)));
		expectEach(items, [...named('new', 5), 'last']);
	});
});

describe('unusual rows', () => {
	it('one activity id of two agents causes two events with different ids', async () => {
		const seller = service.addAgent('seller');
		const lists = useLists(service);
		const trigger = await activated();
		lists().add('same', t0);
		lists(seller).add('same', t0);
		const items = (await trigger.poll()) ?? [];
		expect(items.map(({ eventId }) => eventId).sort()).toEqual(
			[service.buyer, seller].map(({ address }) => `same:settled:${address.toLowerCase()}`).sort(),
		);
		expect(await poll(trigger)).toBeNull();
	});

	it('an unknown type passes, and other rows do too', async () => {
		const list = useLists(service)();
		const trigger = await activated();
		list.add('known', t0);
		list.add('unknown', t0 + 1);
		const [row] = list.rows;
		if (row) row.type = 'refund';
		list.add('known too', t0 + 2);
		expect(await poll(trigger)).toEqual(['known:settled', 'unknown:settled', 'known too:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('an unknown status passes', async () => {
		const list = useLists(service)();
		const trigger = await activated();
		list.add('a', t0, 'refunded');
		const [item] = (await trigger.poll()) ?? [];
		expect(item).toMatchObject({ event: 'payment.refunded', status: 'refunded' });
	});

	it.each([1, 30])(
		'a row that stands twice on one page is emitted once (%s rows)',
		async (count) => {
			const list = useLists(service)();
			const trigger = await activated();
			list.addMany('new', count, t0, SECOND);
			list.rows = list.rows.flatMap((row) => [row, { ...row }]);
			expectEach(itemsOf(await pollUntilQuiet(service, trigger)), named('new', count));
		},
	);

	it('a row that is twice on one page is emitted with the newer status', async () => {
		const list = useLists(service)();
		const trigger = await activated();
		list.add('a', t0, 'authorized');
		list.rows = list.rows.flatMap((row) => [{ ...row, status: 'settled' }, row]);
		const items = itemsOf(await pollUntilQuiet(service, trigger));
		const ids = items.map(({ status }) => status);
		expect(ids).toContain('settled');
		expect(new Set(ids).size).toBe(ids.length);
	});

	it('a row of another agent is rejected, and nothing is lost once it is gone', async () => {
		const list = useLists(service)();
		const trigger = await activated();
		list.add('a', t0);
		const [row] = list.rows;
		const { address } = service.buyer;
		if (row) row.agent_address = randomAddress();
		expect((await pollOnce(service, trigger)).error).toBeDefined();
		if (row) row.agent_address = address;
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});
