import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import {
	DAY,
	gathered,
	idsOf,
	LOOK_BACK,
	MINUTE,
	one,
	poll,
	rowsOf,
	SECOND,
	t0,
	thrownBy,
	upTo,
	useTrigger,
	type WirePage,
} from './trigger.mts';

const service = useTrigger();
const { activated, open, pay, restarted, seed } = service;

type WireRow = WirePage['activity'][number];

/**
 * How a service could divide its list into pages against expectation. @param rows newest first
 */
type Division = (rows: WireRow[], page: number, limit: number) => WirePage;

const divide: Division = (rows, page, limit) => ({
	activity: rows.slice((page - 1) * limit, page * limit),
	hasNextPage: page * limit < rows.length,
	totalCount: rows.length,
});

const oldestFirst: Division = (rows, page, limit) => divide(rows.toReversed(), page, limit);
const inNoOrder: Division = (rows, page, limit) => {
	const placeOf = ({ id }: WireRow) => createHash('sha256').update(id).digest('hex');
	const places = new Map(rows.map((row) => [row, placeOf(row)]));
	return divide(
		rows.toSorted((a, b) => ((places.get(a) ?? '') < (places.get(b) ?? '') ? -1 : 1)),
		page,
		limit,
	);
};
const countOfThePage: Division = (rows, page, limit) => {
	const answer = divide(rows, page, limit);
	return { ...answer, totalCount: answer.activity.length };
};
const noCount: Division = (rows, page, limit) => ({ ...divide(rows, page, limit), totalCount: 0 });
const endless: Division = (rows, page, limit) => ({
	...divide(rows, page, limit),
	hasNextPage: true,
});
const endlessWithoutCount: Division = (rows, page, limit) => ({
	...endless(rows, page, limit),
	totalCount: 0,
});
const fewerThanAskedFor: Division = (rows, page, limit) => divide(rows, page, Math.min(limit, 50));

/** A service of one agent with such pages; new rows are placed by their time. */
function serve(division: Division) {
	const rows: WireRow[] = [];
	service.changePages((_, { query }) => division(rows, Number(query.page), Number(query.limit)));
	return {
		add(id: string, at: number, status = 'settled') {
			const row = {
				type: 'spend',
				id,
				agent_address: service.buyer.address,
				receiver: service.buyer.address,
				amount: '1',
				status,
				timestamp: String(at),
				tx_hash: null,
				chain_caip2id: null,
			};
			const place = rows.findIndex(({ timestamp }) => Number(timestamp) <= at);
			rows.splice(place < 0 ? rows.length : place, 0, row);
		},
		/** Ids from `name 0`, the oldest, on. */
		addMany(name: string, count: number, newest: number, everyMs: number) {
			for (let i = 0; i < count; i++) this.add(`${name} ${i}`, newest - (count - 1 - i) * everyMs);
		},
		setStatus(id: string, status: string) {
			const row = rows.find((candidate) => candidate.id === id);
			if (row) row.status = status;
		},
	};
}

const named = (name: string, count: number) => upTo(count).map((i) => `${name} ${i}`);

