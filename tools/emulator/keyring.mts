import { randomBytes } from 'node:crypto';
import { deployments, type DeploymentName } from './deployments.mts';

export type AuthOutcome =
	| 'valid'
	| 'missing'
	| 'malformed'
	| 'unknown'
	| 'revoked'
	| 'other deployment';

export interface Credentials {
	outcome: AuthOutcome;
	/** Name of a key that this emulator created. The key itself is kept nowhere else. */
	keyLabel: string | null;
	owner: string | null;
}

interface MadeKey {
	label: string;
	owner: string;
	revoked: boolean;
}

const keyShaped = /sk_(?:live|test)_\w+/g;

export const holdsKey = (text: string): boolean => text.search(keyShaped) >= 0;

export const withoutKeys = (text: string): string => text.replace(keyShaped, '[key]');

export class Keyring {
	readonly #keys = new Map<string, MadeKey>();
	readonly #prefix: string;

	constructor(deployment: DeploymentName) {
		this.#prefix = deployments[deployment].keyPrefix;
	}

	create(owner: string, label = `key-${this.#keys.size + 1}`): string {
		const key = this.#prefix + randomBytes(24).toString('hex');
		this.#keys.set(key, { label, owner, revoked: false });
		return key;
	}

	revoke(key: string): void {
		const made = this.#keys.get(key);
		if (!made) throw new Error('revokeApiKey: this emulator made no such key');
		made.revoked = true;
	}

	check(authorization: string | undefined): Credentials {
		const reject = (outcome: AuthOutcome): Credentials => ({
			outcome,
			keyLabel: null,
			owner: null,
		});
		if (!authorization) return reject('missing');
		const key = /^Bearer ([^\s]+)$/i.exec(authorization)?.[1];
		if (!key) return reject('malformed');
		const made = this.#keys.get(key);
		if (made)
			return {
				outcome: made.revoked ? 'revoked' : 'valid',
				keyLabel: made.label,
				owner: made.owner,
			};
		const others = Object.values(deployments).map(({ keyPrefix }) => keyPrefix);
		if (key.startsWith(this.#prefix)) return reject('unknown');
		return reject(
			others.some((prefix) => key.startsWith(prefix)) ? 'other deployment' : 'malformed',
		);
	}
}
