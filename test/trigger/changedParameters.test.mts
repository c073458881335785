import { beforeEach, describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Agent } from '../../tools/emulator/index.mts';
import {
	ACTIVITY,
	afterTime,
	atOnce,
	chosen,
	DAY,
	LIST,
	LOOK_BACK,
	MINUTE,
	one,
	poll,
	rowNumbers,
	rowsOf,
	t0,
	thrownBy,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, eventId, open, pay, restarted, seed } = service;

const counterparty = randomAddress();

/** An agent created after publishing, by the service's clock. */
const addLater = (name: string, createdAt = Date.now()) => service.addAgent(name, { createdAt });

/** Two settings of one filter: "small" passes only the second one, "big" both. */
const changes: Array<[string, INodeParameters, INodeParameters]> = [
	['Trigger On', { events: ['payment.denied'] }, { events: ['payment.denied', 'payment.settled'] }],
	['Trigger On, to every event', { events: ['payment.denied'] }, {}],
	['Direction', { filters: { direction: 'earn' } }, { filters: { direction: 'spend' } }],
	['Minimum Amount', { filters: { minimumAmount: '2' } }, { filters: { minimumAmount: '1' } }],
	['Counterparty', { filters: { counterparty: randomAddress() } }, { filters: { counterparty } }],
];
const filteredOut = { amountMicro: 1_000_000n, counterparty } as const;

