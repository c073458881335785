import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type PaymentStatus } from '../emulator/index.mts';
import { fileOf, numbersIn, parseCsv } from './files.mts';
import type { RunOptions } from './n8n.mts';
import { useAmpersend } from './setup.mts';

const ampersend = useAmpersend();

const PAYMENTS = 'GET /agents/{address}/payments';
const LIST = 'GET /agents';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function getMany(parameters: INodeParameters = {}, options?: Partial<RunOptions>) {
	return ampersend.run({ resource: 'paymentEvent', operation: 'getMany', ...parameters }, options);
}

function exportFile(parameters: INodeParameters = {}, options?: Partial<RunOptions>) {
	return ampersend.run({ resource: 'paymentEvent', operation: 'export', ...parameters }, options);
}

const presetsAsked = () =>
	ampersend.emulator.calls.filter(({ route }) => route === PAYMENTS).map(({ query }) => query);

const amountsOf = (items: Array<{ json: object }>) =>
	items.map(({ json }) => Number(Reflect.get(json, 'amountUsdcMicro')));

/** An answer whose newest payment is changed. */
function changeFirst(body: unknown, changes: object): unknown {
	return (body as object[]).map((row, i) => (i === 0 ? { ...row, ...changes } : row));
}

describe('Get Many', () => {
	it('gives a payment with its counterparty, amounts, explorer link, scheme and times', async () => {
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
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([LIST, PAYMENTS]);
		expect(presetsAsked()).toEqual([{ preset: 'all' }]);
	});

	it('gives null for what a payment does not have', async () => {
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

	it('reads times that the service gives as strings', async () => {
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

	describe('in the form that a user API key may get', () => {
		const pay = () => {
			const agent = ampersend.emulator.addAgent({ name: 'buyer' });
			ampersend.emulator.wire.payments = 'user';
			return ampersend.emulator.pay({ agent, amountMicro: 1_250_000n });
		};

		it('reads the amount, gives the id, and passes on neither signature nor nonce', async () => {
			const { id } = pay();
			let signature = '';
			let nonce = '';
			ampersend.emulator.fault({
				route: PAYMENTS,
				times: 2,
				mutate: (body) => {
					({ signature, nonce } = (body as Array<{ signature: string; nonce: string }>)[0]!);
					return changeFirst(body, {
						paymentSignature: signature,
						eip3009_nonce: nonce,
						payload: {
							authorization: { nonce, value: 'kept' },
							Signature: signature,
							list: [{ nonce }],
						},
					});
				},
			});

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
			expect(text).toContain('1250000');
			for (const secret of [signature, nonce]) {
				expect(secret.length).toBeGreaterThan(60);
				expect(JSON.stringify(run)).not.toContain(secret);
				expect(text).not.toContain(secret);
			}
			expect(JSON.stringify(items)).not.toMatch(/nonce|signature/i);
		});

		it('reads an amount that is a number', async () => {
			pay();
			ampersend.emulator.fault({
				route: PAYMENTS,
				mutate: (body) => changeFirst(body, { amount: 7, id: 12 }),
			});
			const { items } = await getMany();
			expect(items).toMatchObject([{ json: { id: '12', amountUsdcMicro: '7' } }]);
		});

		it('counts a row that comes twice once, by its id', async () => {
			pay();
			ampersend.emulator.fault({
				route: PAYMENTS,
				mutate: (body) => [...(body as object[]), ...(body as object[])],
			});
			expect((await getMany()).items).toHaveLength(1);
		});
	});

	it('counts rows without an id as often as they come, since two payments may be alike', async () => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent() });
		ampersend.emulator.fault({
			route: PAYMENTS,
			mutate: (body) => [...(body as object[]), ...(body as object[])],
		});
		expect((await getMany()).items).toHaveLength(2);
	});

	it.each<[string, object, number]>([
		['both amounts alike', { amount: '1250000' }, 1_250_000],
		['the other amount null', { amount: null }, 1_250_000],
		['this amount null', { amount: '5', amount_usdc_micro: null }, 5],
		['an id that is null', { id: null }, 1_250_000],
	])('reads a row with %s', async (_, changes, amount) => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent(), amountMicro: 1_250_000n });
		ampersend.emulator.fault({ route: PAYMENTS, mutate: (body) => changeFirst(body, changes) });
		const { items, error } = await getMany();
		expect(error).toBeUndefined();
		expect(amountsOf(items)).toEqual([amount]);
		expect(items[0]?.json).not.toHaveProperty('id');
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
	])('refuses a row with %s by name', async (_, changes, complaint) => {
		ampersend.emulator.pay({ agent: ampersend.emulator.addAgent(), amountMicro: 1_250_000n });
		ampersend.emulator.fault({ route: PAYMENTS, mutate: (body) => changeFirst(body, changes) });
		const { items, error } = await getMany();
		expect(items).toEqual([]);
		expect(error?.message).toContain('has changed format');
		expect(error?.message).toContain(complaint);
	});

	it('gives what agents pay, not what they earn', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, type: 'earn' });
		ampersend.emulator.pay({ agent, amountMicro: 7n });

		const { items } = await getMany();

		expect(amountsOf(items)).toEqual([7]);
	});

	it('merges every agent into one history, newest first, asking each once', async () => {
		const { emulator } = ampersend;
		const agents = [0, 1, 2].map((i) => emulator.addAgent({ name: `agent ${i}` }));
		const start = Date.now() - DAY;
		for (let i = 0; i < 9; i++) {
			const agent = agents[(i * 2) % 3] ?? '';
			emulator.pay({ agent, amountMicro: BigInt(i), timestamp: start + i * MINUTE });
		}

		const { items } = await getMany({ returnAll: true });

		expect(amountsOf(items)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
		expect(presetsAsked()).toHaveLength(3);
	});

	it.each([
		{ paging: {}, rows: 50 },
		{ paging: { limit: 3 }, rows: 3 },
		{ paging: { limit: 1000 }, rows: 260 },
		{ paging: { returnAll: true }, rows: 260 },
	])('with $paging gives the newest $rows over all agents', async ({ paging, rows }) => {
		const { emulator } = ampersend;
		const newest = Date.now();
		const agents = [emulator.addAgent(), emulator.addAgent()];
		agents.forEach((agent, a) =>
			emulator.seedActivity(
				agent,
				130,
				(i) => ({ type: 'spend', amountMicro: BigInt(i * 2 + a) }),
				{ newest: newest - (1 - a) * MINUTE, everyMs: 2 * MINUTE },
			),
		);

		const { items } = await getMany(paging);

		expect(amountsOf(items)).toEqual(Array.from({ length: rows }, (_, i) => 259 - i));
	});

	it('reads the selected agents only', async () => {
		const { emulator } = ampersend;
		const agents = ['one', 'two', 'three'].map((name) => emulator.addAgent({ name }));
		for (const agent of agents) emulator.pay({ agent });

		const { items } = await getMany({
			agentScope: 'selected',
			agents: `${agents[0]?.address.toLowerCase()}, ${agents[2]?.address}`,
		});

		expect(items.map(({ json }) => json.agentName).sort()).toEqual(['one', 'three']);
		expect(presetsAsked()).toHaveLength(2);
	});

	it.each(['list', 'address', 'url'])('reads one agent only, chosen by %s', async (mode) => {
		const { emulator } = ampersend;
		for (const name of ['one', 'two']) emulator.pay({ agent: emulator.addAgent({ name }) });
		const address = String(emulator.agents()[1]?.address);
		const value = mode === 'url' ? `https://app.ampersend.ai/agents/${address}` : address;

		const { items } = await getMany({ agentScope: 'one', agent: { __rl: true, mode, value } });

		expect(items.map(({ json }) => json.agentName)).toEqual(['two']);
		expect(presetsAsked()).toHaveLength(1);
	});

	it('refuses an agent that the account does not have, before any payment is read', async () => {
		const stranger = randomAddress();

		const { error } = await getMany({ agentScope: 'selected', agents: [stranger] });

		expect(error?.message).toContain(`${stranger} isn't an agent in this account.`);
		expect(ampersend.seen).toEqual([LIST]);
	});

	it('repeats the query for each input item and links the payments to it', async () => {
		const { emulator } = ampersend;
		const agents = ['one', 'two'].map((name) => emulator.addAgent({ name }));
		for (const agent of agents) emulator.pay({ agent });

		const { items } = await getMany(
			{ agentScope: 'selected', agents: '={{ $json.agent }}' },
			{
				onError: 'continueRegularOutput',
				input: [{ agent: agents[0]?.address }, { agent: 'nobody' }, { agent: agents[1]?.address }],
			},
		);

		expect(items).toMatchObject([
			{ json: { agentName: 'one' }, pairedItem: { item: 0 } },
			{
				json: { error: expect.stringContaining('"nobody" is not an address') },
				pairedItem: { item: 1 },
			},
			{ json: { agentName: 'two' }, pairedItem: { item: 2 } },
		]);
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
		])('with Status %p gives %p', async (status, expected) => {
			const agent = ampersend.emulator.addAgent();
			for (const paymentStatus of ALL) ampersend.emulator.pay({ agent, paymentStatus });

			const { items, error } = await getMany({ filters: { status } });

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.status).sort()).toEqual(expected);
		});

		it('includes From itself and excludes To itself, both in the time zone of the workflow', async () => {
			const agent = ampersend.emulator.addAgent();
			[
				'2026-10-01T03:59:59.999Z',
				'2026-10-01T04:00:00.000Z',
				'2026-11-01T03:59:59.999Z',
				'2026-11-01T04:00:00.000Z',
			].forEach((moment, i) =>
				ampersend.emulator.pay({
					agent,
					amountMicro: BigInt(i),
					timestamp: Date.parse(moment),
				}),
			);

			const { items } = await getMany(
				{ filters: { from: '2026-10-01', to: '2026-11-01' } },
				{ timezone: 'America/New_York' },
			);

			expect(amountsOf(items)).toEqual([2, 1]);
		});

		it.each([
			[22 * HOUR, '1d'],
			[29 * DAY, '30d'],
			[31 * DAY, 'all'],
		])('asks for the smallest history that surely covers From %d ms ago', async (ago, preset) => {
			const agent = ampersend.emulator.addAgent();
			const from = Date.now() - ago;
			ampersend.emulator.pay({ agent, amountMicro: 1n, timestamp: from - 1 });
			ampersend.emulator.pay({ agent, amountMicro: 2n, timestamp: from });

			const { items } = await getMany({ filters: { from: new Date(from).toISOString() } });

			expect(amountsOf(items)).toEqual([2]);
			expect(presetsAsked()).toEqual([{ preset }]);
		});

		it('gives payments to a counterparty in any letter case', async () => {
			const agent = ampersend.emulator.addAgent();
			const seller = randomAddress();
			ampersend.emulator.pay({ agent, counterparty: seller });
			ampersend.emulator.pay({ agent });

			const { items } = await getMany({
				filters: { counterparty: `0x${seller.slice(2).toUpperCase()}` },
			});

			expect(items.map(({ json }) => json.counterparty)).toEqual([seller]);
		});

		it.each<[INodeParameters, string]>([
			[{ from: 'yesterday' }, 'From: "yesterday" is not a date.'],
			[{ to: '2026-02-30' }, 'To: "2026-02-30" is not a date.'],
			[{ from: '2026-10-02', to: '2026-10-01' }, "To: isn't after From."],
			[{ counterparty: '0x123' }, 'Counterparty: "0x123" is not an address.'],
		])('refuses %p, and sends nothing', async (filters, message) => {
			const { error } = await getMany({ filters });

			expect(error?.message).toBe(message);
			expect(error?.description).toBeTruthy();
			expect(ampersend.seen).toEqual([]);
		});
	});

	it('keeps every digit of an amount beyond the exact floating-point numbers', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, amountMicro: 123_456_789_012_345_678_901_234_567_891n });

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({
			amountUsdc: '123456789012345678901234.567891',
			amountUsdcMicro: '123456789012345678901234567891',
		});
	});

	it('keeps fields that the service adds', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, amountMicro: 5n });
		ampersend.emulator.fault({
			route: PAYMENTS,
			mutate: (body) => changeFirst(body, { memo: { invoice: 7 } }),
		});

		const { items } = await getMany();

		expect(items[0]?.json).toMatchObject({ amountUsdcMicro: '5', memo: { invoice: 7 } });
	});

	it.each([
		['seller_address', undefined, 'is missing'],
		['amount_usdc_micro', undefined, 'is missing, and so is amount'],
		['created_at', undefined, 'is missing'],
		['expires_at', undefined, 'is missing'],
		['amount_usdc_micro', '1.5', 'has an unexpected format'],
		['amount_usdc_micro', '-1', 'has an unexpected format'],
		['created_at', 'yesterday', 'has an unexpected format'],
	])('names %s with its place and route where it is %p', async (field, value, complaint) => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent });
		ampersend.emulator.fault({
			route: PAYMENTS,
			mutate: (body) => changeFirst(body, { [field]: value }),
		});

		const { items, error } = await getMany();

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			`Ampersend's answer to GET /agents/${agent.address}/payments has changed format: 0.${field} ${complaint}.`,
		);
		expect(error?.description).toContain('Update n8n-nodes-ampersend');
	});
});

