import { describe, expect, it } from '@jest/globals';

import { randomAddress } from '../../tools/emulator/index.mts';
import {
	DAY,
	LOOK_BACK,
	MINUTE,
	SECOND,
	poll,
	idsOf,
	rowNumbers,
	t0,
	timesOf,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, eventId, open, pay, seed } = service;

describe('an event', () => {
	it('is emitted once, with what a workflow needs, in order', async () => {
		pay('old', t0);
		const trigger = await activated({ options: { simplify: true } });
		const { txHash, receiver } = pay('a', t0 + SECOND, { amountMicro: 1_250_000n });
		const events = await trigger.poll();
		expect(events?.map(Object.entries)).toEqual([
			Object.entries({
				occurredAt: new Date(t0 + SECOND).toISOString(),
				event: 'payment.settled',
				agentName: 'buyer',
				direction: 'spend',
				amountUsdc: '1.25',
				status: 'settled',
				movedUsdc: '-1.25',
				counterparty: receiver,
				agentAddress: service.buyer.address,
				explorerUrl: `https://sepolia.basescan.org/tx/${txHash}`,
				eventId: eventId('a:settled'),
			}),
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('that is simplified has the same fields as any other', async () => {
		const trigger = await activated({ options: { simplify: true } });
		pay('a', t0, { status: 'denied', type: 'earn' });
		const [event] = (await trigger.poll()) ?? [];
		expect(event).toMatchObject({ explorerUrl: null, counterparty: null });
	});

	it('has every field if Simplify is off', async () => {
		const trigger = await activated({ options: { simplify: false } });
		const { txHash, receiver } = pay('a', t0 + SECOND, { amountMicro: 1_250_000n });
		expect(await trigger.poll()).toEqual([
			{
				eventId: eventId('a:settled'),
				event: 'payment.settled',
				previousStatus: null,
				status: 'settled',
				activityId: 'a',
				agentAddress: service.buyer.address,
				agentName: 'buyer',
				direction: 'spend',
				counterparty: receiver,
				amountUsdc: '1.25',
				amountUsdcMicro: '1250000',
				movedUsdc: '-1.25',
				movedUsdcMicro: '-1250000',
				transactionHash: txHash,
				explorerUrl: `https://sepolia.basescan.org/tx/${txHash}`,
				chain: 'eip155:84532',
				occurredAt: new Date(t0 + SECOND).toISOString(),
				raw: expect.objectContaining({ id: 'a', amount: '1250000' }),
			},
		]);
	});

	it.each([
		['received', 'earn'],
		['authorized', 'spend'],
		['settled', 'spend'],
		['denied', 'spend'],
		['failed', 'spend'],
	] as const)('of a payment that is %s is named after it', async (status, type) => {
		const trigger = await activated();
		pay('a', t0, { status, type });
		expect(await trigger.poll()).toMatchObject([
			{
				eventId: eventId(`a:${status}`),
				event: `payment.${status}`,
				status,
				direction: type,
				previousStatus: null,
			},
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('of a status that the service adds later is named after that status', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'authorized' });
		const addedStatuses = ['disputed', 'disputed', 'refunded', 'refunded'];
		service.changePages(
			(page) => {
				const status = addedStatuses.shift() ?? '';
				return { ...page, activity: page.activity.map((row) => ({ ...row, status })) };
			},
			{ times: addedStatuses.length },
		);
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('a:disputed'), event: 'payment.disputed', previousStatus: null },
		]);
		expect(await poll(trigger)).toBeNull();
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('a:refunded'), event: 'payment.refunded', previousStatus: 'disputed' },
		]);
		expect(await poll(trigger)).toBeNull();
		expect(trigger.warnings).toEqual([
			expect.stringContaining('"disputed", which a payment has. It counts as money that has not'),
			expect.stringContaining('"refunded", which a payment has. It counts as money that has not'),
		]);
	});

	const change = (id: string, status: string) =>
		service.changePages(
			(page) => ({
				...page,
				activity: page.activity.map((row) => (row.id === id ? { ...row, status } : row)),
			}),
			{ times: 1 },
		);

	it.each([
		['earn', ['received', 'settled'], ['5', '0']],
		['spend', ['authorized', 'settled', 'failed'], ['0', '-5', '5']],
		['spend', ['settled', 'SETTLED'], ['-5', '0']],
	] as const)('of %s payments that are %p add up: %p', async (type, statuses, moved) => {
		const trigger = await activated();
		pay('a', t0, { type, status: statuses[0] as never, amountMicro: 5_000_000n });
		const found: unknown[] = [];
		for (const status of statuses) {
			change('a', status);
			for (const event of (await trigger.poll()) ?? []) found.push(event.movedUsdc);
		}
		expect(found).toEqual(moved);
	});

	it('has moved all of a payment if its earlier event does not start the workflow', async () => {
		const trigger = await activated({ events: ['payment.settled'] });
		pay('a', t0, { type: 'earn', status: 'received', amountMicro: 5_000_000n });
		expect(await trigger.poll()).toBeNull();
		change('a', 'settled');
		expect(await trigger.poll()).toMatchObject([{ movedUsdc: '5', previousStatus: 'received' }]);
	});

	it('has moved what is new since the last event that starts the workflow', async () => {
		const trigger = await activated({ events: ['payment.settled', 'payment.failed'] });
		pay('a', t0, { amountMicro: 5_000_000n });
		expect(await trigger.poll()).toMatchObject([{ movedUsdc: '-5' }]);
		change('a', 'disputed');
		expect(await trigger.poll()).toBeNull();
		change('a', 'failed');
		expect(await trigger.poll()).toMatchObject([{ movedUsdc: '5', previousStatus: 'disputed' }]);
	});

	it('of a payment without a transaction has no hash and no link', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'denied' });
		expect(await trigger.poll()).toMatchObject([{ transactionHash: null, explorerUrl: null }]);
	});

	it('of a received payment has no counterparty: the service does not say who paid', async () => {
		const trigger = await activated();
		pay('a', t0, { type: 'earn' });
		expect(await trigger.poll()).toMatchObject([{ event: 'payment.received', counterparty: null }]);
	});

	it.each([
		['as text', 'string'],
		['as a number', 'number'],
	] as const)('has both amounts as text if the service writes them %s', async (_, amountAs) => {
		const trigger = await activated();
		pay('a', t0, { amountMicro: 9_007_199_254_740_991n, amountAs });
		pay('b', t0 + 1, { amountMicro: 1n, amountAs });
		expect(await trigger.poll()).toMatchObject([
			{ amountUsdc: '9007199254.740991', amountUsdcMicro: '9007199254740991' },
			{ amountUsdc: '0.000001', amountUsdcMicro: '1' },
		]);
	});

	it.each([
		['seconds', 's'],
		['milliseconds', 'ms'],
	] as const)('has the right time if the service writes %s', async (_, activityTimestamp) => {
		service.emulator.wire.activityTimestamp = activityTimestamp;
		const trigger = await activated();
		const second = Math.floor(t0 / SECOND) * SECOND;
		pay('a', second);
		expect(timesOf(await trigger.poll())).toEqual([new Date(second).toISOString()]);
	});

	it('keeps its id if the service adds a field with that name', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'settled' });
		service.changePages(
			(page) => ({
				...page,
				activity: page.activity.map((row) => ({ ...row, eventId: 'x', event: 'x', note: 'kept' })),
			}),
			{ times: 1 },
		);
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('a:settled'), event: 'payment.settled', note: 'kept' },
		]);
	});

	it('has the current name of the agent', async () => {
		const trigger = await activated();
		service.emulator.updateAgent(service.buyer, { name: 'shopper' });
		pay('a', t0);
		expect(await trigger.poll()).toMatchObject([{ agentName: 'shopper' }]);
	});
});

