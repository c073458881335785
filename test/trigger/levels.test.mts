import { describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import type { Agent } from '../../tools/emulator/index.mts';
import type { TriggerUnderTest } from '../nodes/n8nCore.mts';
import {
	ACTIVITY,
	afterTime,
	atOnce,
	ATTEMPTS,
	chosen,
	gathered,
	LIST,
	MINUTE,
	one,
	poll,
	SECOND,
	t0,
	thrownBy,
	useTrigger,
} from './trigger.mts';

const AGENT = 'GET /agents/{address}';
const LIMITS = 'GET /agents/{address}/spend-config';
const OWN_LIMITS = 'GET /agents/self/spend-config';
const HOUR = 60 * MINUTE;
const USDC = 1_000_000n;

const service = useTrigger();
const { open, durable, pay } = service;

const low = (below?: string, more: INodeParameters = {}): INodeParameters => ({
	events: ['balance.low'],
	filters: below === undefined ? {} : { balanceBelow: below },
	...more,
});
const used = (percent?: number, more: INodeParameters = {}): INodeParameters => ({
	events: ['budget.used'],
	filters: percent === undefined ? {} : { budgetUsedPercent: percent },
	...more,
});

const balance = (usdc: number, agent: Agent = service.buyer) => {
	service.emulator.updateAgent(agent, { balanceMicro: BigInt(usdc) * USDC });
};
const limits = (daily: bigint | null, monthly: bigint | null = null, agent = service.buyer) => {
	const inMicro = (limit: bigint | null) => (limit === null ? null : String(limit * USDC));
	service.emulator.updateAgent(agent, {
		spendConfig: { daily_limit: inMicro(daily), monthly_limit: inMicro(monthly) },
	});
};

/** Calls since the last look, without looks behind the end of a list. */
function calls(): Array<string | null> {
	const seen = service.emulator.calls.filter(
		({ isBehindEnd, query }) => !isBehindEnd && query.page !== '0',
	);
	service.emulator.clearCalls();
	return seen.map(({ route }) => route).sort();
}

const idsOf = (items: IDataObject[] | null) => (items ?? []).map(({ eventId }) => eventId);
const namesOf = (items: IDataObject[] | null) => (items ?? []).map(({ agentName }) => agentName);

/** n8n's clock, and the service's, at a time of a day in the middle of a month. */
function at(hours: number, day = 15): number {
	const now = Date.UTC(2026, 10, day) + hours * HOUR;
	jest.spyOn(Date, 'now').mockImplementation(() => now);
	return now;
}

describe('Balance Low', () => {
	it('starts the workflow once for each crossing', async () => {
		at(10);
		balance(50);
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		balance(9);
		const id = service.buyer.address.toLowerCase();
		expect(await trigger.poll()).toEqual([
			{
				occurredAt: '2026-11-15T10:00:00.000Z',
				event: 'balance.low',
				agentName: 'buyer',
				balanceUsdc: '9',
				balanceUsdcMicro: '9000000',
				thresholdUsdc: '10',
				thresholdUsdcMicro: '10000000',
				agentAddress: service.buyer.address,
				eventId: `balance.low:${id}:2026-11-15:1`,
			},
		]);
		balance(3);
		expect(await trigger.poll()).toBeNull();
		balance(10);
		expect(await trigger.poll()).toBeNull();
		balance(1);
		expect(idsOf(await trigger.poll())).toEqual([`balance.low:${id}:2026-11-15:2`]);
		expect(await trigger.poll()).toBeNull();
	});

	it('is emitted at publishing if it is low then, once', async () => {
		balance(1);
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toHaveLength(1);
		expect(await trigger.poll()).toBeNull();
		const again = service.restarted(trigger, low('10'));
		expect(await again.poll('trigger', 'activate')).toBeNull();
	});

	it('is below the daily limit without a threshold, and a balance of 0 always is', async () => {
		const [poor, free] = [service.addAgent('poor'), service.addAgent('free')];
		limits(20n, null);
		limits(20n, null, poor);
		balance(20);
		balance(19, poor);
		balance(0, free);
		const trigger = open(low());
		const items = (await trigger.poll('trigger', 'activate')) ?? [];
		expect(items.map(({ agentName, thresholdUsdc }) => [agentName, thresholdUsdc])).toEqual([
			['poor', '20'],
			['free', null],
		]);
		limits(30n);
		expect(namesOf(await trigger.poll())).toEqual(['buyer']);
	});

	it('has the fields that most need, if simplified', async () => {
		const trigger = open(low('10', { options: { simplify: true } }));
		const [item] = (await trigger.poll('trigger', 'activate')) ?? [];
		expect(Object.keys(item ?? {})).toEqual([
			'occurredAt',
			'event',
			'agentName',
			'balanceUsdc',
			'thresholdUsdc',
			'agentAddress',
			'eventId',
		]);
	});

	it('is the same of an agent in its session', async () => {
		balance(5);
		const trigger = service.openSession(service.buyer, low('10'));
		expect(namesOf(await trigger.poll('trigger', 'activate'))).toEqual(['buyer']);
		expect(await trigger.poll()).toBeNull();
	});

	it('does not compare a balance that is not whole micro-USDC, and says so once', async () => {
		service.emulator.updateAgent(service.buyer, { balanceMicro: '0.5' });
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect(await trigger.poll()).toBeNull();
		const warnings = trigger.warnings.filter((text) => text.includes("isn't whole micro-USDC"));
		expect(warnings).toHaveLength(1);
		balance(5);
		expect(await trigger.poll()).toHaveLength(1);
	});
});

describe('requests of Balance Low', () => {
	const agents = (count: number) =>
		Array.from({ length: count }, (_, i) => service.addAgent(`${i}`));

	it('are none besides the list of agents, with all of them', async () => {
		agents(3);
		const trigger = open(low('10'));
		await trigger.poll('trigger', 'activate');
		calls();
		await trigger.poll();
		expect(calls()).toEqual([LIST]);
	});

	it('are none at all with payment events of all agents', async () => {
		const [payments, both] = [open(), open(low('10', { events: ['*', 'balance.low'] }))];
		await payments.poll('trigger', 'activate');
		await both.poll('trigger', 'activate');
		calls();
		await payments.poll();
		const cost = calls();
		await both.poll();
		expect(calls()).toEqual(cost);
	});

	it('are one for one agent, and one list for several', async () => {
		const [first, second] = agents(2) as [Agent, Agent];
		const single = open(low('10', one(first.address)));
		await single.poll('trigger', 'activate');
		calls();
		await single.poll();
		expect(calls()).toEqual([AGENT]);
		const several = open(low('10', chosen(first, second)));
		await several.poll('trigger', 'activate');
		calls();
		await several.poll();
		expect(calls()).toEqual([LIST]);
	});

	it('are one for each chosen agent, if the list has more pages than that', async () => {
		const [first, second] = agents(250) as [Agent, Agent];
		const trigger = open(low('10', chosen(first, second)));
		await trigger.poll('trigger', 'activate');
		calls();
		await trigger.poll();
		expect(calls()).toEqual([AGENT, AGENT]);
	});

	it('are one more for each agent without a threshold, also of agents without limits', async () => {
		limits(20n);
		agents(3);
		const trigger = open(low());
		await trigger.poll('trigger', 'activate');
		calls();
		await trigger.poll();
		expect(calls()).toEqual([LIST, ...Array.from({ length: 4 }, () => LIMITS)].sort());
	});
});

describe('Budget Used', () => {
	it('is emitted once for each period, limit and crossing', async () => {
		at(10);
		limits(10n, 100n);
		const trigger = open(used());
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('a', at(11), { amountMicro: 7n * USDC });
		expect(await trigger.poll()).toBeNull();
		pay('b', at(11.1), { amountMicro: USDC });
		const id = service.buyer.address.toLowerCase();
		expect(await trigger.poll()).toEqual([
			{
				occurredAt: '2026-11-15T11:06:00.000Z',
				event: 'budget.used',
				agentName: 'buyer',
				period: 'day',
				limitUsdc: '10',
				limitUsdcMicro: '10000000',
				usedUsdc: '8',
				usedUsdcMicro: '8000000',
				remainingUsdc: '2',
				remainingUsdcMicro: '2000000',
				usedPercent: 80,
				source: 'activity',
				agentAddress: service.buyer.address,
				eventId: `budget.used:${id}:2026-11-15:1`,
			},
		]);
		pay('c', at(12), { amountMicro: USDC });
		expect(await trigger.poll()).toBeNull();
		// A higher limit arms it again.
		limits(20n, 100n);
		expect(await trigger.poll()).toBeNull();
		limits(10n, 100n);
		expect(idsOf(await trigger.poll())).toEqual([`budget.used:${id}:2026-11-15:2`]);
		// The next day.
		at(1, 16);
		expect(await trigger.poll()).toBeNull();
		pay('d', at(2, 16), { amountMicro: 80n * USDC });
		expect(idsOf(await trigger.poll())).toEqual([
			`budget.used:${id}:2026-11-16:1`,
			`budget.used:${id}:2026-11:1`,
		]);
	});

	it('counts what is settled or authorized, and nothing else', async () => {
		at(10);
		limits(10n);
		const trigger = open(used(50));
		await trigger.poll('trigger', 'activate');
		const details = { amountMicro: 9n * USDC };
		pay('denied', at(10.1), { ...details, status: 'denied' });
		pay('failed', at(10.2), { ...details, status: 'failed' });
		pay('earned', at(10.3), { ...details, type: 'earn' });
		expect(await trigger.poll()).toBeNull();
		pay('open', at(10.4), { ...details, status: 'authorized' });
		expect(await trigger.poll()).toHaveLength(1);
		service.emulator.setStatus('open', 'failed');
		expect(await trigger.poll()).toBeNull();
		pay('again', at(10.5), details);
		expect(idsOf(await trigger.poll())).toEqual([expect.stringMatching(/:2$/)]);
	});

	it('is exact in a session, where the service says what is left', async () => {
		at(10);
		limits(10n);
		const trigger = service.openSession(service.buyer, used());
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('a', at(10.1), { amountMicro: 9n * USDC });
		calls();
		expect(await trigger.poll()).toEqual([
			expect.objectContaining({ source: 'service', usedPercent: 90, remainingUsdc: '1' }),
		]);
		expect(calls()).toEqual(['GET /agents/self', OWN_LIMITS]);
		expect(await trigger.poll()).toBeNull();
	});

	it("does not take yesterday's for today's in a session, if a clock is behind", async () => {
		at(10);
		limits(10n);
		pay('a', at(11), { amountMicro: 5n * USDC });
		const trigger = service.openSession(service.buyer, used());
		await trigger.poll('trigger', 'activate');
		// Its answer is still of the day before.
		at(0, 16);
		service.emulator.fault({
			route: OWN_LIMITS,
			times: 1,
			mutate: (body) => ({ ...(body as object), daily_remaining_usdc_micro: '0' }),
		});
		expect(await trigger.poll()).toBeNull();
		at(0.1, 16);
		expect(await trigger.poll()).toBeNull();
	});

	it('reads a month once, and then what is new: one page', async () => {
		const now = at(10);
		limits(10n, 1000n);
		service.seed(900, { newest: now - HOUR, everyMs: 10 * MINUTE, amountMicro: 1000n });
		const trigger = durable(used());
		await trigger.activate();
		await trigger.poll();
		for (let hour = 11; hour < 20; hour++) {
			at(hour);
			calls();
			await trigger.poll();
			expect(calls()).toEqual([LIST, ACTIVITY, LIMITS]);
		}
		// What was spent before still counts: two thirds of the payments are spends.
		pay('a', at(20), { amountMicro: 8n * USDC });
		const [item] = (await trigger.poll()) ?? [];
		expect(item).toMatchObject({ period: 'day' });
		pay('b', at(21), { amountMicro: 800n * USDC });
		const [month] = ((await trigger.poll()) ?? []).filter(({ period }) => period === 'month');
		expect(month?.usedUsdcMicro).toBe(String(600n * 1000n + 808n * USDC));
	});

	it('reads a month that is too long for one poll from one poll to the next', async () => {
		const now = at(10);
		limits(null, 10n);
		service.seed(15_000, { newest: now - 2 * HOUR, everyMs: MINUTE, amountMicro: 1000n });
		pay('new', now - MINUTE, { amountMicro: 1n });
		const trigger = open(used(50), { budgetMs: 60_000 });
		service.passTime(SECOND);
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect(trigger.warnings.join()).toContain('it has more payments since 2026-11-');
		const items = await gathered(trigger, 1, 10);
		// Two thirds are spends.
		expect(items).toEqual([
			expect.objectContaining({ period: 'month', usedUsdcMicro: '10000001' }),
		]);
		expect(await trigger.poll()).toBeNull();
	});

	it('ends a poll if it cannot read what an agent has used for an hour', async () => {
		const now = at(10);
		limits(null, 10n);
		service.seed(9000, { newest: now - 2 * HOUR, everyMs: MINUTE });
		const trigger = open(used(), { budgetMs: 5_000 });
		// Each poll reads one page.
		service.passTime(25 * MINUTE);
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect(await trigger.poll()).toBeNull();
		expect(await trigger.poll()).toBeNull();
		const { message, description } = await thrownBy(trigger);
		expect(message).toMatch(
			/^Could not read agent 0x\w+ since .*what it has used of its limits isn't known/,
		);
		expect(description).toContain('poll more often');
	});

	it('of a day reads no payments from before it', async () => {
		const now = at(10);
		limits(10n);
		service.seed(3000, { newest: now - MINUTE, everyMs: 10 * MINUTE, amountMicro: 1000n });
		const trigger = open(used());
		calls();
		await trigger.poll('trigger', 'activate');
		expect(calls()).toEqual([LIST, ACTIVITY, LIMITS]);
		// With a monthly limit, the month is read once.
		limits(10n, 1n);
		const [month] = (await trigger.poll()) ?? [];
		expect(month).toMatchObject({ period: 'month', usedUsdcMicro: '1384000' });
		calls();
		expect(await trigger.poll()).toBeNull();
		expect(calls()).toEqual([LIST, ACTIVITY, LIMITS]);
	});

	it('costs an agent without limits no reading of payments', async () => {
		at(10);
		const trigger = open(used());
		await trigger.poll('trigger', 'activate');
		calls();
		await trigger.poll();
		expect(calls().filter((route) => route === ACTIVITY)).toEqual([]);
	});

	it('of a limit of 0 is none', async () => {
		at(10);
		limits(0n, 0n);
		expect(await open(used()).poll('trigger', 'activate')).toBeNull();
	});
});

describe('a level is armed again', () => {
	const unset = (times: number, agent = service.buyer) => {
		const match = ({ params }: { params: Record<string, string> }) =>
			params.address === agent.address;
		service.emulator.fault({ route: LIMITS, status: 404, times, match });
	};

	it.each(['balance.low', 'budget.used'])(
		'by no single answer that there are no limits: %s',
		async (event) => {
			at(10);
			limits(20n, null, service.addAgent('other', { balanceMicro: 50n * USDC }));
			limits(20n);
			balance(5);
			pay('a', at(10.1), { amountMicro: 18n * USDC });
			const trigger = open({ events: [event] });
			expect(await trigger.poll('trigger', 'activate')).toHaveLength(1);
			unset(1);
			expect(await trigger.poll()).toBeNull();
			expect(await trigger.poll()).toBeNull();
			// Two in a row are believed.
			unset(2);
			expect(await trigger.poll()).toBeNull();
			expect(await trigger.poll()).toBeNull();
			expect(idsOf(await trigger.poll())).toEqual([expect.stringMatching(/:2$/)]);
		},
	);

	it('by no single 404 of the only agent', async () => {
		limits(20n);
		balance(5);
		const trigger = open(low());
		expect(await trigger.poll('trigger', 'activate')).toHaveLength(1);
		unset(1);
		expect(await trigger.poll()).toBeNull();
		expect(await trigger.poll()).toBeNull();
	});

	it('for an agent that never has limits, once it has a balance', async () => {
		limits(20n, null, service.addAgent('other', { balanceMicro: 50n * USDC }));
		balance(0);
		const trigger = open(low());
		expect(namesOf(await trigger.poll('trigger', 'activate'))).toEqual(['buyer']);
		balance(1);
		expect(await trigger.poll()).toBeNull();
		balance(0);
		expect(idsOf(await trigger.poll())).toEqual([expect.stringMatching(/:2$/)]);
	});

	it('by the removal of its limit, and a limit of 0 is no budget that is back', async () => {
		at(10);
		limits(10n);
		pay('a', at(10.1), { amountMicro: 9n * USDC });
		const trigger = open(used());
		expect(await trigger.poll('trigger', 'activate')).toHaveLength(1);
		limits(0n);
		expect(await trigger.poll()).toBeNull();
		limits(10n);
		expect(await trigger.poll()).toBeNull();
		limits(null);
		expect(await trigger.poll()).toBeNull();
		limits(10n);
		expect(idsOf(await trigger.poll())).toEqual([expect.stringMatching(/:2$/)]);
	});

	it('by no choice of agents: one that is chosen again continues', async () => {
		const [first, second] = [service.addAgent('first'), service.addAgent('second')];
		balance(5, first);
		balance(50, second);
		const both = low('10', chosen(first, second));
		const trigger = open(both);
		expect(idsOf(await trigger.poll('trigger', 'activate'))).toHaveLength(1);
		const without = service.restarted(trigger, low('10', one(second.address)));
		expect(await without.poll('trigger', 'activate')).toBeNull();
		const again = service.restarted(without, both);
		expect(await again.poll('trigger', 'activate')).toBeNull();
		balance(50, first);
		expect(await again.poll()).toBeNull();
		balance(5, first);
		expect(idsOf(await again.poll())).toEqual([expect.stringMatching(/:2$/)]);
	});
});

describe('Maximum Events per Poll: 1', () => {
	const onlyOne = { options: { maxEvents: 1 } };

	it('leave nothing behind of an agent that is chosen with the same publishing', async () => {
		const now = at(10);
		const seller = service.addAgent('seller');
		balance(50);
		balance(1, seller);
		const more = {
			events: ['payment.settled', 'balance.low'],
			filters: { balanceBelow: '10' },
			...onlyOne,
		};
		const trigger = await service.activated({ ...chosen(service.buyer), ...more });
		const both = { ...chosen(service.buyer, seller), ...more };
		const changed = service.restarted(trigger, both);
		expect(idsOf(await changed.poll('trigger', 'update'))).toEqual([
			expect.stringContaining('balance.low'),
		]);
		pay('new', now + 1, { agent: seller });
		afterTime(MINUTE);
		expect(await poll(changed)).toEqual(['new:settled']);
	});

	/** Two agents of which one or the other gets low before each poll, and a third. */
	async function busy(parameters: INodeParameters) {
		const [other, third] = [service.addAgent('other'), service.addAgent('third')];
		for (const agent of [service.buyer, other, third]) balance(50, agent);
		const trigger = open(low('10', { ...parameters, ...onlyOne }));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		let polls = 0;
		const next = async () => {
			const isEven = polls++ % 2 === 0;
			balance(isEven ? 1 : 50);
			balance(isEven ? 50 : 1, other);
			return await trigger.poll();
		};
		return { next, third };
	}

	it('keeps no agent waiting because others are low again and again', async () => {
		const { next, third } = await busy({});
		balance(1, third);
		const names = [...namesOf(await next()), ...namesOf(await next())];
		expect(names).toContain('third');
	});

	it('keeps no payment waiting because agents are low again and again', async () => {
		const { next } = await busy({ events: ['*', 'balance.low'] });
		pay('a', t0);
		const events = [...((await next()) ?? []), ...((await next()) ?? [])];
		expect(events.map(({ event }) => event).sort()).toEqual(['balance.low', 'payment.settled']);
		expect(await next()).toHaveLength(1);
	});
});

describe('All Payment Events', () => {
	it('are no levels: older workflows get no new items, and send no more requests', async () => {
		balance(0);
		limits(1n);
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('a', t0, { amountMicro: 9n * USDC });
		calls();
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(calls()).toEqual([LIST, ACTIVITY]);
		expect(trigger.state).not.toHaveProperty('levels');
	});

	it('come with levels if both are chosen, payments first', async () => {
		balance(50);
		const trigger = open(low('10', { events: ['*', 'balance.low'] }));
		await trigger.poll('trigger', 'activate');
		pay('a', t0);
		balance(5);
		expect((await trigger.poll())?.map(({ event }) => event)).toEqual([
			'payment.settled',
			'balance.low',
		]);
	});

	it('are not read if only levels are chosen, and start anew if chosen later', async () => {
		balance(50);
		const trigger = open();
		await trigger.poll('trigger', 'activate');
		const levels = service.restarted(trigger, low('10'));
		pay('a', t0);
		calls();
		expect(await levels.poll('trigger', 'activate')).toBeNull();
		expect(calls()).toEqual([LIST]);
		const again = service.restarted(levels);
		expect(await again.poll('trigger', 'activate')).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(again)).toEqual(['b:settled']);
		expect(again.state).not.toHaveProperty('levels');
	});

	it('and levels are together at most the maximum of a poll', async () => {
		balance(50);
		const seller = service.addAgent('seller', { balanceMicro: 50n * USDC });
		const events = { events: ['*', 'balance.low'], options: { maxEvents: 2 } };
		const trigger = open(low('10', events));
		await trigger.poll('trigger', 'activate');
		balance(1);
		balance(1, seller);
		for (const id of ['a', 'b']) pay(id, t0);
		const names = async () => (await trigger.poll())?.map(({ event }) => event);
		expect(await names()).toEqual(['balance.low', 'balance.low']);
		expect(await names()).toEqual(['payment.settled', 'payment.settled']);
		expect(await names()).toBeUndefined();
	});
});

