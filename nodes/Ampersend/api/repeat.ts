import { sleep } from 'n8n-workflow';

import { rethrow } from '../domain/rethrow';
import type { Client } from './client';
import { withoutRetry } from './client';
import { CallError } from './errors';
import { nextWait } from './retry';

/** Waits, or returns at once when the execution is cancelled: the next attempt reports it. */
export async function sleepUntilCancelled(
	ms: number,
	cancelled: AbortSignal | undefined,
): Promise<void> {
	if (ms <= 0) return;
	if (cancelled === undefined) return await sleep(ms);
	let stop = () => {};
	const cancellation = new Promise<void>((resolve) => {
		stop = resolve;
		if (cancelled.aborted) resolve();
		cancelled.addEventListener('abort', stop);
	});
	await Promise.race([sleep(ms), cancellation]);
	cancelled.removeEventListener('abort', stop);
}

/**
 * How long to wait before a failed request is sent again, in ms; undefined if it must not be.
 * @param number of the failed attempt, from 1
 * @param startedAt when the first attempt began, epoch ms
 */
export function waitAfter(
	error: unknown,
	client: Client,
	number: number,
	startedAt: number,
): number | undefined {
	if (!(error instanceof CallError)) return undefined;
	const { failure } = error;
	const attempt = {
		number,
		repeatable: error.repeatable && !client.cancelled?.aborted,
		elapsedMs: Date.now() - startedAt,
		retryAfterMs: failure && 'retryAfterMs' in failure ? failure.retryAfterMs : undefined,
	};
	const wait = nextWait(attempt, client.retry, Math.random());
	const { deadline = Infinity } = client;
	return wait === undefined || Date.now() + wait >= deadline ? undefined : wait;
}

/**
 * Does work that consists of several calls, and starts it again from the beginning if the call that
 * failed can be repeated: a read after a lost connection, 429 or 5xx, a write only after 429. So
 * each attempt writes only what it has read itself.
 * @param work gets a client that doesn't repeat by itself
 */
export async function repeat<Result>(
	client: Client,
	work: (once: Client) => Promise<Result>,
): Promise<Result> {
	const { pace } = client;
	if (pace) return await pace.run(async (paced) => await repeat(paced, work));
	const once = withoutRetry(client);
	const startedAt = Date.now();
	for (let number = 1; ; number++) {
		try {
			return await work(once);
		} catch (error) {
			const wait = waitAfter(error, client, number, startedAt);
			if (wait === undefined) rethrow(error);
			await sleepUntilCancelled(wait, client.cancelled);
		}
	}
}
