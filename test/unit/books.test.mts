import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { linesOf, toCents, type Line } from '../../nodes/Ampersend/domain/books';
import { divide, encodeFile, type FileLayout } from '../../nodes/Ampersend/domain/files';
import { bookReaderOf, layouts } from '../../nodes/Ampersend/domain/layouts';

const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.AMPERSEND_HISTORIES ?? 150);

const HOUR = 3_600_000;
const NEWEST = Date.UTC(2026, 10, 30, 12);
/** The last moment of a day. */
const MIDNIGHT = Date.UTC(2026, 10, 30) - 1;
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Kathmandu'];
const addresses = [1, 2, 3].map((i) => `0x${String(i).repeat(40)}` as const);

interface Payment {
	row: {
		at: number;
		amount: bigint;
		direction: string;
		status: string;
		counterparty: (typeof addresses)[number] | null;
	};
	agent: { name: string; address: string };
	id: string;
}

/** A CSV file with the columns of a book. */
const layoutOf = ({ headings }: { headings: string[] }): FileLayout => ({
	columns: headings,
	isSelection: false,
	delimiter: ',',
	byteOrderMark: false,
	decimalSeparator: '.',
});

/** Whole cents, fractions of them, and halves, which are rounded. */
const amounts = fc.oneof(
	fc.bigInt(0n, 500n).map((cents) => cents * 10_000n),
	fc.bigInt(0n, 30_000n),
	fc.constantFrom(5_000n, 4_999n, 5_001n, 15_000n, 1n, 10n ** 30n + 1n),
);

/** Payments of five months, newest first. */
const history: fc.Arbitrary<Payment[]> = fc
	.array(
		fc.record({
			hours: fc.oneof(fc.nat(150 * 24), fc.nat(4 * 24)),
			amount: amounts,
			direction: fc.constantFrom('spend', 'SPEND', 'earn', 'Earn', 'refund'),
			status: fc.constantFrom('settled', 'Settled', 'received', 'denied', 'authorized', 'reversed'),
			counterparty: fc.constantFrom(null, ...addresses),
			agent: fc.nat(1),
		}),
		{ maxLength: 120, size: 'max' },
	)
	.map((rows) =>
		rows
			.sort((one, other) => one.hours - other.hours)
			.map(({ hours, agent, ...row }, i) => ({
				row: { ...row, at: NEWEST - hours * HOUR },
				agent: { name: `Agent ${agent}`, address: addresses[agent] ?? '' },
				id: String(i),
			})),
	);

/** What has moved, worked out anew. */
function movedOf({ row: { amount, direction, status } }: Payment): bigint {
	const word = status.toLowerCase();
	if (direction.toLowerCase() === 'spend') return word === 'settled' ? -amount : 0n;
	return direction.toLowerCase() === 'earn' && ['settled', 'received'].includes(word) ? amount : 0n;
}

const add = (values: bigint[]): bigint => values.reduce((all, one) => all + one, 0n);

/** Rounds as one does on paper: the sign apart. */
function rounded(micro: bigint): bigint {
	const size = micro < 0n ? -micro : micro;
	const cents = size / 10_000n + (size % 10_000n >= 5_000n ? 1n : 0n);
	return micro < 0n ? -cents : cents;
}

const monthIn = (timeZone: string) => {
	const format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit' });
	return ({ row }: Payment) => format.format(row.at);
};

/** Day, agent, counterparty, direction, cents, number and reference of roll-ups. */
function rolledUp(payments: Payment[], timeZone: string): string[] {
	const dayOf = new Intl.DateTimeFormat('sv-SE', { timeZone });
	const groups = new Map<string, Payment[]>();
	for (const one of payments) {
		const { at, amount, counterparty } = one.row;
		const direction = one.row.direction.toLowerCase();
		if (movedOf(one) === 0n || amount % 10_000n === 0n) continue;
		// Who paid an earning isn't published.
		const seller = direction === 'earn' ? null : counterparty;
		const key = [dayOf.format(at), one.agent.name, seller, direction].join(' ');
		groups.set(key, [...(groups.get(key) ?? []), one]);
	}
	return [...groups]
		.map(([key, group]) => ({ key, group, cents: rounded(add(group.map(movedOf))) }))
		.filter(({ cents }) => cents !== 0n)
		.map(({ key, group, cents }) => {
			const reference = group.length === 1 ? group[0]?.id : '';
			return [key, cents, group.length, reference].join(' ');
		})
		.sort();
}

async function* inBatches<Row>(rows: Row[], size: number): AsyncGenerator<Row[]> {
	for (let i = 0; i < rows.length; i += size) yield await Promise.resolve(rows.slice(i, i + size));
}