describe('an agent that cannot be read', () => {
	it('has no event, keeps its state, and is reported', async () => {
		const seller = service.addAgent('seller', { balanceMicro: 50n * USDC });
		limits(10n);
		limits(10n, null, seller);
		balance(5);
		const trigger = open(low());
		expect(namesOf(await trigger.poll('trigger', 'activate'))).toEqual(['buyer']);
		service.emulator.fault({
			route: LIMITS,
			status: 500,
			headers: atOnce,
			times: ATTEMPTS,
			match: ({ params }) => params.address === service.buyer.address,
		});
		balance(5, seller);
		expect(namesOf(await trigger.poll())).toEqual(['seller']);
		expect(trigger.warnings.join()).toContain(
			`could not read agent ${service.buyer.address.toLowerCase()}`,
		);
		// Neither armed again, nor emitted again.
		expect(await trigger.poll()).toBeNull();
	});

	it('for a reason that lasts ends a poll now and then, while the others go on', async () => {
		const seller = service.addAgent('seller', { balanceMicro: 50n * USDC });
		limits(10n, null, seller);
		service.emulator.fault({
			route: LIMITS,
			status: 403,
			times: Infinity,
			match: ({ params }) => params.address === service.buyer.address,
		});
		const trigger = open(low());
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		const error = await thrownBy(trigger);
		expect(error.message).toContain(`agent ${service.buyer.address.toLowerCase()} since`);
		balance(5, seller);
		expect(namesOf(await trigger.poll())).toEqual(['seller']);
		expect(await trigger.poll()).toBeNull();
	});

	it('ends no poll whose threshold needs no limits', async () => {
		balance(5);
		const parameters = { events: ['balance.low', 'budget.used'], filters: { balanceBelow: '10' } };
		service.emulator.fault({ route: LIMITS, status: 500, headers: atOnce, times: ATTEMPTS });
		expect(namesOf(await open(parameters).poll('trigger', 'activate'))).toEqual(['buyer']);
	});

	it('ends a poll that can read nothing', async () => {
		limits(10n);
		const trigger = open(low());
		await trigger.poll('trigger', 'activate');
		service.emulator.fault({ route: LIMITS, status: 403, times: 1 });
		expect((await thrownBy(trigger)).message).toContain('spending limits');
	});

	it('is not taken for one without limits, if the service has no such route', async () => {
		service.emulator.fault({ route: LIMITS, status: 404, times: 2 });
		service.emulator.fault({ route: 'GET /agents/{address}/authorized-sellers', status: 404 });
		const error = await thrownBy(open(low()), 'activate');
		expect(error.message).toContain('spending limits');
	});

	it('leaves payments of chosen agents alone', async () => {
		balance(50);
		const parameters = low('10', { events: ['*', 'balance.low'], ...one(service.buyer.address) });
		const trigger = open(parameters);
		await trigger.poll('trigger', 'activate');
		pay('a', t0);
		service.emulator.fault({ route: AGENT, status: 500, headers: atOnce, times: ATTEMPTS });
		expect(await poll(trigger)).toEqual(['a:settled']);
		balance(5);
		expect(await trigger.poll()).toHaveLength(1);
	});

	it('at publishing does not stop it, if that passes', async () => {
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect(await trigger.poll()).toHaveLength(1);
	});

	it('and is not in the account is rejected at publishing', async () => {
		const [gone] = [service.addAgent('gone')];
		service.emulator.removeAgent(gone);
		const error = await thrownBy(open(low('10', one(gone.address))), 'activate');
		expect(error.message).toContain("isn't an agent in this account");
	});

	it('and disappears from the list keeps its state', async () => {
		balance(5);
		const seller = service.addAgent('seller', { balanceMicro: USDC });
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toHaveLength(2);
		service.emulator.fault({
			route: LIST,
			times: 1,
			mutate: (body) => ({
				...(body as object),
				items: (body as { items: Agent[] }).items.filter(({ name }) => name !== 'seller'),
				total: 1,
			}),
		});
		expect(await trigger.poll()).toBeNull();
		expect(await trigger.poll()).toBeNull();
		expect(seller.name).toBe('seller');
	});
});

