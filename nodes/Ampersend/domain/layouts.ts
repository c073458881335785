import { shortAddress } from './address';
import type { Line } from './books';
import { monthOf } from './books';
import type { RowReader } from './files';
import { oneLine, shortLine } from './text';

/** What a user calls accounts and money. */
export interface BookNames {
	wallet: string;
	expense: string;
	income: string;
	rounding: string;
	currency: string;
}

interface Column {
	heading: string;
	isAmount?: boolean;
	/** @param side 0 for the debit of a double entry, 1 for its credit */
	valueOf(line: Line, side: number, names: BookNames): string | null;
}

/** A file of lines in cents. */
interface BookLayout {
	columns: readonly Column[];
	/** Whether each line is a debit and a credit. */
	isDoubleEntry?: boolean;
	/** The most that a program takes. */
	maxRows?: number;
}

/** What a file is for, and what options are if they aren't set. */
export interface Layout {
	name: string;
	description: string;
	/** Absent: a row for each payment. */
	book?: BookLayout;
	/** Whether headings are words, and times have no time zone, so that a spreadsheet reads them. */
	isForSpreadsheet?: boolean;
}

/**
 * Of an agent's name in a line. One takes at most 3 bytes, so a line takes less than 350 bytes,
 * as long as its amount has at most 20 digits.
 */
const MAX_NAME_CHARACTERS = 72;

function formatCents(cents: bigint): string {
	if (cents < 0n) return `-${formatCents(-cents)}`;
	const digits = cents.toString().padStart(3, '0');
	return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** What a line is about, in words. */
function describe({ day, payments, direction, agentName, counterparty }: Line): string {
	if (direction === undefined) return `Rounding difference of ${monthOf(day)}`;
	const isSpent = direction === 'spend';
	const isOne = payments === 1;
	const several = `${payments} ${isSpent ? 'payments' : 'earnings'}`;
	const what = isOne ? (isSpent ? 'Paid' : 'Earned') : several;
	const preposition = isSpent ? (isOne ? ' ' : ' to ') : ' from ';
	const other = counterparty === null ? '' : preposition + shortAddress(counterparty);
	const fractions = isOne ? '' : ' with fractions of a cent';
	// Banks' files have a line for each row, and no quotes for more.
	const name = shortLine(oneLine(agentName), MAX_NAME_CHARACTERS);
	return `${what}${other}${fractions} (${name})`;
}

const date: Column = { heading: 'Date', valueOf: ({ day }) => day };

const americanDate: Column = {
	heading: 'Date',
	valueOf: ({ day }) => `${day.slice(5, 7)}/${day.slice(8)}/${day.slice(0, 4)}`,
};

const words = (heading: string): Column => ({ heading, valueOf: describe });

const amount: Column = {
	heading: 'Amount',
	isAmount: true,
	valueOf: ({ cents }) => formatCents(cents),
};

const sideColumn = (heading: string, own: number): Column => ({
	heading,
	isAmount: true,
	valueOf: ({ cents }, side) => (side === own ? formatCents(cents < 0n ? -cents : cents) : null),
});

/** The wallet is debited with what comes in, and credited with what goes out. */
function accountOf({ cents, direction }: Line, side: number, names: BookNames): string {
	if (cents > 0n === (side === 0)) return names.wallet;
	if (direction === undefined) return names.rounding;
	return direction === 'earn' ? names.income : names.expense;
}

/** By their stored names. */
export const layouts = {
	all: { name: 'All Columns', description: 'For most programs' },
	journal: {
		name: 'Journal',
		description: 'Double entry, in cents: a debit and a credit for all money that has moved',
		book: {
			columns: [
				date,
				{ heading: 'Account', valueOf: accountOf },
				sideColumn('Debit', 0),
				sideColumn('Credit', 1),
				words('Memo'),
				{ heading: 'Currency', valueOf: (_, __, { currency }) => currency },
			],
			isDoubleEntry: true,
		},
	},
	// Its help, "Manually upload transactions": 350 KB, three columns. Users report that it takes no
	// more than 1,000 lines, either; one is the heading.
	quickbooks: {
		name: 'QuickBooks Online',
		description:
			'Date, Description and Amount of all money that has moved, in cents: 999 lines a file, ' +
			'less than 350 KB',
		book: { columns: [americanDate, words('Description'), amount], maxRows: 999 },
	},
	spreadsheet: {
		name: 'Spreadsheet',
		description:
			'For Excel, LibreOffice or Google Sheets in a language that writes 12,5. For one that ' +
			'writes 12.5, add Decimal Separator: Dot.',
		isForSpreadsheet: true,
	},
	// 1,000 lines: Xero's help, "Import a CSV bank statement".
	xero: {
		name: 'Xero',
		description: 'A bank statement of all money that has moved, in cents: 1,000 lines a file',
		book: {
			columns: [
				date,
				amount,
				{ heading: 'Payee', valueOf: ({ counterparty }) => counterparty },
				words('Description'),
				{ heading: 'Reference', valueOf: ({ reference }) => reference },
			],
			maxRows: 1000,
		},
	},
} as const satisfies Record<string, Layout>;

export const layoutNames = Object.keys(layouts) as Array<keyof typeof layouts>;

/** How a file gets at lines. */
export interface BookReader extends RowReader<Line> {
	headings: string[];
	/** The most lines for a file of so many rows; undefined for all. */
	maxLines(maxRows: number | undefined): number | undefined;
	recordsOf(line: Line): number;
}

export function bookReaderOf(layout: BookLayout, names: BookNames): BookReader {
	const { columns, isDoubleEntry = false, maxRows: ofProgram = Infinity } = layout;
	const sides = isDoubleEntry ? 2 : 1;
	const columnOf = (heading: string) => columns.find((column) => column.heading === heading);
	return {
		headings: columns.map(({ heading }) => heading),
		maxLines(maxRows = Infinity) {
			const most = Math.floor(Math.min(maxRows, ofProgram) / sides);
			return most < Infinity ? most : undefined;
		},
		recordsOf: ({ cents }) => (cents === 0n ? 0 : sides),
		whole: (line) => line,
		column(heading) {
			const valueOf = columnOf(heading)?.valueOf;
			return (line, side) => valueOf?.(line, side, names);
		},
		isAmount: (heading) => columnOf(heading)?.isAmount === true,
	};
}
