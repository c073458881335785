import { describe, expect, it } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { randomHash } from '../../tools/emulator/addresses.mts';
import type { Agent, PaymentDetails } from '../../tools/emulator/index.mts';
import { jsonOf, useAgentSession } from './agentSession.mts';
import { DAY, HOUR, LIST, MINUTE } from './payments.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const ACTIVITY = 'GET /agents/{address}/activity';
const PAYMENTS = 'GET /agents/{address}/payments';

const reconcile = async (parameters: INodeParameters = {}) =>
	await service.run({ resource: 'transaction', operation: 'reconcile', ...parameters });

const range = (from: number, to?: number) => ({
	filters: {
		from: new Date(from).toISOString(),
		...(to !== undefined && { to: new Date(to).toISOString() }),
	},
});

/** Changes the rows of one list in each answer. */
const changeRows = (route: string, change: (rows: IDataObject[]) => IDataObject[]) =>
	service.emulator.fault({
		route,
		times: Infinity,
		mutate: (body) => {
			if (route === PAYMENTS) return change(body as IDataObject[]);
			const page = body as { activity: IDataObject[]; totalCount: number };
			const activity = change(page.activity);
			const totalCount = page.totalCount - page.activity.length + activity.length;
			return { ...page, activity, totalCount };
		},
	});

const pay = (details: PaymentDetails = {}, agent: Agent | string = session.agent) =>
	service.emulator.pay({ agent, timestamp: Date.now() - 2 * DAY, ...details });

const NOTHING = {
	finding: null,
	occurredAt: null,
	agentName: null,
	transactionAmountUsdc: null,
	transactionAmountUsdcMicro: null,
	paymentEventAmountUsdc: null,
	paymentEventAmountUsdcMicro: null,
	transactionStatus: null,
	paymentEventStatus: null,
	counterparty: null,
	explorerUrl: null,
	transactionHash: null,
	chain: null,
	agentAddress: null,
	findings: 0,
	comparedTransactions: 0,
	comparedPaymentEvents: 0,
	transactionsWithoutHash: 0,
	paymentEventsWithoutHash: 0,
	movedWithoutHash: 0,
	unclear: 0,
};

const shown = (items: IDataObject[]) =>
	items.map(
		({ finding, transactionAmountUsdc, paymentEventAmountUsdc, ...rest }) =>
			[
				finding,
				transactionAmountUsdc,
				paymentEventAmountUsdc,
				rest.transactionStatus,
				rest.paymentEventStatus,
			] as const,
	);

