import { describe, expect, it, jest } from '@jest/globals';
import type { NodeApiError } from 'n8n-workflow';

import type { Agent } from '../../tools/emulator/index.mts';
import { runNode } from '../nodes/n8nCore.mts';

import {
	ACTIVITY,
	afterTime,
	atOnce,
	ATTEMPTS,
	DAY,
	gathered,
	LIST,
	MINUTE,
	one,
	poll,
	rowNumbers,
	rowsOf,
	SECOND,
	t0,
	thrownBy,
	upTo,
	useTrigger,
} from './trigger.mts';

const service = useTrigger();
const { activated, eventId, open, pay, restarted, seed } = service;

describe('a failure', () => {
	it('that ends within a poll has no effect', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.fault({ route: LIST, status: 502, headers: atOnce });
		service.failActivity({ status: 429, times: 2 });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it.each([
		['an error of the service', 500, 'temporarily-unavailable'],
		['a service that is not available', 503, 'temporarily-unavailable'],
		['too many requests', 429, 'rate-limited'],
		['a right that was taken away', 403, 'configuration-invalid'],
		['a bad request', 400, 'configuration-invalid'],
	])('of %s is thrown with its cause, and nothing is lost', async (_, status, cause) => {
		const trigger = await activated();
		pay('a', t0);
		const isRepeated = status === 429 || status >= 500;
		service.emulator.fault({
			route: LIST,
			status,
			headers: atOnce,
			times: isRepeated ? ATTEMPTS : 1,
		});
		const error = await thrownBy(trigger);
		expect(error.failure).toMatchObject({ cause });
		expect(error.message).toContain(`HTTP ${status}`);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([
		['too many requests', 429, 'rate-limited'],
		['maintenance', 503, 'temporarily-unavailable'],
	])('of %s passes on how long to wait, and nothing more is sent', async (_, status, cause) => {
		const trigger = await activated(one(service.buyer.address));
		pay('a', t0);
		service.emulator.clearCalls();
		service.failActivity({ status, times: 1, headers: { 'Retry-After': '90' } });
		const error = await thrownBy(trigger);
		expect(error.failure).toEqual({ cause, retryAfterMs: 90_000 });
		expect(service.emulator.calls).toHaveLength(1);
		afterTime(90 * SECOND);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('of connections that break is thrown as temporary', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.fault({ route: ACTIVITY, reset: true, times: ATTEMPTS });
		expect((await thrownBy(trigger)).failure).toEqual({ cause: 'temporarily-unavailable' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('with a row of another form is reported, and nothing is lost once it is fixed', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.changePages(
			(page) => ({ ...page, activity: [{ id: 'a', status: '', timestamp: '' }] }),
			{ times: 1 },
		);
		const error = await thrownBy(trigger);
		expect(error.message).toContain('is not as expected: activity.0.type');
		expect(error.failure).toEqual({ cause: 'node-defect' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('in the middle of a long backlog loses and repeats nothing', async () => {
		const trigger = await activated();
		seed(900);
		service.emulator.fault({
			route: ACTIVITY,
			status: 502,
			headers: atOnce,
			times: ATTEMPTS,
			match: ({ query }) => query.page === '3',
		});
		expect(rowNumbers(await gathered(trigger, 900, 4))).toEqual(upTo(900));
		expect(await poll(trigger)).toBeNull();
	});

	it('with answers that are cut off loses nothing', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.fault({ route: ACTIVITY, malformedJson: true });
		expect((await thrownBy(trigger)).message).toContain('instead of JSON');
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('contains no key', async () => {
		const { apiKey } = service.emulator;
		service.emulator.fault({ route: LIST, status: 400, body: { message: `bad key ${apiKey}` } });
		const error = await thrownBy(open());
		expect(`${error.message} ${error.description} ${error.stack}`).not.toContain(apiKey.slice(8));
		expect(error.message).toContain('sk_test_…');
	});

	it('of one agent puts no key into the log either', async () => {
		const { apiKey } = service.emulator;
		const seller = service.addAgent('seller');
		const trigger = await activated();
		service.emulator.fault({
			route: ACTIVITY,
			status: 400,
			body: { message: `bad key ${apiKey}` },
			match: ({ params }) => params.address === seller.address,
		});
		expect(await poll(trigger)).toBeNull();
		expect(trigger.warnings.join()).toContain('sk_test_…');
		expect(trigger.warnings.join()).not.toContain(apiKey.slice(8));
	});
});

describe('a failure of some agents', () => {
	it('does not delay the others, and the next poll catches up', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated();
		service.failActivity({ agent: seller, times: 2 * ATTEMPTS });
		pay('b1', t0 + 1);
		pay('s1', t0 + 2, { agent: seller });
		expect(await poll(trigger)).toEqual(['b1:settled']);
		expect(trigger.warnings.join()).toMatch(
			new RegExp(`agent ${seller.address.toLowerCase()}; the next poll catches up: .*HTTP 500`),
		);
		pay('b2', t0 + 3);
		pay('s2', t0 + DAY / 2, { agent: seller });
		expect(await poll(trigger)).toEqual(['b2:settled']);
		const next = restarted(trigger);
		expect(await poll(next)).toEqual(['s1:settled', 's2:settled']);
		expect(await poll(next)).toBeNull();
	});

	it('gives the reasons of five in the log, and names others', async () => {
		const failing = upTo(8).map((i) => service.addAgent(`agent ${i}`));
		const trigger = await activated();
		for (const agent of failing) service.failActivity({ agent, times: ATTEMPTS });
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
		const named = trigger.warnings.filter((text) => text.includes('could not read agent 0x'));
		expect(named).toHaveLength(5);
		expect(trigger.warnings.at(-1)).toMatch(/: could not read 0x\w+, 0x\w+, 0x\w+ either$/);
	});

	it('keeps the changes of their payments', async () => {
		const seller = service.addAgent('seller');
		pay('s', t0, { agent: seller, status: 'authorized' });
		const trigger = await activated();
		service.emulator.setStatus('s', 'settled');
		service.failActivity({ agent: seller });
		expect(await poll(trigger)).toBeNull();
		expect(await trigger.poll()).toMatchObject([
			{ eventId: eventId('s:settled', seller), previousStatus: 'authorized' },
		]);
	});

	it('in the middle of their pages loses and repeats nothing, and delays no others', async () => {
		const seller = service.addAgent('seller');
		const trigger = await activated();
		seed(450, { agent: seller });
		service.emulator.fault({
			route: ACTIVITY,
			match: ({ query, params }) => query.page === '2' && params.address === seller.address,
			status: 502,
			headers: atOnce,
			times: ATTEMPTS,
		});
		pay('b', t0);
		const first = await trigger.poll();
		expect(rowsOf(first)).toContain('b');
		const items = [...(first ?? []), ...(await gathered(trigger, 451 - (first ?? []).length))];
		const ofSeller = items.filter(({ agentName }) => agentName === 'seller');
		expect(items).toHaveLength(451);
		expect(rowNumbers(ofSeller)).toEqual(upTo(450));
		expect(await poll(trigger)).toBeNull();
	});

	it('that affects all of them ends the poll, with the reason', async () => {
		service.addAgent('seller');
		const trigger = await activated();
		pay('a', t0);
		service.failActivity({ times: 2 * ATTEMPTS });
		const error = await thrownBy(trigger);
		expect(error.message).toMatch(/could not list the transactions \(HTTP 500\)/);
		expect(error.description).toMatch(/The request was GET \/agents\/0x\w{40}\/activity\.$/);
		expect(error.failure).toMatchObject({ cause: 'temporarily-unavailable' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});

describe('an agent that is never read', () => {
	/** Makes time pass on the node's clock. */
	function useClock() {
		let now = Date.now();
		jest.spyOn(Date, 'now').mockImplementation(() => now);
		return { pass: (ms: number) => void (now += ms) };
	}
	const HOUR = 60 * MINUTE;
	type Fault =
		| { status: number; headers?: Record<string, string> }
		| { mutate: (body: unknown) => unknown };
	const REASONS: Array<[string, Fault, string]> = [
		['a right that was taken away', { status: 403 }, 'HTTP 403'],
		['a path that is not there', { status: 404 }, 'HTTP 404'],
		[
			'a row of another form',
			{ mutate: () => ({ activity: [{ id: 'odd' }], hasNextPage: false, totalCount: 1 }) },
			'is not as expected',
		],
	];
	/** Makes an agent unreadable until the returned function is called. */
	function breakAgent(agent: Agent, fault: Fault): () => void {
		let isBroken = true;
		service.emulator.fault({
			route: ACTIVITY,
			times: Infinity,
			...fault,
			match: ({ params }) => isBroken && sameAgent(params.address, agent),
		});
		return () => void (isBroken = false);
	}
	const sameAgent = (address: string | undefined, agent: Agent) =>
		address?.toLowerCase() === agent.address.toLowerCase();

	it.each(REASONS)('for %s is thrown once an hour, and loses nothing', async (_, fault, said) => {
		const clock = useClock();
		const seller = service.addAgent('seller');
		const trigger = await activated();
		const repair = breakAgent(seller, fault);
		pay('b0', t0);
		pay('s0', t0, { agent: seller });
		expect(await poll(trigger)).toEqual(['b0:settled']);
		const ids: string[] = [];
		let thrown = 0;
		for (let minute = 10; minute <= 130; minute += 10) {
			clock.pass(10 * MINUTE);
			if (minute % 40 === 20) pay(`b${minute}`, t0 + minute, { agent: service.buyer });
			const [before, writes] = [JSON.stringify(trigger.state), trigger.writes];
			try {
				ids.push(...((await poll(trigger)) ?? []));
			} catch (error) {
				thrown++;
				expect((error as Error).message).toMatch(
					new RegExp(`^Could not read agent ${seller.address.toLowerCase()} since 20.*Z: `),
				);
				expect((error as Error).message).toContain(said);
				// Any other cause would keep all agents waiting under the durable scheduler.
				expect((error as NodeApiError).failure).toEqual({ cause: 'temporarily-unavailable' });
				expect((error as NodeApiError).httpCode).toBeNull();
				expect((error as NodeApiError).description).toContain('at most once an hour');
				expect([JSON.stringify(trigger.state), trigger.writes]).toEqual([before, writes]);
			}
		}
		expect(thrown).toBe(3);
		expect(ids).toEqual(['b20:settled', 'b60:settled', 'b100:settled']);
		repair();
		expect(await poll(trigger)).toEqual(['s0:settled']);
		clock.pass(2 * HOUR);
		expect(await poll(trigger)).toBeNull();
	});

	it('is thrown although every poll has events, which come with the next one', async () => {
		const clock = useClock();
		const seller = service.addAgent('seller');
		const trigger = await activated();
		breakAgent(seller, { status: 403 });
		const ids: string[] = [];
		const thrown: number[] = [];
		for (let minute = 0; minute < 40; minute++) {
			clock.pass(MINUTE);
			pay(`b${minute}`, t0 + minute);
			try {
				ids.push(...((await poll(trigger)) ?? []));
			} catch {
				thrown.push(minute);
			}
		}
		expect(thrown).toEqual([15]);
		expect(ids).toEqual(upTo(40).map((minute) => `b${minute}:settled`));
	});

	it('for a reason that should pass is thrown after an hour, and then hourly', async () => {
		const clock = useClock();
		const seller = service.addAgent('seller');
		const trigger = await activated();
		breakAgent(seller, { status: 503, headers: atOnce });
		const thrown: number[] = [];
		for (let i = 0; i < 15; i++) {
			clock.pass(HOUR / 6);
			await poll(trigger).catch(() => thrown.push(i));
		}
		expect(thrown).toEqual([6, 12]);
	});

	it('for a reason that passes is not thrown, and neither is one poll alone', async () => {
		const clock = useClock();
		const seller = service.addAgent('seller');
		const trigger = await activated();
		const repair = breakAgent(seller, { status: 503, headers: atOnce });
		for (let i = 0; i < 3; i++) {
			clock.pass(HOUR / 4);
			expect(await poll(trigger)).toBeNull();
		}
		repair();
		expect(await poll(trigger)).toBeNull();
		service.failActivity({ status: 403, agent: seller, times: 1 });
		for (let i = 0; i < 3; i++) expect(await poll(trigger)).toBeNull();
	});

	it('is not thrown at publishing, nor by a poll that reads the baseline of another', async () => {
		const clock = useClock();
		const [seller, third] = [service.addAgent('seller'), service.addAgent('third')];
		breakAgent(seller, { status: 403 });
		const repairThird = breakAgent(third, { status: 503, headers: atOnce });
		pay('old', t0, { agent: third });
		const trigger = service.durable();
		expect(await trigger.activate()).toBeNull();
		pay('b', t0);
		expect(await poll(trigger)).toEqual(['b:settled']);
		repairThird();
		clock.pass(MINUTE);
		expect(await poll(trigger)).toBeNull();
		pay('new', t0 + 1, { agent: third });
		expect(await poll(trigger)).toEqual(['new:settled']);
		const before = JSON.stringify(trigger.cursor);
		await expect(poll(trigger)).rejects.toThrow('HTTP 403');
		expect(JSON.stringify(trigger.cursor)).toBe(before);
		pay('next', t0 + 2, { agent: third });
		expect(await poll(trigger)).toEqual(['next:settled']);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('too many requests', () => {
	const tooMany = { status: 429, headers: { 'Retry-After': '30' } };

	it('keep other polls with the key from sending anything, and they do not fail', async () => {
		const trigger = await activated();
		const other = await activated({}, { workflowId: 'another workflow' });
		pay('a', t0);
		service.emulator.fault({ route: LIST, ...tooMany });
		await thrownBy(trigger);
		service.emulator.clearCalls();
		for (let i = 0; i < 3; i++) {
			expect(await poll(other)).toBeNull();
			expect(await poll(trigger)).toBeNull();
		}
		expect(service.emulator.calls).toEqual([]);
		afterTime(30 * SECOND);
		expect(await poll(other)).toEqual(['a:settled']);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('fail one of the polls that have met them at the same time', async () => {
		const triggers = [];
		for (let i = 0; i < 5; i++) triggers.push(await activated({}, { workflowId: `${i}` }));
		pay('a', t0);
		service.emulator.fault({ route: LIST, ...tooMany, times: Infinity });
		const polls = await Promise.allSettled(triggers.map(async (trigger) => await poll(trigger)));
		expect(polls.map(({ status }) => status).toSorted()).toEqual([
			...Array.from({ length: 4 }, () => 'fulfilled'),
			'rejected',
		]);
	});

	it('fail a trigger that others hold back for three minutes', async () => {
		const other = await activated({}, { workflowId: 'another workflow' });
		const trigger = await activated();
		for (let minute = 0; minute < 3; minute++) {
			service.emulator.fault({ route: LIST, ...tooMany });
			await thrownBy(other);
			expect(await poll(trigger)).toBeNull();
			afterTime(MINUTE);
		}
		service.emulator.fault({ route: LIST, ...tooMany });
		await thrownBy(other);
		expect((await thrownBy(trigger)).failure).toMatchObject({ cause: 'rate-limited' });
		expect(trigger.warnings).toEqual([expect.stringContaining('reads nothing for now')]);
	});

	it('of writes hold back no read', async () => {
		const trigger = await activated();
		pay('a', t0);
		const headers = { 'Retry-After': '90' };
		service.emulator.fault({ route: 'POST /agents', status: 429, headers });
		const agentKeyAddress = `0x${'1'.repeat(40)}`;
		const fields = { resource: 'agent', operation: 'create', name: 'x', agentKeyAddress };
		const { error } = await runNode(fields, { credential: service.credential });
		expect(error?.message).toContain('429');
		expect(service.emulator.agents()).toHaveLength(1);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('hold back nothing for more than a minute', async () => {
		const trigger = await activated();
		service.emulator.fault({ route: LIST, status: 429, headers: { 'Retry-After': '86400' } });
		await thrownBy(trigger);
		pay('a', t0);
		afterTime(59 * SECOND);
		expect(await poll(trigger)).toBeNull();
		afterTime(2 * SECOND);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('of one agent hold back no other one, for however long', async () => {
		const seller = service.addAgent('seller');
		const limited = await activated(one(seller.address), { workflowId: 'limited' });
		const trigger = await activated(one(service.buyer.address));
		for (let minute = 0; minute < 5; minute++) {
			service.failActivity({ ...tooMany, agent: seller, times: 1 });
			await thrownBy(limited);
			pay(`${minute}`, t0 + minute);
			expect(await poll(trigger)).toEqual([`${minute}:settled`]);
			afterTime(MINUTE);
		}
	});

	it('of two agents hold back all reads with the key', async () => {
		const agents = ['seller', 'third'].map((name) => service.addAgent(name));
		const limited = [];
		for (const agent of agents)
			limited.push(await activated(one(agent.address), { workflowId: agent.name }));
		const trigger = await activated(one(service.buyer.address));
		for (const agent of agents) service.failActivity({ ...tooMany, agent, times: 1 });
		await Promise.allSettled(limited.map(async (other) => await other.poll()));
		pay('a', t0);
		service.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		expect(service.emulator.calls).toEqual([]);
		afterTime(30 * SECOND);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('do not hold back another key', async () => {
		const trigger = await activated();
		service.emulator.fault({ route: LIST, ...tooMany });
		await thrownBy(trigger);
		pay('a', t0);
		trigger.credential = { ...service.credential, apiKey: service.emulator.createApiKey() };
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('end the reading of further agents, and the next poll begins with them', async () => {
		for (let i = 1; i < 12; i++) service.addAgent(`agent ${i}`);
		const agents = service.emulator.agents().map(({ address }) => address);
		const trigger = await activated();
		agents.forEach((address, i) =>
			service.emulator.pay({ agent: address, id: `${i}`, timestamp: t0 + i }),
		);
		service.emulator.clearCalls();
		service.emulator.fault({
			route: ACTIVITY,
			status: 429,
			headers: { 'Retry-After': '90' },
			match: ({ params }) => params.address === agents[1],
		});
		const first = rowsOf(await trigger.poll());
		const read = service.readings.map(({ params }) => params.address);
		expect(read).toContain(agents[1]);
		expect(read.length).toBeLessThan(agents.length);
		expect(first).not.toContain('1');
		const unread = agents.filter((address) => !read.includes(address));

		service.emulator.clearCalls();
		afterTime(90 * SECOND);
		const second = rowsOf(await trigger.poll());
		const begun = service.readings.slice(0, 4).map(({ params }) => params.address);
		expect(begun).toContain(unread[0]);
		expect([...first, ...second].sort()).toEqual(agents.map((_, i) => `${i}`).sort());
		expect(await poll(trigger)).toBeNull();
	});

	it('for every agent end the poll with the wait that the service requests', async () => {
		service.addAgent('seller');
		const trigger = await activated();
		service.failActivity({ status: 429, times: 2, headers: { 'Retry-After': '60' } });
		expect((await thrownBy(trigger)).failure).toEqual({
			cause: 'rate-limited',
			retryAfterMs: 60_000,
		});
	});
});

describe('a key', () => {
	it('that is revoked is named, and its replacement loses and repeats nothing', async () => {
		const { emulator } = service;
		const trigger = await activated();
		pay('a', t0 + 1);
		expect(await poll(trigger)).toEqual(['a:settled']);
		const next = emulator.createApiKey();
		emulator.revokeApiKey(emulator.apiKey);
		pay('b', t0 + 2);

		const error = await thrownBy(trigger);
		expect(error.message).toBe(
			'Ampersend rejected the API key (HTTP 401): This API key has been revoked',
		);
		expect(error.description).toContain('https://app.sandbox.ampersend.ai');
		expect(error.failure).toEqual({ cause: 'credential-invalid' });

		trigger.credential = { ...service.credential, apiKey: next };
		expect(await poll(trigger)).toEqual(['b:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it.each([30, 450])(
		'that is revoked in the middle of a poll of %s payments loses and repeats nothing',
		async (count) => {
			const { emulator } = service;
			const trigger = await activated();
			seed(count);
			const next = emulator.createApiKey();
			emulator.after(ACTIVITY, () => emulator.revokeApiKey(emulator.apiKey));
			expect((await thrownBy(trigger)).failure).toEqual({ cause: 'credential-invalid' });
			trigger.credential = { ...service.credential, apiKey: next };
			expect(rowNumbers(await trigger.poll())).toEqual(upTo(count));
			expect(await poll(trigger)).toBeNull();
		},
	);

	it('that is revoked between two agents is named, and the others are emitted', async () => {
		const { emulator } = service;
		for (let i = 1; i < 8; i++) service.addAgent(`agent ${i}`);
		const agents = emulator.agents();
		const trigger = await activated();
		agents.forEach((agent, i) => pay(`${i}`, t0 + i, { agent }));
		const next = emulator.createApiKey();
		emulator.after(ACTIVITY, () => emulator.revokeApiKey(emulator.apiKey), {
			match: ({ params }) => params.address === agents[3]?.address,
		});
		const emitted = rowsOf(await trigger.poll());
		expect(emitted).toContain('3');
		expect(emitted.length).toBeLessThan(agents.length);
		expect(trigger.warnings.join()).toContain('rejected the API key');
		expect((await thrownBy(trigger)).failure).toEqual({ cause: 'credential-invalid' });
		trigger.credential = { ...service.credential, apiKey: next };
		const rest = rowsOf(await trigger.poll());
		expect([...emitted, ...rest].sort()).toEqual(agents.map((_, i) => `${i}`));
		expect(await poll(trigger)).toBeNull();
	});

	it('that is rotated while both are valid changes nothing', async () => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		trigger.credential = { ...service.credential, apiKey: service.emulator.createApiKey() };
		expect(await poll(trigger)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
		expect(service.emulator.calls.at(-1)?.keyLabel).toBe('key-2');
	});
});
