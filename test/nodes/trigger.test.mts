import { beforeEach, describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters, NodeApiError } from 'n8n-workflow';

import type { Agent, PaymentDetails } from '../emulator/index.mts';
import { openTrigger, type TriggerUnderTest } from './n8n.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();

const ACTIVITY = 'GET /agents/{address}/activity';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const LOOK_BACK = 15 * MINUTE;
const atOnce = { 'Retry-After': '0' };

let t0: number;
let buyer: Agent;

beforeEach(() => {
	t0 = Date.now() - DAY;
	buyer = service.emulator.addAgent({ name: 'buyer', createdAt: t0 - DAY });
});

const open = (parameters: INodeParameters = {}) => openTrigger(parameters, service.credential);
const chosen = (...agents: Agent[]): INodeParameters => ({
	agentScope: 'selected',
	agents: agents.map(({ address }) => address.toLowerCase()),
});

const pay = (id: string, timestamp: number, details: PaymentDetails & { agent?: Agent } = {}) =>
	service.emulator.pay({ agent: buyer, id, timestamp, ...details });

const idsOf = (items: IDataObject[] | null) => items?.map(({ eventId }) => eventId) ?? null;
const poll = async (trigger: TriggerUnderTest) => idsOf(await trigger.poll());

/** Activated: the baseline is taken. */
async function activated(parameters?: INodeParameters): Promise<TriggerUnderTest> {
	const trigger = open(parameters);
	expect(await trigger.poll('trigger', 'activate')).toBeNull();
	return trigger;
}

/** The same node after n8n has stored its state and read it again. */
function restarted(trigger: TriggerUnderTest, parameters?: INodeParameters): TriggerUnderTest {
	const next = open(parameters);
	Object.assign(next.state, JSON.parse(JSON.stringify(trigger.state)));
	return next;
}

async function thrownBy(trigger: TriggerUnderTest): Promise<NodeApiError> {
	const before = JSON.stringify(trigger.state);
	const error = await trigger.poll().then(
		(items) => new Error(`it gave ${JSON.stringify(items)}`),
		(thrown: unknown) => thrown,
	);
	expect(JSON.stringify(trigger.state)).toBe(before);
	return error as NodeApiError;
}

const timesOf = (items: IDataObject[] | null) => (items ?? []).map(({ occurredAt }) => String(occurredAt));
const seededIds = (count: number) => Array.from({ length: count }, (_, i) => i);
const rowNumbers = (items: IDataObject[] | null) =>
	(items ?? []).map(({ activityId }) => Number(String(activityId).split(':')[1]));

describe('an event', () => {
	it('keeps its id where the service adds a field of that name', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'settled' });
		service.emulator.fault({
			route: ACTIVITY,
			mutate: (body) => {
				const { activity, ...page } = body as { activity: object[] };
				return {
					...page,
					activity: activity.map((row) => ({ ...row, eventId: 'x', event: 'x', note: 'kept' })),
				};
			},
		});
		expect(await trigger.poll()).toMatchObject([
			{ eventId: 'a:settled', event: 'payment.settled', note: 'kept' },
		]);
	});
});

describe('what is chosen', () => {
	it('may leave "payment." out, in an expression', async () => {
		const trigger = await activated({ events: '={{ "denied, failed" }}' });
		pay('a', t0, { status: 'settled' });
		pay('b', t0 + 1, { status: 'denied' });
		expect(await poll(trigger)).toEqual(['b:denied']);
	});

	it('is refused at activation where none of the agents is one of the account', async () => {
		const stranger = service.emulator.addAgent({ owner: 'someone else' });
		const error = await thrownBy(open(chosen(stranger)));
		expect(error.message).toContain('none of the selected ones is an agent of this account');
		expect(error.message).toContain(stranger.address.toLowerCase());
	});

	it('decides which events a sample shows, however many others are newer', async () => {
		pay('wanted', t0, { status: 'denied' });
		for (let i = 1; i <= 15; i++) pay(`other-${i}`, t0 + i, { status: 'settled' });
		const sample = await open({ events: ['payment.denied'] }).poll('manual', 'manual');
		expect(idsOf(sample)).toEqual(['wanted:denied']);
	});
});

