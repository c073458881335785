import { describe, expect, it } from '@jest/globals';

import { randomAddress, type PaymentStatus } from '../../tools/emulator/index.mts';
import { fileOf } from './files.mts';
import { LIST, MINUTE, historyOf, numbersOf } from './payments.mts';
import { useAmpersend } from './setup.mts';

// What payment events and transactions share is in history.test.mts.

const ampersend = useAmpersend();
const {
	route: PAYMENTS,
	requests,
	getMany,
	exportFile,
	changeRows,
	changeNewest,
} = historyOf(ampersend, 'paymentEvent');
const repeatRows = changeRows((rows) => [...rows, ...rows]);

describe('Get Many', () => {
	it('returns a payment with its counterparty, amounts, link, scheme and times', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent({ name: 'buyer' });
		const seller = randomAddress();
		const paid = emulator.pay({
			agent,
			amountMicro: 1_250_000n,
			counterparty: seller,
			scheme: 'deferred',
			timestamp: Date.UTC(2026, 8, 21, 14, 13, 20, 5),
			expiresAt: Date.UTC(2026, 8, 21, 14, 20),
		});

		const { items, error, hints } = await getMany();

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(items).toEqual([
			{
				json: {
					agentAddress: agent.address,
					agentName: 'buyer',
					counterparty: seller,
					amountUsdc: '1.25',
					amountUsdcMicro: '1250000',
					status: 'settled',
					scheme: 'deferred',
					transactionHash: paid.txHash,
					explorerUrl: `https://sepolia.basescan.org/tx/${paid.txHash}`,
					chain: 'eip155:84532',
					occurredAt: '2026-09-21T14:13:20.005Z',
					expiresAt: '2026-09-21T14:20:00.000Z',
					id: null,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([LIST, PAYMENTS]);
		expect(requests().map(({ query }) => query)).toEqual([{ preset: 'all' }]);
	});

	it('returns null for what a payment does not have', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, status: 'denied', scheme: null, expiresAt: null });

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({
			scheme: null,
			transactionHash: null,
			explorerUrl: null,
			expiresAt: null,
		});
	});

	it('reads times that are strings', async () => {
		ampersend.emulator.wire.timestamps = 'string';
		const agent = ampersend.emulator.addAgent();
		const timestamp = Date.UTC(2026, 9, 1);
		ampersend.emulator.pay({ agent, timestamp, expiresAt: timestamp + MINUTE });

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({
			occurredAt: '2026-10-01T00:00:00.000Z',
			expiresAt: '2026-10-01T00:01:00.000Z',
		});
	});

	describe('in the format that a user API key can get', () => {
		const pay = () => {
			const agent = ampersend.emulator.addAgent({ name: 'buyer' });
			ampersend.emulator.wire.payments = 'user';
			return ampersend.emulator.pay({ agent, amountMicro: 1_250_000n });
		};

		it('reads the amount, returns the id, and omits signature and nonce', async () => {
			const { id } = pay();
			let signature = '';
			let nonce = '';
			const repeatSecrets = changeRows(([row]) => {
				signature = String(row?.signature);
				nonce = String(row?.nonce);
				const payload = {
					authorization: { nonce, value: 'kept' },
					Signature: signature,
					list: [{ nonce }],
				};
				return [{ ...row, paymentSignature: signature, eip3009_nonce: nonce, payload }];
			});
			ampersend.emulator.fault({ ...repeatSecrets, times: 2 });

			const { items, error, run } = await getMany();
			const file = await exportFile();

			expect(error).toBeUndefined();
			expect(items).toMatchObject([
				{
					json: {
						id,
						amountUsdc: '1.25',
						amountUsdcMicro: '1250000',
						payload: { authorization: { value: 'kept' }, list: [{}] },
					},
				},
			]);
			expect(items[0]?.json).not.toHaveProperty('amount');
			const { text } = fileOf(file.items[0]);
			expect(text).toContain(',1.25,');
			for (const secret of [signature, nonce]) {
				expect(secret.length).toBeGreaterThan(60);
				expect(JSON.stringify(run)).not.toContain(secret);
				expect(text).not.toContain(secret);
			}
			expect(JSON.stringify(items)).not.toMatch(/nonce|signature/i);
		});

		it('reads an amount that is a number', async () => {
			pay();
			ampersend.emulator.fault(changeNewest({ amount: 7, id: 12 }));
			const { items } = await getMany();
			expect(items).toMatchObject([{ json: { id: '12', amountUsdcMicro: '7' } }]);
		});

		it('returns a row with an id once, even if it comes twice', async () => {
			pay();
			ampersend.emulator.fault(repeatRows);
			expect((await getMany()).items).toHaveLength(1);
		});
	});

	it('returns rows without an id as often as they come: two payments can be equal', async () => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent() });
		ampersend.emulator.fault(repeatRows);
		expect((await getMany()).items).toHaveLength(2);
	});

	it.each<[string, object, number]>([
		['two equal amounts', { amount: '1250000' }, 1_250_000],
		['the other amount null', { amount: null }, 1_250_000],
		['this amount null', { amount: '5', amount_usdc_micro: null }, 5],
		['an id that is null', { id: null }, 1_250_000],
	])('reads a row with %s', async (_, changes, amount) => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent(), amountMicro: 1_250_000n });
		ampersend.emulator.fault(changeNewest(changes));
		const { items, error } = await getMany();
		expect(error).toBeUndefined();
		expect(numbersOf(items)).toEqual([amount]);
		expect(items[0]?.json).toMatchObject({ id: null });
	});

	it.each<[string, object, string]>([
		[
			'neither amount',
			{ amount_usdc_micro: undefined },
			'0.amount_usdc_micro is missing, and so is amount',
		],
		['two amounts that differ', { amount: '1250001' }, '0.amount differs from amount_usdc_micro'],
		[
			'a decimal amount',
			{ amount: '1.25', amount_usdc_micro: undefined },
			'0.amount has an unexpected format',
		],
		['a fraction as amount', { amount: 1.25 }, '0.amount has an unexpected format'],
	])('rejects a row with %s and names the field', async (_, changes, complaint) => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent(), amountMicro: 1_250_000n });
		ampersend.emulator.fault(changeNewest(changes));
		const { items, error } = await getMany();
		expect(items).toEqual([]);
		expect(error?.message).toContain('is not as expected');
		expect(error?.message).toContain(complaint);
	});

	it('returns what agents pay, and not what they earn', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, type: 'earn' });
		ampersend.emulator.pay({ agent, amountMicro: 7n });

		const { items } = await getMany();

		expect(numbersOf(items)).toEqual([7]);
	});

	describe('filters', () => {
		const ALL: PaymentStatus[] = [
			'authorized',
			'denied',
			'expired',
			'failure',
			'pending',
			'requested',
			'settled',
			'success',
			'unmanaged',
		];

		it.each<[string[] | string, string[]]>([
			...ALL.map((status): [string[], string[]] => [[status], [status]]),
			[
				['pending', 'requested'],
				['pending', 'requested'],
			],
			['={{ "denied,expired" }}', ['denied', 'expired']],
			[[], ALL],
		])('with Status %p returns %p', async (status, expected) => {
			const agent = ampersend.emulator.addAgent();
			for (const paymentStatus of ALL) ampersend.emulator.pay({ agent, paymentStatus });

			const { items, error } = await getMany({ filters: { status } });

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.status).sort()).toEqual(expected);
		});
	});
});
