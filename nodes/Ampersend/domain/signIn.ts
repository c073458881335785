import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

import type { Address } from './address';
import { checksummed } from './address';
import type { PrivateKey } from './agentSecret';

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
