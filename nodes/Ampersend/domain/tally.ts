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

/** Counts rows and adds up their amounts, by group. */
export class Tally<Group extends object> {
	private readonly groups = new Map<string, { group: Group } & Total>();
	rows = 0;

	/** @param amount micro-USDC */
	add(group: Group, amount: bigint): void {
		// The service's texts can hold any separator, and a null isn't the word "null".
		const key = JSON.stringify(Object.values(group));
		const total = this.groups.get(key) ?? { group, rows: 0, amount: 0n };
		total.rows++;
		total.amount += amount;
		this.groups.set(key, total);
		this.rows++;
	}

	/** Sorted by what makes a group, part by part. */
	get totals(): Array<{ group: Group } & Total> {
		return [...this.groups.values()].sort((a, b) => compareParts(a.group, b.group));
	}
}
