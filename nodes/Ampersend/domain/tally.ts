/** Rows and the sum of their amounts, exactly. */
export interface Total {
	rows: number;
	/** Micro-USDC. */
	amount: bigint;
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

/** Counts rows and adds up their amounts, by group. */
export class Tally<Group extends object> {
	private readonly root = new Branch<Group>();
	rows = 0;

	/**
	 * @param group has the same fields each time
	 * @param amount micro-USDC
	 */
	add(group: Group, amount: bigint): void {
		let branch = this.root;
		for (const value of Object.values(group)) branch = branch.of(value);
		branch.total ??= { group, rows: 0, amount: 0n };
		branch.total.rows++;
		branch.total.amount += amount;
		this.rows++;
	}

	/** Sorted by what makes a group, part by part. */
	get totals(): Array<{ group: Group } & Total> {
		return this.root.totals.sort((a, b) => compareParts(a.group, b.group));
	}
}
