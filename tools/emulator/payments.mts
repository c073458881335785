export type ActivityType = 'earn' | 'spend';
export type ActivityStatus = 'received' | 'settled' | 'authorized' | 'failed' | 'denied';
export type PaymentStatus =
	| 'requested'
	| 'authorized'
	| 'denied'
	| 'settled'
	| 'expired'
	| 'unmanaged'
	| 'success'
	| 'failure'
	| 'pending';

/** One payment that an agent made or received. */
export interface Activity {
	id: string;
	agentAddress: string;
	type: ActivityType;
	receiver: string;
	amountMicro: bigint;
	status: ActivityStatus;
	/** Epoch milliseconds. */
	timestamp: number;
	txHash: string | null;
	chain: string;
	/** Type of the amount on the wire; by default the emulator's `wire.activityAmount`. */
	amountAs?: 'string' | 'number';
	/** The status of a spend in `GET …/payments`. */
	paymentStatus: PaymentStatus;
	scheme: 'exact' | 'deferred' | null;
	/** Epoch milliseconds. */
	expiresAt: number | null;
}

interface Run {
	firstRef: number;
	count: number;
	rowAt(i: number): Activity;
}

/** Computed rows; both functions have to return the same for an `i` each time. */
export interface Rows {
	count: number;
	rowAt(i: number): Activity;
	/** The row's own `timestamp`. */
	timeAt(i: number): number;
}

/**
 * The payments of one agent, ordered by time. Seeded rows are computed when they are read, so a
 * million of them cost two arrays of numbers. Rows that were paid or changed are kept.
 */
export class History {
	// Oldest first, so a new payment is a push. Rows with the same time keep their order.
	#times: number[] = [];
	#refs: number[] = [];
	#nextRef = 0;
	readonly #kept = new Map<number, Activity>();
	readonly #runs: Run[] = [];

	get length(): number {
		return this.#times.length;
	}

	insert(row: Activity): number {
		const ref = this.#nextRef++;
		this.#kept.set(ref, row);
		const at = this.#firstIndex((time) => time > row.timestamp);
		this.#times.splice(at, 0, row.timestamp);
		this.#refs.splice(at, 0, ref);
		return ref;
	}

	seed({ count, rowAt, timeAt }: Rows): number {
		const firstRef = this.#nextRef;
		this.#nextRef += count;
		this.#runs.push({ firstRef, count, rowAt });
		let inOrder = true;
		let last = this.#times.at(-1) ?? -Infinity;
		for (let i = 0; i < count; i++) {
			const time = timeAt(i);
			inOrder &&= time >= last;
			last = time;
			this.#times.push(time);
			this.#refs.push(firstRef + i);
		}
		if (!inOrder) this.#sort();
		return firstRef;
	}

	row(ref: number): Activity {
		const kept = this.#kept.get(ref);
		if (kept) return kept;
		const run = this.#runs.find(({ firstRef, count }) => ref >= firstRef && ref < firstRef + count);
		if (!run) throw new Error(`No row ${ref} in this history`);
		return run.rowAt(ref - run.firstRef);
	}

	change(ref: number, changes: Partial<Omit<Activity, 'timestamp'>>): Activity {
		const row = { ...this.row(ref), ...changes };
		this.#kept.set(ref, row);
		return row;
	}

	countSince(since: number): number {
		return this.length - this.#firstIndex((time) => time >= since);
	}

	/** Newest first, no older than `since`. */
	*newestFirst(since: number, skip = 0, take = Infinity): Generator<Activity> {
		const oldest = this.#firstIndex((time) => time >= since);
		const newest = this.length - 1 - skip;
		for (let i = newest; i >= oldest && newest - i < take; i--) yield this.row(this.#refs[i] ?? -1);
	}

	#firstIndex(holds: (time: number) => boolean): number {
		let low = 0;
		let high = this.#times.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (holds(this.#times[middle] ?? NaN)) high = middle;
			else low = middle + 1;
		}
		return low;
	}

	#sort(): void {
		const times = this.#times;
		const refs = this.#refs;
		const order = [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
		this.#times = order.map((i) => times[i] ?? 0);
		this.#refs = order.map((i) => refs[i] ?? -1);
	}
}
