import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { numbered, historyOf, DAY, downFrom, HOUR, MINUTE, numbersOf } from './payments.mts';
import { fileOf, numbersIn, parseCsv } from './files.mts';
import { ScriptedList, type Meanwhile } from '../trigger/list.mts';
import { orders } from './ties.mts';
import { useAmpersend } from './setup.mts';

const ampersend = useAmpersend();
const { route, getMany, exportFile, requests } = historyOf(ampersend, 'transaction');

const idsIn = (text: string) => (JSON.parse(text) as Array<{ id: string }>).map(({ id }) => id);

/** An agent with a list that changes while it is read. */
function scripted(rows: number, meanwhile: Meanwhile, everyMs = MINUTE): ScriptedList {
	const agent = ampersend.emulator.addAgent();
	const list = new ScriptedList(agent.address);
	list.addMany('row', rows, Date.now() - HOUR, everyMs);
	list.from(meanwhile);
	let [page, limit] = [0, 0];
	ampersend.emulator.fault({
		route,
		times: Infinity,
		match: ({ query, params }) => {
			if (params.address?.toLowerCase() !== agent.address.toLowerCase()) return false;
			[page, limit] = [Number(query.page), Number(query.limit)];
			return true;
		},
		mutate: () => list.answer(page, limit),
	});
	return list;
}

const names = (count: number) => downFrom(count - 1, count).map((i) => `row ${i}`);

describe('Export of a list that changes while it is read', () => {
	it.each<[string, Meanwhile]>([
		[
			'a row is added before each page',
			(list, { number }) => list.add(`new ${number}`, Date.now()),
		],
		[
			'150 rows are added before each page',
			(list, { number }) => {
				if (number > 1 && number < 20) list.addMany(`new ${number}`, 150, Date.now(), 1);
			},
		],
		[
			'rows that were read are removed',
			(list, { number }) => void (number > 2 && number < 9 && list.remove(0, 7)),
		],
	])('has each row once, in order, if %s', async (_, meanwhile) => {
		const list = scripted(3000, meanwhile);
		const { items, error, hints } = await exportFile({ format: 'json' });

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const ids = idsIn(fileOf(items[0]).text).filter((id) => id.startsWith('row'));
		expect(ids).toEqual(names(3000));
		expect(list.requests).toBeLessThan(80);
	});

	it('has a row that moves to the top before it is read, and each other one once', async () => {
		scripted(3000, (list, { number }) => {
			if (number === 4) list.change('row 5', 'denied', Date.now());
		});
		const { items, error, hints } = await exportFile({ format: 'json' });

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const ids = idsIn(fileOf(items[0]).text);
		expect(ids).toEqual(['row 5', ...names(3000).filter((id) => id !== 'row 5')]);
	});

	it('has each row once if rows of the same moment change places', async () => {
		scripted(
			1000,
			(list, { number }) => {
				if (number % 2 === 0) [list.rows[199], list.rows[200]] = [list.rows[200]!, list.rows[199]!];
			},
			0,
		);
		const { items, error } = await exportFile({ format: 'json' });

		expect(error).toBeUndefined();
		expect(idsIn(fileOf(items[0]).text).sort()).toEqual(names(1000).sort());
	});

	it.each(orders)('has each row once if the service lists %s', async (_, division) => {
		const list = scripted(1000, () => {}, 0);
		for (const i of downFrom(499, 500)) list.add(`other ${i}`, Date.now() - DAY - (i % 5) * MINUTE);
		list.division = division;
		const ids = [...names(1000), ...downFrom(499, 500).map((i) => `other ${i}`)].sort();
		const { items, error, hints } = await exportFile({ format: 'json' });

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(idsIn(fileOf(items[0]).text).sort()).toEqual(ids);
		const many = await getMany({ returnAll: true, simplify: false });
		expect(many.items.map(({ json }) => json.id).sort()).toEqual(ids);
	});

	it('ends with an error if the list is another one at each request', async () => {
		const list = scripted(1000, (changing, { number }) => {
			changing.rows = [];
			changing.addMany(`other ${number}`, 1000, Date.now(), MINUTE);
		});
		const { items, error } = await exportFile();

		expect(items).toEqual([]);
		expect(error?.message).toContain('changes its list faster than it can be read');
		expect(list.requests).toBeLessThan(60);
	});
});