const bookOf = (payments: Payment[], zone: string, size = 7): AsyncGenerator<Line[]> =>
	linesOf(inBatches(payments, size), zone, ({ id }) => id);

async function collect(payments: Payment[], zone: string, size?: number): Promise<Line[]> {
	const all: Line[] = [];
	for await (const lines of bookOf(payments, zone, size)) {
		expect(lines.length).toBeGreaterThan(0);
		all.push(...lines);
	}
	return all;
}

const centsOf = (lines: Line[]): bigint => add(lines.map(({ cents }) => cents));
const totalOf = (lines: Line[]) => {
	const parts = lines.flatMap((line) => line.parts);
	return {
		moved: add(parts.map(({ moved }) => moved)),
		amount: add(parts.map(({ amount }) => amount)),
		rows: parts.reduce((all, { rows }) => all + rows, 0),
	};
};

const any = fc.tuple(history, fc.constantFrom(...zones), fc.integer({ min: 1, max: 60 }));
const check = async (test: (...given: [Payment[], string, number]) => Promise<void>) =>
	await fc.assert(
		fc.asyncProperty(any, async (given) => await test(...given)),
		{ seed, numRuns },
	);

describe(`the lines of any history (AMPERSEND_SEED=${seed})`, () => {
	it('add up to each month, to the cent, and stand for all that has moved, exactly', async () => {
		await check(async (payments, zone, size) => {
			const lines = await collect(payments, zone, size);
			const monthOf = monthIn(zone);
			for (const month of new Set(payments.map(monthOf))) {
				const own = payments.filter((one) => monthOf(one) === month);
				const written = lines.filter(({ day }) => day.startsWith(month));
				expect(centsOf(written)).toBe(rounded(add(own.map(movedOf))));
			}
			// A line that isn't written would be a file of its own if the others filled theirs.
			expect(lines.length === 1 || lines.every(({ cents }) => cents !== 0n)).toBe(true);
			const moving = payments.filter((one) => movedOf(one) !== 0n);
			expect(totalOf(lines)).toEqual({
				moved: add(moving.map(movedOf)),
				amount: add(moving.map(({ row }) => row.amount)),
				rows: moving.length,
			});
		});
	});

	it('are those of its months, however it is split into months', async () => {
		await fc.assert(
			fc.asyncProperty(any, fc.array(fc.boolean()), async ([payments, zone, size], cuts) => {
				const monthOf = monthIn(zone);
				const months = [...new Set(payments.map(monthOf))];
				const parts: Payment[][] = [[]];
				for (const [i, month] of months.entries()) {
					if (cuts[i]) parts.push([]);
					parts.at(-1)?.push(...payments.filter((one) => monthOf(one) === month));
				}
				const apart = await Promise.all(parts.map(async (part) => await collect(part, zone)));
				const written = (lines: Line[]) =>
					lines.filter(({ cents }) => cents !== 0n).map(({ parts: _, ...line }) => line);
				expect(written(apart.flat())).toEqual(written(await collect(payments, zone, size)));
			}),
			{ seed, numRuns },
		);
	});

	it('have whole cents one by one, in order, and other payments once a day', async () => {
		await check(async (payments, zone, size) => {
			const lines = await collect(payments, zone, size);
			const isWhole = (one: Payment) => movedOf(one) !== 0n && one.row.amount % 10_000n === 0n;
			const whole = lines.filter(({ parts: [part] }) => part && part.amount % 10_000n === 0n);
			const wholeIds = new Set(payments.filter(isWhole).map(({ id }) => id));
			expect(
				whole.map(({ reference }) => reference).filter((reference) => wholeIds.has(reference)),
			).toEqual([...wholeIds]);
			const others = lines.filter(({ reference, payments: count }) => {
				return count > 0 && !wholeIds.has(reference);
			});
			const texts = others.map((line) =>
				[
					...[line.day, line.agentName, line.counterparty, line.direction],
					...[line.cents, line.payments, line.reference],
				].join(' '),
			);
			expect(texts.sort()).toEqual(rolledUp(payments, zone));
			const days = lines.filter(({ payments: count }) => count > 0).map(({ day }) => day);
			expect(days).toEqual(days.toSorted().reverse());
		});
	});

	it('add up to each month if the payments come in any order', async () => {
		await fc.assert(
			fc.asyncProperty(
				history.chain((payments) => fc.shuffledSubarray(payments)),
				fc.constantFrom(...zones),
				async (payments, zone) => {
					const lines = await collect(payments, zone);
					const monthOf = monthIn(zone);
					for (const month of new Set(payments.map(monthOf))) {
						const own = payments.filter((one) => monthOf(one) === month);
						const written = lines.filter(({ day }) => day.startsWith(month));
						expect(centsOf(written)).toBe(rounded(add(own.map(movedOf))));
					}
				},
			),
			{ seed, numRuns },
		);
	});

	it.each(['journal', 'quickbooks', 'xero'] as const)(
		'are in files that add up, with debits equal to credits: %s',
		async (name) => {
			const reader = bookReaderOf(layouts[name].book, {
				wallet: 'W',
				expense: 'E',
				income: 'I',
				rounding: 'R',
				currency: 'USD',
			});
			const layout = layoutOf(reader);
			await fc.assert(
				fc.asyncProperty(any, fc.integer({ min: 2, max: 9 }), async ([payments, zone], most) => {
					const files: string[][][] = [];
					for await (const lines of divide(bookOf(payments, zone), reader.maxLines(most) ?? 0)) {
						let text = '';
						for await (const part of encodeFile('csv', layout, lines, reader, false)) {
							text += String(part);
						}
						const [head = '', ...rows] = text.trimEnd().split('\r\n');
						expect(head).toBe(reader.headings.join());
						expect(rows.length).toBeLessThanOrEqual(most);
						files.push(rows.map((row) => row.split(',')));
					}
					const sumOf = (rows: string[][], heading: string, of = (_: string[]) => true) =>
						add(
							rows.filter(of).map((row) => {
								const cell = row[reader.headings.indexOf(heading)] ?? '';
								expect(cell).toMatch(/^(?:-?\d+\.\d\d)?$/);
								return BigInt(cell.replace('.', ''));
							}),
						);
					const all = files.flat();
					const booked = centsOf(await collect(payments, zone));
					if (name === 'journal') {
						for (const rows of files) expect(sumOf(rows, 'Debit')).toBe(sumOf(rows, 'Credit'));
						const ofWallet = ([, account]: string[]) => account === 'W';
						expect(sumOf(all, 'Debit', ofWallet) - sumOf(all, 'Credit', ofWallet)).toBe(booked);
					} else expect(sumOf(all, 'Amount')).toBe(booked);
				}),
				{ seed, numRuns },
			);
		},
	);
});