describe('Export', () => {
	const COLUMNS = [
		'occurredAt',
		'agentName',
		'agentAddress',
		'amountUsdc',
		'amountUsdcMicro',
		'status',
		'counterparty',
		'transactionHash',
		'explorerUrl',
		'chain',
		'scheme',
		'expiresAt',
	];

	function payments() {
		const { emulator } = ampersend;
		const agents = [
			emulator.addAgent({ name: 'Zoë "the" buyer, of\r\nrésumés' }),
			emulator.addAgent({ name: 'plain' }),
		];
		const [one = '', two = ''] = agents.map(({ address }) => address);
		emulator.pay({ agent: one, amountMicro: 1n, timestamp: Date.now() - HOUR });
		emulator.pay({ agent: two, amountMicro: 2_500_000n, expiresAt: null });
		emulator.pay({ agent: one, amountMicro: 10n ** 30n + 1n, status: 'denied', scheme: null });
		return agents;
	}

	const rowsOf = async () => (await getMany({ returnAll: true })).items.map(({ json }) => json);

	it('writes CSV with a header, CRLF line ends, and quotes where a name needs them', async () => {
		payments();
		const rows = await rowsOf();

		const { items, error } = await exportFile();

		expect(error).toBeUndefined();
		const { text, mimeType } = fileOf(items[0]);
		expect(mimeType).toBe('text/csv');
		expect(text).toContain('"Zoë ""the"" buyer, of\r\nrésumés"');
		expect(parseCsv(text)).toEqual([
			COLUMNS,
			...rows.map((row) => COLUMNS.map((column) => row[column] ?? '')),
		]);
		expect(rows).toHaveLength(3);
	});

	it('keeps a spreadsheet from running an agent name as a formula', async () => {
		const agent = ampersend.emulator.addAgent({ name: '=1+1' });
		ampersend.emulator.pay({ agent });

		const { items } = await exportFile();

		expect(parseCsv(fileOf(items[0]).text)[1]?.[1]).toBe("'=1+1");
	});

	it('writes JSON and JSON Lines that read back to the rows of Get Many', async () => {
		payments();
		const rows = await rowsOf();

		const json = await exportFile({ format: 'json' });
		const jsonl = await exportFile({ format: 'jsonl' });

		expect(rows).toHaveLength(3);
		expect(JSON.parse(fileOf(json.items[0]).text)).toEqual(rows);
		const lines = fileOf(jsonl.items[0]).text.split('\n');
		expect(lines.pop()).toBe('');
		expect(lines.map((line): unknown => JSON.parse(line))).toEqual(rows);
		expect(fileOf(json.items[0]).mimeType).toBe('application/json');
		expect(fileOf(jsonl.items[0]).mimeType).toBe('application/x-ndjson');
	});

	it.each(['csv', 'json', 'jsonl'])(
		'names a %s file after the moment of the export',
		async (format) => {
			const before = Math.floor(Date.now() / 1000) * 1000;

			const { items } = await exportFile({ format });

			const { fileName = '' } = fileOf(items[0]);
			const [, day, time, extension] =
				/^payment-events-(\d{4}-\d{2}-\d{2})T(\d{2}-\d{2}-\d{2})Z\.(\w+)$/.exec(fileName) ?? [];
			const moment = Date.parse(`${day}T${time?.replaceAll('-', ':')}Z`);
			expect(moment).toBeGreaterThanOrEqual(before);
			expect(moment).toBeLessThanOrEqual(Date.now());
			expect(extension).toBe(format);
		},
	);

	it('takes the file name and the binary field that the user gives', async () => {
		const { items } = await exportFile({
			binaryPropertyName: 'report',
			options: { fileName: 'october.csv' },
		});

		expect(fileOf(items[0], 'report').fileName).toBe('october.csv');
		expect(items[0]?.json.fileName).toBe('october.csv');
	});

	it('writes a header alone for an empty history', async () => {
		ampersend.emulator.addAgent();

		const { items } = await exportFile();

		expect(fileOf(items[0]).text).toBe(`${COLUMNS.join(',')}\r\n`);
		expect(items[0]?.json).toMatchObject({ format: 'csv', rows: 0, agents: 1 });
	});

	it('says beside the file what it holds, however much there is', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		emulator.seedActivity(agent, 450, () => ({ type: 'spend' }), {
			newest: Date.parse('2026-10-20T00:00:00Z'),
		});

		const { items } = await exportFile(
			{ format: 'jsonl', filters: { from: '2026-10-01' } },
			{ timezone: 'Europe/Berlin' },
		);

		expect(items[0]?.json).toEqual({
			fileName: fileOf(items[0]).fileName,
			format: 'jsonl',
			rows: 450,
			agents: 1,
			from: '2026-09-30T22:00:00.000Z',
			to: null,
		});
	});

	it.each(['csv', 'json', 'jsonl'])(
		'writes each of 2,350 rows once, newest first, as %s',
		async (format) => {
			const agent = ampersend.emulator.addAgent();
			const details = (i: number) => ({ type: 'spend' as const, amountMicro: BigInt(i) });
			ampersend.emulator.seedActivity(agent, 2350, details);

			const { items } = await exportFile({ format });

			expect(items[0]?.json).toMatchObject({ rows: 2350 });
			expect(numbersIn(fileOf(items[0]).text, format)).toEqual(
				Array.from({ length: 2350 }, (_, i) => 2349 - i),
			);
		},
	);

	it('writes a file for each input item, linked to it, with the payments of that item', async () => {
		const agents = payments();

		const { items } = await exportFile(
			{
				agentScope: 'selected',
				agents: '={{ $json.agent }}',
				format: 'json',
				options: { fileName: '={{ $json.file }}' },
			},
			{ input: agents.map(({ address }, i) => ({ agent: address, file: `${i}.json` })) },
		);

		expect(
			items.map((item) => ({
				file: fileOf(item).fileName,
				rows: item.json.rows,
				pairedItem: item.pairedItem,
			})),
		).toEqual([
			{ file: '0.json', rows: 2, pairedItem: { item: 0 } },
			{ file: '1.json', rows: 1, pairedItem: { item: 1 } },
		]);
		expect(JSON.parse(fileOf(items[1]).text)).toMatchObject([{ agentName: 'plain' }]);
	});
});
