import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

import type { Address } from './address';
import { checksummed, isAddress } from './address';
import { ParameterError } from './parameter';

/** The private key of an agent key. It never leaves this file's functions. */
export type PrivateKey = Uint8Array;

const KEY = /^(?:0x)?([0-9a-fA-F]{64})$/;

/** Between an agent's private key and its address, in the SDK's combined secret. */
const SEPARATOR = ':::';

/** What the Agent Key field can hold. */
export interface AgentSecret {
	privateKey: PrivateKey;
	/** Of the agent, if the secret names it. */
	agent?: Address;
}

/** Longer text than a private key and an address ever are. */
const MOST_SECRET_CHARACTERS = 1_024;

function readPrivateKey(parameter: string, text: string): PrivateKey {
	const digits = KEY.exec(text)?.[1];
	const privateKey = digits === undefined ? undefined : hexToBytes(digits);
	if (privateKey && secp256k1.utils.isValidSecretKey(privateKey)) return privateKey;
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
	const text = typeof value === 'string' ? value.trim() : '';
	if (text === '' || text.length > MOST_SECRET_CHARACTERS) {
		throw new ParameterError(
			parameter,
			text === '' ? 'is empty.' : `is too long (${text.length} characters).`,
			"Paste the private key of one of the agent's keys.",
		);
	}
	const [key = '', agent, ...rest] = text.split(SEPARATOR).map((part) => part.trim());
	const privateKey = readPrivateKey(parameter, key);
	if (agent === undefined) return { privateKey };
	if (rest.length === 0 && isAddress(agent)) return { privateKey, agent };
	throw new ParameterError(
		parameter,
		`has no address after "${SEPARATOR}".`,
		'Paste the whole secret again, or only the private key.',
	);
}

/** The address of a private key, with its checksum (EIP-55). */
export function addressOf(privateKey: PrivateKey): Address {
	const publicKey = secp256k1.getPublicKey(privateKey, false);
	const hash = keccak_256(publicKey.subarray(1));
	return checksummed(`0x${bytesToHex(hash.subarray(-20))}`);
}

export interface SignIn {
	/** Scheme, host and port of the service. */
	origin: string;
	/** Of the key that signs. */
	address: Address;
	nonce: string;
	/** Epoch ms. */
	issuedAt: number;
}

const STATEMENT = 'Sign in to API';

/** The text that an agent key signs to log in (EIP-4361; its values: SDK, agent-client.ts). */
export function signInText({ origin, address, nonce, issuedAt }: SignIn): string {
	return [
		`${new URL(origin).host} wants you to sign in with your Ethereum account:`,
		address,
		'',
		STATEMENT,
		'',
		`URI: ${origin}`,
		'Version: 1',
		'Chain ID: 1',
		`Nonce: ${nonce}`,
		`Issued At: ${new Date(issuedAt).toISOString()}`,
	].join('\n');
}

/** What is signed of a text, so that a signature can't be that of a transaction (EIP-191). */
function hashOfMessage(text: string): Uint8Array {
	const bytes = utf8ToBytes(text);
	const prefix = utf8ToBytes(`\u0019Ethereum Signed Message:\n${bytes.length}`);
	return keccak_256(concatBytes(prefix, bytes));
}

/** Added to the bit that tells which of two public keys signed. */
const RECOVERY_OFFSET = 27;

/** Signs a text as wallets do (EIP-191, `personal_sign`). @returns `0x` and 65 bytes: r, s, v */
export function signText(text: string, privateKey: PrivateKey): string {
	const signature = secp256k1.sign(hashOfMessage(text), privateKey, {
		prehash: false,
		format: 'recovered',
	});
	const [recovery = 0] = signature;
	const v = Uint8Array.of(RECOVERY_OFFSET + recovery);
	return `0x${bytesToHex(concatBytes(signature.subarray(1), v))}`;
}