describe('at activation', () => {
	it('what is there already is the baseline and starts nothing', async () => {
		service.emulator.seedActivity(buyer, 60, undefined, { newest: t0 });
		const trigger = await activated();
		expect(await poll(trigger)).toBeNull();
	});

	it('an account without agents is no obstacle, and its first payment is told of', async () => {
		service.emulator.removeAgent(buyer);
		const trigger = await activated();
		const first = service.emulator.addAgent({ name: 'first' });
		pay('a', t0, { agent: first });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('an agent without payments is no obstacle, and its first payment is told of', async () => {
		const trigger = await activated();
		pay('a', t0 - 30 * DAY);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('a service in trouble is named, and nothing is stored', async () => {
		service.emulator.fault({ route: 'GET /agents', status: 503, headers: atOnce, times: 3 });
		const trigger = open();
		expect((await thrownBy(trigger)).message).toContain('could not process GET /agents (HTTP 503)');
		expect(trigger.state).toEqual({});
	});
});

describe('a new payment', () => {
	it('is told of once, with everything that a workflow needs', async () => {
		pay('old', t0);
		const trigger = await activated();
		const { txHash, receiver } = pay('a', t0 + 1000, { amountMicro: 1_250_000n });
		expect(await trigger.poll()).toEqual([
			{
				eventId: 'a:settled',
				event: 'payment.settled',
				previousStatus: null,
				status: 'settled',
				activityId: 'a',
				agentAddress: buyer.address,
				agentName: 'buyer',
				direction: 'spend',
				counterparty: receiver,
				amountUsdc: '1.25',
				amountUsdcMicro: '1250000',
				transactionHash: txHash,
				explorerUrl: `https://sepolia.basescan.org/tx/${txHash}`,
				chain: 'eip155:84532',
				occurredAt: new Date(t0 + 1000).toISOString(),
			},
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('that an agent received has no counterparty, because who paid is not published', async () => {
		const trigger = await activated();
		pay('a', t0, { type: 'earn' });
		expect(await trigger.poll()).toMatchObject([
			{ event: 'payment.received', direction: 'earn', counterparty: null },
		]);
	});

	it.each([
		['seconds', 's'],
		['milliseconds', 'ms'],
	] as const)('has its time right where the service writes %s', async (_, activityTimestamp) => {
		service.emulator.wire.activityTimestamp = activityTimestamp;
		const trigger = await activated();
		const second = Math.floor(t0 / 1000) * 1000;
		pay('a', second);
		expect(timesOf(await trigger.poll())).toEqual([new Date(second).toISOString()]);
	});

	it('that changes its status is told of again, with the status before', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'authorized' });
		expect(await trigger.poll()).toMatchObject([{ eventId: 'a:authorized', previousStatus: null }]);
		service.emulator.setStatus('a', 'settled');
		expect(await trigger.poll()).toMatchObject([
			{ eventId: 'a:settled', event: 'payment.settled', previousStatus: 'authorized' },
		]);
		expect(await poll(trigger)).toBeNull();
	});

	it('that was authorized before activation is told of when it settles', async () => {
		pay('a', t0, { status: 'authorized' });
		const trigger = await activated();
		service.emulator.setStatus('a', 'settled');
		expect(await trigger.poll()).toMatchObject([{ eventId: 'a:settled', previousStatus: 'authorized' }]);
	});

	it('that is still open is watched behind hundreds of newer ones', async () => {
		const trigger = await activated();
		pay('a', t0, { status: 'authorized' });
		expect(await poll(trigger)).toEqual(['a:authorized']);
		service.emulator.seedActivity(buyer, 250, undefined, { newest: t0 + 251 * MINUTE });
		expect(rowNumbers(await trigger.poll())).toEqual(seededIds(250));
		service.emulator.setStatus('a', 'failed');
		expect(await poll(trigger)).toEqual(['a:failed']);
		expect(await poll(trigger)).toBeNull();
	});

	it('that shares its time with one told of already is not lost', async () => {
		pay('a', t0);
		const trigger = await activated();
		pay('b', t0);
		expect(await poll(trigger)).toEqual(['b:settled']);
		pay('c', t0);
		pay('d', t0);
		expect(await poll(trigger)).toEqual(['c:settled', 'd:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('that appears late, inside the look-back, is told of once', async () => {
		pay('a', t0);
		const trigger = await activated();
		pay('late', t0 - LOOK_BACK);
		expect(await poll(trigger)).toEqual(['late:settled']);
		expect(await poll(trigger)).toBeNull();
		pay('too late', t0 - LOOK_BACK - 1);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('many payments', () => {
	it('more than a page between two polls are told of, each once, the oldest first', async () => {
		pay('old', t0 - MINUTE);
		const trigger = await activated();
		service.emulator.seedActivity(buyer, 450, undefined, { newest: t0 + 450, everyMs: 1 });
		const items = await trigger.poll();
		expect(rowNumbers(items)).toEqual(seededIds(450));
		expect(timesOf(items)).toEqual(timesOf(items).sort());
		expect(await poll(trigger)).toBeNull();
	});

	it('more than a page with one time are told of, each once, in the order they came', async () => {
		const trigger = await activated();
		service.emulator.seedActivity(buyer, 230, undefined, { newest: t0, everyMs: 0 });
		expect(rowNumbers(await trigger.poll())).toEqual(seededIds(230));
		expect(await poll(trigger)).toBeNull();
	});

	it.each([
		['the small first page', 20, 1],
		['the first large page', 200, 1],
		['the second large page', 200, 2],
	])('of which some come after %s was read are told of, each once', async (_, limit, page) => {
		const trigger = await activated();
		service.emulator.seedActivity(buyer, 250, undefined, { newest: t0 + 250, everyMs: 1 });
		const arriving = ['x', 'y', 'z'];
		service.emulator.after(ACTIVITY, () => arriving.forEach((id, i) => pay(id, t0 + 1000 + i)), {
			match: ({ query }) => query.limit === String(limit) && query.page === String(page),
		});
		const ids = [...((await trigger.poll()) ?? []), ...((await trigger.poll()) ?? [])].map(({ activityId }) => String(activityId));
		expect(ids.filter((id) => !id.includes(':'))).toEqual(arriving);
		expect(ids).toHaveLength(253);
		expect(new Set(ids).size).toBe(253);
		expect(await poll(trigger)).toBeNull();
	});

	it('that share the time at the edge of the look-back are told of, though a page ends between them', async () => {
		pay('known', t0);
		const trigger = await activated();
		for (let i = 1; i <= 18; i++) pay(`new ${i}`, t0 + i);
		pay('edge 1', t0 - LOOK_BACK);
		pay('edge 2', t0 - LOOK_BACK);
		pay('old', t0 - DAY);
		const ids = await poll(trigger);
		expect(ids).toHaveLength(20);
		expect(ids?.slice(0, 2)).toEqual(['edge 1:settled', 'edge 2:settled']);
	});

	it('are told of where an old one stands before them', async () => {
		pay('known', t0);
		const trigger = await activated();
		const old = { id: 'old', timestamp: String(t0 - DAY) };
		service.emulator.seedActivity(buyer, 30, undefined, { newest: t0 + 30, everyMs: 1 });
		service.emulator.fault({
			route: ACTIVITY,
			match: ({ query }) => query.limit === '20',
			mutate: (body) => {
				const { activity, ...rest } = body as { activity: object[] };
				return { ...rest, activity: [{ ...activity[0], ...old }, ...activity.slice(0, 19)] };
			},
		});
		expect(rowNumbers(await trigger.poll())).toEqual(seededIds(30));
	});

	it('of several agents come in one order, the oldest first', async () => {
		const seller = service.emulator.addAgent({ name: 'seller', createdAt: t0 - DAY });
		const trigger = await activated();
		pay('d', t0 + 4);
		pay('c', t0 + 3, { agent: seller });
		pay('b', t0 + 2);
		pay('a', t0 + 1, { agent: seller });
		expect(await poll(trigger)).toEqual(['a:settled', 'b:settled', 'c:settled', 'd:settled']);
	});
});

describe('Trigger On', () => {
	it('lets the chosen events through, and what it held back does not come later', async () => {
		const trigger = await activated({ events: ['payment.denied', 'payment.failed'] });
		pay('a', t0 + 1, { status: 'settled' });
		pay('b', t0 + 2, { status: 'denied' });
		pay('c', t0 + 3, { status: 'failed' });
		pay('d', t0 + 4, { type: 'earn' });
		expect(await poll(trigger)).toEqual(['b:denied', 'c:failed']);
		expect(await poll(restarted(trigger))).toBeNull();
	});

	it('that holds everything back starts nothing', async () => {
		const trigger = await activated({ events: ['payment.denied'] });
		pay('a', t0);
		expect(await poll(trigger)).toBeNull();
	});
});

describe('the agents', () => {
	let seller: Agent;
	beforeEach(() => {
		seller = service.emulator.addAgent({ name: 'seller', createdAt: t0 - DAY });
	});

	it('that are chosen are told of, and no others are asked', async () => {
		const trigger = await activated(chosen(seller));
		pay('a', t0);
		pay('b', t0, { agent: seller });
		expect(await poll(trigger)).toEqual(['b:settled']);
		const asked = service.emulator.calls.flatMap(({ route, params }) => (route === ACTIVITY ? [params.address] : []));
		expect(new Set(asked)).toEqual(new Set([seller.address]));
	});

	it('one made after activation is read from its beginning where all are watched', async () => {
		pay('old', t0);
		const trigger = await activated();
		const late = service.emulator.addAgent({ name: 'late', createdAt: t0 + MINUTE });
		service.emulator.seedActivity(late, 30, undefined, { newest: t0 + DAY / 2, everyMs: LOOK_BACK });
		expect(rowNumbers(await trigger.poll())).toEqual(seededIds(30));
		expect(await poll(trigger)).toBeNull();
	});

	it('one that is newly chosen starts at its own baseline', async () => {
		const trigger = await activated(chosen(buyer));
		pay('before', t0 + MINUTE, { agent: seller });
		const both = restarted(trigger, chosen(buyer, seller));
		expect(await poll(both)).toBeNull();
		pay('after', t0 + 2 * MINUTE, { agent: seller });
		expect(await poll(both)).toEqual(['after:settled']);
	});

	it.each(['all', 'chosen'])('one of %s that vanished is dropped quietly, and the others go on', async (which) => {
		const trigger = await activated(which === 'all' ? {} : chosen(buyer, seller));
		service.emulator.removeAgent(buyer);
		pay('after', t0, { agent: seller });
		expect(await poll(trigger)).toEqual(['after:settled']);
		expect(JSON.stringify(trigger.state)).not.toContain(buyer.address.toLowerCase());
	});

	it('one that cannot be read is caught up with, while the others are told of', async () => {
		const trigger = await activated();
		service.emulator.fault({
			route: ACTIVITY,
			match: ({ params }) => params.address === seller.address,
			status: 500,
			headers: atOnce,
			times: 6,
		});
		pay('b1', t0 + 1);
		pay('s1', t0 + 2, { agent: seller });
		expect(await poll(trigger)).toEqual(['b1:settled']);
		pay('b2', t0 + 3);
		pay('s2', t0 + DAY / 2, { agent: seller });
		expect(await poll(trigger)).toEqual(['b2:settled']);
		expect(await poll(trigger)).toEqual(['s1:settled', 's2:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('one that fails in the middle of its pages is not told of in part', async () => {
		const trigger = await activated();
		service.emulator.seedActivity(seller, 450, undefined, { newest: t0 + 450, everyMs: 1 });
		service.emulator.fault({
			route: ACTIVITY,
			match: ({ query }) => query.page === '3',
			status: 502,
			headers: atOnce,
			times: 3,
		});
		pay('b', t0);
		expect(await poll(trigger)).toEqual(['b:settled']);
		expect(rowNumbers(await trigger.poll())).toEqual(seededIds(450));
	});

	it('none of which can be read end the poll, with the reason for n8n’s scheduler', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.fault({ route: ACTIVITY, status: 500, headers: atOnce, times: 6 });
		const error = await thrownBy(trigger);
		expect(error.message).toMatch(/could not process GET \/agents\/0x\w+\/activity \(HTTP 500\)/);
		expect(error.failure).toMatchObject({ cause: 'temporarily-unavailable' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});

describe('trouble', () => {
	it('that passes within a poll is not noticed', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.fault({ route: 'GET /agents', status: 502, headers: atOnce });
		service.emulator.fault({ route: ACTIVITY, status: 429, headers: atOnce, times: 2 });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('of too many requests tells the scheduler how long the service asks to wait', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.clearCalls();
		service.emulator.fault({ route: 'GET /agents', status: 429, headers: { 'Retry-After': '90' } });
		const error = await thrownBy(trigger);
		expect(error.failure).toEqual({ cause: 'rate-limited', retryAfterMs: 90_000 });
		expect(error.message).toContain('asks to wait 90 s');
		expect(service.emulator.calls).toHaveLength(1);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('with a row of another form is told, and nothing is lost once it is mended', async () => {
		const trigger = await activated();
		pay('a', t0);
		service.emulator.fault({
			route: ACTIVITY,
			mutate: (body) => ({ ...(body as object), activity: [{ id: 'a' }] }),
		});
		const error = await thrownBy(trigger);
		expect(error.message).toContain('has changed its form: activity.0.type');
		expect(error.failure).toEqual({ cause: 'node-defect' });
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('of a revoked key is named, and rotating the key loses and repeats nothing', async () => {
		const { emulator } = service;
		const trigger = await activated();
		pay('a', t0 + 1);
		expect(await poll(trigger)).toEqual(['a:settled']);
		const next = emulator.createApiKey();
		emulator.revokeApiKey(emulator.apiKey);
		pay('b', t0 + 2);

		const error = await thrownBy(trigger);
		expect(error.message).toBe('Ampersend does not accept the API key (HTTP 401): This API key has been revoked');
		expect(error.description).toContain('https://app.sandbox.ampersend.ai');
		expect(error.failure).toEqual({ cause: 'credential-invalid' });

		trigger.credential = { ...service.credential, apiKey: next };
		expect(await poll(trigger)).toEqual(['b:settled']);
		expect(await poll(trigger)).toBeNull();
	});

	it('of a key that is revoked in the middle of a poll loses nothing', async () => {
		const { emulator } = service;
		const trigger = await activated();
		emulator.seedActivity(buyer, 30, undefined, { newest: t0 });
		const next = emulator.createApiKey();
		emulator.after(ACTIVITY, () => emulator.revokeApiKey(emulator.apiKey));
		expect((await thrownBy(trigger)).failure).toEqual({ cause: 'credential-invalid' });
		trigger.credential = { ...service.credential, apiKey: next };
		expect(rowNumbers(await trigger.poll())).toEqual(seededIds(30));
	});

	it('of a parameter is named before anything is asked', async () => {
		const nobody = await thrownBy(open({ agentScope: 'selected', agents: [] }));
		expect(nobody.message).toMatch(/^Agent.*: none is selected\.$/);
		expect(nobody.description).toContain('Select at least one agent');
		const unknown = await thrownBy(open({ agentScope: 'selected', agents: ['nobody'] }));
		expect(unknown.message).toMatch(/^Agent.*: "nobody" is not an address\.$/);
		expect(unknown.failure).toEqual({ cause: 'configuration-invalid' });
		expect(service.emulator.calls).toEqual([]);
	});

	it('holds no key', async () => {
		service.emulator.fault({ route: 'GET /agents', status: 400, body: { message: `bad key ${service.emulator.apiKey}` } });
		const error = await thrownBy(open());
		expect(`${error.message} ${error.description}`).not.toContain(service.emulator.apiKey.slice(8));
		expect(error.message).toContain('sk_test_…');
	});
});

describe('the state', () => {
	it('survives being stored as JSON, in the middle of everything', async () => {
		let trigger = await activated();
		for (const [i, id] of ['a', 'b', 'c'].entries()) {
			pay(id, t0 + i, { status: 'authorized' });
			expect(await poll(trigger)).toEqual([`${id}:authorized`]);
			trigger = restarted(trigger);
			expect(await poll(trigger)).toBeNull();
			trigger = restarted(trigger);
		}
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('that n8n did not store, because nothing was new, is not missed', async () => {
		pay('a', t0);
		const trigger = await activated();
		const stored = restarted(trigger);
		expect(await poll(trigger)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(stored)).toEqual(['b:settled']);
	});

	it('of another form is replaced by a new baseline', async () => {
		pay('a', t0);
		const trigger = open();
		trigger.state.cursor = { version: 1, youngestAgentAt: t0, agents: null };
		expect(await poll(trigger)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});
});

describe('a manual run', () => {
	it('shows the newest payments, the oldest of them first, and leaves the state alone', async () => {
		service.emulator.seedActivity(buyer, 30, undefined, { newest: t0 });
		const trigger = open();
		expect(rowNumbers(await trigger.poll('manual'))).toEqual(seededIds(30).slice(-10));
		expect(trigger.state).toEqual({});
	});

	it('of an active workflow takes nothing from it', async () => {
		const trigger = await activated();
		pay('a', t0);
		const before = JSON.stringify(trigger.state);
		expect(idsOf(await trigger.poll('manual'))).toEqual(['a:settled']);
		expect(JSON.stringify(trigger.state)).toBe(before);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('shows the chosen events of the chosen agents', async () => {
		const seller = service.emulator.addAgent({ name: 'seller', createdAt: t0 });
		pay('a', t0, { status: 'denied' });
		pay('b', t0, { agent: seller, status: 'denied' });
		pay('c', t0 + 1, { agent: seller });
		const trigger = open({ ...chosen(seller), events: ['payment.denied'] });
		expect(idsOf(await trigger.poll('manual'))).toEqual(['b:denied']);
	});

	it('of an account without payments shows nothing', async () => {
		expect(await open().poll('manual')).toBeNull();
	});
});

describe('an idle poll', () => {
	it('costs one small page for each agent and one list of them, however long the history', async () => {
		const seller = service.emulator.addAgent({ name: 'seller', createdAt: t0 - DAY });
		service.emulator.seedActivity(buyer, 100_000, undefined, { newest: t0 });
		service.emulator.seedActivity(seller, 3, undefined, { newest: t0 });
		const trigger = await activated();
		service.emulator.clearCalls();
		expect(await poll(trigger)).toBeNull();
		const calls = service.emulator.calls.map(({ route, params, query }) => [route, params.address, query]);
		expect(calls).toHaveLength(3);
		expect(calls).toContainEqual(['GET /agents', undefined, { limit: '100', offset: '0' }]);
		for (const { address } of [buyer, seller]) {
			expect(calls).toContainEqual([ACTIVITY, address, { preset: 'all', limit: '20', page: '1' }]);
		}
	});
});