describe('Transaction: Reconcile', () => {
	it('returns one item with the counts if both lists agree', async () => {
		pay();
		pay({ type: 'earn' });
		pay({ status: 'denied' });

		const { items, error, hints } = await reconcile();

		expect(error).toBeUndefined();
		expect(items).toEqual([
			{
				json: {
					...NOTHING,
					comparedTransactions: 1,
					comparedPaymentEvents: 1,
					transactionsWithoutHash: 1,
					paymentEventsWithoutHash: 1,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(hints.map(({ message }) => message)).toEqual([
			'Without a transaction hash, so not compared: 1 of the transactions, ' +
				'1 of the payment events. Of these, 0 have moved money.',
		]);
		expect(service.seen).toEqual([LIST, PAYMENTS, ACTIVITY, ACTIVITY]);
	});

	it('returns one item without an agent, too', async () => {
		service.emulator.removeAgent(session.agent);

		expect(jsonOf(await reconcile())).toEqual([NOTHING]);
	});

	it('shortens it to what decides', async () => {
		pay();

		const [item = {}] = jsonOf(await reconcile({ simplify: true }));
		expect(item).toEqual({
			occurredAt: null,
			finding: null,
			agentName: null,
			transactionAmountUsdc: null,
			paymentEventAmountUsdc: null,
			findings: 0,
			comparedTransactions: 1,
			movedWithoutHash: 0,
			unclear: 0,
			explorerUrl: null,
		});
	});

	it('says so if it had nothing to compare', async () => {
		const outcome = await reconcile({ filters: { range: 'custom', from: '2030-01-01' } });

		expect(jsonOf(outcome)).toEqual([NOTHING]);
		expect(outcome.hints.map(({ message }) => message)).toEqual([
			'Nothing was compared: the range has no payments. Check the range and the agents.',
		]);
	});

	it('says all of a payment that only transactions have, and looks for it once more', async () => {
		const paid = pay({ amountMicro: 1_250_000n });
		pay();
		changeRows(PAYMENTS, (rows) => rows.filter((row) => row.tx_hash !== paid.txHash));

		const items = jsonOf(await reconcile());

		expect(items).toEqual([
			{
				finding: 'onlyInTransactions',
				occurredAt: new Date(paid.timestamp).toISOString(),
				agentName: 'buyer',
				transactionAmountUsdc: '1.25',
				transactionAmountUsdcMicro: '1250000',
				paymentEventAmountUsdc: null,
				paymentEventAmountUsdcMicro: null,
				transactionStatus: 'settled',
				paymentEventStatus: null,
				counterparty: paid.receiver,
				explorerUrl: `https://sepolia.basescan.org/tx/${paid.txHash}`,
				transactionHash: paid.txHash,
				chain: 'eip155:84532',
				agentAddress: session.agent.address,
				findings: 1,
				comparedTransactions: 2,
				comparedPaymentEvents: 1,
				transactionsWithoutHash: 0,
				paymentEventsWithoutHash: 0,
				movedWithoutHash: 0,
				unclear: 0,
			},
		]);
		expect(service.seen.filter((route) => route === PAYMENTS)).toHaveLength(2);
	});

	it('finds a payment that only payment events have', async () => {
		const paid = pay({ amountMicro: 5n });
		changeRows(ACTIVITY, (rows) => rows.filter((row) => row.tx_hash !== paid.txHash));

		const items = jsonOf(await reconcile());

		expect(items).toMatchObject([
			{ transactionHash: paid.txHash, counterparty: paid.receiver, findings: 1 },
		]);
		expect(shown(items)).toEqual([['onlyInPaymentEvents', null, '0.000005', null, 'settled']]);
	});

	it('finds amounts that differ, to the last digit', async () => {
		pay({ amountMicro: 123_456_789_012_345_678_901n });
		changeRows(PAYMENTS, ([row]) => [{ ...row, amount_usdc_micro: '123456789012345678902' }]);

		expect(shown(jsonOf(await reconcile()))).toEqual([
			['amountDiffers', '123456789012345.678901', '123456789012345.678902', 'settled', 'settled'],
		]);
	});

	it.each<[string, string, string, number, boolean]>([
		['settled', 'success', 'old', 2 * DAY, false],
		['settled', 'failure', 'old', 2 * DAY, true],
		['settled', 'FAILURE', 'new', MINUTE, true],
		['settled', 'denied', 'new', MINUTE, true],
		['settled', 'expired', 'new', MINUTE, true],
		['failed', 'success', 'new', MINUTE, true],
		['failed', 'failure', 'old', 2 * DAY, false],
		['denied', 'expired', 'old', 2 * DAY, false],
		['authorized', 'pending', 'old', 2 * DAY, false],
		['authorized', 'settled', 'new', HOUR, false],
		['authorized', 'settled', 'old', 2 * DAY, true],
		['settled', 'requested', 'new', HOUR, false],
		['settled', 'requested', 'old', 2 * DAY, true],
		['settled', 'unmanaged', 'old', 2 * DAY, false],
		['refunded', 'refunded', 'old', 2 * DAY, false],
		['refunded', 'settled', 'old', 2 * DAY, false],
		['success', 'settled', 'old', 2 * DAY, false],
		['success', 'failure', 'old', 2 * DAY, false],
	])('%s and %s of an %s payment', async (ours, theirs, _, age, isFinding) => {
		pay({ timestamp: Date.now() - age });
		changeRows(ACTIVITY, ([row]) => [{ ...row, status: ours }]);
		changeRows(PAYMENTS, ([row]) => [{ ...row, status: theirs }]);

		const outcome = await reconcile();

		const amount = '0.01';
		expect(shown(jsonOf(outcome))).toEqual(
			isFinding
				? [['statusContradicts', amount, amount, ours, theirs]]
				: [[null, null, null, null, null]],
		);
		const isUnclear =
			(theirs === 'unmanaged' || ['refunded', 'success'].includes(ours)) && ours !== theirs;
		expect(jsonOf(outcome)).toMatchObject([{ unclear: isUnclear ? 1 : 0 }]);
		expect(
			outcome.hints.filter(({ message }) => message.includes('1 of the payments.')),
		).toHaveLength(isUnclear ? 1 : 0);
		expect(outcome.hints.some(({ message }) => message.includes('"refunded"'))).toBe(
			ours === 'refunded',
		);
	});

	it('compares hashes in any letter case', async () => {
		const { txHash } = pay();
		changeRows(PAYMENTS, ([row]) => [{ ...row, tx_hash: txHash?.toUpperCase() ?? '' }]);

		expect(jsonOf(await reconcile())).toMatchObject([{ finding: null, findings: 0 }]);
	});

	it.each([null, '', '0x', `0x${'0'.repeat(64)}`])(
		'counts rows with the hash %p, and finds nothing in them',
		async (hash) => {
			pay();
			pay({ amountMicro: 7n });
			changeRows(PAYMENTS, (rows) =>
				rows
					.filter((row) => row.amount_usdc_micro === '10000')
					.map((row) => ({ ...row, tx_hash: hash })),
			);
			changeRows(ACTIVITY, (rows) => rows.map((row) => ({ ...row, tx_hash: hash })));

			const outcome = await reconcile();

			const without = {
				transactionsWithoutHash: 2,
				paymentEventsWithoutHash: 1,
				movedWithoutHash: 2,
			};
			expect(jsonOf(outcome)).toEqual([{ ...NOTHING, ...without }]);
			expect(outcome.hints.map(({ message }) => message)).toEqual([
				'Without a transaction hash, so not compared: 2 of the transactions, 1 of the payment ' +
					'events. Of these, 2 have moved money. Nothing at all was compared of ' +
					`${JSON.stringify(session.agent.name)}.`,
			]);
		},
	);

	it('compares no earnings, which have no payment event', async () => {
		for (let i = 0; i < 3; i++) pay({ type: 'earn' });

		expect(jsonOf(await reconcile())).toEqual([NOTHING]);
		expect(service.seen.filter((route) => route === PAYMENTS)).toHaveLength(1);
	});

	it('compares no direction that is new, and says so', async () => {
		pay();
		changeRows(ACTIVITY, ([row]) => [{ ...row, type: 'refund' }]);

		const { items, hints } = await reconcile();

		expect(items).toMatchObject([{ json: { finding: null, findings: 0, unclear: 1 } }]);
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringContaining('"refund"'),
			"Not judged, because this node doesn't know a status or a direction, or what it means: " +
				'1 of the payments.',
		]);
	});

	it.each([{ type: 'refund' }, { status: 'refunded' }])(
		'says of how many payments it knows nothing: %j, with and without a hash',
		async (change) => {
			const start = Date.now() - 5 * DAY;
			for (let i = 0; i < 4; i++) pay({ timestamp: start + i * DAY });
			changeRows(PAYMENTS, (rows) => rows.map((row) => ({ ...row, status: 'failure' })));
			changeRows(ACTIVITY, (rows) =>
				rows.map((row, i) => ({ ...row, ...change, ...(i === 1 && { tx_hash: null }) })),
			);

			const items = jsonOf(await reconcile({ simplify: true, ...range(start + 1) }));

			const only = { finding: 'onlyInPaymentEvents', movedWithoutHash: 0 };
			expect(items).toMatchObject([{ ...only, unclear: 3 }]);
		},
	);

	it('takes a direction in any letter case', async () => {
		pay();
		pay({ type: 'earn' });
		changeRows(ACTIVITY, (rows) =>
			rows.map((row) => ({ ...row, type: String(row.type).toUpperCase() })),
		);

		expect(jsonOf(await reconcile())).toEqual([
			{ ...NOTHING, comparedTransactions: 1, comparedPaymentEvents: 1 },
		]);
	});

	it("doesn't mix the payments of agents with one hash", async () => {
		const txHash = randomHash();
		const other = service.emulator.addAgent({ name: 'other' });
		pay({ txHash });
		pay({ txHash, amountMicro: 70_000n }, other);

		expect(jsonOf(await reconcile())).toMatchObject([{ findings: 0 }]);
		service.emulator.fault({
			route: PAYMENTS,
			times: Infinity,
			match: ({ params }) => params.address === other.address,
			mutate: () => [],
		});
		expect(jsonOf(await reconcile())).toMatchObject([
			{ finding: 'onlyInTransactions', agentName: 'other' },
		]);
	});

	describe('with one hash for several payments', () => {
		const batch = (...amounts: bigint[]) => {
			const txHash = randomHash();
			for (const amountMicro of amounts) pay({ txHash, amountMicro });
		};
		/** Payment events with these amounts, in micro-USDC. */
		const setEvents = (...amounts: number[]) =>
			changeRows(PAYMENTS, ([row]) =>
				amounts.map((amount) => ({ ...row, amount_usdc_micro: String(amount) })),
			);

		it.each<[string, bigint[], number[], unknown[]]>([
			['the same', [1n, 2n, 2n], [2, 1, 2], [[null, null, null]]],
			['a sum on one side', [1n, 2n, 3n], [6], [[null, null, null]]],
			['a sum of some', [1n, 2n, 3n], [1, 5], [[null, null, null]]],
			['one too few', [2n, 2n], [2], [['onlyInTransactions', '0.000002', null]]],
			['one too many', [2n], [2, 2], [['onlyInPaymentEvents', null, '0.000002']]],
			['another sum', [1n, 2n, 3n], [7], [['amountDiffers', '0.000006', '0.000007']]],
			['one that differs', [1n, 2n, 3n], [1, 2, 4], [['amountDiffers', '0.000003', '0.000004']]],
		])('compares %s', async (_, ours, theirs, expected) => {
			batch(...ours);
			setEvents(...theirs);

			const items = jsonOf(await reconcile());

			expect(shown(items).map((row) => row.slice(0, 3))).toEqual(expected);
		});

		it('pairs those with the same outcome, and shows all statuses of the rest', async () => {
			batch(1n, 1n, 5n, 6n);
			const statuses = ['settled', 'failure', 'expired', 'denied'];
			changeRows(PAYMENTS, (rows) =>
				[1, 1, 4, 7].map((amount, i) => ({
					...rows[0],
					amount_usdc_micro: String(amount),
					status: statuses[i],
				})),
			);

			const items = jsonOf(await reconcile());

			expect(shown(items).toSorted()).toEqual([
				['statusContradicts', '0.000001', '0.000001', 'settled', 'failure'],
				['statusContradicts', '0.000011', '0.000011', 'settled', 'expired, denied'],
			]);
		});
	});

	describe('at the edges of the range', () => {
		const from = Date.now() - 10 * DAY;
		const to = from + 5 * DAY;
		/** The payment event of each payment is `ms` later. */
		const shiftEvents = (ms: number) =>
			changeRows(PAYMENTS, (rows) =>
				rows.map((row) => ({ ...row, created_at: Number(row.created_at) + ms })),
			);

		it.each([-MINUTE, MINUTE, -20 * HOUR, 20 * HOUR])(
			'finds nothing in a payment whose payment event is %d ms later',
			async (ms) => {
				for (const timestamp of [from, from - 1, to - 1, to]) pay({ timestamp });
				shiftEvents(ms);

				const [item] = jsonOf(await reconcile(range(from, to)));

				expect(item).toMatchObject({ finding: null, findings: 0, comparedTransactions: 2 });
			},
		);

		it('leaves what only one list has to the range that it is in', async () => {
			for (const timestamp of [from - 1, from, to - 1, to]) pay({ timestamp });
			changeRows(PAYMENTS, () => []);

			const items = jsonOf(await reconcile(range(from, to)));

			expect(items.map(({ occurredAt }) => Date.parse(String(occurredAt)))).toEqual([to - 1, from]);
			service.emulator.clearCalls();
			const before = jsonOf(await reconcile(range(from - 5 * DAY, from)));
			const after = jsonOf(await reconcile(range(to)));
			expect([...before, ...after].map(({ occurredAt }) => Date.parse(String(occurredAt)))).toEqual(
				[from - 1, to],
			);
		});

		it('takes whole days in a time zone', async () => {
			const midnight = Date.parse(`${new Date().toISOString().slice(0, 10)}T00:00:00Z`);
			// Kiritimati is 14 hours ahead of UTC: its days begin at 10:00 UTC.
			const end = Date.now() % DAY < 10 * HOUR ? midnight - 14 * HOUR : midnight + 10 * HOUR;
			for (const timestamp of [end - DAY - 1, end - DAY, end - 1, end]) {
				if (timestamp < Date.now()) pay({ timestamp });
			}
			const timeZone = 'Pacific/Kiritimati';

			const [item] = jsonOf(
				await reconcile({ filters: { range: 'yesterday' }, options: { timeZone } }),
			);

			expect(item).toMatchObject({ findings: 0, comparedTransactions: 2 });
		});

		it('requests only as much history as it needs', async () => {
			await reconcile(range(Date.now() - 3 * DAY));
			const presets = service.emulator.calls.map(({ query }) => query.preset);
			expect(new Set(presets)).toEqual(new Set([undefined, '30d']));
		});

		it.each([
			[{ from: 'yesterday' }, 'From: "yesterday" isn\'t a date.'],
			[{ from: '2026-02-01', to: '2026-01-01' }, "To: isn't after From."],
			[{ to: '={{ null }}' }, 'To: the expression gives no value.'],
			[{ range: 'someDays' }, 'Range: "someDays" is not an option.'],
			[{ range: 'yesterday', from: '2026-01-01' }, 'Range: is Yesterday, and From or To is set'],
		])('rejects %j, and sends nothing', async (filters, message) => {
			const { error } = await reconcile({ filters });

			expect(error?.message).toContain(message);
			expect(service.emulator.calls).toEqual([]);
		});
	});

	it('finds nothing in a payment that settles between the readings', async () => {
		const paid = pay({ status: 'authorized' });
		service.emulator.after(PAYMENTS, () => void service.emulator.setStatus(paid.id, 'settled'));

		const [item] = jsonOf(await reconcile());

		expect(item).toEqual({ ...NOTHING, comparedTransactions: 1, comparedPaymentEvents: 1 });
		expect(service.seen.filter((route) => route === PAYMENTS)).toHaveLength(2);
	});

	it('returns findings of all agents, newest first', async () => {
		const agents = [0, 1, 2].map((i) => service.emulator.addAgent({ name: `agent ${i}` }));
		const start = Date.now() - 3 * DAY;
		for (let i = 0; i < 6; i++) pay({ timestamp: start + i * HOUR }, agents[i % 3]);
		changeRows(PAYMENTS, () => []);

		const items = jsonOf(await reconcile());

		expect(items.map(({ agentName }) => agentName)).toEqual(
			[5, 4, 3, 2, 1, 0].map((i) => `agent ${i % 3}`),
		);
		expect(items.map(({ findings }) => findings)).toEqual(Array(6).fill(6));
	});

	it('reads 1 000 agents with two requests each', async () => {
		for (let i = 0; i < 999; i++) service.emulator.addAgent();

		expect(jsonOf(await reconcile())).toEqual([NOTHING]);
		const count = (route: string) =>
			service.emulator.calls.filter((call) => call.route === route && call.query.page !== '0')
				.length;
		expect([count(PAYMENTS), count(ACTIVITY)]).toEqual([1_000, 1_000]);
	}, 120_000);

	it.each([PAYMENTS, ACTIVITY])('returns no part of the answer if %s fails', async (route) => {
		for (let i = 0; i < 20; i++) pay({}, service.emulator.addAgent());
		service.emulator.fault({ route, status: 401, times: Infinity });

		const { items, error } = await reconcile();

		expect(items).toEqual([]);
		expect(error?.message).toContain('HTTP 401');
		expect(service.emulator.calls.length).toBeLessThan(40);
	});

	it('reconciles the agent of a session', async () => {
		const paid = pay();
		pay({}, service.emulator.addAgent());
		service.emulator.fault({
			route: 'GET /agents/self/payments',
			times: Infinity,
			mutate: () => [],
		});

		const items = jsonOf(await session.run({ resource: 'transaction', operation: 'reconcile' }));

		expect(items).toMatchObject([
			{ finding: 'onlyInTransactions', transactionHash: paid.txHash, agentName: 'buyer' },
		]);
	});
});