describe('Export of a list that is not as the service reports it', () => {
	const wrongCount = (change: (total: number) => number | undefined) =>
		ampersend.emulator.fault({
			route,
			times: Infinity,
			mutate: (body) => {
				const page = body as { totalCount: number };
				return { ...page, totalCount: change(page.totalCount) };
			},
		});

	it.each([
		['one more than there are', 1, 501],
		['one less than there are', -1, 499],
	])('writes what is there, and says so, if the count is %s', async (_, off, reported) => {
		const agent = ampersend.emulator.addAgent({ name: 'Buyer' });
		ampersend.emulator.seedActivity(agent, 500, numbered);
		wrongCount((total) => total + off);
		const { items, error, hints } = await exportFile();

		expect(error).toBeUndefined();
		expect(numbersIn(fileOf(items[0]).text, 'csv')).toEqual(downFrom(499, 500));
		expect(hints).toEqual([
			expect.objectContaining({
				message:
					`Ampersend reports ${reported} transactions of "Buyer", but lists 500. ` +
					'Run this again, and ask Ampersend if the numbers still differ.',
			}),
		]);
	});

	it('knows no count by the name __proto__', async () => {
		ampersend.emulator.seedActivity(ampersend.emulator.addAgent(), 5, numbered);
		ampersend.emulator.fault({
			route,
			times: Infinity,
			mutate: (body) => {
				const { totalCount, ...page } = body as { totalCount: number };
				const hidden = `{"__proto__":{"totalCount":${totalCount + 7}}}`;
				return Object.defineProperties(
					page,
					Object.getOwnPropertyDescriptors(JSON.parse(hidden) as object),
				);
			},
		});
		const { items, error, hints } = await exportFile();

		expect(error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({ rows: 5 });
		expect(hints).toEqual([]);
	});

	it('says nothing without a count, or if reading ends before the end of the list', async () => {
		const agent = ampersend.emulator.addAgent();
		const newest = Date.now() - HOUR;
		ampersend.emulator.seedActivity(agent, 500, numbered, { newest });
		wrongCount((total) => (total === 500 ? undefined : total + 7));
		expect((await exportFile()).hints).toEqual([]);

		ampersend.emulator.seedActivity(agent, 300, numbered, { newest: newest + 10 * MINUTE });
		const filters = { from: new Date(newest - 400 * MINUTE).toISOString() };
		const { items, hints } = await exportFile({ filters });
		expect(items[0]?.json).toMatchObject({ rows: 701 });
		expect(hints).toEqual([]);
	});

	it('sorts the rows if the service lists them out of order, as CSV and for Get Many', async () => {
		const agent = ampersend.emulator.addAgent();
		const start = Date.now() - 10 * DAY;
		ampersend.emulator.seedActivity(agent, 700, numbered, { newest: start, everyMs: MINUTE });
		ampersend.emulator.fault({
			route,
			times: Infinity,
			mutate: (body) => {
				const page = body as { activity: Array<{ amount: string; timestamp: string }> };
				// The oldest row has the latest time.
				const activity = page.activity.map((row) => ({
					...row,
					timestamp: String(2 * start - Number(row.timestamp)),
				}));
				return { ...page, activity };
			},
		});
		const upwards = downFrom(699, 700).reverse();

		const { items } = await exportFile();
		expect(numbersIn(fileOf(items[0]).text, 'csv')).toEqual(upwards);
		expect(items[0]?.json).toMatchObject({ rows: 700 });
		expect(numbersOf((await getMany({ limit: 3 })).items)).toEqual([0, 1, 2]);
	});
});

describe('The order of an export', () => {
	it.each(['csv', 'json', 'jsonl'])(
		'is oldest first if you want it, over all agents: %s',
		async (format) => {
			const newest = Date.now();
			[0, 1].forEach((a) =>
				ampersend.emulator.seedActivity(
					ampersend.emulator.addAgent(),
					650,
					(i) => numbered(i * 2 + a),
					{ newest: newest - (1 - a) * MINUTE, everyMs: 2 * MINUTE },
				),
			);
			const { items, error } = await exportFile({ format, options: { order: 'oldestFirst' } });

			expect(error).toBeUndefined();
			expect(numbersIn(fileOf(items[0]).text, format)).toEqual(downFrom(1299, 1300).reverse());
		},
	);

	it('is oldest first for Get Many, with and without a limit', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 300, numbered);
		const options = { order: 'oldestFirst' };

		const limited = await getMany({ limit: 3, options });
		expect(numbersOf(limited.items)).toEqual([0, 1, 2]);
		expect(limited.hints[0]?.message).toBe('Returned 3 of 300 transactions.');
		const all = await getMany({ returnAll: true, options });
		expect(numbersOf(all.items)).toEqual(downFrom(299, 300).reverse());
		expect(all.hints).toEqual([]);
	});

	it('is the same at each run', async () => {
		for (let a = 0; a < 3; a++) {
			ampersend.emulator.seedActivity(
				ampersend.emulator.addAgent(),
				450,
				(i) => numbered(i * 3 + a),
				{ newest: Date.now() - HOUR, everyMs: MINUTE * (a + 1) },
			);
		}
		const [one, other] = [
			await exportFile({ format: 'json' }),
			await exportFile({ format: 'json' }),
		];

		expect(fileOf(one.items[0]).text).toBe(fileOf(other.items[0]).text);
	});
});

