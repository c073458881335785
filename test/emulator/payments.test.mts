import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { useEmulator } from './harness.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import * as shapes from '../../tools/emulator/shapes.mts';

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const harness = useEmulator({ clock: () => NOW });

type Page = z.output<typeof shapes.activityPage>;

async function pageOf(address: string, query = ''): Promise<Page> {
	const got = await harness.ask(`GET /agents/${address}/activity${query}`);
	expect(got.status).toBe(200);
	return shapes.activityPage.parse(got.body);
}

const ids = (page: Page): string[] => page.activity.map(({ id }) => id);
const times = (page: Page): number[] => page.activity.map(({ timestamp }) => Number(timestamp));

describe('pages', () => {
	it('count from 1, have 20 rows by default, and end', async () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.seedActivity(agent, 45);
		const pages = [
			await pageOf(agent.address),
			await pageOf(agent.address, '?page=2'),
			await pageOf(agent.address, '?page=3'),
		];
		expect(pages.map((page) => page.activity.length)).toEqual([20, 20, 5]);
		expect(pages.map(({ hasNextPage, totalCount }) => [hasNextPage, totalCount])).toEqual([
			[true, 45],
			[true, 45],
			[false, 45],
		]);
		expect(new Set(pages.flatMap(ids)).size).toBe(45);
		const all = pages.flatMap(times);
		expect(all).toEqual([...all].sort((a, b) => b - a));
		expect(all[0]).toBe(NOW);
		expect(await pageOf(agent.address, '?page=4')).toEqual({
			activity: [],
			hasNextPage: false,
			totalCount: 45,
		});
		expect((await pageOf(agent.address, '?limit=45')).hasNextPage).toBe(false);
	});

	it('place a late payment by its time and move the rows after it', async () => {
		const agent = harness.emulator.addAgent();
		const paid = [30, 20, 10].map(
			(ago) => harness.emulator.pay({ agent, timestamp: NOW - ago * MINUTE }).id,
		);
		const late = harness.emulator.pay({ agent, timestamp: NOW - 15 * MINUTE, id: 'late-one' }).id;
		const same = harness.emulator.pay({ agent, timestamp: NOW - 15 * MINUTE }).id;
		expect(ids(await pageOf(agent.address))).toEqual([paid[2], same, late, paid[1], paid[0]]);
		expect(ids(await pageOf(agent.address, '?limit=2&page=2'))).toEqual([late, paid[1]]);
		expect(() => harness.emulator.pay({ agent, id: 'late-one' })).toThrow('late-one already');
	});

	it('cover the preset, a month by default', async () => {
		const agent = harness.emulator.addAgent();
		for (const ago of [0, DAY, DAY + 1, 30 * DAY, 30 * DAY + 1]) {
			harness.emulator.pay({ agent, timestamp: NOW - ago });
		}
		const counts: Record<string, number> = {};
		for (const query of ['', '?preset=1d', '?preset=30d', '?preset=all']) {
			const { activity, totalCount } = await pageOf(agent.address, query);
			expect(activity).toHaveLength(totalCount);
			counts[query] = totalCount;
		}
		expect(counts).toEqual({ '': 4, '?preset=1d': 2, '?preset=30d': 4, '?preset=all': 5 });
		const { body } = await harness.ask(`GET /agents/${agent.address}/payments?preset=1d`);
		expect(body).toHaveLength(2);
	});

	it('work with a million rows', async () => {
		const agent = harness.emulator.addAgent();
		const COUNT = 1_000_000;
		harness.emulator.seedActivity(agent, COUNT, (i) => ({ amountMicro: BigInt(i) }), {
			everyMs: 1_000,
		});
		const late = harness.emulator.pay({ agent, timestamp: NOW - 500_000_500, amountMicro: 7n });

		const deep = await pageOf(agent.address, '?preset=all&limit=200&page=2501');
		expect(deep).toMatchObject({ totalCount: COUNT + 1, hasNextPage: true });
		// Rows 999 999 down to 499 999 are newer than the late one, which is number 500 001 of all.
		expect(deep.activity.slice(0, 3).map(({ amount }) => amount)).toEqual([
			'499999',
			'7',
			'499998',
		]);
		expect(deep.activity[1]?.id).toBe(late.id);
		expect(deep.activity).toHaveLength(200);

		const last = await pageOf(agent.address, '?preset=all&limit=200&page=5001');
		expect(last).toMatchObject({ hasNextPage: false, activity: [{ amount: '0' }] });
		expect((await pageOf(agent.address, '?preset=1d&limit=1')).totalCount).toBe(DAY / 1_000 + 1);
	});
});

