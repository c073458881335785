import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';

import type { Address } from './address';
import { checksummed } from './address';
import type { PrivateKey } from './agentSecret';
import { isNonce } from './session';
import { signHash } from './signature';
import { parseUrl } from './webAddress';

function deriveAddress(privateKey: PrivateKey): Address {
	const publicKey = getPublicKey(privateKey, false);
	const hash = keccak_256(publicKey.subarray(1));
	return checksummed(`0x${bytesToHex(hash.subarray(-20))}`);
}

/** By the hash of the key, so that no key is kept. */
const derived = new Map<string, Address>();

const MAX_DERIVED = 100;

/**
 * The address of a private key, with its checksum (EIP-55). It takes milliseconds, and every
 * request of a session needs it, so it's derived once.
 */
export function addressOf(privateKey: PrivateKey): Address {
	const id = bytesToHex(keccak_256(privateKey));
	const address = derived.get(id) ?? deriveAddress(privateKey);
	if (derived.size >= MAX_DERIVED) derived.clear();
	derived.set(id, address);
	return address;
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

/** Scheme, host and port: visible ASCII, and nothing that ends a host. */
const ORIGIN = /^https?:\/\/[!"$-.0->A-[\]-~]{1,259}$/;

/** Longer than any text of a login. */
const MAX_CHARACTERS = 2_000;

/**
 * Whether a text is a login with this key, and nothing else: no other line, such as resources that
 * a signature would grant.
 */
function isOwnLogin(text: string, privateKey: PrivateKey): boolean {
	if (text.length > MAX_CHARACTERS) return false;
	const fields = new Map(text.split('\n').map((line) => [line.split(': ')[0], line]));
	const valueOf = (name: string) => fields.get(name)?.slice(`${name}: `.length) ?? '';
	const [origin, nonce] = [valueOf('URI'), valueOf('Nonce')];
	const issuedAt = Date.parse(valueOf('Issued At'));
	if (!ORIGIN.test(origin) || !parseUrl(origin)) return false;
	if (!isNonce(nonce) || Number.isNaN(issuedAt)) return false;
	return text === signInText({ origin, address: addressOf(privateKey), nonce, issuedAt });
}

/** What is signed of a text, so that a signature can't be that of a transaction (EIP-191). */
function hashOfMessage(text: string): Uint8Array {
	const bytes = utf8ToBytes(text);
	const prefix = utf8ToBytes(`\u0019Ethereum Signed Message:\n${bytes.length}`);
	return keccak_256(concatBytes(prefix, bytes));
}

/**
 * Signs the text of a login as wallets do (EIP-191, `personal_sign`). Any other text could be
 * something that the agent never agreed to.
 * @returns `0x` and 65 bytes: r, s, v
 * @throws Error for any other text
 */
export function signText(text: string, privateKey: PrivateKey): string {
	if (!isOwnLogin(text, privateKey)) {
		throw new Error('Only the text of a login is signed, and this is another text.');
	}
	return `0x${signHash(hashOfMessage(text), privateKey)}`;
}
