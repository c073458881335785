/** A failed attempt, as the decision to retry needs it. */
export interface Attempt {
	/** 1 for the first attempt. */
	number: number;
	/** Whether the same request can be sent again without doing anything twice. */
	repeatable: boolean;
	/** ms since the first attempt began. */
	elapsedMs: number;
	/** The wait that the service asks for, in ms. */
	retryAfterMs?: number;
}

export interface RetryPolicy {
	/** All attempts, including the first. */
	attempts: number;
	/** For all attempts and waits together, in ms. */
	budgetMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 4, budgetMs: 60_000 };

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 8_000;

/**
 * ms to wait before the next attempt, or undefined to give up. The wait that the service asks for
 * is never shortened: if it doesn't fit into the budget, there is no other attempt.
 * @param random in [0, 1): spreads clients that were rejected at the same time
 */
export function nextWait(
	{ number, repeatable, elapsedMs, retryAfterMs }: Attempt,
	{ attempts, budgetMs }: RetryPolicy,
	random: number,
): number | undefined {
	if (!repeatable || number >= attempts) return undefined;
	const backoff = Math.min(FIRST_WAIT_MS * 2 ** (number - 1), MAX_WAIT_MS);
	const wait = retryAfterMs ?? backoff * (0.5 + random / 2);
	return elapsedMs + wait <= budgetMs ? Math.ceil(wait) : undefined;
}

/**
 * The longest wait that is accepted, in ms. Rate limits usually reset within a day, and n8n's
 * scheduler pauses a trigger for as long as it is asked to.
 */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** The longest HTTP date has 33 characters. */
const READ_CHARACTERS = 64;

/**
 * Reads a `Retry-After` header: seconds, or an HTTP date (RFC 9110, 10.2.3).
 * @returns ms from `now`, from 0 to a day; undefined if the header is neither
 */
export function parseRetryAfter(header: unknown, now: number): number | undefined {
	if (typeof header !== 'string' && typeof header !== 'number') return undefined;
	const text = String(header).trim().slice(0, READ_CHARACTERS);
	if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
	// Every HTTP date begins with a weekday. Without this check, JavaScript reads "1.5" and "-5" as
	// dates.
	const date = /^[a-z]/i.test(text) ? Date.parse(text) : NaN;
	return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), MAX_RETRY_AFTER_MS);
}
