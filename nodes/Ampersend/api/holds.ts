import type { Client } from './client';
import type { Call } from './errors';
import { CallError, errorForHold, withFields } from './errors';
import type { Route } from './routes';
import { keyOfConnection } from './runMemory';

/*
 * A service that limits the rate of a key says how long to wait. Then all reads with the key wait,
 * or all writes, in every workflow of this n8n process: a hundred triggers would otherwise send
 * hundreds of requests a minute that can't succeed.
 */

/** A longer wait may be about one kind of request. In ms. */
const MAX_HOLD_MS = 60_000;

/** A timer may end this much too early, in ms. */
const TIMER_MS = 2;

/** When the next call can be sent, epoch ms. */
const holds = new Map<string, number>();

/** Of a node; a login or a credential test is always sent. */
const isOfNode = ({ run }: Client) => run !== undefined;

function keyOf({ connection }: Client, { method }: Route): string {
	const { agent, baseUrl } = connection;
	// The token of a session changes.
	const owner = agent === undefined ? keyOfConnection(connection) : `${baseUrl} ${agent}`;
	return `${method === 'GET' ? 'reads' : 'writes'} ${owner}`;
}

function leftMs(client: Client, route: Route): number {
	const now = Date.now();
	for (const [key, until] of holds) {
		// n8n's clock may have been set back.
		if (until <= now + TIMER_MS || until > now + MAX_HOLD_MS) holds.delete(key);
	}
	const until = holds.size > 0 ? holds.get(keyOf(client, route)) : undefined;
	return until === undefined ? 0 : until - now;
}

/** @throws CallError if the service has asked the key to wait: nothing is sent */
export function rejectHeld(client: Client, call: Call): void {
	const retryAfterMs = isOfNode(client) ? leftMs(client, call.route) : 0;
	if (retryAfterMs > 0) throw errorForHold(call, retryAfterMs);
}

/** Has other calls wait, too, if the service asks a call to. @returns the error of the call */
export function holdAfter(client: Client, route: Route, error: unknown): unknown {
	if (!(error instanceof CallError) || error.isHeld || !isOfNode(client)) return error;
	const { failure } = error;
	if (failure?.cause !== 'rate-limited' || !failure.retryAfterMs) return error;
	const left = leftMs(client, route);
	const wait = Math.max(left, Math.min(failure.retryAfterMs, MAX_HOLD_MS));
	holds.set(keyOf(client, route), Date.now() + wait);
	return left > 0 ? withFields(error, { isHeld: true }) : error;
}
