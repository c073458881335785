import type { PageRequest, Pages, ReadPage } from './pages';
import { offsetOf, PagingObservation, readPage } from './pages';

/** Pages in a row that start with the same row before it's checked whether page 1 does, too. */
const MAX_REPEATS = 2;

/** Notices a service that returns the same rows, whatever is requested. */
export class RepeatWatch {
	private last: { id: string; offset: number } | undefined;
	private repeats = 0;

	/**
	 * @returns whether a page starts with the same row as the page before it
	 * @throws PagingObservation if several in a row do, and page 1 does too
	 */
	*isRepeat(request: PageRequest, { rows: [first] }: ReadPage): Pages<boolean> {
		const offset = offsetOf(request);
		const isSame = first !== undefined && first.wire.id === this.last?.id;
		const isRepeat = isSame && this.last?.offset !== offset;
		if (isRepeat) this.repeats++;
		else if (!isSame) this.repeats = 0;
		if (first && this.repeats >= MAX_REPEATS) {
			yield* this.rejectTopRow(first.wire.id, request.limit);
			this.repeats = 0;
		}
		if (!isRepeat) this.last = first && { id: first.wire.id, offset };
		return isRepeat;
	}

	/**
	 * If rows are added as fast as pages are read, pages start with the same row, but page 1 doesn't.
	 */
	private *rejectTopRow(id: string, limit: number): Pages<void> {
		const request = { page: 1, limit };
		const answer = yield request;
		if (answer && readPage(request, answer).rows[0]?.wire.id === id) {
			throw new PagingObservation('returns the same rows again, whatever "page" asks for');
		}
	}
}