describe('a changed filter', () => {
	it.each(changes)('%s: what was filtered out does not come', async (_, before, after) => {
		const trigger = await activated(before);
		pay('a', t0, filteredOut);
		expect(await poll(trigger)).toBeNull();
		const changed = restarted(trigger, after);
		expect(await poll(changed)).toBeNull();
		pay('b', t0 + 1, filteredOut);
		expect(rowsOf(await changed.poll())).toEqual(['b']);
		expect(await poll(changed)).toBeNull();
	});

	it.each(changes)('%s: the same if n8n has stored no quiet poll', async (_, before, after) => {
		const trigger = await activated(before);
		const stored = restarted(trigger, after);
		pay('a', t0, filteredOut);
		expect(await poll(trigger)).toBeNull();
		expect(await poll(stored)).toBeNull();
		pay('b', t0 + 1, filteredOut);
		expect(rowsOf(await stored.poll())).toEqual(['b']);
	});

	it('emits nothing filtered out of a long backlog either', async () => {
		const trigger = await activated({ events: ['payment.denied'] });
		const stored = restarted(trigger);
		seed(450);
		expect(await poll(trigger)).toBeNull();
		expect(await poll(stored)).toBeNull();
		pay('b', t0 + MINUTE);
		expect(await poll(stored)).toEqual(['b:settled']);
	});

	it('does not emit a status change that was filtered out, but the next one', async () => {
		pay('a', t0, { status: 'authorized' });
		const trigger = await activated({ events: ['payment.denied'] });
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toBeNull();
		const changed = restarted(trigger);
		expect(await poll(changed)).toBeNull();
		service.emulator.setStatus('a', 'failed');
		expect(await changed.poll()).toMatchObject([
			{ eventId: eventId('a:failed'), previousStatus: 'settled' },
		]);
	});

	it('that is changed and changed back emits nothing again', async () => {
		const trigger = await activated({ events: ['payment.settled'] });
		const none = restarted(trigger, { events: ['payment.denied'] });
		expect(await poll(none)).toBeNull();
		pay('a', t0);
		expect(await poll(none)).toBeNull();
		const back = restarted(none, { events: ['payment.settled'] });
		expect(await poll(back)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(back)).toEqual(['b:settled']);
	});

	it('and the old one both apply to an agent that could not be read', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated({ filters: { minimumAmount: '2' } });
		const stored = restarted(trigger, { filters: { direction: 'spend' } });
		pay('small', t0 + 1, { agent: seller, amountMicro: 1_000_000n });
		pay('earned', t0 + 2, { agent: seller, amountMicro: 2_000_000n, type: 'earn' });
		pay('both', t0 + 3, { agent: seller, amountMicro: 2_000_000n });
		service.failActivity({ agent: seller });
		pay('of the buyer', t0 + 4, { amountMicro: 2_000_000n });
		expect(rowsOf(await stored.poll())).toEqual(['of the buyer']);
		expect(rowsOf(await stored.poll())).toEqual(['both']);
		pay('after', t0 + 5, { agent: seller, amountMicro: 1n });
		expect(rowsOf(await stored.poll())).toEqual(['after']);
	});

	it('alone applies to what comes later to an agent that could not be read', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated({ events: ['payment.denied'] });
		pay('excluded', Date.now(), { agent: seller });
		afterTime(MINUTE);
		service.failActivity({ agent: seller });
		const changed = restarted(trigger, { events: ['payment.denied', 'payment.settled'] });
		expect(await changed.poll('trigger', 'update')).toBeNull();
		pay('settled', Date.now(), { agent: seller });
		expect(rowsOf(await changed.poll())).toEqual(['settled']);
	});

	it('alone applies to what comes later to an agent that was missing', async () => {
		const seller = service.addAgent('seller');
		const both = chosen(service.buyer, seller);
		const trigger = await activated({ ...both, events: ['payment.denied'] });
		service.emulator.removeAgent(seller);
		expect(await poll(trigger)).toBeNull();
		afterTime(MINUTE);
		const changed = restarted(trigger, { ...both, events: ['payment.denied', 'payment.settled'] });
		expect(await changed.poll('trigger', 'update')).toBeNull();
		afterTime(60 * MINUTE);
		expect(await poll(changed)).toBeNull();
		const { address, createdAt } = seller;
		service.emulator.addAgent({ address, createdAt, name: 'seller' });
		pay('new', Date.now(), { agent: seller });
		afterTime(MINUTE);
		expect(await poll(changed)).toEqual(['new:settled']);
	});

	it('and the old one both apply to what was left if the service is ahead of n8n', async () => {
		const one = (...events: string[]) => ({ events, options: { maxEvents: 1 } });
		const trigger = await activated(one('payment.settled'));
		const ahead = Date.now() + 3 * MINUTE;
		pay('first', ahead);
		pay('second', ahead + 1);
		pay('excluded', ahead + 2, { status: 'denied' });
		const changed = restarted(trigger, one('payment.settled', 'payment.denied'));
		expect(rowsOf(await changed.poll('trigger', 'update'))).toEqual(['first']);
		expect(rowsOf(await changed.poll())).toEqual(['second']);
		expect(await changed.poll()).toBeNull();
	});

	it('and the old one both apply to what Maximum Events per Poll left', async () => {
		const trigger = await activated({ events: ['payment.settled'], options: { maxEvents: 1 } });
		pay('first', t0);
		pay('denied', t0 + 1, { status: 'denied' });
		pay('second', t0 + 2);
		expect(rowsOf(await trigger.poll())).toEqual(['first']);
		const changed = restarted(trigger);
		expect(rowsOf(await changed.poll())).toEqual(['second']);
		pay('denied too', t0 + 3, { status: 'denied' });
		expect(rowsOf(await changed.poll())).toEqual(['denied too']);
	});

	it('emits nothing filtered out of an agent created since the state was stored', async () => {
		const trigger = await activated({ events: ['payment.denied'] });
		const stored = restarted(trigger);
		const late = addLater('late');
		pay('a', t0, { agent: late });
		expect(await poll(trigger)).toBeNull();
		expect(await poll(stored)).toBeNull();
	});

	it('of other options emits nothing again', async () => {
		const trigger = await activated();
		seed(30);
		expect(await poll(trigger)).toHaveLength(30);
		for (const options of [
			{ lookBackMinutes: 1440 },
			{ lookBackMinutes: 1 },
			{ existingDays: 365 },
			{ maxEvents: 1 },
			{ simplify: false },
		]) {
			expect(await poll(restarted(trigger, { options }))).toBeNull();
		}
	});
});