describe('Several files', () => {
	const files = async (rows: number, options: object) => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, rows, numbered);
		const fileName = 'books.csv';
		return await exportFile({ format: 'csv', options: { fileName, rowsPerFile: 100, ...options } });
	};

	it.each([
		[0, [0]],
		[99, [99]],
		[100, [100]],
		[101, [100, 1]],
		[450, [100, 100, 100, 100, 50]],
	])('have all of %s rows, in order: %j', async (rows, expected) => {
		const { items, error } = await files(rows, {});
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.rows)).toEqual(expected);
		expect(items.map(({ json }) => json.fileName)).toEqual(
			expected.map((_, i) => `books-${i + 1}.csv`),
		);
		expect(items.map((item) => fileOf(item).fileName)).toEqual(
			items.map(({ json }) => json.fileName),
		);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(expected.map(() => ({ item: 0 })));
		const texts = items.map((item) => fileOf(item).text);
		for (const text of texts) expect(text).toMatch(/^occurredAt,/);
		expect(texts.flatMap((text) => numbersIn(text, 'csv'))).toEqual(downFrom(rows - 1, rows));
	});

	it('have the oldest rows first if you want it', async () => {
		const { items } = await files(250, { order: 'oldestFirst' });
		const texts = items.map((item) => fileOf(item).text);
		expect(texts.map((text) => numbersIn(text, 'csv').length)).toEqual([100, 100, 50]);
		expect(texts.flatMap((text) => numbersIn(text, 'csv'))).toEqual(downFrom(249, 250).reverse());
	});

	it('each have their own totals', async () => {
		const { items } = await files(250, {});
		const totals = items.flatMap(({ json }) => json.totals as Array<{ rows: number }>);
		expect(totals.reduce((sum, { rows }) => sum + rows, 0)).toBe(250);
	});

	it.each([0, 99, 1.5, 'many', 10_000_001])('are not written with %j rows each', async (value) => {
		const { items, error } = await files(10, { rowsPerFile: value });
		expect(items).toEqual([]);
		expect(error?.message).toContain('Rows per File');
		expect(requests()).toEqual([]);
	});
});

