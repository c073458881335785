import pLimit, { type LimitFunction } from 'p-limit';

import { rethrow } from '../../domain/rethrow';
import type { Client } from '../client';
import { CallError } from '../errors';
import { sleepUntilCancelled, waitAfter } from '../repeat';
import { keyOfConnection, runMemory } from '../runMemory';

/** Requests of a run at the same time, and items that are read side by side. */
export const CONCURRENCY = 6;

/** What all readings of a run share that use the same credential. */
interface Turns {
	atOnce: LimitFunction;
	inTurn: LimitFunction;
	/** Whether the service has limited the rate. */
	isLimited: boolean;
}

const turnsOf = runMemory<Turns>();

function sharedTurns({ run = {}, connection }: Client): Turns {
	const turns = turnsOf(run);
	const credential = keyOfConnection(connection);
	const shared = turns.get(credential) ?? {
		atOnce: pLimit(CONCURRENCY),
		inTurn: pLimit(1),
		isLimited: false,
	};
	turns.set(credential, shared);
	return shared;
}

/** How the requests of a run share the service. */
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
		pace: undefined,
		cancelled,
		retry: { ...client.retry, ...retry },
	});
	const turns = sharedTurns(client);
	const { atOnce, inTurn } = turns;

	return {
		isLimited: () => turns.isLimited,
		stop: () => stopped.abort(),
		run: async (work) =>
			await atOnce(async () => {
				if (stopped.signal.aborted) return await Promise.reject(new Error('The reading has ended'));
				let until = 0;
				let left = attempts;
				if (!turns.isLimited) {
					const startedAt = Date.now();
					try {
						return await work(clientWith({ attempts: 1 }));
					} catch (error) {
						const wait = waitAfter(error, clientWith({}), 1, startedAt);
						if (wait === undefined) rethrow(error);
						turns.isLimited ||=
							error instanceof CallError && error.failure?.cause === 'rate-limited';
						until = Date.now() + wait;
						// Beside others, it may have failed because of them.
						if (atOnce.activeCount === 1) left--;
					}
				}
				return await inTurn(async () => {
					await sleepUntilCancelled(until - Date.now(), cancelled);
					return await work(clientWith({ attempts: left }));
				});
			}),
	};
}