describe('rounding to cents', () => {
	it.each([
		[4_999n, 0n],
		[5_000n, 1n],
		[-4_999n, 0n],
		[-5_000n, -1n],
		[14_999n, 1n],
		[-15_000n, -2n],
		[0n, 0n],
	])('%s micro-USDC is %s', (micro, cents) => {
		expect(toCents(micro)).toBe(cents);
	});
});

describe('a book of many payments, half of them in whole cents', () => {
	it.each([
		[1_000_000, 'with 50 sellers', 4_000, 50],
		// As many of them are rolled up and not yet written as at 100,000.
		[181_000, 'of one day, each with a seller of its own', 200_000, 200_000],
	])(
		'holds no more than one of 100,000: %s %s',
		async (count, _, perDay, sellers) => {
			setFlagsFromString('--expose-gc');
			const collectGarbage = runInNewContext('gc') as () => void;
			const held: number[] = [];
			const size = 1_000;
			// What has just been read may still be held by what waits for it, so ten times each.
			const last = count / size - 1;
			const measured = new Set(Array.from({ length: 10 }, (_, i) => [100 - i, last - i]).flat());
			async function* payments(): AsyncGenerator<Payment[]> {
				for (let batch = 0; batch < count / size; batch++) {
					if (measured.has(batch)) {
						await setImmediate();
						collectGarbage();
						held.push(process.memoryUsage().heapUsed);
					}
					yield await Promise.resolve(
						Array.from({ length: size }, (_, i): Payment => {
							const number = batch * size + i;
							const at = MIDNIGHT - Math.floor((number * 24 * HOUR) / perDay);
							const amount = BigInt(number % 2 === 0 ? 10_000 * (i + 1) : 5_000 + i);
							const counterparty = `0x${String(number % sellers).padStart(40, '0')}` as const;
							const row = { at, amount, direction: 'spend', status: 'settled', counterparty };
							return { row, agent: { name: 'Buyer', address: addresses[0] ?? '' }, id: '' };
						}),
					);
				}
			}
			const reader = bookReaderOf(layouts.quickbooks.book, {
				wallet: '',
				expense: '',
				income: '',
				rounding: '',
				currency: '',
			});
			const layout = layoutOf(reader);
			const lines = linesOf(payments(), 'UTC', ({ id }) => id);
			let bytes = 0;
			for await (const part of encodeFile('csv', layout, lines, reader, false))
				bytes += part.length;

			expect(bytes).toBeGreaterThan(20 * count);
			expect(held).toHaveLength(20);
			const early = Math.min(...held.slice(0, 10));
			const late = Math.min(...held.slice(10));
			expect(late - early).toBeLessThan(8 * 1024 ** 2);
		},
		60_000,
	);
});
