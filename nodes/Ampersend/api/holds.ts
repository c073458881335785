import type { Client } from './client';
import type { Call } from './errors';
import { CallError, errorForHold, withFields } from './errors';
import { keyOfConnection } from './runMemory';

/*
 * A service that limits the rate says how long to wait. Then all calls with the key to the same
 * path wait, in every workflow of this n8n process: a hundred triggers would otherwise send
 * hundreds of requests a minute that can't succeed. If it limits a second path meanwhile, all reads
 * with the key wait, or all writes. One agent that is always limited holds back no other one.
 */

/** A longer wait may be about one kind of request. In ms. */
const MAX_HOLD_MS = 60_000;

/** A timer may end this much too early, in ms. */
const TIMER_MS = 2;

/** Where so many paths are limited, the key is. */
const MIN_PATHS_OF_KEY = 2;

/** When the next call can be sent, epoch ms, by path; of the reads or the writes of a key. */
type Holds = Map<string, number>;

const holds = new Map<string, Holds>();

/** Of a node; a login or a credential test is always sent. */
const isOfNode = ({ run }: Client) => run !== undefined;

function keyOf({ connection, route }: Call): string {
	const { agent, baseUrl } = connection;
	// The token of a session changes.
	const owner = agent === undefined ? keyOfConnection(connection) : `${baseUrl} ${agent}`;
	return `${route.method === 'GET' ? 'reads' : 'writes'} ${owner}`;
}

/** Those that haven't ended, of the call's key. */
function holdsOf(call: Call): Holds {
	const now = Date.now();
	for (const [key, paths] of holds) {
		for (const [path, until] of paths) {
			// n8n's clock may have been set back.
			if (until <= now + TIMER_MS || until > now + MAX_HOLD_MS) paths.delete(path);
		}
		if (paths.size === 0) holds.delete(key);
	}
	return (holds.size > 0 ? holds.get(keyOf(call)) : undefined) ?? new Map<string, number>();
}

function leftMs(paths: Holds, { path }: Call): number {
	const until = paths.size < MIN_PATHS_OF_KEY ? paths.get(path) : Math.max(...paths.values());
	return until === undefined ? 0 : until - Date.now();
}

/** @throws CallError if the service has asked such calls to wait: nothing is sent */
export function rejectHeld(client: Client, call: Call): void {
	const retryAfterMs = isOfNode(client) ? leftMs(holdsOf(call), call) : 0;
	if (retryAfterMs > 0) throw errorForHold(call, retryAfterMs);
}

/** Has other calls wait, too, if the service asks a call to. @returns the error of the call */
export function holdAfter(client: Client, call: Call, error: unknown): unknown {
	if (!(error instanceof CallError) || error.isHeld || !isOfNode(client)) return error;
	const { failure } = error;
	if (failure?.cause !== 'rate-limited' || !failure.retryAfterMs) return error;
	const paths = holdsOf(call);
	const isFirst = paths.size === 0;
	const wait = Math.max(leftMs(paths, call), Math.min(failure.retryAfterMs, MAX_HOLD_MS));
	holds.set(keyOf(call), paths.set(call.path, Date.now() + wait));
	return isFirst ? error : withFields(error, { isHeld: true });
}