describe('an event of production', () => {
	const production = useTrigger({ deployment: 'production' });

	it('links to the explorer of its chain', async () => {
		const trigger = await production.activated();
		const { txHash } = production.pay('a', t0);
		expect(await trigger.poll()).toMatchObject([
			{
				chain: 'eip155:8453',
				transactionHash: txHash,
				explorerUrl: `https://basescan.org/tx/${txHash}`,
			},
		]);
	});
});

describe('a change of status', () => {
	it('is a separate event, with the previous status', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'authorized' });
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('a:authorized'), previousStatus: null },
		]);
		const { txHash } = service.emulator.setStatus('a', 'settled');
		expect(await trigger.poll()).toMatchObject([
			{
				eventId: eventId('a:settled'),
				event: 'payment.settled',
				previousStatus: 'authorized',
				transactionHash: txHash,
			},
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('of a payment from before publishing is emitted', async () => {
		pay('a', t0, { status: 'authorized' });
		const trigger = await activated();
		service.emulator.setStatus('a', 'failed');
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('a:failed'), previousStatus: 'authorized' },
		]);
	});

	it('between two polls is emitted with the status at the second one', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'authorized' });
		service.emulator.setStatus('a', 'settled');
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('a:settled'), previousStatus: null },
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('back to an emitted status, as a stale replica shows it, is not emitted again', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'authorized' });
		expect(await poll(trigger)).toEqual(['a:authorized']);
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toEqual(['a:settled']);
		service.emulator.setStatus('a', 'authorized');
		expect(await poll(trigger)).toBeNull();
		expect(await poll(trigger)).toBeNull();
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toBeNull();
		service.emulator.setStatus('a', 'failed');
		expect(await poll(trigger)).toEqual(['a:failed']);
	});

	it('of an old payment comes before the newer payments of the same poll', async () => {
		pay('a', t0, { status: 'authorized' });
		const trigger = await activated();
		pay('b', t0 + 1);
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toEqual(['a:settled', 'b:settled']);
	});
});

