import pLimit, { type LimitFunction } from 'p-limit';

import { rethrow } from '../../domain/rethrow';
import type { Client } from '../client';
import { CallError } from '../errors';
import { sleepUntilCancelled, waitAfter } from '../repeat';
import { runMemory } from '../runMemory';

/** Requests of the readings of a run at the same time. */
const CONCURRENCY = 6;

const limitsOf = runMemory<LimitFunction>();

/** The same for all items of a run, which can read side by side. */
function limitOf({ run = {} }: Client): LimitFunction {
	const limits = limitsOf(run);
	const limit = limits.get('') ?? pLimit(CONCURRENCY);
	limits.set('', limit);
	return limit;
}

/** How the requests of one reading share the service. */
export interface Pace {
	/**
	 * Does the work of one request, with the client's retries. Side by side with others, until the
	 * service limits the rate: then each waits for its turn, and a wait holds up all of them.
	 */
	run<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
	/** Whether the service has limited the rate. */
	isLimited(): boolean;
	/** Ends waits, and sends nothing more. */
	stop(): void;
}

export function startPace(client: Client): Pace {
	const stopped = new AbortController();
	const signals = [stopped.signal, client.cancelled].filter((signal) => signal !== undefined);
	const cancelled = AbortSignal.any(signals);
	const { attempts } = client.retry;
	const clientWith = (retry: Partial<Client['retry']>): Client => ({
		...client,
		cancelled,
		retry: { ...client.retry, ...retry },
	});
	const [atOnce, inTurn] = [limitOf(client), pLimit(1)];
	let isLimited = false;

	return {
		isLimited: () => isLimited,
		stop: () => stopped.abort(),
		run: async (work) =>
			await atOnce(async () => {
				if (stopped.signal.aborted) return await Promise.reject(new Error('The reading has ended'));
				let until = 0;
				if (!isLimited) {
					const startedAt = Date.now();
					try {
						return await work(clientWith({ attempts: 1 }));
					} catch (error) {
						const wait = waitAfter(error, clientWith({}), 1, startedAt);
						if (wait === undefined) rethrow(error);
						isLimited ||= error instanceof CallError && error.failure?.cause === 'rate-limited';
						until = Date.now() + wait;
					}
				}
				return await inTurn(async () => {
					await sleepUntilCancelled(until - Date.now(), cancelled);
					return await work(clientWith({ attempts: until > 0 ? attempts - 1 : attempts }));
				});
			}),
	};
}
