import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { useEmulator, type Got } from './harness.mts';
import { handledRoutes, randomAddress } from '../../tools/emulator/index.mts';
import * as shapes from '../../tools/emulator/shapes.mts';

const NOW = 1_790_000_000_000;
const LATER = NOW + 5_000;
let now = NOW;

const harness = useEmulator({ clock: () => now });
const { ask } = harness;

function decoded<S extends z.ZodTypeAny>(shape: S, got: Got, status = 200): z.output<S> {
	expect(got.status).toBe(status);
	return shape.parse(got.body);
}

const limits = {
	auto_topup_allowed: true,
	daily_limit: '5000000',
	monthly_limit: null,
	per_transaction_limit: '0',
};

describe.each(['/v1', '/api/v1', '/api/v1/sdk'])('under %s', (mount) => {
	const at = (request: string): string => request.replace(' ', ` ${mount}`);
	const whole = true;

	it('creates an agent as the management client does with only a name and a key', async () => {
		now = NOW;
		const key = randomAddress();
		const body = {
			agent_key_address: key,
			name: 'plain',
			spend_config: null,
			authorized_sellers: null,
		};
		const made = decoded(shapes.agent, await ask(at('POST /agents'), { body, whole }));
		expect(made).toMatchObject({ name: 'plain', balance: '0', createdAt: NOW, updatedAt: NOW });

		expect(harness.emulator.agent(made.address)).toMatchObject({
			keys: [{ address: key, name: null, createdAt: NOW }],
			allowlist: [],
			spendConfig: null,
			autoCollect: null,
		});
		expect(harness.emulator.calls[0]).toMatchObject({
			route: 'POST /agents',
			mount,
			body,
			status: 200,
		});
	});

	it('keeps the limits and sellers of a new agent', async () => {
		const sellers = [randomAddress(), randomAddress()];
		const body = {
			agent_key_address: randomAddress(),
			name: 'full',
			spend_config: {
				auto_topup_allowed: false,
				daily_limit: '1000000',
				monthly_limit: null,
				per_transaction_limit: '50000',
			},
			authorized_sellers: sellers,
		};
		const { address } = decoded(shapes.agent, await ask(at('POST /agents'), { body, whole }));
		expect(harness.emulator.agent(address)).toMatchObject({
			allowlist: sellers,
			spendConfig: body.spend_config,
		});
		const read = decoded(
			shapes.spendConfig,
			await ask(at(`GET /agents/${address}/spend-config`), { whole }),
		);
		expect(read).toMatchObject({ ...body.spend_config, agent_address: address });
	});

	it('creates another agent with the same name', async () => {
		const body = {
			agent_key_address: randomAddress(),
			name: 'twin',
			spend_config: null,
			authorized_sellers: null,
		};
		const one = decoded(shapes.agent, await ask(at('POST /agents'), { body, whole }));
		const two = decoded(shapes.agent, await ask(at('POST /agents'), { body, whole }));
		expect(two.address).not.toBe(one.address);
		expect(harness.emulator.agents().map(({ name }) => name)).toEqual(['twin', 'twin']);
	});

	it('lists all agents, and some', async () => {
		const made = ['a', 'b', 'c'].map((name) => harness.emulator.addAgent({ name }));
		const all = decoded(shapes.listOf(shapes.agent), await ask(at('GET /agents'), { whole }));
		expect(all).toMatchObject({ total: 3, limit: 50, offset: 0 });
		expect(all.items.map(({ address }) => address)).toEqual(made.map(({ address }) => address));

		const part = decoded(
			shapes.listOf(shapes.agent),
			await ask(at('GET /agents?limit=2&offset=2'), { whole }),
		);
		expect(part).toMatchObject({ total: 3, limit: 2, offset: 2, items: [{ name: 'c' }] });
	});

	it('returns an agent for its address in any letter case', async () => {
		const { address } = harness.emulator.addAgent({ name: 'one', balanceMicro: 12n });
		for (const spelled of [address, address.toLowerCase(), `0x${address.slice(2).toUpperCase()}`]) {
			const got = decoded(shapes.agent, await ask(at(`GET /agents/${spelled}`), { whole }));
			expect(got).toMatchObject({ address, name: 'one', balance: '12' });
		}
	});

	it('renames an agent', async () => {
		now = NOW;
		const { address } = harness.emulator.addAgent({ name: 'old' });
		now = LATER;
		const got = decoded(
			shapes.agent,
			await ask(at(`PATCH /agents/${address}`), { body: { name: 'new' }, whole }),
		);
		expect(got).toMatchObject({ address, name: 'new', createdAt: NOW, updatedAt: LATER });
	});

	it('adds, lists and revokes agent keys', async () => {
		now = NOW;
		const first = randomAddress();
		const { address } = harness.emulator.addAgent({ keys: [{ address: first, name: 'first' }] });
		const [named, bare] = [randomAddress(), randomAddress()];
		const keys = `/agents/${address}/keys`;
		const added = await ask(at(`POST ${keys}`), {
			body: { agent_key_address: named, key_name: 'ci' },
			whole,
		});
		expect(decoded(shapes.agentKey, added)).toEqual({
			address: named,
			name: 'ci',
			created_at: NOW,
		});
		await ask(at(`POST ${keys}`), { body: { agent_key_address: bare }, whole });

		const revoked = await ask(at(`DELETE ${keys}/${named.toUpperCase().replace('0X', '0x')}`), {
			whole,
		});
		expect(revoked).toMatchObject({ status: 204, body: undefined });
		const list = decoded(shapes.listOf(shapes.agentKey), await ask(at(`GET ${keys}`), { whole }));
		expect(list).toMatchObject({
			total: 2,
			items: [
				{ address: first, name: 'first' },
				{ address: bare, name: null },
			],
		});
	});

	it('replaces the allowlist, even with an empty one', async () => {
		const [a, b] = [randomAddress(), randomAddress()];
		const { address } = harness.emulator.addAgent({ allowlist: [a] });
		const path = `/agents/${address}/authorized-sellers`;
		expect(decoded(shapes.allowlist, await ask(at(`GET ${path}`), { whole }))).toEqual([a]);
		const put = await ask(at(`PUT ${path}`), { body: { authorized_sellers: [b, a] }, whole });
		expect(decoded(shapes.allowlist, put)).toEqual([b, a]);
		expect(harness.emulator.agent(address).allowlist).toEqual([b, a]);
		await ask(at(`PUT ${path}`), { body: { authorized_sellers: [] }, whole });
		expect(decoded(shapes.allowlist, await ask(at(`GET ${path}`), { whole }))).toEqual([]);
	});

	it('sets and returns spending limits', async () => {
		now = NOW;
		const { address } = harness.emulator.addAgent();
		const path = `/agents/${address}/spend-config`;
		expect((await ask(at(`GET ${path}`), { whole })).status).toBe(404);
		const set = decoded(shapes.spendConfig, await ask(at(`PUT ${path}`), { body: limits, whole }));
		expect(set).toEqual({ ...limits, agent_address: address, created_at: NOW, updated_at: NOW });

		now = LATER;
		const raised = { ...limits, daily_limit: '6000000' };
		await ask(at(`PUT ${path}`), { body: raised, whole });
		const read = decoded(shapes.spendConfig, await ask(at(`GET ${path}`), { whole }));
		expect(read).toEqual({ ...raised, agent_address: address, created_at: NOW, updated_at: LATER });
	});

	it('sets and returns auto-collect settings', async () => {
		const { address } = harness.emulator.addAgent();
		const path = `/agents/${address}/auto-collect-config`;
		expect((await ask(at(`GET ${path}`), { whole })).status).toBe(404);
		const settings = {
			enabled: true,
			target_address: randomAddress(),
			threshold: '50000000',
			minimum_remaining: null,
		};
		expect(
			decoded(shapes.autoCollect, await ask(at(`PUT ${path}`), { body: settings, whole })),
		).toMatchObject(settings);
		expect(decoded(shapes.autoCollect, await ask(at(`GET ${path}`), { whole }))).toMatchObject(
			settings,
		);
	});

	it('returns activity and payments', async () => {
		now = NOW;
		const seller = randomAddress();
		const agent = harness.emulator.addAgent();
		const spend = harness.emulator.pay({
			agent,
			type: 'spend',
			amountMicro: 1_234_567n,
			status: 'settled',
			counterparty: seller,
			timestamp: NOW - 1_000,
		});
		const earning = harness.emulator.pay({ agent, type: 'earn', amountMicro: '9007199254740993' });

		const page = decoded(
			shapes.activityPage,
			await ask(at(`GET /agents/${agent.address}/activity`), { whole }),
		);
		expect(page).toMatchObject({ hasNextPage: false, totalCount: 2 });
		expect(page.activity).toMatchObject([
			{
				id: earning.id,
				type: 'earn',
				receiver: agent.address,
				amount: '9007199254740993',
				status: 'received',
			},
			{
				id: spend.id,
				type: 'spend',
				receiver: seller,
				amount: '1234567',
				timestamp: String(NOW - 1_000),
			},
		]);

		const payments = decoded(
			shapes.payments,
			await ask(at(`GET /agents/${agent.address}/payments`), { whole }),
		);
		expect(payments).toEqual([
			{
				seller_address: seller,
				amount_usdc_micro: '1234567',
				scheme: 'exact',
				status: 'settled',
				tx_hash: spend.txHash,
				chain_caip2id: 'eip155:84532',
				created_at: NOW - 1_000,
				expires_at: NOW - 1_000 + 300_000,
			},
		]);
	});
});

const userRoutes = handledRoutes.filter(({ access }) => access === 'user');

describe('handledRoutes', () => {
	it('names the routes, with parameters in braces and without a mount', () => {
		expect(userRoutes).toHaveLength(15);
		expect(userRoutes).toContainEqual({
			method: 'DELETE',
			path: '/agents/{address}/keys/{keyAddress}',
			access: 'user',
		});
		expect(handledRoutes.every(({ path }) => /^\/(agents|approve-action)(\/|$)/.test(path))).toBe(
			true,
		);
	});

	it('contains only routes that the emulator handles', async () => {
		for (const { method, path, access } of handledRoutes) {
			const mount = access === 'user' ? '/v1' : '/api/v1';
			const filled = path.replace(/\{\w+\}/g, randomAddress());
			await ask(`${method} ${mount}${filled}`, { whole: true });
		}
		const routes = harness.emulator.calls.map(({ route }) => route);
		expect(routes).toEqual(handledRoutes.map(({ method, path }) => `${method} ${path}`));
		harness.emulator.assertClean();
	});
});