describe('other agents', () => {
	let seller: Agent;
	beforeEach(() => {
		seller = service.addAgent('seller');
	});

	it('that are newly chosen start at their own baseline', async () => {
		const trigger = await activated(chosen(service.buyer));
		pay('before', t0 + MINUTE, { agent: seller });
		const both = restarted(trigger, chosen(service.buyer, seller));
		pay('of the buyer', t0 + MINUTE);
		expect(await poll(both)).toEqual(['of the buyer:settled']);
		pay('after', t0 + 2 * MINUTE, { agent: seller });
		expect(await poll(both)).toEqual(['after:settled']);
	});

	it('start at their baseline when all are chosen after some', async () => {
		const trigger = await activated(one(service.buyer.address));
		pay('before', t0, { agent: seller });
		const all = restarted(trigger);
		expect(await poll(all)).toBeNull();
		pay('after', t0 + 1, { agent: seller });
		expect(await poll(all)).toEqual(['after:settled']);
	});

	it('start at their baseline when all are chosen, then one, then all again', async () => {
		pay('old', t0, { agent: seller });
		const all = await activated();
		const some = restarted(all, one(service.buyer.address));
		pay('of the buyer', t0);
		expect(await poll(some)).toEqual(['of the buyer:settled']);
		pay('meanwhile', t0 + 1, { agent: seller });
		expect(await poll(some)).toBeNull();
		const again = restarted(some);
		expect(await poll(again)).toBeNull();
		pay('after', t0 + 2, { agent: seller });
		expect(await poll(again)).toEqual(['after:settled']);
	});

	it('that remain chosen continue where they were', async () => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(restarted(trigger, chosen(service.buyer)))).toEqual(['a:settled']);
		expect(await poll(restarted(trigger, chosen(service.buyer, seller)))).toEqual(['a:settled']);
	});

	it('start at their baseline at the first poll that can read them', async () => {
		const trigger = await activated(chosen(service.buyer));
		const both = restarted(trigger, chosen(service.buyer, seller));
		service.failActivity({ agent: seller });
		pay('before', t0, { agent: seller });
		expect(await poll(both)).toBeNull();
		expect(await poll(both)).toBeNull();
		pay('after', t0 + 1, { agent: seller });
		expect(await poll(both)).toEqual(['after:settled']);
	});
});

