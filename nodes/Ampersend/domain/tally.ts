/** Rows and the sum of their amounts, exactly. */
export interface Total {
	rows: number;
	/** Micro-USDC. */
	amount: bigint;
}

/** Counts rows and adds up their amounts, by group. */
export class Tally<Group extends object> {
	private readonly groups = new Map<string, { group: Group } & Total>();
	rows = 0;

	/** @param amount micro-USDC */
	add(group: Group, amount: bigint): void {
		let key = '';
		for (const part of Object.values(group)) key += `${part}\u0000`;
		const total = this.groups.get(key) ?? { group, rows: 0, amount: 0n };
		total.rows++;
		total.amount += amount;
		this.groups.set(key, total);
		this.rows++;
	}

	/** Sorted by what makes a group, part by part. */
	get totals(): Array<{ group: Group } & Total> {
		const sorted = [...this.groups].sort(([one], [other]) => (one < other ? -1 : 1));
		return sorted.map(([, total]) => total);
	}
}
