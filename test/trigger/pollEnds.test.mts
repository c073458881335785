import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { randomAddress } from '../../tools/emulator/index.mts';
import { runNode, type TriggerUnderTest } from '../nodes/n8nCore.mts';
import {
	divide,
	expectEach,
	itemsOf,
	mostRequests,
	named,
	pollOnce,
	pollUntilQuiet,
	useLists,
	type Polled,
} from './list.mts';
import {
	ACTIVITY,
	chosen,
	idsOf,
	LIST,
	MINUTE,
	one,
	poll,
	SECOND,
	t0,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, open, pay } = service;

describe('a reading that once had no end', () => {
	it.each([1, 7])(
		'a new agent with 190 payments, others that come between its pages, and Maximum Events %s',
		async (maxEvents) => {
			const lists = useLists(service);
			const trigger = await activated({ options: { maxEvents } });
			const agent = service.addAgent('new', { createdAt: Date.now() });
			const list = lists(agent);
			list.addMany('new', 190, t0, SECOND);
			list.from((_, { number }) => {
				if (number === 2) list.addMany('then', 20, t0 + 20 * SECOND, SECOND);
				if (number !== 3) return;
				list.addMany('late', 3, t0 - 10 * MINUTE, SECOND);
				list.add('last', t0 + MINUTE);
			});
			const polls = await pollUntilQuiet(service, trigger, { quiet: 3, most: 260 });
			const ids = [...named('new', 190), ...named('then', 20), ...named('late', 3), 'last'];
			expectEach(itemsOf(polls), ids);
			// The buyer costs one.
			expect(mostRequests(polls)).toBeLessThanOrEqual(12);
		},
	);

	it.each([
		[1, 30],
		[1, 900],
		[0, 900],
	])(
		'two replicas one row apart (the one behind answers turn %s), %s new rows',
		async (turn, count) => {
			const list = useLists(service)();
			list.addMany('old', 60, t0, SECOND);
			const trigger = await activated({ options: { maxEvents: 100 } });
			list.addMany('new', count, t0 + count * SECOND, SECOND);
			list.from(() => {});
			list.division = (rows, request) =>
				divide(request.number % 2 === turn ? rows.slice(1) : rows, request);
			const polls = await pollUntilQuiet(service, trigger, { quiet: 4 });
			expectEach(itemsOf(polls), named('new', count));
			expect(mostRequests(polls)).toBeLessThanOrEqual(30);
		},
	);
});

/** Jest's limit ends it. */
async function waitUntil(holds: () => boolean): Promise<void> {
	while (!holds()) await sleep(20);
}

/** Answers with a body that comes one byte every 100 ms and would take minutes. */
function startDripping(): Promise<{
	server: Server;
	baseUrl: string;
	requests: string[];
	open: Set<string>;
}> {
	const requests: string[] = [];
	const open = new Set<string>();
	const server = createServer((request, response) => {
		requests.push(String(request.url));
		open.add(String(request.url));
		response.writeHead(200, { 'content-type': 'application/json' });
		const drip = setInterval(() => response.write(' '), 100);
		response.on('close', () => {
			clearInterval(drip);
			open.delete(String(request.url));
		});
	});
	return new Promise((resolve) => {
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address() as AddressInfo;
			resolve({ server, baseUrl: `http://127.0.0.1:${port}/v1`, requests, open });
		});
	});
}

