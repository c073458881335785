import type { AuthOutcome } from './keyring.mts';

/** One request as the emulator got it. No key's text stands in it. */
export interface Call {
	readonly method: string;
	/** With the mount and the query. */
	readonly path: string;
	readonly query: Readonly<Record<string, string | string[]>>;
	/** Without `authorization`. */
	readonly headers: Readonly<Record<string, string>>;
	/** By the emulator's clock, in milliseconds. */
	readonly at: number;
	/** Such as `GET /agents/{address}`; null where there is no such route. */
	route: string | null;
	mount: string | null;
	/** Path parameters by name. */
	params: Readonly<Record<string, string>>;
	/** Parsed; the text where it is not JSON; undefined where there was none. */
	body: unknown;
	auth: AuthOutcome;
	/** Of a key that the emulator made, revoked or not. */
	keyLabel: string | null;
	/** Null while there is no answer, and where there never will be one. */
	status: number | null;
	outcome: 'pending' | 'answered' | 'reset' | 'hanging';
}
