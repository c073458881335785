import type { AuthOutcome } from './keyring.mts';

/** One request as the emulator received it. It never contains a key. */
export interface Call {
	readonly method: string;
	/** With the mount and the query. */
	readonly path: string;
	readonly query: Readonly<Record<string, string | string[]>>;
	/** Without `authorization`. */
	readonly headers: Readonly<Record<string, string>>;
	/** By the emulator's clock, in milliseconds. */
	readonly at: number;
	/** For example `GET /agents/{address}`; null if there is no such route. */
	route: string | null;
	mount: string | null;
	/** Path parameters by name. */
	params: Readonly<Record<string, string>>;
	/** Parsed; the text if it isn't JSON; undefined if there was none. */
	body: unknown;
	auth: AuthOutcome;
	/** Of a key that the emulator created, revoked or not. */
	keyLabel: string | null;
	/** Null until there is an answer. */
	status: number | null;
	outcome: 'pending' | 'answered' | 'reset' | 'hanging';
	/** Whether it asked for what follows the last row of a list. */
	isBehindEnd: boolean;
}
