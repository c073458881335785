import { randomBytes, randomUUID } from 'node:crypto';
import { addressId } from './addresses.mts';
import { Problem, unauthorized } from './problems.mts';

/** How much the clocks of agent and service may differ. */
const MAX_SKEW_MS = 60_000;

const HOUR_MS = 60 * 60_000;

/** Loaded when it's needed: most tests don't log in, and it's 200 files. */
async function viem() {
	const [siwe, utils] = await Promise.all([import('viem/siwe'), import('viem/utils')]);
	return { ...siwe, ...utils };
}

/** How far local time can be from UTC. */
const MAX_OFFSET_MS = 14 * HOUR_MS;

/**
 * How far the time at which a message says it was issued is from now. The SDK's Python client sends
 * its local time without a zone, so nobody can tell it from a time in another zone.
 */
function skewOf(message: string, now: number): number {
	const text = /^Issued At: (\S+)$/m.exec(message)?.[1] ?? '';
	const isLocal = /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text);
	const skew = Math.abs(Date.parse(isLocal ? `${text}Z` : text) - now);
	return isLocal ? Math.max(0, skew - MAX_OFFSET_MS) : skew;
}

export interface LogIn {
	message: string;
	signature: string;
	sessionId: string;
	agentAddress: string;
}

interface Session {
	/** Its address. */
	agent: string;
	/** Of the key that logged in. */
	key: string;
	expiresAt: number;
}

/** Logins of agents, and the sessions that follow. */
export class Sessions {
	readonly #nonces = new Map<string, string>();
	readonly #sessions = new Map<string, Session>();
	/** How long a session lasts from its login. */
	lifetimeMs = HOUR_MS;
	/** What an ended session gets. */
	endedStatus = 401;

	/** @param publicOrigin of the real service, where a proxy may make clients think they are */
	constructor(
		private readonly clock: () => number,
		private readonly publicOrigin: string,
	) {}

	requestNonce(): { nonce: string; sessionId: string } {
		const [nonce, sessionId] = [randomBytes(16).toString('hex'), randomUUID()];
		this.#nonces.set(sessionId, nonce);
		return { nonce, sessionId };
	}

	/**
	 * @param host of the service, with the port
	 * @param keysOf the addresses of an agent's keys; undefined if there is no such agent
	 * @throws Problem 401 that says what is wrong
	 */
	async logIn(
		{ message, signature, sessionId, agentAddress }: LogIn,
		host: string,
		keysOf: (agent: string) => string[] | undefined,
	): Promise<{ token: string; agentAddress: string; expiresAt: string }> {
		const nonce = this.#nonces.get(sessionId);
		// A nonce is good for one attempt.
		this.#nonces.delete(sessionId);
		if (nonce === undefined) throw unauthorized('Unknown or used session id');
		const { parseSiweMessage, recoverMessageAddress } = await viem();
		const said = parseSiweMessage(message);
		const isPublic = said.domain === new URL(this.publicOrigin).host;
		const origin = isPublic ? this.publicOrigin : `http://${host}`;
		const domain = new URL(origin).host;
		const wanted = { domain, uri: origin, version: '1', chainId: 1, nonce };
		for (const [name, value] of Object.entries(wanted)) {
			if (said[name as keyof typeof wanted] !== value) throw unauthorized(`Wrong ${name}`);
		}
		if (said.statement !== 'Sign in to API') throw unauthorized('Wrong statement');
		if (!(skewOf(message, this.clock()) <= MAX_SKEW_MS))
			throw unauthorized('The message is too old or from the future');
		const signer = await recoverMessageAddress({ message, signature: signature as `0x${string}` });
		if (signer !== said.address) throw unauthorized('The signature is not by this address');
		const keys = keysOf(agentAddress)?.map(addressId) ?? [];
		if (!keys.includes(addressId(signer))) throw unauthorized('This key is not a key of the agent');
		const token = randomBytes(32).toString('base64url');
		const expiresAt = this.clock() + this.lifetimeMs;
		this.#sessions.set(token, { agent: agentAddress, key: signer, expiresAt });
		return { token, agentAddress, expiresAt: new Date(expiresAt).toISOString() };
	}

	tokens(): string[] {
		return [...this.#sessions.keys()];
	}

	/** Ends every session now. */
	expire(): void {
		for (const session of this.#sessions.values()) session.expiresAt = this.clock();
	}

	/**
	 * @returns the address of the agent
	 * @throws Problem 401 that says what is wrong
	 */
	agentOf(authorization: string | undefined): string {
		const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
		if (token === undefined) throw unauthorized('Missing session token');
		const session = this.#sessions.get(token);
		if (!session) throw unauthorized('Unknown session');
		if (session.expiresAt <= this.clock()) {
			throw new Problem(this.endedStatus, { message: 'The session has expired' });
		}
		return session.agent;
	}
}