describe('what n8n stores', () => {
	it('is written only if something changes', async () => {
		balance(50);
		const trigger = open(low('10'));
		await trigger.poll('trigger', 'activate');
		const { writes } = trigger;
		await trigger.poll();
		await trigger.poll();
		expect(trigger.writes).toBe(writes);
	});

	it('is nothing if the poll fails after that', async () => {
		balance(50);
		const trigger = open(low('10', { events: ['*', 'balance.low'] }));
		await trigger.poll('trigger', 'activate');
		balance(5);
		service.failActivity({ status: 403, times: 1 });
		await thrownBy(trigger);
		expect(await trigger.poll()).toHaveLength(1);
	});

	it('gives a crossing the same id, if n8n drops it', async () => {
		balance(50);
		const trigger = durable(low('10'));
		await trigger.activate();
		await trigger.poll();
		const before = trigger.cursor;
		balance(5);
		const first = idsOf(await trigger.poll());
		expect(first).toHaveLength(1);
		trigger.cursor = before;
		// A poll from an older cursor finds nothing while n8n may still store the newer one.
		expect(await trigger.poll()).toBeNull();
		afterTime(5 * MINUTE);
		expect(idsOf(await trigger.poll())).toEqual(first);
	});

	it('keeps the numbers of crossings while no levels are chosen', async () => {
		at(10);
		const id = service.buyer.address.toLowerCase();
		balance(50);
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		for (const count of [1, 2]) {
			balance(1);
			expect(idsOf(await trigger.poll())).toEqual([`balance.low:${id}:2026-11-15:${count}`]);
			balance(50);
			expect(await trigger.poll()).toBeNull();
		}
		balance(1);
		expect(idsOf(await trigger.poll())).toEqual([`balance.low:${id}:2026-11-15:3`]);
		const without = service.restarted(trigger, { events: ['*'] });
		expect(await without.poll('trigger', 'update')).toBeNull();
		expect(await without.poll()).toBeNull();
		const again = service.restarted(without, low('10'));
		expect(idsOf(await again.poll('trigger', 'update'))).toEqual([
			`balance.low:${id}:2026-11-15:4`,
		]);
		expect(await again.poll()).toBeNull();
	});

	it('is lost if it is wiped: what is low is emitted once more', async () => {
		balance(5);
		const trigger = open(low('10'));
		const first = idsOf(await trigger.poll('trigger', 'activate'));
		const wiped = open(low('10'), { global: { counter: 1 } });
		expect(idsOf(await wiped.poll('trigger', 'init'))).toEqual(first);
		expect(wiped.warnings).toEqual([]);
		expect(await wiped.poll()).toBeNull();
	});

	it('by a later release ends the poll; what no release wrote starts anew', async () => {
		balance(5);
		const later = open(low('10'), { state: { levels: { version: 2 } } });
		expect((await thrownBy(later, 'init')).message).toContain('a newer release');
		const other = open(low('10'), { state: { levels: { version: 1, agents: 7 } } });
		expect(await other.poll('trigger', 'init')).toHaveLength(1);
		expect(other.warnings.join()).toContain("can't be read");
	});
});

