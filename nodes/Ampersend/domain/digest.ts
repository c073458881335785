import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** The same for the same text only. The text can't be read from it. */
export function digestOf(text: string): string {
	return bytesToHex(sha256(utf8ToBytes(text)));
}
