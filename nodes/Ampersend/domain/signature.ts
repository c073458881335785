import { createHmac } from 'node:crypto';

import { bytesToHex } from '@noble/hashes/utils.js';
import { hashes, sign } from '@noble/secp256k1';

import type { PrivateKey } from './agentSecret';

/** Makes what a signature would draw at random from the key and the text (RFC 6979). */
hashes.hmacSha256 = (key, message) => createHmac('sha256', key).update(message).digest();

/** Added to the bit that tells which of two public keys signed. */
const RECOVERY_OFFSET = 27;

/**
 * Signs a hash. Only those call it who have made the hash of something that they checked.
 * @returns 65 bytes in hex, without `0x`: r, s, v
 */
export function signHash(hash: Uint8Array, privateKey: PrivateKey): string {
	const signature = sign(hash, privateKey, { prehash: false, format: 'recovered' });
	const [recovery = 0] = signature;
	return bytesToHex(signature.subarray(1)) + (RECOVERY_OFFSET + recovery).toString(16);
}