describe('polls', () => {
	it('at the same time emit a crossing once', async () => {
		balance(50);
		const trigger = open(low('10'));
		await trigger.poll('trigger', 'activate');
		balance(5);
		const all = await Promise.all([trigger.poll(), trigger.poll(), trigger.poll()]);
		expect(all.flatMap((items) => items ?? [])).toHaveLength(1);
	});

	it('without time for all agents take turns', async () => {
		const agents = Array.from({ length: 15 }, (_, i) => service.addAgent(`${i}`));
		for (const agent of agents) limits(10n, null, agent);
		const trigger = open(low(), { budgetMs: 20_000 });
		service.passTime(4_000, LIMITS);
		const names = namesOf(await trigger.poll('trigger', 'activate'));
		expect(trigger.notes.join()).toContain('no time for');
		for (let i = 0; i < 3; i++) names.push(...namesOf(await trigger.poll()));
		expect(names.sort()).toEqual(['buyer', ...agents.map(({ name }) => name)].sort());
	});

	it('held back by too many requests find nothing, and lose nothing', async () => {
		balance(50);
		const trigger = open(low('10'));
		await trigger.poll('trigger', 'activate');
		balance(5);
		service.emulator.fault({ route: LIST, status: 429, headers: { 'Retry-After': '30' } });
		await thrownBy(trigger);
		expect(await trigger.poll()).toBeNull();
		afterTime(MINUTE);
		expect(await trigger.poll()).toHaveLength(1);
	});
});

