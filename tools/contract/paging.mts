import { isOk, shownStatus } from './judge.mts';
import { valueOf, type Caller, type Check, type Input } from './check.mts';
import { numberIn } from './json.mts';
import type { RouteName } from './known.mts';
import type { Answer } from './requests.mts';
import type { Verdict } from './results.mts';
import { rowsIn } from './shapes.mts';
import { isRecord } from './source';

/** How a list is read in parts. */
export interface Paging {
	/** What moves from one part to the next. */
	by: 'page' | 'offset';
	/** Where it begins. */
	first: number;
	/** The most rows that the package asks for at once. */
	size: number;
	total: 'totalCount' | 'total';
}

type Rows = Array<Record<string, unknown>>;

const FAR_TOO_MANY = 1_000;

const rowsOf = (answer: Answer): Rows => (isOk(answer) ? (rowsIn(answer.body) ?? []) : []);

const totalIn = ({ body }: Answer, name: string): number | undefined => {
	const total = isRecord(body) ? valueOf(body, name) : undefined;
	return total === undefined || total === null ? undefined : numberIn(total);
};

const isSame = (one: unknown, other: unknown): boolean =>
	JSON.stringify(one) === JSON.stringify(other);

const shownCount = (answer: Answer): string => {
	if (!isOk(answer)) return shownStatus(answer);
	const { length } = rowsOf(answer);
	return `${length} row${length === 1 ? '' : 's'}`;
};

function whatIsCounted(
	ofOne: number | undefined,
	ofWhole: number | undefined,
	rows: number,
): string {
	if (ofOne === undefined) return 'no count';
	if (ofOne < rows) return 'the rows of the page';
	return ofOne === ofWhole ? 'all rows' : 'another number on each page';
}

class PagingFacts {
	constructor(
		private readonly check: Check,
		private readonly caller: Caller,
		private readonly name: RouteName,
		private readonly input: Input,
		private readonly paging: Paging,
	) {}

	async read(limit: number, place: number): Promise<Answer> {
		const query = { ...this.input.query, limit, [this.paging.by]: place };
		return await this.check.send(this.caller, this.name, { ...this.input, query });
	}

	note(subject: string, assumed: string, found: string, verdict: Verdict): void {
		const isPlace = subject === 'first place' || subject === 'limit';
		this.check.fact(this.caller, this.name, {
			part: isPlace || subject === 'largest page' ? 'request' : 'answer',
			subject,
			assumed,
			found,
			verdict,
			change:
				verdict === 'differs'
					? `how ${this.name} is read in parts (api/lists/offsetPages.ts): ${found}`
					: '',
		});
	}

	/** @param whole the part with all rows that the package asks for at once */
	async settle(whole: Answer): Promise<void> {
		const { first, size, total: totalName } = this.paging;
		const rows = rowsOf(whole);
		if (rows.length < 2) return await this.#withoutRows(whole, rows.length);
		const [one, next] = [await this.read(1, first), await this.read(1, first + 1)];
		const isOne = rowsOf(one).length === 1;
		this.note('limit', 'limit=1 gives 1 row', shownCount(one), isOne ? 'fits' : 'differs');
		await this.#whereItBegins(one, next);
		this.#whatTotalCounts(one, whole, rows.length);
		const total = totalIn(whole, totalName) ?? 0;
		const hasMore = isRecord(whole.body) && valueOf(whole.body, 'hasNextPage') === true;
		const isCut = rows.length < size && (hasMore || total > rows.length);
		const isKnown = isCut || rows.length >= size;
		const got = `${rows.length} of limit=${size}`;
		this.note(
			'largest page',
			`${size} or more`,
			isKnown ? got : `${got}, which are all`,
			isCut ? 'differs' : isKnown ? 'fits' : 'unknown',
		);
		const many = await this.read(FAR_TOO_MANY, first);
		this.note('limit=1000', 'not known', shownCount(many), 'unknown');
	}

	/** The first place may be another one, so that the list only seems to be empty. */
	async #withoutRows(whole: Answer, count: number): Promise<void> {
		const { first, by, size } = this.paging;
		const before = isOk(whole) && count === 0 && by === 'page' ? await this.read(size, 0) : whole;
		const isBefore = rowsOf(before).length > count;
		const found = isBefore ? `the first rows are at ${by}=0` : `${count} rows, too few to see`;
		const verdict = isBefore ? 'differs' : 'unknown';
		this.note('first place', `${by}=${first}`, found, verdict);
	}

	async #whereItBegins(one: Answer, next: Answer): Promise<void> {
		const { by, first } = this.paging;
		const assumed = `${by}=${first}`;
		const isIgnored = isOk(next) && isSame(rowsOf(one), rowsOf(next));
		if (isIgnored) return this.note('first place', assumed, `${by} is ignored`, 'differs');
		if (by === 'offset') return this.note('first place', assumed, assumed, 'fits');
		const zero = await this.read(1, 0);
		const isEarlier = isOk(zero) && rowsOf(zero).length > 0 && !isSame(rowsOf(zero), rowsOf(one));
		const found = isEarlier ? `${by}=0 has earlier rows` : `${by}=0: ${shownCount(zero)}`;
		this.note('first place', assumed, found, isEarlier ? 'differs' : 'fits');
	}

	#whatTotalCounts(one: Answer, whole: Answer, rows: number): void {
		const { total: name } = this.paging;
		const [ofOne, ofWhole] = [totalIn(one, name), totalIn(whole, name)];
		const found = whatIsCounted(ofOne, ofWhole, rows);
		const verdict = found === 'all rows' ? 'fits' : 'differs';
		this.note(name, 'all rows', found, ofOne === undefined ? 'unknown' : verdict);
		if (name !== 'totalCount') return;
		const more = isRecord(one.body) ? valueOf(one.body, 'hasNextPage') : undefined;
		this.note(
			'hasNextPage',
			'true before the last page',
			String(more === true || more === false ? more : 'nothing'),
			more === true ? 'fits' : 'differs',
		);
	}
}

/** Where the place is ignored, each part has the same rows. */
const isRepeated = (one: Answer, other: Answer): boolean => isSame(rowsOf(one), rowsOf(other));

/**
 * Reads a list as the package does, and settles how it is read in parts.
 * @returns its rows
 */
export async function readList(
	check: Check,
	caller: Caller,
	name: RouteName,
	input: Input,
	paging: Paging,
): Promise<Rows> {
	const { by, first, size } = paging;
	const query = { ...input.query, limit: size, [by]: first };
	const whole = await check.ask(caller, name, { ...input, query });
	const facts = new PagingFacts(check, caller, name, input, paging);
	if (isOk(whole)) {
		await check.step(caller, name, async () => await facts.settle(whole));
		const rows = rowsOf(whole);
		if (rows.length < size) return rows;
		// Its rows can have another form, or other units.
		const next = { ...query, [by]: by === 'page' ? first + 1 : size };
		const second = await check.ask(caller, name, { ...input, query: next, before: rows.length });
		return isRepeated(whole, second) ? rows : [...rows, ...rowsOf(second)];
	}
	if (whole.status !== 400 && whole.status !== 422) return [];
	for (const smaller of [100, 50, 20, 10]) {
		const answer = smaller < size ? await facts.read(smaller, first) : whole;
		if (isOk(answer)) {
			facts.note('largest page', `${size} or more`, `limit=${smaller} is taken`, 'differs');
			return rowsOf(answer);
		}
	}
	return [];
}
