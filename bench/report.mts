import { LOAD_BAR, TARBALL_BAR } from '../tools/packed.mts';

/** One row of the table. */
export interface Figure {
	name: string;
	unit: 'ratio' | 'ms' | 'bytes' | 'requests';
	/** Null if it wasn't measured. */
	value: number | null;
	/** What the value comes from. */
	detail?: string;
}

/** The largest value that is good enough, by the figure's name; in order. */
const bars = new Map([
	['100 000 rows, 0 ms: ours / HTTP Request chain', 0.3],
	['100 000 rows, 0 ms: ours / minimal node', 1.5],
	['100 000 rows, 0 ms: ours / bare loop', 1.7],
	['100 000 rows, 50 ms: ours / bare loop', 0.35],
	['1 000 000 rows, 0 ms: ours / bare loop', 1.8],
	['1 000 000 rows: memory of n8n with ours / with the minimal node', 1.25],
	['time of 1 000 000 rows / 100 000 rows, ours', 11],
	['100 000 rows, 0 ms: Get Many with Return All / HTTP Request and Split Out', 1],
	['1 000 items, each one read at 50 ms: time per item', 12],
	['packed tarball', TARBALL_BAR],
	["load in n8n's loader: ours / empty classes", LOAD_BAR],
	['idle poll, 0 ms: time / minimal trigger', 1.7],
	['idle poll, 0 ms: requests', 1],
	['1 000 idle agents, 50 ms: time of a poll', 8_000],
	['backlog of 100 000 rows: requests / pages', 1.2],
	['1 000 agents with 1 000 rows: memory to publish, above idle', 200e6],
]);

/** With spaces between thousands. */
export function grouped(value: number): string {
	return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

export const texts: Record<Figure['unit'], (value: number) => string> = {
	ratio: (value) => value.toFixed(2),
	ms: (value) => (value >= 1000 ? seconds(value) : `${value.toFixed(1)} ms`),
	bytes: (value) =>
		value >= 1e6 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e3).toFixed(1)} KB`,
	requests: String,
};

export function ratio(
	name: string,
	above: number | null,
	below: number | null,
	text = texts.ms,
): Figure {
	const value = (above ?? NaN) / (below ?? NaN);
	// Memory can't be measured everywhere.
	if (above === null || below === null || Number.isNaN(value))
		return { name, unit: 'ratio', value: null };
	return { name, unit: 'ratio', value, detail: `${text(above)} / ${text(below)}` };
}

function rowOf({ name, unit, value, detail }: Figure): string {
	const bar = bars.get(name);
	const limit = bar === undefined ? '' : `≤ ${unit === 'ratio' ? bar : texts[unit](bar)}`;
	if (value === null) return `| ${name} | not measured | ${limit} | |`;
	const verdict = bar === undefined ? '' : value <= bar ? 'met' : '**missed**';
	const measured = texts[unit](value) + (detail === undefined ? '' : ` (${detail})`);
	return `| ${name} | ${measured} | ${limit} | ${verdict} |`;
}

/** Figures with a bar come first, in the order of the bars. */
export function markdownTable(figures: Figure[]): string {
	const names = [...bars.keys()];
	const rank = ({ name }: Figure) => (bars.has(name) ? names.indexOf(name) : names.length);
	const sorted = figures.toSorted((one, other) => rank(one) - rank(other));
	return ['| figure | measured | bar | |', '|---|---|---|---|', ...sorted.map(rowOf)].join('\n');
}

export function median(values: number[]): number {
	const sorted = values.toSorted((one, other) => one - other);
	const middle = (sorted.length - 1) / 2;
	return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