describe('several events', () => {
	it('come oldest first, even if the payments appeared in another order', async () => {
		const trigger = await activated();
		pay('c', t0 + 3);
		pay('a', t0 + 1);
		pay('b', t0 + 2);
		expect(await poll(trigger)).toEqual(['a:settled', 'b:settled', 'c:settled']);
	});

	it('with the same time come in the order in which the service got them', async () => {
		const trigger = await activated();
		for (const id of ['z', 'a', 'm']) pay(id, t0);
		expect(await poll(trigger)).toEqual(['z:settled', 'a:settled', 'm:settled']);
	});

	it('of several agents come in one order, oldest first', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated();
		pay('d', t0 + 4);
		pay('c', t0 + 3, { agent: seller });
		pay('b', t0 + 2);
		pay('a', t0 + 1, { agent: seller });
		const items = await trigger.poll();
		expect(idsOf(items)).toEqual(['a:settled', 'b:settled', 'c:settled', 'd:settled']);
		expect(items?.map(({ agentName }) => agentName)).toEqual([
			'seller',
			'buyer',
			'seller',
			'buyer',
		]);
	});

	it('beyond one page come once each, oldest first', async () => {
		pay('old', t0 - MINUTE);
		const trigger = await activated();
		seed(450);
		const items = await trigger.poll();
		expect(rowNumbers(items)).toEqual(upTo(450));
		expect(timesOf(items)).toEqual(timesOf(items).sort());
		expect(await poll(trigger)).toBeNull();
	});

	it('beyond one page with the same time come once each, in the order of the service', async () => {
		const trigger = await activated();
		seed(230, { newest: t0, everyMs: 0 });
		expect(rowNumbers(await trigger.poll())).toEqual(upTo(230));
		expect(await poll(trigger)).toBeNull();
	});
});