/** A service behind a proxy that slows some answers to a trickle. */
async function startProxy(target: string, drips: (path: string) => boolean) {
	const server = createServer((request, response) => {
		const path = String(request.url);
		if (drips(path)) {
			response.writeHead(200, { 'content-type': 'application/json' });
			const drip = setInterval(() => response.write(' '), 100);
			response.on('close', () => clearInterval(drip));
			return;
		}
		const { authorization = '' } = request.headers;
		fetch(target.replace(/\/v1$/, '') + path, { headers: { authorization } })
			.then(async (answer) => {
				response.writeHead(answer.status, { 'content-type': 'application/json' });
				response.end(await answer.text());
			})
			.catch(() => response.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return { server, baseUrl: `http://127.0.0.1:${port}/v1` };
}

describe('an answer whose body comes a byte at a time', () => {
	const servers: Server[] = [];
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
	});

	const budgetMs = 4 * SECOND;
	/** Far beyond it on a busy machine too, and well before a call times out by itself. */
	const LATE_MS = 20 * SECOND;

	/** A poll within the budget. @returns how long it took, ms */
	async function timed(trigger: TriggerUnderTest, activation?: 'activate') {
		trigger.budgetMs = budgetMs;
		const start = performance.now();
		const outcome = await trigger.poll('trigger', activation).then(
			(items) => idsOf(items),
			(error: Error) => error.message,
		);
		const ms = performance.now() - start;
		trigger.budgetMs = undefined;
		return { outcome, ms };
	}

	async function behindProxy(drips: (path: string) => boolean) {
		const { server, baseUrl } = await startProxy(service.emulator.baseUrl, drips);
		servers.push(server);
		return baseUrl;
	}

	it.each([
		['the activity', /activity/],
		['the list of agents', /agents\?/],
	])('(%s) ends a poll within its budget, and the next ones find all', async (_, path) => {
		let isDripping = false;
		const trigger = open();
		const baseUrl = await behindProxy((asked) => isDripping && path.test(asked));
		trigger.credential = { ...service.credential, baseUrl };
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('a', t0);
		isDripping = true;
		const { ms, outcome } = await timed(trigger);
		expect(ms).toBeLessThan(LATE_MS);
		expect(outcome).not.toEqual(['a:settled']);
		// Again: the first doesn't delay the second.
		const again = await timed(trigger);
		expect(again.ms).toBeGreaterThan(budgetMs / 2);
		expect(again.ms).toBeLessThan(LATE_MS);
		isDripping = false;
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('does not delay the publishing, the first time and again', async () => {
		const { server, baseUrl, requests, open: dripping } = await startDripping();
		servers.push(server);
		const trigger = open();
		trigger.credential = { ...service.credential, baseUrl };
		for (let i = 0; i < 2; i++) {
			const { ms, outcome } = await timed(trigger, 'activate');
			expect(ms).toBeLessThan(LATE_MS);
			expect(outcome).toBeNull();
		}
		expect(requests.length).toBeGreaterThan(1);
		// What no one waits for would fill the memory.
		await waitUntil(() => dripping.size === 0);
		expect(trigger.warnings.join()).toContain('published');
		trigger.credential = service.credential;
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('ends with the request of an execution, too', async () => {
		const { server, baseUrl, requests, open: dripping } = await startDripping();
		servers.push(server);
		const timeout = AbortSignal.timeout.bind(AbortSignal);
		const spy = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(SECOND));
		const { error } = await runNode(
			{
				resource: 'agent',
				operation: 'create',
				name: 'a',
				ifAgentExists: 'create',
				agentKeyAddress: randomAddress(),
			},
			{ credential: { ...service.credential, baseUrl } },
		);
		spy.mockRestore();

		expect(error?.message).toContain('did not create the agent within');
		expect(requests).toHaveLength(1);
		await waitUntil(() => dripping.size === 0);
	});

	it('of one agent does not delay the events of others', async () => {
		const seller = service.addAgent('seller');
		const trigger = open(chosen(service.buyer, seller));
		let isDripping = false;
		const baseUrl = await behindProxy(
			(path) => isDripping && path.toLowerCase().includes(seller.address.toLowerCase()),
		);
		trigger.credential = { ...service.credential, baseUrl };
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('b', t0);
		pay('s', t0, { agent: seller });
		isDripping = true;
		const { ms, outcome } = await timed(trigger);
		expect(outcome).toEqual(['b:settled']);
		expect(ms).toBeLessThan(LATE_MS);
		isDripping = false;
		expect(await poll(trigger)).toEqual(['s:settled']);
	});
});

describe('four agents that hang at the head of the order', () => {
	it.each(['hang', 'reset'] as const)(
		'(%s) starve no other: their events come within two polls',
		async (how) => {
			const bad = [service.buyer, ...upTo(3).map((i) => service.addAgent(`bad ${i}`))];
			const good = upTo(12).map((i) => service.addAgent(`good ${i}`));
			const trigger = await activated();
			for (const agent of [...bad, ...good]) pay(`of ${agent.name}`, t0, { agent });
			const addresses = bad.map(({ address }) => address.toLowerCase());
			service.emulator.fault({
				route: ACTIVITY,
				...(how === 'hang' ? { hang: true } : { reset: true }),
				times: Infinity,
				match: ({ params }) => addresses.includes(String(params.address).toLowerCase()),
			});
			trigger.budgetMs = 4 * SECOND;
			const polls: Polled[] = [await pollOnce(service, trigger), await pollOnce(service, trigger)];
			expectEach(
				itemsOf(polls),
				good.map(({ name }) => `of ${name}`),
			);
		},
	);
});

describe('an answer that never comes', () => {
	it.each([LIST, ACTIVITY])('(%s) does not block the next poll', async (route) => {
		const trigger = await activated(route === LIST ? {} : one(service.buyer.address));
		pay('a', t0);
		service.emulator.fault({ route, hang: true });
		trigger.budgetMs = 4 * SECOND;
		expect((await pollOnce(service, trigger)).items).toEqual([]);
		trigger.budgetMs = undefined;
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});
