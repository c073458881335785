import { hexToBytes } from '@noble/hashes/utils.js';

import type { Address } from './address';
import { isAddress } from './address';
import { ParameterError } from './parameter';
import { isLikePrivateKey } from './secret';
import { pasted } from './text';

/** The private key of an agent key. It signs logins, and is never sent. */
export type PrivateKey = Uint8Array;

const DIGITS = 64;

const API_KEY = /^sk_(?:live|test)_/i;

/** Every private key is a number below the order of the curve secp256k1 (SEC 2). */
const ORDER = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;

/** Between an agent's private key and its address, in the SDK's combined secret. */
const SEPARATOR = ':::';

/** What the Agent Key field can hold. */
export interface AgentSecret {
	privateKey: PrivateKey;
	/** Of the agent, if the secret names it. */
	agent?: Address;
}

/** Longer text than a private key and an address ever are. */
const MAX_SECRET_CHARACTERS = 1_024;

function readPrivateKey(parameter: string, text: string): PrivateKey {
	const digits = isLikePrivateKey(text) ? text.slice(-DIGITS) : undefined;
	const number = BigInt(`0x${digits ?? 0}`);
	if (digits !== undefined && number > 0n && number < ORDER) return hexToBytes(digits);
	if (API_KEY.test(text)) {
		throw new ParameterError(
			parameter,
			'is an API key, not a private key.',
			"Paste the private key of one of the agent's keys, " +
				'or put the API key into an Ampersend API credential.',
		);
	}
	throw new ParameterError(
		parameter,
		isAddress(text) ? 'is an address, not a private key.' : 'is not a private key.',
		"Paste the private key of one of the agent's keys: 0x followed by 64 hexadecimal digits.",
	);
}

/**
 * Reads the private key of an agent key, or the SDK's combined secret `agentKey:::agentAccount`
 * (SDK, agent-client.ts).
 * @throws ParameterError that never shows the text
 */
export function readAgentSecret(parameter: string, value: unknown): AgentSecret {
	const text = pasted(value);
	if (text === '' || text.length > MAX_SECRET_CHARACTERS) {
		throw new ParameterError(
			parameter,
			text === '' ? 'is empty.' : `is too long (${text.length} characters).`,
			"Paste the private key of one of the agent's keys.",
		);
	}
	const [key = '', agent, ...rest] = text.split(SEPARATOR).map(pasted);
	const privateKey = readPrivateKey(parameter, key);
	if (agent === undefined) return { privateKey };
	if (rest.length === 0 && isAddress(agent)) return { privateKey, agent };
	throw new ParameterError(
		parameter,
		`has no address after "${SEPARATOR}".`,
		'Paste the whole secret again, or only the private key.',
	);
}
