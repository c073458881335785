import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

import type { PrivateKey } from '../agentSecret';
import { signHash } from '../signature';
import type { Chain } from './chains';
import type { Authorization } from './shapes';

/** What checks signatures of an agent's account (ERC-1271; SDK, smart-account/constants.ts). */
const OWNABLE_VALIDATOR = '000000000013fdb5234e4e3162a810f54d9f7e98';
const CO_SIGNER_VALIDATOR = '375992f0eff108d87eacd355b610be2263b49bf8';

/**
 * Of `TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256
 * validBefore,bytes32 nonce)` (EIP-3009).
 */
const TYPE_HASH = '7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267';

/** A number as a word of 32 bytes, in hex. @param value decimal, or hex with `0x` */
const word = (value: string): string => BigInt(value).toString(16).padStart(64, '0');

const hash = (hex: string): Uint8Array => keccak_256(hexToBytes(hex));

/** What is signed (EIP-712). */
export function hashOfTransfer({ domain }: Chain, transfer: Authorization): Uint8Array {
	const { from, to, value, validAfter, validBefore, nonce } = transfer;
	const words = [from, to, value, validAfter, validBefore, nonce].map(word);
	return hash(`1901${domain.separator}${bytesToHex(hash(TYPE_HASH + words.join('')))}`);
}

/** A signature in the ABI's encoding of bytes: its length, and itself, filled up with zeros. */
const encoded = (signature: string): string => word('65') + signature.padEnd(192, '0');

/**
 * Signs a transfer, whose every field the caller has checked: whoever has the signature can have it
 * carried out, once, until its validBefore.
 * @param coSignature the service's 65 bytes in hex, with `0x`, if the agent key needs one
 * @returns what the agent's account accepts, in hex, with `0x`
 */
export function signTransfer(
	chain: Chain,
	transfer: Authorization,
	privateKey: PrivateKey,
	coSignature: string | undefined,
): string {
	const signature = signHash(hashOfTransfer(chain, transfer), privateKey);
	if (coSignature === undefined) return `0x${OWNABLE_VALIDATOR}${signature}`;
	const both = encoded(signature) + encoded(coSignature.slice(2).toLowerCase());
	return `0x${CO_SIGNER_VALIDATOR}${word('64')}${word('192')}${both}`;
}
