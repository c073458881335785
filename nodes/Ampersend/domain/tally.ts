import type { Moving } from './moved';
import { movedBy } from './moved';

/** Rows and what they add up to, exactly. */
export interface Total {
	rows: number;
	/** Micro-USDC, whether it has moved or not. */
	amount: bigint;
	/** What has moved, in micro-USDC: earned is positive, spent is negative. */
	moved: bigint;
}

export const nothing: Readonly<Total> = { rows: 0, amount: 0n, moved: 0n };

/** Adds a total to another one. */
export function sum(total: Total, { rows, amount, moved }: Total): void {
	total.rows += rows;
	total.amount += amount;
	total.moved += moved;
}

function compareParts(one: object, other: object): number {
	const others = Object.values(other).map(String);
	for (const [i, part] of Object.values(one).map(String).entries()) {
		const against = others[i] ?? '';
		if (part !== against) return part < against ? -1 : 1;
	}
	return 0;
}

/** Totals by the values of a group, one after the other. */
class Branch<Group> {
	readonly branches = new Map<unknown, Branch<Group>>();
	total: ({ group: Group } & Total) | undefined;

	/** The branch of a value, which may be new. */
	of(value: unknown): Branch<Group> {
		const known = this.branches.get(value);
		if (known) return known;
		const branch = new Branch<Group>();
		this.branches.set(value, branch);
		return branch;
	}

	get totals(): Array<{ group: Group } & Total> {
		const below = [...this.branches.values()].flatMap((branch) => branch.totals);
		return this.total ? [this.total, ...below] : below;
	}
}

/** Counts rows and adds up what they are about, by group. */
export class Tally<Group extends object> {
	private readonly root = new Branch<Group>();

	add(group: Group, row: Moving): void {
		const total = this.totalOf(group);
		total.rows += 1;
		total.amount += row.amount;
		total.moved += movedBy(row);
	}

	addTotal(part: { group: Group } & Total): void {
		sum(this.totalOf(part.group), part);
	}

	/** The group has the same fields each time. */
	private totalOf(group: Group): Total {
		let branch = this.root;
		for (const name in group) branch = branch.of(group[name]);
		return (branch.total ??= { group, ...nothing });
	}

	/** Of all groups. */
	get whole(): Total {
		const whole = { ...nothing };
		for (const total of this.root.totals) sum(whole, total);
		return whole;
	}

	/** Sorted by what makes a group, part by part. */
	get totals(): Array<{ group: Group } & Total> {
		return this.root.totals.sort((a, b) => compareParts(a.group, b.group));
	}
}