describe.each<[string, Division]>([
	['as assumed', divide],
	['the oldest payments first', oldestFirst],
	['payments in no order', inNoOrder],
	['a count of the page alone', countOfThePage],
	['a count that is always 0', noCount],
	['fewer rows in a page than asked for', fewerThanAskedFor],
	['another page after every page', endless],
	['another page after every page, and no count', endlessWithoutCount],
])('a service with %s', (_, division) => {
	it('gets a baseline that is not emitted', async () => {
		const list = serve(division);
		list.addMany('old', 60, t0, SECOND);
		const trigger = await activated();
		expect(await poll(trigger)).toBeNull();
		expect(await poll(restarted(trigger))).toBeNull();
	});

	it.each([
		[0, 1],
		[0, 30],
		[3, 30],
		[60, 1],
		[60, 30],
		[60, 450],
		[450, 250],
		[1500, 450],
	])('with %s old payments gets each of %s new ones once, in order', async (old, count) => {
		const list = serve(division);
		list.addMany('old', old, t0, MINUTE);
		const trigger = await activated();
		list.addMany('new', count, t0 + count * SECOND, SECOND);
		expect(rowsOf(await gathered(trigger, count, 3))).toEqual(named('new', count));
		expect(await poll(trigger)).toBeNull();
		list.add('last', t0 + DAY / 2);
		expect(rowsOf(await trigger.poll())).toEqual(['last']);
		expect(await poll(restarted(trigger))).toBeNull();
	});

	it('emits late payments once', async () => {
		const list = serve(division);
		list.addMany('old', 300, t0, SECOND);
		const trigger = await activated();
		list.add('late', t0 - 250 * SECOND);
		expect(rowsOf(await trigger.poll())).toEqual(['late']);
		list.add('late too', t0 - LOOK_BACK);
		list.addMany('new', 250, t0 + 250, 1);
		expect(rowsOf(await gathered(trigger, 251, 3))).toEqual(['late too', ...named('new', 250)]);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([
		['inside the look-back', SECOND],
		['behind the look-back', 10 * MINUTE],
	])('emits a change of status, %s under hundreds of others', async (_, everyMs) => {
		const list = serve(division);
		list.addMany('old', 30, t0 - 300 * everyMs, everyMs);
		const trigger = await activated();
		list.add('open', t0 - 299 * everyMs, 'authorized');
		expect(idsOf(await trigger.poll())).toEqual(['open:authorized']);
		list.addMany('new', 250, t0, everyMs);
		expect(rowsOf(await gathered(trigger, 250, 3))).toEqual(named('new', 250));
		list.setStatus('open', 'settled');
		expect(idsOf(await gathered(trigger, 1, 3))).toEqual(['open:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('a service whose list cannot be read completely', () => {
	const repeating: Division = (rows, _, limit) => ({
		...divide(rows, 1, limit),
		hasNextPage: limit < rows.length,
	});
	const repeatingWithoutCount: Division = (rows, page, limit) => ({
		...repeating(rows, page, limit),
		totalCount: 0,
	});

	it.each([
		['whose pages repeat', repeating, 'returns the same rows again, whatever "page" asks for'],
		[
			'whose pages repeat, without a count',
			repeatingWithoutCount,
			'returns the same rows again, whatever "page" asks for',
		],
	])('%s is reported, and nothing is lost once it is fixed', async (_, division, observation) => {
		let isMended = true;
		const list = serve((rows, page, limit) => (isMended ? divide : division)(rows, page, limit));
		list.addMany('old', 30, t0, SECOND);
		const trigger = await activated();
		list.addMany('new', 450, t0 + 450, 1);
		isMended = false;
		const error = await thrownBy(trigger);
		expect(error.message).toBe(
			`Ampersend ${observation} when asked to list the transactions, ` +
				"so the list can't be read completely.",
		);
		expect(error.failure).toEqual({ cause: 'node-defect' });
		isMended = true;
		expect(rowsOf(await trigger.poll())).toEqual(named('new', 450));
	});

	it('whose pages repeat emits the rows of the first one', async () => {
		const list = serve(repeating);
		list.addMany('old', 5, t0, MINUTE);
		const trigger = await activated();
		list.addMany('new', 15, t0 + 15, 1);
		expect(rowsOf(await trigger.poll())).toEqual(named('new', 15));
	});

	it('whose pages repeat is rejected at publishing', async () => {
		const list = serve(repeating);
		list.addMany('old', 450, t0, MINUTE);
		const error = await thrownBy(open(one(service.buyer.address)), 'activate');
		expect(error.message).toContain("so the list can't be read completely");
	});

	it('whose pages say that there are no more is reported, or loses nothing', async () => {
		let isMended = false;
		const withoutNext: Division = (rows, page, limit) => ({
			...divide(rows, page, limit),
			...(!isMended && { hasNextPage: false }),
		});
		const list = serve(withoutNext);
		list.addMany('old', 5, t0, MINUTE);
		const trigger = await activated();
		list.addMany('new', 60, t0 + 60, 1);
		const emitted = await trigger.poll().then(rowsOf, () => []);
		isMended = true;
		const rest = rowsOf(await trigger.poll());
		expect([...emitted, ...rest].sort()).toEqual(named('new', 60).sort());
	});
});

describe('a payment that is dated years ahead', () => {
	const ahead = Date.now() + 10 * 365 * DAY;

	it('is emitted once and does not stop later events', async () => {
		pay('old', t0);
		const trigger = await activated();
		pay('ahead', ahead);
		expect(await poll(trigger)).toEqual(['ahead:settled']);
		pay('a', t0 + 1);
		expect(await poll(restarted(trigger))).toEqual(['a:settled']);
		expect(await poll(trigger)).toEqual(['a:settled']);
		seed(450, { newest: t0 + 1000 });
		pay('late', t0 - LOOK_BACK + 1);
		expect(await trigger.poll()).toHaveLength(451);
		expect(await poll(trigger)).toBeNull();
	});

	it('can be the first one of its agent', async () => {
		const trigger = await activated();
		pay('ahead', ahead, { status: 'authorized' });
		pay('a', t0);
		expect(rowsOf(await trigger.poll())).toEqual(['a', 'ahead']);
		pay('b', t0 + 1);
		service.emulator.setStatus('ahead', 'settled');
		expect(await poll(trigger)).toEqual(['b:settled', 'ahead:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('can exist before publishing', async () => {
		pay('ahead', ahead);
		seed(30);
		const trigger = await activated();
		expect(await poll(trigger)).toBeNull();
		pay('a', t0 + MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('can be on top of a long backlog', async () => {
		const trigger = await activated({ options: { maxEvents: 200 } });
		seed(450);
		pay('ahead', ahead);
		expect(rowsOf(await gathered(trigger, 451, 5)).at(-1)).toBe('ahead');
		pay('a', t0 + MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});
