import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type PaymentDetails } from '../../tools/emulator/index.mts';
import { fileOf, numbersIn, parseCsv } from './files.mts';
import { DAY, HOUR, LIST, MINUTE, downFrom, historyOf, numbersOf } from './payments.mts';
import { useAmpersend } from './setup.mts';

const ampersend = useAmpersend();

interface Kind {
	resource: 'transaction' | 'paymentEvent';
	title: string;
	/** Where the first row is in an answer. */
	place: string;
	/** A field of that row, an invalid value, and the end of the error message. */
	broken: Array<[string, unknown, string]>;
	/** A payment that only this history contains, or contains in this form. */
	special: PaymentDetails;
	files: string;
	columns: string[];
}

const kinds: Kind[] = [
	{
		resource: 'transaction',
		title: 'Transactions',
		place: 'activity.0',
		broken: [
			['id', undefined, 'is missing'],
			['type', undefined, 'is missing'],
			['agent_address', undefined, 'is missing'],
			['amount', undefined, 'is missing'],
			['status', undefined, 'is missing'],
			['timestamp', undefined, 'is missing'],
		],
		special: { type: 'earn' },
		files: 'transactions',
		columns: [
			'occurredAt',
			'agentName',
			'direction',
			'amountUsdc',
			'status',
			'movedUsdc',
			'counterparty',
			'agentAddress',
			'explorerUrl',
			'transactionHash',
			'chain',
			'id',
		],
	},
	{
		resource: 'paymentEvent',
		title: 'Payment events',
		place: '0',
		broken: [
			['amount_usdc_micro', undefined, 'is missing, and so is amount'],
			['created_at', undefined, 'is missing'],
			['amount_usdc_micro', '1.5', 'has an unexpected format'],
			['amount_usdc_micro', '-1', 'has an unexpected format'],
			['created_at', 'yesterday', 'is not a time of this century'],
			['created_at', '2026-11-15T12:00:00.123456', 'is a time without a time zone'],
			['created_at', 0, 'is not a time of this century'],
		],
		special: { scheme: null, expiresAt: null },
		files: 'payment-events',
		columns: [
			'occurredAt',
			'agentName',
			'amountUsdc',
			'status',
			'expiresAt',
			'scheme',
			'counterparty',
			'agentAddress',
			'explorerUrl',
			'transactionHash',
			'chain',
			'id',
		],
	},
];