describe('seedActivity', () => {
	it('accepts rows in any order, in several calls', async () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.seedActivity(agent, 5, (i) => ({ timestamp: NOW - ((i * 3) % 5) * MINUTE }));
		harness.emulator.seedActivity(agent, 5, undefined, { newest: NOW - 2 * MINUTE });
		const page = await pageOf(agent.address);
		expect(times(page).map((time) => (NOW - time) / MINUTE)).toEqual([
			0, 1, 2, 2, 3, 3, 4, 4, 5, 6,
		]);
		expect(new Set(ids(page)).size).toBe(10);
	});

	it('adds earnings and spends, and payments for the spends', async () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.seedActivity(agent, 9);
		const { activity } = await pageOf(agent.address);
		expect(activity.filter(({ type }) => type === 'spend')).toHaveLength(6);
		const got = await harness.ask(`GET /agents/${agent.address}/payments`);
		expect(shapes.payments.parse(got.body)).toHaveLength(6);
		expect(ids(await pageOf(agent.address))).toEqual(activity.map(({ id }) => id));
	});
});

describe('setStatus', () => {
	it('changes a payment in both lists, and keeps its id', async () => {
		const agent = harness.emulator.addAgent();
		const { id } = harness.emulator.pay({ agent, status: 'authorized' });
		expect((await pageOf(agent.address)).activity[0]).toMatchObject({
			id,
			status: 'authorized',
			tx_hash: null,
		});
		harness.emulator.setStatus(id, 'settled');
		expect((await pageOf(agent.address)).activity).toMatchObject([
			{ id, status: 'settled', tx_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
		]);
		harness.emulator.setStatus(id, 'denied', 'expired');
		const { body } = await harness.ask(`GET /agents/${agent.address}/payments`);
		expect(body).toMatchObject([{ status: 'expired' }]);
	});

	it('changes a seeded payment', async () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.seedActivity(agent, 10, () => ({ type: 'spend' }));
		const before = await pageOf(agent.address);
		harness.emulator.setStatus(before.activity[3]?.id ?? '', 'failed');
		const after = await pageOf(agent.address);
		expect(ids(after)).toEqual(ids(before));
		expect(after.activity.map(({ status }) => status).indexOf('failed')).toBe(3);
	});

	it('throws for an unknown payment', () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.seedActivity(agent, 1);
		const { id } = harness.emulator.pay({ agent });
		harness.emulator.removeAgent(agent);
		for (const unknown of ['nothing', id]) {
			expect(() => harness.emulator.setStatus(unknown, 'settled')).toThrow('has no payment');
		}
	});
});

describe('formats that the vendor leaves open', () => {
	it('can be switched', async () => {
		const agent = harness.emulator.addAgent({ spendConfig: { daily_limit: '1' } });
		harness.emulator.pay({ agent, amountMicro: 5n, timestamp: NOW + 999 });
		Object.assign(harness.emulator.wire, {
			activityTimestamp: 's',
			activityAmount: 'number',
			timestamps: 'string',
		});
		expect((await pageOf(agent.address)).activity[0]).toMatchObject({
			amount: 5,
			timestamp: String(NOW / 1_000),
		});
		const config = shapes.spendConfig.parse(
			(await harness.ask(`GET /agents/${agent.address}/spend-config`)).body,
		);
		expect(config.created_at).toBe(String(NOW));
		const payments = shapes.payments.parse(
			(await harness.ask(`GET /agents/${agent.address}/payments`)).body,
		);
		expect(payments[0]?.created_at).toBe(String(NOW + 999));
	});

	it('include the other format of a payment, the same at each read', async () => {
		const agent = harness.emulator.addAgent();
		const { id } = harness.emulator.pay({ agent, amountMicro: 5n });
		harness.emulator.wire.payments = 'user';
		const read = async () =>
			shapes.userPayments.parse((await harness.ask(`GET /agents/${agent.address}/payments`)).body);
		const payments = await read();
		expect(payments).toMatchObject([{ id, amount: '5' }]);
		expect(await read()).toEqual(payments);
	});

	it('can differ from row to row', async () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.pay({
			agent,
			amountMicro: 1n,
			amountAs: 'number',
			counterparty: randomAddress(),
		});
		harness.emulator.pay({ agent, amountMicro: 2n });
		expect((await pageOf(agent.address)).activity.map(({ amount }) => amount)).toEqual(['2', 1]);
	});

	it("contain only times of the emulator's clock", async () => {
		const agent = harness.emulator.addAgent();
		const { timestamp } = harness.emulator.pay({ agent });
		expect([agent.createdAt, agent.keys[0]?.createdAt, timestamp]).toEqual([NOW, NOW, NOW]);
	});
});
