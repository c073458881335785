/** One row of the table. */
export interface Figure {
	name: string;
	unit: 'ratio' | 'ms' | 'bytes' | 'requests';
	/** Null if it wasn't measured. */
	value: number | null;
	/** The largest value that is good enough. */
	bar?: number;
	/** What the value comes from, or why there is none. */
	detail?: string;
}

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

function verdictOf({ value, bar }: Figure): string {
	if (bar === undefined) return '';
	if (value === null) return 'not measured';
	return value <= bar ? 'met' : '**missed**';
}

function rowOf(figure: Figure): string {
	const { name, unit, value, bar, detail } = figure;
	const measured = value === null ? undefined : texts[unit](value);
	const cells = [
		name,
		measured && detail ? `${measured} (${detail})` : (measured ?? detail ?? 'not measured'),
		bar === undefined ? '' : `≤ ${unit === 'ratio' ? bar : texts[unit](bar)}`,
		verdictOf(figure),
	];
	return `| ${cells.join(' | ')} |`;
}

/** Ratios with a bar come first, then other figures with one, then the rest. */
export function inOrder(figures: Figure[]): Figure[] {
	const rank = ({ unit, bar }: Figure) => (bar === undefined ? 2 : 0) + (unit === 'ratio' ? 0 : 1);
	return figures.toSorted((one, other) => rank(one) - rank(other));
}

export function markdownTable(figures: Figure[]): string {
	return ['| figure | measured | bar | |', '|---|---|---|---|', ...figures.map(rowOf)].join('\n');
}

export function median(values: number[]): number {
	const sorted = values.toSorted((one, other) => one - other);
	const middle = (sorted.length - 1) / 2;
	return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
