import { describe, expect, it } from '@jest/globals';

import type { INode } from 'n8n-workflow';

import { startEmulator, type FaultAction } from '../../tools/emulator/index.mts';
import {
	ACTIVITY,
	afterTime,
	atOnce,
	ATTEMPTS,
	chosen,
	DAY,
	gathered,
	idsOf,
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
const { activated, open, pay, restarted, seed } = service;

const modes = ['activate', 'init', 'create', 'leadershipChange', 'update'] as const;

describe('at publishing', () => {
	it.each(modes)('existing payments start nothing (n8n says "%s")', async (mode) => {
		seed(60);
		const trigger = open();
		expect(await trigger.poll('trigger', mode)).toBeNull();
		expect(await poll(trigger)).toBeNull();
		pay('a', t0 + DAY / 2);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('an account without agents can be published', async () => {
		service.emulator.removeAgent(service.buyer);
		const trigger = await activated();
		expect(await poll(trigger)).toBeNull();
		expect(trigger.warnings).toEqual([]);
	});

	it.each(['all', 'one'])('an agent without payments can be watched (%s)', async (which) => {
		const trigger = await activated(which === 'all' ? {} : one(service.buyer.address));
		expect(await poll(trigger)).toBeNull();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('older payments that an empty list shows later start nothing', async () => {
		const trigger = await activated();
		seed(1000, { newest: Date.now() - 16 * MINUTE, everyMs: MINUTE });
		expect(await poll(trigger)).toBeNull();
		pay('late', Date.now() - 13 * MINUTE);
		expect(await poll(trigger)).toEqual(['late:settled']);
		pay('new', Date.now());
		expect(await poll(trigger)).toEqual(['new:settled']);
	});

	it('a workflow that was active before continues from its position', async () => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', t0 + 1);
		for (const mode of modes) {
			const again = restarted(trigger);
			expect(idsOf(await again.poll('trigger', mode))).toEqual(['b:settled']);
			expect(await poll(again)).toBeNull();
		}
	});
});

describe('publishing is rejected', () => {
	it.each(modes)('for a revoked key (n8n says "%s")', async (mode) => {
		service.emulator.revokeApiKey(service.emulator.apiKey);
		const error = await thrownBy(open(), mode);
		expect(error.message).toBe(
			'Ampersend rejected the API key (HTTP 401): This API key has been revoked',
		);
		expect(error.description).toContain('https://app.sandbox.ampersend.ai');
		expect(error.failure).toEqual({ cause: 'credential-invalid' });
	});

	it('for a key that cannot list agents', async () => {
		service.emulator.fault({ route: LIST, status: 403, body: { message: 'Not for this key' } });
		const error = await thrownBy(open(), 'activate');
		expect(error.message).toBe(
			"The API key isn't allowed to list the agents (HTTP 403): Not for this key",
		);
		expect(error.failure).toEqual({ cause: 'configuration-invalid' });
	});

	it('for a key that cannot read activity', async () => {
		const seller = service.addAgent('seller');
		for (const [parameters, agents] of [
			[{}, 2],
			[one(seller.address), 1],
			[chosen(service.buyer, seller), 2],
		] as const) {
			service.failActivity({ status: 403, times: agents });
			const error = await thrownBy(open(parameters), 'activate');
			expect(error.message).toMatch(
				/^The API key isn't allowed to list the transactions \(HTTP 403\)/,
			);
			expect(error.failure).toEqual({ cause: 'configuration-invalid' });
		}
	});

	it('if the service does not have the assumed route, with what to set', async () => {
		service.failActivity({ status: 404, times: 1 });
		const error = await thrownBy(open(), 'activate');
		expect(error.message).toMatch(/^Ampersend found nothing when asked to list the transactions/);
		expect(error.description).toMatch(/The request was GET \/agents\/0x\w{40}\/activity\.$/);
		expect(error.description).toContain('No public page documents this path');
		expect(error.description).toContain('is right: Ampersend answers for other requests there.');
		expect(error.failure).toEqual({ cause: 'configuration-invalid' });
	});

	it('if the path prefix is wrong, with what to set', async () => {
		service.emulator.expectUnknown(/^\/agents\b/);
		const trigger = open();
		trigger.credential = { ...service.credential, baseUrl: service.emulator.origin };
		const error = await thrownBy(trigger, 'activate');
		expect(error.message).toBe(
			`Ampersend answers at another Base URL: ${service.emulator.origin}/v1`,
		);
		expect(error.description).toContain('it could not list the agents (HTTP 404)');
	});

	it('if answers have another form', async () => {
		pay('a', t0);
		service.changePages(
			(page) => ({ ...page, activity: [{ id: 'a', status: 'settled', timestamp: 'soon' }] }),
			{ times: 1 },
		);
		const error = await thrownBy(open(), 'activate');
		expect(error.message).toContain('is not as expected');
		expect(error.failure).toEqual({ cause: 'node-defect' });
	});

	it('for a key of the other deployment, and nothing is sent', async () => {
		const trigger = open();
		trigger.credential = { ...service.credential, baseUrl: 'https://api.ampersend.ai/v1' };
		expect((await thrownBy(trigger, 'activate')).failure).toEqual({ cause: 'credential-invalid' });
		expect(service.emulator.calls).toEqual([]);
	});

	it('for a lasting reason, even if another agent fails only temporarily', async () => {
		const seller = service.addAgent('seller');
		service.failActivity({ agent: service.buyer });
		service.failActivity({ agent: seller, status: 403, times: 1 });
		expect((await thrownBy(open(), 'activate')).message).toContain('HTTP 403');
	});
});

const passing: Array<[string, FaultAction & { times?: number }]> = [
	['too many requests', { status: 429, headers: { 'Retry-After': '90' } }],
	['an error of the service', { status: 500, headers: atOnce, times: ATTEMPTS }],
	['a service that is not available', { status: 503, headers: atOnce, times: ATTEMPTS }],
	[
		'a proxy without a service',
		{ status: 502, body: '<html>Bad Gateway</html>', headers: atOnce, times: ATTEMPTS },
	],
	['connections that break', { reset: true, times: ATTEMPTS }],
];

describe('an outage does not stop the publishing: what comes from then on is emitted', () => {
	const recovers = async (trigger: ReturnType<typeof open>) => {
		expect(trigger.warnings.join()).toMatch(
			/: published, but the first poll failed and will be retried: (Ampersend|The connection) \w/,
		);
		pay('before', t0);
		pay('between', Date.now());
		// As long as too many requests hold all polls back.
		afterTime(MINUTE);
		expect(await poll(trigger)).toEqual(['between:settled']);
		expect(await poll(trigger)).toBeNull();
		pay('after', Date.now());
		expect(await poll(trigger)).toEqual(['after:settled']);
	};

	it.each(passing)('%s, when agents are looked up', async (_, fault) => {
		service.emulator.fault({ route: LIST, ...fault });
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		await recovers(trigger);
	});

	it.each(passing)('%s, when activity is read', async (_, fault) => {
		service.emulator.fault({ route: ACTIVITY, ...fault });
		const trigger = open(one(service.buyer.address));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		await recovers(trigger);
	});

	it.each(modes)('(n8n says "%s")', async (mode) => {
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
		const trigger = open();
		expect(await trigger.poll('trigger', mode)).toBeNull();
		await recovers(trigger);
	});

	it('nothing listens', async () => {
		const gone = await startEmulator();
		await gone.close();
		const trigger = open();
		trigger.credential = { ...service.credential, baseUrl: gone.baseUrl };
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		trigger.credential = service.credential;
		await recovers(trigger);
	});

	it('the service does not answer', async () => {
		service.emulator.fault({ route: LIST, hang: true });
		const trigger = open({}, { budgetMs: 4 * SECOND });
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		trigger.budgetMs = undefined;
		await recovers(trigger);
	});

	it.each(modes)('if it was active before, and loses and repeats nothing ("%s")', async (mode) => {
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('b', t0 + 1);
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
		const again = restarted(trigger);
		const before = JSON.stringify(again.state);
		expect(await again.poll('trigger', mode)).toBeNull();
		expect(JSON.stringify(again.state)).toBe(before);
		expect(await poll(again)).toEqual(['b:settled']);
		expect(await poll(again)).toBeNull();
	});

	const outage = () =>
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });

	it('also if n8n restarts before the first poll that succeeds', async () => {
		seed(60);
		outage();
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('between', Date.now());
		afterTime(DAY);
		outage();
		const again = restarted(trigger);
		expect(await again.poll('trigger', 'init')).toBeNull();
		const last = restarted(again);
		expect(idsOf(await last.poll('trigger', 'init'))).toEqual(['between:settled']);
		expect(await poll(last)).toBeNull();
	});

	it('however much came meanwhile, each once and in order', async () => {
		pay('old', t0);
		outage();
		const trigger = open({ options: { maxEvents: 1000 } });
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		afterTime(DAY);
		seed(2500, { newest: Date.now(), everyMs: 10 * SECOND });
		expect(rowNumbers(await gathered(trigger, 2500))).toEqual(upTo(2500));
		expect(await poll(trigger)).toBeNull();
	});

	it('and payments that were open then are watched', async () => {
		pay('open', t0, { status: 'authorized' });
		outage();
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('between', Date.now());
		expect(await poll(trigger)).toEqual(['between:settled']);
		service.emulator.setStatus('open', 'settled');
		expect(await poll(trigger)).toEqual(['open:settled']);
	});

	it('of an agent that is created meanwhile, from its first payment', async () => {
		outage();
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		const late = service.addAgent('late', { createdAt: Date.now() + 1 });
		pay('first', Date.now() + 1, { agent: late });
		expect(await poll(trigger)).toEqual(['first:settled']);
	});

	it('with existing events, which are those before the publishing', async () => {
		pay('too old', Date.now() - DAY - MINUTE);
		pay('existing', Date.now() - DAY + MINUTE);
		outage();
		const trigger = open({ options: { existingDays: 1 } });
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		pay('between', Date.now());
		afterTime(3 * DAY);
		expect(await poll(trigger)).toEqual(['existing:settled', 'between:settled']);
	});

	it('of an agent that is chosen meanwhile, from then on', async () => {
		const seller = service.addAgent('seller');
		outage();
		const trigger = open(one(service.buyer.address));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		afterTime(5 * MINUTE);
		pay('chosen', Date.now());
		pay('not yet', Date.now(), { agent: seller });
		afterTime(5 * MINUTE);
		outage();
		const several = restarted(trigger, chosen(service.buyer, seller));
		expect(await several.poll('trigger', 'update')).toBeNull();
		afterTime(MINUTE);
		outage();
		const again = restarted(several, chosen(service.buyer, seller));
		expect(await again.poll('trigger', 'init')).toBeNull();
		pay('new', Date.now(), { agent: seller });
		expect(await poll(again)).toEqual(['chosen:settled', 'new:settled']);
		expect(await poll(again)).toBeNull();
	});

	it('of all agents, if they are chosen after one, from then on', async () => {
		const seller = service.addAgent('seller');
		outage();
		const trigger = open(one(service.buyer.address));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		afterTime(5 * MINUTE);
		pay('chosen', Date.now());
		pay('not yet', Date.now(), { agent: seller });
		afterTime(5 * MINUTE);
		const all = restarted(trigger, {});
		expect(idsOf(await all.poll('trigger', 'update'))).toEqual(['chosen:settled']);
		const away = restarted(trigger, {});
		outage();
		expect(await away.poll('trigger', 'update')).toBeNull();
		afterTime(MINUTE);
		pay('new', Date.now(), { agent: seller });
		expect(await poll(away)).toEqual(['chosen:settled', 'new:settled']);
		expect(await poll(away)).toBeNull();
	});

	it.each(['nothing', 'some agents'])(
		'and a filter that changes meanwhile replays nothing (%s can be read)',
		async (which) => {
			const seller = service.addAgent('seller');
			const away = () => {
				if (which === 'nothing') outage();
				else service.failActivity({ agent: seller });
			};
			const only = (...events: string[]) => ({ events, options: { maxEvents: 1 } });
			away();
			const trigger = open(only('payment.settled'));
			expect(await trigger.poll('trigger', 'activate')).toBeNull();
			afterTime(5 * MINUTE);
			pay('excluded', Date.now(), { agent: seller, status: 'denied' });
			pay('excluded now', Date.now(), { agent: seller });
			afterTime(5 * MINUTE);
			away();
			const changed = restarted(trigger, only('payment.denied'));
			expect(await changed.poll('trigger', 'update')).toBeNull();
			afterTime(MINUTE);
			const created = service.addAgent('created', { createdAt: Date.now() });
			for (const agent of [seller, created]) {
				pay(`${agent.name} settled`, Date.now(), { agent });
				pay(`${agent.name} denied`, Date.now() + 1, { agent, status: 'denied' });
			}
			const events = rowsOf(await gathered(changed, 9, 4));
			expect(events.sort()).toEqual(['created denied', 'seller denied']);
		},
	);

	describe('if it was active before', () => {
		it('an agent that is chosen now emits what comes from then on', async () => {
			const seller = service.addAgent('seller');
			const trigger = await activated(chosen(service.buyer));
			pay('not yet', Date.now(), { agent: seller });
			pay('chosen before', Date.now());
			afterTime(5 * MINUTE);
			outage();
			const both = restarted(trigger, chosen(service.buyer, seller));
			expect(await both.poll('trigger', 'update')).toBeNull();
			pay('new', Date.now(), { agent: seller });
			afterTime(MINUTE);
			expect(await poll(restarted(both))).toEqual(['chosen before:settled', 'new:settled']);
		});

		it('so do all agents, if they are chosen now', async () => {
			const seller = service.addAgent('seller');
			const trigger = await activated(chosen(service.buyer));
			pay('not yet', Date.now(), { agent: seller });
			afterTime(5 * MINUTE);
			outage();
			const all = restarted(trigger, {});
			expect(await all.poll('trigger', 'update')).toBeNull();
			pay('new', Date.now(), { agent: seller });
			afterTime(MINUTE);
			expect(await poll(restarted(all, {}))).toEqual(['new:settled']);
		});

		it('agents that are known are no error, even if one is gone', async () => {
			const seller = service.addAgent('seller');
			const both = chosen(service.buyer, seller);
			const trigger = await activated(both);
			service.emulator.removeAgent(seller);
			expect(await poll(trigger)).toBeNull();
			outage();
			const all = restarted(trigger, {});
			expect(await all.poll('trigger', 'update')).toBeNull();
			outage();
			const again = restarted(all, both);
			expect(await again.poll('trigger', 'update')).toBeNull();
			pay('b', Date.now());
			expect(await poll(again)).toEqual(['b:settled']);
		});

		it('a changed filter applies from then on', async () => {
			const trigger = await activated({ events: ['payment.settled'] });
			pay('excluded', Date.now(), { status: 'denied' });
			pay('settled', Date.now() + 1);
			afterTime(5 * MINUTE);
			outage();
			const both = { events: ['payment.settled', 'payment.denied'] };
			const changed = restarted(trigger, both);
			expect(await changed.poll('trigger', 'update')).toBeNull();
			pay('denied', Date.now(), { status: 'denied' });
			afterTime(MINUTE);
			expect(await poll(restarted(changed, both))).toEqual(['settled:settled', 'denied:denied']);
		});

		it('a filter that is changed and changed back excludes what it did', async () => {
			const settled = { events: ['payment.settled'] };
			const denied = { events: ['payment.denied'] };
			const trigger = await activated(settled);
			outage();
			const changed = restarted(trigger, denied);
			expect(await changed.poll('trigger', 'update')).toBeNull();
			afterTime(MINUTE);
			pay('excluded', Date.now());
			expect(await poll(changed)).toBeNull();
			afterTime(MINUTE);
			const back = restarted(changed, settled);
			expect(await back.poll('trigger', 'update')).toBeNull();
			pay('settled', Date.now());
			expect(await poll(back)).toEqual(['settled:settled']);
		});
	});

	it('but an agent that is not in the account is an error of the first poll', async () => {
		outage();
		const trigger = open(one(`0x${'12'.repeat(20)}`));
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect((await thrownBy(trigger)).message).toContain("isn't an agent in this account");
	});

	it('but the next poll says what is wrong', async () => {
		service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: 2 * ATTEMPTS });
		const trigger = open();
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		expect((await thrownBy(trigger)).failure).toMatchObject({ cause: 'temporarily-unavailable' });
		await recovers(trigger);
	});

	it('of some agents: the first poll that can read them emits what came meanwhile', async () => {
		const seller = service.addAgent('seller');
		pay('old', t0);
		pay('old too', t0, { agent: seller });
		service.failActivity({ agent: seller, times: 2 * ATTEMPTS });
		const trigger = await activated();
		expect(trigger.warnings.join()).toContain(
			`could not read agent ${seller.address.toLowerCase()}; the next poll catches up: `,
		);
		pay('a', t0 + 1);
		pay('b', Date.now(), { agent: seller });
		expect(await poll(trigger)).toEqual(['a:settled']);
		pay('c', Date.now() + 1, { agent: seller });
		expect(await poll(restarted(trigger))).toEqual(['b:settled', 'c:settled']);
	});

	it('of some agents does not lead to a rejection for others that cannot be read', async () => {
		const seller = service.addAgent('seller');
		service.failActivity({ agent: seller, status: 403, times: 1 });
		const trigger = await activated();
		pay('a', t0);
		expect(await poll(trigger)).toEqual(['a:settled']);
	});
});