describe('After a Restart: Repeat Last Batch', () => {
	const parameters = low('10', { options: { afterRestart: 'repeat' } });

	const killed = (trigger: TriggerUnderTest) => {
		const json = JSON.stringify(trigger.state).replace(/"process":"[^"]+"/g, '"process":"earlier"');
		return open(parameters, { state: JSON.parse(json) as IDataObject });
	};

	it('emits the last crossings again, as they were', async () => {
		balance(5);
		const trigger = open(parameters);
		const first = await trigger.poll('trigger', 'activate');
		balance(50);
		const again = killed(trigger);
		expect(await again.poll('trigger', 'init')).toEqual(first);
		expect(await again.poll()).toBeNull();
		balance(5);
		expect(idsOf(await again.poll())).toEqual([expect.stringMatching(/:2$/)]);
	});

	it('does not if a later batch of payments was emitted', async () => {
		balance(5);
		const both = { ...parameters, events: ['*', 'balance.low'] };
		const trigger = open(both);
		await trigger.poll('trigger', 'activate');
		afterTime(2 * MINUTE);
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(JSON.stringify(trigger.state.levels)).not.toContain('lastBatch');
	});
});

describe('a manual run', () => {
	it('gives one event of each chosen kind, from current data', async () => {
		at(10);
		const rich = service.addAgent('rich', { balanceMicro: 900n * USDC });
		balance(70);
		limits(10n);
		limits(10n, null, rich);
		pay('a', at(10.5), { amountMicro: USDC });
		const trigger = open({ events: ['*', 'balance.low', 'budget.used'] });
		const items = (await trigger.poll('manual')) ?? [];
		expect(items.map(({ event, agentName }) => [event, agentName])).toEqual([
			['payment.settled', 'buyer'],
			['balance.low', 'buyer'],
			['budget.used', 'buyer'],
		]);
		expect(trigger.writes).toBe(0);
	});

	it('looks for a budget among agents with limits, however many have none', async () => {
		at(10);
		const rich = service.addAgent('rich', { balanceMicro: 900n * USDC });
		for (let i = 0; i < 20; i++) service.addAgent(`poor ${i}`, { balanceMicro: BigInt(i) });
		limits(10n, null, rich);
		pay('a', at(10.5), { amountMicro: USDC, agent: rich });
		const items = (await open(used()).poll('manual')) ?? [];
		expect(items.map(({ agentName, usedPercent }) => [agentName, usedPercent])).toEqual([
			['rich', 10],
		]);
	});
});

