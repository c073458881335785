import fc from 'fast-check';

import type { Activity } from '../../../nodes/Ampersend/schemas/activity';
import type { PageAnswer, PageRequest } from '../../../nodes/Ampersend/api/lists/pages';

/*
 * A service's list of payments, newest first, and what can be wrong with its answers.
 */

export interface Row {
	id: string;
	at: number;
	/** Order of appearance. */
	seq: number;
	type: 'earn' | 'spend';
	status: string;
	/** Its state before the last change; `seq` is when that was. */
	previous?: { status: string; at: number; seq: number };
}

/** How a service answers, apart from the content of its list. */
export const manners = fc.record({
	count: fc.constantFrom('right', 'missing', 'frozen', 'capped', 'behind', 'wild', 'page'),
	next: fc.constantFrom('right', 'always', 'never'),
	/** Maximum rows per page. */
	cap: fc.constantFrom(Infinity, Infinity, 7),
	/** About half of the answers are from a replica that lacks this many of the last changes. */
	lag: fc.constantFrom(0, 0, 1, 2, 3),
	/** A change sets a payment's time to the time of the change. */
	movesUp: fc.boolean(),
	/** Order of payments of one time: as they came, or another in each answer or page size. */
	ties: fc.constantFrom('kept', 'kept', 'new', 'by size'),
	/** Order of the rows within a page. */
	within: fc.constantFrom('newest first', 'newest first', 'oldest first', 'shuffled'),
});
export type Manners = typeof manners extends fc.Arbitrary<infer T> ? T : never;

export const tame: Manners = {
	count: 'right',
	next: 'right',
	cap: Infinity,
	lag: 0,
	movesUp: false,
	ties: 'kept',
	within: 'newest first',
};

/** Mixes two numbers into one between 0 and 2 ** 32. */
function mix(one: number, other: number): number {
	let mixed = Math.imul(one ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(other + 1, 0xc2b2ae35);
	mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
	return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Answers the requests of a history. */
export class Service {
	private random = 1;
	private frozen: number | undefined;

	constructor(private readonly manners: Manners) {}

	answer(address: string, rows: Row[], seq: number, request: PageRequest): PageAnswer {
		if (request.page < 1 || request.limit < 1) {
			throw new Error(`requests page ${request.page} of ${request.limit} rows`);
		}
		const { count, next, cap } = this.manners;
		// Behind by half a page or more, wrong answers in a row can't be told from the end of the list.
		const lag = Math.min(this.manners.lag, Math.floor((request.limit - 1) / 2));
		this.random = (Math.imul(this.random, 1_103_515_245) + 12_345) >>> 0;
		const isLagging = lag > 0 && ((this.random >>> 16) & 1) === 1;
		const seen = isLagging ? this.asOf(rows, seq - lag) : rows;
		const { ties, within } = this.manners;
		const salt = { kept: undefined, new: this.random, 'by size': request.limit }[ties];
		const placeOf = ({ seq }: Row) => (salt === undefined ? seq : mix(seq, salt));
		const newestFirst = seen.toSorted(
			(one, other) => other.at - one.at || placeOf(other) - placeOf(one),
		);
		const limit = Math.min(cap, request.limit);
		const start = (request.page - 1) * limit;
		const inList = newestFirst.slice(start, start + limit);
		const page = {
			'newest first': () => inList,
			'oldest first': () => inList.toReversed(),
			shuffled: () =>
				inList.toSorted((one, other) => mix(one.seq, this.random) - mix(other.seq, this.random)),
		}[within]();
		const total = newestFirst.length;
		this.frozen ??= total;
		const counts = {
			right: total,
			missing: undefined,
			frozen: this.frozen,
			capped: Math.min(total, 7),
			behind: Math.max(0, total - 5),
			wild: (this.random >>> 8) % 50,
			page: page.length,
		};
		const isMore = start + limit < total;
		return {
			activity: page.map((row) => this.wire(address, row)),
			hasNextPage: next === 'right' ? isMore : next === 'always',
			...(counts[count] !== undefined && { totalCount: counts[count] }),
		};
	}

	private asOf(rows: Row[], seq: number): Row[] {
		return rows
			.filter((row) => row.seq <= seq)
			.map((row) => {
				const { previous } = row;
				if (!previous || previous.seq <= seq) return row;
				return { ...row, status: previous.status, at: previous.at };
			});
	}

	private wire(address: string, { id, at, type, status }: Row): Activity {
		return {
			id,
			type,
			agent_address: address,
			receiver: address,
			amount: '1',
			status,
			timestamp: at,
			tx_hash: null,
			chain_caip2id: null,
		};
	}
}