/** Nodes after the trigger: one that does nothing, then one with code. */
const after = (jsCode: string, disabled = false): INode[] => {
	const code = { typeVersion: 2, position: [0, 0] as [number, number], disabled };
	const type = 'n8n-nodes-base.code';
	return [
		{ ...code, id: '1', name: 'Between', type, parameters: {} },
		{ ...code, id: '2', name: 'Code', type, parameters: { jsCode } },
	];
};
const ownData = "$getWorkflowStaticData('node').n = 1; return $input.all();";

it('warns of code that reaches the static data, unless n8n has durable cursors', async () => {
	const trigger = open({}, { nodesAfter: after(ownData) });
	pay('a', Date.now() - MINUTE);
	expect(await trigger.poll('trigger', 'activate')).toBeNull();
	expect(trigger.warnings).toEqual([
		expect.stringContaining('Keep such a node in another workflow, or use durable cursors'),
	]);
	const durable = service.durable({}, { nodesAfter: after(ownData), nodeId: 'other' });
	await durable.activate();
	expect(durable.warnings).toEqual([]);
});

describe.each(['init', 'leadershipChange'] as const)(
	'n8n starts (%s), and another node has replaced the position',
	(mode) => {
		const global = { counter: 7 };

		it('reads the payments of the last 15 minutes, and warns', async () => {
			pay('long ago', Date.now() - 16 * MINUTE);
			pay('a', Date.now() - 14 * MINUTE);
			const trigger = open({}, { global });
			expect(idsOf(await trigger.poll('trigger', mode))).toEqual(['a:settled']);
			expect(trigger.warnings).toEqual([expect.stringContaining('the position is gone')]);
			pay('b', Date.now());
			expect(await poll(trigger)).toEqual(['b:settled']);
		});

		it('does so if that node keeps nothing that the trigger can see', async () => {
			pay('a', Date.now() - 14 * MINUTE);
			const trigger = open({}, { nodesAfter: after(ownData) });
			expect(idsOf(await trigger.poll('trigger', mode))).toEqual(['a:settled']);
			expect(trigger.warnings).toEqual([expect.stringContaining('the position is gone')]);
		});

		it.each([
			['reaches the static data', after('return $input.all();')],
			['that does is switched on', after(ownData, true)],
		])('reads nothing back if no node %s', async (_, nodesAfter) => {
			pay('a', Date.now() - 14 * MINUTE);
			const trigger = open({}, { nodesAfter });
			expect(await trigger.poll('trigger', mode)).toBeNull();
			expect(trigger.warnings).toEqual([]);
		});

		it('does so with a later poll, if the service is away', async () => {
			pay('a', Date.now() - 14 * MINUTE);
			const trigger = open({}, { global });
			service.emulator.fault({ route: LIST, status: 503, headers: atOnce, times: ATTEMPTS });
			expect(await trigger.poll('trigger', mode)).toBeNull();
			expect(await poll(trigger)).toEqual(['a:settled']);
			expect(await poll(trigger)).toBeNull();
		});
	},
);
