import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats the question until the answer isn't undefined. */
export async function waitFor<T>(
	what: string,
	ask: () => T | undefined | Promise<T | undefined>,
	timeoutMs = 60_000,
): Promise<T> {
	const until = Date.now() + timeoutMs;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined) return answer;
		if (Date.now() > until)
			throw new Error(`Waited ${timeoutMs / 1000} s for ${what}, without success.`);
		await sleep(250);
	}
}