describe('an agent that is created after publishing', () => {
	it('is read from its first payment if all are watched', async () => {
		pay('old', t0);
		const trigger = await activated();
		const late = addLater('late');
		seed(30, { agent: late, newest: t0 + DAY / 2, everyMs: LOOK_BACK });
		expect(rowNumbers(await trigger.poll())).toEqual(upTo(30));
		expect(await poll(trigger)).toBeNull();
	});

	it('is read from its first payment, also if one is created in the same millisecond', async () => {
		const trigger = await activated();
		const first = addLater('first');
		pay('a', t0, { agent: first });
		expect(await poll(trigger)).toEqual(['a:settled']);
		const twin = addLater('twin', first.createdAt);
		pay('b', t0, { agent: twin });
		expect(await poll(trigger)).toEqual(['b:settled']);
	});

	it('is read from its first payment if its first poll failed', async () => {
		const trigger = await activated();
		const late = addLater('late');
		pay('a', t0, { agent: late });
		service.failActivity({ agent: late });
		expect(await poll(trigger)).toBeNull();
		expect(await poll(restarted(trigger))).toEqual(['a:settled']);
	});

	it('can be the first one of the account', async () => {
		service.emulator.removeAgent(service.buyer);
		const trigger = await activated();
		expect(await poll(trigger)).toBeNull();
		const first = addLater('first');
		pay('a', t0, { agent: first });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('is not read if others are chosen', async () => {
		const trigger = await activated(chosen(service.buyer));
		const late = addLater('late');
		pay('a', t0, { agent: late });
		expect(await poll(trigger)).toBeNull();
	});
});

describe('an agent that is removed', () => {
	let seller: Agent;
	beforeEach(() => {
		seller = service.addAgent('seller');
	});
	const both = (which: string) => (which === 'all' ? {} : chosen(service.buyer, seller));

	it.each(['all', 'several'])('is silently left out if %s are watched', async (which) => {
		pay('old', t0 - DAY);
		const trigger = await activated(both(which));
		service.emulator.removeAgent(service.buyer);
		pay('a', t0, { agent: seller });
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', t0 + 1, { agent: seller });
		expect(await poll(trigger)).toEqual(['b:settled']);
		expect(trigger.warnings).toEqual([]);
		const asked = service.readings.filter(({ params }) => params.address === service.buyer.address);
		expect(asked.length).toBeLessThanOrEqual(1 + Number(which !== 'all'));
	});

	it.each(['all', 'several'])('while agents are read is silently left out (%s)', async (which) => {
		const trigger = await activated(both(which));
		pay('a', t0, { agent: seller });
		service.emulator.before(ACTIVITY, () => service.emulator.removeAgent(service.buyer));
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
		expect(trigger.warnings).toEqual([]);
	});

	it('as the only one stops nothing', async () => {
		const trigger = await activated(one(service.buyer.address));
		service.emulator.removeAgent(service.buyer);
		expect(await poll(trigger)).toBeNull();
		expect(await poll(restarted(trigger, one(service.buyer.address)))).toBeNull();
	});

	const withoutBuyer = () =>
		service.emulator.fault({
			route: LIST,
			mutate: (body) => {
				const { items, ...rest } = body as { items: Agent[] };
				return {
					...rest,
					items: items.filter(({ address }) => address !== service.buyer.address),
					total: 1,
				};
			},
		});

	it('from one list by mistake comes back without repetition or loss (all)', async () => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', t0 + 1);
		withoutBuyer();
		expect(await poll(trigger)).toBeNull();
		pay('c', t0 + 2);
		const next = restarted(trigger);
		expect(await poll(next)).toEqual(['b:settled', 'c:settled']);
		expect(await poll(next)).toBeNull();
	});

	it('from one list by mistake comes back without repetition or loss (several)', async () => {
		const trigger = await activated(both('several'));
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', t0 + 1);
		service.emulator.fault({
			route: ACTIVITY,
			status: 404,
			match: ({ params }) => params.address === service.buyer.address.toLowerCase(),
		});
		withoutBuyer();
		expect(await poll(trigger)).toBeNull();
		pay('c', t0 + 2);
		expect(await poll(trigger)).toEqual(['b:settled', 'c:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('for many polls comes back after a month without repetition or loss', async () => {
		pay('old', t0 - 40 * DAY);
		pay('old too', t0 - 40 * DAY, { agent: seller });
		const trigger = await activated();
		pay('a', t0 - 39 * DAY);
		for (let i = 0; i < 4; i++) {
			pay(`${i}`, t0 - (30 - 10 * i) * DAY, { agent: seller });
			withoutBuyer();
			expect(await poll(trigger)).toEqual([`${i}:settled`]);
		}
		expect(await poll(restarted(trigger))).toEqual(['a:settled']);
	});

	it('is not confused with one that cannot be read', async () => {
		const trigger = await activated(both('several'));
		pay('a', t0);
		pay('b', t0 + 1, { agent: seller });
		const rejected = service.buyer.address.toLowerCase();
		service.emulator.fault({
			route: ACTIVITY,
			status: 403,
			headers: atOnce,
			match: ({ params }) => params.address === rejected,
		});
		expect(await poll(trigger)).toEqual(['b:settled']);
		expect(trigger.warnings.join()).toMatch(/could not read agent 0x\w{40}.*HTTP 403/);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});

describe('a chosen agent that is not in the account', () => {
	it('is rejected at the first publishing', async () => {
		const stranger = service.addAgent('stranger', { owner: 'someone else' });
		for (const [parameter, parameters, given] of [
			['Agent', one(stranger.address), stranger.address],
			['Agent Names or IDs', chosen(service.buyer, stranger), stranger.address.toLowerCase()],
		] as const) {
			const error = await thrownBy(open(parameters), 'activate');
			expect(error.message).toBe(`${parameter}: ${given} isn't an agent in this account.`);
			expect(error.description).toContain('Choose agents of this account');
			expect(error.failure).toEqual({ cause: 'configuration-invalid' });
		}
		expect(service.readings).toEqual([]);
	});

	it('is rejected in a manual run', async () => {
		await expect(open(one(randomAddress())).poll('manual')).rejects.toThrow(
			/^Agent: 0x\w{40} isn't an agent in this account\.$/,
		);
	});
});

describe('chosen agents that are known', () => {
	it('are not looked up for a poll without events, and are addressed in lower case', async () => {
		const trigger = await activated(one(service.buyer.address));
		service.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		expect(service.seen).toEqual([ACTIVITY]);
		expect(service.readings[0]?.params.address).toBe(service.buyer.address.toLowerCase());
	});

	it('are looked up to be named', async () => {
		const trigger = await activated(one(service.buyer.address));
		pay('a', t0);
		service.emulator.clearCalls();
		expect(await trigger.poll()).toMatchObject([
			{ agentName: 'buyer', agentAddress: service.buyer.address },
		]);
		expect(service.seen).toEqual([ACTIVITY, LIST]);
	});

	it('lose nothing if their names cannot be read', async () => {
		const trigger = await activated(one(service.buyer.address));
		pay('a', t0);
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: 3 });
		expect((await thrownBy(trigger)).failure).toMatchObject({ cause: 'temporarily-unavailable' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});