describe.each(kinds)('$title', ({ resource, place, broken, special, files, columns }) => {
	const { noun, path, getMany, exportFile, requests, changeNewest } = historyOf(
		ampersend,
		resource,
	);

	describe('Get Many', () => {
		it('returns nothing for an account without agents, and does not fail', async () => {
			const { items, error } = await getMany({ returnAll: true });

			expect(error).toBeUndefined();
			expect(items).toEqual([]);
			expect(ampersend.seen).toEqual([LIST]);
		});

		it('merges every agent into one history, newest first, with one request each', async () => {
			const { emulator } = ampersend;
			const agents = [0, 1, 2].map((i) => emulator.addAgent({ name: `agent ${i}` }));
			const start = Date.now() - DAY;
			for (let i = 0; i < 9; i++) {
				const agent = agents[(i * 2) % 3] ?? '';
				emulator.pay({ agent, amountMicro: BigInt(i), timestamp: start + i * MINUTE });
			}

			const { items } = await getMany({ returnAll: true });

			expect(numbersOf(items)).toEqual(downFrom(8, 9));
			expect(items.map(({ json }) => json.agentName)).toEqual(
				downFrom(8, 9).map((i) => `agent ${(i * 2) % 3}`),
			);
			expect(requests()).toHaveLength(3);
		});

		it.each([
			{ paging: {}, rows: 50 },
			{ paging: { limit: 3 }, rows: 3 },
			{ paging: { limit: 1000 }, rows: 260 },
			{ paging: { returnAll: true }, rows: 260 },
		])('with $paging returns the newest $rows of all agents', async ({ paging, rows }) => {
			const { emulator } = ampersend;
			const newest = Date.now();
			[emulator.addAgent(), emulator.addAgent()].forEach((agent, a) =>
				emulator.seedActivity(
					agent,
					130,
					(i) => ({ type: 'spend', amountMicro: BigInt(i * 2 + a) }),
					{ newest: newest - (1 - a) * MINUTE, everyMs: 2 * MINUTE },
				),
			);

			const { items } = await getMany(paging);

			expect(numbersOf(items)).toEqual(downFrom(259, rows));
		});

		it.each([0, -1, 2.5, 'many'])('rejects %p as Limit, and sends nothing', async (limit) => {
			const { error } = await getMany({ limit: `={{ ${JSON.stringify(limit)} }}` });

			expect(error?.message).toBe(`Limit: "${limit}" is not a whole number above 0.`);
			expect(ampersend.seen).toEqual([]);
		});

		it('repeats the query for each input item, and links the rows to it', async () => {
			const { emulator } = ampersend;
			const agents = ['one', 'two'].map((name) => emulator.addAgent({ name }));
			for (const agent of [...agents, ...agents]) emulator.pay({ agent });

			const { items } = await getMany(
				{ agentScope: 'selected', agents: '={{ $json.agent }}' },
				{
					onError: 'continueRegularOutput',
					input: [
						{ agent: agents[0]?.address },
						{ agent: 'nobody' },
						{ agent: agents[1]?.address },
					],
				},
			);

			expect(items).toMatchObject([
				{ json: { agentName: 'one' }, pairedItem: { item: 0 } },
				{ json: { agentName: 'one' }, pairedItem: { item: 0 } },
				{
					json: { error: expect.stringContaining('"nobody" is not an address') },
					pairedItem: { item: 1 },
				},
				{ json: { agentName: 'two' }, pairedItem: { item: 2 } },
				{ json: { agentName: 'two' }, pairedItem: { item: 2 } },
			]);
		});

		it('keeps every digit of an amount that a float could not hold', async () => {
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
			ampersend.emulator.fault(changeNewest({ memo: { invoice: 7 } }));

			const { items } = await getMany();

			expect(items[0]?.json).toMatchObject({ amountUsdcMicro: '5', memo: { invoice: 7 } });
		});

		it.each(broken)(
			'reports %s with its place and route if it is %p',
			async (field, value, complaint) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.pay({ agent });
				ampersend.emulator.fault(changeNewest({ [field]: value }));

				const { items, error } = await getMany();

				expect(items).toEqual([]);
				expect(error?.message).toBe(
					`Ampersend was asked to list the ${noun}, and its answer is not as expected: ` +
						`${place}.${field} ${complaint}.`,
				);
				expect(error?.description).toContain(`GET /agents/${agent.address}/${path}.`);
				expect(error?.description).toContain('Update n8n-nodes-ampersend');
			},
		);
	});

	describe('Get Many, agents', () => {
		/** Three agents with a payment each. */
		const addThree = () =>
			['one', 'two', 'three'].map((name) => {
				const agent = ampersend.emulator.addAgent({ name });
				ampersend.emulator.pay({ agent });
				return agent;
			});

		it.each<[string, (addresses: string[]) => string | string[]]>([
			['a list', (addresses) => addresses],
			['text with commas', (addresses) => addresses.join(', ')],
			['text with line breaks', (addresses) => addresses.join('\n')],
			['another letter case', (addresses) => addresses.map((one) => one.toLowerCase())],
			['duplicates', (addresses) => [...addresses, ...addresses.map((one) => one.toLowerCase())]],
		])('reads only the selected ones, given as %s', async (_, spell) => {
			const [one, , three] = addThree().map(({ address }) => address);

			const { items, error } = await getMany({
				agentScope: 'selected',
				agents: spell([String(one), String(three)]),
			});

			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.agentName).sort()).toEqual(['one', 'three']);
			expect(requests()).toHaveLength(2);
		});

		it.each([
			['from the list', 'list', (address: string) => address.toLowerCase()],
			['by its address', 'address', (address: string) => address],
			[
				'by a link',
				'url',
				(address: string) => `https://app.ampersend.ai/agents/${address}/activity`,
			],
		])('reads only one, chosen %s', async (_, mode, spell) => {
			const address = String(addThree()[1]?.address);
			const agent = { __rl: true, mode, value: spell(address) };

			for (const read of [getMany, exportFile]) {
				ampersend.emulator.clearCalls();
				const { items, error } = await read({ agentScope: 'one', agent });

				expect(error).toBeUndefined();
				expect(items).toHaveLength(1);
				expect(requests()).toMatchObject([{ params: { address } }]);
			}
		});

		it('rejects one that is not in the account, and names the field', async () => {
			const stranger = randomAddress();

			const { error } = await getMany({
				agentScope: 'one',
				agent: { __rl: true, mode: 'address', value: stranger },
			});

			expect(error?.message).toBe(`Agent: ${stranger} isn't an agent in this account.`);
			expect(ampersend.seen).toEqual([LIST]);
		});

		it.each([
			['nothing', '={{ "" }}', 'Agent: is empty.'],
			['a name', '={{ "buyer" }}', 'Agent: "buyer" is not an address.'],
		])('rejects %s as the agent, and sends nothing', async (_, value, complaint) => {
			const { error } = await getMany({
				agentScope: 'one',
				agent: { __rl: true, mode: 'address', value },
			});

			expect(error?.message).toBe(complaint);
			expect(ampersend.seen).toEqual([]);
		});

		it('is checked by n8n before the workflow runs, if it is no expression', async () => {
			const agent = { __rl: true, mode: 'address', value: 'buyer' };
			await expect(getMany({ agentScope: 'one', agent })).rejects.toThrow(
				'- Agent: an address is 0x followed by 40 hexadecimal digits.',
			);
			expect(ampersend.seen).toEqual([]);
		});

		it('rejects a selected one that is not in the account, and reads no payments', async () => {
			const agent = ampersend.emulator.addAgent();
			const stranger = randomAddress();

			const { items, error } = await getMany({
				agentScope: 'selected',
				agents: [agent.address, stranger],
			});

			expect(items).toEqual([]);
			expect(error?.message).toBe(
				`Agent Names or IDs: ${stranger} isn't an agent in this account.`,
			);
			expect(error?.description).toContain(
				'Choose agents of this account, or use an API key of the account that owns them.',
			);
			expect(ampersend.seen).toEqual([LIST]);
		});

		it.each([
			['none', [], 'none is selected'],
			['a name', ['buyer'], '"buyer" is not an address'],
		])('rejects %s as the selection, and sends nothing', async (_, agents, complaint) => {
			const { error } = await getMany({ agentScope: 'selected', agents });

			expect(error?.message).toContain(`Agent Names or IDs: ${complaint}`);
			expect(ampersend.seen).toEqual([]);
		});
	});

	describe('Get Many, filters', () => {
		it('includes From itself and excludes To itself, in the workflow time zone', async () => {
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

			const { items, error } = await getMany(
				{ filters: { from: '2026-10-01', to: '2026-11-01' } },
				{ timezone: 'America/New_York' },
			);

			expect(error).toBeUndefined();
			expect(numbersOf(items)).toEqual([2, 1]);
		});

		describe.each([
			['UTC', 0],
			['Asia/Kolkata', 5.5 * HOUR],
			['America/Phoenix', -7 * HOUR],
		])('with a range, in a workflow in %s', (timezone, offset) => {
			const local = new Date(Date.now() + offset);
			const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
			const startOf = (months: number, date: number, days = 0) =>
				Date.UTC(year, month + months, date + days) - offset;

			it.each([
				['lastMonth', startOf(-1, 1), startOf(0, 1)],
				['thisMonth', startOf(0, 1), undefined],
				['last7Days', startOf(0, day, -7), startOf(0, day)],
				['yesterday', startOf(0, day, -1), startOf(0, day)],
			])('of %s returns its whole days', async (range, first, end) => {
				const { emulator } = ampersend;
				const agent = emulator.addAgent();
				const moments = [first - 1, first, ...(end === undefined ? [] : [end - 1, end])];
				for (const [i, timestamp] of moments.entries()) {
					emulator.pay({ agent, type: 'spend', amountMicro: BigInt(i), timestamp });
				}
				const found = async (timeZone: string, zone: string) => {
					const parameters = { filters: { range }, options: { timeZone } };
					return numbersOf((await getMany(parameters, { timezone: zone })).items);
				};

				const expected = end === undefined ? [1] : [2, 1];
				expect(await found('', timezone)).toEqual(expected);
				expect(await found(timezone, 'Pacific/Auckland')).toEqual(expected);
			});
		});

		it.each([
			['UTC', '', '2026-10-31T22:59:59.999Z', '2026-11-01T00:00:00.000Z'],
			['UTC', 'Europe/Berlin', '2026-10-31T23:59:59.999+01:00', '2026-11-01T01:00:00.000+01:00'],
			['America/St_Johns', '', '2026-10-31T20:29:59.999-02:30', '2026-10-31T21:30:00.000-02:30'],
		])(
			'exports times of its time zone: in a workflow in %s, with "%s"',
			async (timezone, timeZone, before, after) => {
				const { emulator } = ampersend;
				const agent = emulator.addAgent();
				emulator.pay({ agent, timestamp: Date.UTC(2026, 10, 1) });
				emulator.pay({ agent, timestamp: Date.UTC(2026, 9, 31, 23) - 1 });
				const textIn = async (format: string) =>
					fileOf((await exportFile({ format, options: { timeZone } }, { timezone })).items[0]).text;

				const inCsv = parseCsv(await textIn('csv')).map(([time]) => time);
				expect(inCsv).toEqual(['occurredAt', after, before]);
				const lines = (await textIn('jsonl')).trimEnd().split('\n');
				expect(
					lines.map((line) => (JSON.parse(line) as { occurredAt: string }).occurredAt),
				).toEqual([after, before]);
			},
		);

		it('treats empty dates as an open range', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, timestamp: Date.parse('2024-01-01T00:00:00Z') });

			const { items, error } = await getMany({
				filters: { from: '', to: '={{ "" }}' },
			});

			expect(error).toBeUndefined();
			expect(items).toHaveLength(1);
		});

		const names = {
			from: 'From',
			to: 'To',
			counterparty: 'Counterparty',
			status: 'Status',
			minimumAmount: 'Minimum Amount (USDC)',
			maximumAmount: 'Maximum Amount (USDC)',
			...(resource === 'transaction' && { direction: 'Direction' }),
		};

		it.each(Object.entries(names))(
			'an expression for %s that gives no value is not "no filter"',
			async (name, title) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.pay({ agent });
				// n8n turns a TypeError into undefined, and says nothing.
				for (const expression of [
					'={{ $json.date.startOf("month") }}',
					'={{ $now.startof("month") }}',
					'={{ $json.wrong }}',
					'={{ null }}',
				]) {
					for (const operation of ['getMany', 'export']) {
						const { items, error } = await getMany(
							{ operation, filters: { [name]: expression } },
							{ input: [{ date: '2026-10-05' }] },
						);

						expect(items).toEqual([]);
						expect(error?.message).toBe(`${title}: the expression gives no value.`);
						expect(error?.description).toContain('empty text');
					}
				}
				expect(ampersend.seen).toEqual([]);
			},
		);

		it.each([
			[
				'Status',
				'status',
				[',', ' ', '={{ $json.a }},{{ $json.b }}', '={{ [""] }}', '={{ "[]" }}'],
			],
			[
				'Counterparty',
				'counterparty',
				[',', ' ', '={{ $json.a }},{{ $json.b }}', '={{ [""] }}', '={{ [] }}', '={{ "[]" }}'],
			],
		])('a %s that expressions leave empty is not "no filter"', async (title, name, values) => {
			for (const value of values) {
				const { items, error } = await getMany({ filters: { [name]: value } });

				expect(items).toEqual([]);
				expect(error?.message).toMatch(new RegExp(`^${title}: ".*" has no entries\\.$`));
			}
			expect(ampersend.seen).toEqual([]);
		});

		it('a locator whose expression gives no value is not "no filter" either', async () => {
			const counterparty = { __rl: true, mode: 'address', value: '={{ $json.wrong }}' };

			const { error } = await getMany({ filters: { counterparty } });

			expect(error?.message).toBe('Counterparty: the expression gives no value.');
			expect(ampersend.seen).toEqual([]);
		});

		it('fields that a person left empty are no filter', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			const empty = {
				from: '',
				to: '',
				minimumAmount: '',
				maximumAmount: '',
				status: [],
				counterparty: { __rl: true, mode: 'list', value: '' },
			};

			const { items, error } = await getMany({ filters: empty });

			expect(error).toBeUndefined();
			expect(items).toHaveLength(1);
		});

		it('reads statuses in any letter case, and from JSON text of a list', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent, status: 'settled' });
			ampersend.emulator.pay({ agent, status: 'denied' });
			for (const [status, expected] of [
				['={{ "Settled" }}', ['settled']],
				['={{ ["SETTLED"] }}', ['settled']],
				['={{ \'["settled"]\' }}', ['settled']],
				['={{ \' [ "settled", "Denied" ] \' }}', ['denied', 'settled']],
			] as const) {
				const { items, error, hints } = await getMany({ filters: { status } });

				expect(error).toBeUndefined();
				expect(items.map(({ json }) => json.status).sort()).toEqual(expected);
				expect(hints).toEqual([]);
			}
		});

		it('finds a row whose status the service spells in capitals', async () => {
			const agent = ampersend.emulator.addAgent();
			ampersend.emulator.pay({ agent });
			ampersend.emulator.fault(changeNewest({ status: 'SETTLED' }));

			const { items } = await getMany({ filters: { status: ['settled'] } });

			expect(items.map(({ json }) => json.status)).toEqual(['SETTLED']);
		});

		it.each(['[settled]', '["settled"', '[["settled"]]', '[1]'])(
			'rejects the text %s, which is no list of texts, and sends nothing',
			async (text) => {
				const { error } = await getMany(
					{ filters: { status: '={{ $json.text }}' } },
					{ input: [{ text }] },
				);

				expect(error?.message).toBe(
					`Status: "${text}" looks like a list, but isn't one of texts in JSON.`,
				);
				expect(ampersend.seen).toEqual([]);
			},
		);

		it.each(['all', 'completed', 'complted, settled'])(
			'says that no row has a status of the filter that is not known: %s',
			async (status) => {
				const agent = ampersend.emulator.addAgent();
				for (let i = 0; i < 3; i++) ampersend.emulator.pay({ agent, status: 'denied' });
				const [word = ''] = status.split(',');
				const hint = new RegExp(
					`^Status: none of the ${noun} that were read has "${word}"\\. ` +
						'This node knows authorized, ',
				);

				for (const operation of ['getMany', 'export']) {
					const { error, hints } = await getMany({ operation, filters: { status } });

					expect(error).toBeUndefined();
					expect(hints.map(({ message }) => message)).toEqual([expect.stringMatching(hint)]);
				}
				const tool = await getMany({ filters: { status } }, { isTool: true });
				expect(tool.items.map(({ json }) => json)).toEqual([
					{ hints: [expect.stringMatching(hint)] },
				]);
			},
		);

		it('says nothing of a known status that no row has', async () => {
			ampersend.emulator.addAgent();

			const { items, hints } = await getMany({ filters: { status: ['denied'] } });

			expect([items, hints]).toEqual([[], []]);
		});

		it("does not guess which address of an explorer's link is meant", async () => {
			const agent = ampersend.emulator.addAgent();
			const [token, seller, other] = [randomAddress(), randomAddress(), randomAddress()];
			for (const counterparty of [seller, other]) ampersend.emulator.pay({ agent, counterparty });
			const link = (rest: string) => ({
				__rl: true,
				mode: 'url',
				value: `https://basescan.org/${rest}`,
			});

			const ambiguous = await getMany({
				filters: { counterparty: link(`token/${token}?a=${seller}`) },
			});

			expect(ambiguous.error?.message).toBe(
				`Counterparty: the link contains 2 addresses: ${token}, ${seller}.`,
			);
			expect(ampersend.seen).toEqual([]);

			const two = `address/${seller}, https://basescan.org/address/${other}`;
			const { items } = await getMany({ filters: { counterparty: link(two) } });

			expect(items.map(({ json }) => json.counterparty).sort()).toEqual([seller, other].sort());
		});

		it.each([
			['1 minute', MINUTE, '1d'],
			['22 hours', 22 * HOUR, '1d'],
			['23 and a half hours', 23.5 * HOUR, '30d'],
			['29 days', 29 * DAY, '30d'],
			['29 days and 23 and a half hours', 30 * DAY - 0.5 * HOUR, 'all'],
			['31 days', 31 * DAY, 'all'],
			['a year', 365 * DAY, 'all'],
		])('requests the shortest preset that certainly covers From %s ago', async (_, ago, preset) => {
			const agent = ampersend.emulator.addAgent();
			const from = Date.now() - ago;
			ampersend.emulator.pay({ agent, amountMicro: 1n, timestamp: from - 1 });
			ampersend.emulator.pay({ agent, amountMicro: 2n, timestamp: from });

			const { items } = await getMany({ filters: { from: new Date(from).toISOString() } });

			expect(numbersOf(items)).toEqual([2]);
			expect(requests().map(({ query }) => query.preset)).toEqual([preset]);
		});

		it('requests the whole history without From, even with To', async () => {
			ampersend.emulator.addAgent();

			await getMany({ filters: { to: new Date().toISOString() } });

			expect(requests().map(({ query }) => query.preset)).toEqual(['all']);
		});

		it('returns payments to a counterparty in any letter case, and no earned ones', async () => {
			const { emulator } = ampersend;
			const agent = emulator.addAgent();
			const [one, two, three] = [randomAddress(), randomAddress(), randomAddress()];
			for (const counterparty of [one, two, three]) emulator.pay({ agent, counterparty });
			emulator.pay({ agent, type: 'earn' });

			const { items } = await getMany({
				filters: {
					counterparty: `${one.toLowerCase()}, 0x${two.slice(2).toUpperCase()}\n${agent.address}`,
				},
			});

			expect(items.map(({ json }) => json.counterparty).sort()).toEqual([one, two].sort());
		});

		it.each<[INodeParameters, string, string]>([
			[{ from: 'yesterday' }, 'From: "yesterday" isn\'t a date.', '2026-10-01T08:00:00Z'],
			[{ to: '2026-02-30' }, 'To: "2026-02-30" isn\'t a date.', '2026-10-01T08:00:00Z'],
			[{ from: '2026-10-02', to: '2026-10-01' }, "To: isn't after From.", 'a later time'],
			[{ from: '2026-10-01', to: '2026-10-01' }, "To: isn't after From.", 'a later time'],
			[
				{ counterparty: '0x123' },
				'Counterparty: "0x123" is not an address: it has 3 digits after 0x.',
				'0x',
			],
		])('rejects %p, and sends nothing', async (filters, message, advice) => {
			const { error } = await getMany({ filters });

			expect(error?.message).toBe(message);
			expect(error?.description).toContain(advice);
			expect(ampersend.seen).toEqual([]);
		});
	});

	describe('Export', () => {
		/** Three payments of two agents; the first name has everything that file formats escape. */
		function payments() {
			const { emulator } = ampersend;
			const agents = [
				emulator.addAgent({ name: 'Zoë "the" buyer, of\r\nrésumés' }),
				emulator.addAgent({ name: 'plain' }),
			];
			const [one = '', two = ''] = agents.map(({ address }) => address);
			emulator.pay({ agent: one, amountMicro: 1n, timestamp: Date.now() - 4 * HOUR });
			emulator.pay({ agent: two, amountMicro: 2_500_000n, ...special });
			emulator.pay({ agent: one, amountMicro: 10n ** 30n + 1n, status: 'denied' });
			return agents;
		}

		async function rowsOf() {
			const rows = (await getMany({ returnAll: true })).items.map(({ json }) => json);
			expect(rows).toHaveLength(3);
			return rows;
		}

		it('writes CSV with a header, CRLF line ends, and quotes if a name needs them', async () => {
			payments();
			const rows = await rowsOf();

			const { items, error, hints } = await exportFile();

			expect(error).toBeUndefined();
			expect(hints).toEqual([]);
			expect(items).toHaveLength(1);
			const { text, mimeType } = fileOf(items[0]);
			expect(mimeType).toBe('text/csv');
			expect(text).toContain(`${columns.join(',')}\r\n`);
			expect(text).toContain('"Zoë ""the"" buyer, of\r\nrésumés"');
			expect(parseCsv(text)).toEqual([
				columns,
				...rows.map((row) => columns.map((column) => row[column] ?? '')),
			]);
			expect(rows.map(({ amountUsdcMicro }) => amountUsdcMicro)).toContain(String(10n ** 30n + 1n));
		});

		it.each(['=1+1', '=HYPERLINK("http://evil.example","x")', '+1', '-1', '@SUM(A1)'])(
			'keeps a spreadsheet from running the agent name %s as a formula',
			async (name) => {
				const agent = ampersend.emulator.addAgent({ name });
				ampersend.emulator.pay({ agent });

				const csv = await exportFile();
				const json = await exportFile({ format: 'json' });

				expect(parseCsv(fileOf(csv.items[0]).text)[1]?.[1]).toBe(`'${name}`);
				expect(JSON.parse(fileOf(json.items[0]).text)).toMatchObject([{ agentName: name }]);
			},
		);

		it('writes JSON that reads back to the rows of Get Many', async () => {
			payments();
			const rows = await rowsOf();

			const { items } = await exportFile({ format: 'json' });

			const { text, mimeType } = fileOf(items[0]);
			expect(mimeType).toBe('application/json');
			expect(JSON.parse(text)).toEqual(rows);
		});

		it('writes JSON Lines that read back to the rows of Get Many', async () => {
			payments();
			const rows = await rowsOf();

			const { items } = await exportFile({ format: 'jsonl' });

			const { text, mimeType } = fileOf(items[0]);
			expect(mimeType).toBe('application/x-ndjson');
			const lines = text.split('\n');
			expect(lines.pop()).toBe('');
			expect(lines.map((line): unknown => JSON.parse(line))).toEqual(rows);
		});

		it.each(['csv', 'json', 'jsonl'])(
			'names a %s file after the time of the export',
			async (format) => {
				const before = Math.floor(Date.now() / 1000) * 1000;

				const { items } = await exportFile({ format });

				const { fileName = '' } = fileOf(items[0]);
				const [, name, day, time, extension] =
					/^([a-z-]+)-(\d{4}-\d{2}-\d{2})T(\d{2}-\d{2}-\d{2})Z\.(\w+)$/.exec(fileName) ?? [];
				expect(name).toBe(files);
				const moment = Date.parse(`${day}T${time?.replaceAll('-', ':')}Z`);
				expect(moment).toBeGreaterThanOrEqual(before);
				expect(moment).toBeLessThanOrEqual(Date.now());
				expect(extension).toBe(format);
				expect(items[0]?.json.fileName).toBe(fileName);
			},
		);

		it('uses the given file name and binary field', async () => {
			const { items } = await exportFile({
				binaryPropertyName: 'report',
				options: { fileName: ' {{ october }}.csv ' },
			});

			expect(fileOf(items[0], 'report').fileName).toBe('{{ october }}.csv');
			expect(items[0]?.json.fileName).toBe('{{ october }}.csv');
		});

		it.each([
			['csv', `${columns.join(',')}\r\n`],
			['json', '[]\n'],
			['jsonl', ''],
		])('writes an empty history as %s', async (format, content) => {
			ampersend.emulator.addAgent();

			const { items } = await exportFile({ format });

			expect(fileOf(items[0]).text).toBe(content);
			expect(items[0]?.json).toMatchObject({ format, rows: 0, agents: 1 });
		});

		it("describes the file's content in the item, for any number of rows", async () => {
			const { emulator } = ampersend;
			const [agent] = [emulator.addAgent(), emulator.addAgent()];
			emulator.seedActivity(
				agent,
				450,
				(i) => ({
					type: 'spend',
					amountMicro: 10n ** 15n + BigInt(i),
					status: i % 3 === 0 ? 'denied' : 'settled',
				}),
				{ newest: Date.parse('2026-10-20T00:00:00Z') },
			);

			const { items } = await exportFile(
				{ format: 'jsonl', filters: { from: '2026-10-01', to: '2026-11-01' } },
				{ timezone: 'Europe/Berlin' },
			);

			expect(items[0]?.json).toEqual({
				fileName: fileOf(items[0]).fileName,
				format: 'jsonl',
				rows: 450,
				...(resource === 'transaction' && {
					movedUsdc: '-300000000000.0675',
					movedUsdcMicro: '-300000000000067500',
				}),
				agents: 2,
				from: '2026-09-30T22:00:00.000Z',
				to: '2026-10-31T23:00:00.000Z',
				totals: [
					{
						...(resource === 'transaction' && { direction: 'spend' }),
						status: 'denied',
						rows: 150,
						amountUsdc: '150000000000.033525',
						amountUsdcMicro: '150000000000033525',
					},
					{
						...(resource === 'transaction' && { direction: 'spend' }),
						status: 'settled',
						rows: 300,
						amountUsdc: '300000000000.0675',
						amountUsdcMicro: '300000000000067500',
					},
				],
			});
			expect(fileOf(items[0]).text.trimEnd().split('\n')).toHaveLength(450);
		});

		it.each(['csv', 'json', 'jsonl'])(
			'writes each of 2,350 rows once, newest first, as %s',
			async (format) => {
				const agent = ampersend.emulator.addAgent();
				ampersend.emulator.seedActivity(agent, 2350, (i) => ({
					type: 'spend',
					amountMicro: BigInt(i),
				}));

				const { items } = await exportFile({ format });

				expect(items[0]?.json).toMatchObject({ rows: 2350 });
				expect(numbersIn(fileOf(items[0]).text, format)).toEqual(downFrom(2349, 2350));
			},
		);

		it('writes null for an open range, and filters as Get Many does', async () => {
			payments();

			const { items } = await exportFile({ format: 'json', filters: { status: ['denied'] } });

			expect(items[0]?.json).toMatchObject({ rows: 1, from: null, to: null });
			expect(JSON.parse(fileOf(items[0]).text)).toMatchObject([{ status: 'denied' }]);
		});

		it('writes a file with the payments of each input item, linked to it', async () => {
			const agents = payments();

			const { items, error } = await exportFile(
				{
					agentScope: 'selected',
					agents: '={{ $json.agent }}',
					format: 'json',
					options: { fileName: '={{ $json.file }}' },
				},
				{ input: agents.map(({ address }, i) => ({ agent: address, file: `${i}.json` })) },
			);

			expect(error).toBeUndefined();
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
			agents.forEach(({ name }, i) => {
				const rows = JSON.parse(fileOf(items[i]).text) as Array<{ agentName: string }>;
				expect(new Set(rows.map(({ agentName }) => agentName))).toEqual(new Set([name]));
			});
		});

		it('writes no file for an item that fails, and continues with the next', async () => {
			const agents = payments();

			const { items } = await exportFile(
				{ agentScope: 'selected', agents: '={{ $json.agent }}' },
				{
					onError: 'continueRegularOutput',
					input: [{ agent: 'nobody' }, { agent: agents[1]?.address }],
				},
			);

			expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
			expect(items[0]?.json.error).toBe('Agent Names or IDs: "nobody" is not an address.');
			expect(items[0]?.binary).toBeUndefined();
			expect(items[1]?.json.rows).toBe(1);
		});

		it.each([
			['File Format', { format: '={{ "xlsx" }}' }, '"xlsx" is not an option', 'csv, json, jsonl'],
			[
				'Put Output File in Field',
				{ binaryPropertyName: '={{ "" }}' },
				'is empty',
				'Fill in Put Output File in Field',
			],
		])('rejects an invalid %s, and sends nothing', async (name, parameters, complaint, advice) => {
			const { items, error } = await exportFile(parameters);

			expect(items).toEqual([]);
			expect(error?.message).toBe(`${name}: ${complaint}.`);
			expect(error?.description).toContain(advice);
			expect(ampersend.seen).toEqual([]);
		});
	});
});