describe('filters', () => {
	it('of payments do not apply', async () => {
		const filters = { balanceBelow: '10', direction: 'earn', minimumAmount: '1000' };
		const trigger = open({ events: ['balance.low'], filters });
		expect(await trigger.poll('trigger', 'activate')).toHaveLength(1);
	});

	it('of levels apply if an expression chooses the events', async () => {
		balance(15);
		const events = '={{ ["Balance.Low", "budget.used"] }}';
		const trigger = open({ events, filters: { balanceBelow: '20' } });
		expect(await trigger.poll('trigger', 'activate')).toEqual([
			expect.objectContaining({ thresholdUsdc: '20' }),
		]);
	});

	it.each([
		[{ balanceBelow: 'ten' }, 'Balance Below (USDC)'],
		[{ budgetUsedPercent: 0 }, 'Budget Used (%)'],
		[{ budgetUsedPercent: 101 }, 'Budget Used (%)'],
		[{ budgetUsedPercent: 50.5 }, 'Budget Used (%)'],
	])('that are invalid are named: %j', async (filters, name) => {
		const trigger = open({ events: ['balance.low', 'budget.used'], filters });
		expect((await thrownBy(trigger, 'activate')).message).toContain(name);
	});

	it('that change count from then on', async () => {
		balance(15);
		const trigger = open(low('10'));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		const higher = service.restarted(trigger, low('20'));
		expect(await higher.poll('trigger', 'activate')).toHaveLength(1);
		expect(await higher.poll()).toBeNull();
		expect(await service.restarted(higher, low('10')).poll('trigger', 'activate')).toBeNull();
	});
});
