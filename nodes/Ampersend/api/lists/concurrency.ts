import pLimit, { type LimitFunction } from 'p-limit';
import { rethrow } from '../../domain/rethrow';

/**
 * Does the same for several things, a few at a time. After one throws, no other starts, and once
 * the running ones have ended, the error of the first of them in order is thrown: nothing continues
 * in the background of a failed execution.
 */
export async function aFewAtOnce<Thing, Result>(
	things: Thing[],
	concurrency: number | LimitFunction,
	work: (thing: Thing) => Promise<Result>,
): Promise<Result[]> {
	const atOnce = typeof concurrency === 'number' ? pLimit(concurrency) : concurrency;
	const results: Result[] = [];
	const errors: Array<{ error: unknown }> = [];
	await Promise.all(
		things.map((thing, index) =>
			atOnce(async () => {
				if (errors.length > 0) return;
				try {
					results[index] = await work(thing);
				} catch (error) {
					errors[index] = { error };
				}
			}),
		),
	);
	const first = errors.find((error) => error !== undefined);
	return first ? rethrow(first.error) : results;
}