describe('The columns and marks of an export', () => {
	it('are those that you choose', async () => {
		const agent = ampersend.emulator.addAgent({ name: 'Zoë; buyer' });
		ampersend.emulator.pay({ agent, amountMicro: 1_500_000n });
		const { items, error } = await exportFile({
			options: {
				byteOrderMark: true,
				columns: ['agentName', 'amountUsdc'],
				delimiter: 'semicolon',
			},
		});

		expect(error).toBeUndefined();
		expect(fileOf(items[0]).text).toBe('\ufeffagentName;amountUsdc\r\n"Zoë; buyer";1.5\r\n');
	});

	it('are those of a spreadsheet with a decimal comma, unless you add another option', async () => {
		const agent = ampersend.emulator.addAgent({ name: 'Zoë, 12.5; =1+1' });
		ampersend.emulator.pay({ agent, amountMicro: 1_273_560_001n });
		const write = async (options: object) => {
			const columns = ['agentName', 'amountUsdc', 'amountUsdcMicro'];
			const { items, error } = await exportFile({ options: { columns, ...options } });
			expect(error).toBeUndefined();
			return fileOf(items[0]).text;
		};

		expect(await write({ layout: 'spreadsheet' })).toBe(
			'\ufeffAgent Name;Amount USDC;Amount USDC Micro\r\n' +
				`"Zoë, 12.5;' =1+1";1273,560001;1273560001\r\n`,
		);
		expect(
			await write({
				layout: 'spreadsheet',
				decimalSeparator: 'dot',
				delimiter: 'tab',
				byteOrderMark: 'FALSE',
			}),
		).toContain('Agent Name\tAmount USDC\tAmount USDC Micro\r\n"Zoë');
		expect(await write({ decimalSeparator: 'comma' })).toContain(',"1273,560001",1273560001\r\n');
	});

	it.each(['layout', 'decimalSeparator', 'delimiter', 'order', 'byteOrderMark', 'fileName'])(
		'are the default ones if an expression gives an empty text for %s',
		async (option) => {
			ampersend.emulator.pay({ agent: ampersend.emulator.addAgent(), amountMicro: 1_500_000n });
			const options = { columns: ['amountUsdc', 'status'], [option]: '={{ "" }}' };
			const { items, error } = await exportFile({ format: '={{ "" }}', options });

			expect(error).toBeUndefined();
			expect(fileOf(items[0]).text).toBe('amountUsdc,status\r\n1.5,settled\r\n');
		},
	);

	it.each(['TRUE', 'True', ' true '])('take %j of a sheet for a switch', async (byteOrderMark) => {
		ampersend.emulator.addAgent();
		const { items, error } = await exportFile({ options: { byteOrderMark } });

		expect(error).toBeUndefined();
		expect(fileOf(items[0]).text).toMatch(/^\ufeff/);
	});

	it('leave other fields out of JSON too', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, amountMicro: 1_500_000n });
		const columns = ['amountUsdc', 'status'];
		const { items } = await exportFile({ format: 'json', options: { columns } });

		expect(fileOf(items[0]).text).toBe('[{"amountUsdc":"1.5","status":"settled"}]\n');
	});

	it.each([
		['Columns', { columns: ['amountUsdc', 'amount'] }, '"amount" is not an option'],
		['Columns', { columns: '={{ $json.wrong }}' }, 'the expression gives no value'],
		['Columns', { columns: '={{ "," }}' }, '"," has no entries'],
		...Object.entries({
			byteOrderMark: 'Byte Order Mark',
			decimalSeparator: 'Decimal Separator',
			delimiter: 'Delimiter',
			fileName: 'File Name',
			layout: 'Layout',
			order: 'Order',
		}).map(([name, title]): [string, INodeParameters, string] => [
			title,
			{ [name]: '={{ $json.wrong }}' },
			'the expression gives no value',
		]),
		['Delimiter', { delimiter: '={{ "x" }}' }, '"x" is not an option'],
		['Decimal Separator', { decimalSeparator: '={{ "," }}' }, '"," is not an option'],
		['Layout', { layout: '={{ "x" }}' }, '"x" is not an option'],
		['Order', { order: '={{ "random" }}' }, '"random" is not an option'],
		['Byte Order Mark', { byteOrderMark: '={{ "maybe" }}' }, '"maybe" is neither true nor false'],
	])(
		'are rejected by name if %s is invalid, and nothing is sent',
		async (name, options, complaint) => {
			const { items, error } = await exportFile({ options });

			expect(items).toEqual([]);
			expect(error?.message).toBe(`${name}: ${complaint}.`);
			expect(ampersend.seen).toEqual([]);
		},
	);
});

