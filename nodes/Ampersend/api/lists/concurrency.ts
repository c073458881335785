import pLimit, { type LimitFunction } from 'p-limit';
import { rethrow } from '../../domain/rethrow';

/**
 * Does the same for several things, a few at a time. After one throws, no other starts, and once
 * the running ones have ended, the error of the first of them in order is thrown: nothing continues
 * in the background of a failed execution.
 * @param work can change how many run at once, and see how many are left
 */
export async function aFewAtOnce<Thing, Result>(
	things: Thing[],
	concurrency: number,
	work: (thing: Thing, atOnce: LimitFunction) => Promise<Result>,
): Promise<Result[]> {
	const atOnce = pLimit(concurrency);
	const results: Result[] = [];
	const errors: Array<{ error: unknown }> = [];
	await Promise.all(
		things.map((thing, index) =>
			atOnce(async () => {
				if (errors.length > 0) return;
				try {
					results[index] = await work(thing, atOnce);
				} catch (error) {
					errors[index] = { error };
				}
			}),
		),
	);
	const first = errors.find((error) => error !== undefined);
	return first ? rethrow(first.error) : results;
}
