import type { Client } from './client';
import type { Call } from './errors';
import { CallError, errorForHold } from './errors';
import { keyOfConnection } from './runMemory';

/*
 * A service that limits the rate of a key says how long to wait. Then all calls with the key wait,
 * in every workflow of this n8n process: a hundred triggers would otherwise send hundreds of
 * requests a minute that can't succeed.
 */

/** A longer wait may be about one kind of request. In ms. */
const MAX_HOLD_MS = 60_000;

/** A timer may end this much too early, in ms. */
const TIMER_MS = 2;

/** By credential: when the next call can be sent, epoch ms. */
const holds = new Map<string, number>();

/** Of a node; a login or a credential test is always sent. */
const isOfNode = ({ run }: Client) => run !== undefined;

function leftMs({ connection }: Client): number {
	const now = Date.now() + TIMER_MS;
	for (const [key, until] of holds) if (until <= now) holds.delete(key);
	const until = holds.size > 0 ? holds.get(keyOfConnection(connection)) : undefined;
	return until === undefined ? 0 : until - Date.now();
}

/** @throws CallError if the service has asked the key to wait: nothing is sent */
export function rejectHeld(client: Client, call: Call): void {
	const retryAfterMs = isOfNode(client) ? leftMs(client) : 0;
	if (retryAfterMs > 0) throw errorForHold(call, retryAfterMs);
}

/** Has other calls wait, too, if the service asks a call to. @returns the error of the call */
export function holdAfter(client: Client, error: unknown): unknown {
	if (!(error instanceof CallError) || error.isHeld || !isOfNode(client)) return error;
	const { failure } = error;
	if (failure?.cause !== 'rate-limited' || !failure.retryAfterMs) return error;
	const { message, description, cause } = error;
	const isHeld = leftMs(client) > 0;
	const wait = Math.min(failure.retryAfterMs, MAX_HOLD_MS);
	holds.set(keyOfConnection(client.connection), Date.now() + wait);
	return isHeld ? new CallError({ ...error, message, description, cause, isHeld }) : error;
}
