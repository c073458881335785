import type { Address } from './address';
import { addressKey } from './address';
import type { FilterableRow } from './filter';
import { directionOf } from './filter';
import { movedBy } from './moved';
import type { Total } from './tally';
import { sum, Tally } from './tally';
import { daysIn } from './time';

const MICRO_PER_CENT = 10_000n;

/** Lines of several payments that a book holds. Some 700 bytes each. */
const MAX_ROLL_UPS = 20_000;

export const fromCents = (cents: bigint): bigint => cents * MICRO_PER_CENT;

/** Whole cents of micro-USDC; half a cent is rounded away from zero, as in spreadsheets. */
export function toCents(micro: bigint): bigint {
	const half = MICRO_PER_CENT / 2n;
	return (micro + (micro < 0n ? -half : half)) / MICRO_PER_CENT;
}

type Group = Pick<FilterableRow, 'direction' | 'status'>;
type Part = { group: Group } & Total;

/** A line of a book: a payment, several of a day, or the rounding difference of a month. */
export interface Line {
	/** In the book's time zone, as `2026-10-01`. */
	day: string;
	/** Signed: earned is positive, spent is negative. A line of 0 isn't written. */
	cents: bigint;
	/** How many payments it sums. */
	payments: number;
	/** Absent in a rounding difference. */
	direction?: string | undefined;
	agentName: string;
	counterparty: Address | null;
	/** Of a single payment. */
	reference: string;
	/** What it stands for, exactly. All lines together stand for everything that has moved. */
	parts: Part[];
}

/** A payment, as reading a history finds it. */
interface Found {
	row: FilterableRow;
	agent: { name: string; address: string };
}

interface Month {
	/** Micro-USDC, exactly. */
	moved: bigint;
	/** Of its lines. */
	cents: bigint;
	/** The last one with a payment. */
	lastDay: string;
}

const noMonth = (): Month => ({ moved: 0n, cents: 0n, lastDay: '' });

function lineOf(day: string, agentName = '', counterparty: Address | null = null): Line {
	const parts: Part[] = [];
	return { day, cents: 0n, payments: 0, agentName, counterparty, reference: '', parts };
}

function addTo(line: Line, { amount, direction, status }: FilterableRow, moved: bigint): void {
	line.payments += 1;
	const part = line.parts.find(({ group }) => group.status === status);
	if (part) sum(part, { rows: 1, amount, moved });
	else line.parts.push({ group: { direction, status }, rows: 1, amount, moved });
}

/**
 * Makes lines of payments, in cents. A month's lines add up to what has moved in it, rounded: so
 * the books of any months add up to the book of all of them. Holds one day, or a part of a
 * day with very many sellers, and a sum for each month. Payments of a day or a month that has ended
 * are no matter: it ends once more.
 */
class Book {
	private readonly lines: Line[] = [];
	private day = '';
	/** The day's lines of payments with fractions of a cent. */
	private readonly rollUps = new Map<string, Line>();
	private readonly months = new Map<string, Month>();
	private month = noMonth();
	/** What had less than half a cent, and no line yet that stands for it. */
	private strays: Tally<Group> | undefined;

	add(day: string, { row, agent }: Found, moved: bigint, reference: () => string): void {
		if (day !== this.day) this.turnTo(day);
		this.month.moved += moved;
		const direction = directionOf(row);
		// Who paid an earning isn't published.
		const counterparty = direction === 'earn' ? null : row.counterparty;
		const isWhole = moved % MICRO_PER_CENT === 0n;
		const other = counterparty && addressKey(counterparty);
		const key = isWhole ? '' : `${agent.address} ${direction} ${other}`;
		const known = isWhole ? undefined : this.rollUps.get(key);
		const line = known ?? lineOf(day, agent.name, counterparty);
		line.direction = direction;
		line.reference = known ? '' : reference();
		addTo(line, row, moved);
		if (isWhole) this.write(line, moved);
		else if (!known) this.rollUps.set(key, line);
		if (this.rollUps.size >= MAX_ROLL_UPS) this.writeRollUps();
	}

	/** The lines so far. Keeps one back, for what may be left at the end. */
	take(): Line[] {
		return this.lines.splice(0, this.lines.length - 1);
	}

	/** The last lines. */
	end(): Line[] {
		this.turnTo('');
		const parts = this.strays?.totals ?? [];
		const last = this.lines.at(-1);
		if (last) last.parts.push(...parts);
		else if (parts.length > 0) this.lines.push({ ...lineOf(''), parts });
		return this.lines;
	}

	private writeRollUps(): void {
		for (const line of this.rollUps.values()) {
			this.write(
				line,
				line.parts.reduce((all, part) => all + part.moved, 0n),
			);
		}
		this.rollUps.clear();
	}

	private turnTo(day: string): void {
		this.writeRollUps();
		const name = monthOf(day);
		if (name !== monthOf(this.day)) {
			const { moved, cents, lastDay } = this.month;
			this.write(lineOf(lastDay), fromCents(toCents(moved) - cents));
			this.month = this.months.get(name) ?? noMonth();
			this.months.set(name, this.month);
		}
		if (day > this.month.lastDay) this.month.lastDay = day;
		this.day = day;
	}

	private write(line: Line, micro: bigint): void {
		line.cents = toCents(micro);
		if (line.cents === 0n) {
			for (const part of line.parts) (this.strays ??= new Tally()).addTotal(part);
			return;
		}
		this.month.cents += line.cents;
		if (this.strays) {
			line.parts.push(...this.strays.totals);
			this.strays = undefined;
		}
		this.lines.push(line);
	}
}

/** The month of a day, as `2026-10`. */
export function monthOf(day: string): string {
	return day.slice(0, '2026-10'.length);
}

/**
 * The lines of a book, newest first as the payments are. A roll-up follows the other lines of its
 * day, and a rounding difference those of its month.
 */
export async function* linesOf<Row extends Found>(
	batches: AsyncIterable<Row[]>,
	timeZone: string,
	referenceOf: (found: Row) => string,
): AsyncGenerator<Line[]> {
	const book = new Book();
	const dayOf = daysIn(timeZone);
	for await (const batch of batches) {
		for (const found of batch) {
			const moved = movedBy(found.row);
			if (moved !== 0n) book.add(dayOf(found.row.at), found, moved, () => referenceOf(found));
		}
		const lines = book.take();
		if (lines.length > 0) yield lines;
	}
	const lines = book.end();
	if (lines.length > 0) yield lines;
}
