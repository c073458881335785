import * as z from 'zod/v4-mini';

import { digestOf } from './digest';

/** A session of an agent, as n8n stores it with the credential. */
export interface Session {
	token: string;
	/** From when it's no longer used, by n8n's clock, epoch ms. */
	endsAt: number;
	/** The fingerprint of what it was made for. */
	madeFor: string;
}

/** Servers commonly reject a longer header. */
const MAX_TOKEN_CHARACTERS = 8_192;

/** With room for what is stored beside the token. */
const MAX_STORED_CHARACTERS = MAX_TOKEN_CHARACTERS + 512;

/** Visible ASCII, as a header needs it, without what JSON escapes. */
const TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Whether text can be the nonce of a login (EIP-4361). No library makes a longer one. */
export function isNonce(text: string): boolean {
	return /^[A-Za-z0-9]{8,256}$/.test(text);
}

/** Whether text can be the token of a session. */
export function isSessionToken(text: string): boolean {
	return text.length <= MAX_TOKEN_CHARACTERS && TOKEN.test(text);
}

const storedSession = z.object({
	token: z.string().check(z.refine(isSessionToken)),
	endsAt: z.number(),
	madeFor: z.string(),
});

/**
 * Tells apart what sessions are made for. It contains no secret: both addresses are public.
 * @param keyAddress of the key that logs in
 */
export function fingerprintOf(baseUrl: string, agent: string, keyAddress: string): string {
	const parts = [baseUrl, agent.toLowerCase(), keyAddress.toLowerCase()];
	return digestOf(JSON.stringify(parts));
}

export function writeSession({ token, endsAt, madeFor }: Session): string {
	return JSON.stringify({ token, endsAt, madeFor });
}

/**
 * Reads what n8n stores.
 * @returns undefined if it isn't a session, such as the bare token that earlier releases stored
 */
export function readSession(stored: unknown): Session | undefined {
	if (typeof stored !== 'string' || stored.length > MAX_STORED_CHARACTERS) return undefined;
	try {
		return z.safeParse(storedSession, JSON.parse(stored)).data;
	} catch {
		return undefined;
	}
}

/** A session isn't used right up to its end, because a request takes time. */
const MARGIN_MS = 60_000;

/** The call that logged in uses its session in any case, however short the service says it is. */
const MIN_MS = 10_000;

/**
 * How long to use a session, in ms.
 * @param lifetimeMs by the service's clock
 */
export function timeToUse(lifetimeMs: number): number {
	return Math.max(lifetimeMs - MARGIN_MS, lifetimeMs / 2, MIN_MS);
}