describe('a late payment', () => {
	it('that shares its time with an emitted one is emitted', async () => {
		pay('a', t0);
		const trigger = await activated();
		pay('b', t0);
		expect(await poll(trigger)).toEqual(['b:settled']);
		pay('c', t0);
		pay('d', t0);
		expect(await poll(trigger)).toEqual(['c:settled', 'd:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('is emitted once within the look-back, and not beyond it', async () => {
		pay('a', t0);
		const trigger = await activated();
		pay('late', t0 - LOOK_BACK);
		expect(await poll(trigger)).toEqual(['late:settled']);
		expect(await poll(trigger)).toBeNull();
		pay('too late', t0 - LOOK_BACK - 1);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([
		[1, MINUTE],
		[60, 60 * MINUTE],
		[1440, DAY],
	])('is emitted within a look-back of %s min', async (lookBackMinutes, lookBack) => {
		pay('a', t0);
		const trigger = await activated({ options: { lookBackMinutes } });
		pay('too late', t0 - lookBack - 1);
		pay('late', t0 - lookBack);
		expect(await poll(trigger)).toEqual(['late:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('is emitted if it is the first of its agent', async () => {
		const trigger = await activated();
		pay('a', t0 - 13 * MINUTE);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});

describe('a manual run', () => {
	it('shows the newest payment, so that a test sends one message, and stores nothing', async () => {
		seed(30);
		const trigger = open();
		expect(rowNumbers(await trigger.poll('manual'))).toEqual([29]);
		expect(trigger.state).toEqual({});
		expect(trigger.writes).toBe(0);
	});

	it('of an active workflow takes no events from it', async () => {
		const trigger = await activated();
		pay('a', t0);
		const before = JSON.stringify(trigger.state);
		expect(idsOf(await trigger.poll('manual'))).toEqual(['a:settled']);
		expect(JSON.stringify(trigger.state)).toBe(before);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('shows the chosen events of the chosen agents that pass the filters', async () => {
		const seller = service.addAgent('seller');
		const counterparty = randomAddress();
		pay('of another agent', t0, { status: 'denied', counterparty, amountMicro: 2_000_000n });
		pay('too small', t0, {
			agent: seller,
			status: 'denied',
			counterparty,
			amountMicro: 1_999_999n,
		});
		pay('to another', t0, { agent: seller, status: 'denied', amountMicro: 2_000_000n });
		pay('settled', t0, { agent: seller, counterparty, amountMicro: 2_000_000n });
		pay('earned', t0, { agent: seller, type: 'earn', status: 'denied', amountMicro: 2_000_000n });
		pay('wanted', t0, { agent: seller, status: 'denied', counterparty, amountMicro: 2_000_000n });
		const trigger = open({
			agentScope: 'one',
			agent: { __rl: true, mode: 'list', value: seller.address.toLowerCase() },
			events: ['payment.denied'],
			filters: { direction: 'spend', minimumAmount: '2', counterparty },
		});
		expect(idsOf(await trigger.poll('manual'))).toEqual(['wanted:denied']);
	});

	it('shows wanted events, however many others are newer', async () => {
		pay('wanted', t0, { status: 'denied' });
		for (let i = 1; i <= 15; i++) pay(`other-${i}`, t0 + i);
		expect(idsOf(await open({ events: ['payment.denied'] }).poll('manual'))).toEqual([
			'wanted:denied',
		]);
	});

	it('shows rows as sent if Simplify is off', async () => {
		pay('a', t0);
		const [simple] = (await open({ options: { simplify: true } }).poll('manual')) ?? [];
		const [whole] = (await open({ options: { simplify: false } }).poll('manual')) ?? [];
		expect(simple).not.toHaveProperty('raw');
		expect(whole).toMatchObject({
			...simple,
			raw: { id: 'a', type: 'spend', timestamp: String(t0) },
		});
	});

	it('of an account without payments shows nothing', async () => {
		expect(await open().poll('manual')).toBeNull();
	});

	it('reports what went wrong', async () => {
		service.emulator.revokeApiKey(service.emulator.apiKey);
		await expect(open().poll('manual')).rejects.toThrow('rejected the API key');
	});
});