describe('Filters by amount', () => {
	it('include both ends, exactly', async () => {
		const agent = ampersend.emulator.addAgent();
		const exact = 10n ** 24n;
		for (const micro of [exact - 1n, exact, exact + 1n, exact + 2n]) {
			ampersend.emulator.pay({ agent, amountMicro: micro });
		}
		const { items } = await getMany({
			filters: {
				minimumAmount: '1000000000000000000',
				maximumAmount: '1000000000000000000.000001',
			},
		});

		expect(items.map(({ json }) => json.amountUsdcMicro)).toEqual([
			String(exact + 1n),
			String(exact),
		]);
	});

	it.each([
		['Minimum Amount (USDC)', { minimumAmount: '-1' }, '"-1" has a sign.'],
		['Maximum Amount (USDC)', { maximumAmount: 'all' }, '"all" is not an amount.'],
		[
			'Maximum Amount (USDC)',
			{ minimumAmount: '2', maximumAmount: '1.999999' },
			'is less than the minimum amount.',
		],
	])('are rejected by name: %s %j', async (name, filters, complaint) => {
		const { error } = await exportFile({ filters });

		expect(error?.message).toBe(`${name}: ${complaint}`);
		expect(ampersend.seen).toEqual([]);
	});
});

describe('Reading ahead', () => {
	/** Calls that have no answer yet. */
	const pending = () => requests().filter(({ outcome }) => outcome === 'pending').length;

	it('requests several pages at once, and no more than six', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 6000, numbered);
		let most = 0;
		ampersend.emulator.fault({
			route,
			times: Infinity,
			match: () => {
				most = Math.max(most, pending());
				return true;
			},
			delayMs: 100,
		});
		const { items, error } = await exportFile();

		expect(error).toBeUndefined();
		expect(numbersIn(fileOf(items[0]).text, 'csv')).toEqual(downFrom(5999, 6000));
		expect(most).toBe(6);
		expect(requests().length).toBeLessThan(40);
	});

	it('requests nothing beyond the end of the list', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 2350, numbered);
		await exportFile();

		for (const { query } of requests()) {
			expect((Number(query.page) - 1) * Number(query.limit)).toBeLessThan(2350);
		}
	});

	it('stops once the service limits the rate: one request at a time, after its wait', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 6000, numbered);
		let [limited, most, later] = [0, 0, 0];
		ampersend.emulator.fault({
			route,
			status: 429,
			headers: { 'Retry-After': '1' },
			match: ({ query, at }) => {
				if (Number(query.page) < 9) return false;
				limited ||= at;
				return true;
			},
		});
		ampersend.emulator.fault({
			route,
			times: Infinity,
			match: ({ at }) => {
				// What was sent before may arrive late on a busy machine.
				if (limited === 0 || at < limited + 900) return true;
				later ||= at;
				most = Math.max(most, pending());
				return true;
			},
			delayMs: 10,
		});
		const { items, error } = await exportFile();

		expect(error).toBeUndefined();
		expect(numbersIn(fileOf(items[0]).text, 'csv')).toEqual(downFrom(5999, 6000));
		expect(later - limited).toBeGreaterThanOrEqual(1000);
		expect(most).toBe(1);
	});

	it('ends when the execution is cancelled, within a request', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 20_000, numbered);
		let cancel = () => {};
		ampersend.emulator.fault({
			route,
			times: Infinity,
			match: ({ query }) => {
				if (query.page === '10') cancel();
				return true;
			},
			delayMs: 20,
		});
		const { items } = await exportFile(
			{},
			{
				onStart: (execution) => {
					cancel = () => execution.cancel();
				},
			},
		);
		expect(items).toEqual([]);
		// n8n doesn't wait for what was sent before.
		let asked;
		do {
			asked = requests().length;
			await sleep(200);
		} while (requests().length > asked);
		expect(asked).toBeLessThan(20);
	});
});

describe('A large file where n8n keeps files in memory', () => {
	it('is not written: the message says how large it is, and what to set', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.seedActivity(agent, 1000, numbered);
		const memo = 'x'.repeat(100_000);
		ampersend.emulator.fault({
			route,
			times: Infinity,
			mutate: (body) => {
				const page = body as { activity: object[] };
				return { ...page, activity: page.activity.map((row) => ({ ...row, memo })) };
			},
		});
		const { items, error } = await exportFile({ format: 'json' });

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			'The file has more than 64 MB, and this n8n keeps files in memory.',
		);
		expect(error?.description).toContain('Set N8N_DEFAULT_BINARY_DATA_MODE to filesystem');

		const columns = ['id', 'amountUsdc'];
		const { items: small } = await exportFile({ format: 'json', options: { columns } });
		expect(small[0]?.json).toMatchObject({ rows: 1000 });
	});
});

