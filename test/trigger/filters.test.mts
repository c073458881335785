import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';
import { randomAddress } from '../../tools/emulator/index.mts';
import {
	DAY,
	gathered,
	idsOf,
	LOOK_BACK,
	MINUTE,
	one,
	chosen,
	poll,
	rowNumbers,
	rowsOf,
	t0,
	thrownBy,
	upTo,
	useTrigger,
	type WirePage,
} from './trigger.mts';

const service = useTrigger();
const { activated, eventId, open, pay, restarted, seed } = service;

describe('Trigger On', () => {
	it('accepts several events, and what it filters out does not come later', async () => {
		const trigger = await activated({ events: ['payment.denied', 'payment.failed'] });
		pay('a', t0 + 1, { status: 'settled' });
		pay('b', t0 + 2, { status: 'denied' });
		pay('c', t0 + 3, { status: 'failed' });
		pay('d', t0 + 4, { type: 'earn' });
		expect(await poll(trigger)).toEqual(['b:denied', 'c:failed']);
		expect(await poll(restarted(trigger))).toBeNull();
	});

	it.each([
		'payment.received',
		'payment.authorized',
		'payment.settled',
		'payment.denied',
		'payment.failed',
	])('%s alone passes nothing else', async (event) => {
		const trigger = await activated({ events: [event] });
		pay('a', t0, { type: 'earn' });
		for (const status of ['authorized', 'settled', 'denied', 'failed'] as const)
			pay(status, t0, { status });
		expect((await trigger.poll())?.map((item) => item.event)).toEqual([event]);
	});

	it('that filters everything out starts nothing', async () => {
		const trigger = await activated({ events: ['payment.denied'] });
		pay('a', t0);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([
		['All Events', ['*']],
		['All Events beside another one', ['payment.denied', '*']],
		['no event', []],
		['All Events, from an expression', '={{ "*" }}'],
	])('%s passes every event, and all of them are stored as one filter', async (_, events) => {
		const trigger = await activated({ events });
		pay('a', t0, { type: 'earn' });
		pay('b', t0 + 1, { status: 'denied' });
		expect(rowsOf(await trigger.poll())).toEqual(['a', 'b']);
		expect(trigger.state.cursor).toMatchObject({ filter: {} });
		expect(trigger.state.cursor).not.toHaveProperty('filter.statuses');
	});

	it('is preset to All Events', () => {
		const { properties } = new AmpersendTrigger().description;
		expect(properties.find(({ name }) => name === 'events')?.default).toEqual(['*']);
	});

	it('can leave out "payment." in an expression', async () => {
		const trigger = await activated({ events: '={{ "denied, failed" }}' });
		pay('a', t0, { status: 'settled' });
		pay('b', t0 + 1, { status: 'denied' });
		expect(await poll(trigger)).toEqual(['b:denied']);
	});

	it('accepts a status that the service adds later, from an expression', async () => {
		const trigger = await activated({ events: '={{ ["payment.disputed"] }}' });
		pay('a', t0);
		pay('b', t0 + 1);
		const withStatus = (page: WirePage) => ({
			...page,
			activity: page.activity.map((row) => (row.id === 'b' ? { ...row, status: 'disputed' } : row)),
		});
		service.changePages(withStatus, { times: 1 });
		expect(await poll(trigger)).toEqual(['b:disputed']);
	});
});

describe('an event that does not exist', () => {
	it.each(['payment.setled', 'all', '={{ ["payment.denied", "Completed"] }}'])(
		"is named in n8n's log when the workflow is published, and not at each poll: %s",
		async (events) => {
			const trigger = await activated({ events });
			expect(trigger.warnings).toEqual([
				expect.stringMatching(
					/^Under Test: Trigger On: no payment so far has "(setled|all|completed)"\. This node/,
				),
			]);
			await trigger.poll();
			expect(trigger.warnings).toHaveLength(1);
		},
	);

	it('is named if the service is not available at publishing, too', async () => {
		service.failActivity();
		const trigger = await activated({ events: ['payment.setled'] });
		expect(trigger.warnings.join()).toContain('no payment so far has "setled"');
	});

	it.each([
		['events that are known', ['payment.denied', 'payment.settled']],
		['all events', ['*']],
		['a status of the service that is new', ['payment.disputed']],
	])('is not suspected in %s', async (_, events) => {
		pay('a', t0);
		service.changePages((page) => ({
			...page,
			activity: page.activity.map((row) => ({ ...row, status: 'disputed' })),
		}));
		const trigger = await activated({ events });
		expect(trigger.warnings).toEqual([]);
	});

	it.each([
		['capitals', ['Payment.Settled']],
		['JSON text of a list', '={{ \'["payment.settled"]\' }}'],
		['a status alone', '={{ "SETTLED" }}'],
	])('is not one in %s', async (_, events) => {
		const trigger = await activated({ events });
		expect(trigger.warnings).toEqual([]);
		pay('a', t0);
		pay('b', t0 + 1, { status: 'denied' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});

describe('the filter', () => {
	it('Direction accepts any letter case', async () => {
		const trigger = await activated({ filters: { direction: '={{ "Earn" }}' } });
		pay('earned', t0, { type: 'earn' });
		pay('spent', t0 + 1);
		expect(rowsOf(await trigger.poll())).toEqual(['earned']);
	});

	it.each([
		['both', ['earned', 'spent']],
		['earn', ['earned']],
		['spend', ['spent']],
	])('Direction %s passes that direction', async (direction, ids) => {
		const trigger = await activated({ filters: { direction } });
		pay('earned', t0, { type: 'earn' });
		pay('spent', t0 + 1);
		expect(rowsOf(await trigger.poll())).toEqual(ids);
	});

	it.each([
		['as text', '2.5'],
		['as a number', '={{ 2.5 }}'],
	])('Minimum Amount %s is exact to a micro-USDC', async (_, minimumAmount) => {
		const trigger = await activated({ filters: { minimumAmount } });
		pay('below', t0, { amountMicro: 2_499_999n });
		pay('exact', t0 + 1, { amountMicro: 2_500_000n });
		pay('above', t0 + 2, { amountMicro: 2_500_001n });
		expect(rowsOf(await trigger.poll())).toEqual(['exact', 'above']);
	});

	it('Minimum Amount is exact beyond the digits that a number holds', async () => {
		const trigger = await activated({ filters: { minimumAmount: '90071992547.409931' } });
		pay('below', t0, { amountMicro: 90_071_992_547_409_930n });
		pay('exact', t0 + 1, { amountMicro: 90_071_992_547_409_931n });
		expect(rowsOf(await trigger.poll())).toEqual(['exact']);
	});

	it('Counterparty accepts several addresses in any letter case', async () => {
		const [first, second, other] = [randomAddress(), randomAddress(), randomAddress()];
		const counterparty = `${first.toLowerCase()},\n0x${second.slice(2).toUpperCase()}`;
		const trigger = await activated({ filters: { counterparty } });
		pay('first', t0, { counterparty: first });
		pay('second', t0 + 1, { counterparty: second.toLowerCase() });
		pay('other', t0 + 2, { counterparty: other });
		pay('earned', t0 + 3, { type: 'earn' });
		expect(rowsOf(await trigger.poll())).toEqual(['first', 'second']);
	});

	it.each([
		['list', (address: string) => address.toLowerCase()],
		['address', (address: string) => `${address}, ${randomAddress()}`],
		['url', (address: string) => `https://basescan.org/address/${address}`],
	])('Counterparty can be chosen by %s', async (mode, valueFor) => {
		const wanted = randomAddress();
		const counterparty = { __rl: true, mode, value: valueFor(wanted) };
		const trigger = await activated({ filters: { counterparty } });
		pay('wanted', t0, { counterparty: wanted });
		pay('other', t0 + 1, { counterparty: randomAddress() });
		expect(rowsOf(await trigger.poll())).toEqual(['wanted']);
	});

	it('Counterparty accepts a hundred addresses', async () => {
		const addresses = Array.from({ length: 100 }, randomAddress);
		const trigger = await activated({ filters: { counterparty: addresses.join(' ') } });
		pay('a', t0, { counterparty: addresses[99] });
		pay('b', t0 + 1);
		expect(rowsOf(await trigger.poll())).toEqual(['a']);
	});

	it('and the events both have to pass', async () => {
		const counterparty = randomAddress();
		const trigger = await activated({
			events: ['payment.denied'],
			filters: { direction: 'spend', minimumAmount: '1', counterparty },
		});
		const whole = { status: 'denied', amountMicro: 1_000_000n, counterparty } as const;
		pay('whole', t0, whole);
		pay('settled', t0 + 1, { ...whole, status: 'settled' });
		pay('small', t0 + 2, { ...whole, amountMicro: 999_999n });
		pay('to another', t0 + 3, { ...whole, counterparty: randomAddress() });
		pay('earned', t0 + 4, { ...whole, type: 'earn' });
		expect(rowsOf(await trigger.poll())).toEqual(['whole']);
	});
});

describe('the agents', () => {
	it('that are chosen are watched, and no others are read', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated(chosen(seller));
		pay('a', t0);
		pay('b', t0, { agent: seller });
		expect(await poll(trigger)).toEqual(['b:settled']);
		const read = service.readings.map(({ params }) => params.address?.toLowerCase());
		expect(new Set(read)).toEqual(new Set([seller.address.toLowerCase()]));
	});

	it('are all agents by default', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated();
		pay('a', t0);
		pay('b', t0 + 1, { agent: seller });
		expect(await poll(trigger)).toEqual(['a:settled', 'b:settled']);
	});

	it.each([
		['from the list', 'list', (address: string) => address.toLowerCase()],
		['by its address', 'address', (address: string) => address],
		[
			'by a link',
			'url',
			(address: string) => `https://app.sandbox.ampersend.ai/agents/${address}?tab=activity`,
		],
	])('can be one, %s', async (_, mode, spell) => {
		const seller = service.addAgent('seller');
		const trigger = await activated(one(spell(seller.address), mode));
		pay('a', t0);
		pay('b', t0, { agent: seller });
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('b:settled', seller), agentAddress: seller.address, agentName: 'seller' },
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('can be several, with one of them twice', async () => {
		const [seller, third] = [service.addAgent('seller'), service.addAgent('third')];
		const again = seller.address.toLowerCase();
		const trigger = await activated({
			agentScope: 'selected',
			agents: `={{ "${seller.address}, ${service.buyer.address}, ${again}" }}`,
		});
		pay('a', t0);
		pay('b', t0 + 1, { agent: seller });
		pay('c', t0 + 2, { agent: third });
		expect(await poll(trigger)).toEqual(['a:settled', 'b:settled']);
	});
});

describe('Emit Existing Events', () => {
	const days = (existingDays: number): INodeParameters => ({ options: { existingDays } });
	const activate = async (parameters: INodeParameters) => {
		const trigger = open(parameters);
		return { trigger, items: await trigger.poll('trigger', 'activate') };
	};

	it('emits payments of that many days at publishing, and none before', async () => {
		const now = Date.now();
		pay('older', now - 2 * DAY - MINUTE);
		pay('first', now - 2 * DAY + MINUTE, { type: 'earn' });
		pay('last', now - MINUTE, { status: 'denied' });
		const { trigger, items } = await activate(days(2));
		expect(idsOf(items)).toEqual(['first:received', 'last:denied']);
		expect(await poll(trigger)).toBeNull();
	});

	it('emits them once, and not again after a restart or publishing', async () => {
		pay('a', t0);
		const { trigger, items } = await activate(days(30));
		expect(idsOf(items)).toEqual(['a:settled']);
		const again = restarted(trigger, days(30));
		expect(await again.poll('trigger', 'init')).toBeNull();
		const more = restarted(again, days(60));
		expect(await more.poll('trigger', 'activate')).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(more)).toEqual(['b:settled']);
	});

	it('emits more than a page of each agent, in order', async () => {
		const seller = service.addAgent('seller');
		seed(450, { newest: t0 + 900, everyMs: 2 });
		seed(450, { agent: seller, newest: t0 + 901, everyMs: 2 });
		const { trigger, items } = await activate(days(30));
		expect(rowNumbers(items)).toEqual(upTo(900).map((i) => Math.floor(i / 2)));
		expect(await poll(trigger)).toBeNull();
	});

	it('reads only those days of a long history', async () => {
		const now = Date.now();
		seed(100_000, { newest: now - 40 * DAY });
		seed(250, { newest: now - MINUTE });
		const { items } = await activate(days(30));
		expect(items).toHaveLength(250);
		expect(service.readings.length).toBeLessThan(20);
	});

	it('emits those that pass the filters', async () => {
		pay('a', t0);
		pay('b', t0 + 1, { status: 'denied' });
		const { trigger, items } = await activate({ ...days(30), events: ['payment.denied'] });
		expect(idsOf(items)).toEqual(['b:denied']);
		expect(await poll(restarted(trigger, days(30)))).toBeNull();
	});

	it('emits them at the first poll that succeeds', async () => {
		pay('a', t0);
		service.failActivity();
		const { trigger, items } = await activate(days(30));
		expect(items).toBeNull();
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('Maximum Events per Poll', () => {
	it('leaves the rest to the next polls, in order, each once', async () => {
		const trigger = await activated({ options: { maxEvents: 3 } });
		seed(8);
		expect(rowNumbers(await trigger.poll())).toEqual([0, 1, 2]);
		expect(rowNumbers(await trigger.poll())).toEqual([3, 4, 5]);
		expect(rowNumbers(await trigger.poll())).toEqual([6, 7]);
		expect(await poll(trigger)).toBeNull();
	});

	it('applies to several agents together', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated({ options: { maxEvents: 5 } });
		for (let i = 0; i < 12; i++)
			pay(`${i}`, t0 + i, { agent: i % 3 === 0 ? seller : service.buyer });
		const emitted = [await trigger.poll(), await trigger.poll(), await trigger.poll()].map(rowsOf);
		expect(emitted.map(({ length }) => length)).toEqual([5, 5, 2]);
		expect(emitted.flat()).toEqual(upTo(12).map(String));
		expect(await poll(trigger)).toBeNull();
	});

	it('applies to long backlogs of several agents, in one order', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated({ options: { maxEvents: 250 } });
		seed(450, { newest: t0 + 900, everyMs: 2 });
		seed(450, { agent: seller, newest: t0 + 901, everyMs: 2 });
		const sizes: number[] = [];
		const items: IDataObject[] = [];
		for (let i = 0; i < 5; i++) {
			const emitted = (await trigger.poll()) ?? [];
			sizes.push(emitted.length);
			items.push(...emitted);
		}
		expect(sizes).toEqual([250, 250, 250, 150, 0]);
		expect(rowNumbers(items)).toEqual(upTo(900).map((i) => Math.floor(i / 2)));
	});

	it('counts the events that pass the filters', async () => {
		const trigger = await activated({ events: ['payment.denied'], options: { maxEvents: 2 } });
		for (let i = 0; i < 9; i++) pay(`${i}`, t0 + i, { status: i % 2 === 0 ? 'settled' : 'denied' });
		expect(await poll(trigger)).toEqual(['1:denied', '3:denied']);
		expect(await poll(trigger)).toEqual(['5:denied', '7:denied']);
		expect(await poll(trigger)).toBeNull();
	});

	it('keeps new and late payments in order', async () => {
		const trigger = await activated({ options: { maxEvents: 2 } });
		seed(6);
		expect(rowNumbers(await trigger.poll())).toEqual([0, 1]);
		pay('newer', t0 + MINUTE);
		pay('late', t0 - LOOK_BACK / 2);
		expect(rowsOf(await trigger.poll())[0]).toBe('late');
		const rest = await gathered(trigger, 4);
		expect(rowsOf(rest).at(-1)).toBe('newer');
		expect(rowNumbers(rest.slice(0, -1))).toEqual([3, 4, 5]);
		expect(await poll(trigger)).toBeNull();
	});

	it('applies to existing events too', async () => {
		seed(5);
		const trigger = open({ options: { maxEvents: 2, existingDays: 30 } });
		expect(rowNumbers(await trigger.poll('trigger', 'activate'))).toEqual([0, 1]);
		expect(rowNumbers(await trigger.poll())).toEqual([2, 3]);
		expect(rowNumbers(await trigger.poll())).toEqual([4]);
	});
});

describe('Simplify', () => {
	it('adds the row as the service sent it if it is off', async () => {
		const trigger = await activated({ options: { simplify: false } });
		const row = pay('a', t0);
		service.changePages(
			(page) => ({
				...page,
				activity: page.activity.map((sent) => ({ ...sent, note: { of: 'the service' } })),
			}),
			{ times: 1 },
		);
		const items = await trigger.poll();
		expect(items).toMatchObject([{ eventId: eventId('a:settled'), amountUsdc: '0.01' }]);
		expect(items?.[0]?.raw).toEqual({
			type: 'spend',
			id: 'a',
			agent_address: service.buyer.address,
			receiver: row.receiver,
			amount: '10000',
			status: 'settled',
			timestamp: String(t0),
			tx_hash: row.txHash,
			chain_caip2id: 'eip155:84532',
			note: { of: 'the service' },
		});
	});

	it('leaves it out if it is on', async () => {
		const trigger = await activated({ options: { simplify: true } });
		pay('a', t0);
		expect((await trigger.poll())?.[0]).not.toHaveProperty('raw');
	});
});

describe('a parameter that cannot be read', () => {
	const tooMany = Array.from({ length: 101 }, randomAddress).join(',');

	it.each<[string, INodeParameters]>([
		['Maximum Events per Poll: "0" isn\'t a whole number', { options: { maxEvents: 0 } }],
		['Maximum Events per Poll: "1.5" isn\'t a whole number', { options: { maxEvents: 1.5 } }],
		['Maximum Events per Poll: "x" isn\'t a whole number', { options: { maxEvents: 'x' } }],
		['Maximum Events per Poll: "10001" isn\'t a whole number', { options: { maxEvents: 10_001 } }],
		['Look-Back (Minutes): "0" isn\'t a whole number', { options: { lookBackMinutes: 0 } }],
		[
			'Look-Back (Minutes): "100000" isn\'t a whole number',
			{ options: { lookBackMinutes: 100_000 } },
		],
		['Emit Existing Events (Days): "-1" isn\'t a whole number', { options: { existingDays: -1 } }],
		[
			'Emit Existing Events (Days): "366" isn\'t a whole number',
			{ options: { existingDays: 366 } },
		],
		['Simplify: "maybe" is neither true nor false', { options: { simplify: 'maybe' } }],
		[
			'Minimum Amount (USDC): "1,5" has a thousands separator or a decimal comma',
			{ filters: { minimumAmount: '1,5' } },
		],
		['Minimum Amount (USDC): "-1" has a sign', { filters: { minimumAmount: '-1' } }],
		[
			'Minimum Amount (USDC): "0.0000001" has more than six decimals',
			{ filters: { minimumAmount: '0.0000001' } },
		],
		['Counterparty: "nobody" is not an address', { filters: { counterparty: 'nobody' } }],
		[
			'Counterparty: has 101 addresses. A trigger takes up to 100.',
			{ filters: { counterparty: tooMany } },
		],
		['Direction: "up" is not an option', { filters: { direction: 'up' } }],
		...Object.entries({
			counterparty: 'Counterparty',
			direction: 'Direction',
			minimumAmount: 'Minimum Amount (USDC)',
		}).map(([name, title]): [string, INodeParameters] => [
			`${title}: the expression gives no value`,
			{ filters: { [name]: '={{ $now.startof("month") }}' } },
		]),
		['Trigger On: "," has no entries', { events: '={{ "," }}' }],
		['Counterparty: "[]" has no entries', { filters: { counterparty: '={{ [] }}' } }],
		['Trigger On: the expression gives no value', { events: '={{ $now.wrong }}' }],
		[
			'Maximum Events per Poll: the expression gives no value',
			{ options: { maxEvents: '={{ null }}' } },
		],
		[
			'Counterparty: the link contains 2 addresses',
			{
				filters: {
					counterparty: `https://basescan.org/token/${randomAddress()}?a=${randomAddress()}`,
				},
			},
		],
		['Trigger On: "[payment.settled" looks like a list', { events: '={{ "[payment.settled" }}' }],
		['After a Restart: "again" is not an option', { options: { afterRestart: 'again' } }],
		['Agent: is empty', one('')],
		['Agent: "nobody" is not an address', one('nobody', 'address')],
		['Agent: the link contains no address', one('https://app.ampersend.ai/', 'url')],
		['Agent Names or IDs: none is selected', { agentScope: 'selected', agents: [] }],
		[
			'Agent Names or IDs: "nobody" is not an address',
			{ agentScope: 'selected', agents: ['nobody'] },
		],
		['Agents: "some" is not an option', { agentScope: '={{ "some" }}' }],
	])('is named before anything is sent: %s', async (message, parameters) => {
		const trigger = open(parameters);
		for (const activation of ['activate', undefined] as const) {
			const error = await thrownBy(trigger, activation);
			expect(error.message.startsWith(message)).toBe(true);
			expect(error.description).toMatch(/\w/);
			expect(error.failure).toEqual({ cause: 'configuration-invalid' });
		}
		await expect(trigger.poll('manual')).rejects.toThrow(message);
		expect(service.emulator.calls).toEqual([]);
	});

	it('leaves the trigger at its position', async () => {
		const trigger = await activated();
		pay('a', t0);
		await thrownBy(restarted(trigger, { filters: { minimumAmount: '1,5' } }));
		expect(await poll(restarted(trigger))).toEqual(['a:settled']);
	});
});
