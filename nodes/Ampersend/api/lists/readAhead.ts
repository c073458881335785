import type { PageAnswer, PageRequest } from './pages';
import { requestsAfter } from './pages';

/** Maximum pages of a list to request before they are needed. */
const MAX_AHEAD = 6;

/** Pages to read before the first guess: many readings end after one or two. */
const PAGES_BEFORE = 2;

const keyOf = ({ page, limit }: PageRequest): string => `${page}/${limit}`;

/**
 * Requests the pages of a list before they are needed. Whoever reads the list decides what to
 * request, and checks each answer: a wrong guess costs requests and nothing else.
 */
export class ReadAhead {
	private readonly guesses = new Map<string, Promise<PageAnswer | undefined>>();
	/** How often pages were requested early that weren't needed next. */
	wrongGuesses = 0;
	/** Pages since the last wrong guess. */
	private streak = 0;
	private size = 0;
	private total = 0;

	/**
	 * @param mayGuess whether to read ahead now
	 * @param requestEarly for pages that aren't needed yet. Without an answer, a page is requested
	 * again once it's needed
	 */
	constructor(
		private readonly request: (page: PageRequest) => Promise<PageAnswer>,
		private readonly mayGuess: () => boolean,
		private readonly requestEarly: (page: PageRequest) => Promise<PageAnswer | undefined> = request,
	) {}

	async read(wanted: PageRequest): Promise<PageAnswer> {
		const guessed = this.guesses.get(keyOf(wanted));
		this.guesses.delete(keyOf(wanted));
		if (!guessed && this.guesses.size > 0) {
			await this.end();
			this.streak = 0;
			this.wrongGuesses++;
		}
		const requested = guessed ?? this.request(wanted);
		this.guess(wanted);
		const answer = (await requested) ?? (await this.request(wanted));
		this.size = Math.max(this.size, answer.activity.length);
		this.total = answer.totalCount ?? 0;
		this.streak++;
		return answer;
	}

	/** Starts slowly, and stops where the reading or the list probably ends. */
	private guess(wanted: PageRequest): void {
		if (this.streak < PAGES_BEFORE || !this.mayGuess()) return;
		let left = Math.min(2 ** (this.streak - PAGES_BEFORE), MAX_AHEAD);
		const end = Math.min(this.total, wanted.until ?? Infinity);
		for (const request of requestsAfter(wanted, this.size, end)) {
			if (left-- === 0) return;
			if (this.guesses.has(keyOf(request))) continue;
			const answer = this.requestEarly(request);
			// An error is only reported if the page is needed.
			answer.catch(() => {});
			this.guesses.set(keyOf(request), answer);
		}
	}

	/** Waits until nothing is requested any more. */
	async end(): Promise<void> {
		await Promise.allSettled(this.guesses.values());
		this.guesses.clear();
	}
}