describe('A limit that is reached', () => {
	it('is a hint with how many there are', async () => {
		for (const rows of [60, 70]) {
			ampersend.emulator.seedActivity(ampersend.emulator.addAgent(), rows, numbered);
		}
		const { items, hints } = await getMany();

		expect(items).toHaveLength(50);
		expect(hints.map(({ message }) => message)).toEqual(['Returned 50 of 130 transactions.']);
		expect((await getMany({ limit: 130 })).hints).toEqual([]);
		expect((await getMany({ limit: 131 })).hints).toEqual([]);
	});

	it('is none with filters, where the service counts none: n8n has its own', async () => {
		ampersend.emulator.seedActivity(ampersend.emulator.addAgent(), 60, numbered);
		const { hints, items } = await getMany({ filters: { minimumAmount: '0' } });

		expect(items).toHaveLength(50);
		expect(hints).toEqual([]);
	});
});

describe('Summarize', () => {
	const summarize = async (parameters = {}, options = {}) =>
		await ampersend.run(
			{ resource: 'transaction', operation: 'summarize', ...parameters },
			options,
		);

	function addPayments() {
		const { emulator } = ampersend;
		const [one, two] = ['one', 'two'].map((name) => emulator.addAgent({ name }));
		const day = Date.parse('2026-10-01T00:00:00Z');
		const exact = 10n ** 24n;
		emulator.pay({ agent: one!, type: 'spend', amountMicro: exact + 1n, timestamp: day - HOUR });
		emulator.pay({ agent: one!, type: 'spend', amountMicro: 2n, timestamp: day + HOUR });
		emulator.pay({ agent: two!, type: 'spend', amountMicro: 4n, status: 'denied', timestamp: day });
		emulator.pay({ agent: two!, type: 'earn', amountMicro: 8n, timestamp: day + DAY });
		return { one: one!, two: two!, exact };
	}

	it.each<[string, INodeParameters]>([
		['Group By', { groupBy: '={{ $json.wrong }}' }],
		['Time Zone', { options: { timeZone: '={{ $json.wrong }}' } }],
		['From', { filters: { from: '={{ $json.date.startOf("month") }}' } }],
	])('is not of everything if an expression for %s gives no value', async (title, parameters) => {
		const { items, error } = await summarize(parameters, { input: [{ date: '2026-10-05' }] });

		expect(items).toEqual([]);
		expect(error?.message).toBe(`${title}: the expression gives no value.`);
		expect(ampersend.seen).toEqual([]);
	});

	it('adds up by direction and status if you choose nothing else', async () => {
		const { exact } = addPayments();
		const { items, error } = await summarize();

		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json)).toEqual([
			{
				direction: 'earn',
				status: expect.any(String),
				transactions: 1,
				movedUsdc: '0.000008',
				movedUsdcMicro: '8',
				totalUsdc: '0.000008',
				totalUsdcMicro: '8',
			},
			{
				direction: 'spend',
				status: 'denied',
				transactions: 1,
				movedUsdc: '0',
				movedUsdcMicro: '0',
				totalUsdc: '0.000004',
				totalUsdcMicro: '4',
			},
			{
				direction: 'spend',
				status: 'settled',
				transactions: 2,
				movedUsdc: '-1000000000000000000.000003',
				movedUsdcMicro: String(-exact - 3n),
				totalUsdc: '1000000000000000000.000003',
				totalUsdcMicro: String(exact + 3n),
			},
		]);
	});

	it('adds up by agent', async () => {
		const { one, two, exact } = addPayments();
		const { items } = await summarize({ groupBy: ['agent'] });

		const totals = items.map(({ json }) => [
			json.agentName,
			json.agentAddress,
			json.totalUsdcMicro,
		]);
		expect(totals.sort()).toEqual([
			['one', one.address, String(exact + 3n)],
			['two', two.address, '12'],
		]);
	});

	it.each([
		['UTC', {}, ['2026-09-30', '2026-10-01', '2026-10-01', '2026-10-02']],
		['Europe/Berlin', {}, ['2026-10-01', '2026-10-01', '2026-10-01', '2026-10-02']],
		[
			'UTC',
			{ timeZone: 'America/New_York' },
			['2026-09-30', '2026-09-30', '2026-09-30', '2026-10-01'],
		],
		[
			'UTC',
			{ timeZone: 'Asia/Kathmandu' },
			['2026-10-01', '2026-10-01', '2026-10-01', '2026-10-02'],
		],
		// n8n's own default is New York, and what a workflow stores for it is this word.
		['DEFAULT', {}, ['2026-09-30', '2026-09-30', '2026-09-30', '2026-10-01']],
	])('adds up by day: in a workflow in %s, with %j', async (timezone, options, days) => {
		addPayments();
		const { items, error } = await summarize(
			{ groupBy: ['day', 'agent', 'status', 'direction'], options },
			{ timezone },
		);

		expect(error).toBeUndefined();
		const found = items.flatMap(({ json }) =>
			Array<unknown>(Number(json.transactions)).fill(json.day),
		);
		expect(found).toEqual(days);
	});

	it.each(['DEFAULT', 'Mars/Olympus'])(
		'asks for no time zone without days: in a workflow in %s',
		async (timezone) => {
			addPayments();
			const { items, error } = await summarize({ groupBy: ['agent'] }, { timezone });

			expect(error).toBeUndefined();
			expect(items).toHaveLength(2);
		},
	);

	it.each([
		['UTC', ['2026-09', '2026-10'], ['2026-W40']],
		['Europe/Berlin', ['2026-10'], ['2026-W40']],
	])('adds up by month and week: in a workflow in %s', async (timezone, months, weeks) => {
		addPayments();
		const groups = async (part: string) =>
			(await summarize({ groupBy: [part] }, { timezone })).items.map(({ json }) => json[part]);

		expect(await groups('month')).toEqual(months);
		expect(await groups('week')).toEqual(weeks);
	});

	it('adds the total of all groups as the last item, on request', async () => {
		const { one, exact } = addPayments();
		const { items } = await summarize({
			groupBy: ['agent', 'month'],
			filters: { direction: 'spend', status: 'settled' },
			options: { totalRow: true },
		});

		expect(items.map(({ json }) => json)).toMatchObject([
			{ month: '2026-09', agentName: 'one', agentAddress: one.address, isTotal: false },
			{ month: '2026-10', agentName: 'one', agentAddress: one.address, isTotal: false },
			{
				month: null,
				agentName: null,
				agentAddress: null,
				transactions: 2,
				movedUsdcMicro: String(-exact - 3n),
				isTotal: true,
			},
		]);
	});

	it('says that the total of amounts is not what has moved, if it is not', async () => {
		addPayments();
		const hintsOf = async (parameters: INodeParameters) =>
			(await summarize(parameters)).hints.map(({ message }) => message);

		expect(await hintsOf({ groupBy: ['agent'] })).toEqual([
			'totalUsdc adds up denied, failed and open payments too, and what agents earned and what ' +
				'they spent. For the money that has moved, use movedUsdc: earned is positive, spent is ' +
				'negative.',
		]);
		expect(await hintsOf({ groupBy: ['status'] })).toEqual([
			expect.stringMatching(/^totalUsdc adds up what agents earned and what they spent\./),
		]);
		expect(await hintsOf({ groupBy: ['agent'], filters: { status: 'settled' } })).toHaveLength(1);
		const both = { direction: 'spend', status: 'settled' };
		expect(await hintsOf({ groupBy: [], filters: both })).toEqual([]);
		expect(await hintsOf({ groupBy: ['direction', 'status'] })).toEqual([]);
	});

	it('counts a counterparty in several letter cases once', async () => {
		const { emulator } = ampersend;
		const agent = emulator.addAgent();
		const seller = `0x${'ab'.repeat(20)}`;
		for (const counterparty of [seller, `0x${'AB'.repeat(20)}`]) {
			emulator.pay({ agent, counterparty, type: 'spend', status: 'settled', amountMicro: 8_000n });
		}
		const { items } = await summarize({ groupBy: ['counterparty'] });
		expect(items).toMatchObject([{ json: { transactions: 2, movedUsdc: '-0.016' } }]);
		const { items: files } = await exportFile({ options: { layout: 'xero' } });
		const [, ...lines] = parseCsv(fileOf(files[0]).text);
		expect(lines.map((line) => line[1])).toEqual(['-0.02']);
	});

	it('counts a status that is new as money that has not moved, and says so', async () => {
		const { emulator } = ampersend;
		emulator.pay({ agent: emulator.addAgent(), type: 'earn', amountMicro: 5n });
		emulator.fault({
			route,
			mutate: (body) => {
				const page = body as { activity: object[] };
				return { ...page, activity: page.activity.map((row) => ({ ...row, status: 'reversed' })) };
			},
		});
		const { items, hints } = await summarize();

		expect(items).toMatchObject([
			{ json: { status: 'reversed', movedUsdc: '0', totalUsdc: '0.000005' } },
		]);
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringContaining('"reversed". They count as money that has not moved'),
		]);
	});

	it('is without micro-USDC if it is simplified', async () => {
		addPayments();
		const { items } = await summarize({ groupBy: ['direction'], simplify: true });

		expect(items.map(({ json }) => Object.keys(json))).toEqual(
			Array(2).fill(['direction', 'transactions', 'movedUsdc', 'totalUsdc']),
		);
	});

	it('keeps groups apart, whatever their texts contain', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.pay({ agent, amountMicro: 1n });
		ampersend.emulator.pay({ agent, amountMicro: 2n });
		const texts = [
			['a\u0000b', 'c'],
			['a', 'b\u0000c'],
		];
		ampersend.emulator.fault({
			route,
			mutate: (body) => {
				const page = body as { activity: object[] };
				const activity = page.activity.map((row, i) => {
					const [type, status] = texts[i] ?? [];
					return { ...row, type, status };
				});
				return { ...page, activity };
			},
		});
		const { items } = await summarize({ groupBy: ['direction', 'status'] });

		expect(items.map(({ json }) => [json.direction, json.status, json.totalUsdcMicro])).toEqual([
			['a', 'b\u0000c', '1'],
			['a\u0000b', 'c', '2'],
		]);
	});

	it('adds up everything without groups, even nothing at all', async () => {
		ampersend.emulator.addAgent();
		const nothing = {
			transactions: 0,
			movedUsdc: '0',
			movedUsdcMicro: '0',
			totalUsdc: '0',
			totalUsdcMicro: '0',
		};
		expect((await summarize({ groupBy: [] })).items.map(({ json }) => json)).toEqual([nothing]);
		expect((await summarize()).items).toEqual([]);
	});

	it('adds up 10,000 amounts exactly, in one pass', async () => {
		const agent = ampersend.emulator.addAgent();
		const amount = (i: number) => 10n ** 20n + BigInt(i * 7919);
		ampersend.emulator.seedActivity(agent, 10_000, (i) => ({ amountMicro: amount(i) }));
		const { items } = await summarize({ groupBy: [] });

		const sum = downFrom(9999, 10_000).reduce((total, i) => total + amount(i), 0n);
		expect(items[0]?.json).toMatchObject({ transactions: 10_000, totalUsdcMicro: String(sum) });
	});

	it.each([
		['Group By', { groupBy: ['year'] }, '"year" is not an option'],
		['Total Row', { options: { totalRow: 'x' } }, '"x" is neither true nor false'],
		['Range', { filters: { range: 'nextMonth' } }, '"nextMonth" is not an option'],
		[
			'Range',
			{ filters: { range: 'custom', from: '' } },
			'is Custom, and neither From nor To has a date',
		],
		[
			'Range',
			{ filters: { range: 'lastMonth', to: '2026-10-01' } },
			'is Last Month, and From or To is set, too',
		],
		[
			'Range',
			{ filters: { range: 'yesterday', from: '2026-10-01' } },
			'is Yesterday, and From or To is set, too',
		],
		['Time Zone', { options: { timeZone: 'Berlin' } }, '"Berlin" isn\'t a time zone'],
	])('rejects an invalid %s by name, and sends nothing', async (name, parameters, complaint) => {
		const { error } = await summarize(parameters);

		expect(error?.message).toBe(`${name}: ${complaint}.`);
		expect(ampersend.seen).toEqual([]);
	});
});
